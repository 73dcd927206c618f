"""Move: both places must say it, and nobody else (FEP-7628)."""

from dataclasses import replace
from typing import Any

import pytest

from catalogue import listings, moving
from catalogue.addresses import Addresses
from catalogue.model import FollowState
from federation.mapping.proposal import to_note
from tests.federation.test_incoming import dump, held, note, says
from tests.federation.world import (
    CATALOGUE,
    DELTA,
    FAN,
    FAR,
    THEIR_CATALOGUE,
    know_affiliate,
    know_node,
    let_follow,
)
from tests.samples import NOW, SOUTH, TAXONOMY, content, listing

WEST = "west.example"
NEW = f"https://{WEST}/actors/far"
OLD_LISTING = listing(7, id="7")
NEW_LISTING = listing(8, id="8", node=WEST, same_as=(OLD_LISTING.uri,))


def change(store, uri: str, **changes: Any) -> None:
    store.actors.put(replace(store.actors.find_by_uri(uri), **changes))


@pytest.fixture
def near(home):
    """A node that follows another's catalogue, whose affiliate has a new place elsewhere."""
    know_node(home)
    know_affiliate(home)
    know_affiliate(home, NEW)
    let_follow(home, CATALOGUE, THEIR_CATALOGUE)
    change(home, NEW, also_known_as=(FAR,))
    return home


def moves(store, by: str = FAR, old: str = FAR, new: str = NEW) -> list[str]:
    return says(store, "Move", old, by=by, target=new)


def follow_of(store, uri: str) -> FollowState | None:
    found = store.follows.find_between(CATALOGUE, uri)
    return found.state if found else None


def test_new_place_is_asked_and_followed(near):
    assert moves(near) == [NEW]
    assert follow_of(near, NEW) is FollowState.PENDING
    assert near.actors.find_by_uri(FAR).moved_to == NEW


def test_new_place_may_say_it_when_the_old_one_does(near):
    assert moves(near, by=NEW) == [FAR]
    assert follow_of(near, NEW) is None  # the old one has said nothing
    change(near, FAR, moved_to=NEW)
    moves(near, by=NEW)
    assert follow_of(near, NEW) is FollowState.PENDING


@pytest.mark.parametrize("by", [FAN, THEIR_CATALOGUE, f"https://{SOUTH}/actors/neighbour"])
def test_nobody_else_moves_anybody(near, by):
    change(near, FAR, moved_to=NEW)
    before = dump(near)
    assert moves(near, by=by) == []
    assert dump(near) == before


def test_place_that_does_not_say_so_is_not_followed(near):
    change(near, NEW, also_known_as=())
    before = dump(near)
    moves(near)
    assert dump(near) == before


def test_place_at_a_blocked_host_is_not_followed(near):
    """What cannot be asked would be pending for ever."""
    near.hosts.block(WEST, at=NOW, reason="")
    moves(near)
    assert follow_of(near, NEW) is None


@pytest.mark.parametrize("blocked", [FAR, NEW])
def test_blocked_actor_takes_nobody_along(near, blocked):
    near.blocks.put_actor(blocked, at=NOW, reason="")
    change(near, FAR, moved_to=NEW)
    for by in (FAR, NEW):
        moves(near, by=by)
    assert follow_of(near, NEW) is None


def test_follow_of_the_old_place_ends(near):
    let_follow(near, CATALOGUE, FAR)
    moves(near)
    assert (follow_of(near, FAR), follow_of(near, NEW)) == ("undone", "pending")


def test_move_of_whom_nobody_hears_asks_for_nothing(home):
    know_affiliate(home)
    know_affiliate(home, NEW)
    change(home, NEW, also_known_as=(FAR,))
    assert moves(home) == []
    assert follow_of(home, NEW) is None


def test_own_affiliate_cannot_be_moved_from_outside(near):
    change(near, NEW, also_known_as=(FAR, DELTA))
    before = dump(near)
    assert moves(near, by=NEW, old=DELTA) == []
    assert dump(near) == before


def test_move_said_twice_changes_nothing_more(near):
    moves(near)
    before = dump(near)
    moves(near)
    assert dump(near) == before


# -- listings that take another's place -----------------------------------------------------------


@pytest.mark.parametrize("first", ["Move", "Create"])
def test_old_listing_makes_way_whatever_comes_first(near, first):
    says(near, "Create", note())
    let_follow(near, CATALOGUE, NEW)
    steps = [lambda: moves(near), lambda: says(near, "Create", successor(), by=NEW)]
    for step in steps if first == "Move" else reversed(steps):
        step()
    assert held(near) == [NEW_LISTING.uri]
    says(near, "Create", note())
    assert held(near) == [NEW_LISTING.uri]  # and it stays away


def test_own_listing_makes_way_for_its_author_alone(near):
    ours = listings.publish(near, content(), by="delta")
    said = {**successor(), "sameAs": [ours.uri]}
    says(near, "Create", said, by=NEW)
    assert held(near) == [ours.uri]
    change(near, NEW, also_known_as=(DELTA,))  # it says so, and delta does not
    says(near, "Update", said, by=NEW)
    assert held(near) == [ours.uri]
    moving.leave(near, "delta", near.actors.find_by_uri(NEW))
    for by in (FAR, FAN):
        says(near, "Create", said, by=by)
        assert held(near) == [ours.uri]
    says(near, "Create", said, by=NEW)
    assert held(near) == []
    assert near.tombstones.deleted_at(ours.uri) == NOW


def successor() -> dict[str, Any]:
    return to_note(NEW_LISTING, TAXONOMY, Addresses(f"https://{WEST}"))
