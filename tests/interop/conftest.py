"""Interop runs: our node and one foreign server, both behind TLS under real names.

Without a peer in the environment every test is skipped, and counted as skipped.
"""

import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import aiohttp
import pytest

from tests.interop.hub import Hub
from tests.interop.peer import Peer
from tests.interop.rig import Rig
from tests.journeys.world import eventually

Sent = Callable[[int], Awaitable[list[str]]]


@pytest.fixture(scope="session")
def rig() -> Rig:
    """Where the servers are."""
    given = Rig.given(os.environ)
    if given is None:
        pytest.skip("no peer is given: INTEROP_PEER")
    return given


@pytest.fixture(scope="session")
def hub(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Our node; whatever the peer sends, it logs no error and waits for nothing for ever."""
    hub = Hub(rig, rig.folder or tmp_path_factory.mktemp("hub")).start()
    yield hub
    hub.stop()
    assert hub.said() == ""


@pytest.fixture
async def peer(rig: Rig) -> AsyncIterator[Peer]:
    """The account on the foreign server."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=rig.tls()),
        headers={"Authorization": f"Bearer {rig.token}"},
        timeout=aiohttp.ClientTimeout(total=30),
    ) as session:
        yield await Peer.meet(rig.peer, session)


@dataclass(frozen=True, slots=True)
class Affiliate:
    """An affiliate of our node that nobody has met yet."""

    handle: str
    uri: str
    acct: str


@pytest.fixture
async def affiliate(hub: Hub) -> Affiliate:
    """A new affiliate: each test has its own, so runs do not see each other's."""
    handle = f"delta_{secrets.token_hex(4)}"
    name = ("--name", f"Friends of {handle}", "--region", "SN", "--language", "fr")
    made = await hub.capx("affiliate", "add", handle, *name, "--summary", "Nous *partageons*.")
    return Affiliate(made["handle"], made["uri"], made["acct"])


@pytest.fixture
def sent(hub: Hub, peer: Peer) -> Sent:
    """Wait until so many of the activities that the peer sends from now on are done with."""
    before = len(hub.taken_from(peer.url))

    async def wait(count: int) -> list[str]:
        def all_done() -> list[str]:
            taken = hub.taken_from(peer.url)[before:]
            assert all(each.state != "dead" for each in taken), taken
            done = [each.uri for each in taken if each.state == "done"]
            return done if len(done) >= count else []

        return await eventually(all_done)

    return wait
