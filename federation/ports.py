"""What federation asks of the house beyond the catalogue's own shelves."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from catalogue.events import Event
from catalogue.ports import EventShelf, Store
from federation.model import (
    CatchUp,
    Comparison,
    Delivery,
    HostBlock,
    HostState,
    KnownKey,
    OwnKey,
    Party,
    QueueItem,
    QuoteStamp,
    Received,
    Report,
    Sent,
)

T = TypeVar("T")
P = ParamSpec("P")


class EventQueue(EventShelf, Protocol):
    """The events, as read by whoever tells the other nodes."""

    def next_pending(self, limit: int) -> list[tuple[int, Event]]:
        """Return the oldest untold events with their numbers."""
        ...

    def told(self, seq: int) -> None:
        """Mark an event as told."""
        ...


class PartyShelf(Protocol):
    """Where actors of other servers are reached."""

    def find(self, uri: str) -> Party | None:
        """Return what is known of an actor, or None."""
        ...

    def find_many(self, uris: Iterable[str]) -> dict[str, Party]:
        """Return those of ``uris`` that are known, by URI."""
        ...

    def put(self, party: Party) -> None:
        """Store how an actor is reached."""
        ...

    def remove(self, uri: str) -> None:
        """Forget an actor."""
        ...


class KeyShelf(Protocol):
    """Keys: our actors' private ones, other actors' public ones."""

    def own(self, owner: str, algorithm: str) -> OwnKey | None:
        """Return the newest key of an actor of this node that signs, or None."""
        ...

    def list_own(self, owner: str | None = None) -> list[OwnKey]:
        """Return the keys of one actor of this node or of all, newest first, retired ones too."""
        ...

    def retire_own(self, owner: str, at: datetime) -> None:
        """Let an actor's keys sign no more; those retired before keep an earlier time."""
        ...

    def drop_own(self, uri: str) -> None:
        """Destroy a private key."""
        ...

    def put_own(self, key: OwnKey) -> None:
        """Store a private key."""
        ...

    def known(self, uri: str) -> KnownKey | None:
        """Return another actor's public key by its URI, or None."""
        ...

    def put_known(self, owner: str, keys: Sequence[KnownKey]) -> None:
        """Put ``keys`` in the place of all that ``owner`` had."""
        ...


class InboxShelf(Protocol):
    """Activities that were accepted and wait to be worked on."""

    def remember(self, uri: str, *, actor: str, body: bytes, at: datetime) -> bool:
        """Keep an activity; return False when one with this id was here before."""
        ...

    def remember_all(self, letters: Sequence[tuple[str, str, bytes]], *, at: datetime) -> set[str]:
        """Keep activities, each as id, actor and body; return the ids that are new."""
        ...

    def has(self, uri: str) -> bool:
        """Say whether an activity with this id came in, and is not forgotten yet."""
        ...

    def next_due(self, now: datetime, limit: int, skip: Sequence[str]) -> list[Received]:
        """Return the oldest activities that are due, without those of the actors in ``skip``."""
        ...

    def done(self, seq: int) -> None:
        """Mark an activity as worked on; its id is remembered against repeats."""
        ...

    def done_all(self, seqs: Sequence[int]) -> None:
        """Mark activities as worked on."""
        ...

    def postpone(self, seq: int, *, due: datetime, reason: str) -> None:
        """Count a failed attempt and try again at ``due``."""
        ...

    def bury(self, seq: int, *, reason: str) -> None:
        """Give up on an activity, keeping it with the reason for an operator."""
        ...

    def count_pending(self) -> int:
        """Count what is not worked on yet."""
        ...

    def forget_before(self, moment: datetime) -> int:
        """Forget what was done before ``moment``, ids too; return how many activities that was."""
        ...

    def next_due_at(self) -> datetime | None:
        """Return when the next activity is due, or None."""
        ...


