"""Nodes that are killed in the middle of their work: what they said they have, they have, once."""

import asyncio
import json
import random
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import ClientError, web

from catalogue import listings
from catalogue.model import Listing
from node.setup import NodeDatabase
from node.storage.store import NodeStore
from tests.journeys.foreign import ForeignActor, ForeignServer, Json, Letter
from tests.journeys.processes import Served
from tests.journeys.world import (
    Node,
    World,
    eventually,
    holdings,
    need,
    offer,
    quick_check,
    rows,
)

MakeServer = Callable[[], Awaitable[ForeignServer]]

SEED = 20260501
ROUNDS = 9  # of two nodes, and as many again of one node with a client that counts
BURST = 24


def _assert_sound(node: Served) -> None:
    """Hold the file and what is in it to what must be so whatever happened."""
    path = node.config.database
    assert quick_check(path) == "ok"
    assert node.said() == ""
    for table, unique in (
        ("inbox", "uri"),
        ("listing", "uri"),
        ("listing_match", "need || ' ' || offer"),
        ("delivery", "activity || ' ' || inbox"),
    ):
        sql = f"SELECT count(*), count(DISTINCT {unique}) FROM {table}"  # noqa: S608
        ((total, different),) = rows(path, sql)
        assert total == different, table
    assert rows(path, "SELECT uri, reason FROM inbox WHERE state = 'dead'") == []
    index = "SELECT count(*) FROM listing_facet WHERE listing_seq NOT IN (SELECT seq FROM listing)"
    assert rows(path, index) == [(0,)]


def _check_search_index(path: Path) -> None:
    connection = sqlite3.connect(path, timeout=10.0)
    try:
        connection.execute(
            "INSERT INTO listing_words (listing_words, rank) VALUES ('integrity-check', 1)"
        )
    finally:
        connection.close()


# -- two nodes, one of them killed at a random moment ---------------------------------------------


@dataclass
class Author:
    """Publishes, edits and deletes on one node, from another process, in a random order."""

    database: NodeDatabase
    chance: random.Random
    alive: list[Listing] = field(default_factory=list)
    made: int = 0

    def act(self) -> None:
        """Do a few things in a transaction of their own each."""
        for _ in range(BURST):
            self.database.write_now(self._one)

    def _one(self, store: NodeStore) -> None:
        what = self.chance.random()
        if what < 0.55 or not self.alive:
            self.made += 1
            self.alive.append(listings.publish(store, offer(f"Offer {self.made}"), by="guild"))
            return
        place = self.chance.randrange(len(self.alive))
        if what < 0.85:
            self.made += 1
            title = offer(f"Edited {self.made}").title
            before = listings.get(store, self.alive[place].id)
            content = offer(title.main.text, hours=before.hours)
            self.alive[place] = listings.edit(store, before.id, content)
        else:
            listings.delete(store, self.alive.pop(place).id)


@pytest.fixture
async def served(world: World) -> AsyncIterator[tuple[Served, Served]]:
    """A source and its follower, introduced to each other, as processes."""
    source, follower = await world.pair()
    await source.affiliate("guild")
    await follower.affiliate("village")
    await follower.publish(need(), by="village")
    await world.close()
    async with AsyncExitStack() as leaving:
        pair = Served(source.config), Served(follower.config)
        for node in pair:
            leaving.push_async_callback(node.kill)
            await node.start()
        yield pair


def _has_matched(node: Served) -> bool:
    return rows(node.config.database, "SELECT count(*) FROM match_due") == [(0,)]


async def test_killed_at_random_two_nodes_come_to_agree(served: tuple[Served, Served]) -> None:
    source, follower = served
    chance = random.Random(SEED)  # noqa: S311 - so that a failure comes again
    with source.opened() as beside:
        author = Author(beside, chance)
        for _ in range(ROUNDS):
            acting = asyncio.create_task(asyncio.to_thread(author.act))
            await asyncio.sleep(chance.uniform(0.05, 0.5))  # the moment of the kill, not a wait
            victim = chance.choice([source, follower])
            await victim.kill()
            await acting
            assert quick_check(victim.config.database) == "ok"
            await victim.start()
        await eventually(lambda: _agree(beside, source, follower), seconds=60)
        await eventually(lambda: _has_matched(follower), seconds=60)
        for node in served:
            _assert_sound(node)
            assert await node.tell_to_end() == 0
    for node in served:
        _check_search_index(node.config.database)
    ((matches,),) = rows(follower.config.database, "SELECT count(*) FROM listing_match")
    assert matches == len(author.alive)


def _agree(beside: NodeDatabase, source: Served, follower: Served) -> bool:
    """Say whether all is told and held; until then have the queue tried now, as operators can."""
    path = source.config.database
    if rows(path, "SELECT * FROM event") or rows(path, "SELECT * FROM delivery"):
        beside.write_now(lambda store: store.deliveries.retry(None, store.clock.now()))
        return False
    held = holdings(follower.config.database)
    return holdings(path) == {
        uri: listing for uri, listing in held.items() if uri.startswith(source.config.base_url)
    }


