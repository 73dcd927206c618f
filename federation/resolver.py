"""Finding actors, keys and objects: the shelf first, then their own server, then WebFinger.

What comes back is believed only as far as its origin reaches (FEP-fe34): a document counts when its
``id`` is the address it was fetched from, or when it is fetched anew from its id at the same
origin; a key counts when its owner's own document lists it.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from catalogue.addresses import Addresses, Path
from catalogue.ports import Clock
from federation.admission import Admission, is_peer
from federation.errors import FederationError, GiveUp, Malformed, TryLater, Unauthenticated
from federation.guard import host_of, same_origin
from federation.incoming.actor import shelve_actor
from federation.mapping.actor import claimed_acct
from federation.mapping.values import id_of, items, string, types_of, uri
from federation.model import KnownKey, Party
from federation.ports import Database, FederationStore
from federation.remote import Fetched, Remote
from federation.settings import Settings
from federation.signatures.keys import PublicKey, load_key
from federation.vocabulary import ACTIVITY_JSON, ACTOR_TYPES, LD_JSON

log = logging.getLogger(__name__)

LOADED_KEYS = 4096  # keys kept ready for use
MISSING_KEYS = 4096  # keys remembered as not to be had


class OwnedKey(NamedTuple):
    """A public key, ready for use, the actor whose document lists it, and when it was loaded."""

    owner: str
    key: PublicKey
    at: datetime


class _Tried(NamedTuple):
    """When a key was last looked for, and whether its server could not be asked at all."""

    at: datetime
    may_be_had_later: bool


class Resolver:
    """The one way to learn about the actors, keys and objects of other servers."""

    def __init__(
        self,
        database: Database,
        remote: Remote,
        *,
        addresses: Addresses,
        clock: Clock,
        settings: Settings,
        admission: Admission | None = None,
    ) -> None:
        self._database = database
        self._remote = remote
        self._admission = admission or Admission(settings.rates)
        self._addresses = addresses
        self._clock = clock
        self._settings = settings
        self._keys: OrderedDict[str, OwnedKey] = OrderedDict()
        self._tried: OrderedDict[str, _Tried] = OrderedDict()
        self._under_way: dict[str, asyncio.Task[Party]] = {}
        self._sought: dict[str, asyncio.Task[None]] = {}

    # -- objects ------------------------------------------------------------------------------

    async def fetch_object(self, address: str, *, collection: bool = False) -> Fetched:
        """Fetch an object from its own address; ask again at its id when that differs (FEP-fe34).

        Raises GiveUp when what comes back is not what was asked for.
        """
        fetched = await self._fetch(address, collection=collection)
        said = id_of(fetched.document)
        if said is None:
            raise GiveUp(f"the document at {host_of(address)} has no id")
        if said == _bare(address):
            return fetched
        if not same_origin(said, address):
            raise GiveUp("the document says it belongs to another server")
        again = await self._fetch(said, collection=collection)
        if id_of(again.document) != said:
            raise GiveUp("the document has another id than its address")
        return again

    async def _fetch(self, address: str, *, collection: bool) -> Fetched:
        if self._addresses.is_ours(address):
            raise GiveUp("this node does not ask itself")
        await self._refuse_blocked(host_of(address))
        if collection:
            return await self._remote.get_object(
                address,
                total_seconds=30.0,
                max_nodes=200_000,
                max_bytes=self._settings.page_bytes,
            )
        return await self._remote.get_object(_bare(address))

    async def _refuse_blocked(self, host: str) -> None:
        if await self._database.read(_is_blocked, host):
            raise GiveUp(f"{host} is blocked here")

    # -- actors -------------------------------------------------------------------------------

    async def find_party(self, address: str) -> Party:
        """Return how an actor is reached, from the shelf or from its server."""
        known = await self._database.read(lambda store: store.parties.find(address))
        return known or await self.refresh_actor(address)

    async def refresh_actor(self, address: str) -> Party:
        """Fetch an actor from its server and shelve it; callers at one time share one fetch."""
        task = self._under_way.get(address)
        if task is None:
            task = asyncio.create_task(self._learn_actor(address))
            self._under_way[address] = task
            task.add_done_callback(lambda _: self._under_way.pop(address, None))
        return await asyncio.shield(task)

    async def _learn_actor(self, address: str) -> Party:
        fetched = await self.fetch_object(address)
        return await self._take_in_actor(fetched.document)

    async def _take_in_actor(self, document: dict[str, Any]) -> Party:
        """Shelve an actor by its document from its own address; its keys are loaded anew."""
        acct = await self._agreed_acct(document)
        party = await self._database.write(shelve_actor, document, acct)
        for key_uri in [each for each, key in self._keys.items() if key.owner == party.uri]:
            self._keys.pop(key_uri, None)
        return party

    async def find_actor(self, reference: str) -> str:
        """Return the URI of an actor named by ``@name@host``, ``name@host`` or its URL.

        Raises GiveUp or TryLater when there is none to be found.
        """
        if reference.startswith(("https://", "http://")):
            return (await self.refresh_actor(reference)).uri
        name, _, host = reference.removeprefix("acct:").removeprefix("@").partition("@")
        if not name or not host or "/" in host:
            raise Malformed(f"'{reference}' is neither name@host nor an address")
        return await self._by_webfinger(f"{name}@{host}", host)

    async def _by_webfinger(self, acct: str, host: str) -> str:
        """Ask a host for one of its names, and hold its actor to the same name (RFC 7033; L12)."""
        await self._refuse_blocked(host)
        address = await self._named(acct, host)
        if address is None:
            raise GiveUp(f"{host} knows nobody called {acct}")
        party = await self.refresh_actor(address)
        actor = await self._database.read(lambda store: store.actors.find_by_uri(party.uri))
        if actor is None or actor.acct.lower() != acct.lower():
            raise GiveUp(f"{host} and the actor do not agree that it is called {acct}")
        return party.uri

    async def _named(self, acct: str, host: str) -> str | None:
        """Return the actor that a host calls ``acct`` (RFC 7033), None where it calls nobody so."""
        scheme = "http" if self._settings.policy.allow_http else "https"
        question = f"{scheme}://{host}{Path.WEBFINGER}?resource={quote(f'acct:{acct}')}"
        answer = await self._remote.get_jrd(question)
        found = (
            uri(link.get("href"))
            for link in items(answer.get("links"))
            if isinstance(link, dict)
            and link.get("rel") == "self"
            and string(link.get("type"), 200) in {ACTIVITY_JSON, LD_JSON}
        )
        return next(filter(None, found), None)

    async def _agreed_acct(self, document: dict[str, Any]) -> str | None:
        """Return the name that an actor claims, when the host in it says the same (FEP-2c59, L12).

        A host that cannot be asked, or is blocked, agrees to nothing.
        """
        try:
            acct = claimed_acct(document)
            if acct is None:
                return None
            host = acct.rpartition("@")[2]
            if host == self._addresses.authority or await self._database.read(_is_blocked, host):
                return None
            return acct if await self._named(acct, host) == id_of(document) else None
        except FederationError:
            return None

    # -- keys ---------------------------------------------------------------------------------

    async def find_key(self, key_uri: str) -> OwnedKey:
        """Return a public key with the actor that lists it as its own.

        Raises Unauthenticated when there is none, TryLater when its server cannot be asked now.
        """
        loaded = self._keys.get(key_uri)
        # The shelf is asked again after a while: an Update may have taken the key away.
        if loaded is None or self._clock.now() - loaded.at >= self._settings.key_refresh:
            known = await self._database.read(lambda store: store.keys.known(key_uri))
            if known is None:
                await self._seek_key(key_uri, self._settings.key_missing)
                known = await self._database.read(lambda store: store.keys.known(key_uri))
            loaded = self._load(key_uri, known)
        return loaded

    async def refresh_key(self, key_uri: str) -> OwnedKey | None:
        """Fetch a key anew after it failed, at most once in a while; None when it is too soon."""
        is_sought = key_uri in self._sought
        if not is_sought and self._tried_within(key_uri, self._settings.key_refresh):
            return None
        await self._seek_key(key_uri, self._settings.key_refresh)
        return await self.find_key(key_uri)

    async def _seek_key(self, key_uri: str, pause: timedelta) -> None:
        """Look for a key at its server, once in ``pause``; callers at one time share one search."""
        is_near = await self._database.read(is_peer, _bare(key_uri))
        task = self._sought.get(key_uri)
        if task is None:
            if tried := self._tried_within(key_uri, pause):
                if not tried.may_be_had_later:
                    raise Unauthenticated("the key was not to be had a moment ago")
                if self._tried_within(key_uri, min(pause, self._settings.key_unreachable)):
                    raise TryLater("the server of the key could not be asked a moment ago")
            self._admission.seek_key(host_of(key_uri), is_peer=is_near)
            self._note_tried(key_uri, may_be_had_later=False)
            task = asyncio.create_task(self._learn_key(key_uri))
            self._sought[key_uri] = task
            task.add_done_callback(lambda _: self._sought.pop(key_uri, None))
        await asyncio.shield(task)

    async def _learn_key(self, key_uri: str) -> None:
        """Fetch the document behind a key and, where that is not its owner's, that one (H15)."""
        try:
            fetched = await self._fetch(_bare(key_uri), collection=False)
            owner = _owner_of_key(fetched.document)
            if owner is None or not same_origin(owner, key_uri):
                raise Unauthenticated("the key does not say whose it is")
            if owner == id_of(fetched.document) == _bare(key_uri):
                await self._take_in_actor(fetched.document)
            else:
                await self.refresh_actor(owner)
        except (GiveUp, Malformed) as error:
            raise Unauthenticated(f"the key cannot be had: {error}") from error
        except TryLater:
            self._note_tried(key_uri, may_be_had_later=True)
            raise
        self._keys.pop(key_uri, None)

    def _load(self, key_uri: str, known: KnownKey | None) -> OwnedKey:
        if known is None:
            raise Unauthenticated("the actor does not list this key as its own")
        self._keys[key_uri] = OwnedKey(known.owner, load_key(known.material), self._clock.now())
        while len(self._keys) > LOADED_KEYS:
            self._keys.popitem(last=False)
        return self._keys[key_uri]

    def _tried_within(self, key_uri: str, pause: timedelta) -> "_Tried | None":
        tried = self._tried.get(key_uri)
        return tried if tried is not None and self._clock.now() - tried.at < pause else None

    def _note_tried(self, key_uri: str, *, may_be_had_later: bool) -> None:
        self._tried[key_uri] = _Tried(self._clock.now(), may_be_had_later)
        self._tried.move_to_end(key_uri)
        while len(self._tried) > MISSING_KEYS:
            self._tried.popitem(last=False)

    async def fetch_all(self, addresses: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Fetch objects and actors that an activity needs; actors are shelved.

        What cannot be had for good is left out; TryLater ends the whole.
        """
        found: dict[str, dict[str, Any]] = {}
        for address in list(addresses)[: self._settings.page_fetches]:
            try:
                fetched = await self.fetch_object(address)
            except (GiveUp, Malformed) as error:
                log.info(
                    "left out what cannot be had", extra={"uri": address, "reason": str(error)}
                )
                continue
            if types_of(fetched.document) & ACTOR_TYPES:
                await self._shelve(fetched.document)
            found[address] = fetched.document
        return found

    async def _shelve(self, document: dict[str, Any]) -> None:
        try:
            acct = await self._agreed_acct(document)
            await self._database.write(shelve_actor, document, acct)
        except FederationError as error:
            log.info("left out an actor", extra={"reason": str(error)})


def _is_blocked(store: FederationStore, host: str) -> bool:
    return store.hosts.is_blocked(host)


def _owner_of_key(document: dict[str, Any]) -> str | None:
    """Return the actor that a key document names; an actor's own document names itself."""
    if types_of(document) & ACTOR_TYPES or "inbox" in document:
        return uri(document)
    return uri(document.get("owner")) or uri(document.get("controller"))


def _bare(address: str) -> str:
    return address.partition("#")[0]
