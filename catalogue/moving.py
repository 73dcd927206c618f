"""Moving: an affiliate leaves one node for another and keeps its followers and its listings.

The two nodes agree in three steps, each taken by the affiliate's own steward (FEP-7628):

1. the new node says that its actor is *also known as* the old one
2. the old node says that the actor has *moved to* the new one, once it has seen that
3. the new node publishes the old listings as its own, each naming the one whose place it takes;
   every node that hears of it, the old one too, lets the old listing go

One side's word alone moves nobody: :func:`has_moved` asks both.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from catalogue import listings
from catalogue.errors import Conflict, NotFound
from catalogue.events import ActorChanged, ActorMoved
from catalogue.following import request_for_node, withdraw
from catalogue.model import Actor, FollowState, Listing, Role
from catalogue.policy import MEMBER
from catalogue.ports import Store
from catalogue.search import MAX_LIMIT, Query

MAX_ALIASES = 10


def has_moved(old: Actor, new: Actor) -> bool:
    """Say whether both actors agree that ``old`` lives on as ``new``."""
    return old.moved_to == new.uri and old.uri in new.also_known_as


def add_alias(store: Store, handle: str, alias: str) -> Actor:
    """Say that an affiliate of this node is the same as an actor elsewhere."""
    affiliate = get_affiliate(store, handle)
    if store.addresses.is_ours(alias):
        raise Conflict("an affiliate cannot be known as another of the same node")
    if alias in affiliate.also_known_as:
        return affiliate
    if len(affiliate.also_known_as) >= MAX_ALIASES:
        raise Conflict(f"an affiliate has at most {MAX_ALIASES} other addresses")
    return _change(store, replace(affiliate, also_known_as=(*affiliate.also_known_as, alias)))


def remove_alias(store: Store, handle: str, alias: str) -> Actor:
    """Take back that an affiliate is the same as an actor elsewhere."""
    affiliate = get_affiliate(store, handle)
    if alias not in affiliate.also_known_as:
        raise NotFound(f"'{handle}' is not known as {alias}")
    others = tuple(each for each in affiliate.also_known_as if each != alias)
    return _change(store, replace(affiliate, also_known_as=others))


def leave(store: Store, handle: str, target: Actor) -> Actor:
    """Say that an affiliate of this node lives at ``target`` now; its followers are told.

    Its listings stay until the new node has published them. Raises Conflict when the target does
    not say that it is the same, or when one of the two has moved before.
    """
    affiliate = get_affiliate(store, handle)
    if affiliate.moved_to is not None:
        raise Conflict(f"'{handle}' has moved to {affiliate.moved_to} already")
    if affiliate.uri not in target.also_known_as:
        raise Conflict(
            f"{target.uri} does not say that it is also known as {affiliate.uri}: "
            "first give the alias there"
        )
    if target.moved_to is not None:
        raise Conflict(f"{target.uri} has moved on to {target.moved_to}")
    moved = _change(store, replace(affiliate, moved_to=target.uri))
    store.events.record(ActorMoved(actor=moved.uri, target=target.uri))
    return moved


def follow_along(store: Store, old: Actor, new: Actor, *, was_wanted: bool) -> None:
    """Take over that an actor of another node has moved.

    One that was heard here, by itself or with all of its node, is followed at its new place.
    """
    if was_wanted and not store.addresses.is_ours(new.uri):
        request_for_node(store, new.uri)
    us = store.addresses.catalogue
    follow = store.follows.find_between(us, old.uri)
    if follow is not None and follow.state in {FollowState.PENDING, FollowState.ACCEPTED}:
        withdraw(store, follower=us, followed=old.uri)
    for listing in _listings_by(store, new.uri):
        make_way(store, listing)


def bring(store: Store, handle: str, found: Iterable[Listing]) -> list[Listing]:
    """Publish what an affiliate has left at its old node; return what was not here already.

    Raises Conflict when one's author is nobody whom the affiliate is also known as, or when the
    affiliate has moved on.
    """
    affiliate = get_affiliate(store, handle)
    if affiliate.moved_to is not None:
        raise Conflict(f"'{handle}' has moved to {affiliate.moved_to} and publishes there")
    here = {uri for each in _listings_by(store, affiliate.uri) for uri in each.same_as}
    brought = []
    for left in found:
        if left.by not in affiliate.also_known_as:
            raise Conflict(f"'{handle}' is not known as {left.by}")
        if left.uri not in here:
            here.add(left.uri)
            brought.append(listings.put_out(store, left.content, affiliate, same_as=(left.uri,)))
    return brought


def make_way(store: Store, successor: Listing) -> int:
    """Let the listings go whose place a moved author's listing takes; return how many."""
    return sum(give_way(store, uri, to=successor.by) for uri in successor.same_as)


def give_way(store: Store, uri: str, *, to: str) -> bool:
    """Let a listing go that ``to`` has published anew, if its author has moved there."""
    listing = store.listings.find_by_uri(uri)
    if listing is None:
        return False
    old, new = store.actors.find_by_uri(listing.by), store.actors.find_by_uri(to)
    if old is None or new is None or not has_moved(old, new):
        return False
    if listing.node == store.addresses.authority:
        listings.delete(store, listing.id)
        return True
    return listings.take_out(store, uri, by=listing.by, at=store.clock.now())


def get_affiliate(store: Store, handle: str) -> Actor:
    """Return an affiliate of this node by its handle; raise NotFound."""
    found = store.actors.find_by_handle(handle, store.addresses.authority)
    if found is None or found.role is not Role.AFFILIATE:
        raise NotFound(f"there is no affiliate '{handle}' on this node")
    return found


def _change(store: Store, actor: Actor) -> Actor:
    changed = replace(actor, updated=max(store.clock.now(), listings.just_after(actor.updated)))
    store.actors.put(changed)
    store.events.record(ActorChanged(actor=changed.uri))
    return changed


def _listings_by(store: Store, author: str) -> Iterator[Listing]:
    """Give every listing of an author, open or closed."""
    cursor: str | None = None
    while True:
        query = Query(by=author, status=None, limit=MAX_LIMIT, cursor=cursor, viewer=MEMBER)
        page = store.listings.search(query, store.clock.now())
        yield from (hit.listing for hit in page.hits)
        if page.next is None:
            return
        cursor = page.next
