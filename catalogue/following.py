"""Following: one table of states and moves, checked when this module loads.

::

    pending ──accept──▶ accepted ──reject──▶ rejected
       │  └───reject──────────────────────────▲
       └──undo──▶ undone ◀──undo── accepted
    rejected, undone ──request──▶ pending

Whoever is followed answers; whoever follows asks and undoes.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from catalogue.errors import Conflict, NotFound
from catalogue.events import FollowAnswered, FollowRequested, FollowWithdrawn
from catalogue.listings import forget_node
from catalogue.model import Follow, FollowState, Role
from catalogue.ports import Store

ASKED_AGAIN = timedelta(hours=1)  # after which a request without an answer may be sent once more


class Move(StrEnum):
    """What can happen to a follow."""

    REQUEST = "request"
    ACCEPT = "accept"
    REJECT = "reject"
    UNDO = "undo"


MOVES: Mapping[tuple[FollowState, Move], FollowState] = {
    (FollowState.PENDING, Move.ACCEPT): FollowState.ACCEPTED,
    (FollowState.PENDING, Move.REJECT): FollowState.REJECTED,
    (FollowState.PENDING, Move.UNDO): FollowState.UNDONE,
    (FollowState.ACCEPTED, Move.REJECT): FollowState.REJECTED,
    (FollowState.ACCEPTED, Move.UNDO): FollowState.UNDONE,
    (FollowState.REJECTED, Move.REQUEST): FollowState.PENDING,
    (FollowState.UNDONE, Move.REQUEST): FollowState.PENDING,
}

_UNREACHED = set(FollowState) - {FollowState.PENDING} - set(MOVES.values())
_DEAD_ENDS = set(FollowState) - {state for state, _ in MOVES}
if _UNREACHED or _DEAD_ENDS:
    raise AssertionError(f"no way in: {_UNREACHED}; no way out: {_DEAD_ENDS}")


def after(state: FollowState, move: Move) -> FollowState:
    """Return the state that ``move`` leads to; raise Conflict for one the table does not know."""
    try:
        return MOVES[state, move]
    except KeyError:
        raise Conflict(f"a follow that is {state} cannot be changed by {move}") from None


def request(store: Store, *, follower: str, followed: str, verb_uri: str) -> Follow:
    """Ask to follow: an actor of this node wants another's news.

    Asking again while one is pending or accepted changes nothing and returns what there is; but one
    that nobody answered for an hour is sent again. It keeps its id, so that an answer to either
    counts, and whoever has it already sees a repeat.
    """
    if follower == followed:
        raise Conflict("nobody can follow themselves")
    known, now = store.follows.find_between(follower, followed), store.clock.now()
    if known is not None and known.state in {FollowState.PENDING, FollowState.ACCEPTED}:
        if known.state is FollowState.PENDING and now - known.updated >= ASKED_AGAIN:
            known = replace(known, updated=now)
            store.follows.put(known)
            store.events.record(FollowRequested(follow=known))
        return known
    follow = Follow(
        uri=verb_uri,
        follower=follower,
        followed=followed,
        state=after(known.state, Move.REQUEST) if known else FollowState.PENDING,
        created=now,
        updated=now,
    )
    store.follows.put(follow)
    store.events.record(FollowRequested(follow=follow))
    return follow


def request_for_node(store: Store, followed: str) -> Follow:
    """Ask, in the catalogue's name, to follow an actor: to share a node's listings, or hear one."""
    addresses = store.addresses
    verb_uri = addresses.activity("follow", store.ids.new())
    return request(store, follower=addresses.catalogue, followed=followed, verb_uri=verb_uri)


def withdraw(store: Store, *, follower: str, followed: str) -> Follow:
    """Stop following; raise NotFound when there is nothing to stop."""
    known = store.follows.find_between(follower, followed)
    if known is None:
        raise NotFound("there is no such follow")
    follow = _move(store, known, Move.UNDO)
    store.events.record(FollowWithdrawn(follow=follow))
    return follow


def welcome(store: Store, *, uri: str, follower: str, followed: str) -> Follow:
    """Accept a follower of an actor of this node; a repeated Follow is answered again."""
    now = store.clock.now()
    known = store.follows.find_between(follower, followed)
    follow = Follow(
        uri=uri,
        follower=follower,
        followed=followed,
        state=FollowState.ACCEPTED,
        created=known.created if known else now,
        updated=now,
    )
    store.follows.put(follow)
    store.events.record(FollowAnswered(follow=follow))
    return follow


def answered(store: Store, follow: Follow, move: Move) -> Follow:
    """Note how the other side answered a follow of ours; one already noted changes nothing."""
    if (follow.state, move) not in MOVES:
        return follow
    return _move(store, follow, move)


def left(store: Store, follow: Follow) -> Follow:
    """Note that a follower of ours undid their follow; one that is over stays as it is."""
    if (follow.state, Move.UNDO) not in MOVES:
        return follow
    return _move(store, follow, Move.UNDO)


def _move(store: Store, follow: Follow, move: Move) -> Follow:
    moved = replace(follow, state=after(follow.state, move), updated=store.clock.now())
    store.follows.put(moved)
    if moved.state in {FollowState.UNDONE, FollowState.REJECTED}:
        _stop_sharing(store, moved)
    return moved


def _stop_sharing(store: Store, follow: Follow) -> None:
    """Forget a node's listings when its catalogue is not followed any more: they would grow old."""
    followed = store.actors.find_by_uri(follow.followed)
    ours = follow.follower == store.addresses.catalogue
    if ours and followed is not None and followed.role is Role.CATALOGUE:
        forget_node(store, followed.node)
