"""Changing keys: new ones beside the old, and the old ones gone when nobody needs them any more.

1. :func:`rotate` lets the old pair sign no more and the new pair from now on. The actor's document
   shows the new RSA key (there is one, because several servers read no list) and both Ed25519 keys;
   its followers get an ``Update``.
2. For :data:`~federation.keyring.OVERLAP` the old Ed25519 key stays published, so that the proofs
   it made can be verified wherever their documents are.
3. Then :func:`renew_next` makes the proofs in stored activities anew, a few at a time, and the old
   keys are destroyed.

A key that was stolen is replaced with no overlap: step 3 begins at once.
"""

from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from catalogue.errors import Conflict
from catalogue.events import ActorChanged
from catalogue.listings import just_after
from federation.keyring import OVERLAP, Keyring, is_overlapping
from federation.mapping.values import to_bytes
from federation.model import OwnKey, Sent
from federation.ports import Database, FederationStore
from federation.signatures.integrity import proof_of
from federation.strictjson import parse_object

BATCH = 32  # activities renewed in one transaction, which others wait for


def rotate(
    store: FederationStore, owner: str, keys: list[OwnKey], *, overlap: timedelta = OVERLAP
) -> None:
    """Put ``keys`` in the place of an actor's keys, which are published for ``overlap`` still.

    Raises Conflict when a key of this address is there already.
    """
    now = store.clock.now()
    taken = {key.uri for key in store.keys.list_own(owner)}
    if any(key.uri in taken for key in keys):
        raise Conflict("these keys were changed a moment ago")
    store.keys.retire_own(owner, now - (OVERLAP - overlap))
    for key in keys:
        store.keys.put_own(key)
    actor = store.actors.find_by_uri(owner)
    if actor is not None:
        store.actors.put(replace(actor, updated=max(now, just_after(actor.updated))))
        store.events.record(ActorChanged(actor=owner))


class Place(NamedTuple):
    """Where renewing stands: a key that is to go, and the last activity that was looked at."""

    key: OwnKey
    after: str | None


async def tidy_keys(database: Database, keyring: Keyring) -> None:
    """Destroy the keys whose overlap is over, when nothing stored needs them any more."""
    place = await database.read(next_place)
    while place is not None:
        place = await database.write(renew_next, keyring, place)


def next_place(store: FederationStore) -> Place | None:
    """Return the first key whose overlap is over, or None."""
    now = store.clock.now()
    expired = (
        key
        for key in store.keys.list_own()
        if key.retired is not None and not is_overlapping(key, now)
    )
    return next((Place(key, None) for key in expired), None)


def renew_next(store: FederationStore, keyring: Keyring, place: Place) -> Place | None:
    """Renew some of the activities that a key proves; destroy the key when there are no more.

    Returns where to go on, or None when no key is left to go.
    """
    key = place.key
    needle = to_bytes({"verificationMethod": key.uri})[1:-1]
    sent = store.activities.list_containing(key.owner, needle, after=place.after, limit=BATCH)
    for each in sent:
        _renew(store, keyring, each)
    if len(sent) == BATCH:
        return Place(key, sent[-1].uri)
    store.keys.drop_own(key.uri)
    return next_place(store)


def _renew(store: FederationStore, keyring: Keyring, sent: Sent) -> None:
    """Prove an activity by the new key, at the time of its former proof.

    A recent proof lets anybody pass an activity on, so a proof that is made anew is none the newer.
    """
    document = parse_object(sent.body)
    proof = proof_of(document)
    at = proof.created if proof and proof.created else sent.published
    renewed = keyring.prove(store, document, owner=sent.actor, at=at)
    store.activities.replace_body(sent.uri, to_bytes(renewed))
