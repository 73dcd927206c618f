"""The door for activities: every check that can be made before one is kept, then 202.

Steps, cheap ones first, and nothing is written before the last:

1. size, media type and JSON (limits of :mod:`federation.strictjson`)
2. ``id``, ``actor`` and ``type``; id and actor of one origin, and not ours (FEP-fe34)
3. a Delete of an actor that nobody here knows: answered 202 and dropped, without asking for its key
4. what is signed, by whom, when, for whom, and the digest of the body (draft-cavage)
5. the key, from the shelf or its owner's server; it must be the actor's own
6. the signature; after a failure once more with the key fetched anew
7. the actor's host is not blocked; a blocked one is not even asked for its key
8. kept on disk under its id; a repeat changes nothing (ActivityPub 7.1.2)
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from catalogue.addresses import Addresses
from catalogue.ports import Clock
from federation.errors import (
    Forbidden,
    GiveUp,
    Malformed,
    Refused,
    TooLarge,
    TryLater,
    Unauthenticated,
    UnsupportedMedia,
)
from federation.guard import host_of, same_origin
from federation.mapping.values import Document, get_id, id_of, string
from federation.ports import Database, FederationStore
from federation.remote import is_activity_type
from federation.resolver import Resolver
from federation.settings import Settings
from federation.signatures import cavage
from federation.signatures.cavage import SignatureParams, SignedRequest
from federation.strictjson import parse_object

BUSY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A request as it stands at the door."""

    content_type: str
    body: bytes
    request: SignedRequest


class Inbox:
    """Takes activities in."""

    def __init__(
        self,
        database: Database,
        resolver: Resolver,
        *,
        addresses: Addresses,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._database = database
        self._resolver = resolver
        self._addresses = addresses
        self._clock = clock
        self._settings = settings
        self._last_letter: datetime | None = None

    @property
    def is_busy(self) -> bool:
        """Say whether somebody was at the door a moment ago."""
        last = self._last_letter
        return last is not None and self._clock.now() - last < BUSY

    async def take(self, letter: Letter) -> bool:
        """Take one letter in; return False for one that was here before or needs no keeping.

        Raises Refused for what will not do, TryLater when the sender's key cannot be had now.
        """
        self._last_letter = self._clock.now()
        activity = self._read(letter)
        actor = self._sender(activity)
        if _is_farewell(activity) and not await self._database.read(_is_known, actor):
            return False
        params = cavage.signature_of(letter.request.headers)
        await self._verify(params, letter.request, actor)
        return await self._database.write(
            _remember, get_id(activity), actor, letter.body, self._clock.now()
        )

    def _read(self, letter: Letter) -> Document:
        if not is_activity_type(letter.content_type):
            raise UnsupportedMedia("send application/activity+json")
        if len(letter.body) > self._settings.inbox_bytes:
            raise TooLarge(f"at most {self._settings.inbox_bytes} bytes")
        return parse_object(letter.body)

    def _sender(self, activity: Document) -> str:
        """Return who says this; raise Unauthenticated for a sender that cannot say it."""
        address, actor = get_id(activity), get_id(activity, "actor")
        if not isinstance(activity.get("type"), str):
            raise Malformed("'type' must be one string")
        if self._addresses.is_ours(actor):
            raise Unauthenticated("this node does not write to itself")
        if not same_origin(address, actor):
            raise Unauthenticated("the activity's id belongs to another server than its actor")
        return actor

    async def _verify(self, params: SignatureParams, request: SignedRequest, actor: str) -> None:
        now, window = self._clock.now(), self._settings.clock_window
        cavage.check_request(params, request, now=now, window=window)
        if not same_origin(params.key_uri, actor):
            raise Unauthenticated("the key belongs to another server than the actor")
        found = await self._resolver.find_key(params.key_uri)
        if found.owner != actor:
            raise Unauthenticated("the key belongs to somebody else than the actor")
        try:
            cavage.verify(params, request, found.key, now=now, window=window)
        except Unauthenticated:
            fresh = await self._resolver.refresh_key(params.key_uri)
            if fresh is None or fresh.owner != actor:
                raise
            cavage.verify(params, request, fresh.key, now=now, window=window)

    async def reader(self, request: SignedRequest) -> str | None:
        """Return the URI of the actor that signed a GET, or None for one that nobody signed well.

        Whoever signs badly is treated as a stranger: what is public is for them too. Asked only for
        what is not public, so that two servers never wait for each other's keys.
        """
        if not request.headers.get("signature"):
            return None
        try:
            params = cavage.signature_of(request.headers)
            if self._addresses.is_ours(params.key_uri):
                return None
            now, window = self._clock.now(), self._settings.clock_window
            cavage.check_request(params, request, now=now, window=window)
            owner = (await self._resolver.find_key(params.key_uri)).owner
            await self._verify(params, request, owner)
        except (Refused, TryLater, GiveUp):
            return None
        return owner


def _is_farewell(activity: Document) -> bool:
    """Say whether an actor deletes itself; many servers tell everyone they ever met."""
    return activity["type"] == "Delete" and id_of(activity.get("object")) == id_of(
        activity.get("actor")
    )


def _is_known(store: FederationStore, actor: str) -> bool:
    return store.parties.find(actor) is not None


def _remember(store: FederationStore, uri: str, actor: str, body: bytes, now: datetime) -> bool:
    host = host_of(actor)
    if store.hosts.is_blocked(host):
        raise Forbidden("this node does not take anything from your host")
    store.hosts.heard(host, now)
    return store.inbox.remember(uri, actor=actor, body=body, at=now)


def describe(activity: Document) -> str:
    """Return what an activity is, for a log line: its type and nothing that a stranger wrote."""
    return string(activity.get("type"), 40)
