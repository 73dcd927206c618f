"""The header by which a delivery says what its sender has open (in the spirit of FEP-8fcf).

::

    Collection-Synchronization: collectionId="https://hub.example/actors/catalogue/proposals",
        url="https://hub.example/actors/catalogue/digest", digest="…64 hex digits…"

It goes to nodes of the exchange with the last letter that waits for them. It is a hint and nothing
more: whoever gets it looks at the sender's own digest before doing anything.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalogue.addresses import CATALOGUE_HANDLE, Path
from catalogue.digest import audiences_of
from catalogue.policy import ANYONE, Viewer
from federation.guard import host_of
from federation.ports import FederationStore

HEADER = "Collection-Synchronization"
MAX_LENGTH = 4096  # characters of the header

_PART = re.compile(r'\s*([A-Za-z]{1,20})="([^"\\]{0,2048})"\s*(?:,|$)')
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What a sender says: the digest of one of its collections."""

    collection: str
    digest: bytes


def viewer_at(store: FederationStore, host: str) -> Viewer:
    """Return what a host is to this node: a peer when a node there follows our catalogue."""
    follows = store.follows.list_from(host)
    ours = store.addresses.catalogue
    nodes = [each.follower for each in follows if each.followed == ours]
    if not any(party.is_exchange for party in store.parties.find_many(nodes).values()):
        return ANYONE
    followed = {each.followed for each in follows if store.addresses.is_ours(each.followed)}
    return Viewer(is_peer=True, follows=frozenset(followed - {ours}))


def header_for(store: FederationStore, inbox: str) -> dict[str, str]:
    """Return the header for a letter to ``inbox``; none where no node of the exchange is."""
    viewer = viewer_at(store, host_of(inbox))
    if not viewer.is_peer:
        return {}
    addresses = store.addresses
    digest, _ = store.digests.whole(addresses.authority, audiences_of(viewer))
    collection = addresses.at(Path.ACTOR_PROPOSALS, handle=CATALOGUE_HANDLE)
    url = addresses.at(Path.CATALOGUE_DIGEST)
    return {HEADER: f'collectionId="{collection}", url="{url}", digest="{digest.hex()}"'}


def hint_in(lines: Sequence[str]) -> Hint | None:
    """Return what the lines of the header say, or None for what says nothing that we know."""
    if len(lines) != 1 or len(lines[0]) > MAX_LENGTH:
        return None
    parts = dict(_PART.findall(lines[0]))
    digest = parts.get("digest", "")
    if "collectionId" not in parts or not _DIGEST.fullmatch(digest):
        return None
    return Hint(collection=parts["collectionId"], digest=bytes.fromhex(digest))


def note_hint(
    store: FederationStore, host: str, hint: Hint, *, due: datetime, rest: timedelta
) -> None:
    """Have a followed catalogue compared by ``due``, if it may differ from what is here.

    Nothing is done for a collection that is not known to be the catalogue's of that host, and
    after one comparison there is a ``rest``.
    """
    for comparison in store.comparisons.list_at(host):
        party = store.parties.find(comparison.actor)
        if party is not None and party.proposals == hint.collection:
            rested = comparison.asked + rest if comparison.asked else due
            store.comparisons.hint(comparison.actor, digest=hint.digest, due=max(due, rested))