# -- one node, and a client that remembers what was acknowledged ----------------------------------


@dataclass
class Client:
    """A foreign author who sends bursts and writes down each answer."""

    server: ForeignServer
    actor: ForeignActor
    inbox: str
    sent: dict[str, Json] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)

    def burst(self) -> list[Json]:
        """Return new activities, each about a listing of its own."""
        activities = []
        for _ in range(BURST):
            name = f"n{len(self.sent)}"
            activity = self.server.say("Create", self.actor, self.server.proposal(self.actor, name))
            self.sent[activity["id"]] = activity
            activities.append(activity)
        return activities

    async def send(self, activity: Json) -> None:
        """Send one activity; a broken connection is no acknowledgement."""
        try:
            status, _ = await self.server.send(self.inbox, activity, self.actor)
        except (ClientError, ConnectionError):
            return
        if status == 202:
            self.acknowledged.add(activity["id"])


async def test_f01_what_was_acknowledged_has_its_effect_exactly_once(
    world: World, abroad: MakeServer
) -> None:
    node, server = await world.node("node"), await abroad()
    actor = server.actor("author")
    await node.follow(actor.uri)
    await world.close()
    served, client = Served(node.config), Client(server, actor, node.inbox)
    path = node.config.database
    chance = random.Random(SEED)  # noqa: S311 - so that a failure comes again
    in_doubt = 0
    try:
        await served.start()
        for _ in range(ROUNDS):
            burst = client.burst()
            sending = [asyncio.create_task(client.send(activity)) for activity in burst]
            await asyncio.sleep(chance.uniform(0.01, 0.12))  # the moment of the kill, not a wait
            await served.kill()
            await asyncio.gather(*sending)
            in_doubt += sum(each["id"] not in client.acknowledged for each in burst)
            stored = {uri for (uri,) in rows(path, "SELECT uri FROM inbox")}
            assert client.acknowledged <= stored
            await served.start()
        # who was not answered sends again, and so does, needlessly, who was
        await asyncio.gather(*(client.send(each) for each in client.sent.values()))
        assert client.acknowledged == set(client.sent)
        await eventually(lambda: not rows(path, "SELECT * FROM inbox WHERE state = 'pending'"))
        expected = {each["object"]["id"] for each in client.sent.values()}
        assert set(holdings(path)) == expected
        _assert_sound(served)
        assert 0 < in_doubt < len(client.sent), "no kill came in the middle of a burst"
    finally:
        await served.kill()


async def test_f02_killed_between_the_answer_and_our_mark_sends_the_same_again(
    world: World, abroad: MakeServer
) -> None:
    node, server = await world.node("node"), await abroad()
    await node.affiliate("guild")
    reader = server.actor("reader")
    follow = server.say("Follow", reader, f"{node.url}/actors/guild")
    await server.send(node.inbox, follow, reader)
    await eventually(lambda: server.got("Accept"))
    await eventually(lambda: node.rows("SELECT * FROM delivery") == [])
    await world.close()
    served = Served(node.config)

    async def take_and_kill(_: Letter) -> web.Response:
        server.reply = None
        await served.kill()
        return web.Response(status=202)

    try:
        await served.start()
        for number in range(3):
            server.letters.clear()
            server.reply = take_and_kill
            with served.opened() as beside:
                listing = beside.write_now(listings.publish, offer(f"No. {number}"), by="guild")
            await eventually(lambda: served.process is None and server.letters)
            assert len(rows(node.config.database, "SELECT * FROM delivery")) == 1
            await served.start()
            await eventually(lambda: not rows(node.config.database, "SELECT * FROM delivery"))
            first, second = server.letters
            assert first.body == second.body
            assert json.loads(first.body)["object"]["id"] == listing.uri
        assert served.said() == ""
    finally:
        await served.kill()


async def test_receiver_takes_what_is_sent_again_only_once(world: World) -> None:
    source, follower = await world.pair()
    await source.affiliate("guild")
    listing = await source.publish(offer(), by="guild")
    await eventually(lambda: follower.find(listing.uri))
    await eventually(lambda: source.rows("SELECT * FROM delivery") == [])
    await eventually(follower.is_at_rest)
    before = follower.belief()
    columns = "activity, actor, inbox, host, state, attempts, added_at, due_at"
    again = f"INSERT INTO delivery ({columns}) SELECT uri, actor, ?, ?, 'pending', 0, 0, 0"
    await _as_if_never_marked(source, f"{again} FROM activity WHERE uri LIKE ?", follower)
    await eventually(lambda: source.rows("SELECT * FROM delivery") == [])
    letters = [each.status for each in follower.asked if each.path == "/inbox"]
    assert letters[-2:] == [202, 202]
    await eventually(follower.is_at_rest)
    assert follower.belief() == before


async def _as_if_never_marked(source: Node, sql: str, follower: Node) -> None:
    connection = sqlite3.connect(source.config.database, timeout=10.0)
    try:
        with connection:
            connection.execute(sql, (follower.inbox, follower.authority, "%/proposals/%/activity"))
    finally:
        connection.close()
