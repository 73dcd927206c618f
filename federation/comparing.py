"""Comparing a peer's catalogue with what is held of it here, and putting right what differs.

Deliveries may be lost, deletions too, and a node may be away for longer than anybody waits. So
every few hours, at the start, when a peer is back, and when a letter hints at a difference:

1. fetch the peer's collection: its digest over what we may see. Equal: all is well
2. fetch the digests of its buckets (:mod:`catalogue.digest`)
3. for each bucket that differs, fetch its members: addresses and versions
4. fetch from its own address each listing that is not here in that version, and each that is here
   and not there. What is shown is kept, what is gone (410) is buried, what is public and not
   there (404) is forgotten; what is not public may only not be shown, to a reader whom the other
   side does not know for the moment

Where very much is missing, or the peer has no digests, its whole collection is read instead. A peer
can say of its own listings only, and a lie costs it no more than a bounded number of fetches from
itself: of one listing, of some in a pass, of all in a period.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from catalogue.digest import NOTHING, bucket_of
from catalogue.listings import Taken, is_early, take_out
from catalogue.model import FollowState
from catalogue.policy import ANYONE, may_see
from catalogue.ports import Clock
from federation.errors import FederationError, GiveUp, Malformed, Refused, TryLater
from federation.guard import host_of, same_origin
from federation.incoming.listing import keep_word, unknown_author
from federation.lanes import Lanes
from federation.mapping.values import Document, id_of, moment, types_of, uri
from federation.model import Comparison, Party
from federation.ports import Database, FederationStore
from federation.remote import Missing, Vanished
from federation.resolver import Resolver
from federation.settings import Settings

log = logging.getLogger(__name__)

MAX_LANES = 4  # peers compared with at one time
MAX_MEMBERS = 10_000  # read of one bucket
READING = timedelta(seconds=10)  # between looks whether a collection has been read

_HEX_DIGEST = re.compile("[0-9a-f]{64}")


class Comparer:
    """Compares with every peer that is due, each in a lane of its own."""

    def __init__(
        self,
        database: Database,
        resolver: Resolver,
        *,
        clock: Clock,
        settings: Settings,
        chance: Callable[[], float],
        wake: Callable[[], None],
    ) -> None:
        """Build it; ``wake`` is called when a comparison has ended."""
        self._database = database
        self._resolver = resolver
        self._clock = clock
        self._settings = settings
        self._chance = chance
        self._lanes = Lanes(wake)
        self._has_begun = False

    async def _begin(self) -> None:
        """Have every followed catalogue compared soon: this node was away, nobody knows how long.

        Chance spreads it, so that many peers are not asked at one moment.
        """
        actors = await self._database.read(_followed)
        for actor in actors:
            due = self._clock.now() + self._settings.compare_start * self._chance()
            await self._database.write(_schedule, actor, due)

    async def work(self) -> int:
        """Begin to compare with peers that are due; return with how many."""
        if not self._has_begun:
            await self._begin()
            self._has_begun = True
        room = MAX_LANES - len(self._lanes)
        if room <= 0:
            return 0
        now = self._clock.now()
        due = await self._database.read(
            lambda store: store.comparisons.list_due(now, 2 * MAX_LANES)
        )
        fresh = [each for each in due if each.actor not in self._lanes][:room]
        for each in fresh:
            self._lanes.open(each.actor, self._run(each))
        return len(fresh)

    async def close(self) -> None:
        """End what is under way; it is begun again at the next start."""
        await self._lanes.close()

    async def _run(self, comparison: Comparison) -> None:
        try:
            after = await self._compare(comparison)
        except TryLater as error:
            after = self._put_off(comparison, str(error))
        except (Refused, GiveUp) as error:
            after = self._until_next(comparison, str(error))
        except Exception as error:
            log.exception("a comparison made us stumble", extra={"actor": comparison.actor})
            after = self._put_off(comparison, type(error).__name__)
        if after is None:
            await self._database.write(_forget, comparison.actor)
        else:
            await self._database.write(_put, after)

    async def _compare(self, comparison: Comparison) -> Comparison | None:
        """Do one pass; return how it stands after it, None for a peer that is not followed."""
        now = self._clock.now()
        stand = await self._database.read(_stand, comparison)
        if stand is None:
            return None
        if stand.is_silenced:  # nothing of what differs would be kept
            regular = self._next_regular(now)
            return replace(comparison, due=regular, regular=regular, reason="it is silenced here")
        if stand.is_being_read:
            return replace(comparison, due=now + READING)
        if comparison.hint == stand.digest and comparison.regular > now:
            return replace(comparison, due=comparison.regular)  # what was under way has arrived
        if comparison.counted_from is None or now >= comparison.regular:
            comparison = replace(
                comparison, counted_from=now, fetches=0, regular=self._next_regular(now)
            )
        if comparison.fetches >= self._settings.compare_fetches:
            return replace(comparison, due=comparison.regular)
        comparison = replace(comparison, asked=now)
        root = (await self._resolver.fetch_object(stand.collection, collection=True)).document
        await self._database.write(_heard, comparison.host, self._clock.now())
        theirs = _summary(root, comparison.actor)
        if theirs is None:
            return await self._read_whole(comparison, stand, "it has no digest", stop=True)
        if theirs.digest == stand.digest:
            return replace(comparison, due=comparison.regular, attempts=0, agreed=now, reason=None)
        if theirs.items - stand.items > self._settings.compare_items:
            return await self._read_whole(comparison, stand, "much is missing", stop=False)
        return await self._settle(comparison, theirs)

    async def _settle(self, comparison: Comparison, theirs: "_Summary") -> Comparison:
        """Put right what differs, bucket by bucket, as far as one pass goes."""
        index = await self._resolver.fetch_object(theirs.buckets, collection=True)
        digests = _digests(index.document)
        mine = await self._database.read(lambda store: store.digests.buckets(comparison.host))
        differing = [
            bucket
            for bucket in sorted(digests.keys() | mine.keys())
            if digests.get(bucket, NOTHING) != mine.get(bucket, NOTHING)
        ]
        start = int(self._chance() * len(differing))  # what one pass leaves, another begins with
        asked, changed = 1, 0
        for bucket in [*differing[start:], *differing[:start]][: self._settings.compare_buckets]:
            page = await self._resolver.fetch_object(
                f"{theirs.buckets}?bucket={bucket:02x}", collection=True
            )
            members = _members(page.document, comparison.actor, bucket)
            doubts = await self._database.read(
                _doubts, comparison.host, bucket, members, self._clock.now()
            )
            doubts = doubts[: self._settings.compare_items - asked]
            changed += await self._resolve(doubts)
            asked += 1 + len(doubts)
            if asked >= self._settings.compare_items:
                break
        fetches = comparison.fetches + asked
        again = changed > 0 and fetches < self._settings.compare_fetches
        now = self._clock.now()
        return replace(
            comparison,
            due=now + self._settings.compare_pause if again else comparison.regular,
            fetches=fetches,
            attempts=0,
            reason=f"{len(differing)} buckets differed",
        )

    async def _resolve(self, doubts: Sequence["_Doubt"]) -> int:
        """Ask for each listing at its own address and do what that says; count what changed."""
        changed = 0
        for first in range(0, len(doubts), self._settings.lanes):
            part = doubts[first : first + self._settings.lanes]
            answers = await asyncio.gather(*(self._ask(doubt) for doubt in part))
            documents = [each.document for each in answers if each.document is not None]
            await self._learn(await self._database.read(_unknown_authors, documents))
            changed += await self._database.write(_apply, answers, self._clock.now())
        return changed

    async def _learn(self, authors: Sequence[str]) -> None:
        """Fetch authors; a listing whose author cannot be had now is left for the next time."""
        for author in authors:
            with suppress(TryLater):
                await self._resolver.fetch_all([author])

    async def _ask(self, doubt: "_Doubt") -> "_Said":
        try:
            fetched = await self._resolver.fetch_object(doubt.uri)
        except Vanished:
            return _Said(doubt, is_gone=True)
        except Missing:
            return _Said(doubt, is_missing=True)
        except (GiveUp, Refused) as error:
            log.info("left out what cannot be had", extra={"uri": doubt.uri, "reason": str(error)})
            return _Said(doubt)
        if id_of(fetched.document) != doubt.uri:
            return _Said(doubt)
        if "Tombstone" in types_of(fetched.document):
            return _Said(doubt, is_gone=True)
        return _Said(doubt, document=fetched.document)

    async def _read_whole(
        self, comparison: Comparison, stand: "_Stand", reason: str, *, stop: bool
    ) -> Comparison:
        """Have the whole collection read, once in a period; ``stop`` when that is all we can do."""
        now = self._clock.now()
        if comparison.read is not None and now - comparison.read < self._settings.compare_every:
            return replace(comparison, due=comparison.regular, attempts=0, reason=reason)
        await self._database.write(_start_reading, comparison.actor, stand.collection, now)
        due = comparison.regular if stop else now + self._settings.compare_delay
        return replace(comparison, due=due, attempts=0, read=now, reason=reason)

    # -- when next ----------------------------------------------------------------------------

    def _next_regular(self, now: datetime) -> datetime:
        return now + self._settings.compare_every * (0.75 + self._chance() / 2)

    def _put_off(self, comparison: Comparison, reason: str) -> Comparison:
        """Try again later, and never less often than comparing is regular."""
        attempts = comparison.attempts + 1
        now = self._clock.now()
        due = now + self._settings.retry.delay(attempts, chance=self._chance())
        latest = self._next_regular(now)
        return replace(comparison, due=min(due, latest), attempts=attempts, reason=reason)

    def _until_next(self, comparison: Comparison, reason: str) -> Comparison:
        log.info("cannot compare", extra={"actor": comparison.actor, "reason": reason})
        now = self._clock.now()
        regular = comparison.regular if comparison.regular > now else self._next_regular(now)
        return replace(comparison, due=regular, regular=regular, attempts=0, reason=reason)


# -- what is here ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stand:
    """What is here of a peer before it is asked."""

    collection: str
    digest: bytes
    items: int
    is_being_read: bool
    is_silenced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doubt:
    """A listing that is here in another version than there; ``seen`` is the one here, if any.

    ``listed`` is the version there, None for one that is not listed.
    """

    uri: str
    seen: datetime | None
    listed: datetime | None


def _stand(store: FederationStore, comparison: Comparison) -> _Stand | None:
    party = _peer(store, comparison.actor)
    if party is None or party.proposals is None:
        return None
    digest, items = store.digests.whole(comparison.host)
    return _Stand(
        collection=party.proposals,
        digest=digest,
        items=items,
        is_being_read=store.catch_ups.is_reading(comparison.actor),
        is_silenced=store.blocks.is_silenced(comparison.host),
    )


def _peer(store: FederationStore, actor: str) -> Party | None:
    """Return a peer that our catalogue follows, or None."""
    follow = store.follows.find_between(store.addresses.catalogue, actor)
    if follow is None or follow.state is not FollowState.ACCEPTED:
        return None
    party = store.parties.find(actor)
    return party if party is not None and party.is_exchange else None


def _followed(store: FederationStore) -> list[str]:
    follows = store.follows.list_following(store.addresses.catalogue)
    parties = store.parties.find_many(
        each.followed for each in follows if each.state is FollowState.ACCEPTED
    )
    return sorted(uri for uri, party in parties.items() if party.is_exchange)


def _doubts(
    store: FederationStore,
    node: str,
    bucket: int,
    members: Mapping[str, datetime],
    now: datetime,
) -> list[_Doubt]:
    """Return what differs in a bucket, but for what was deleted and what is not there yet."""
    here = store.digests.members(node, bucket)
    doubts = []
    for address, listed in members.items():
        if address in here and here[address].replace(microsecond=0) == listed:
            continue
        if is_early(listed, now) or store.tombstones.deleted_at(address):
            continue
        known = store.listings.find_by_uri(address)
        doubts.append(_Doubt(uri=address, seen=known.updated if known else None, listed=listed))
    for address, updated in here.items():
        if address not in members:
            doubts.append(_Doubt(uri=address, seen=updated, listed=None))
    return doubts


# -- what is there --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Summary:
    """What a peer's collection says of itself in short."""

    digest: bytes
    items: int
    buckets: str


