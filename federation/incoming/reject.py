"""Reject: somebody does not let, or no longer lets, an actor of this node follow (AP 7.7)."""

from catalogue import following
from catalogue.following import Move
from federation.incoming import accept
from federation.incoming.said import Said
from federation.mapping.values import Document
from federation.ports import FederationStore


def needs(store: FederationStore, activity: Document) -> list[str]:
    """Nothing: we know whom we asked."""
    return accept.needs(store, activity)


def apply(store: FederationStore, said: Said) -> None:
    """Note the answer and stop reading their catalogue."""
    follow = accept.find_follow(store, said)
    if follow is not None:
        following.answered(store, follow, Move.REJECT)
        store.catch_ups.finish(said.actor)
        store.comparisons.forget(said.actor)
