"""A node as it stands in production, told things by a peer that it follows: whom does it dial?

The peer's key and actor are on the shelf already, so nothing has to be asked of it. Every address
that this process dials is written down: only the node's own port may be among them, for that is
where the test knocks.
"""

import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from catalogue.model import Follow, FollowState
from federation.guard import DialPolicy
from federation.incoming.actor import shelve_actor
from node.storage.store import NodeStore
from tests.journeys.foreign import AS, PUBLIC, ForeignActor, Json, key, signed
from tests.journeys.world import ACTIVITY, Node, World, eventually

PEER = "https://peer.example/actors/catalogue"

_dialled: list[tuple[Any, ...]] = []
_numbers = count(1)


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        _dialled.append(arguments[1][:2])


sys.addaudithook(_note)


@dataclass
class Fort:
    """The node, and the peer it believes to be a catalogue."""

    node: Node
    peer: ForeignActor

    def say(self, verb: str, content: Any, **changes: Any) -> Json:
        """Return an activity of the peer."""
        address = f"https://peer.example/activities/{next(_numbers)}"
        said = {"@context": AS, "id": address, "type": verb, "actor": PEER, "object": content}
        return {**said, **changes}

    def proposal(self, **changes: Any) -> Json:
        """Return a listing of the peer's."""
        address = f"https://peer.example/proposals/{next(_numbers)}"
        intent = {"type": "Intent", "nameMap": {"en": "x"}, "contentMap": {"en": "<p>x</p>"}}
        note = {"id": address, "type": "Note", "purpose": "offer", "attributedTo": PEER}
        return {**note, "to": [PUBLIC], "publishes": intent, **changes}

    async def send(self, activity: Json) -> int:
        """Send an activity of the peer; return the status once the node is at rest."""
        body = json.dumps(activity).encode()
        headers = {**signed(self.node.inbox, body, self.peer), "Content-Type": ACTIVITY}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.node.inbox, data=body, headers=headers) as response,
        ):
            status = response.status
        await eventually(self.node.is_at_rest)
        return status

    @contextmanager
    def dialling_nobody(self) -> Iterator[None]:
        """Fail when anything but this node was dialled, or listings came or went."""
        _dialled.clear()
        before = self.node.rows("SELECT * FROM listing")
        yield
        assert {address for address in _dialled if address[1] != self.node.config.port} == set()
        assert self.node.rows("SELECT * FROM listing") == before


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fort(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fort]:
    """One fort for all tests of a file."""
    world = World(tmp_path_factory.mktemp("fort"))
    node = await world.node("fort", policy=DialPolicy())
    await node.affiliate("guild")
    peer = ForeignActor(PEER, key(42))
    await node.database.write(_know, peer)
    yield Fort(node, peer)
    await world.close()


def _know(store: NodeStore, peer: ForeignActor) -> None:
    shelve_actor(
        store,
        {
            "id": peer.uri,
            "type": "Service",
            "preferredUsername": "catalogue",
            "inbox": f"{peer.uri}/inbox",
            "proposals": f"{peer.uri}/proposals",
            "published": datetime.now(UTC).isoformat(),
            "publicKey": {
                "id": peer.key_uri,
                "owner": peer.uri,
                "publicKeyPem": peer.key.public().pem(),
            },
        },
    )
    now = store.clock.now()
    store.follows.put(
        Follow(
            uri=store.addresses.activity("follow", store.ids.new()),
            follower=store.addresses.catalogue,
            followed=peer.uri,
            state=FollowState.ACCEPTED,
            created=now,
            updated=now,
        )
    )
