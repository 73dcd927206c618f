"""A timeline: listings by when they were published, each at a place that does not move.

A place is a number that grows with the time of publishing, so that newer is larger; what comes in
late takes the place that its own time gives it. What was deleted leaves its place empty, and the
place still says where to read on.
"""

from dataclasses import dataclass
from datetime import datetime

from catalogue.errors import Invalid, Problem
from catalogue.model import Listing

MAX_SLICE = 40  # listings read at once
LAST_PLACE = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which part of a timeline: what lies before one place and behind another, both left out.

    Where there is more than ``limit`` it is the newest of it; with ``is_nearest`` what comes next
    after ``after``. ``not_of`` leaves out the listings of one node.
    """

    limit: int = 20
    before: int | None = None
    after: int | None = None
    is_nearest: bool = False
    not_of: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAX_SLICE:
            raise Invalid([Problem(field="limit", message=f"must be between 1 and {MAX_SLICE}")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A listing and its place."""

    place: int
    listing: Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How much there is of an actor: open public listings, the newest of them, followers."""

    listings: int = 0
    newest: datetime | None = None
    followers: int = 0


NOTHING = Figures()
