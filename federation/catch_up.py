"""Reading a peer's whole open catalogue, page by page, when it lets us follow it.

The place is written down after every page, so a crash goes on where it was. A page carries whole
listings with their authors' proofs; only a listing without one is fetched by itself. Reading stops
at a page limit, and never leaves the catalogue's own origin.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalogue.ports import Clock
from federation.errors import GiveUp, Malformed, Refused, TryLater
from federation.guard import same_origin
from federation.incoming.listing import is_proven, try_keep, unknown_author
from federation.lanes import Lanes
from federation.mapping.proposal import is_proposal, owner_of
from federation.mapping.values import Document, id_of, types_of, uri
from federation.model import CatchUp
from federation.ports import Database, FederationStore
from federation.resolver import Resolver
from federation.settings import Settings

log = logging.getLogger(__name__)

MAX_ITEMS = 500  # of one page


@dataclass(frozen=True, slots=True)
class CollectionPage:
    """A page of a collection: its listings, the ids of those not embedded, where to go on."""

    embedded: list[dict[str, Any]]
    named: list[str]
    next: str | None


class Reader:
    """Reads peers' catalogues."""

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
        """Build it; ``wake`` is called when a page has been read."""
        self._database = database
        self._resolver = resolver
        self._clock = clock
        self._settings = settings
        self._chance = chance
        self._reading = Lanes(wake)

    async def work(self) -> int:
        """Begin to read the next page of every catalogue that is due; return how many."""
        now = self._clock.now()
        due = await self._database.read(lambda store: store.catch_ups.list_due(now))
        fresh = [reading for reading in due if reading.actor not in self._reading]
        for reading in fresh:
            self._reading.open(reading.actor, self._read(reading))
        return len(fresh)

    async def close(self) -> None:
        """End what is being read; it goes on at the same page at the next start."""
        await self._reading.close()

    async def _read(self, reading: CatchUp) -> None:
        try:
            page = await self._fetch(reading)
            await self._take_in(reading, page)
        except TryLater as error:
            await self._put_off(reading, str(error))
        except (Refused, GiveUp) as error:
            log.warning(
                "cannot read a catalogue", extra={"actor": reading.actor, "reason": str(error)}
            )
            await self._database.write(_finish, reading.actor)
        except Exception as error:
            log.exception("a catalogue made us stumble", extra={"actor": reading.actor})
            await self._put_off(reading, type(error).__name__)

    async def _fetch(self, reading: CatchUp) -> CollectionPage:
        fetched = await self._resolver.fetch_object(reading.page, collection=True)
        return page_of(fetched.document, reading.actor)

    async def _take_in(self, reading: CatchUp, page: CollectionPage) -> None:
        await self._learn_authors(page.embedded)
        proven, unproven = await self._database.read(_sorted_by_proof, page.embedded)
        alone = await self._fetch_each(
            await self._database.read(_still_unknown, [*page.named, *unproven])
        )
        await self._learn_authors(alone)
        more = reading.pages + 1 < self._settings.catch_up_pages and page.next != reading.page
        await self._database.write(
            _keep_all,
            reading.actor,
            [*proven, *alone],
            page.next if more else None,
            self._clock.now(),
        )

    async def _learn_authors(self, documents: list[dict[str, Any]]) -> None:
        await self._fetch_each(await self._database.read(_unknown_authors, documents))

    async def _fetch_each(self, addresses: list[str]) -> list[dict[str, Any]]:
        """Fetch what a page names, a few at a time; what cannot be had is left out."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(addresses), self._settings.page_fetches):
            part = addresses[start : start + self._settings.page_fetches]
            found += (await self._resolver.fetch_all(part)).values()
        return found

    async def _put_off(self, reading: CatchUp, reason: str) -> None:
        delay = self._settings.retry.delay(reading.attempts + 1, chance=self._chance())
        if self._settings.retry.is_over(reading.attempts + 1):
            await self._database.write(_finish, reading.actor)
            return
        due = self._clock.now() + delay
        await self._database.write(_postpone, reading.actor, due, reason)


def page_of(document: Document, actor: str) -> CollectionPage:
    """Read a collection or one of its pages (AS2 Collections); raise Malformed for neither."""
    if not types_of(document) & {
        "Collection",
        "OrderedCollection",
        "CollectionPage",
        "OrderedCollectionPage",
    }:
        raise Malformed("what should be a collection is none")
    found = document.get("orderedItems", document.get("items", []))
    listed = found[:MAX_ITEMS] if isinstance(found, list) else []
    following = document.get("next") or (document.get("first") if not listed else None)
    if isinstance(following, dict):
        raise Malformed("a page stands inside another document")
    address = id_of(following)
    return CollectionPage(
        embedded=[each for each in listed if is_proposal(each) and _is_near(id_of(each), actor)],
        named=[each for each in listed if isinstance(each, str) and _is_near(each, actor)],
        next=address if _is_near(address, actor) else None,
    )


def _is_near(address: str | None, actor: str) -> bool:
    try:
        return address is not None and same_origin(address, actor)
    except Malformed:
        return False


def _unknown_authors(store: FederationStore, documents: list[dict[str, Any]]) -> list[str]:
    found = (author for each in documents for author in unknown_author(store, each))
    return list(dict.fromkeys(found))


def _sorted_by_proof(
    store: FederationStore, documents: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the listings with a valid proof, and the ids of those without one."""
    proven: list[dict[str, Any]] = []
    unproven: list[str] = []
    for document in documents:
        if is_proven(store, document):
            proven.append(document)
        elif address := uri(document):
            unproven.append(address)
    return proven, unproven


def _still_unknown(store: FederationStore, addresses: list[str]) -> list[str]:
    return [each for each in addresses if store.listings.find_by_uri(each) is None]


def _keep_all(
    store: FederationStore,
    actor: str,
    documents: list[dict[str, Any]],
    next_page: str | None,
    now: datetime,
) -> None:
    for document in documents:
        if author := owner_of(document):
            try_keep(store, document, author)
    if next_page is None:
        store.catch_ups.finish(actor)
    else:
        store.catch_ups.advance(actor, page=next_page, at=now)


def _finish(store: FederationStore, actor: str) -> None:
    store.catch_ups.finish(actor)


def _postpone(store: FederationStore, actor: str, due: datetime, reason: str) -> None:
    store.catch_ups.postpone(actor, due=due, reason=reason)
