"""This node and its neighbours on a store: actors, parties, follows."""

from collections.abc import Iterable

from catalogue.model import FollowState, Role
from federation.model import OwnKey
from node.storage.store import NodeStore
from tests.samples import BLOG, HERE, SOUTH, actor, follow, party

DELTA = HERE.actor("delta")
CATALOGUE = HERE.catalogue
THEIR_CATALOGUE = f"https://{SOUTH}/actors/catalogue"
FAR = f"https://{SOUTH}/actors/far"
FAN = f"https://{BLOG}/users/fan"
FRIEND = "https://friend.example/users/friend"


def settle(store: NodeStore, keys: Iterable[OwnKey]) -> None:
    node = HERE.authority
    store.actors.put(actor(node, node=node, uri=HERE.instance, role=Role.INSTANCE))
    store.actors.put(actor("catalogue", node=node, role=Role.CATALOGUE, name="Our hub"))
    store.actors.put(actor("delta", node=node))
    for key in keys:
        store.keys.put_own(key)


def know_node(store: NodeStore, node: str = SOUTH, **boxes: str) -> str:
    """Know another node's catalogue; return its URI."""
    uri = f"https://{node}/actors/catalogue"
    store.actors.put(actor("catalogue", node=node, role=Role.CATALOGUE))
    store.parties.put(party(uri, proposals=f"{uri}/proposals", **boxes))
    return uri


def know_person(store: NodeStore, uri: str = FAN, **boxes: str) -> str:
    """Know somebody on a server that is no node of the exchange; return their URI."""
    name = uri.rpartition("/")[2]
    store.actors.put(actor(name, node=uri.split("/")[2], uri=uri, role=Role.OTHER))
    store.parties.put(party(uri, type="Person", **boxes))
    return uri


def know_affiliate(store: NodeStore, uri: str = FAR) -> str:
    name = uri.rpartition("/")[2]
    store.actors.put(actor(name, node=uri.split("/")[2], uri=uri))
    store.parties.put(party(uri, type="Organization"))
    return uri


def let_follow(
    store: NodeStore, follower: str, followed: str, state: FollowState = FollowState.ACCEPTED
) -> None:
    store.follows.put(follow(follower, followed, state))
