"""A node that is not followed any more is forgotten, and can come back later."""

from datetime import timedelta

from catalogue import following, listings
from catalogue.following import Move
from catalogue.listings import forget_node
from catalogue.model import FollowState, Role
from tests.samples import BLOG, HERE, NOW, SOUTH, actor, follow, listing

CATALOGUE = f"https://{SOUTH}/actors/catalogue"


def fill(store):
    store.actors.put(actor("catalogue", role=Role.CATALOGUE))
    store.actors.put(actor("far"))
    for number in range(3):
        listings.take_in(store, listing(number), b"{}")
    listings.take_in(store, listing(9, node=BLOG), b"{}")


def held(store):
    return [
        number for number in (0, 1, 2, 9) if store.listings.find(f"listing-{number:04}") is not None
    ]


def test_forgotten_node_takes_nothing_else_along(store):
    fill(store)
    assert forget_node(store, SOUTH) == 3
    assert held(store) == [9]
    assert forget_node(store, SOUTH) == 0


def test_forgotten_listing_may_come_back(store):
    fill(store)
    forget_node(store, SOUTH)
    assert listings.take_in(store, listing(1), b"{}") is listings.Taken.NEW


def test_unfollowed_catalogue_is_forgotten(store):
    fill(store)
    store.follows.put(follow(HERE.catalogue, CATALOGUE))
    following.withdraw(store, follower=HERE.catalogue, followed=CATALOGUE)
    assert held(store) == [9]


def test_catalogue_that_rejects_us_is_forgotten(store):
    fill(store)
    known = follow(HERE.catalogue, CATALOGUE)
    store.follows.put(known)
    following.answered(store, known, Move.REJECT)
    assert held(store) == [9]


def test_accepted_catalogue_is_kept(store):
    fill(store)
    known = follow(HERE.catalogue, CATALOGUE, FollowState.PENDING)
    store.follows.put(known)
    following.answered(store, known, Move.ACCEPT)
    assert held(store) == [0, 1, 2, 9]


def test_follower_that_leaves_changes_nothing_here(store):
    fill(store)
    known = follow(CATALOGUE, HERE.catalogue)
    store.follows.put(known)
    following.left(store, known)
    assert held(store) == [0, 1, 2, 9]


def test_one_affiliate_unfollowed_forgets_nothing(store):
    fill(store)
    store.follows.put(follow(HERE.catalogue, f"https://{SOUTH}/actors/far"))
    following.withdraw(store, follower=HERE.catalogue, followed=f"https://{SOUTH}/actors/far")
    assert held(store) == [0, 1, 2, 9]


def test_closed_listings_are_forgotten_too(store):
    store.actors.put(actor("catalogue", role=Role.CATALOGUE))
    listings.take_in(store, listing(1, until=NOW + timedelta(hours=1)), b"{}")
    store.clock.pass_by(hours=2)
    assert forget_node(store, SOUTH) == 1