class ActivityShelf(Protocol):
    """Activities of this node."""

    def put(self, sent: Sent) -> None:
        """Store an activity; an id is used once, so a repeat changes nothing."""
        ...

    def find(self, uri: str) -> Sent | None:
        """Return an activity by its id, or None."""
        ...

    def hide(self, about: str) -> None:
        """Show no more what was said in public about something that is gone."""
        ...

    def forget(self, about: str) -> None:
        """Forget what was said about something that is gone, but for what is still on its way."""
        ...

    def replace_body(self, uri: str, body: bytes) -> None:
        """Store other bytes of the same activity: its proof was made anew."""
        ...

    def list_containing(
        self, actor: str, needle: bytes, *, after: str | None, limit: int
    ) -> list[Sent]:
        """Return an actor's activities whose bytes contain ``needle``, oldest first."""
        ...

    def known_among(self, uris: Iterable[str]) -> set[str]:
        """Return those of ``uris`` that this node has said."""
        ...

    def count_public(self, actor: str) -> int:
        """Count an actor's public activities."""
        ...

    def list_public(self, actor: str, *, before: str | None, limit: int) -> list[Sent]:
        """Return an actor's public activities, newest first, those before the cursor."""
        ...


class DeliveryShelf(Protocol):
    """Activities on their way, one row for each inbox."""

    def add(self, activity: str, *, actor: str, inboxes: Iterable[str], at: datetime) -> None:
        """Put an activity on its way; an inbox gets each activity once."""
        ...

    def hosts_due(self, now: datetime) -> list[str]:
        """Return the hosts that have something due and are not closed."""
        ...

    def next_due(self, host: str, now: datetime, limit: int) -> list[Delivery]:
        """Return the oldest due deliveries to a host."""
        ...

    def done(self, seq: int) -> None:
        """The inbox has it."""
        ...

    def done_all(self, seqs: Sequence[int]) -> None:
        """The inboxes have them."""
        ...

    def postpone(self, seq: int, *, due: datetime, reason: str) -> None:
        """Count a failed attempt and try again at ``due``."""
        ...

    def bury(self, seq: int, *, reason: str) -> None:
        """Give up, keeping the row with the reason for an operator."""
        ...

    def is_last(self, delivery: Delivery) -> bool:
        """Say whether nothing waits for the host behind this one."""
        ...

    def next_due_at(self) -> datetime | None:
        """Return when the next delivery is due, or None."""
        ...

    def bury_before(self, moment: datetime) -> int:
        """Give up on what has waited since before ``moment``; return how much that is."""
        ...

    def forget_before(self, moment: datetime) -> int:
        """Forget what was given up and had been added before ``moment``; return how much."""
        ...

    def list_items(self, limit: int) -> list[QueueItem]:
        """Return what waits or was given up on, oldest first."""
        ...

    def retry(self, seq: int | None, now: datetime) -> int:
        """Make one delivery due now, or all; return how many."""
        ...

    def drop_host(self, host: str) -> int:
        """Take everything for a host and its subdomains out of the queue; return how much."""
        ...

    def drop(self, seq: int | None) -> int:
        """Take one delivery out of the queue, or all that were given up; return how many."""
        ...


class HostShelf(Protocol):
    """How other hosts behave, and which are blocked here."""

    def find(self, host: str) -> HostState:
        """Return how a host has answered lately; a fresh state for one never met."""
        ...

    def put(self, state: HostState) -> None:
        """Store how a host answers."""
        ...

    def heard(self, host: str, at: datetime) -> None:
        """Note that a host is alive: its breaker closes, and what waits for it is due at once.

        After failures, what it has is compared with what is here: much may have happened.
        """
        ...

    def heard_all(self, hosts: Collection[str], at: datetime, *, but_since: datetime) -> None:
        """Note that hosts are alive, but for those that are well and were heard ``but_since``."""
        ...

    def wants_rfc9421(self, host: str, now: datetime) -> bool:
        """Say whether a host is remembered as one that wants RFC 9421."""
        ...

    def remember_rfc9421(self, host: str, until: datetime) -> None:
        """Remember for a while that a host wants RFC 9421."""
        ...

    def forget_rfc9421(self, host: str) -> None:
        """Forget that a host wanted RFC 9421."""
        ...

    def is_blocked(self, host: str) -> bool:
        """Say whether a host is not dealt with: blocked like a domain above it, or not allowed."""
        ...

    def block(self, host: str, *, at: datetime, reason: str) -> None:
        """Block a host and its subdomains."""
        ...

    def allow(self, host: str) -> bool:
        """Lift a block; say whether there was one."""
        ...

    def list_blocked(self) -> list[tuple[str, str]]:
        """Return the blocked hosts with the reasons given."""
        ...


