"""A relay passes on listings of a node that nobody here follows (FEP-ae0c)."""

import asyncio

import pytest

from node.cli.main import main
from tests.journeys.foreign import ForeignServer
from tests.journeys.world import World, eventually, offer


async def capx(node, *words) -> int:
    return await asyncio.to_thread(main, [*words, "--data", str(node.config.data), "--json"])


@pytest.fixture
async def relay():
    server = await ForeignServer().start()
    yield server
    await server.stop()


async def test_relay_brings_listings_of_strangers_and_takes_them_along(world: World, relay):
    author, reader = await world.node("author"), await world.node("reader")
    await author.affiliate("delta")
    listing = await author.publish(offer(), "delta")
    actor = relay.actor("relay", "Application")

    announced = relay.say("Announce", actor, listing.uri)
    assert await relay.send(reader.inbox, announced, actor) == (202, "")
    await eventually(reader.is_at_rest)
    assert await reader.titles() == {}  # a stranger brings nothing

    assert await capx(reader, "relay", "add", actor.uri) == 0
    await eventually(lambda: _is_accepted(reader, actor.uri))
    again = relay.say("Announce", actor, listing.uri)
    assert await relay.send(reader.inbox, again, actor) == (202, "")
    await eventually(reader.titles)
    assert await reader.titles() == {listing.uri: "Mediation for beginners"}

    forged = relay.proposal(actor, "forged")
    forged["id"] = forged["id"].replace(relay.url, author.url)
    assert (await relay.send(reader.inbox, relay.say("Announce", actor, forged), actor))[0] == 202
    await eventually(reader.is_at_rest)
    assert await reader.titles() == {listing.uri: "Mediation for beginners"}

    assert await capx(reader, "relay", "remove", "@relay@elsewhere.example") == 1
    assert await capx(reader, "relay", "remove", f"@relay@{relay.url.removeprefix('http://')}") == 0
    assert await reader.titles() == {}
    assert await capx(reader, "relay", "remove", actor.uri) == 1


async def _is_accepted(node, uri):
    follow = await node.database.read(
        lambda store: store.follows.find_between(store.addresses.catalogue, uri)
    )
    return follow is not None and follow.state == "accepted"
