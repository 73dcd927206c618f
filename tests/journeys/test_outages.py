"""Servers that are down, refuse, ask for patience or hang: nothing is lost, nobody else waits."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from federation.retry import RetryPolicy
from tests.journeys.foreign import ForeignServer, Letter, Reply
from tests.journeys.world import Node, World, eventually, offer

MakeServer = Callable[[], Awaitable[ForeignServer]]


async def _followed_by(server: ForeignServer, node: Node) -> None:
    """Have an actor of ``server`` follow the node's catalogue, and forget the letters of that."""
    reader = server.actor("reader", "Person")
    await server.send(node.inbox, server.say("Follow", reader, node.catalogue), reader)
    await eventually(lambda: server.got("Accept"))
    await eventually(lambda: _waiting(node) == [])
    server.letters.clear()


def _waiting(node: Node) -> list[tuple[str, str]]:
    return node.rows("SELECT activity, state FROM delivery ORDER BY seq")


def _host(node: Node, server: ForeignServer) -> tuple[int, int | None]:
    (row,) = node.rows(
        "SELECT failures, closed_until FROM host WHERE host = ?", server.url.partition("//")[2]
    )
    return row


async def test_what_happened_while_a_peer_was_down_reaches_it_afterwards(world: World) -> None:
    source, follower = await world.pair()
    await source.affiliate("guild")
    many = await source.publish_all([offer(f"Before {n}") for n in range(3)], by="guild")
    await eventually(lambda: _same(source, follower))

    await follower.stop()
    await source.publish(offer("While it was down"), by="guild")
    changed = await source.edit(many[0], title=offer("Changed meanwhile").title)
    await source.close_listing(many[1])
    await source.delete(many[2])
    passing = await source.publish(offer("Came and went"), by="guild")
    await source.delete(passing)
    failures = "SELECT * FROM host WHERE failures >= 8 AND closed_until IS NOT NULL"
    await eventually(lambda: source.rows(failures))

    await follower.start()
    await eventually(lambda: _waiting(source) == [])
    await eventually(lambda: _same(source, follower))
    assert (await follower.titles())[changed.uri] == "Changed meanwhile"
    assert many[2].uri not in await follower.titles()
    assert source.rows("SELECT failures, closed_until FROM host") == [(0, None)]


async def _same(one: Node, other: Node) -> bool:
    sql = "SELECT uri, json_remove(content, '$.delivery_languages'), status FROM listing ORDER BY 1"
    return bool(one.rows(sql)) and one.rows(sql) == other.rows(sql)


async def test_breaker_opens_after_failures_and_closes_when_the_host_speaks(
    world: World, abroad: MakeServer
) -> None:
    retry = RetryPolicy(first_delay=0.0, jitter=0.0, breaker_delay=600.0)
    node, server = await world.node("node", retry=retry), await abroad()
    await node.affiliate("guild")
    await _followed_by(server, node)
    server.reply = _answering(503)
    await node.publish_all([offer(f"No. {n}") for n in range(20)], by="guild")
    failures = 2 * node.settings.lanes  # four under way at once, then four more: over the limit
    await eventually(lambda: _host(node, server)[0] == failures)
    _, closed_until = _host(node, server)
    assert closed_until is not None
    assert closed_until / 1000 > time.time() + 500
    assert len(server.letters) == failures

    # nothing more is sent, new things wait too
    await node.publish(offer("One more"), by="guild")
    await eventually(lambda: len(_waiting(node)) == 21)
    due = await node.database.read(lambda store: store.deliveries.hosts_due(store.clock.now()))
    assert (due, len(server.letters)) == ([], failures)

    # a word from the host, and all of it goes out
    server.reply = None
    speaker = server.actor("speaker", "Person")
    await server.send(node.inbox, server.say("Like", speaker, node.catalogue), speaker)
    await eventually(lambda: _waiting(node) == [])
    assert _host(node, server) == (0, None)
    assert len({each["object"] for each in server.got("Announce")}) == 21


