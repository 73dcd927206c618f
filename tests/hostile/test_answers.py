"""What strangers answer when they are asked: it ends, and nothing false is kept (H29, H42-H47)."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from federation.errors import FederationError
from federation.remote import Limits
from node.app import RESOLVER
from tests.hostile.house import TAKEN_IN, changes, snapshot
from tests.journeys.foreign import ForeignActor, ForeignServer, Json
from tests.journeys.world import ACTIVITY, Node, World, eventually, free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")

Talk = Callable[[asyncio.StreamWriter], Awaitable[None]]
SECONDS = 0.5  # that the node gives one answer
WITHIN = 10.0  # until it has tried often enough


@dataclass
class Station:
    """A node that hears an author, and a port that answers with whatever a test says."""

    node: Node
    server: ForeignServer
    author: ForeignActor
    port: int
    asked: list[str]
    talk: Talk | None = None

    @property
    def url(self) -> str:
        """Where the port is."""
        return f"http://127.0.0.1:{self.port}"

    async def announce(self, address: str) -> None:
        """Have the author announce an address, and wait until the node has done with it."""
        said = self.server.say("Announce", self.author, address)
        status, _ = await self.server.send(self.node.inbox, said, self.author)
        assert status == 202
        await eventually(self.node.is_at_rest, WITHIN)

    @asynccontextmanager
    async def nothing_kept(self) -> AsyncIterator[None]:
        """Fail when anything but the inbox has changed, or the node is not ready at once."""
        before = snapshot(self.node.config.database, TAKEN_IN)
        self.asked.clear()
        yield
        differing = changes(before, snapshot(self.node.config.database, TAKEN_IN))
        assert differing == {}, differing
        async with asyncio.timeout(1.0):
            assert (await self.node.get("/readyz")).status == 200

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head.split(b" ")[1].decode())
            assert self.talk is not None
            both = [asyncio.ensure_future(each) for each in (self.talk(writer), reader.read())]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for each in both:
                each.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def station(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Station]:
    world, server = World(tmp_path_factory.mktemp("station")), ForeignServer()
    async with AsyncExitStack() as leaving:
        await server.start()
        leaving.push_async_callback(server.stop)
        leaving.push_async_callback(world.close)
        limits = Limits(total_seconds=SECONDS, connect_seconds=SECONDS)
        node = await world.node("node", limits=limits, inbox_attempts=2)
        author = server.actor("author")
        await node.follow(author.uri)
        found = Station(node, server, author, free_port(), [])
        listening = await asyncio.start_server(found._serve, "127.0.0.1", found.port)
        leaving.callback(listening.close)
        yield found


def answer(body: bytes, *fields: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """Return an HTTP answer."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {size}", "Connection: close", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + body


def saying(data: bytes) -> Talk:
    """Return a conversation of one sentence."""

    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return talk


def a_listing(station: Station, **changes_: Any) -> Json:
    """Return a listing of the author that would be kept if it came from where it should."""
    return station.server.proposal(station.author, "planted", **changes_)


# -- what is no ActivityStreams -------------------------------------------------------------------


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "text/plain",
        "text/html",
        "application/octet-stream",
        "application/ld+json",
        'application/ld+json; profile="http://www.w3.org/ns/json-ld#compacted"',
        "",
    ],
)
async def test_h29_l2_document_of_another_media_type(station: Station, media_type: str) -> None:
    upload = station.server.put(a_listing(station), media_type=media_type)
    async with station.nothing_kept():
        await station.announce(upload["id"])
    station.server.documents.clear()


@pytest.mark.parametrize(
    "reply",
    [
        answer(b"<html><form>Log in</form></html>", "Content-Type: text/html"),
        answer(b"<html><form>Log in</form></html>", f"Content-Type: {ACTIVITY}"),
        answer(b"", f"Content-Type: {ACTIVITY}", status="204 No Content"),
        answer(b"", f"Content-Type: {ACTIVITY}"),
        answer(b'{"id": "http', f"Content-Type: {ACTIVITY}"),
        answer(b"[]", f"Content-Type: {ACTIVITY}"),
        answer(b"null", f"Content-Type: {ACTIVITY}"),
        answer(b'{"id":"x"}', f"Content-Type: {ACTIVITY}", length=10_000),
        answer(b'{"a":NaN}', f"Content-Type: {ACTIVITY}"),
        answer(b"nothing", status="500 Oh no"),
        answer(b"", status="101 Switching Protocols"),
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"220 mail.example ESMTP\r\n",
        b"\x00" * 100,
        b"",
    ],
    ids=range(15),
)
async def test_h47_answer_that_is_no_document(station: Station, reply: bytes) -> None:
    station.talk = saying(reply)
    async with station.nothing_kept():
        await station.announce(f"{station.url}/1")
    assert set(station.asked) == {"/1"}


async def test_l19_hostile_page_is_not_searched_for_links(station: Station) -> None:
    page = b'<link rel="alternate" type="application/activity+json" href="/there">' * 20_000
    station.talk = saying(answer(page[: 900 * 1024], "Content-Type: text/html"))
    async with station.nothing_kept():
        await station.announce(f"{station.url}/page")
    assert set(station.asked) == {"/page"}


# -- too much, too slowly -------------------------------------------------------------------------


