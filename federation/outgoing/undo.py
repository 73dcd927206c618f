"""Undo: an actor of this node no longer follows another (AP 6.10)."""

from typing import Any

from catalogue.model import Follow
from federation.outgoing.follow import embedded
from federation.vocabulary import SIGNED_CONTEXT


def build(follow: Follow, uri: str) -> dict[str, Any]:
    """Return the Undo, with the Follow embedded."""
    return {
        "@context": SIGNED_CONTEXT,
        "id": uri,
        "type": "Undo",
        "actor": follow.follower,
        "to": [follow.followed],
        "object": embedded(follow),
    }
