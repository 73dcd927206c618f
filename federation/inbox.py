"""The door for activities: every check that can be made before one is kept, then 202.

Steps, cheap ones first, and nothing is written before the last:

1. size, media type and JSON (limits of :mod:`federation.strictjson`)
2. ``id``, ``actor`` and ``type``; id and actor of one origin, and not ours (FEP-fe34)
3. a Delete of an actor that nobody here knows: answered 202 and dropped, without asking for its key
4. what is signed, by whom, when, for whom, and the digest of the body (draft-cavage or RFC 9421)
5. the key, from the shelf or its owner's server; it must be the actor's own, unless the activity
   carries a proof of the actor (FEP-8b32): then anybody may have passed it on
6. the signature; after a failure once more with the key fetched anew
7. the actor's proof, if there is one, in the same way; a bad one is refused however good the
   signature, because it has precedence (FEP-8b32)
8. neither signer nor actor nor their hosts are blocked, whose keys are not even asked for; and
   there are not too many letters, of the signer or in all
9. kept on disk under its id, an Update under its id and content; a repeat changes nothing
   (ActivityPub 7.1.2)
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from catalogue.addresses import Addresses
from catalogue.ports import Clock
from federation.admission import Admission, is_peer, refuse_blocked
from federation.errors import (
    GiveUp,
    Malformed,
    Overloaded,
    Refused,
    TooLarge,
    TryLater,
    Unauthenticated,
    UnsupportedMedia,
)
from federation.guard import host_of, same_origin
from federation.hints import HEADER, hint_in
from federation.letterbox import Kept, Letterbox
from federation.mapping.values import Document, get_id, id_of, string
from federation.ports import Database, FederationStore
from federation.remote import is_activity_type
from federation.resolver import Resolver
from federation.settings import Settings
from federation.signatures.canonical import canonical
from federation.signatures.claim import Claim, claim_of
from federation.signatures.integrity import Proof, check_moment, proof_by, verify_proof
from federation.signatures.keys import PublicKey
from federation.signatures.request import SignedRequest
from federation.strictjson import parse_object

BUSY = timedelta(seconds=1)
CROWD = 8  # letters at the door at once
FRESH = timedelta(seconds=1)  # how long it is known who is a peer, and how much waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A request as it stands at the door."""

    content_type: str
    body: bytes
    request: SignedRequest
    client: str | None = None  # whom it is counted for; None for this node's own side


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
        admission: Admission | None = None,
    ) -> None:
        self._database = database
        self._letterbox = Letterbox(database, clock, settings)
        self._resolver = resolver
        self._admission = admission or Admission(settings.rates)
        self._addresses = addresses
        self._clock = clock
        self._settings = settings
        self._last_letter: datetime | None = None
        self._standing_at = datetime.min.replace(tzinfo=UTC)
        self._waiting = 0
        self._peers: set[str] = set()  # who proved to be one within the last moment

    @property
    def is_busy(self) -> bool:
        """Say whether somebody was at the door a moment ago."""
        last = self._last_letter
        return last is not None and self._clock.now() - last < BUSY

    @property
    def is_crowded(self) -> bool:
        """Say whether more letters are being taken in now than a calm node ever has."""
        return self._admission.inside > CROWD

    async def take(self, letter: Letter) -> bool:
        """Take one letter in; return False for one that was here before or needs no keeping.

        Raises Refused for what will not do, TryLater when the sender's key cannot be had now.
        """
        self._last_letter = self._clock.now()
        with self._admission.one_more():
            return await self._take(letter)

    async def _take(self, letter: Letter) -> bool:
        activity = self._read(letter)
        actor = self._sender(activity)
        try:
            if _is_farewell(activity) and not await self._database.read(_is_known, actor):
                return False
            proof = proof_by(activity, actor)
            signer = await self._signer(claim_of(letter.request), None if proof else actor)
            if proof is not None:
                await self._verify_proof(activity, proof, actor, is_relayed=signer != actor)
        except (Refused, TryLater):  # whoever is blocked hears of that first (H64)
            await self._database.read(refuse_blocked, actor)
            raise
        await self._count(activity, signer, letter.client)
        return await self._letterbox.keep(
            Kept(
                uri=_name(activity),
                actor=actor,
                signer=signer,
                body=letter.body,
                hint=hint_in(letter.request.headers.get(HEADER.lower(), ())),
            )
        )

    async def _count(self, activity: Document, actor: str, client: str | None) -> None:
        """Count a letter that is authentic; raise TooMany or Overloaded for one too many."""
        now = self._clock.now()
        if now - self._standing_at > FRESH:
            self._standing_at = now
            self._peers.clear()
            self._waiting = await self._database.read(_count_waiting)
        if 0 < self._settings.rates.backlog <= self._waiting:
            raise Overloaded("this node has too many letters to work on")
        near = actor in self._peers or await self._database.read(is_peer, actor)
        if near:
            self._peers.add(actor)
            self._admission.greet(client)
        self._admission.letter(actor, describe(activity), is_peer=near)

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

    async def _signer(self, claim: Claim, expected: str | None) -> str:
        """Return whose key signed a request; Unauthenticated if it is not the one expected."""
        claim.check(now=self._clock.now(), window=self._settings.clock_window)
        if self._addresses.is_ours(claim.key_uri):
            raise Unauthenticated("this node does not write to itself")
        if expected is not None and not same_origin(claim.key_uri, expected):
            raise Unauthenticated("the key belongs to another server than the actor")
        return await self._verify(claim.key_uri, expected, claim.verify)

    async def _verify_proof(
        self, activity: Document, proof: Proof, actor: str, *, is_relayed: bool
    ) -> None:
        """Raise Unauthenticated unless the actor's proof holds.

        A proof that stands in for the signature must be of now, too: whoever has an activity could
        send it again once its id is forgotten here. Beside a signature, that one says when it was
        sent: what a wrong clock has dated ahead may come once the clock is right.
        """
        if is_relayed:
            check_moment(proof, now=self._clock.now(), oldest=self._settings.proof_age)
        await self._verify(
            proof.verification_method, actor, lambda key: verify_proof(activity, proof, key)
        )

    async def _verify(
        self, key_uri: str, expected: str | None, verify: Callable[[PublicKey], None]
    ) -> str:
        """Ask whether a key verifies, after a failure once more fetched anew; return its owner."""
        found = await self._resolver.find_key(key_uri)
        if expected is not None and found.owner != expected:
            raise Unauthenticated("the key belongs to somebody else than the actor")
        try:
            verify(found.key)
        except Unauthenticated:
            fresh = await self._resolver.refresh_key(key_uri)
            if fresh is None or fresh.owner != found.owner:
                raise
            verify(fresh.key)
        return found.owner

    async def reader(self, request: SignedRequest) -> str | None:
        """Return the URI of the actor that signed a GET, or None for one that nobody signed well.

        Whoever signs badly is treated as a stranger: what is public is for them too. Asked only for
        what is not public, so that two servers never wait for each other's keys.
        """
        if not request.headers.get("signature"):
            return None
        try:
            owner = await self._signer(claim_of(request), None)
            await self._hear(host_of(owner))
        except (Refused, TryLater, GiveUp):
            return None
        return owner

    async def _hear(self, host: str) -> None:
        """Note that a host lives, when it was thought not to: a signed GET says so as well."""
        if await self._database.read(_is_in_trouble, host):
            await self._database.write(_heard, host, self._clock.now())