async def test_host_on_trial_gets_one_request_at_a_time(world: World, abroad: MakeServer) -> None:
    retry = RetryPolicy(longest_delay=0.05, attempts=10_000)
    node, server = await world.node("node", retry=retry), await abroad()
    await node.affiliate("guild")
    await _followed_by(server, node)
    under_way, most = 0, []

    async def fail_slowly(_: Letter) -> web.Response:
        nonlocal under_way
        under_way += 1
        most.append(under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return web.Response(status=502)

    server.reply = fail_slowly
    await node.publish_all([offer(f"No. {n}") for n in range(12)], by="guild")
    await eventually(lambda: len(most) >= 30)
    trial = most[retry.breaker_failures + node.settings.lanes :]
    assert trial == [1] * len(trial)


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_honoured_for_the_whole_host(
    world: World, abroad: MakeServer, status: int
) -> None:
    retry = RetryPolicy(first_delay=0.0, jitter=0.0)  # of its own accord it would wait one second
    node, server = await world.node("node", retry=retry), await abroad()
    await node.affiliate("guild")
    await _followed_by(server, node)
    server.reply = _answering(status, {"Retry-After": "2"})
    await node.publish(offer("First"), by="guild")
    await eventually(lambda: _host(node, server)[1])
    server.reply = None
    await node.publish(offer("Second"), by="guild")
    await eventually(lambda: _waiting(node) == [])
    first, *later = [letter.at for letter in server.letters]
    assert len(later) == 2
    assert all(1.95 <= (at - first).total_seconds() <= 6 for at in later)


@pytest.mark.parametrize("status", [400, 403, 404, 410, 501])
async def test_what_will_never_be_taken_is_laid_aside_at_once(
    world: World, abroad: MakeServer, status: int
) -> None:
    node, server = await world.node("node"), await abroad()
    await node.affiliate("guild")
    await _followed_by(server, node)
    server.reply = _answering(status)
    await node.publish(offer("Refused"), by="guild")
    await eventually(lambda: [state for _, state in _waiting(node)] == ["dead"])
    server.reply = None
    await node.publish(offer("Taken"), by="guild")
    await eventually(lambda: len(server.letters) == 2)
    await eventually(lambda: len(_waiting(node)) == 1)
    assert node.rows("SELECT attempts, reason FROM delivery") == [(1, str(status))]


async def test_hanging_host_does_not_delay_another(world: World, abroad: MakeServer) -> None:
    node, slow, quick = await world.node("node"), await abroad(), await abroad()
    peer = await world.node("peer")
    await peer.follow(node.catalogue)
    await node.affiliate("guild")
    for server in (slow, quick):
        await _followed_by(server, node)

    async def hang(_: Letter) -> web.Response:
        await slow.released.wait()
        return web.Response(status=202)

    slow.reply = hang
    begun = time.monotonic()
    many = await node.publish_all([offer(f"No. {n}") for n in range(20)], by="guild")
    await eventually(lambda: len(quick.got("Announce")) == 20)
    await eventually(lambda: _holds(peer, len(many)))
    assert time.monotonic() - begun < node.settings.limits.total_seconds / 2
    assert len(slow.letters) == node.settings.lanes
    slow.released.set()
    await eventually(lambda: _waiting(node) == [])
    assert len({each["object"] for each in slow.got("Announce")}) == 20


async def _holds(node: Node, many: int) -> bool:
    return len(await node.titles()) == many


async def test_hanging_document_does_not_delay_what_others_say(
    world: World, abroad: MakeServer
) -> None:
    node, slow, quick = await world.node("node"), await abroad(), await abroad()
    sleeper, author = slow.actor("sleeper"), quick.actor("author")
    for actor in (sleeper, author):
        await node.follow(actor.uri)
    late = slow.put(slow.proposal(sleeper, "late"))
    slow.held.add("/notes/late")
    begun = time.monotonic()
    await slow.send(node.inbox, slow.say("Announce", sleeper, late["id"]), sleeper)
    await eventually(lambda: "/notes/late" in slow.asked)
    for number in range(10):
        said = quick.say("Create", author, quick.proposal(author, f"quick-{number}"))
        assert (await quick.send(node.inbox, said, author))[0] == 202
    await eventually(lambda: _holds(node, 10))
    assert time.monotonic() - begun < node.settings.limits.total_seconds / 2
    slow.released.set()
    await eventually(lambda: _holds(node, 11))


async def test_key_that_cannot_be_had_now_is_asked_for_later(
    world: World, abroad: MakeServer
) -> None:
    node, server = await world.node("node"), await abroad()
    newcomer = server.actor("newcomer", "Person")
    (document,) = [server.documents.pop("/users/newcomer")]
    absent = server.say("Follow", newcomer, node.catalogue)
    assert (await server.send(node.inbox, absent, newcomer))[0] == 401
    assert (await server.send(node.inbox, absent, newcomer))[0] == 401
    assert server.asked == ["/users/newcomer"]

    # a server that cannot answer is another matter than a key that is not there
    late = server.actor("late", "Person")
    document = server.documents["/users/late"]
    server.documents["/users/late"] = {"status": 503}
    for _ in range(2):
        said = server.say("Follow", late, node.catalogue)
        status, answer = await server.send(node.inbox, said, late)
        assert (status, "try-later" in answer) == (503, True)
    assert server.asked == ["/users/newcomer", "/users/late"]
    server.documents["/users/late"] = document


def _answering(status: int, headers: dict[str, str] | None = None) -> Reply:
    async def reply(_: Letter) -> web.Response:
        return web.Response(status=status, headers=headers)

    return reply
