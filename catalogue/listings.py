"""Offers and needs: publish, edit, close, delete, expire; and take in those of other nodes.

Each function is one transaction's work: check → store → index → match → record the event. What
comes from a peer goes the same way without an event, under the rules of convergence:

- The newest ``updated`` wins. Of two versions with the same one, the one whose content has the
  greater fingerprint: an author who makes two is wrong, but all who have seen both agree.
- What was deleted never comes back.
- A version from the future, further than a clock may be wrong, is not there yet (:func:`is_early`):
  it is neither kept nor remembered, so it cannot freeze a listing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from hashlib import sha256

from catalogue import matching, topics
from catalogue.errors import Conflict, Invalid, NotFound, Problem
from catalogue.events import ListingDeleted, ListingEdited, ListingPublished
from catalogue.language import LanguageMap, is_language_tag, is_one_line
from catalogue.model import (
    Actor,
    Category,
    Listing,
    ListingContent,
    Role,
    Status,
    content_fields,
)
from catalogue.policy import MEMBER
from catalogue.ports import Store
from catalogue.richtext import MAX_HTML, plain
from catalogue.search import MAX_LIMIT, Query
from catalogue.taxonomy import Scheme
from catalogue.words import words

MAX_TITLE = 200  # characters in one language
MAX_TEXT = 20_000
MAX_BYTES = 32 * 1024  # of HTML in all languages: a listing must fit into other nodes' inboxes
MAX_VALUES = 50  # of one facet
MAX_LANGUAGES = 40  # of one text
MAX_QUANTITY = Decimal("1e9")
SKEW = timedelta(hours=1)  # how far ahead of ours another node's clock may be
SAFELY_AFTER = timedelta(minutes=1)  # what our clock said before it went wrong
WIRE_PRECISION = timedelta(
    seconds=1
)  # times travel in whole seconds, and each version needs its own


def publish(store: Store, content: ListingContent, *, by: str) -> Listing:
    """Publish a listing of the affiliate ``by`` (its handle here).

    Raises Invalid for fields that do not hold, NotFound for an affiliate that is not of this node.
    """
    author = store.actors.find_by_handle(by, store.addresses.authority)
    if author is None or author.role is not Role.AFFILIATE:
        raise NotFound(f"there is no affiliate '{by}' on this node")
    if author.moved_to is not None:
        raise Conflict(f"'{by}' has moved to {author.moved_to} and publishes there")
    check(content, store, store.clock.now())
    return put_out(store, content, author)


def put_out(
    store: Store, content: ListingContent, author: Actor, *, same_as: tuple[str, ...] = ()
) -> Listing:
    """Publish content that holds; ``same_as`` names the listings whose place it takes."""
    now = store.clock.now()
    listing_id = store.ids.new()
    address = store.addresses.listing(listing_id)
    listing = Listing(
        **content_fields(content),
        id=listing_id,
        uri=address,
        url=address,
        by=author.uri,
        node=author.node,
        published=now,
        updated=now,
        same_as=same_as,
    )
    _shelve(store, listing)
    store.events.record(ListingPublished(listing=listing.id))
    topics.reach(store, listing)
    return listing


def edit(store: Store, listing_id: str, content: ListingContent) -> Listing:
    """Give a listing of this node other content; nothing happens when it is the same.

    Raises NotFound, Invalid, and Conflict for a listing of another node.
    """
    before = get_own(store, listing_id)
    if before.content == content:
        return before
    if before.visibility is not content.visibility:
        raise Conflict("who may see a listing cannot be changed; delete it and publish it anew")
    check(content, store, store.clock.now())
    after = _change(store, replace(before, **content_fields(content)))
    topics.reach(store, after, before)
    return after


def close(store: Store, listing_id: str) -> Listing:
    """Close a listing of this node: it can still be read, and no longer matches."""
    before = get_own(store, listing_id)
    if before.status is Status.CLOSED:
        raise Conflict("this listing is closed already")
    return _change(store, replace(before, status=Status.CLOSED))


def delete(store: Store, listing_id: str) -> None:
    """Delete a listing of this node; only its address and the time are remembered."""
    listing = get_own(store, listing_id)
    now = store.clock.now()
    store.listings.remove(listing.id)
    store.tombstones.bury(listing.uri, by=listing.by, at=now)
    store.events.record(
        ListingDeleted(
            uri=listing.uri,
            by=listing.by,
            kind=listing.kind,
            visibility=listing.visibility,
            deleted=now,
            topics=topics.followed_topics(store, listing),
        )
    )


def close_due(store: Store) -> int:
    """Close this node's listings whose last day has passed; return how many."""
    due = store.listings.list_due(store.addresses.authority, store.clock.now())
    for listing in due:
        close(store, listing.id)
    return len(due)


