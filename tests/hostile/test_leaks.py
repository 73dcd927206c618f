"""What is not for everyone reaches nobody else (H71, L33, L34, L35): every route, every stranger.

The surfaces come from the node's own table of routes, so a new route is tried by itself.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

import aiohttp
import pytest

from catalogue.model import FollowState, Visibility
from federation.keyring import Keyring
from node.storage.store import NodeStore
from tests.journeys.foreign import ForeignActor, ForeignServer, signed
from tests.journeys.test_audience import _leaks, _pair, _publish_limited, _surfaces
from tests.journeys.world import ACTIVITY, BROWSER, Answer, Node, World, eventually

Abroad = Callable[[], Awaitable[ForeignServer]]
Signer = Callable[[str], dict[str, str]]

UNKNOWN = "01900000-0000-7000-8000-000000000000"


def _as_actor(actor: ForeignActor) -> Signer:
    return lambda url: signed(url, None, actor, method="GET")


def _as_node(node: Node) -> Signer:
    signer = node.database.read_now(Keyring().request_signer, node.config.addresses.instance)
    return lambda url: signer.headers(
        "GET", url, date=node.database.read_now(lambda store: store.clock.now())
    )


async def _strangers(world: World, abroad: Abroad, source: Node) -> dict[str, Signer]:
    """Return who may not see what is limited, by what they are to the node."""
    server = await abroad()
    passer, fan, left = (server.actor(name, "Person") for name in ("passer", "fan", "left"))
    guild = f"{source.url}/actors/guild"
    for each in (fan, left):
        await server.send(source.inbox, server.say("Follow", each, guild), each)
    await eventually(lambda: len(server.got("Accept")) == 2)
    await server.send(source.inbox, server.say("Undo", left, server.got("Accept")[1]), left)
    undo = server.say("Undo", left, {"type": "Follow", "actor": left.uri, "object": guild})
    await server.send(source.inbox, undo, left)
    hub = await world.node("hub")
    return {
        "signs and follows nobody": _as_actor(passer),
        "follows from a server that is no node": _as_actor(fan),
        "followed once": _as_actor(left),
        "another hub that follows nobody": _as_node(hub),
    }


async def _get(url: str, signer: Signer, accept: str) -> Answer:
    headers = signer(url) | {"Accept": accept, "Accept-Encoding": "identity"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers=headers, allow_redirects=False) as response,
    ):
        return Answer(response.status, dict(response.headers), await response.read())


async def test_l34_h71_l35_marker_is_on_no_surface_for_any_stranger(
    world: World, abroad: Abroad, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        source, peer = await _pair(world)
        limited = await _publish_limited(source)
        await eventually(lambda: peer.find(limited[Visibility.NETWORK].uri))
        strangers = await _strangers(world, abroad, source)
        looked = 0
        ids = [each.id for each in limited.values()]
        for node in (source, peer):
            known = [*ids, *(row[0] for row in node.rows("SELECT id FROM listing"))]
            paths = dict.fromkeys(_surfaces(node, known))
            for who, signer in strangers.items():
                for path in paths:
                    if "q=" in path:  # searches are tried unsigned by the journey of audiences
                        continue
                    answer = await _get(node.url + path, signer, ACTIVITY)
                    assert _leaks(path, answer.text) == [], (who, path)
                    assert _leaks(path, json.dumps(answer.headers)) == [], (who, path)
                    looked += answer.status == 200
        assert looked > 200
        await _assert_no_error_tells(source, ids)
    said = [record.getMessage() + repr(record.__dict__) for record in caplog.records]
    assert len(said) > 10
    assert [line for line in said if _leaks("", line)] == []


async def _assert_no_error_tells(source: Node, ids: list[str]) -> None:
    """Look at what is answered to requests that are wrong about a limited listing."""
    async with aiohttp.ClientSession() as session:
        for listing_id in ids:
            for method in ("POST", "PUT", "DELETE", "OPTIONS", "HEAD"):
                for suffix in ("", "/activity", "/replies", "/%00", "?cursor=%ff&page=x"):
                    url = f"{source.url}/proposals/{listing_id}{suffix}"
                    async with session.request(method, url) as response:
                        assert response.status in {400, 404, 405}
                        assert _leaks("", await response.text()) == []


@pytest.mark.parametrize("accept", [ACTIVITY, BROWSER])
async def test_l33_limited_looks_like_unknown_to_who_signs_as_well(
    world: World, abroad: Abroad, accept: str
) -> None:
    source, _ = await _pair(world)
    limited = await _publish_limited(source)
    strangers = await _strangers(world, abroad, source)
    for who, signer in strangers.items():
        for suffix in ("", "/activity", "/replies"):
            nothing = await _get(f"{source.url}/proposals/{UNKNOWN}{suffix}", signer, accept)
            assert nothing.status == 404
            for listing in limited.values():
                hidden = await _get(f"{source.url}/proposals/{listing.id}{suffix}", signer, accept)
                assert _bare(hidden, listing.id) == _bare(nothing, UNKNOWN), (who, suffix)


def _bare(answer: Answer, listing_id: str) -> Answer:
    headers = {name: value for name, value in answer.headers.items() if name != "Date"}
    return Answer(answer.status, headers, answer.body.replace(listing_id.encode(), b"ID"))


async def test_l35_follow_that_was_not_accepted_gives_nothing(world: World) -> None:
    source, peer = await _pair(world)
    limited = await _publish_limited(source)
    followers = limited[Visibility.FOLLOWERS]
    url = source.config.addresses.listing(followers.id)
    assert (await _get(url, _as_node(peer), ACTIVITY)).status == 200
    guild = f"{source.url}/actors/guild"
    for state in ("pending", "rejected", "undone"):
        await source.database.write(_set_state, peer.catalogue, guild, state)
        assert (state, (await _get(url, _as_node(peer), ACTIVITY)).status) == (state, 404)


def _set_state(store: NodeStore, follower: str, followed: str, state: str) -> None:
    follow = store.follows.find_between(follower, followed)
    assert follow is not None
    store.follows.put(replace(follow, state=FollowState(state)))