class RelayShelf(Protocol):
    """Actors that pass on what others publish, chosen by an operator."""

    def add(self, actor: str, at: datetime) -> None:
        """Take an actor for a relay from now on."""
        ...

    def remove(self, actor: str) -> bool:
        """Take an actor for a relay no more; say whether it was one."""
        ...

    def list_all(self) -> list[str]:
        """Return the relays, the oldest first."""
        ...

    def has(self, actor: str) -> bool:
        """Say whether an actor is a relay."""
        ...


class BlockShelf(Protocol):
    """What the operator decided about others, and who wants nothing from us."""

    def put_host(self, block: HostBlock) -> None:
        """Store how a host and its subdomains are treated, in the place of what was."""
        ...

    def list_hosts(self) -> list[HostBlock]:
        """Return every host that is treated in a way of its own, by name."""
        ...

    def is_silenced(self, host: str) -> bool:
        """Say whether a host or a domain above it is silenced or blocked."""
        ...

    def rejects_reports(self, host: str) -> bool:
        """Say whether reports of a host are not wanted."""
        ...

    def put_allowed(self, host: str, at: datetime) -> None:
        """Put a host and its subdomains on the list of those allowed."""
        ...

    def remove_allowed(self, host: str) -> bool:
        """Take a host off that list; say whether it was on it."""
        ...

    def list_allowed(self) -> list[str]:
        """Return the hosts on that list, by name."""
        ...

    def is_blocked(self, actor: str) -> bool:
        """Say whether this one actor is blocked here."""
        ...

    def put_actor(self, actor: str, *, at: datetime, reason: str) -> None:
        """Block one actor."""
        ...

    def remove_actor(self, actor: str) -> bool:
        """Lift the block of one actor; say whether there was one."""
        ...

    def list_actors(self) -> list[tuple[str, str]]:
        """Return the blocked actors with the reasons given."""
        ...

    def refuse(self, actor: str, refused: str, *, uri: str, at: datetime, most: int) -> None:
        """Note that ``actor`` wants nothing from ``refused``; the oldest go beyond ``most``."""
        ...

    def relent(self, actor: str, named: str) -> None:
        """Note that ``actor`` took that back, named by whom it is about or by its own id."""
        ...

    def is_refused(self, actor: str, refused: str) -> bool:
        """Say whether ``actor`` wants nothing from ``refused``."""
        ...

    def list_nodes(self) -> list[str]:
        """Return every host that an actor or a listing here is of."""
        ...

    def list_actors_of(self, node: str) -> list[str]:
        """Return the URIs of the actors of one host."""
        ...

    def list_ties(self) -> list[tuple[str, str]]:
        """Return who follows whom, or asked to."""
        ...

    def list_waiting(self) -> list[str]:
        """Return the actors whose letters are not worked on yet."""
        ...

    def drop_letters(self, actor: str) -> None:
        """Take an actor's letters out of the inbox; their ids stay known."""
        ...

    def drop_deliveries(self, inbox: str) -> None:
        """Take what is on its way to one inbox out of the queue."""
        ...


class ReportShelf(Protocol):
    """Reports about what is here, for stewards to read."""

    def add(
        self, uri: str, *, actor: str, content: str, about: tuple[str, ...], at: datetime
    ) -> bool:
        """Keep a report; return False for one that this actor has made before."""
        ...

    def find(self, number: int) -> Report | None:
        """Return the report with this number, or None."""
        ...

    def list_open(self, limit: int) -> list[Report]:
        """Return the reports that nobody has closed, oldest first."""
        ...

    def count_open(self, host: str | None = None) -> int:
        """Count the open reports, of one host or all."""
        ...

    def close(self, number: int, at: datetime) -> bool:
        """Close a report; return False for one that is not open."""
        ...


class CatchUpShelf(Protocol):
    """Peers' catalogues that are being read."""

    def start(self, actor: str, *, page: str, at: datetime) -> None:
        """Begin to read a peer's collection, or begin again."""
        ...

    def list_due(self, now: datetime) -> list[CatchUp]:
        """Return the readings whose next page is due, the one that waited longest first."""
        ...

    def advance(self, actor: str, *, page: str, at: datetime) -> None:
        """A page was taken in: go on with ``page``."""
        ...

    def postpone(self, actor: str, *, due: datetime, reason: str) -> None:
        """The page could not be had: try again at ``due``."""
        ...

    def finish(self, actor: str) -> None:
        """The last page was taken in, or reading was given up."""
        ...

    def is_reading(self, actor: str) -> bool:
        """Say whether a peer's collection is being read."""
        ...

    def next_due_at(self) -> datetime | None:
        """Return when the next page is due, or None."""
        ...


