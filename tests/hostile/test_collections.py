"""Catalogues that lead in circles, elsewhere or nowhere (H48, L21): reading ends."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.journeys.foreign import AS, ForeignActor, ForeignServer, Json
from tests.journeys.world import Node, World, eventually

MakeServer = Callable[[], Awaitable[ForeignServer]]

PAGES = 6  # that the node reads at the most


def _page(server: ForeignServer, path: str, items: list[Any], following: str | None) -> Json:
    page = {"@context": AS, "id": f"{server.url}{path}", "type": "OrderedCollectionPage"}
    return server.put({**page, "orderedItems": items, **({"next": following} if following else {})})


async def _read(node: Node, server: ForeignServer, catalogue: ForeignActor) -> list[str]:
    """Have the node read a catalogue to its end; return the pages it asked for."""
    server.asked.clear()
    await node.follow(catalogue.uri)
    assert node.rows("SELECT * FROM catch_up") == []
    return [path for path in server.asked if path.startswith(("/pages", "/users/catalogue/pro"))]


async def _stage(world: World, abroad: MakeServer) -> tuple[Node, ForeignServer, ForeignActor, str]:
    node, server = await world.node("node", catch_up_pages=PAGES), await abroad()
    catalogue = server.catalogue()
    return node, server, catalogue, f"{catalogue.uri}/proposals"


async def test_l21_h48_pages_that_lead_in_a_circle(world: World, abroad: MakeServer) -> None:
    node, server, catalogue, root = await _stage(world, abroad)
    author = server.actor("author")
    listing = server.put(server.proposal(author, "one"))
    first, second = f"{server.url}/pages/a", f"{server.url}/pages/b"
    server.put({"@context": AS, "id": root, "type": "OrderedCollection", "first": first})
    _page(server, "/pages/a", [listing], second)
    _page(server, "/pages/b", [listing["id"]], first)
    asked = await _read(node, server, catalogue)
    assert len(asked) == PAGES
    assert await node.titles() == {listing["id"]: "one"}
    assert server.asked.count("/notes/one") == 1


@pytest.mark.parametrize("where", ["itself", "the node", "another host", "no address", "inline"])
async def test_h48_next_page_that_is_none(world: World, abroad: MakeServer, where: str) -> None:
    node, server, catalogue, root = await _stage(world, abroad)
    other = await abroad()
    _page(other, "/pages/b", [], None)
    author = server.actor("author")
    listing = server.put(server.proposal(author, "one"))
    following: Any = {
        "itself": root,
        "the node": f"{node.url}/actors/catalogue/proposals",
        "another host": f"{other.url}/pages/b",
        "no address": "javascript:1",
        "inline": {"type": "OrderedCollectionPage", "orderedItems": [listing] * 3},
    }[where]
    _page(server, "/users/catalogue/proposals", [listing], following)
    node.asked.clear()
    assert len(await _read(node, server, catalogue)) == 1
    assert other.asked == []
    assert [each.method for each in node.asked if "proposals" in each.path] == []
    kept = {} if where == "inline" else {listing["id"]: "one"}
    assert await node.titles() == kept


async def test_h48_items_of_others_are_neither_kept_nor_fetched(
    world: World, abroad: MakeServer
) -> None:
    node, server, catalogue, _ = await _stage(world, abroad)
    other = await abroad()
    victim = other.actor("victim")
    theirs = other.put(other.proposal(victim, "theirs"))
    author = server.actor("author")
    mine = server.put(server.proposal(author, "mine"))
    items: list[Any] = [
        theirs,
        theirs["id"],
        {**theirs, "attributedTo": author.uri},
        {**server.proposal(author, "lie"), "attributedTo": victim.uri},
        {"type": "Note"},
        {"id": f"{node.url}/proposals/1", **mine},
        *(None, 7, [], "", "urn:x", {"id": {"id": 1}}),
        mine,
    ]
    _page(server, "/users/catalogue/proposals", items, None)
    await _read(node, server, catalogue)
    assert await node.titles() == {mine["id"]: "mine"}
    assert other.asked == []


@pytest.mark.parametrize("many", [1_000, 60_000, 1_000_000])
async def test_h48_a_million_items_on_a_page_and_a_negative_total(
    world: World, abroad: MakeServer, many: int
) -> None:
    node, server, catalogue, _ = await _stage(world, abroad)
    items = [f"{server.url}/notes/gone-{n}" for n in range(many)]
    server.put(
        {
            "@context": AS,
            "id": f"{catalogue.uri}/proposals",
            "type": "Collection",
            "totalItems": -1,
            "items": items,
        }
    )
    await _read(node, server, catalogue)
    assert len(server.asked) <= 600
    assert await node.titles() == {}


@pytest.mark.parametrize("media_type", ["text/html", "application/json"])
async def test_h47_collection_that_is_a_login_page(
    world: World, abroad: MakeServer, media_type: str
) -> None:
    node, server, catalogue, root = await _stage(world, abroad)
    server.put({"id": root, "type": "Collection", "items": []}, media_type=media_type)
    assert len(await _read(node, server, catalogue)) == 1
    assert await node.titles() == {}


async def test_h48_follow_withdrawn_while_reading(world: World, abroad: MakeServer) -> None:
    node, server, catalogue, root = await _stage(world, abroad)
    server.held.add("/users/catalogue/proposals")
    follow = await node.ask_to_follow(catalogue.uri)
    await eventually(lambda: "/users/catalogue/proposals" in server.asked)
    reject = server.say("Reject", catalogue, {"id": follow.uri, "type": "Follow"})
    assert await server.send(node.inbox, reject, catalogue) == (202, "")
    await eventually(lambda: node.rows("SELECT * FROM follow WHERE state = 'rejected'"))
    author = server.actor("author")
    server.put({"@context": AS, "id": root, "type": "Collection", "items": [
        server.put(server.proposal(author, "late"))
    ]})  # fmt: skip
    server.released.set()
    await eventually(lambda: node.rows("SELECT count(*) FROM catch_up") == [(0,)])
    await eventually(lambda: server.asked.count("/notes/late") == 1)
    assert await node.titles() == {}
