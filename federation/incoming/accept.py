"""Accept: somebody lets an actor of this node follow them (ActivityPub 7.6).

When it is a node's catalogue, everything it has open is read next, page by page.
"""

from datetime import timedelta

from catalogue import following
from catalogue.following import Move
from catalogue.model import Follow, FollowState
from federation.guard import host_of
from federation.incoming.said import Said
from federation.mapping.values import Document, id_of
from federation.ports import FederationStore

AFTER_READING = timedelta(seconds=10)  # the catalogues are compared, lest something slipped by


def needs(store: FederationStore, activity: Document) -> list[str]:
    """Nothing: we know whom we asked."""
    del store, activity
    return []


def apply(store: FederationStore, said: Said) -> None:
    """Note the answer and begin to read the catalogue."""
    follow = find_follow(store, said)
    if follow is None:
        return
    before = follow.state
    after = following.answered(store, follow, Move.ACCEPT)
    party = store.parties.find(said.actor)
    fresh = before is not after.state and after.state is FollowState.ACCEPTED
    if fresh and party is not None and party.proposals is not None:
        now = store.clock.now()
        store.catch_ups.start(said.actor, page=party.proposals, at=now)
        if party.is_exchange:
            due = now + AFTER_READING
            store.comparisons.schedule(said.actor, host=host_of(said.actor), due=due)


def find_follow(store: FederationStore, said: Said) -> Follow | None:
    """Return our follow that an answer is about, if it is the followed one who answers (H36).

    Some servers embed the Follow under an id of their own making: then the two actors name it. An
    id of ours that stands for no follow any more is what we asked before.
    """
    content = said.activity.get("object")
    address = id_of(content) or ""
    follow = store.follows.find(address)
    if (
        follow is None
        and isinstance(content, dict)
        and content.get("type") == "Follow"
        and not store.addresses.is_ours(address)
    ):
        follower, followed = id_of(content.get("actor")), id_of(content.get("object"))
        if follower is not None and followed == said.actor:
            follow = store.follows.find_between(follower, said.actor)
    if follow is None or follow.followed != said.actor:
        return None
    return follow if store.addresses.is_ours(follow.follower) else None
