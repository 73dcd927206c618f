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
