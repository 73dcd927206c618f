"""Somebody on another server follows a topic of one node and hears of the whole network, once."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import aiohttp

from catalogue.model import Visibility
from tests.journeys.foreign import ForeignActor, ForeignServer
from tests.journeys.world import BROWSER, Node, World, eventually, offer

Abroad = Callable[[], Awaitable[ForeignServer]]

IN_FRENCH = {"capacities": ("board-development",), "delivery_languages": ("fr",)}


async def _find(server: ForeignServer, node: Node, handle: str) -> str:
    """Find an actor as Mastodon does: WebFinger, its document, and back to the same name."""
    answer = await node.get(f"/.well-known/webfinger?resource=acct:{handle}@{node.authority}")
    assert answer.status == 200, answer.text
    found = json.loads(answer.body)
    [link] = [each for each in found["links"] if each["rel"] == "self"]
    document = await server.fetch(link["href"])
    assert found["subject"] == f"acct:{document['preferredUsername']}@{node.authority}"
    assert document["publicKey"]["owner"] == document["id"] == link["href"]
    return str(link["href"])


async def _follow(server: ForeignServer, fan: ForeignActor, topic: str, node: Node) -> Any:
    asked = server.say("Follow", fan, topic)
    status, _ = await server.send(f"{topic}/inbox", asked, fan)
    assert status == 202
    await eventually(lambda: _accepted(server, topic))
    return asked


def _accepted(server: ForeignServer, topic: str) -> bool:
    return any(each["actor"] == topic for each in server.got("Accept"))


def _heard(server: ForeignServer) -> list[tuple[str, str]]:
    return sorted((each["actor"], each["object"]) for each in server.got("Announce"))


async def _all_told(*nodes: Node) -> None:
    for node in nodes:
        await eventually(lambda node=node: node.rows("SELECT 1 FROM event LIMIT 1") == [])
        await eventually(lambda node=node: node.rows("SELECT 1 FROM delivery LIMIT 1") == [])
        await eventually(node.is_at_rest)


async def test_fan_of_a_topic_hears_of_the_whole_network_once(world: World, abroad: Abroad) -> None:
    source, node = await world.pair()
    await source.affiliate("guild")
    await node.affiliate("museum")
    before = await source.publish(offer("Before anybody follows", **IN_FRENCH), by="guild")
    await eventually(lambda: node.find(before.uri))
    server = await abroad()
    fan = server.actor("fan", "Person")

    topic = await _find(server, node, "governance.fr")
    await _follow(server, fan, topic, node)
    far = await source.publish(offer("From the other node", **IN_FRENCH), by="guild")
    near = await node.publish(offer("From here", **IN_FRENCH), by="museum")
    late = await node.publish(offer("Only later", delivery_languages=("fr",)), by="museum")
    unfitting = [
        await source.publish(offer("Another language", capacities=("governance",)), by="guild"),
        await source.publish(offer("Another subject", delivery_languages=("fr",)), by="guild"),
        await node.publish(
            offer("Not for all", visibility=Visibility.NETWORK, **IN_FRENCH), by="museum"
        ),
    ]
    await node.edit(late, capacities=("accountability",))
    await source.edit(far, title=far.title)
    for each in (far, unfitting[0], unfitting[1]):
        await eventually(lambda each=each: node.find(each.uri))
    await _all_told(source, node)

    expected = sorted((topic, each.uri) for each in (far, near, late))
    assert await eventually(lambda: len(_heard(server)) >= 3 and _heard(server)) == expected
    assert {letter.signer for letter in server.letters} <= {topic, near.by}
    for letter in server.letters:
        assert letter.type in {"Accept", "Announce", "Update"}


async def test_fan_who_left_hears_nothing_and_the_topic_stays(world: World, abroad: Abroad) -> None:
    node = await world.node("node")
    await node.affiliate("museum")
    first = await node.publish(offer(**IN_FRENCH), by="museum")
    server = await abroad()
    fan = server.actor("fan", "Person")
    topic = await _find(server, node, "board-development")
    asked = await _follow(server, fan, topic, node)
    await server.send(f"{topic}/inbox", server.say("Undo", fan, asked), fan)
    await eventually(
        lambda: node.rows("SELECT state FROM follow WHERE followed = ?", topic) == [("undone",)]
    )
    await node.delete(first)
    second = await node.publish(offer(**IN_FRENCH), by="museum")
    await node.delete(second)
    await _all_told(node)
    assert _heard(server) == []
    assert await _find(server, node, "board-development") == topic
    gone = f"/.well-known/webfinger?resource=acct:governance@{node.authority}"
    assert (await node.get(gone)).status == 404


async def test_nodes_that_follow_topics_of_each_other_do_not_go_round_in_circles(
    world: World, abroad: Abroad
) -> None:
    """Two nodes share everything and follow each other's topic; each topic speaks once."""
    one, two = await world.pair()
    await one.follow(two.catalogue)
    await one.affiliate("guild")
    server = await abroad()
    fan = server.actor("fan", "Person")
    first = await one.publish(offer(**IN_FRENCH), by="guild")
    await eventually(lambda: two.find(first.uri))
    topics = [await _find(server, each, "governance") for each in (one, two)]
    await one.ask_to_follow(topics[1])
    await two.ask_to_follow(topics[0])
    for topic, node in zip(topics, (one, two), strict=True):
        await _follow(server, fan, topic, node)
    await eventually(
        lambda: all(
            node.rows("SELECT 1 FROM follow WHERE followed = ? AND state = 'accepted'", topic)
            for node, topic in ((one, topics[1]), (two, topics[0]))
        )
    )

    made = await one.publish(offer("Round and round", **IN_FRENCH), by="guild")

    await eventually(lambda: len(_heard(server)) >= 2)
    await _all_told(one, two)
    assert _heard(server) == sorted((topic, made.uri) for topic in topics)
    for node in (one, two):
        assert node.rows("SELECT count(*) FROM activity WHERE uri LIKE '%/announces/%'")
        said = node.rows("SELECT uri FROM activity WHERE uri LIKE '%governance/announces/%'")
        assert len(said) == 1


