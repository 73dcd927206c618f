"""Accept and Reject: an actor of this node answers a follower (AP 6.6, 6.7)."""

from typing import Any

from catalogue.model import Follow, FollowState
from federation.outgoing.follow import embedded
from federation.vocabulary import SIGNED_CONTEXT

VERBS = {FollowState.ACCEPTED: "Accept", FollowState.REJECTED: "Reject"}


def build(follow: Follow, uri: str) -> dict[str, Any]:
    """Return the answer that the follow's state says, with the Follow embedded."""
    return {
        "@context": SIGNED_CONTEXT,
        "id": uri,
        "type": VERBS[follow.state],
        "actor": follow.followed,
        "to": [follow.follower],
        "object": embedded(follow),
    }
