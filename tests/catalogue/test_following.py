"""Following, move by move; H36 at the level of the table."""

from itertools import product

import pytest

from catalogue import following
from catalogue.errors import Conflict, NotFound
from catalogue.events import FollowAnswered, FollowRequested, FollowWithdrawn
from catalogue.following import MOVES, Move, after
from catalogue.model import FollowState
from tests.samples import HERE, NOW, follow

P, A, R, U = FollowState.PENDING, FollowState.ACCEPTED, FollowState.REJECTED, FollowState.UNDONE
US, THEM = HERE.catalogue, "https://south.example/actors/catalogue"

EXPECTED = {
    (P, Move.ACCEPT): A,
    (P, Move.REJECT): R,
    (P, Move.UNDO): U,
    (A, Move.REJECT): R,
    (A, Move.UNDO): U,
    (R, Move.REQUEST): P,
    (U, Move.REQUEST): P,
}


def test_table_is_what_was_agreed():
    assert dict(MOVES) == EXPECTED


@pytest.mark.parametrize(("state", "move"), list(product(FollowState, Move)))
def test_every_move_is_declared_or_refused(state, move):
    if (state, move) in EXPECTED:
        assert after(state, move) is EXPECTED[state, move]
    else:
        with pytest.raises(Conflict, match=f"{state}.*{move}"):
            after(state, move)


def events(store):
    return [event for _, event in store.events.next_pending(10)]


def test_request_is_stored_and_told(store):
    asked = following.request(store, follower=US, followed=THEM, verb_uri="https://hub.example/f/1")
    assert (asked.state, asked.created, asked.updated) == (P, NOW, NOW)
    assert store.follows.find("https://hub.example/f/1") == asked
    assert events(store) == [FollowRequested(follow=asked)]


def test_request_asked_again_changes_nothing(store):
    first = following.request(store, follower=US, followed=THEM, verb_uri="https://hub.example/f/1")
    again = following.request(store, follower=US, followed=THEM, verb_uri="https://hub.example/f/2")
    assert again == first
    following.answered(store, first, Move.ACCEPT)
    still = following.request(store, follower=US, followed=THEM, verb_uri="https://hub.example/f/3")
    assert still.state is A
    assert events(store) == [FollowRequested(follow=first)]


def test_request_that_nobody_answered_for_an_hour_is_sent_again_under_its_id(store):
    asked = following.request(store, follower=US, followed=THEM, verb_uri="https://hub.example/f/1")
    told = [FollowRequested(follow=asked)]
    for minutes, is_told in ((59, False), (1, True), (59, False), (1, True)):
        store.clock.pass_by(minutes=minutes)
        again = following.request(
            store, follower=US, followed=THEM, verb_uri="https://hub.example/f/2"
        )
        told += [FollowRequested(follow=again)] if is_told else []
        assert (again.uri, again.state, again.created) == (asked.uri, P, NOW)
        assert events(store) == told
    following.answered(store, again, Move.ACCEPT)
    store.clock.pass_by(hours=2)
    following.request(store, follower=US, followed=THEM, verb_uri="https://hub.example/f/3")
    assert events(store) == told


@pytest.mark.parametrize("state", [R, U])
def test_request_may_be_made_anew(store, state):
    store.follows.put(follow(US, THEM, state, "https://hub.example/f/1"))
    asked = following.request(store, follower=US, followed=THEM, verb_uri="https://hub.example/f/2")
    assert asked.state is P
    assert store.follows.find("https://hub.example/f/1") is None
    assert store.follows.find_between(US, THEM) == asked


def test_nobody_follows_themselves(store):
    with pytest.raises(Conflict):
        following.request(store, follower=US, followed=US, verb_uri="https://hub.example/f/1")
    assert events(store) == []


@pytest.mark.parametrize("state", [P, A])
def test_withdraw_ends_a_follow(store, state):
    store.follows.put(follow(US, THEM, state))
    gone = following.withdraw(store, follower=US, followed=THEM)
    assert gone.state is U
    assert store.follows.list_following(US) == []
    assert events(store) == [FollowWithdrawn(follow=gone)]


@pytest.mark.parametrize("state", [R, U])
def test_withdraw_of_what_is_over_is_refused(store, state):
    store.follows.put(follow(US, THEM, state))
    with pytest.raises(Conflict):
        following.withdraw(store, follower=US, followed=THEM)
    assert events(store) == []


def test_withdraw_of_nothing_is_not_found(store):
    store.follows.put(follow(THEM, US))  # the other way round
    with pytest.raises(NotFound):
        following.withdraw(store, follower=US, followed=THEM)


def test_welcome_accepts_and_answers_each_time(store):
    first = following.welcome(store, uri="https://south.example/f/1", follower=THEM, followed=US)
    store.clock.pass_by(hours=1)
    again = following.welcome(store, uri="https://south.example/f/2", follower=THEM, followed=US)
    assert (again.state, again.created, again.uri) == (A, NOW, "https://south.example/f/2")
    assert store.follows.list_followers(US) == [again]
    assert events(store) == [FollowAnswered(follow=first), FollowAnswered(follow=again)]


@pytest.mark.parametrize(
    ("state", "move", "expected"),
    [
        (P, Move.ACCEPT, A),
        (P, Move.REJECT, R),
        (A, Move.REJECT, R),
        (A, Move.ACCEPT, A),
        (R, Move.ACCEPT, R),
        (U, Move.ACCEPT, U),  # H36: already undone
        (U, Move.REJECT, U),
    ],
)
def test_answer_is_noted_where_it_makes_sense(store, state, move, expected):
    known = follow(US, THEM, state)
    store.follows.put(known)
    assert following.answered(store, known, move).state is expected
    found = store.follows.find_between(US, THEM)
    assert found is not None
    assert found.state is expected


@pytest.mark.parametrize("state", [P, A, U, R])
def test_whoever_left_is_gone_and_may_say_so_twice(store, state):
    known = follow(THEM, US, state)
    store.follows.put(known)
    following.left(store, known)
    assert store.follows.list_followers(US) == []
