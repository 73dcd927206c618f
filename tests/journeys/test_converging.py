"""Three nodes over real sockets: cut off, killed, with letters lost, and the same after all."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from catalogue import listings
from catalogue.language import LanguageMap
from node.config import Config
from node.setup import create_node
from node.storage.store import NodeStore
from tests.journeys.processes import Served
from tests.journeys.world import Node, World, eventually, free_port, offer, rows, settings

SEED = 20261120
ROUNDS = 3
OFTEN = {
    "compare_every": timedelta(seconds=2),
    "compare_start": timedelta(0),
    "compare_delay": timedelta(seconds=1),
    "compare_rest": timedelta(seconds=1),
}


class Gate:
    """A way to a node that can be shut: what goes through it then breaks off."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._is_open = True
        self._ways: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "Gate":
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.shut()
        assert self._server is not None
        self._server.close()

    def shut(self) -> None:
        """Let nothing through, and break off what is under way."""
        self._is_open = False
        for way in self._ways:
            way.transport.abort()

    def open(self) -> None:
        """Let everything through again."""
        self._is_open = True

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._is_open:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._ways |= {writer, back}
        await asyncio.gather(_pour(reader, back), _pour(there, writer))
        self._ways -= {writer, back}


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    with contextlib.suppress(OSError):
        target.close()


@pytest.fixture
async def gated(world: World) -> AsyncIterator[tuple[list[Node], list[Gate]]]:
    """Three nodes, each behind a gate, that follow one another."""
    async with contextlib.AsyncExitStack() as stack:
        gates = []
        for name in ("north", "south", "west"):
            port = free_port()
            gates.append(await stack.enter_async_context(Gate(port)))
            base = f"http://127.0.0.1:{gates[-1].port}"
            data = world.folder / name
            config = Config(data=data, base_url=base, port=port, name=name, dev=True)
            await asyncio.to_thread(create_node, config)
            world.nodes.append(await Node(config, settings(**OFTEN)).start())
            await world.nodes[-1].affiliate("guild")
        for one in world.nodes:
            for other in world.nodes:
                if one is not other:
                    await one.follow(other.catalogue)
        yield world.nodes, gates
        await world.close()


def _open(config: Config) -> list[tuple[Any, ...]]:
    sql = """
        SELECT uri, updated_at / 1000, content ->> '$.title.en' FROM listing
        WHERE status = 'open' ORDER BY uri
    """
    return rows(config.database, sql)


def _agree(nodes: list[Node]) -> bool:
    first, *others = [_open(node.config) for node in nodes]
    return bool(first) and all(each == first for each in others)


class Author:
    """Publishes, edits, closes and deletes on one node, in a random order."""

    def __init__(self, name: str, chance: random.Random) -> None:
        self.name = name
        self.chance = chance
        self.made = 0

    def act(self, store: NodeStore) -> None:
        """Do one thing."""
        self.made += 1
        sql = "SELECT id FROM listing WHERE node = :node AND status = 'open' ORDER BY id"
        own = [row["id"] for row in store.listings._sql.all(sql, node=store.addresses.authority)]
        verb = self.chance.choice(["publish", "publish", "edit", "close", "delete"])
        title = f"{self.name} {self.made}"
        if verb == "publish" or len(own) < 3:
            listings.publish(store, offer(title), by="guild")
        elif verb == "edit":
            found = listings.get(store, self.chance.choice(own))
            changed = replace(found.content, title=LanguageMap({"en": title}))
            listings.edit(store, found.id, changed)
        else:
            getattr(listings, verb)(store, self.chance.choice(own))


async def test_f30_f31_three_nodes_agree_after_cuts_kills_and_lost_letters(
    gated: tuple[list[Node], list[Gate]],
) -> None:
    nodes, gates = gated
    north, south, west = nodes
    chance = random.Random(SEED)  # noqa: S311 - so that a failure comes again
    authors = [Author(name, chance) for name in ("north", "south", "west")]
    await west.stop()
    killed = await Served(west.config).start()
    try:
        for _ in range(ROUNDS):
            cut = chance.choice(gates)
            cut.shut()
            for step in range(12):
                for node, author in zip((north, south), authors, strict=False):
                    await node.database.write(author.act)
                with killed.opened() as database:
                    database.write_now(authors[2].act)
                if step == 6:
                    await killed.kill()
            await north.database.write(lambda store: store.deliveries.drop_host(south.authority))
            cut.open()
            await killed.start()
            await eventually(lambda: _agree(nodes))
    finally:
        await killed.kill()
    assert all(author.made == 12 * ROUNDS for author in authors)
    assert killed.said() == ""
