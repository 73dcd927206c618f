"""A listing from its publication to its end, on the node it lives on and on one that follows."""

import json

from catalogue.language import LanguageMap
from catalogue.model import Status
from tests.journeys.world import ACTIVITY, BROWSER, Node, World, eventually, need, offer


async def test_listing_is_seen_matched_changed_closed_and_deleted(world: World) -> None:
    source, follower = await world.pair()
    await source.affiliate("guild")
    await follower.affiliate("village")
    wanted = await follower.publish(need(), by="village")

    # published: seen and matched, with reasons that name what both share
    listing = await source.publish(offer(), by="guild")
    await eventually(lambda: follower.find(listing.uri))
    matched = await eventually(lambda: follower.matches(wanted.uri))
    assert list(matched) == [listing.uri]
    assert {"capacity", "language"} <= set(matched[listing.uri])
    assert list(await follower.matches(listing.uri)) == [wanted.uri]

    # edited: changed there too, in every part
    text = LanguageMap({"en": "<p>Now with a helper.</p>", "fr": "<p>Avec une aide.</p>"})
    edited = await source.edit(listing, title=LanguageMap({"en": "Mediation, twice"}), text=text)
    await eventually(lambda: _has_title(follower, listing.uri, "Mediation, twice"))
    seen = await follower.find(listing.uri)
    assert seen is not None
    assert seen.content == edited.content
    await eventually(follower.is_at_rest)
    assert list(await follower.matches(wanted.uri)) == [listing.uri]

    # closed: still there to be read, and matched no more
    await source.close_listing(listing)
    await eventually(lambda: _has_status(follower, listing.uri, Status.CLOSED))
    assert await follower.matches(wanted.uri) == {}
    assert follower.rows("SELECT * FROM listing_match") == []

    # deleted: gone there, and a Tombstone where it was
    await source.delete(listing)
    await eventually(lambda: _is_gone(follower, listing.uri))
    assert list(await follower.titles()) == [wanted.uri]
    await _assert_tombstone(source, listing.uri)


async def _assert_tombstone(source: Node, uri: str) -> None:
    for_machines = await source.get(uri, ACTIVITY)
    assert for_machines.status == 410
    tombstone = json.loads(for_machines.body)
    deleted = tombstone.pop("deleted")
    assert tombstone == {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": uri,
        "type": "Tombstone",
        "formerType": "Note",
    }
    assert deleted.endswith("Z")
    for_people = await source.get(uri, BROWSER)
    assert for_people.status in {404, 410}
    assert for_people.headers["Content-Type"] == "text/html; charset=utf-8"
    assert (await source.get(f"{uri}/activity")).status == 410


async def test_deletion_that_overtakes_its_listing_keeps_it_away(world: World) -> None:
    source, follower = await world.pair()
    await source.affiliate("guild")
    await follower.stop()
    doomed = await source.publish(offer("Short-lived"), by="guild")
    await source.delete(doomed)
    kept = await source.publish(offer("Long-lived"), by="guild")
    await follower.start()
    await eventually(lambda: follower.find(kept.uri))
    await eventually(lambda: _nothing_waits(source))
    assert await follower.titles() == {kept.uri: "Long-lived"}


async def test_first_listings_of_a_new_affiliate_all_arrive_at_the_first_try(world: World) -> None:
    source, follower = await world.pair()
    await source.affiliate("guild")
    follower.asked.clear()
    many = await source.publish_all([offer(f"No. {n}") for n in range(8)], by="guild")
    await eventually(lambda: _holds(follower, {each.uri for each in many}))
    letters = [each.status for each in follower.asked if each.path == "/inbox"]
    assert letters == [202] * 8


async def _has_title(node: Node, uri: str, title: str) -> bool:
    return (await node.titles()).get(uri) == title


async def _has_status(node: Node, uri: str, status: Status) -> bool:
    found = await node.find(uri)
    return found is not None and found.status is status


async def _is_gone(node: Node, uri: str) -> bool:
    return await node.find(uri) is None


async def _nothing_waits(node: Node) -> bool:
    return node.rows("SELECT * FROM delivery") == [] and node.rows("SELECT * FROM event") == []


async def _holds(node: Node, uris: set[str]) -> bool:
    return set(await node.titles()) == uris
