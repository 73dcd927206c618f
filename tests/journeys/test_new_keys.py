"""New keys for a node that runs: whoever follows it hears on, whatever they knew before."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from node.cli.main import main
from tests.journeys.foreign import ForeignServer
from tests.journeys.world import Node, World, eventually, offer


async def rotate(node: Node, *words: str) -> None:
    """Give a running node new keys, as an operator does."""
    await eventually(lambda: is_rotated(node, words))


async def is_rotated(node: Node, words: tuple[str, ...]) -> bool:
    """Try to change keys: addresses have the second in them, so the next one may be too soon."""
    command = ["keys", "rotate", *words, "--data", str(node.config.data)]
    return await asyncio.to_thread(main, command) == 0


async def key_of(node: Node, handle: str) -> str:
    found = node.rows(
        "SELECT uri FROM own_key WHERE owner LIKE ? AND algorithm = 'rsa' AND retired_at IS NULL",
        f"%/actors/{handle}",
    )
    return str(found[0][0])


@pytest.mark.parametrize("words", [("--all",), ("--all", "--stolen")], ids=" ".join)
async def test_nodes_share_on_after_new_keys(world: World, words: tuple[str, ...]) -> None:
    source, follower = await world.pair()
    await source.affiliate("guild")
    before = await source.publish(offer("Before"), by="guild")
    await eventually(lambda: follower.find(before.uri))
    await rotate(source, *words)
    after = await source.publish(offer("After"), by="guild")
    await eventually(lambda: follower.find(after.uri))
    await source.edit(before, title=offer("Edited").title)
    sql = "SELECT content ->> '$.title.en' FROM listing WHERE uri = ?"
    await eventually(lambda: follower.rows(sql, before.uri) == [("Edited",)])
    key = await key_of(source, "guild")
    await eventually(lambda: follower.rows("SELECT 1 FROM known_key WHERE uri = ?", key))


async def test_follower_of_other_software_is_told(
    world: World, abroad: Callable[[], Awaitable[ForeignServer]]
) -> None:
    node, server = await world.node("node"), await abroad()
    await node.affiliate("guild")
    reader = server.actor("reader", "Person")
    guild = node.config.addresses.actor("guild")
    assert (await server.send(node.inbox, server.say("Follow", reader, guild), reader))[0] == 202
    await eventually(lambda: server.got("Accept"))
    await rotate(node, "guild")
    [told] = await eventually(lambda: server.got("Update"))
    letter = next(each for each in server.letters if each.type == "Update")
    assert told["object"]["publicKey"]["id"] == await key_of(node, "guild")
    assert len(told["object"]["assertionMethod"]) == 2
    assert letter.signer == guild  # by the new key: the server asks for it anew each time
    assert told["proof"]["verificationMethod"] == told["object"]["assertionMethod"][0]["id"]
