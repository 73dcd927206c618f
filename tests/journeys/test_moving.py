"""An affiliate leaves one node for another and keeps its followers and its listings (FEP-7628)."""

import asyncio
import json

from catalogue.listings import put_out
from node.cli.main import main
from tests.journeys.world import ACTIVITY, World, eventually, need, offer


async def capx(node, *words) -> int:
    return await asyncio.to_thread(main, [*words, "--data", str(node.config.data), "--json"])


async def test_affiliate_takes_its_followers_and_listings_along(world: World):
    old, new, reader = [await world.node(name) for name in ("old", "new", "reader")]
    await reader.follow(old.catalogue)
    await old.affiliate("delta")
    await old.affiliate("stays")
    moved = [
        await old.publish(offer("Mediation for beginners"), "delta"),
        await old.publish(need("A mentor"), "delta"),
    ]
    kept = await old.publish(offer("Not of the mover"), "stays")
    await eventually(lambda: _holds(reader, {*(each.uri for each in moved), kept.uri}))

    there = await new.affiliate("delta")
    before = old.config.addresses.actor("delta")
    assert await capx(new, "affiliate", "alias", "delta", before) == 0
    assert await capx(old, "affiliate", "move", "delta", there.uri) == 0
    assert await capx(new, "affiliate", "bring", "delta", before) == 0

    await eventually(lambda: _follows(reader, there.uri))
    expected = {"Mediation for beginners", "A mentor", "Not of the mover"}
    await eventually(lambda: _has_titles_of(reader, expected, new=new, old=old))
    await eventually(lambda: _has_exactly(old, {kept.uri: "Not of the mover"}))

    assert await capx(new, "affiliate", "bring", "delta", before) == 0  # nothing comes twice
    assert sorted((await new.titles()).values()) == ["A mentor", "Mediation for beginners"]
    document = json.loads((await old.get("/actors/delta", ACTIVITY)).body)
    assert document["movedTo"] == there.uri
    document = json.loads((await new.get("/actors/delta", ACTIVITY)).body)
    assert document["alsoKnownAs"] == [before]


async def test_move_needs_the_word_of_both_places(world: World):
    old, new = [await world.node(name) for name in ("old", "new")]
    await old.affiliate("delta")
    there = await new.affiliate("delta")
    listing = await old.publish(offer(), "delta")
    before = old.config.addresses.actor("delta")

    assert await capx(old, "affiliate", "move", "delta", there.uri) == 1
    assert await capx(new, "affiliate", "alias", "delta", before) == 0
    assert await capx(new, "affiliate", "bring", "delta", before) == 1
    assert await new.titles() == {}
    assert await old.titles() == {listing.uri: "Mediation for beginners"}


async def test_listing_cannot_take_a_place_that_its_author_never_had(world: World):
    victim, thief = [await world.node(name) for name in ("victim", "thief")]
    await victim.follow(thief.catalogue)
    await victim.affiliate("delta")
    await thief.affiliate("delta")
    listing = await victim.publish(offer(), "delta")

    content = offer("Mine now")
    await thief.database.write(_publish_as_successor, content, listing.uri)
    await eventually(lambda: _holds(victim, {listing.uri}, at_least=2))
    assert (await victim.titles())[listing.uri] == "Mediation for beginners"


def _publish_as_successor(store, content, replaced):
    affiliate = store.actors.find_by_handle("delta", store.addresses.authority)
    return put_out(store, content, affiliate, same_as=(replaced,))


async def _holds(node, uris, at_least=0):
    titles = await node.titles()
    return uris <= set(titles) and len(titles) >= at_least


async def _has_exactly(node, titles):
    return await node.titles() == titles


async def _follows(node, uri):
    follow = await node.database.read(
        lambda store: store.follows.find_between(store.addresses.catalogue, uri)
    )
    return follow is not None and follow.state == "accepted"


async def _has_titles_of(node, titles, *, new, old):
    found = await node.titles()
    there = {title for uri, title in found.items() if uri.startswith(new.url)}
    here = {title for uri, title in found.items() if uri.startswith(old.url)}
    return there | here == titles and here == {"Not of the mover"} and len(found) == len(titles)
