"""What the catalogue asks of the house, as Protocols: shelves to keep things on, a clock, ids.

All calls are plain and synchronous: they run inside one transaction that the house opened, on a
:class:`Store` that lives as long as that transaction.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from catalogue.addresses import Addresses
from catalogue.correspondence import Draft, Inquiry, Message, Standing
from catalogue.events import Event
from catalogue.model import Actor, Follow, Kind, Listing, Match, Member, Peer, Role
from catalogue.search import Counts, Page, Query
from catalogue.taxonomy import Taxonomy
from catalogue.timeline import Figures, Placed, Span


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""
        ...


class Ids(Protocol):
    """Where local ids come from."""

    def new(self) -> str:
        """Return an id never given before, which sorts after all earlier ones (UUIDv7)."""
        ...


class ListingShelf(Protocol):
    """Offers and needs, of this node and of others, with their search index."""

    def find(self, listing_id: str) -> Listing | None:
        """Return the listing with this local id, or None."""
        ...

    def find_by_uri(self, uri: str) -> Listing | None:
        """Return the listing with this URI, or None."""
        ...

    def find_many(self, ids: Sequence[str]) -> list[Listing]:
        """Return those of ``ids`` that are here, in the order asked."""
        ...

    def put(self, listing: Listing, *, words: str, document: bytes | None = None) -> None:
        """Store a listing, new or changed, and index its folded ``words``.

        ``document`` is what a peer sent, kept as received so that its proof can be shown again.
        """
        ...

    def put_new(self, entries: Sequence[tuple[Listing, str, bytes]]) -> None:
        """Do as ``put`` does for listings that are not here, each with its words and document."""
        ...

    def known_among(self, uris: Sequence[str]) -> set[str]:
        """Return those of ``uris`` that listings here have."""
        ...

    def words(self, listing_id: str) -> str:
        """Return the folded words of a listing, as they were indexed."""
        ...

    def document(self, listing_id: str) -> bytes | None:
        """Return the document a listing came from, as received; None for one made here."""
        ...

    def remove(self, listing_id: str) -> None:
        """Take a listing off the shelf together with its matches."""
        ...

    def search(self, query: Query, now: datetime) -> Page:
        """Answer a query, counting what has not passed its last day at ``now``."""
        ...

    def counts(self, query: Query, now: datetime) -> Counts:
        """Count the hits of a query by facet; a facet's own choice does not narrow its counts."""
        ...

    def candidates(
        self,
        listing: Listing,
        *,
        capacities: Sequence[str],
        words: Sequence[str],
        limit: int,
        now: datetime,
    ) -> list[tuple[Listing, str]]:
        """Return open listings of the other kind that share a capacity or a rare word with it.

        Each comes with its folded words.
        """
        ...

    def list_due(self, node: str, now: datetime) -> list[Listing]:
        """Return the open listings of ``node`` whose last day has passed."""
        ...

    def count_authors(self, node: str, since: datetime) -> int:
        """Count who of ``node`` has published or changed a public listing ``since`` then."""
        ...

    def languages_by_capacity(self, now: datetime) -> dict[str, list[str]]:
        """Return the languages of what is open and public, for each capacity it names."""
        ...


class ActorShelf(Protocol):
    """Affiliates and other parties, of this node and of others."""

    def find(self, actor_id: str) -> Actor | None:
        """Return the actor with this local id, or None."""
        ...

    def find_by_uri(self, uri: str) -> Actor | None:
        """Return the actor with this URI, or None."""
        ...

    def find_by_handle(self, handle: str, node: str) -> Actor | None:
        """Return the actor of ``node`` with this handle in any letter case, or None."""
        ...

    def find_many(self, uris: Iterable[str]) -> dict[str, Actor]:
        """Return those of ``uris`` that are here, by URI."""
        ...

    def put(self, actor: Actor) -> None:
        """Store an actor, new or changed, by its URI."""
        ...

    def remove(self, uri: str) -> None:
        """Take an actor off the shelf."""
        ...

    def list_by_role(self, role: Role, node: str | None = None) -> list[Actor]:
        """Return the actors with this role, of one node or of all, by name."""
        ...

    def list_affiliates(self, here: str, uri: str | None = None) -> list[Actor]:
        """Return the affiliates that take part, as node ``here`` sees it, by name; or the one.

        They are its own, those of nodes it follows, and those that have a listing here: a group
        that merely wrote to somebody is none.
        """
        ...


