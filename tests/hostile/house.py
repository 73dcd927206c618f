"""A house at which strangers knock: a running node, two foreign servers, and what may not change.

The node follows an author on each server, so that whatever the evil one says in its own name is
listened to: what is refused is refused for the reason that the test names. A test wraps what a
stranger does in :meth:`House.unchanged`, which compares every row of every table before and after,
sees which documents the node asked the servers for, and that it is alive and ready. That nothing
leaves this machine is watched in every test (:mod:`tests.journeys.watch`).

One house stands for all tests of a file. What a test changes on purpose it says with ``but``.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from catalogue.model import Actor, Listing
from tests.journeys import raw
from tests.journeys.foreign import ForeignActor, ForeignServer, Json, signed
from tests.journeys.world import ACTIVITY, Node, World, eventually, offer, rows

READY_SECONDS = 1.0

TAKEN_IN = ("inbox", "host", "sqlite_sequence")
"""What changes when an activity is taken in and has no effect: give it as ``but``."""

Snapshot = dict[str, list[tuple[Any, ...]]]
Headers = Mapping[str, str | bytes | tuple[str | bytes, ...]]


@dataclass
class House:
    """The node, an honest server and an evil one, their authors, and a listing of the honest one.

    ``neighbour`` is an honest actor on the evil server: a stranger may share a host with a liar.
    """

    node: Node
    good: ForeignServer
    evil: ForeignServer
    author: ForeignActor
    liar: ForeignActor
    neighbour: ForeignActor
    listing: Json
    guild: Actor
    own: Listing

    # -- what strangers do --------------------------------------------------------------------

    async def send(self, activity: Json | bytes, by: ForeignActor, **how: Any) -> int:
        """Send an activity signed by an actor, as ordinary servers do; return the status."""
        inbox = how.pop("inbox", self.node.inbox)
        status, _ = await self.server_of(by).send(inbox, activity, by, **how)
        return status

    async def knock(
        self, headers: Headers, body: bytes, *, target: str = "/inbox", method: str = "POST"
    ) -> int:
        """Send exactly these headers and bytes on a socket; a tuple is a header in several lines.

        ``Host`` and ``Content-Type`` are right unless given here. Returns the status.
        """
        given: Headers = {"Content-Type": ACTIVITY, **headers}
        data = raw.request(method, target, self.node.authority, given, body)
        answer = await raw.send(self.node.config.port, data)
        return answer.status

    def letter(self, activity: Json, by: ForeignActor, **how: Any) -> tuple[dict[str, str], bytes]:
        """Return the headers and the body of an activity that an actor signs, to be spoilt."""
        body = json.dumps(activity).encode()
        return signed(how.pop("inbox", self.node.inbox), body, by, **how), body

    def lie(self, name: str = "lie", **changes: Any) -> Json:
        """Return a Create by the liar that would be believed if it came as it should."""
        return self.evil.say("Create", self.liar, self.evil.proposal(self.liar, name), **changes)

    def server_of(self, actor: ForeignActor) -> ForeignServer:
        """Return the server an actor lives on."""
        return self.good if actor.uri.startswith(self.good.url) else self.evil

    # -- what may not change ------------------------------------------------------------------

    @asynccontextmanager
    async def unchanged(
        self, *, asking: Collection[str] = (), but: Iterable[str] = ()
    ) -> AsyncIterator[None]:
        """Fail when any row is another afterwards, or the node asked for what it should not have.

        ``asking`` are the paths it may ask the foreign servers for, such as those of a key that
        failed. ``but`` are tables that may change.
        """
        await self.rest()
        before = snapshot(self.node.config.database, but)
        for server in (self.good, self.evil):
            server.asked.clear()
        yield
        await self.rest()
        after = snapshot(self.node.config.database, but)
        differing = changes(before, after)
        assert differing == {}, differing
        asked = [*self.good.asked, *self.evil.asked]
        assert [path for path in asked if path not in asking] == []
        await self.assert_ready()

    async def assert_refused(
        self, activity: Json | bytes, by: ForeignActor, status: int = 401, **how: Any
    ) -> None:
        """Send it: it is answered with ``status`` and nothing whatever changes."""
        async with self.unchanged(asking=how.pop("asking", ())):
            assert await self.send(activity, by, **how) == status

    async def assert_ignored(self, activity: Json | bytes, by: ForeignActor, **how: Any) -> None:
        """Send it: it is taken in and has no effect."""
        async with self.unchanged(asking=how.pop("asking", ()), but=TAKEN_IN):
            assert await self.send(activity, by, **how) == 202

    async def assert_ready(self) -> None:
        """Fail unless the node answers at once that it is ready."""
        async with asyncio.timeout(READY_SECONDS):
            assert (await self.node.get("/readyz")).status == 200

    async def rest(self) -> None:
        """Wait until nothing that came in or goes out is waiting any more."""
        await eventually(self._is_at_rest)

    async def _is_at_rest(self) -> bool:
        waiting = self.node.rows("SELECT * FROM delivery WHERE state = 'pending'")
        untold = self.node.rows("SELECT * FROM event")
        return waiting == untold == [] and await self.node.is_at_rest()


def snapshot(path: Path, but: Iterable[str] = ()) -> Snapshot:
    """Return every row of every table in any order, but not when a document was last fetched."""
    names = rows(path, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    left_out = set(but)
    return {name: _rows_of(path, name) for (name,) in names if name not in left_out}


def changes(before: Snapshot, after: Snapshot) -> dict[str, tuple[list[Any], list[Any]]]:
    """Return for each table that differs the rows that went and the rows that came."""
    return {
        table: (
            [row for row in before.get(table, []) if row not in after.get(table, [])],
            [row for row in after.get(table, []) if row not in before.get(table, [])],
        )
        for table in sorted(before.keys() | after.keys())
        if before.get(table) != after.get(table)
    }


def _rows_of(path: Path, table: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10.0)
    try:
        found = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name of our own
        kept = [at for at, column in enumerate(found.description) if column[0] != "fetched_at"]
        return sorted((tuple(row[at] for at in kept) for row in found), key=repr)
    finally:
        connection.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One house for all tests of a file: what is refused or ignored leaves it as it was."""
    world = World(tmp_path_factory.mktemp("house"))
    good, evil = ForeignServer(number=0), ForeignServer(number=1)
    async with AsyncExitStack() as leaving:
        for server in (good, evil):
            await server.start()
            leaving.push_async_callback(server.stop)
        leaving.push_async_callback(world.close)
        yield await _built(await world.node("node"), good, evil)


async def _built(node: Node, good: ForeignServer, evil: ForeignServer) -> House:
    guild = await node.affiliate("guild")
    own = await node.publish(offer("Our own"), by="guild")
    author, liar, neighbour = good.actor("author"), evil.actor("liar"), evil.actor("neighbour")
    for actor in (author, liar, neighbour):
        await node.follow(actor.uri)
    listing = good.put(good.proposal(author, "real"))
    found = House(node, good, evil, author, liar, neighbour, listing, guild, own)
    assert await found.send(good.say("Create", author, listing), author) == 202
    await found.rest()
    assert (await node.titles())[listing["id"]] == "real"
    return found
