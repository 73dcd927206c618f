"""The nouns of the exchange: listings, actors, matches, follows.

Frozen values without behaviour of their own beyond plain facts. Times are aware UTC datetimes;
a ``*_uri`` is an ActivityPub id, an ``id`` is local to this node and sorts by time.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from catalogue.language import EMPTY, LanguageMap


class Kind(StrEnum):
    """Which way a listing points: something to share, or something looked for."""

    OFFER = "offer"
    NEED = "need"

    @property
    def opposite(self) -> "Kind":
        """What can meet it: an offer for a need, a need for an offer."""
        return Kind.NEED if self is Kind.OFFER else Kind.OFFER


class Category(StrEnum):
    """The four parts of the menu."""

    SKILL = "skill"
    SERVICE = "service"
    RESOURCE = "resource"
    FUNDING = "funding"


class Mode(StrEnum):
    """Where it happens."""

    ONLINE = "online"
    IN_PERSON = "in-person"
    HYBRID = "hybrid"


class Visibility(StrEnum):
    """Who a listing is for: everyone, the nodes of the exchange, followers, or this node alone."""

    PUBLIC = "public"
    NETWORK = "network"
    FOLLOWERS = "followers"
    NODE = "node"


class Status(StrEnum):
    """Whether a listing still stands. What is deleted is not a listing any more."""

    OPEN = "open"
    CLOSED = "closed"


class Role(StrEnum):
    """What an actor is to the exchange."""

    AFFILIATE = "affiliate"
    CATALOGUE = "catalogue"  # announces every public listing of one node
    INSTANCE = "instance"  # signs a node's fetches
    TOPIC = "topic"  # announces what fits a capacity or a region; never stored
    OTHER = "other"  # anyone else on the fediverse


class MemberRole(StrEnum):
    """What a person may do on this node; each may do what the one before it may."""

    MEMBER = "member"  # reads what is for this node's people
    STEWARD = "steward"  # looks after affiliates and their listings
    ADMIN = "admin"  # looks after the node


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingContent:
    """What its author says in a listing: everything but its identity and history.

    ``text`` is sanitised HTML by language. ``capacities``, ``methods`` and ``regions`` hold concept
    ids of the taxonomy, or the full IRI of a concept that only a peer knows. ``hours`` is the time
    offered or looked for, ``amount`` money in ``currency`` (ISO 4217).
    """

    kind: Kind
    category: Category
    title: LanguageMap
    text: LanguageMap
    capacities: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    delivery_languages: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    mode: Mode = Mode.ONLINE
    audience: LanguageMap = EMPTY
    hours: Decimal | None = None
    amount: Decimal | None = None
    currency: str | None = None
    until: datetime | None = None
    visibility: Visibility = Visibility.PUBLIC


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(ListingContent):
    """An offer or a need, of this node or of another.

    ``by`` is the URI of the affiliate that made it, ``node`` the authority (host and port) of the
    node where it lives, ``url`` the page that its home shows to people. ``same_as`` holds the URIs
    of listings whose place it takes: its author brought them along from another node.
    """

    id: str
    uri: str
    url: str
    by: str
    node: str
    status: Status = Status.OPEN
    published: datetime
    updated: datetime
    same_as: tuple[str, ...] = ()

    @property
    def content(self) -> ListingContent:
        """The part that its author wrote."""
        return ListingContent(**content_fields(self))

    def is_open(self, now: datetime) -> bool:
        """Say whether it stands: not closed, and its last day has not passed."""
        return self.status is Status.OPEN and (self.until is None or self.until > now)


def content_fields(content: ListingContent) -> dict[str, Any]:
    """Return the author's fields of a draft or a listing, by name, for building another."""
    return {field.name: getattr(content, field.name) for field in fields(ListingContent)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """An affiliate or any other party that has an address: of this node or of another.

    ``kind`` is a concept of the affiliation scheme and not a closed list, because affiliation
    models change. ``acct`` is its handle as ``name@host``. ``also_known_as`` holds the URIs that it
    says are its own as well, ``moved_to`` the one it says it lives at now: two claims, and only
    :func:`catalogue.moving.has_moved` says whether they agree.
    """

    id: str
    uri: str
    url: str
    role: Role
    handle: str
    acct: str
    name: str
    node: str
    kind: str = ""
    summary: LanguageMap = EMPTY
    regions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    also_known_as: tuple[str, ...] = ()
    moved_to: str | None = None
    published: datetime
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One term of a score: how strongly it holds (0 to 1), its weight, and why.

    ``why`` names a message of the interface, ``about`` its parameters as concept ids, language tags
    or numbers, so that each reader gets the reason in their own language.
    """

    term: str
    value: float
    weight: float
    why: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A need and an offer that could meet it; ``score`` is 0 to 1, the weighted mean of reasons."""

    need: str
    offer: str
    score: float
    reasons: tuple[Reason, ...]


class FollowState(StrEnum):
    """Where a follow stands."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """One actor follows another; ``uri`` is the id of the Follow activity that asked for it."""

    uri: str
    follower: str
    followed: str
    state: FollowState
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another node as seen from this one.

    ``following`` is how our follow of its catalogue stands, None where we never asked;
    ``follows_us`` says whether it follows ours. ``open_listings`` counts what is public of it here,
    ``heard`` is when something of it last arrived, ``trouble`` why deliveries to it fail now.
    """

    node: str
    name: str
    catalogue: str
    following: FollowState | None
    follows_us: bool
    open_listings: int
    heard: datetime | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person who signs in on this node; no actor, so the fediverse never sees them.

    ``name`` is what they sign in with. Whoever ``is_disabled`` is as good as not there.
    """

    id: str
    name: str
    display_name: str
    role: MemberRole
    is_disabled: bool = False
    created: datetime
