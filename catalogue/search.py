"""What can be asked of the catalogue, and the shape of the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from catalogue.errors import Invalid, Problem
from catalogue.model import Category, Kind, Listing, Mode, Status
from catalogue.policy import ANYONE, Viewer
from catalogue.words import words

MAX_LIMIT = 100
MAX_WORDS = 16  # of a query; the rest says no more about what is meant


class Facet(StrEnum):
    """The sides from which results can be narrowed."""

    KIND = "kind"
    CATEGORY = "category"
    CAPACITY = "capacity"
    METHOD = "method"
    LANGUAGE = "language"
    REGION = "region"
    MODE = "mode"
    NODE = "node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question to the catalogue. An empty facet does not narrow; values within one are either-or.

    ``cursor`` is what a page gave as ``next``; ``limit`` is 1 to 100. With ``text`` the best comes
    first, without it the newest.
    """

    text: str = ""
    kind: Kind | None = None
    category: Category | None = None
    capacities: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    mode: Mode | None = None
    node: str | None = None
    by: str | None = None
    status: Status | None = Status.OPEN
    limit: int = 20
    cursor: str | None = None
    viewer: Viewer = field(default=ANYONE)

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAX_LIMIT:
            raise Invalid([Problem(field="limit", message=f"must be between 1 and {MAX_LIMIT}")])

    @property
    def words(self) -> tuple[str, ...]:
        """The folded words that are looked for, each once."""
        return tuple(dict.fromkeys(words(self.text)))[:MAX_WORDS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One listing found; ``score`` is higher for a better hit, 0 where no words were asked."""

    listing: Listing
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of an answer; ``next`` is the cursor of the page after it, None on the last."""

    total: int
    hits: tuple[Hit, ...]
    next: str | None


Counts = Mapping[Facet, tuple[tuple[str, int], ...]]
"""For each facet its values with the number of hits, most first."""
