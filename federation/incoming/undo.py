"""Undo: somebody takes back a Follow or a Block (ActivityPub 7.9).

An Undo that overtakes its Follow is remembered, so the Follow is ignored.
"""

from catalogue import following
from federation.guard import same_origin
from federation.incoming import block
from federation.incoming.said import Said
from federation.mapping.values import Document, id_of, uri
from federation.ports import FederationStore


def needs(store: FederationStore, activity: Document) -> list[str]:
    """Nothing: what is undone was said before."""
    del store, activity
    return []


def apply(store: FederationStore, said: Said) -> None:
    """End the follow, when it is the follower who undoes it (FEP-fe34)."""
    content = said.activity.get("object")
    if not isinstance(content, dict) or content.get("type") == "Block":
        block.undo(store, said)
    follow = store.follows.find(id_of(content) or "")
    if follow is None and isinstance(content, dict) and content.get("type") == "Follow":
        address = uri(content)
        if address and same_origin(address, said.actor):
            store.tombstones.bury(address, by=said.actor, at=said.received)
        if not address or not _is_exact(store, said.actor, address):
            follow = store.follows.find_between(said.actor, id_of(content.get("object")) or "")
    if follow is not None and follow.follower == said.actor:
        following.left(store, follow)


def _is_exact(store: FederationStore, actor: str, address: str) -> bool:
    """Say whether an Undo can be about no other Follow than the one it names.

    Some servers name one under an id of their own making. But a Follow that came under this id is
    an earlier one, and nodes of the exchange always mean what they name: an Undo that comes late
    must not end the follow that was asked for after it.
    """
    party = store.parties.find(actor)
    return store.inbox.has(address) or (party is not None and party.is_exchange)
