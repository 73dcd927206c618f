"""What federation itself keeps: where parties are reached, keys, the inbox, deliveries, hosts."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from catalogue.addresses import Path
from federation.vocabulary import AFFILIATE_TYPES

# Letters about a relation between two actors: what is said later must not arrive first.
_RELATING = tuple(
    Path.ACTIVITY.format(verb=verb, id="") for verb in ("follow", "undo", "accept", "reject")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """How an actor is reached (ActivityPub 4.1), as read from its own document.

    ``proposals`` is the collection of its open listings. An actor that has one is an affiliate of a
    node of the exchange, or else the node's catalogue.
    """

    uri: str
    type: str
    inbox: str
    shared_inbox: str | None = None
    outbox: str | None = None
    followers: str | None = None
    proposals: str | None = None
    fetched: datetime

    @property
    def best_inbox(self) -> str:
        """Where to deliver what its whole server may know (ActivityPub 7.1.3)."""
        return self.shared_inbox or self.inbox

    @property
    def is_exchange(self) -> bool:
        """Say whether it speaks for a node of the exchange."""
        return self.proposals is not None and self.type not in AFFILIATE_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKey:
    """A private key of an actor of this node, as PEM. ``algorithm`` is ``rsa`` or ``ed25519``.

    One that is ``retired`` signs no more; for a while it is still published.
    """

    uri: str
    owner: str
    algorithm: str
    pem: str
    created: datetime
    retired: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """A public key of another actor, as PEM or, for a Multikey (FEP-521a), as multibase text."""

    uri: str
    owner: str
    material: str
    fetched: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An activity in the inbox: stored as it came, to be worked on."""

    seq: int
    uri: str
    actor: str
    body: bytes
    received: datetime
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An activity of this node, stored as it goes out."""

    uri: str
    actor: str
    body: bytes
    published: datetime
    is_public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One activity on its way to one inbox."""

    seq: int
    activity: str
    actor: str
    inbox: str
    host: str
    body: bytes
    attempts: int
    added: datetime


def about(activity: str) -> str:
    """Return what an activity of this node is about, for keeping what is said of it in order.

    Those about a listing or an actor have its address in theirs; follows, their answers and their
    ends are about who is written to, so that an Undo does not overtake the Follow that it undoes.
    """
    if urlsplit(activity).path.startswith(_RELATING):
        return ""
    return activity.partition("#")[0].removesuffix("/activity")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueItem:
    """A row of a queue as an operator sees it: what, where to, how it stands and why."""

    seq: int
    activity: str
    inbox: str
    state: str
    attempts: int
    due: datetime
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """How a host has answered lately: what the breaker judges by.

    ``failures`` counts in a row; while ``closed_until`` lies ahead nothing is sent to it.
    """

    host: str
    failures: int = 0
    closed_until: datetime | None = None
    error: str | None = None
    heard: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How comparing a peer's catalogue with what is held of it here stands.

    ``due`` is when to compare next, ``regular`` when to do so even if nothing hints at a
    difference; ``began`` is what ``due`` was when this was read. ``hint`` is the digest that the
    peer last told us. ``fetches`` counts what was fetched since ``counted_from``, ``read`` is when
    its whole collection was last read for lack of a better way, ``asked`` when it was last asked,
    ``agreed`` when both were the same.
    """

    actor: str
    host: str
    due: datetime
    regular: datetime
    began: datetime | None = None
    hint: bytes | None = None
    attempts: int = 0
    fetches: int = 0
    counted_from: datetime | None = None
    read: datetime | None = None
    asked: datetime | None = None
    agreed: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp:
    """A peer's catalogue being read page by page: ``page`` is the next one to fetch."""

    actor: str
    page: str
    pages: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteStamp:
    """The consent of a listing's affiliate to one quote of it (FEP-044f), named by URIs.

    ``id`` is local, ``asker`` the actor that quotes.
    """

    id: str
    listing: str
    quote: str
    asker: str
    made: datetime


class Openness(StrEnum):
    """With whom this node federates: all who are not blocked, those on a list, or nobody."""

    OPEN = "open"
    ALLOWLIST = "allowlist"
    OFF = "off"


class Severity(StrEnum):
    """How strictly a host is kept away, in Mastodon's words.

    ``noop`` does nothing but carry the other columns. Listings of a ``silence`` host are not kept,
    so they are neither shown nor matched; all else goes on. A ``suspend`` host is blocked.
    """

    NOOP = "noop"
    SILENCE = "silence"
    SUSPEND = "suspend"

    @property
    def strictness(self) -> int:
        """A number that grows with strictness."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostBlock:
    """How a host and its subdomains are treated. ``reason`` is for operators only (L44)."""

    host: str
    severity: Severity = Severity.SUSPEND
    reject_media: bool = False
    reject_reports: bool = False
    public_comment: str = ""
    obfuscate: bool = False
    reason: str = ""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What somebody elsewhere says is wrong with actors or listings that are here."""

    number: int
    uri: str
    actor: str
    content: str
    about: tuple[str, ...]
    received: datetime
    closed: datetime | None = None
