"""Relays: actors that pass on what others publish, so that nodes find listings without following.

A relay is followed like anybody else, and announces listings by their id (FEP-ae0c, the LitePub
kind). Each is fetched from its own address, so a relay can bring but never forge. What came this
way is kept up to date by its author's own activities, and forgotten with the relay.
"""

from catalogue import following
from catalogue.errors import Conflict, NotFound
from catalogue.listings import forget_author
from catalogue.model import Follow, FollowState, Role
from federation.incoming.listing import is_wanted
from federation.ports import FederationStore

_ALIVE = frozenset({FollowState.PENDING, FollowState.ACCEPTED})


def add(store: FederationStore, actor: str) -> Follow:
    """Follow an actor as a relay.

    Raises Conflict for one that is followed for itself: leaving the relay would end that, too.
    """
    follow = store.follows.find_between(store.addresses.catalogue, actor)
    if follow is not None and follow.state in _ALIVE and not store.relays.has(actor):
        raise Conflict(f"'{actor}' is followed already; unfollow it first to make it a relay")
    store.relays.add(actor, store.clock.now())
    return following.request_for_node(store, actor)


def remove(store: FederationStore, actor: str) -> int:
    """Leave a relay; return how many listings of authors that nobody here follows were forgotten.

    Raises NotFound for an actor that is no relay of this node.
    """
    if not store.relays.remove(actor):
        raise NotFound(f"'{actor}' is no relay of this node")
    us = store.addresses.catalogue
    follow = store.follows.find_between(us, actor)
    if follow is not None and follow.state in _ALIVE:
        following.withdraw(store, follower=us, followed=actor)
    if store.relays.list_all():
        return 0
    authors = store.actors.list_by_role(Role.AFFILIATE)
    return sum(
        forget_author(store, author.uri)
        for author in authors
        if not store.addresses.is_ours(author.uri) and not is_wanted(store, author.uri)
    )
