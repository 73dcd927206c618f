"""Moving from node to node: who may say what, and how much it costs (FEP-7628)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from catalogue import listings, moving
from catalogue.errors import Conflict
from catalogue.model import Status
from tests.samples import HERE, NOW, SOUTH, actor, listing, statements

DELTA = HERE.actor("delta")
THERE = f"https://{SOUTH}/actors/delta"


@pytest.fixture
def delta(store):
    """An affiliate of this node that says it was at another before."""
    found = actor("delta", node=HERE.authority, also_known_as=(THERE,))
    store.actors.put(found)
    return found


def left(count: int):
    return [listing(number, by=THERE, node=SOUTH) for number in range(count)]


def test_each_change_has_a_time_of_its_own(store, delta):
    """Times travel in whole seconds, and a change that has its own is told by itself."""
    times = [moving.add_alias(store, "delta", f"https://{SOUTH}/{n}").updated for n in range(3)]
    times.append(moving.remove_alias(store, "delta", THERE).updated)
    assert times == [NOW + timedelta(seconds=number) for number in (1, 2, 3, 4)]


def test_listings_are_brought_once(store, delta):
    assert len(moving.bring(store, "delta", left(3))) == 3
    assert moving.bring(store, "delta", left(3)) == []
    assert [each.same_as for each in moving.bring(store, "delta", [*left(4), *left(4)])] == [
        (left(4)[3].uri,)
    ]


def test_what_was_closed_here_is_not_brought_again(store, delta):
    [brought] = moving.bring(store, "delta", left(1))
    listings.close(store, brought.id)
    assert moving.bring(store, "delta", left(1)) == []
    assert store.listings.find(brought.id).status is Status.CLOSED


def test_bringing_asks_once_for_what_is_here(store, delta):
    moving.bring(store, "delta", left(120))
    with statements(store) as asked:
        assert moving.bring(store, "delta", left(120)) == []
    many = len(asked)
    with statements(store) as asked:
        assert moving.bring(store, "delta", left(1)) == []
    assert many == len(asked)


def test_nothing_of_somebody_else_is_brought(store, delta):
    with pytest.raises(Conflict):
        moving.bring(store, "delta", [*left(1), listing(9, by=f"https://{SOUTH}/actors/else")])


def test_whoever_has_moved_on_brings_nothing(store, delta):
    store.actors.put(replace(delta, moved_to="https://third.example/actors/delta"))
    with pytest.raises(Conflict, match="has moved to"):
        moving.bring(store, "delta", left(1))


def test_nobody_moves_to_where_nobody_lives_any_more(store, delta):
    new = actor("delta", also_known_as=(DELTA,), moved_to="https://third.example/actors/delta")
    with pytest.raises(Conflict, match="has moved on"):
        moving.leave(store, "delta", new)
    assert store.actors.find_by_uri(DELTA) == delta
    assert moving.leave(store, "delta", replace(new, moved_to=None)).moved_to == new.uri


def test_move_needs_the_word_of_the_new_place(store, delta):
    with pytest.raises(Conflict, match="does not say"):
        moving.leave(store, "delta", actor("delta"))
