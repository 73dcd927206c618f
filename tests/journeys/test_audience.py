"""What is not for everyone is on no surface that everyone sees: of its node, or of any other."""

import json
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from urllib.parse import quote

import aiohttp
import pytest

from catalogue.language import LanguageMap
from catalogue.model import Listing, Visibility
from federation.errors import GiveUp
from node.app import RESOLVER
from tests.journeys.foreign import ForeignActor, ForeignServer, signed
from tests.journeys.world import ACTIVITY, BROWSER, Answer, Node, World, eventually, need, offer

# In every listing that is not for everyone; a page that repeats a search for one has no other.
MARKERS = ("quokka", "numbat", "bilby")
LIMITED = (Visibility.NETWORK, Visibility.FOLLOWERS, Visibility.NODE)


async def _publish_limited(node: Node) -> dict[Visibility, Listing]:
    """Publish a listing for each narrower audience, beside public ones that they match."""
    await node.publish(offer("Public mediation"), by="guild")
    await node.publish(need("Public need for mediation"), by="museum")
    return {
        visibility: await node.publish(
            offer(
                title=f"{MARKERS[0]} and {MARKERS[1]} for {visibility}",
                text=LanguageMap({"en": f"<p>{' '.join(MARKERS)} mediation in secret.</p>"}),
                audience=LanguageMap({"en": " ".join(MARKERS)}),
                visibility=visibility,
            ),
            by="guild",
        )
        for visibility in LIMITED
    }


async def _pair(world: World) -> tuple[Node, Node]:
    source, peer = await world.pair()
    for handle in ("guild", "museum"):
        await source.affiliate(handle)
    await peer.follow(f"{source.url}/actors/guild")
    return source, peer


async def test_each_audience_reaches_whom_it_is_for_and_no_public_surface(world: World) -> None:
    source, peer = await _pair(world)
    stranger = await world.node("stranger")
    limited = await _publish_limited(source)
    last = await source.publish(offer("The last one"), by="guild")
    await eventually(lambda: peer.find(last.uri))
    await eventually(lambda: source.rows("SELECT * FROM delivery") == [])

    # kept by the node that may have it, with its audience, and by no other
    kept = peer.rows("SELECT uri, visibility FROM listing WHERE visibility != 'public'")
    assert sorted(kept) == sorted(
        (limited[each].uri, each) for each in (Visibility.NETWORK, Visibility.FOLLOWERS)
    )
    assert stranger.rows("SELECT * FROM listing") == []

    # and nowhere that anybody sees
    for node in (source, peer):
        ids = [each.id for each in limited.values()]
        ids += [row[0] for row in node.rows("SELECT id FROM listing")]
        looked = 0
        for path in _surfaces(node, ids):
            for accept in (ACTIVITY, BROWSER):
                answer = await node.get(path, accept)
                assert _leaks(path, answer.text) == [], (path, accept)
                looked += answer.status == 200
        assert looked > 60

    # not even counted
    info = json.loads((await source.get("/nodeinfo/2.1")).body)
    assert info["usage"]["localPosts"] == 3
    collection = json.loads((await source.get("/actors/catalogue/proposals")).body)
    assert collection["totalItems"] == 3
    page = json.loads((await source.get("/actors/guild/outbox")).body)
    assert page["totalItems"] == 2


def _leaks(path: str, text: str) -> list[str]:
    return [word for word in MARKERS if word in text.lower() and word not in path.lower()]


def _surfaces(node: Node, ids: list[str]) -> Iterator[str]:
    """Give every address of a node that could show a listing, with these ids filled in."""
    handles = ["guild", "museum", "catalogue", node.authority]
    actors = [row[0] for row in node.rows("SELECT id FROM actor")]
    capacities = ["mediation", "conflict-resolution", "governance"]
    fillings = {
        "/proposals": ids,
        "/affiliates": actors,
        "/capacities": capacities,
        "/tags": ["Mediation", *map(str.title, MARKERS)],
        "/nodeinfo": ["2.0", "2.1"],
        "/activities": ["create"],
    }
    for route in sorted({each.resource.canonical for each in node.app.router.routes()}):
        first = "/" + route.split("/")[1]
        if "{handle}" in route:
            filled = [route.replace("{handle}", handle) for handle in handles]
        elif "{" in route and first in fillings:
            hole = route[route.index("{") : route.index("}") + 1]
            filled = [route.replace(hole, value) for value in fillings[first]]
        else:
            filled = [route]
        for path in filled:
            for each in dict.fromkeys(path.replace("{id}", listing_id) for listing_id in ids):
                yield each
                yield f"{each}?page=true"
    for listing_id in ids:
        yield f"/listings?by={quote(listing_id)}"
    for query in (*MARKERS, "mediation", "secret", ""):
        for more in ("", "&kind=offer", "&capacity=mediation", "&uselang=fr"):
            yield f"/listings?q={query}{more}"
    for handle in handles:
        yield f"/.well-known/webfinger?resource=acct:{handle}@{node.authority}"