def get(store: Store, reference: str) -> Listing:
    """Return the listing with this local id or URI, of whatever node; raise NotFound."""
    listing = store.listings.find(reference) or store.listings.find_by_uri(reference)
    if listing is None:
        raise NotFound(f"there is no listing '{reference}' here")
    return listing


def get_own(store: Store, reference: str) -> Listing:
    """Return a listing of this node; raise NotFound, or Conflict for one of another node."""
    listing = get(store, reference)
    if listing.node != store.addresses.authority:
        raise Conflict(f"this listing belongs to {listing.node} and can only be changed there")
    return listing


class Taken(Enum):
    """What became of a listing that a peer sent."""

    NEW = auto()
    CHANGED = auto()
    KNOWN = auto()  # the same or an older version: nothing to do
    DELETED = auto()  # its owner deleted it before


def take_in(store: Store, listing: Listing, document: bytes) -> Taken:
    """Store what a peer's affiliate published, unless it is old news.

    The caller has made sure that ``listing.by`` said it. ``listing.id`` is used for a new one only.
    """
    if store.tombstones.deleted_at(listing.uri, by=listing.by):
        return Taken.DELETED
    before = store.listings.find_by_uri(listing.uri)
    if before is None:
        _shelve(store, listing, document)
        topics.reach(store, listing)
        return Taken.NEW
    if before.by != listing.by or not _is_newer(listing, before):
        return Taken.KNOWN
    after = replace(listing, id=before.id)
    _shelve(store, after, document)
    topics.reach(store, after, before)
    return Taken.CHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A listing that a peer sent, ready to be stored: its folded words, and how it was sent."""

    listing: Listing
    words: str
    document: bytes


def take_in_all(store: Store, arrivals: Sequence[Arrival]) -> None:
    """Do as ``take_in`` does, for many; those never heard of before are stored together.

    No two may have one URI, and none may take the place of another listing.
    """
    uris = [arrival.listing.uri for arrival in arrivals]
    heard_of = store.listings.known_among(uris) | store.tombstones.deleted_among(uris)
    fresh = [arrival for arrival in arrivals if arrival.listing.uri not in heard_of]
    store.listings.put_new([(each.listing, each.words, each.document) for each in fresh])
    now = store.clock.now()
    store.matches.ask_all([each.listing.id for each in fresh if each.listing.is_open(now)])
    for each in fresh:
        topics.reach(store, each.listing)
    for arrival in arrivals:
        if arrival.listing.uri in heard_of:
            take_in(store, arrival.listing, arrival.document)


def is_early(updated: datetime, now: datetime) -> bool:
    """Say whether a version lies further ahead than a clock may be wrong: it is not there yet."""
    return updated > now + SKEW


def take_word(store: Store, listing: Listing, document: bytes, *, seen: datetime | None) -> Taken:
    """Store what the owner's own server shows now, also when it is older than what is here.

    ``seen`` is the version that was here before the server was asked: if it still is, what the
    server shows is newer news, whatever its ``updated`` says. So an owner who had to go back to a
    backup, or whose clock was ahead, is followed.
    """
    taken = take_in(store, listing, document)
    before = store.listings.find_by_uri(listing.uri)
    if taken is not Taken.KNOWN or before is None or before.by != listing.by:
        return taken
    if before.updated != seen or fingerprint(listing) == fingerprint(before):
        return taken
    _shelve(store, replace(listing, id=before.id), document)
    return Taken.CHANGED


def fingerprint(listing: Listing) -> bytes:
    """Return a digest of what a version says, the same on every node."""
    said = (listing.content, listing.status, listing.url, listing.published, listing.updated)
    return sha256(repr(said).encode()).digest()


def _is_newer(listing: Listing, before: Listing) -> bool:
    if listing.updated != before.updated:
        return listing.updated > before.updated
    return fingerprint(listing) > fingerprint(before)


def forget_node(store: Store, node: str) -> int:
    """Forget every listing of another node, so that it can come back later; return how many."""
    return _forget(store, Query(node=node, status=None, limit=MAX_LIMIT, viewer=MEMBER))


def forget_author(store: Store, author: str) -> int:
    """Forget every listing of an actor of another node, so that it can come back later."""
    return _forget(store, Query(by=author, status=None, limit=MAX_LIMIT, viewer=MEMBER))


def _forget(store: Store, query: Query) -> int:
    forgotten = 0
    while hits := store.listings.search(query, store.clock.now()).hits:
        for hit in hits:
            store.listings.remove(hit.listing.id)
        forgotten += len(hits)
    return forgotten


def take_out(store: Store, uri: str, *, by: str, at: datetime) -> bool:
    """Forget what its owner ``by`` deleted, for good; say whether it was here.

    A deletion that comes before its listing is remembered too, so the listing stays away.
    """
    known = store.listings.find_by_uri(uri)
    if known is not None and known.by != by:
        return False
    store.tombstones.bury(uri, by=by, at=at)
    if known is None:
        return False
    store.listings.remove(known.id)
    return True


def _change(store: Store, after: Listing) -> Listing:
    """Store a change of an own listing; its ``updated`` always grows, whatever the clock says.

    But for a version that lies in the future because the clock was wrong: nobody has taken it, so
    the next one comes after what was said before.
    """
    now = store.clock.now()
    if is_early(after.updated, now):
        updated = now + SAFELY_AFTER
    else:
        updated = max(now, just_after(after.updated))
    listing = replace(after, updated=updated, published=min(after.published, updated))
    _shelve(store, listing)
    store.events.record(ListingEdited(listing=listing.id))
    return listing


def just_after(moment: datetime) -> datetime:
    """Return the first time after ``moment`` that is another one on the wire."""
    return moment.replace(microsecond=0) + WIRE_PRECISION


def _shelve(store: Store, listing: Listing, document: bytes | None = None) -> None:
    store.listings.put(listing, words=index_words(listing), document=document)
    matching.ask(store, listing)


def index_words(listing: ListingContent) -> str:
    """Return every folded word of a listing in all its languages, title first, joined by spaces."""
    texts = [
        *listing.title.values(),
        *map(plain, listing.text.values()),
        *listing.audience.values(),
    ]
    return " ".join(word for text in texts for word in words(text))


# -- what holds -----------------------------------------------------------------------------------


def check(content: ListingContent, store: Store, now: datetime) -> None:
    """Raise Invalid with every field of ``content`` that does not hold."""
    problems = tuple(_problems(content, store, now))
    if problems:
        raise Invalid(problems)


def _problems(content: ListingContent, store: Store, now: datetime) -> Iterator[Problem]:
    yield from _text_problems("title", content.title, MAX_TITLE, required=True)
    yield from _text_problems("text", content.text, MAX_TEXT, required=True)
    if sum(len(text.encode()) for text in content.text.values()) > MAX_BYTES:
        yield Problem(field="text", message=f"is over {MAX_BYTES} bytes in all languages together")
    yield from _text_problems("audience", content.audience, MAX_TITLE, required=False)
    taxonomy = store.taxonomy
    yield from _concept_problems("capacities", content.capacities, taxonomy.capacities)
    yield from _concept_problems("methods", content.methods, taxonomy.methods)
    yield from _concept_problems("regions", content.regions, taxonomy.regions)
    if len(content.delivery_languages) > MAX_VALUES:
        yield Problem(field="delivery_languages", message=f"has more than {MAX_VALUES} values")
    for language in content.delivery_languages:
        if not is_language_tag(language):
            yield Problem(field="delivery_languages", message=f"'{language}' is no language tag")
    yield from _quantity_problems(content)
    if content.until is not None and content.until <= now:
        yield Problem(field="until", message="lies in the past")


def _text_problems(
    field: str, texts: LanguageMap, most: int, *, required: bool
) -> Iterator[Problem]:
    if required and not any(text.strip() for text in texts.values()):
        yield Problem(field=field, message="is missing")
    if len(texts) > MAX_LANGUAGES:
        yield Problem(field=field, message=f"has more than {MAX_LANGUAGES} languages")
    for language, text in texts.items():
        if not is_language_tag(language):
            yield Problem(field=field, message=f"'{language}' is no language tag")
        if field != "text" and not is_one_line(text):
            yield Problem(field=field, message=f"must be one line of plain text ({language})")
        if len(text) > MAX_HTML or len(plain(text)) > most:
            yield Problem(field=field, message=f"is longer than {most} characters ({language})")


def _concept_problems(field: str, ids: tuple[str, ...], scheme: Scheme) -> Iterator[Problem]:
    if len(ids) > MAX_VALUES:
        yield Problem(field=field, message=f"has more than {MAX_VALUES} values")
    for concept_id in ids:
        if concept_id not in scheme:
            yield Problem(field=field, message=f"'{concept_id}' is not in the taxonomy")


def _quantity_problems(content: ListingContent) -> Iterator[Problem]:
    for field, quantity in (("hours", content.hours), ("amount", content.amount)):
        if quantity is not None and (quantity.is_nan() or not 0 < quantity <= MAX_QUANTITY):
            yield Problem(field=field, message="must be greater than 0 and at most 1,000,000,000")
    if content.currency is not None and not _is_currency(content.currency):
        yield Problem(field="currency", message="must be a code of three letters, such as EUR")
    if (content.amount is None) != (content.currency is None):
        yield Problem(field="amount", message="an amount and its currency go together")
    if content.amount is not None and content.category is not Category.FUNDING:
        yield Problem(field="amount", message="only funding has an amount of money")


def _is_currency(code: str) -> bool:
    return len(code) == 3 and code.isascii() and code.isupper()
