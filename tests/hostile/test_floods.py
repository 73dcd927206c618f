"""Too much of what is allowed (H51, H61, H63, L20, L29): counted, refused, bounded, forgotten."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest

from catalogue.model import FollowState
from federation.mapping.values import MAX_ITEMS
from federation.settings import Rates
from node.app import RESOLVER
from node.storage.store import NodeStore
from tests.hostile.house import House
from tests.journeys.foreign import ForeignActor, ForeignServer, Json, signed
from tests.journeys.world import ACTIVITY, Node, World, eventually

Abroad = Callable[[], Awaitable[ForeignServer]]

FOLLOWS, KEYS, LETTERS = 6, 5, 12


async def _strict(world: World, **changes: int) -> Node:
    given = {"actor_follows": FOLLOWS, "domain_keys": KEYS, "host_letters": LETTERS}
    node = await world.node("node", rates=Rates(**{**given, **changes}))
    await node.affiliate("guild")
    return node


async def _send(
    node: Node, server: ForeignServer, activity: Json, by: ForeignActor
) -> tuple[int, str | None]:
    body = json.dumps(activity).encode()
    headers = {**signed(node.inbox, body, by), "Content-Type": ACTIVITY}
    async with (
        aiohttp.ClientSession() as session,
        session.post(node.inbox, data=body, headers=headers) as response,
    ):
        return response.status, response.headers.get("Retry-After")


async def test_h63_follow_and_undo_without_end(world: World, abroad: Abroad) -> None:
    node, server = await _strict(world), await abroad()
    fan = server.actor("fan", "Person")
    answers: Counter[int] = Counter()
    for _ in range(2 * FOLLOWS):
        follow = server.say("Follow", fan, f"{node.url}/actors/guild")
        for said in (follow, server.say("Undo", fan, follow)):
            status, again = await _send(node, server, said, fan)
            answers[status] += 1
            assert (status == 429) == (again is not None)
            assert again is None or 0 < int(again) <= 300
    assert answers == {202: FOLLOWS, 429: 3 * FOLLOWS}
    await eventually(node.is_at_rest)
    states = node.rows("SELECT state FROM follow WHERE follower = ?", fan.uri)
    assert states == [("undone",)]
    count = json.loads((await node.get("/actors/guild/followers")).body)
    assert count["totalItems"] == 0
    # somebody else is not held to account for it
    other = server.actor("other", "Person")
    said = server.say("Follow", other, f"{node.url}/actors/guild")
    assert (await _send(node, server, said, other))[0] == 202


async def test_h61_l20_new_actors_of_one_domain_are_few_and_forgotten(
    world: World, abroad: Abroad
) -> None:
    node, server = await _strict(world), await abroad()
    crowd = [server.actor(f"n{number}", "Person") for number in range(3 * KEYS)]
    answers = Counter(
        [
            (await _send(node, server, server.say("Follow", each, node.catalogue), each))[0]
            for each in crowd
        ]
    )
    assert answers == {202: KEYS, 429: 2 * KEYS}
    await eventually(node.is_at_rest)
    known = node.rows("SELECT uri FROM party WHERE uri LIKE ?", f"{server.url}/%")
    assert len(known) == KEYS
    assert set(server.asked) == {f"/users/n{number}" for number in range(KEYS)}
    # another port of the same address is the same domain
    next_door = await abroad()
    stranger = next_door.actor("stranger", "Person")
    said = next_door.say("Follow", stranger, node.catalogue)
    assert (await _send(node, next_door, said, stranger))[0] == 429
    assert next_door.asked == []
    # who is followed is not counted: their affiliates' keys are asked for
    friend = await abroad()
    await node.follow(friend.catalogue().uri)

    # and what strangers left behind is forgotten: followers stay, others go
    fan = crowd[0]
    await node.database.write(_unfollow_all_but, fan.uri)
    before = node.rows("SELECT count(*) FROM host")
    assert before != [(0,)]

    def sweep() -> Awaitable[int]:
        ahead = node.database.read_now(lambda store: store.clock.now()) + timedelta(days=1)
        return node.database.write(lambda store: store.strangers.forget(ahead, most=100, dead=10))

    assert await sweep() == KEYS - 1
    left = node.rows("SELECT uri FROM party WHERE uri LIKE ?", f"{server.url}/%")
    assert left == [(fan.uri,)]
    owners = node.rows("SELECT DISTINCT owner FROM known_key WHERE owner LIKE ?", f"{server.url}/%")
    assert owners == [(fan.uri,)]
    assert (await node.app[RESOLVER].find_party(crowd[1].uri)).uri == crowd[1].uri


async def test_peer_is_not_asked_without_end_for_keys_that_a_stranger_makes_up(
    world: World, abroad: Abroad
) -> None:
    """Whose a key is said to be is not proven yet: a stranger names the peer, and any number."""
    node, friend = await _strict(world, peer_keys=KEYS), await abroad()
    catalogue = friend.catalogue()
    await node.follow(catalogue.uri)
    known = len(friend.asked)
    answers: Counter[int] = Counter()
    for number in range(2 * KEYS):
        body = json.dumps(friend.say("Like", catalogue, "https://x.example/1")).encode()
        made_up = signed(node.inbox, body, catalogue, key_uri=f"{catalogue.uri}#{number}")
        status, _ = await friend.post(node.inbox, body, made_up)
        answers[status] += 1
    assert answers == {401: KEYS, 429: KEYS}
    assert len(friend.asked) - known <= 2 * KEYS
    said = friend.say("Like", catalogue, "https://x.example/1")
    assert (await _send(node, friend, said, catalogue))[0] == 202  # a key that is known still works


def _unfollow_all_but(store: NodeStore, fan: str) -> None:
    for follow in store.follows.list_followers(store.addresses.catalogue):
        if follow.follower != fan:
            store.follows.put(replace(follow, state=FollowState.UNDONE))
    for item in store.deliveries.list_items(100):
        store.deliveries.drop(item.seq)


STRANGERS: dict[str, Callable[[ForeignServer, str], ForeignActor]] = {
    "person": lambda server, name: server.actor(name, "Person"),
    "group": lambda server, name: server.actor(name, "Organization"),
    "server": lambda server, name: server.actor(name, "Application"),
    "catalogue": lambda server, name: server.catalogue(name),
}


@pytest.mark.parametrize("kind", STRANGERS)
async def test_strangers_are_bounded_by_number_as_well(
    world: World, abroad: Abroad, kind: str
) -> None:
    """Whatever they say that they are (L20)."""
    node, server, near = await world.node("node"), await abroad(), await abroad()
    friend = near.actor("friend")
    await node.follow(friend.uri)
    for number in range(6):
        each = STRANGERS[kind](server, f"n{number}")
        await server.send(node.inbox, server.say("Like", each, "https://x.example/1"), each)
    neighbour = near.actor("neighbour")
    await near.send(node.inbox, near.say("Like", neighbour, "https://x.example/1"), neighbour)
    await eventually(node.is_at_rest)
    assert _known(node, server.url) == 6
    before = node.database.read_now(lambda store: store.clock.now()) - timedelta(days=1)
    forgotten = await node.database.write(
        lambda store: store.strangers.forget(before, most=2, dead=10)
    )
    assert (forgotten, _known(node, server.url)) == (4, 2)
    assert node.rows("SELECT count(*) FROM actor WHERE uri LIKE ?", f"{server.url}/%") == [(2,)]
    ahead = before + timedelta(days=2)
    await node.database.write(lambda store: store.strangers.forget(ahead, most=2, dead=10))
    # where somebody is followed, their neighbours take part
    assert (_known(node, server.url), _known(node, near.url)) == (0, 2)


def _known(node: Node, url: str) -> int:
    [(number,)] = node.rows("SELECT count(*) FROM party WHERE uri LIKE ?", f"{url}/%")
    return number


async def test_letters_of_one_server_are_counted_and_a_peers_are_not(
    world: World, abroad: Abroad
) -> None:
    node = await _strict(world)
    stranger, peer = await abroad(), await abroad()
    somebody, author = stranger.actor("somebody", "Person"), peer.catalogue("author")
    await node.follow(author.uri)
    answers: Counter[tuple[str, int]] = Counter()
    for number in range(2 * LETTERS):
        said = stranger.say("Like", somebody, f"https://x.example/{number}")
        answers["stranger", (await _send(node, stranger, said, somebody))[0]] += 1
        said = peer.say("Create", author, peer.proposal(author, f"n{number}"))
        answers["peer", (await _send(node, peer, said, author))[0]] += 1
    assert answers == {
        ("stranger", 202): LETTERS,
        ("stranger", 429): LETTERS,
        ("peer", 202): 2 * LETTERS,
    }


async def test_nobody_uses_up_what_is_anothers(world: World, abroad: Abroad) -> None:
    node, server = await _strict(world), await abroad()
    honest, liar = server.actor("honest", "Person"), server.actor("liar", "Person")
    said = server.say("Like", honest, "https://x.example/1")
    assert (await _send(node, server, said, honest))[0] == 202
    for _ in range(2 * LETTERS):
        forged = server.say("Follow", honest, node.catalogue)
        status, _ = await server.send(node.inbox, forged, liar, key_uri=honest.key_uri)
        assert status == 401
    said = server.say("Follow", honest, node.catalogue)
    assert (await _send(node, server, said, honest))[0] == 202


async def test_more_letters_than_can_be_worked_on(world: World, abroad: Abroad) -> None:
    node, server = await _strict(world, backlog=3, host_letters=0), await abroad()
    fan = server.actor("fan", "Person")
    server.held.add("/users/slow")
    slow = server.actor("slow", "Person")
    waiting = [
        asyncio.create_task(_send(node, server, server.say("Follow", slow, node.catalogue), slow))
        for _ in range(2)
    ]
    await eventually(lambda: "/users/slow" in server.asked)
    await node.database.write(_pile_up, 5)
    status, again = await _send(node, server, server.say("Like", fan, "https://x.example/1"), fan)
    assert (status, again) == (503, "30")
    server.released.set()
    assert {each[0] for each in await asyncio.gather(*waiting)} <= {202, 503}


def _pile_up(store: NodeStore, number: int) -> None:
    """Put letters into the inbox that are not due for long."""
    ahead = store.clock.now() + timedelta(days=1)
    for each in range(number):
        uri = f"https://x.example/{each}"
        store.inbox.remember(uri, actor="https://x.example/a", body=b"{}", at=ahead)


async def test_more_letters_at_one_time_than_are_looked_at(world: World, abroad: Abroad) -> None:
    node, server = await _strict(world, at_once=2), await abroad()
    slow = server.actor("slow", "Person")
    server.held.add("/users/slow")
    said = [server.say("Follow", slow, node.catalogue) for _ in range(2)]
    held = [asyncio.create_task(_send(node, server, each, slow)) for each in said]
    await eventually(lambda: "/users/slow" in server.asked)
    fan = server.actor("fan", "Person")

    async def is_refused() -> bool:
        like = server.say("Like", fan, "https://x.example/1")
        return await _send(node, server, like, fan) == (503, "30")

    await eventually(is_refused)
    server.released.set()
    assert [each[0] for each in await asyncio.gather(*held)] == [202, 202]


# -- too much in one letter (H51, L29) ------------------------------------------------------------


MANY = 70_000  # as many as fit into a letter


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("field", ["tag", "attachment", "to", "cc"])
async def test_h51_l29_lists_without_end_are_refused(house: House, field: str) -> None:
    note = house.evil.proposal(house.liar, f"many-{field}", **{field: [1] * MANY})
    async with house.unchanged():
        assert await house.send(house.evil.say("Create", house.liar, note), house.liar) == 400


@pytest.mark.asyncio(loop_scope="module")
async def test_h51_l29_keys_without_end_are_refused(house: House) -> None:
    note = house.evil.proposal(house.liar, "keys", **{f"k{n}": 1 for n in range(12_000)})
    async with house.unchanged():
        assert await house.send(house.evil.say("Create", house.liar, note), house.liar) == 400


@pytest.mark.asyncio(loop_scope="module")
async def test_h51_l29_more_than_is_read_is_cut(house: House) -> None:
    many = [f"https://x.example/{number}" for number in range(9 * MAX_ITEMS)]
    public = "https://www.w3.org/ns/activitystreams#Public"
    note = house.evil.proposal(house.liar, "cut", to=[public, *many], tag=many, attachment=many)
    said = house.evil.say("Create", house.liar, note, to=[public, *many])
    assert await house.send(said, house.liar) == 202
    await house.rest()
    assert (await house.node.titles())[note["id"]] == "cut"
    assert house.node.rows("SELECT * FROM actor WHERE uri LIKE 'https://x.example/%'") == []
    hidden = house.evil.proposal(house.liar, "hidden", to=[*many, public])
    assert await house.send(house.evil.say("Create", house.liar, hidden), house.liar) == 202
    await house.rest()
    # an audience that stands behind what is read is none: narrower, never wider
    visible = house.node.rows("SELECT visibility FROM listing WHERE uri = ?", hidden["id"])
    assert ("public",) not in visible
