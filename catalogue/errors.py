"""What the catalogue can refuse.

::

    CatalogueError
    ├── Invalid        fields of a draft do not hold; carries one Problem per field
    ├── NotFound       there is no such listing, affiliate or follow
    ├── Conflict       it is already so: the handle is taken, the listing is closed
    └── Unavailable    what is kept cannot be reached now; nothing was done, so try again later

``str(error)`` is safe to show to whoever asked; ``code`` is stable and names the message that a
page shows for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


class CatalogueError(Exception):
    """The root of the tree; never raised itself."""

    code: ClassVar[str] = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One field that does not hold, and what is wrong with it, in English."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class Invalid(CatalogueError):
    """A draft has fields that do not hold; nothing was stored."""

    code = "invalid"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class NotFound(CatalogueError):
    """There is no such thing here."""

    code = "not-found"


class Conflict(CatalogueError):
    """It is already so, or the thing's state does not allow the move."""

    code = "conflict"


class Unavailable(CatalogueError):
    """What is kept cannot be reached or changed now; nothing was done."""

    code = "unavailable"