def _summary(document: Document, actor: str) -> _Summary | None:
    """Return the summary of a collection; None when it has none that we understand."""
    said, buckets = _digest(document.get("digest")), uri(document.get("buckets"))
    items = document.get("totalItems")
    if said is None or buckets is None or "?" in buckets or not _is_near(buckets, actor):
        return None
    return _Summary(
        digest=said, items=items if isinstance(items, int) and items > 0 else 0, buckets=buckets
    )


def _digests(document: Document) -> dict[int, bytes]:
    """Return the digest of each bucket that is not empty; raise Malformed for what has none."""
    found = document.get("digests")
    if not isinstance(found, dict):
        raise Malformed("the digests of the buckets are not there")
    return {
        bucket: digest
        for bucket in range(256)
        if (digest := _digest(found.get(f"{bucket:02x}"))) is not None
    }


def _digest(value: Any) -> bytes | None:
    is_digest = isinstance(value, str) and _HEX_DIGEST.fullmatch(value)
    return bytes.fromhex(value) if is_digest else None


def _members(document: Document, actor: str, bucket: int) -> dict[str, datetime]:
    """Return the members of a bucket; what is not of this peer or bucket is left out.

    Raises Malformed for no list, or one longer than a bucket may be: what is not on it would seem
    to be gone.
    """
    found = document.get("items")
    if not isinstance(found, list) or len(found) > MAX_MEMBERS:
        raise Malformed("the members of the bucket are not there, or too many")
    members = {}
    for each in found:
        address = uri(each)
        updated = moment(each.get("updated")) if isinstance(each, dict) else None
        if address is None or updated is None or bucket_of(address) != bucket:
            continue
        if _is_near(address, actor):
            members[address] = updated
    return members


