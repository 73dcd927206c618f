"""What the pages ask of the house."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from catalogue.ports import Store

P = ParamSpec("P")
T = TypeVar("T")


class Reader(Protocol):
    """Where the pages read."""

    async def read(
        self, work: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``work`` whole in one read transaction, on a thread of its own."""
        ...


class Homes(Protocol):
    """The readers' own servers, elsewhere on the fediverse."""

    def is_account(self, account: str) -> bool:
        """Say whether this can be an account at all: ``@me@my.server`` or its page there."""
        ...

    async def find_way(self, account: str, uri: str) -> str | None:
        """Return where on its own server an account can follow ``uri``; None where nobody knows.

        Asks that server, within a few seconds. What comes back can be redirected to.
        """
        ...
