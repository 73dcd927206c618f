"""A node as an operator meets it: one process for a folder, commands beside it, and its end."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic

import pytest
from aiohttp import ClientError

from tests.journeys.foreign import ForeignServer
from tests.journeys.processes import Ended, Served, capx
from tests.journeys.world import Node, World, eventually, free_port, holdings, quick_check, rows

MakeServer = Callable[[], Awaitable[ForeignServer]]

PATIENCE = 10.0  # seconds that a supervisor waits before it kills


@pytest.fixture
async def served(world: World) -> AsyncIterator[tuple[Served, Node]]:
    """A node as a process, and a peer of this process that follows it."""
    source, peer = await world.pair()
    await source.affiliate("guild")
    await source.stop()
    node = Served(source.config)
    yield await node.start(), peer
    await node.kill()


async def test_f20_second_process_on_the_same_folder_refuses(
    served: tuple[Served, Node],
) -> None:
    node, peer = served
    before = holdings(node.config.database)
    assert node.process is not None
    for port in (node.config.port, free_port()):
        listen = f"127.0.0.1:{port}"
        ended = await capx("serve", "--data", str(node.config.data), "--listen", listen)
        folder, pid = node.config.data, node.process.pid
        said = f"capx: the node in {folder} is running already (process {pid})\n"
        assert ended == Ended(1, "", said)
    assert (await peer.get(f"{node.config.base_url}/readyz")).status == 200
    assert holdings(node.config.database) == before


async def test_f20_folder_is_free_again_after_a_kill(served: tuple[Served, Node]) -> None:
    node, peer = served
    await node.kill()
    await node.start()
    assert (await peer.get(f"{node.config.base_url}/readyz")).status == 200


async def test_commands_beside_the_running_node_reach_the_peer(
    served: tuple[Served, Node],
) -> None:
    node, peer = served
    data = ("--data", str(node.config.data), "--json")
    words = ["--by=guild", "--kind=offer", "--category=skill", "--language=en"]
    added = await capx("listing", "add", *words, "--title", "By hand", "--text", "Some.", *data)
    assert (added.code, added.err) == (0, "")
    uri = json.loads(added.out)["uri"]
    await eventually(lambda: peer.find(uri))

    await capx("listing", "edit", uri, "--language", "en", "--title", "By both hands", *data)
    await eventually(lambda: _has_title(peer, uri, "By both hands"))
    shown = json.loads((await capx("listing", "show", uri, *data)).out)
    assert shown["title"] == {"en": "By both hands"}

    assert (await capx("listing", "delete", uri, *data)).code == 0
    await eventually(lambda: _is_gone(peer, uri))
    gone = await capx("listing", "show", uri, *data)
    assert (gone.code, gone.out) == (1, "")
    assert gone.err == f"capx: there is no listing '{uri}' here\n"


async def test_follow_by_command_beside_the_running_node(served: tuple[Served, Node]) -> None:
    node, peer = served
    await peer.affiliate("village")
    data = ("--data", str(node.config.data))
    asked = await capx("follow", f"@catalogue@{peer.authority}", *data)
    assert (asked.code, asked.err) == (0, "")
    await eventually(lambda: rows(node.config.database, _FOLLOWING, peer.catalogue))
    followers = await capx("followers", *data)
    assert followers.out.splitlines() == [peer.catalogue]
    assert (await capx("unfollow", f"@catalogue@{peer.authority}", *data)).code == 0
    await eventually(lambda: peer.rows("SELECT * FROM follow WHERE state = 'undone'"))


_FOLLOWING = "SELECT * FROM follow WHERE followed = ? AND state = 'accepted'"


async def _has_title(node: Node, uri: str, title: str) -> bool:
    return (await node.titles()).get(uri) == title


async def _is_gone(node: Node, uri: str) -> bool:
    return await node.find(uri) is None


async def test_f19_told_to_end_under_load_it_ends_in_time_and_loses_nothing(
    world: World, abroad: MakeServer
) -> None:
    node, server = await world.node("node"), await abroad()
    actor = server.actor("author")
    await node.follow(actor.uri)
    await world.close()
    served = await Served(node.config).start()
    taken: set[str] = set()
    refused: list[int] = []

    async def send_until_it_is_gone() -> None:
        while True:
            number = server.next_number()
            said = server.say("Create", actor, server.proposal(actor, f"n{number}"))
            try:
                status, _ = await server.send(node.inbox, said, actor)
            except (ClientError, ConnectionError):
                return
            if status == 202:
                taken.add(said["object"]["id"])
            else:
                refused.append(status)

    senders = [asyncio.create_task(send_until_it_is_gone()) for _ in range(8)]
    await eventually(lambda: len(taken) >= 100)
    begun = monotonic()
    assert await served.tell_to_end() == 0
    assert monotonic() - begun < PATIENCE
    await asyncio.gather(*senders)
    assert (refused, served.said()) == ([], "")

    stored = "SELECT count(*) FROM inbox WHERE uri LIKE '%/activities/%' AND actor = ?"
    ((count,),) = rows(node.config.database, stored, actor.uri)
    assert count >= len(taken)
    await served.start()
    await eventually(lambda: taken <= set(holdings(node.config.database)))
    assert await served.tell_to_end() == 0
    assert quick_check(node.config.database) == "ok"