def _is_near(address: str, actor: str) -> bool:
    try:
        return same_origin(address, actor)
    except Malformed:
        return False


# -- what comes of it: each one transaction -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Said:
    """What a listing's own address says: the listing, that it is gone or missing, or nothing."""

    doubt: _Doubt
    document: dict[str, Any] | None = None
    is_gone: bool = False
    is_missing: bool = False


def _unknown_authors(store: FederationStore, documents: Sequence[Document]) -> list[str]:
    found = (author for each in documents for author in unknown_author(store, each))
    return list(dict.fromkeys(found))


def _apply(store: FederationStore, answers: Sequence[_Said], now: datetime) -> int:
    return sum(_apply_one(store, each, now) for each in answers)


def _apply_one(store: FederationStore, said: _Said, now: datetime) -> bool:
    """Do what the owner's server says of one listing; say whether that changed anything."""
    doubt = said.doubt
    known = store.listings.find_by_uri(doubt.uri)
    if said.document is not None:
        try:
            taken = keep_word(store, said.document, seen=doubt.seen, listed=doubt.listed)
        except FederationError as error:
            log.info("left out a listing", extra={"uri": doubt.uri, "reason": str(error)})
            return False
        return taken in {Taken.NEW, Taken.CHANGED}
    if known is None or known.node == store.addresses.authority:
        return False
    if said.is_gone:
        return take_out(store, doubt.uri, by=known.by, at=now)
    if said.is_missing and known.updated == doubt.seen and may_see(known, ANYONE):
        store.listings.remove(known.id)
        return True
    return False


def _start_reading(store: FederationStore, actor: str, page: str, now: datetime) -> None:
    store.catch_ups.start(actor, page=page, at=now)


def _heard(store: FederationStore, host: str, now: datetime) -> None:
    if store.hosts.find(host).failures:
        store.hosts.heard(host, now)


def _schedule(store: FederationStore, actor: str, due: datetime) -> None:
    store.comparisons.schedule(actor, host=host_of(actor), due=due)


def _put(store: FederationStore, comparison: Comparison) -> None:
    store.comparisons.put(comparison)


def _forget(store: FederationStore, actor: str) -> None:
    store.comparisons.forget(actor)
