"""The HTTP door itself: slow, odd and too many requests (H49, H69, H75-H78, L38)."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from federation.settings import Rates
from node.clients import Proxies
from node.serving import Patience, _Door
from tests.hostile.house import House
from tests.journeys import raw
from tests.journeys.world import ACTIVITY, BROWSER, Node, World, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATUSES = {200, 204, 303, 400, 401, 404, 405}  # of any method at any route

SOON = 0.5  # seconds that the head of a request has at the hasty node
LONG = 20.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hasty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    """A node whose door has little patience and little room."""
    world = World(tmp_path_factory.mktemp("hasty"))
    patience = Patience(head_seconds=SOON, idle_seconds=1.0, connections=20, connections_of_one=4)
    yield await world.node("node", patience=patience, body_seconds=SOON)
    await world.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counting(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    """A node that counts what it is asked for, behind a proxy on this machine."""
    world = World(tmp_path_factory.mktemp("counting"))
    operator = {"trusted_proxies": ("127.0.0.1/32",)}
    yield await world.node("node", operator=operator, rates=Rates(address_requests=5))
    await world.close()


# -- slow (H75) -----------------------------------------------------------------------------------


async def _seconds_until_closed(port: int, *drops: bytes, pause: float = 0.0) -> float:
    """Send drops of a head with pauses between them; return when the node hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    clock = asyncio.get_running_loop().time
    began, closed = clock(), asyncio.create_task(_hung_up(reader))
    for drop in drops:
        writer.write(drop)
        await asyncio.wait([closed], timeout=pause)
    async with asyncio.timeout(LONG):
        await closed
    writer.close()
    return clock() - began


async def _hung_up(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(1024):
            pass
    except ConnectionError:
        pass


async def test_h75_partial_head_is_closed_in_its_time(hasty: Node) -> None:
    begun = f"GET / HTTP/1.1\r\nHost: {hasty.authority}\r\nX-Slow: a".encode()
    taken = await _seconds_until_closed(hasty.config.port, begun)
    assert SOON * 0.9 <= taken < 5 * SOON
    assert (await hasty.get("/readyz")).status == 200


async def test_h75_nothing_at_all_is_closed_in_that_time_too(hasty: Node) -> None:
    assert SOON * 0.9 <= await _seconds_until_closed(hasty.config.port, b"") < 5 * SOON


async def test_h75_dripping_head_has_one_deadline_for_all(hasty: Node) -> None:
    drops = [b"GET / HTTP/1.1\r\n", *([b"X-Drop: x\r\n"] * 40)]
    assert await _seconds_until_closed(hasty.config.port, *drops, pause=SOON / 5) < 12 * SOON


async def test_h75_slow_head_after_a_whole_request_on_the_same_connection(hasty: Node) -> None:
    whole = f"GET /livez HTTP/1.1\r\nHost: {hasty.authority}\r\n\r\n".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.config.port)
    async with asyncio.timeout(LONG):
        writer.write(whole)
        assert b"alive" in await reader.readuntil(b"alive\n")
        writer.write(whole[:10])
        assert await reader.read() == b""
    writer.close()


async def test_h75_idle_connection_is_closed(hasty: Node) -> None:
    whole = f"GET /livez HTTP/1.1\r\nHost: {hasty.authority}\r\n\r\n".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.config.port)
    async with asyncio.timeout(LONG):
        writer.write(whole)
        assert b"alive" in await reader.readuntil(b"alive\n")
        assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("target", ["/inbox", "/listings", "/livez"])
async def test_h75_slow_body(hasty: Node, target: str) -> None:
    head = raw.request("POST", target, hasty.authority, {"Content-Length": "1000"}) + b"{"
    answer = await raw.send(hasty.config.port, head)
    assert answer.status == (408 if target == "/inbox" else 405)