class MatchShelf(Protocol):
    """The best matches of each listing, with the reasons they were scored by."""

    def replace(self, listing_id: str, matches: Sequence[Match]) -> None:
        """Put ``matches`` in the place of all that ``listing_id`` had, as offer or as need."""
        ...

    def ask(self, listing_id: str) -> None:
        """Put a listing into the queue of those to be matched, or again behind all others."""
        ...

    def ask_all(self, ids: Sequence[str]) -> None:
        """Put listings that are new into the queue, behind all others."""
        ...

    def is_due(self, listing_id: str) -> bool:
        """Say whether a listing waits to be matched."""
        ...

    def list_due(self, limit: int) -> list[tuple[int, str]]:
        """Return the listings that have waited longest, each with its place in the queue."""
        ...

    def done(self, seq: int) -> None:
        """Take a place out of the queue; who asked again since then has another place."""
        ...

    def best(self, listing_id: str, kind: Kind, limit: int) -> list[Match]:
        """Return the best matches of a listing, best first; equal scores in a fixed order."""
        ...


class FollowShelf(Protocol):
    """Who follows whom, as far as this node is one of the two."""

    def find(self, uri: str) -> Follow | None:
        """Return the follow that the activity ``uri`` asked for, or None."""
        ...

    def find_between(self, follower: str, followed: str) -> Follow | None:
        """Return the follow of one actor by another, in whatever state, or None."""
        ...

    def put(self, follow: Follow) -> None:
        """Store a follow: one for each pair of actors."""
        ...

    def list_followers(self, followed: str) -> list[Follow]:
        """Return the accepted follows of an actor, oldest first."""
        ...

    def list_followers_of_any(self, followed: Iterable[str]) -> list[Follow]:
        """Return the accepted follows of several actors, oldest first."""
        ...

    def followed_among(self, uris: Iterable[str]) -> set[str]:
        """Return those of ``uris`` that somebody follows, with an accepted follow."""
        ...

    def was_followed(self, uri: str) -> bool:
        """Say whether somebody follows an actor or ever did."""
        ...

    def list_once_followed(self, prefix: str) -> list[str]:
        """Return the actors below ``prefix`` that somebody follows or ever did."""
        ...

    def list_following(self, follower: str) -> list[Follow]:
        """Return the follows an actor asked for and has not undone, oldest first."""
        ...

    def list_from(self, host: str) -> list[Follow]:
        """Return the accepted follows by actors of a host."""
        ...


class TombstoneShelf(Protocol):
    """What was deleted: so that it never comes back."""

    def bury(self, uri: str, *, by: str, at: datetime) -> None:
        """Remember that the owner ``by`` deleted ``uri``."""
        ...

    def count_since(self, moment: datetime, *, by: str) -> int:
        """Count what an owner has deleted since a moment."""
        ...

    def deleted_at(self, uri: str, *, by: str | None = None) -> datetime | None:
        """Return when ``uri`` was deleted (by that owner, if one is named), or None."""
        ...

    def deleted_among(self, uris: Sequence[str]) -> set[str]:
        """Return those of ``uris`` that were deleted, by whomever."""
        ...


class EventShelf(Protocol):
    """What happened and has not been told yet."""

    def record(self, event: Event) -> None:
        """Write down an event, in the transaction that made it true."""
        ...


class InquiryShelf(Protocol):
    """What others ask of this node's actors, with the messages in it."""

    def find(self, inquiry_id: str) -> Inquiry | None:
        """Return an inquiry, or None."""
        ...

    def find_current(self, *, asker: str, to: str, listing: str | None) -> Inquiry | None:
        """Return the newest inquiry of an asker about one thing that is not closed, or None."""
        ...

    def put(self, inquiry: Inquiry) -> None:
        """Store an inquiry, new or changed."""
        ...

    def remove(self, inquiry_id: str) -> None:
        """Take an inquiry off the shelf with all its messages."""
        ...

    def list_newest(
        self, *, to: str | None = None, standing: Standing | None = None, limit: int
    ) -> list[Inquiry]:
        """Return inquiries, those first in which something happened last."""
        ...

    def list_asked_by(self, asker: str) -> list[Inquiry]:
        """Return every inquiry of one asker."""
        ...

    def find_message(self, message_id: str) -> Message | None:
        """Return a message by its local id, or None."""
        ...

    def find_by_uri(self, uri: str) -> Message | None:
        """Return a message by its URI, or None."""
        ...

    def put_message(self, message: Message) -> None:
        """Store a message, new or changed."""
        ...

    def remove_message(self, message_id: str) -> None:
        """Take a message off the shelf, with the draft it asked for."""
        ...

    def messages(self, inquiry_id: str) -> list[Message]:
        """Return what was said in an inquiry, in the order it came."""
        ...

    def list_by_author(self, author: str) -> list[Message]:
        """Return every message of one author."""
        ...

    def list_public_replies(self, uri: str, limit: int) -> list[Message]:
        """Return the public messages that reply to ``uri`` itself, oldest first."""
        ...

    def list_public_thread(self, uri: str, limit: int) -> list[Message]:
        """Return the public messages below ``uri``, reply by reply, oldest first.

        What answers something that is not public is not below it.
        """
        ...

    def count_public_replies(self, uris: Iterable[str]) -> dict[str, int]:
        """Count the public messages that reply to each of ``uris``, by authors on the shelf."""
        ...

    def count(self) -> int:
        """Count the messages of others."""
        ...

    def count_in(self, inquiry_id: str) -> int:
        """Count the messages in one inquiry."""
        ...

    def count_since(
        self, moment: datetime, *, author: str | None = None, node: str | None = None
    ) -> int:
        """Count the messages of an author or a server that came since a moment."""
        ...


