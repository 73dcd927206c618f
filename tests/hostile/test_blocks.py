"""Whom a node does not deal with (H64, H65, L07, L31, L32, L44, L49), and reports."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from federation import reporting
from federation.blocking import Loss, block_actor, block_hosts, preview
from federation.errors import GiveUp
from federation.keyring import Keyring
from federation.model import HostBlock, Openness, Severity
from node.app import RESOLVER
from tests.hostile.house import TAKEN_IN, changes, snapshot
from tests.journeys import raw
from tests.journeys.foreign import ForeignActor, ForeignServer, signed
from tests.journeys.world import ACTIVITY, BROWSER, Answer, Node, World, eventually, offer

Abroad = Callable[[], Awaitable[ForeignServer]]

REASON = "wallaby"  # of a block: for operators only


async def _block(node: Node, host: str, severity: Severity = Severity.SUSPEND) -> Loss:
    return await node.database.write(
        lambda store: block_hosts(
            store,
            [HostBlock(host=host, severity=severity, reason=REASON, at=store.clock.now())],
        )
    )


def _host(server: ForeignServer) -> str:
    return server.url.removeprefix("http://")


async def _get(url: str, by: ForeignActor, accept: str = ACTIVITY) -> Answer:
    headers = signed(url, None, by, method="GET") | {"Accept": accept}
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers=headers, allow_redirects=False) as response,
    ):
        return Answer(response.status, dict(response.headers), await response.read())


async def _rest(node: Node) -> None:
    async def is_at_rest() -> bool:
        waiting = node.rows("SELECT * FROM delivery WHERE state = 'pending'")
        untold = node.rows("SELECT * FROM event")
        return waiting == untold == [] and await node.is_at_rest()

    await eventually(is_at_rest)


async def _met(world: World, abroad: Abroad) -> tuple[Node, ForeignServer, ForeignServer]:
    """Make a node, and two servers with an author each that it follows and a listing of each."""
    node = await world.node("node")
    await node.affiliate("guild")
    await node.publish(offer("Our own"), by="guild")
    bad, good = await abroad(), await abroad()
    for server in (bad, good):
        author = server.catalogue("author")
        await node.follow(author.uri)
        note = server.put(server.proposal(author, f"of{server.number}"))
        await server.send(node.inbox, server.say("Create", author, note), author)
        await server.send(node.inbox, server.say("Follow", author, node.catalogue), author)
    await _rest(node)
    assert len(await node.titles()) == 3
    return node, bad, good


def _author(server: ForeignServer) -> ForeignActor:
    return server._actors[f"{server.url}/users/author"]


# -- hosts (H64, H65) -----------------------------------------------------------------------------


async def test_h64_blocked_host_vanishes_at_once(world: World, abroad: Abroad) -> None:
    node, bad, good = await _met(world, abroad)
    hosts = [HostBlock(host=_host(bad), at=_now(node))]
    seen = await node.database.read(preview, hosts)
    lost = await _block(node, _host(bad))
    author = _author(bad)
    assert lost == seen
    assert lost == Loss(
        followed=(author.uri,), followers=(author.uri,), listings=1, nodes=(_host(bad),)
    )
    assert sorted((await node.titles()).values()) == ["Our own", "of1"]
    assert node.rows("SELECT * FROM actor WHERE node = ?", _host(bad)) == []
    assert node.rows("SELECT * FROM party WHERE uri = ?", author.uri) == []
    states = node.rows("SELECT state FROM follow WHERE follower = ?1 OR followed = ?1", author.uri)
    assert states == [("undone",), ("undone",)]
    for path in ("/", "/listings", "/affiliates", "/about"):
        assert "of0" not in (await node.get(path, BROWSER)).text
        assert _host(bad) not in (await node.get(path, BROWSER)).text
    # and nothing is sent to it any more, to others as before
    bad.letters.clear()
    new = await node.publish(offer("News"), by="guild")
    await eventually(lambda: [each for each in good.got("Create") if new.uri in json.dumps(each)])
    await _rest(node)
    assert bad.letters == []


def _now(node: Node) -> Any:
    return node.database.read_now(lambda store: store.clock.now())


async def test_h64_blocked_host_is_refused_on_every_route(
    world: World,
    abroad: Abroad,
) -> None:
    node, bad, _ = await _met(world, abroad)
    (own,) = node.rows("SELECT id FROM listing WHERE node = ?", node.authority)
    author = _author(bad)
    await _block(node, _host(bad))
    await _rest(node)
    bad.asked.clear()
    before = snapshot(node.config.database)
    paths = sorted(
        {each.resource.canonical for each in node.app.router.routes() if each.method == "GET"}
    )
    assert len(paths) > 25
    for path in paths:
        filled = path.replace("{handle}", "guild").replace("{id}", own[0])
        for accept in (ACTIVITY, BROWSER):
            answer = await _get(node.url + filled, author, accept)
            assert (path, answer.status) == (path, 403)
            assert json.loads(answer.body)["title"] == "forbidden"
    note = bad.proposal(author, "more")
    for inbox in ("/inbox", "/actor/inbox", "/actors/guild/inbox"):
        for verb in ("Create", "Follow", "Delete", "Undo", "Flag", "Unheard"):
            said = bad.say(verb, author, note)
            status, _ = await bad.send(node.url + inbox, said, author)
            assert (inbox, verb, status) == (inbox, verb, 403)
            body = json.dumps(said).encode()
            status, _ = await bad.post(node.url + inbox, body, {})  # unsigned: only names it
            assert status == 403
    farewell = bad.say("Delete", author, author.uri)
    assert (await bad.send(node.inbox, farewell, author))[0] in {202, 403}
    await _rest(node)
    assert changes(before, snapshot(node.config.database)) == {}
    assert bad.asked == []


async def test_h64_l31_blocked_host_is_not_asked_nor_passed_on(
    world: World,
    abroad: Abroad,
) -> None:
    node, bad, good = await _met(world, abroad)
    author = _author(bad)
    await _block(node, _host(bad))
    await _rest(node)
    bad.asked.clear()
    note = bad.put(bad.proposal(author, "smuggled"))
    for content in (note["id"], note):
        await good.send(node.inbox, good.say("Announce", _author(good), content), _author(good))
    reply = good.proposal(_author(good), "reply", inReplyTo=note["id"])
    await good.send(node.inbox, good.say("Create", _author(good), reply), _author(good))
    await _rest(node)
    assert note["id"] not in await node.titles()
    resolver = node.app[RESOLVER]
    for reference in (author.uri, f"author@{_host(bad)}", f"@author@{_host(bad).upper()}"):
        with pytest.raises(GiveUp, match="blocked"):
            await resolver.find_actor(reference)
    with pytest.raises(GiveUp, match="blocked"):
        await resolver.fetch_object(note["id"])
    assert bad.asked == []


@pytest.mark.parametrize(
    "key_uri",
    [
        "https://bad.example/users/a#main-key",
        "https://www.bad.example/users/a",
        "https://a.b.BAD.example/key",
        "https://bad.example:8443/users/a#k",
        "HTTPS://BAD.EXAMPLE/users/a",
        "http://bad.example/users/a",
    ],
)
async def test_h65_every_spelling_of_a_blocked_host(world: World, key_uri: str) -> None:
    node = await world.node("node")
    await _block(node, "Bad.Example")
    for header in (
        {"Signature": f'keyId="{key_uri}",signature="AA=="'},
        {"Signature-Input": f'sig1=("@method");created=1;keyid="{key_uri}"'},
        {"Authorization": f'Signature keyId="{key_uri}",signature="AA=="'},
    ):
        given = {"Accept": ACTIVITY, **header}
        data = raw.request("GET", "/actors/catalogue", node.authority, given)
        assert (await raw.send(node.config.port, data)).status == 403
    other = {"Accept": ACTIVITY, "Signature": 'keyId="https://notbad.example/a",signature="AA=="'}
    data = raw.request("GET", "/actors/catalogue", node.authority, other)
    assert (await raw.send(node.config.port, data)).status == 200


async def test_silenced_host_is_heard_but_not_shown(world: World, abroad: Abroad) -> None:
    node, loud, _ = await _met(world, abroad)
    author = _author(loud)
    lost = await _block(node, _host(loud), Severity.SILENCE)
    assert (lost.listings, lost.followed, lost.followers) == (1, (), ())
    assert "of0" not in (await node.titles()).values()
    again = loud.say("Create", author, loud.proposal(author, "again"))
    assert (await loud.send(node.inbox, again, author))[0] == 202
    await _rest(node)
    assert "again" not in (await node.titles()).values()
    assert (await _get(f"{node.url}/actors/guild", author)).status == 200
    new = await node.publish(offer("News"), by="guild")
    await eventually(lambda: [each for each in loud.got("Create") if new.uri in json.dumps(each)])


async def test_noop_keeps_nothing_away(world: World, abroad: Abroad) -> None:
    node, noted, _ = await _met(world, abroad)
    before = await node.titles()
    assert await _block(node, _host(noted), Severity.NOOP) == Loss()
    assert await node.titles() == before


# -- single actors --------------------------------------------------------------------------------


async def test_one_actor_is_blocked_and_its_neighbour_is_not(
    world: World,
    abroad: Abroad,
) -> None:
    node, server, _ = await _met(world, abroad)
    author, neighbour = _author(server), server.actor("neighbour", "Person")
    lost = await node.database.write(block_actor, author.uri, reason=REASON)
    assert (lost.listings, lost.followers) == (1, (author.uri,))
    assert "of0" not in (await node.titles()).values()
    await _rest(node)
    server.asked.clear()
    said = server.say("Follow", author, node.catalogue)
    assert (await server.send(node.inbox, said, author))[0] == 403
    assert (await _get(f"{node.url}/actors/guild", author)).status == 403
    said = server.say("Follow", neighbour, node.catalogue)
    assert (await server.send(node.inbox, said, neighbour))[0] == 202
    assert (await _get(f"{node.url}/actors/guild", neighbour)).status == 200


# -- who does not want us -------------------------------------------------------------------------


async def test_block_by_somebody_else_is_honoured_and_undone(
    world: World,
    abroad: Abroad,
) -> None:
    node = await world.node("node")
    await node.affiliate("guild")
    server = await abroad()
    reader = server.actor("reader", "Person")
    guild = f"{node.url}/actors/guild"
    await node.follow(reader.uri)
    await server.send(node.inbox, server.say("Follow", reader, guild), reader)
    await eventually(lambda: server.got("Accept"))
    blocked = server.say("Block", reader, guild)
    assert (await server.send(node.inbox, blocked, reader))[0] == 202
    await _rest(node)
    assert node.rows("SELECT state FROM follow WHERE follower = ?", reader.uri) == [("undone",)]
    # a follow of one who blocks is answered to nobody, and nothing is sent after it
    await server.send(node.inbox, server.say("Follow", reader, guild), reader)
    await _rest(node)
    await node.publish(offer("News"), by="guild")
    await _rest(node)
    assert (len(server.got("Accept")), server.got("Create")) == (1, [])
    await server.send(node.inbox, server.say("Undo", reader, blocked["id"]), reader)
    await server.send(node.inbox, server.say("Follow", reader, guild), reader)
    await eventually(lambda: len(server.got("Accept")) == 2)
    # and nobody else can say it for them
    other = server.actor("other", "Person")
    await server.send(node.inbox, server.say("Undo", other, blocked), other)
    await server.send(node.inbox, server.say("Block", other, other.uri), other)
    await _rest(node)
    assert node.rows("SELECT * FROM refusal") == []
    # our own follow ends as well
    await server.send(node.inbox, server.say("Block", reader, node.catalogue), reader)
    await _rest(node)
    states = node.rows("SELECT state FROM follow WHERE followed = ?", reader.uri)
    assert states == [("undone",)]


# -- reports --------------------------------------------------------------------------------------


async def test_report_is_kept_once_for_stewards_and_bounded(
    world: World,
    abroad: Abroad,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node, server, _ = await _met(world, abroad)
    (own,) = node.rows("SELECT uri FROM listing WHERE node = ?", node.authority)
    reporter = server.actor("instance", "Application")
    about = [f"{node.url}/actors/guild", own[0]]
    for _ in range(3):
        flag = server.say("Flag", reporter, about)
        flag["content"] = "<p>Not an offer</p>\r\nat all"
        assert (await server.send(node.inbox, flag, reporter))[0] == 202
    elsewhere = server.say("Flag", reporter, ["https://elsewhere.example/1"])
    await server.send(node.inbox, elsewhere, reporter)
    await _rest(node)
    (report,) = await node.database.read(lambda store: store.reports.list_open(10))
    assert report.about == tuple(sorted(about))
    assert report.content == "<p>Not an offer</p> at all"
    for path in ("/", "/about", "/listings", "/affiliates", "/@guild"):
        assert "Not an offer" not in (await node.get(path, BROWSER)).text
    monkeypatch.setattr(reporting, "MAX_REPORTS_OF_HOST", 3)
    for number in range(6):
        other = server.say("Flag", reporter, [f"{node.url}/{number}"])
        await server.send(node.inbox, {**other, "content": "x" * 9_000}, reporter)
    await _rest(node)
    assert await node.database.read(lambda store: store.reports.count_open(_host(server))) == 3
    assert {len(row[0]) for row in node.rows("SELECT content FROM report")} <= {26, 5_000}
    assert await node.database.write(lambda store: store.reports.close(1, store.clock.now()))
    assert await node.database.read(lambda store: store.reports.count_open()) == 2


async def test_report_goes_out_in_the_nodes_name(world: World, abroad: Abroad) -> None:
    node, server, _ = await _met(world, abroad)
    author = _author(server)
    await node.database.write(_report, author.uri)
    await eventually(lambda: server.got("Flag"))
    (flag,) = server.got("Flag")
    assert flag["actor"] == f"{node.url}/actor"
    assert flag["object"] == [author.uri, f"{server.url}/notes/of0"]
    assert "to" not in flag
    letter = next(each for each in server.letters if each.type == "Flag")
    assert letter.signer == f"{node.url}/actor"


def _report(store: Any, owner: str) -> str:
    note = owner.replace("/users/author", "/notes/of0")
    return reporting.send(
        store, Keyring(), [owner, note], store.parties.find(owner), "Not an offer"
    )


# -- with whom at all -----------------------------------------------------------------------------


async def test_l07_without_federation_there_is_no_inbox(world: World, abroad: Abroad) -> None:
    node = await world.node("node", operator={"federation": Openness.OFF}, openness=Openness.OFF)
    await node.affiliate("guild")
    await node.publish(offer("Our own"), by="guild")
    server = await abroad()
    author = server.actor("author")
    await _rest(node)
    before = snapshot(node.config.database)
    for inbox in ("/inbox", "/actor/inbox", "/actors/guild/inbox"):
        said = server.say("Follow", author, node.catalogue)
        assert (await server.send(node.url + inbox, said, author))[0] in {404, 405}
        assert (await server.post(node.url + inbox, b"\0" * 300_000, {}))[0] in {404, 405}
    assert changes(before, snapshot(node.config.database)) == {}
    assert server.asked == []
    for path in ("/actor", "/actors/guild", "/proposals", "/.well-known/webfinger?resource=x"):
        assert "json" not in (await node.get(path)).headers["Content-Type"]
    info = json.loads((await node.get("/nodeinfo/2.1")).body)
    assert (info["protocols"], info["metadata"]["federation"]) == ([], {"enabled": False})
    assert "Our own" in (await node.get("/", BROWSER)).text
    with pytest.raises(GiveUp):
        await node.app[RESOLVER].find_actor(author.uri)
    assert server.asked == []


async def test_only_listed_hosts_are_dealt_with(world: World, abroad: Abroad) -> None:
    node = await world.node("node", operator={"federation": Openness.ALLOWLIST})
    stranger, friend = await abroad(), await abroad()
    await node.database.write(
        lambda store: store.blocks.put_allowed(_host(friend), store.clock.now())
    )
    for server, status in ((stranger, 403), (friend, 202)):
        actor = server.actor("reader", "Person")
        said = server.say("Follow", actor, node.catalogue)
        assert (await server.send(node.inbox, said, actor))[0] == status
        assert (await _get(f"{node.url}/actors/catalogue", actor)).status == (
            200 if status == 202 else 403
        )
    await eventually(lambda: friend.got("Accept"))
    assert stranger.asked == []
    with pytest.raises(GiveUp, match="blocked"):
        await node.app[RESOLVER].find_actor(f"{stranger.url}/users/reader")
    assert stranger.asked == []
    assert (await node.get("/actors/catalogue")).status == 200  # what is public stays so
    await _block(node, _host(friend))
    said = friend.say("Follow", friend._actors[f"{friend.url}/users/reader"], node.catalogue)
    reader = friend._actors[f"{friend.url}/users/reader"]
    assert (await friend.send(node.inbox, said, reader))[0] == 403


async def test_two_nodes_that_ask_for_signatures_find_each_other(world: World) -> None:
    first = await world.node("first", authorized_fetch=True)
    second = await world.node("second", authorized_fetch=True)
    await first.affiliate("guild")
    listing = await first.publish(offer("Behind a signature"), by="guild")
    await second.follow(first.catalogue)
    assert await second.find(listing.uri) is not None
    for path in (f"/proposals/{listing.id}", "/proposals", "/actors/guild/outbox"):
        unsigned = await first.get(path)
        assert (path, unsigned.status) == (path, 401)
    unknown = "/proposals/01900000-0000-7000-8000-000000000000"
    assert (await first.get(unknown)).status == 401
    stub = json.loads((await first.get("/actors/guild")).body)
    assert "publicKey" in stub
    assert {"name", "summary", "outbox", "followers"}.isdisjoint(stub)
    assert json.loads((await first.get("/actor")).body)["type"] == "Application"
    page = await first.get(f"/proposals/{listing.id}", BROWSER)
    assert "Behind a signature" in page.text  # people read it as ever
    assert (await first.get("/.well-known/nodeinfo")).status == 200


# -- what is not shown (L32, L44), what was deleted (L49) -----------------------------------------


async def test_l32_what_was_made_for_one_reader_is_kept_by_nobody(world: World) -> None:
    source, peer = await world.pair()
    await source.affiliate("guild")
    await source.publish(offer("Public"), by="guild")
    fetched = await _signed_by(peer, f"{source.url}/proposals?page=true")
    assert fetched.headers["Cache-Control"] == "private, no-store"
    assert "Signature" in fetched.headers["Vary"]
    unsigned = await source.get("/proposals?page=true")
    assert "Cache-Control" not in unsigned.headers


async def _signed_by(node: Node, url: str) -> Answer:

    signer = await node.database.read(Keyring().request_signer, node.config.addresses.instance)
    headers = signer.headers("GET", url, date=_now(node)) | {"Accept": ACTIVITY}
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers=headers) as response,
    ):
        return Answer(response.status, dict(response.headers), await response.read())


async def test_l44_reasons_and_blocks_are_on_no_surface(world: World, abroad: Abroad) -> None:
    node, bad, good = await _met(world, abroad)
    await _block(node, "bad.example")
    await node.database.write(block_actor, _author(bad).uri, reason=REASON)
    paths = {each.resource.canonical for each in node.app.router.routes()}
    for path in sorted(paths):
        filled = path.replace("{handle}", "guild").replace("{id}", "1")
        for accept in (ACTIVITY, BROWSER):
            for answer in (
                await node.get(filled, accept),
                await _get(node.url + filled, _author(bad), accept),
                await _get(node.url + filled, _author(good), accept),
            ):
                assert REASON not in answer.text
                assert "bad.example" not in answer.text


async def test_l49_early_delete_is_remembered_and_a_strangers_is_not(
    world: World,
    abroad: Abroad,
) -> None:
    node, server, other = await _met(world, abroad)
    author = _author(server)
    early = server.proposal(author, "early")
    await server.send(node.inbox, server.say("Delete", author, early["id"]), author)
    await _rest(node)
    await server.send(node.inbox, server.say("Create", author, early), author)
    await _rest(node)
    assert early["id"] not in await node.titles()
    before = snapshot(node.config.database, TAKEN_IN)
    victim = f"{server.url}/notes/of0"
    await other.send(node.inbox, other.say("Delete", _author(other), victim), _author(other))
    await _rest(node)
    assert changes(before, snapshot(node.config.database, TAKEN_IN)) == {}
    assert victim in await node.titles()