def _name(activity: Document) -> str:
    """Return what an activity is remembered by: its id, and for an Update what it says as well.

    GoToSocial and Takahe send every edit of a post under one id, and only the first would count.
    The content counts in its canonical form, so nobody makes a new one of it with a blank.
    """
    address = get_id(activity)
    if activity["type"] != "Update":
        return address
    try:
        content = canonical(dict(activity))
    except ValueError as error:
        raise Malformed("an Update has a value that has no canonical form") from error
    return f"{address} {hashlib.sha256(content).hexdigest()[:32]}"


def _is_farewell(activity: Document) -> bool:
    """Say whether an actor deletes itself; many servers tell everyone they ever met."""
    return activity["type"] == "Delete" and id_of(activity.get("object")) == id_of(
        activity.get("actor")
    )


def _is_in_trouble(store: FederationStore, host: str) -> bool:
    return store.hosts.find(host).failures > 0 and not store.hosts.is_blocked(host)


def _heard(store: FederationStore, host: str, now: datetime) -> None:
    store.hosts.heard(host, now)


def _is_known(store: FederationStore, actor: str) -> bool:
    return store.parties.find(actor) is not None


def _count_waiting(store: FederationStore) -> int:
    return store.inbox.count_pending()


def describe(activity: Document) -> str:
    """Return what an activity is, for a log line: its type and nothing that a stranger wrote."""
    return string(activity.get("type"), 40)
