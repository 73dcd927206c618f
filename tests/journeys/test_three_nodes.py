"""Three nodes that follow one another, and a server in the style of Mastodon that follows them."""

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal

from catalogue import following
from node.storage.store import NodeStore
from tests.journeys.foreign import PUBLIC, ForeignActor, ForeignServer
from tests.journeys.world import Node, World, eventually, offer

MakeServer = Callable[[], Awaitable[ForeignServer]]


async def test_three_nodes_agree_and_each_announces_only_its_own(world: World) -> None:
    nodes = [await world.node(name) for name in ("north", "south", "west")]
    for node in nodes:
        await node.affiliate("guild")
        await node.publish(offer(f"Early from {node.config.name}"), by="guild")
    for node in nodes:
        for other in nodes:
            if other is not node:
                await node.follow(other.catalogue)
    for node in nodes:
        await node.publish_all([offer(f"{node.config.name} {n}") for n in range(5)], by="guild")
    edited = await nodes[0].publish(offer("Before"), by="guild")
    await nodes[0].edit(edited, hours=Decimal(3))

    own = {node.authority: await _own(node) for node in nodes}
    union = set().union(*own.values())
    assert len(union) == 3 * 6 + 1
    await eventually(lambda: _all_hold(nodes, union))
    assert [await node.titles() for node in nodes] == [await nodes[0].titles()] * 3

    for node in nodes:
        assert await _announced(node) == own[node.authority]
        # nobody was sent a listing by anyone but its author
        letters = node.rows("SELECT uri, actor FROM inbox WHERE uri LIKE '%/proposals/%'")
        foreign = union - own[node.authority] - _early(node, letters)
        assert {uri.partition("/activity")[0].partition("#")[0] for uri, _ in letters} == foreign
        assert {actor.rpartition("/")[2] for _, actor in letters} == {"guild"}


async def _own(node: Node) -> set[str]:
    return {uri for uri in await node.titles() if uri.startswith(node.url)}


async def _all_hold(nodes: list[Node], union: set[str]) -> bool:
    return [set(await node.titles()) for node in nodes] == [union] * len(nodes)


def _early(node: Node, letters: list[tuple[str, str]]) -> set[str]:
    """Return what was read from a collection rather than sent: it was there before the follow."""
    sent = {uri.partition("/activity")[0].partition("#")[0] for uri, _ in letters}
    rows = node.rows("SELECT uri FROM listing WHERE json(content) LIKE '%Early from%'")
    return {uri for (uri,) in rows} - sent


async def _announced(node: Node) -> set[str]:
    """Return what the catalogue's outbox announces, page after page."""
    found: set[str] = set()
    page = f"{node.catalogue}/outbox?page=true"
    while page:
        document = json.loads((await node.get(page)).body)
        for activity in document["orderedItems"]:
            assert activity["type"] == "Announce"
            assert activity["actor"] == node.catalogue
            found.add(activity["object"])
        page = document.get("next")
    return found


# -- a foreign follower ---------------------------------------------------------------------------


async def _follow(server: ForeignServer, reader: ForeignActor, node: Node, whom: str) -> dict:
    follow = server.say("Follow", reader, whom)
    assert await server.send(node.inbox, follow, reader) == (202, "")
    (accept,) = await eventually(
        lambda: [each for each in server.got("Accept") if each["object"]["id"] == follow["id"]]
    )
    assert accept["actor"] == whom
    assert accept["to"] == [reader.uri]
    assert accept["object"] == {
        "id": follow["id"],
        "type": "Follow",
        "actor": reader.uri,
        "object": whom,
    }
    return follow


async def test_foreign_follower_of_the_catalogue_gets_announces(
    world: World, abroad: MakeServer
) -> None:
    node, mastodon = await world.node("node"), await abroad()
    await node.affiliate("guild")
    reader = mastodon.actor("reader", "Person")
    await _follow(mastodon, reader, node, node.catalogue)

    listings = [await node.publish(offer(f"Offer {n}"), by="guild") for n in range(3)]
    announces = await eventually(lambda: _at_least(mastodon, "Announce", 3))
    assert {each["object"] for each in announces} == {each.uri for each in listings}
    for each in announces:
        assert each["actor"] == node.catalogue
        assert each["to"] == [PUBLIC]
        assert listings[0].by in each["cc"]
        # what it names can be fetched by anyone, as the announced object and the announce itself
        assert (await mastodon.fetch(each["object"]))["id"] == each["object"]
        assert await mastodon.fetch(each["id"]) == each
    assert mastodon.got("Create") == []

    await node.edit(listings[0], hours=Decimal(2))
    await node.delete(listings[1])
    (update,) = await eventually(lambda: _at_least(mastodon, "Update", 1))
    (delete,) = await eventually(lambda: _at_least(mastodon, "Delete", 1))
    assert update["object"]["id"] == listings[0].uri
    assert delete["object"]["id"] == listings[1].uri


