"""Follow: an actor of this node wants another's news (AP 6.5)."""

from typing import Any

from catalogue.model import Follow
from federation.vocabulary import SIGNED_CONTEXT


def build(follow: Follow) -> dict[str, Any]:
    """Return the Follow."""
    return {"@context": SIGNED_CONTEXT, **embedded(follow), "to": [follow.followed]}


def embedded(follow: Follow) -> dict[str, Any]:
    """Return a Follow as an answer embeds it: plain, with ids only."""
    return {
        "id": follow.uri,
        "type": "Follow",
        "actor": follow.follower,
        "object": follow.followed,
    }
