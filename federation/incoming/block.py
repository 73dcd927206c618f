"""Block: an actor elsewhere wants nothing from an actor of this node (ActivityPub 6.9).

Servers tell us so that we stop sending. Neither follows the other from then on, and an Undo lifts
it. Who blocks whom is shown to nobody.
"""

from catalogue.following import left, withdraw
from catalogue.model import FollowState
from federation.incoming.said import Said
from federation.mapping.values import Document, get_id, id_of
from federation.ports import FederationStore

MAX_REFUSALS = 10_000
_STANDING = frozenset({FollowState.PENDING, FollowState.ACCEPTED})


def needs(store: FederationStore, activity: Document) -> list[str]:
    """Nothing: whom it is about is ours, and who says it was checked at the door."""
    del store, activity
    return []


def apply(store: FederationStore, said: Said) -> None:
    """End the follows between the two, and send no more."""
    ours = id_of(said.activity.get("object"))
    actor = store.actors.find_by_uri(ours) if ours else None
    if ours is None or actor is None or actor.node != store.addresses.authority:
        return
    uri = get_id(said.activity)
    store.blocks.refuse(said.actor, ours, uri=uri, at=said.received, most=MAX_REFUSALS)
    theirs = store.follows.find_between(said.actor, ours)
    if theirs is not None and theirs.state in _STANDING:
        left(store, theirs)
    mine = store.follows.find_between(ours, said.actor)
    if mine is not None and mine.state in _STANDING:
        withdraw(store, follower=ours, followed=said.actor)
        store.catch_ups.finish(said.actor)
    party = store.parties.find(said.actor)
    if party is not None:
        store.blocks.drop_deliveries(party.inbox)


def undo(store: FederationStore, said: Said) -> None:
    """Send again, when the one who blocked takes it back; the Block may be named by its id."""
    content = said.activity.get("object")
    blocked = id_of(content.get("object")) if isinstance(content, dict) else None
    if named := blocked or id_of(content):
        store.blocks.relent(said.actor, named)