async def test_foreign_follower_of_an_affiliate_gets_its_posts_until_it_leaves(
    world: World, abroad: MakeServer
) -> None:
    node, mastodon = await world.node("node"), await abroad()
    guild, museum = await node.affiliate("guild"), await node.affiliate("museum")
    reader = mastodon.actor("reader", "Person")
    other = mastodon.actor("other", "Person")
    follow = await _follow(mastodon, reader, node, guild.uri)
    await _follow(mastodon, other, node, museum.uri)

    listing = await node.publish(offer("As first said"), by="guild")
    (create,) = await eventually(lambda: _at_least(mastodon, "Create", 1))
    assert create["actor"] == create["object"]["attributedTo"] == guild.uri
    assert create["object"]["id"] == listing.uri
    assert "As first said" in create["object"]["content"]
    assert create["object"]["type"] == "Note"

    await node.edit(listing, title=offer("As said later").title)
    (update,) = await eventually(lambda: _at_least(mastodon, "Update", 1))
    assert "As said later" in update["object"]["content"]
    assert update["object"]["updated"] > create["object"]["published"]

    await node.delete(listing)
    (delete,) = await eventually(lambda: _at_least(mastodon, "Delete", 1))
    assert delete["object"] == {
        "id": listing.uri,
        "type": "Tombstone",
        "formerType": "Note",
        "deleted": delete["object"]["deleted"],
    }
    at_reader = [each for each in mastodon.letters if each.path.startswith("/users/reader")]
    assert [each.type for each in at_reader] == ["Accept", "Create", "Update", "Delete"]
    assert [each.type for each in mastodon.letters if each not in at_reader] == ["Accept"]

    # it leaves: the next listing goes to those who stay and no more to it
    undo = mastodon.say("Undo", reader, follow)
    assert await mastodon.send(node.inbox, undo, reader) == (202, "")
    await eventually(lambda: _states(node) == ["accepted", "undone"])
    await node.publish(offer("Too late for one"), by="guild")
    last = await node.publish(offer("For the other"), by="museum")
    await eventually(lambda: _at_least(mastodon, "Create", 2))
    await eventually(lambda: node.rows("SELECT count(*) FROM delivery") == [(0,)])
    assert [each["object"]["id"] for each in mastodon.got("Create")] == [listing.uri, last.uri]


def _at_least(server: ForeignServer, verb: str, many: int) -> list[dict]:
    found = server.got(verb)
    return found if len(found) >= many else []


def _states(node: Node) -> list[str]:
    return sorted(state for (state,) in node.rows("SELECT state FROM follow"))


async def test_undo_that_overtakes_its_follow_is_not_forgotten(
    world: World, abroad: MakeServer
) -> None:
    node, mastodon = await world.node("node"), await abroad()
    reader = mastodon.actor("reader", "Person")
    for _ in range(2):  # the second time there is an older follow of the same two
        follow = mastodon.say("Follow", reader, node.catalogue)
        undo = mastodon.say("Undo", reader, follow)
        for activity in (undo, follow):
            assert await mastodon.send(node.inbox, activity, reader) == (202, "")
        await eventually(node.is_at_rest)
        assert _states(node) == []
        assert mastodon.got("Accept") == []
    await _follow(mastodon, reader, node, node.catalogue)
    assert _states(node) == ["accepted"]


async def test_followed_and_left_in_one_breath_two_nodes_agree(world: World) -> None:
    node, other = await world.node("node"), await world.node("other")
    await node.follow(other.catalogue)

    def leave_and_return_and_leave(store: NodeStore) -> None:
        us = store.addresses.catalogue
        following.withdraw(store, follower=us, followed=other.catalogue)
        following.request_for_node(store, other.catalogue)
        following.withdraw(store, follower=us, followed=other.catalogue)

    for _ in range(4):
        await node.database.write(leave_and_return_and_leave)
        await eventually(lambda: _nothing_under_way(node, other))
        assert (_states(node), _states(other)) == (["undone"], ["undone"])
        await node.follow(other.catalogue)


def _nothing_under_way(*nodes: Node) -> bool:
    waiting = ("event", "delivery", "inbox WHERE state = 'pending'")
    return not any(node.rows(f"SELECT * FROM {each}") for node in nodes for each in waiting)  # noqa: S608
