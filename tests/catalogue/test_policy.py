"""Who may see what, as the whole truth table."""

from itertools import product

import pytest

from catalogue.model import Visibility
from catalogue.policy import ANYONE, MEMBER, Viewer, is_federated, may_see
from tests.samples import listing

BY = "https://south.example/actors/far"
OTHER = "https://south.example/actors/other"

VIEWERS = {
    "anyone": ANYONE,
    "member": MEMBER,
    "peer": Viewer(is_peer=True),
    "follower": Viewer(follows=frozenset({BY})),
    "follower of another": Viewer(follows=frozenset({OTHER})),
    "peer that follows": Viewer(is_peer=True, follows=frozenset({BY, OTHER})),
}
SEEN = {
    Visibility.PUBLIC: set(VIEWERS),
    Visibility.NETWORK: {"member", "peer", "peer that follows"},
    Visibility.FOLLOWERS: {"member", "follower", "peer that follows"},
    Visibility.NODE: {"member"},
}


@pytest.mark.parametrize(("visibility", "viewer"), list(product(Visibility, VIEWERS)))
def test_visibility_decides_who_sees(visibility, viewer):
    seen = may_see(listing(by=BY, visibility=visibility), VIEWERS[viewer])
    assert seen is (viewer in SEEN[visibility])


def test_only_what_is_for_the_node_stays_on_it():
    assert [each for each in Visibility if not is_federated(each)] == [Visibility.NODE]