async def test_server_of_many_fans_gets_each_announce_once(world: World, abroad: Abroad) -> None:
    node = await world.node("node")
    await node.affiliate("museum")
    await node.publish(offer(**IN_FRENCH), by="museum")
    server = await abroad()
    shared = {"endpoints": {"sharedInbox": f"{server.url}/inbox"}}
    topic = await _find(server, node, "governance")
    fans = [server.actor(f"fan{number}", "Person", **shared) for number in range(3)]
    await asyncio.gather(*(_follow(server, fan, topic, node) for fan in fans))
    await eventually(lambda: len(server.got("Accept")) == len(fans))
    made = await node.publish(offer(**IN_FRENCH), by="museum")
    await eventually(lambda: _heard(server))
    await _all_told(node)
    assert _heard(server) == [(topic, made.uri)]
    assert [each.path for each in server.letters if each.type == "Announce"] == ["/inbox"]


async def test_reader_is_led_from_a_node_to_their_own_server(world: World, abroad: Abroad) -> None:
    """The whole way through a running node: page, form, WebFinger, redirect; and refusals."""
    node, server = await world.node("node"), await abroad()
    await node.affiliate("museum")
    await node.publish(offer(**IN_FRENCH), by="museum")
    template = f"{server.url}/authorize_interaction?uri={{uri}}"
    links = [{"rel": "http://ostatus.org/schema/1.0/subscribe", "template": template}]
    server.put({"links": links}, "/.well-known/webfinger", "application/jrd+json")
    whom = f"{node.url}/actors/governance.fr"
    page = await node.get(f"/follow?uri={whom}", BROWSER)
    assert page.status == 200
    assert f"@governance.fr@{node.authority}" in page.text

    async def send(account: str, **headers: str) -> tuple[int, str | None]:
        form = {"account": account, "uri": whom}
        url, accept = f"{node.url}/follow", {"Accept": BROWSER}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=form, headers=accept | headers, allow_redirects=False) as answer,
        ):
            return answer.status, answer.headers.get("Location")

    account = f"@me@127.0.0.1:{server.port}"
    assert await send(account) == (403, None)
    assert await send(account, Origin="https://evil.example") == (403, None)
    assert server.asked == []
    encoded = quote(whom, safe="")
    expected = f"{server.url}/authorize_interaction?uri={encoded}"
    assert await send(account, Origin=node.url) == (303, expected)
    assert server.asked == ["/.well-known/webfinger"]
    assert await send(f"me@{node.authority}", Origin=node.url) == (200, None)
    back = await node.get(f"/authorize_interaction?uri={encoded}", BROWSER)
    assert (back.status, back.headers["Location"]) == (303, "/@governance.fr")


async def test_discovery_is_open_to_pages_of_any_site(world: World) -> None:
    node = await world.node("node")
    base = "/.well-known/webfinger"
    asked = {
        f"{base}?resource=acct:catalogue@{node.authority}": (200, "application/jrd+json"),
        f"{base}?resource=acct:nobody@{node.authority}": (404, "application/problem+json"),
        f"{base}?resource=nonsense": (400, "application/problem+json"),
        base: (400, "application/problem+json"),
        "/.well-known/host-meta": (200, "application/xrd+xml"),
        "/.well-known/host-meta.json": (200, "application/json"),
    }
    for path, (status, media_type) in asked.items():
        answer = await node.get(path, "*/*")
        assert answer.status == status, path
        assert answer.headers["Content-Type"].partition(";")[0] == media_type
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    some = await node.get(f"{base}?resource=acct:catalogue@{node.authority}&rel=self&rel=x")
    assert [link["rel"] for link in json.loads(some.body)["links"]] == ["self"]
