"""The closed list of what can happen here.

A change and its event are written in one transaction; the worker reads the events in order and
tells whoever must know. Pages and commands record events and never call federation.
"""

from dataclasses import dataclass
from datetime import datetime

from catalogue.model import Follow, Kind, Visibility


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingPublished:
    """A listing of this node is new."""

    listing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingEdited:
    """A listing of this node has other content, or was closed or reopened."""

    listing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingDeleted:
    """A listing of this node is gone; only this and its tombstone remember it.

    ``topics`` are the handles of the topics it fitted that somebody follows.
    """

    uri: str
    by: str
    kind: Kind
    visibility: Visibility
    deleted: datetime
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicsReached:
    """A listing, of this node or of another, is news to these topics, named by their handles."""

    listing: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorChanged:
    """An actor of this node says other things of itself."""

    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorMoved:
    """An affiliate has left this node: it lives at ``target`` now."""

    actor: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowRequested:
    """An actor of this node asks to follow another."""

    follow: Follow


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowAnswered:
    """An actor of this node accepted or rejected a follower: ``follow.state`` says which."""

    follow: Follow


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowWithdrawn:
    """An actor of this node no longer follows another."""

    follow: Follow


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerGiven:
    """An actor of this node answered somebody."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerEdited:
    """An answer has another text."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDeleted:
    """An answer was taken back; ``to`` is who had it."""

    uri: str
    by: str
    to: str
    is_public: bool
    deleted: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteAnswered:
    """Somebody asked to quote a listing; ``stamp`` is the id of the consent, None for a no."""

    request: str
    asker: str
    by: str
    listing: str
    quote: str
    stamp: str | None


Event = (
    ListingPublished
    | ListingEdited
    | ListingDeleted
    | ActorChanged
    | ActorMoved
    | TopicsReached
    | FollowRequested
    | FollowAnswered
    | FollowWithdrawn
    | AnswerGiven
    | AnswerEdited
    | AnswerDeleted
    | QuoteAnswered
)
