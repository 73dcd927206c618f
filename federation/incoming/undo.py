"""Undo: somebody takes back a Follow (ActivityPub 7.9).

An Undo that overtakes its Follow is remembered, so the Follow is ignored.
"""

from catalogue import following
from federation.guard import same_origin
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
    follow = store.follows.find(id_of(content) or "")
    if follow is None and isinstance(content, dict) and content.get("type") == "Follow":
        follow = store.follows.find_between(said.actor, id_of(content.get("object")) or "")
        if (address := uri(content)) and same_origin(address, said.actor):
            store.tombstones.bury(address, by=said.actor, at=said.received)
    if follow is not None and follow.follower == said.actor:
        following.left(store, follow)