class DraftShelf(Protocol):
    """Listings that others ask for."""

    def find(self, draft_id: str) -> Draft | None:
        """Return a draft, or None."""
        ...

    def find_by_message(self, message_id: str) -> Draft | None:
        """Return the draft that a message asked for, or None."""
        ...

    def put(self, draft: Draft) -> None:
        """Store a draft, new or changed."""
        ...

    def remove(self, draft_id: str) -> None:
        """Take a draft off the shelf."""
        ...

    def list_newest(self, *, waiting: bool, limit: int) -> list[Draft]:
        """Return drafts, the newest first: those that wait, or all."""
        ...

    def count_waiting(self, *, author: str | None = None) -> int:
        """Count the drafts that wait, of one author or in all."""
        ...


class PeerShelf(Protocol):
    """The other nodes that this one knows."""

    def list_peers(self, now: datetime) -> list[Peer]:
        """Return every node that follows this one or is followed by it, by name."""
        ...


class TimelineShelf(Protocol):
    """Listings by the place that each has in time."""

    def slice(self, query: Query, span: Span, now: datetime) -> list[Placed]:
        """Return the part of what a query finds that lies in a span, newest first."""
        ...

    def find(self, place: int) -> Placed | None:
        """Return the listing at this place, or None."""
        ...

    def places(self, ids: Sequence[str]) -> dict[str, int]:
        """Return the places of those of ``ids`` that are here."""
        ...

    def figures(self, uris: Iterable[str], now: datetime) -> dict[str, Figures]:
        """Return for each of these actors how much there is of it."""
        ...


class MemberShelf(Protocol):
    """The people who sign in on this node."""

    def find(self, member_id: str) -> Member | None:
        """Return the member with this id, or None."""
        ...

    def find_by_name(self, name: str) -> Member | None:
        """Return the member who signs in with this name in any letter case, or None."""
        ...

    def put(self, member: Member) -> None:
        """Store a member, new or changed."""
        ...

    def list_all(self) -> list[Member]:
        """Return every member, by name."""
        ...


class Store(Protocol):
    """All that one transaction can reach."""

    @property
    def listings(self) -> ListingShelf:
        """Offers and needs."""
        ...

    @property
    def actors(self) -> ActorShelf:
        """Affiliates and other parties."""
        ...

    @property
    def matches(self) -> MatchShelf:
        """The best matches of each listing."""
        ...

    @property
    def follows(self) -> FollowShelf:
        """Who follows whom."""
        ...

    @property
    def peers(self) -> PeerShelf:
        """The other nodes."""
        ...

    @property
    def inquiries(self) -> InquiryShelf:
        """What others ask."""
        ...

    @property
    def drafts(self) -> DraftShelf:
        """Listings that others ask for."""
        ...

    @property
    def tombstones(self) -> TombstoneShelf:
        """What was deleted."""
        ...

    @property
    def events(self) -> EventShelf:
        """What happened."""
        ...

    @property
    def timeline(self) -> TimelineShelf:
        """Listings by their place in time."""
        ...

    @property
    def members(self) -> MemberShelf:
        """The people of this node."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def ids(self) -> Ids:
        """New ids."""
        ...

    @property
    def addresses(self) -> Addresses:
        """The URLs this node mints."""
        ...

    @property
    def taxonomy(self) -> Taxonomy:
        """The shared vocabulary."""
        ...