async def test_h75_the_time_of_the_head_ends_with_the_head(tmp_path: Path) -> None:
    world = World(tmp_path)
    node = await world.node("node", patience=Patience(head_seconds=SOON), body_seconds=LONG)
    reader, writer = await asyncio.open_connection("127.0.0.1", node.config.port)
    writer.write(raw.request("POST", "/inbox", node.authority, {"Content-Length": "2"}))
    answer = asyncio.create_task(reader.readline())
    await asyncio.wait([answer], timeout=2 * SOON)
    assert not answer.done()
    writer.write(b"{}")
    assert b" 415 " in await answer
    writer.close()
    await world.close()


# -- too many connections -------------------------------------------------------------------------


async def _open(port: int, number: int, address: str) -> list[asyncio.StreamWriter]:
    made = [
        await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
        for _ in range(number)
    ]
    return [writer for _, writer in made]


async def test_connections_of_one_address_are_counted(world_of_one: Node) -> None:
    port = world_of_one.config.port
    request = raw.request("GET", "/livez", world_of_one.authority)
    held = await _open(port, 4, "127.0.0.2")
    try:
        turned_away = await _ask_from(port, "127.0.0.2", request)
        assert turned_away.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 30" in turned_away
        assert (await _ask_from(port, "127.0.0.3", request)).endswith(b"alive\n")
        assert (await _ask_from(port, "127.0.0.1", request)).endswith(b"alive\n")
    finally:
        for writer in held:
            writer.close()
    await eventually(lambda: _is_alive_from(port, "127.0.0.2", request))


async def test_connections_of_one_ipv6_network_are_counted_together() -> None:
    door = _Door(web.Server(_never), Patience(connections_of_one=2), Proxies(["2001:db8:9::1"]))
    network = [f"2001:db8:1:2::{each}" for each in range(3)]
    assert [door.enter(each) for each in network] == [True, True, False]
    assert door.enter("2001:db8:1:3::1")
    door.leave(network[0])
    assert door.enter(network[2])
    assert all(door.enter("2001:db8:9::1") for _ in range(3))
    for each in (*network[1:], "2001:db8:1:3::1", *3 * ["2001:db8:9::1"]):
        door.leave(each)
    assert door.number == 0


async def _never(request: web.BaseRequest) -> web.StreamResponse:
    raise AssertionError(request)


