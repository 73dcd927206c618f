"""Undo: somebody takes back a Follow (ActivityPub 7.9)."""

from catalogue import following
from federation.incoming.said import Said
from federation.mapping.values import Document, id_of
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
    if follow is not None and follow.follower == said.actor:
        following.left(store, follow)
