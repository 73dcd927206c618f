"""A node that comes late reads all that there is, page by page and nothing else."""

import math
from collections import Counter
from urllib.parse import parse_qs

from tests.journeys.world import Asked, Node, World, eventually, offer

MANY = 250
AUTHORS = ("guild", "museum", "archive")


async def _full_source(world: World) -> Node:
    source = await world.node("source")
    for number, handle in enumerate(AUTHORS):
        await source.affiliate(handle)
        share = range(number, MANY, len(AUTHORS))
        await source.publish_all([offer(f"Offer {n}") for n in share], by=handle)
    await eventually(lambda: source.rows("SELECT count(*) FROM event") == [(0,)])
    return source


async def test_late_follower_reads_the_collection_and_fetches_no_listing(world: World) -> None:
    source = await _full_source(world)
    closed = await source.publish(offer("Closed before"), by="guild")
    await source.close_listing(closed)
    follower = await world.node("follower")
    source.asked.clear()

    await follower.follow(f"@catalogue@{source.authority}")

    expected = await source.titles()
    del expected[closed.uri]
    assert len(expected) == MANY
    assert await follower.titles() == expected
    gets = [each for each in source.asked if each.method == "GET"]
    assert [each for each in gets if each.path.startswith("/proposals")] == []
    pages = [each for each in gets if each.path == "/actors/catalogue/proposals"]
    later = math.ceil(MANY / source.settings.page_items) - 1
    assert [_page(each) for each in pages] == ["root", "first", *["later"] * later]
    others = Counter(each.path for each in gets if each not in pages)
    actors = {f"/actors/{handle}": 1 for handle in AUTHORS}
    assert others == actors | {"/.well-known/webfinger": 1, "/actors/catalogue": 1}


def _page(asked: Asked) -> str:
    query = parse_qs(asked.query)
    if "page" not in query:
        return "root"
    return "later" if "cursor" in query else "first"


async def test_reader_that_stops_in_the_middle_goes_on_where_it_was(world: World) -> None:
    source = await _full_source(world)
    follower = await world.node("follower")
    await follower.ask_to_follow(source.catalogue)
    await eventually(lambda: len(_pages_served(source)) >= 3)
    await follower.stop()
    held = len(await follower.titles())
    assert 0 < held < MANY
    source.asked.clear()

    await follower.start()

    await eventually(lambda: _holds(follower, MANY))
    assert await follower.titles() == await source.titles()
    assert "root" not in [_page(each) for each in _pages_served(source)]
    assert len({each.query for each in _pages_served(source)}) == len(_pages_served(source))


def _pages_served(source: Node) -> list[Asked]:
    return [each for each in source.asked if each.path == "/actors/catalogue/proposals"]


async def _holds(node: Node, many: int) -> bool:
    return len(await node.titles()) == many
