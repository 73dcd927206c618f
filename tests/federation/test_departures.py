"""Followers who are no more (F12), over real HTTP."""

import asyncio

import pytest

from catalogue.model import FollowState
from federation.departures import Departures
from tests.federation.world import CATALOGUE, know_person, let_follow
from tests.samples import party


@pytest.fixture
async def departures(house, resolver):
    made = Departures(house, resolver, lambda: None)
    yield made
    await made.close()


async def ask(departures, inbox):
    departures.ask_about(inbox)
    await asyncio.gather(*departures._lanes._open.values())


@pytest.fixture
def follower(house, foreign):
    """Somebody who follows the catalogue; ``proposals`` makes them a node of the exchange."""

    def make(name="ana", **boxes):
        uri = foreign.at(f"/users/{name}")
        given = {"inbox": f"{uri}/inbox", "shared_inbox": foreign.at("/inbox"), **boxes}

        def put(store):
            know_person(store, uri)
            store.parties.put(party(uri, **{"type": "Person", **given}))
            let_follow(store, uri, CATALOGUE)

        house.write_now(put)
        return uri

    return make


def state(house, uri):
    return house.read_now(lambda store: store.follows.find_between(uri, CATALOGUE)).state


async def test_f12_follower_whose_document_is_gone_is_let_go(departures, house, foreign, follower):
    gone, here = follower("gone"), follower("here")
    foreign.serve("/users/gone", 410)
    foreign.serve_actor("here")
    await ask(departures, foreign.at("/inbox"))
    assert (state(house, gone), state(house, here)) == (FollowState.UNDONE, FollowState.ACCEPTED)
    assert foreign.asked["/users/gone"] == foreign.asked["/users/here"] == 1


async def test_f12_follower_who_is_there_is_reached_at_the_new_inbox(
    departures, house, foreign, follower
):
    ana = follower()
    foreign.serve_actor("ana", inbox=foreign.at("/moved"))
    await ask(departures, foreign.at("/users/ana/inbox"))
    assert state(house, ana) is FollowState.ACCEPTED
    found = house.read_now(lambda store: store.parties.find(ana))
    assert (found.inbox, found.shared_inbox) == (foreign.at("/moved"), None)


@pytest.mark.parametrize("status", [404, 500, 503, 401, 302])
async def test_f12_server_that_is_unwell_has_let_nobody_go(
    departures, house, foreign, follower, status
):
    ana = follower()
    foreign.serve("/users/ana", status)
    await ask(departures, foreign.at("/inbox"))
    assert state(house, ana) is FollowState.ACCEPTED


@pytest.mark.parametrize(("status", "after"), [(404, "accepted"), (410, "undone")])
async def test_f12_node_of_the_exchange_is_let_go_only_when_it_says_so(
    departures, house, foreign, follower, status, after
):
    node = follower("catalogue", proposals=foreign.at("/proposals"), type="Service")
    foreign.serve("/users/catalogue", status)
    await ask(departures, foreign.at("/inbox"))
    assert state(house, node) == after


async def test_f12_only_who_is_reached_there_is_asked(departures, house, foreign, follower):
    follower("near", shared_inbox=None)
    await ask(departures, foreign.at("/inbox"))
    assert foreign.asked["/users/near"] == 0
