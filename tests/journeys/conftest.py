"""Journeys: several real nodes, and servers that are none, on this machine."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.journeys.foreign import ForeignServer
from tests.journeys.watch import (  # noqa: F401 - fixtures of every journey
    no_node_stumbles,
    nothing_leaves_this_machine,
)
from tests.journeys.world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """The nodes of this journey."""
    made = World(tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def abroad() -> AsyncIterator[Callable[[], Awaitable[ForeignServer]]]:
    """Makes servers that are no nodes; each listens until the journey ends."""
    servers: list[ForeignServer] = []

    async def make() -> ForeignServer:
        servers.append(ForeignServer(number=len(servers)))
        return await servers[-1].start()

    yield make
    for server in servers:
        await server.stop()
