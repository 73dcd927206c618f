"""Relays: what is followed for itself stays followed (FEP-ae0c)."""

import pytest

from catalogue.errors import Conflict, NotFound
from catalogue.model import FollowState
from federation import relaying
from tests.federation.world import CATALOGUE, THEIR_CATALOGUE, know_node, let_follow


@pytest.mark.parametrize("state", [FollowState.PENDING, FollowState.ACCEPTED])
def test_whom_we_follow_is_not_made_a_relay(home, state):
    """To leave the relay would forget a whole catalogue that somebody chose to share."""
    know_node(home)
    let_follow(home, CATALOGUE, THEIR_CATALOGUE, state)
    with pytest.raises(Conflict, match="followed already"):
        relaying.add(home, THEIR_CATALOGUE)
    assert home.relays.list_all() == []


@pytest.mark.parametrize("state", [None, FollowState.REJECTED, FollowState.UNDONE])
def test_relay_is_asked_once(home, state):
    know_node(home)
    if state is not None:
        let_follow(home, CATALOGUE, THEIR_CATALOGUE, state)
    asked = relaying.add(home, THEIR_CATALOGUE)
    assert asked.state is FollowState.PENDING
    assert relaying.add(home, THEIR_CATALOGUE) == asked
    assert home.relays.list_all() == [THEIR_CATALOGUE]
    relaying.remove(home, THEIR_CATALOGUE)
    with pytest.raises(NotFound):
        relaying.remove(home, THEIR_CATALOGUE)