async def test_connections_are_counted_in_all(world_of_one: Node) -> None:
    port = world_of_one.config.port
    request = raw.request("GET", "/livez", world_of_one.authority)
    held = await _open(port, 8, "127.0.0.1")
    try:
        assert (await _ask_from(port, "127.0.0.1", request)).startswith(b"HTTP/1.1 503 ")
    finally:
        for writer in held:
            writer.close()
    await eventually(lambda: _is_alive_from(port, "127.0.0.1", request))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world_of_one(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    world = World(tmp_path_factory.mktemp("crowd"))
    operator = {"trusted_proxies": ("127.0.0.1/32",)}
    patience = Patience(connections=8, connections_of_one=4)
    yield await world.node("node", patience=patience, operator=operator)
    await world.close()


async def _ask_from(port: int, address: str, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        async with asyncio.timeout(LONG):
            writer.write(request)
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def _is_alive_from(port: int, address: str, request: bytes) -> bool:
    return (await _ask_from(port, address, request)).endswith(b"alive\n")


# -- too many requests, and who is counted (H69) --------------------------------------------------


async def _status(node: Node, address: str, path: str = "/about", **headers: str) -> raw.RawAnswer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    data = raw.request("GET", path, node.authority, given)
    answer = await _ask_from(node.config.port, address, data)
    head, _, body = answer.partition(b"\r\n\r\n")
    return raw.RawAnswer(int(head.split()[1]), head, body)


async def test_sixth_request_in_the_window_is_answered_with_429(counting: Node) -> None:
    first = await _status(counting, "127.0.0.10")
    assert (first.status, b"X-RateLimit-Limit: 5" in first.head) == (200, True)
    assert b"X-RateLimit-Remaining: 4" in first.head
    for _ in range(4):
        assert (await _status(counting, "127.0.0.10")).status == 200
    refused = await _status(counting, "127.0.0.10")
    assert refused.status == 429
    lines = {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in refused.head.decode().split("\r\n"))
    }
    assert 0 < int(lines["retry-after"]) <= 300
    assert lines["x-ratelimit-remaining"] == "0"
    assert lines["x-ratelimit-reset"].endswith("Z")
    assert json.loads(refused.body)["title"] == "too-many"
    reader = await _status(counting, "127.0.0.10", Accept="text/html")
    assert (reader.status, b"<h1>Too many tries</h1>" in reader.body) == (429, True)
    # another address, another group of routes, and health are counted apart
    assert (await _status(counting, "127.0.0.11")).status == 200
    assert (await _status(counting, "127.0.0.10", "/actor")).status == 200
    assert (await _status(counting, "127.0.0.10", "/livez")).status == 200
    # what is not there is counted as well
    for _ in range(5):
        assert (await _status(counting, "127.0.0.12", "/nowhere")).status == 404
    assert (await _status(counting, "127.0.0.12", "/nowhere")).status == 429


async def test_h69_a_stranger_cannot_choose_its_address(counting: Node) -> None:
    for number in range(5):
        named = f"203.0.113.{number}"
        answer = await _status(counting, "127.0.0.20", X_Forwarded_For=named)
        assert answer.status == 200
    spoofed = await _status(counting, "127.0.0.20", X_Forwarded_For="203.0.113.99")
    assert spoofed.status == 429


async def test_h69_a_proxy_says_whom_it_speaks_for_and_only_the_last_word_counts(
    counting: Node,
) -> None:
    for number in range(5):
        chain = f"198.51.100.{number}, 203.0.113.50"  # the left is what the stranger made up
        answer = await _status(counting, "127.0.0.1", X_Forwarded_For=chain)
        assert answer.status == 200
    refused = await _status(counting, "127.0.0.1", X_Forwarded_For="1.2.3.4, 203.0.113.50")
    assert refused.status == 429
    assert (await _status(counting, "127.0.0.1", X_Forwarded_For="203.0.113.51")).status == 200
    for number in range(8):  # a network of IPv6 is one customer
        named = f"2001:db8:1:2::{number + 1:x}"
        last = await _status(counting, "127.0.0.1", X_Forwarded_For=named)
    assert last.status == 429
    for _ in range(8):  # nonsense is one stranger
        last = await _status(counting, "127.0.0.1", X_Forwarded_For="' OR 1=1 --")
    assert last.status == 429
    for _ in range(8):  # this node's own side is not counted
        assert (await _status(counting, "127.0.0.1")).status == 200


async def test_h69_host_header_is_never_used(house: House) -> None:
    async with house.unchanged():
        for host in ("evil.example", f"{house.node.authority}.evil.example", ""):
            answer = await raw.send(
                house.node.config.port, raw.request("GET", "/about", host or "evil.example")
            )
            assert answer.status == 421
            assert b"evil" not in answer.body
        named = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
        data = raw.request("GET", "/about", house.node.authority, named)
        answer = await raw.send(house.node.config.port, data)
        assert (answer.status, b"evil" in answer.body) == (200, False)


# -- sizes (H49) ----------------------------------------------------------------------------------


async def test_h49_body_over_the_limit(house: House) -> None:
    most = house.node.settings.inbox_bytes
    big = house.evil.say("Create", house.liar, {"content": "x" * most})
    headers, body = house.letter(big, house.liar)
    assert len(body) > most
    async with house.unchanged():
        assert await house.knock(headers, body) == 413
        chunked = {**headers, "Content-Length": "", "Transfer-Encoding": "chunked"}
        framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        assert await house.knock(chunked, framed) == 413
        bomb = gzip.compress(b" " * (most * 50))
        packed = {**headers, "Content-Encoding": "gzip", "Content-Length": str(len(bomb))}
        assert await house.knock(packed, bomb) in {413, 415}


# -- smuggling and odd targets (H76) --------------------------------------------------------------


ODD = {
    "length and chunks": b"POST /inbox HTTP/1.1\r\nHost: %h\r\nContent-Length: 4\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST /inbox HTTP/1.1\r\nHost: %h\r\nContent-Length: 4\r\n"
    b"Content-Length: 5\r\n\r\nabcd",
    "signed length": b"POST /inbox HTTP/1.1\r\nHost: %h\r\nContent-Length: +4\r\n\r\nabcd",
    "bad chunk": b"POST /inbox HTTP/1.1\r\nHost: %h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "folded header": b"GET / HTTP/1.1\r\nHost: %h\r\nX-A: a\r\n b\r\n\r\n",
    "nul in header": b"GET / HTTP/1.1\r\nHost: %h\r\nX-A: a\0b\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: %h\r\nHost: evil.example\r\n\r\n",
    "space in name": b"GET / HTTP/1.1\r\nHost: %h\r\nX A: b\r\n\r\n",
    "large header": b"GET / HTTP/1.1\r\nHost: %h\r\nX-A: " + b"a" * 65536 + b"\r\n\r\n",
    "other protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("name", ODD)
async def test_h76_smuggling_is_answered_with_400_and_the_connection_ends(
    house: House, name: str
) -> None:
    async with house.unchanged():
        data = ODD[name].replace(b"%h", house.node.authority.encode())
        follow_up = raw.request("GET", "/livez", house.node.authority)
        answer = await raw.send(house.node.config.port, data + follow_up)
        assert answer.status in {400, 421}
        assert b"alive" not in answer.body


@pytest.mark.parametrize("line", ["Signature", "Digest", "Date", "Host"])
async def test_h76b_a_header_in_two_lines(house: House, line: str) -> None:
    headers, body = house.letter(house.lie(), house.liar)
    headers = {**headers, "Host": house.node.authority}
    twice: dict[str, Any] = {**headers, line: (headers[line], headers[line])}
    async with house.unchanged():
        assert await house.knock(twice, body) in {400, 401, 421}


@pytest.mark.parametrize(
    "target", ["http://evil.example/inbox", "http://{own}/inbox", "*", "inbox"]
)
async def test_h76b_target_that_is_no_path(house: House, target: str) -> None:
    headers, body = house.letter(house.lie(), house.liar)
    target = target.replace("{own}", house.node.authority)
    async with house.unchanged():
        assert await house.knock(headers, body, target=target) in {400, 421}


# -- every route, every method (H77, H78) ---------------------------------------------------------


METHODS = ("HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "PROPFIND", "CONNECT")


async def test_h77_other_methods_on_every_route(house: House) -> None:
    paths = sorted({each.resource.canonical for each in house.node.app.router.routes()})
    assert len(paths) > 25
    async with house.unchanged():
        for path in paths:
            filled = path.replace("{handle}", "guild").replace("{id}", house.own.id)
            for method in METHODS:
                data = raw.request(method, filled, house.node.authority)
                answer = await raw.send(house.node.config.port, data)
                assert answer.status < 500, (method, path)
                assert answer.status in STATUSES, (method, path, answer.status)
                assert method == "HEAD" or answer.status != 200, (method, path)


@pytest.mark.parametrize("accept", ["", "garbage", "a/b/c;q=x", "*/*;q=nan", "text/html;q=-1" * 50])
async def test_h77_any_accept_is_answered(house: House, accept: str) -> None:
    for path in ("/", f"/proposals/{house.own.id}", "/@guild", "/actors/guild"):
        data = raw.request("GET", path, house.node.authority, {"Accept": accept})
        assert (await raw.send(house.node.config.port, data)).status == 200


async def test_h78_who_asks_decides_what_is_served(house: House) -> None:
    path = f"/proposals/{house.own.id}"
    for accept, served in (
        (BROWSER, "text/html"),
        (ACTIVITY, ACTIVITY),
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', ACTIVITY),
    ):
        answer = await house.node.get(path, accept)
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith(served)
        assert "Accept" in answer.headers["Vary"]


async def test_h77_get_of_an_inbox(house: House) -> None:
    for path in ("/inbox", "/actor/inbox", "/actors/guild/inbox"):
        assert (await house.node.get(path)).status == 405