class QuoteShelf(Protocol):
    """Consents to quotes of this node's listings."""

    def find(self, stamp_id: str) -> QuoteStamp | None:
        """Return a consent by its local id, or None."""
        ...

    def find_for(self, *, listing: str, quote: str) -> QuoteStamp | None:
        """Return the consent to one quote of a listing, or None."""
        ...

    def put(self, stamp: QuoteStamp) -> None:
        """Store a consent; one that was given before stays."""
        ...

    def list_of(self, listing: str) -> list[QuoteStamp]:
        """Return every consent to quote a listing, oldest first."""
        ...

    def remove_by(self, asker: str, *, quote: str | None = None) -> int:
        """Forget the consents that somebody was given, to one quote or to all; return how many."""
        ...

    def remove_of(self, listing: str) -> None:
        """Forget every consent to quote a listing."""
        ...


class DigestShelf(Protocol):
    """Digests of what each node has open; see :mod:`catalogue.digest`.

    ``audiences`` narrows to what a reader may hear of; None is all that is here.
    """

    def whole(self, node: str, audiences: Sequence[str] | None = None) -> tuple[bytes, int]:
        """Return the digest over what a node has open, and how much that is."""
        ...

    def buckets(self, node: str, audiences: Sequence[str] | None = None) -> dict[int, bytes]:
        """Return the digest of each bucket of a node that is not empty."""
        ...

    def members(
        self, node: str, bucket: int, audiences: Sequence[str] | None = None
    ) -> dict[str, datetime]:
        """Return what a node has open in one bucket: address and version."""
        ...


class ComparisonShelf(Protocol):
    """Peers' catalogues that are compared with what is held of them here."""

    def schedule(self, actor: str, *, host: str, due: datetime) -> None:
        """Compare with a peer's catalogue at ``due``, or before when that was meant already."""
        ...

    def find(self, actor: str) -> Comparison | None:
        """Return how comparing with a peer stands, or None."""
        ...

    def list_at(self, host: str) -> list[Comparison]:
        """Return the catalogues of a host that are compared."""
        ...

    def list_due(self, now: datetime, limit: int) -> list[Comparison]:
        """Return what is due, the one that waited longest first."""
        ...

    def hint(self, actor: str, *, digest: bytes, due: datetime) -> None:
        """Note what a peer says its digest is, to be looked at by ``due``."""
        ...

    def put(self, comparison: Comparison) -> None:
        """Store how comparing with a peer stands, if it still is compared with."""
        ...

    def forget(self, actor: str) -> None:
        """Compare with a peer no more."""
        ...

    def next_due_at(self) -> datetime | None:
        """Return when the next one is due, or None."""
        ...


class FederationStore(Store, Protocol):
    """All that one transaction of federation can reach."""

    @property
    def events(self) -> EventQueue:
        """What happened."""
        ...

    @property
    def parties(self) -> PartyShelf:
        """Where actors are reached."""
        ...

    @property
    def keys(self) -> KeyShelf:
        """Keys, ours and others'."""
        ...

    @property
    def inbox(self) -> InboxShelf:
        """What came in."""
        ...

    @property
    def activities(self) -> ActivityShelf:
        """What this node said."""
        ...

    @property
    def deliveries(self) -> DeliveryShelf:
        """What is on its way."""
        ...

    @property
    def hosts(self) -> HostShelf:
        """How other hosts behave."""
        ...

    @property
    def relays(self) -> RelayShelf:
        """Who passes on what others publish."""
        ...

    @property
    def quotes(self) -> QuoteShelf:
        """Consents to quotes."""
        ...

    @property
    def blocks(self) -> BlockShelf:
        """What was decided about others."""
        ...

    @property
    def reports(self) -> ReportShelf:
        """What others say is wrong here."""
        ...

    @property
    def catch_ups(self) -> CatchUpShelf:
        """What is being read."""
        ...

    @property
    def digests(self) -> DigestShelf:
        """What each node has open, in short."""
        ...

    @property
    def comparisons(self) -> ComparisonShelf:
        """What is compared, and when."""
        ...


class Database(Protocol):
    """The way to a store: one plain function, run whole in one transaction."""

    async def read(
        self, work: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``work(store, …)`` on a consistent snapshot."""
        ...

    async def write(
        self, work: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``work(store, …)`` in one transaction; return when it is safely on disk."""
        ...