async def test_h44_answer_that_grows_when_unpacked(station: Station) -> None:
    bomb = gzip.compress(b'{"id": "' + b"a" * (64 << 20) + b'"}', 9)
    assert len(bomb) < 100_000
    fields = (f"Content-Type: {ACTIVITY}", "Content-Encoding: gzip")
    station.talk = saying(answer(bomb, *fields))
    async with station.nothing_kept():
        await station.announce(f"{station.url}/bomb")


async def test_h45_l24_byte_by_byte(station: Station) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", f"Content-Type: {ACTIVITY}", length=10_000))
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    station.talk = drip
    async with station.nothing_kept():
        await station.announce(f"{station.url}/drip")


async def test_h45_silence_after_the_head(station: Station) -> None:
    async def stall(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"{", f"Content-Type: {ACTIVITY}", length=10_000))
        await asyncio.Event().wait()

    station.talk = stall
    async with station.nothing_kept():
        await station.announce(f"{station.url}/stall")


async def test_h45_chunks_without_end(station: Station) -> None:
    async def flood(writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
            + f"Content-Type: {ACTIVITY}\r\n\r\n".encode()
        )
        while True:
            writer.write(b"ffff\r\n" + b" " * 0xFFFF + b"\r\n")
            await writer.drain()

    station.talk = flood
    async with station.nothing_kept():
        await station.announce(f"{station.url}/flood")


async def test_h45_head_without_end(station: Station) -> None:
    fields = [f"X-Field-{number}: {'x' * 1000}" for number in range(200)]
    for talk in (
        saying(answer(b"{}", f"Content-Type: {ACTIVITY}", *fields)),
        saying(b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000),
        saying(b"HTTP/1.1 200 OK\r\nX-Large: " + b"x" * 70_000),
    ):
        station.talk = talk
        async with station.nothing_kept():
            await station.announce(f"{station.url}/head")


# -- elsewhere ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    [
        "/again",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "javascript:alert(1)",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:10.0.0.1]/",
        "http://0x0a000001/",
        "//10.0.0.1/",
        "http://good@10.0.0.1/",
        "",
    ],
)
async def test_h42_l18_redirect_to_where_nobody_goes(station: Station, location: str) -> None:
    station.talk = saying(answer(b"", f"Location: {location}", status="302 Found"))
    async with station.nothing_kept():
        await station.announce(f"{station.url}/again")
    assert set(station.asked) == {"/again"}


async def test_h42_redirect_to_ourselves(station: Station) -> None:
    target = f"{station.node.url}/actors/catalogue"
    station.talk = saying(answer(b"", f"Location: {target}", status="307 Temporary Redirect"))
    station.node.asked.clear()
    async with station.nothing_kept():
        await station.announce(f"{station.url}/to-you")
    assert [each for each in station.node.asked if each.path != "/readyz"] != []
    assert {each.path for each in station.node.asked} == {"/inbox", "/readyz"}


async def test_h42_l18_redirects_without_end(station: Station) -> None:
    async def onwards(writer: asyncio.StreamWriter) -> None:
        hop = len(station.asked)
        writer.write(answer(b"", f"Location: /hop/{hop}", status="302 Found"))
        await writer.drain()

    station.talk = onwards
    async with station.nothing_kept():
        await station.announce(f"{station.url}/start")
    assert len(station.asked) == 4  # itself and three hops


# -- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "links",
    [
        [],
        None,
        "x",
        [{"rel": "self", "type": ACTIVITY, "href": "javascript:alert(1)"}],
        [{"rel": "self", "type": ACTIVITY, "href": "http://10.0.0.1/users/ana"}],
        [{"rel": "self", "type": ACTIVITY, "href": ["x"]}],
        [{"rel": "self", "type": "text/html", "href": "%server%/users/author"}],
        [{"rel": "self", "type": ACTIVITY, "href": "%server%/users/author"}],
    ],
)
async def test_h38_l12_name_that_leads_elsewhere(station: Station, links: Any) -> None:
    """The last one leads to a real actor, of another host, that does not answer to the name."""
    document = {"subject": f"acct:ana@127.0.0.1:{station.port}", "links": links}
    body = json.dumps(document).replace("%server%", station.server.url).encode()
    station.talk = saying(answer(body, "Content-Type: application/jrd+json"))
    async with station.nothing_kept():
        with pytest.raises(FederationError):
            await station.node.app[RESOLVER].find_actor(f"@ana@127.0.0.1:{station.port}")


async def test_h38_l12_name_document_that_is_redirected_or_large(station: Station) -> None:
    body = json.dumps({"subject": "x", "links": [], "pad": "x" * (5 << 20)}).encode()
    for reply in (
        answer(body, "Content-Type: application/jrd+json"),
        answer(b"", f"Location: {station.server.url}/users/author", status="302 Found"),
    ):
        station.talk = saying(reply)
        async with station.nothing_kept():
            with pytest.raises(FederationError):
                await station.node.app[RESOLVER].find_actor(f"@ana@127.0.0.1:{station.port}")


async def test_h46_tls_where_there_is_none_is_a_failure(station: Station) -> None:
    station.talk = saying(answer(b"{}", f"Content-Type: {ACTIVITY}"))
    async with station.nothing_kept():
        await station.announce(f"https://127.0.0.1:{station.port}/tls")