async def test_signed_peer_sees_what_is_for_the_network_and_others_nothing(
    world: World, abroad: Callable[[], Awaitable[ForeignServer]]
) -> None:
    source, peer = await _pair(world)
    stranger = await world.node("stranger")
    limited = await _publish_limited(source)
    fetch = {node.config.name: node.app[RESOLVER].fetch_object for node in (peer, stranger)}

    for visibility in (Visibility.NETWORK, Visibility.FOLLOWERS):
        uri = limited[visibility].uri
        fetched = await fetch["follower"](uri)
        assert fetched.document["id"] == uri
        assert MARKERS[0] in fetched.document["content"]
        with pytest.raises(GiveUp, match="not found"):
            await fetch["stranger"](uri)
    with pytest.raises(GiveUp, match="not found"):
        await fetch["follower"](limited[Visibility.NODE].uri)
    for uri in (each.uri for each in limited.values()):
        assert (await source.get(uri)).status == 404

    # a foreign follower of the affiliate has no claim either: addressing is no lock elsewhere
    mastodon = await abroad()
    reader = mastodon.actor("reader", "Person")
    whom = f"{source.url}/actors/guild"
    await mastodon.send(source.inbox, mastodon.say("Follow", reader, whom), reader)
    await eventually(lambda: mastodon.got("Accept"))
    for listing in limited.values():
        assert (await _signed_get(listing.uri, reader)).status == 404
    await source.edit(limited[Visibility.FOLLOWERS], hours=Decimal(4))
    await source.edit(limited[Visibility.NETWORK], hours=Decimal(4))
    public = await source.publish(offer("For all"), by="guild")
    await eventually(lambda: mastodon.got("Create"))
    await eventually(lambda: source.rows("SELECT * FROM delivery") == [])
    assert [letter.type for letter in mastodon.letters] == ["Accept", "Create"]
    assert mastodon.got("Create")[0]["object"]["id"] == public.uri


async def test_network_listings_are_in_the_pages_that_a_peer_reads(world: World) -> None:
    source = await world.node("source")
    for handle in ("guild", "museum"):
        await source.affiliate(handle)
    limited = await _publish_limited(source)
    late = await world.node("late")
    follow = await late.ask_to_follow(source.catalogue)
    await eventually(lambda: late.find(limited[Visibility.NETWORK].uri))
    assert len(await late.titles()) == 3
    assert follow.followed == source.catalogue


@pytest.mark.parametrize("suffix", ["", "/activity", "/replies"])
@pytest.mark.parametrize("accept", [ACTIVITY, BROWSER, "*/*"])
async def test_what_one_may_not_see_looks_like_what_is_not_there(
    world: World, accept: str, suffix: str
) -> None:
    source, _ = await _pair(world)
    limited = await _publish_limited(source)
    unknown = "01900000-0000-7000-8000-000000000000"
    nothing = _without_address(await source.get(f"/proposals/{unknown}{suffix}", accept), unknown)
    assert nothing.status == 404
    for listing in limited.values():
        hidden = await source.get(f"/proposals/{listing.id}{suffix}", accept)
        assert _without_address(hidden, listing.id) == nothing


def _without_address(answer: Answer, listing_id: str) -> Answer:
    """Return an answer without its date, and without the address that was asked for."""
    headers = {name: value for name, value in answer.headers.items() if name != "Date"}
    return Answer(answer.status, headers, answer.body.replace(listing_id.encode(), b"ID"))


async def _signed_get(url: str, by: ForeignActor) -> Answer:
    headers = signed(url, None, by, method="GET") | {"Accept": ACTIVITY}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return Answer(response.status, dict(response.headers), await response.read())
