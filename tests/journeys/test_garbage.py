"""Garbage at every address: it is refused in words, changes nothing, and breaks nothing."""

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.journeys import raw
from tests.journeys.foreign import ForeignActor, ForeignServer, signed
from tests.journeys.world import ACTIVITY, BROWSER, Node, World, eventually, need, offer

pytestmark = pytest.mark.asyncio(loop_scope="module")

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")

ACCEPTS = (
    ACTIVITY,
    BROWSER,
    "*/*",
    "",
    ";;;q=,",
    "application/activity+json;q=nan",
    "application/ld+json;profile=",
    "text/html;q=1e999, application/activity+json;q=-1",
    "a" * 7000,
    ",".join(["text/html"] * 800),
    b"\xff\xfe",
)

VALUES = (  # of a query parameter or a part of a path, as they stand in the target
    "",
    "%00",
    "a%00b",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "%ff",
    "%c3%28",
    "%ed%a0%80",  # half a surrogate pair
    "%",
    "%zz",
    "%25s",
    "'--",
    '%22"%22',
    "%27%20OR%201=1",
    "NEAR(",
    "*",
    "-",
    "a%20AND%20",
    "{}[]()^",
    "%0d%0aX-Evil:%201",
    "%f0%9f%92%a9" * 50,
    "9" * 400,
    "-1",
    "1e999",
    "NaN",
    "1_1",
    "99999999999999999999_1",
    "-1.5e300_9",
    "x" * 6000,
    "%e2%80%ae%d7%90",
    "javascript:alert(1)",
)

NAMES = (
    *("q", "kind", "category", "capacity", "method", "language", "region", "mode", "node", "by"),
    *("cursor", "page", "before", "resource", "uselang", "rel", "limit", "%00", "%ff", ""),
)


@dataclass
class Target:
    """A node with something on it, and a known author of another server."""

    node: Node
    server: ForeignServer
    author: ForeignActor

    @property
    def paths(self) -> list[str]:
        """Every route of the node, with its holes."""
        resources = {route.resource for route in self.node.app.router.routes()}
        return sorted(each.canonical for each in resources if each is not None)

    async def ask(
        self, method: str, target: str | bytes, headers: Any = None, body: bytes = b""
    ) -> raw.RawAnswer:
        """Send a request; hold the answer to what every answer must be."""
        data = raw.request(method, target, self.node.authority, headers, body)
        return await self.send(data, is_head=method == "HEAD")

    async def send(self, data: bytes, *, is_head: bool = False) -> raw.RawAnswer:
        """Send bytes; hold the answer to what every answer must be."""
        answer = await raw.send(self.node.config.port, data)
        assert 200 <= answer.status < 500, (data[:300], answer)
        assert answer.status < 400 or answer.body or is_head, (data[:300], answer)
        return answer

    def state(self) -> dict[str, Any]:
        """Return all that it holds to be so, and its inbox."""
        return {**self.node.belief(), "inbox": self.node.rows("SELECT * FROM inbox")}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def target(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Target]:
    world = World(tmp_path_factory.mktemp("garbage"))
    async with AsyncExitStack() as leaving:
        server = ForeignServer()
        await server.start()
        leaving.push_async_callback(server.stop)
        leaving.push_async_callback(world.close)
        node = await world.node("node")
        await node.affiliate("guild")
        await node.affiliate("museum")
        await node.publish_all([offer(f"No. {n}") for n in range(30)], by="guild")
        await node.publish(need(), by="museum")
        author = server.actor("author")
        await node.follow(author.uri)
        await eventually(lambda: node.rows("SELECT * FROM delivery") == [])
        await eventually(node.is_at_rest)
        yield Target(node, server, author)


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def nothing_changes(target: Target) -> AsyncIterator[None]:
    before = target.state()
    yield
    assert target.state() == before
    answer = await target.ask("GET", "/readyz")
    assert (answer.status, answer.body) == (200, b"ready\n")


def _real(target: Target) -> dict[str, list[str]]:
    """Return values that exist for each hole of a route."""
    listing = target.node.rows("SELECT id FROM listing ORDER BY seq LIMIT 1")[0][0]
    return {
        "{id}": [listing],
        "{handle}": ["guild", "catalogue"],
        "{name}": ["mediation"],
        "{verb}": ["accept"],
        "{version}": ["2.0"],
    }


def _filled(path: str, real: dict[str, list[str]]) -> str:
    for hole, values in real.items():
        path = path.replace(hole, values[0])
    return path


async def test_every_method_at_every_address(target: Target) -> None:
    real = _real(target)
    for path in target.paths:
        for method in METHODS:
            for body in (b"", b"x=1"):
                answer = await target.ask(method, _filled(path, real), None, body)
                if answer.status == 405:
                    assert b"\r\nAllow: " in answer.head
                assert b"X-Evil" not in answer.head


async def test_every_hole_of_every_address_with_every_value(target: Target) -> None:
    real = _real(target)
    for path in target.paths:
        for hole in [each for each in real if each in path]:
            for value in VALUES:
                filled = _filled(path.replace(hole, value), real)
                for accept in (ACTIVITY, BROWSER):
                    answer = await target.ask("GET", filled, {"Accept": accept})
                    assert b"X-Evil" not in answer.head


async def test_every_query_at_every_address(target: Target) -> None:
    real = _real(target)
    everything_at_once = "&".join(f"{name}={VALUES[5]}" for name in NAMES)
    for path in target.paths:
        filled = _filled(path, real)
        queries = [f"page=true&cursor={value}" for value in VALUES]
        queries += [f"page=true&before={value}" for value in VALUES[:12]]
        queries += [everything_at_once, "&" * 500, "=" * 500, "a=" + "b" * 7000, "?#?"]
        if path == "/listings":
            queries += [f"{name}={value}" for name in NAMES for value in VALUES]
            queries += ["&".join(f"capacity={n}" for n in range(500)), "q=" + "a+" * 3000]
        if path.endswith("webfinger"):
            queries += [f"resource={value}" for value in VALUES]
            queries += [f"resource=acct:{value}@{target.node.authority}" for value in VALUES]
        for query in queries:
            await target.ask("GET", f"{filled}?{query}", {"Accept": ACTIVITY})


async def test_every_accept_at_every_address(target: Target) -> None:
    real = _real(target)
    for path in target.paths:
        for accept in ACCEPTS:
            language = {"Accept-Language": accept, "Accept-Encoding": accept, "If-None-Match": "**"}
            await target.ask("GET", _filled(path, real), {"Accept": accept, **language})


async def test_bytes_that_are_no_text_in_target_and_headers(target: Target) -> None:
    for broken in (
        b"/listings?q=\xff\xfe",
        b"/\xff",
        b"/actors/\xc3\x28",
        b"/proposals/\xed\xa0\x80",
    ):
        for accept in (ACTIVITY, BROWSER):
            await target.ask("GET", broken, {"Accept": accept})
    for name in ("User-Agent", "Cookie", "Range", "If-Modified-Since", "Signature", "Date"):
        await target.ask("GET", "/actors/guild", {name: b"\xff\x80 \xed\xa0\x80"})
        await target.ask("POST", "/inbox", {name: b"\xff\x80", "Content-Type": ACTIVITY}, b"{}")


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "127.0.0.1", "127.0.0.1:1", "localhost:8080", "[::1]", "a b", "x" * 5000),
        *(
            "EVIL.example",
            "{authority}.",
            "{authority}/",
            "{authority},{authority}",
            "user@{authority}",
        ),
        b"\xff",
    ],
)
async def test_wrong_host(target: Target, host: str | bytes) -> None:
    if isinstance(host, str):
        host = host.replace("{authority}", target.node.authority)
    for path in ("/", "/listings", "/actors/guild", "/.well-known/nodeinfo", "/nowhere"):
        answer = await target.ask("GET", path, {"Host": host})
        assert answer.status in {400, 421}
        evil = host if isinstance(host, bytes) else host.encode()
        assert b"evil.example" not in answer.body
        assert b"Location: http://" + evil not in answer.head


async def test_absolute_and_other_forms_of_target(target: Target) -> None:
    for form in (
        "http://evil.example/actors/guild",
        f"http://{target.node.authority}/actors/guild",
        f"http://{target.node.authority}@evil.example/",
        "//evil.example/actors/guild",
        "*",
        "evil.example:443",
        "actors/guild",
        "/actors/guild#fragment",
        "/./actors/../actors/guild",
        "///",
        "/\\evil.example",
        "/;/..;/",
    ):
        for method in ("GET", "POST", "OPTIONS", "CONNECT"):
            answer = await target.ask(method, form)
            assert b"evil.example" not in answer.head


async def test_requests_that_are_no_http(target: Target) -> None:
    host = f"Host: {target.node.authority}\r\n".encode()
    tail = b"Connection: close\r\n\r\n"
    for data in (
        b"GET / HTTP/1.1\r\n" + tail,  # no Host
        b"GET / HTTP/1.1\r\n" + host + host + tail,
        b"POST /inbox HTTP/1.1\r\n" + host + b"Content-Length: 2\r\nContent-Length: 3\r\n" + tail,
        b"POST /inbox HTTP/1.1\r\n" + host + b"Content-Length: +4\r\n" + tail + b"{}{}",
        b"POST /inbox HTTP/1.1\r\n" + host + b"Content-Length: -1\r\n" + tail,
        b"POST /inbox HTTP/1.1\r\n"
        + host
        + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"
        + tail
        + b"0\r\n\r\n",
        b"POST /inbox HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n" + tail + b"zz\r\n",
        b"GET / HTTP/1.1\r\n" + host + b"X: a\r\n b\r\n" + tail,
        b"GET / HTTP/1.1\r\n" + host + b"X: \0\r\n" + tail,
        b"GET / HTTP/9.9\r\n" + host + tail,
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + host + tail,
        b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * 70_000 + b"\r\n" + tail,
        b"\x16\x03\x01\x02\x00\x01\x00" * 20 + b"\r\n\r\n",
    ):
        answer = await target.send(data)
        assert answer.status >= 400


# -- inboxes --------------------------------------------------------------------------------------

INBOXES = ("/inbox", "/actor/inbox", "/actors/guild/inbox", "/actors/catalogue/inbox")


def _bodies(target: Target) -> Iterator[tuple[bytes, set[int]]]:
    """Give what is no activity, and with which statuses it may be refused."""
    uri, actor = f"{target.server.url}/activities/1", target.author.uri
    valid = {"id": uri, "type": "Create", "actor": actor, "object": {}}

    def but(**changes: Any) -> bytes:
        return json.dumps({**valid, **changes}).encode()

    malformed = {400}
    for body in (
        b"",
        b"{",
        b"null",
        b"[]",
        b"1",
        b'"text"',
        b"{}",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        but().decode().encode("utf-16"),
        b'{"a": "\xe4"}',
        b"[" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1e400}',
        b'{"a": NaN}',
        b'{"a": 9007199254740993}',
        but()[:-1] + b', "id": "' + uri.encode() + b'"}',  # H32
        but(id=None),
        but(id=[uri, uri]),
        but(id={"id": {"id": uri}}),
        but(id=7),
        but(id="x" * 10_000),
        but(id=f"{uri}\0"),
        but(id=f"{uri}\ud800"),
        but(id="urn:uuid:1"),
        but(id="acct:author@evil.example"),
        but(id="data:text/plain,x"),
        but(id="javascript:1"),
        but(id="//evil.example/1"),
        but(actor=None),
        but(actor=[]),
        but(actor=[actor, actor]),
        but(actor="nobody"),
        but(type=None),
        but(type=["Note", "Delete"]),  # H33
        but(type={"a": 1}),
        but(object=[[[]]] * 20_000),
        but(**{f"k{n}": n for n in range(12_000)}),
    ):
        yield body, malformed
    yield but(), {401}
    yield but(id=f"{target.node.url}/activities/1", actor=f"{target.node.url}/actor"), {401}
    yield but(id="https://evil.example/1"), {401}
    yield but(object="x" * 300_000), {413}


async def test_h31_h32_h33_h50_bodies_that_are_no_activity(target: Target) -> None:
    for body, expected in _bodies(target):
        for path in INBOXES:
            headers = {"Content-Type": ACTIVITY}
            unsigned = await target.ask("POST", path, headers, body)
            assert unsigned.status in expected, (body[:100], unsigned)
            problem = json.loads(unsigned.body)
            assert problem["status"] == unsigned.status
            assert problem["detail"]
        # one that is signed well fares no better
        if expected == {400}:
            signature = signed(target.node.inbox, body, target.author)
            answer = await target.ask("POST", "/inbox", {**signature, **headers}, body)
            assert answer.status in expected, (body[:100], answer)


async def test_h49_bodies_that_are_too_large_or_packed(target: Target) -> None:
    limit = target.node.settings.inbox_bytes
    headers = {"Content-Type": ACTIVITY}
    chunked = {**headers, "Transfer-Encoding": "chunked", "Content-Length": ""}
    big = b" " * (limit + 1)
    bomb = gzip.compress(b" " * 20_000_000)
    chunks = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    for given, body, expected in (
        (headers, big, {413}),
        ({**headers, "Content-Encoding": "gzip"}, bomb, {415}),
        ({**headers, "Content-Encoding": "gzip"}, b"not gzip at all", {415}),
        ({**headers, "Content-Encoding": "gzip"}, gzip.compress(b"{}")[:-6], {415}),
        ({**headers, "Content-Encoding": "deflate"}, b"\0\1\2\3", {415}),
        ({**headers, "Content-Encoding": "br"}, b"\0\1\2\3", {415}),
        ({**headers, "Content-Encoding": "zstd"}, b"\0\1\2\3", {415}),
        ({**headers, "Content-Encoding": "x-none"}, b"{}", {415}),
        (chunked, chunks * 20 + b"0\r\n\r\n", {413}),
        (chunked, chunks + b"zz\r\n", {400}),
    ):
        for path in INBOXES:
            answer = await target.ask("POST", path, given, body)
            assert answer.status in expected, (given, answer)


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/plain",
        "application/json",
        "application/ld+json",
        "multipart/form-data",
        ";",
        "a" * 5000,
    ],
)
async def test_media_types_that_are_not_activitystreams(target: Target, media_type: str) -> None:
    body = json.dumps(target.server.say("Like", target.author, "x")).encode()
    for path in INBOXES:
        signature = signed(f"{target.node.url}{path}", body, target.author)
        answer = await target.ask("POST", path, {**signature, "Content-Type": media_type}, body)
        assert answer.status == 415


async def test_h02_h06_h76_signature_headers_that_have_no_sense(target: Target) -> None:
    body = json.dumps(target.server.say("Like", target.author, "x")).encode()
    good = signed(target.node.inbox, body, target.author)
    head = raw.request("POST", "/inbox", target.node.authority, {"Content-Type": ACTIVITY}, body)
    start, _, rest = head.partition(b"\r\n\r\n")

    def lines(*pairs: tuple[str, str]) -> bytes:
        more = b"".join(f"\r\n{name}: {value}".encode() for name, value in pairs)
        return start + more + b"\r\n\r\n" + rest

    date, digest, signature = ((name, good[name]) for name in ("Date", "Digest", "Signature"))
    wrong_digest = ("Digest", "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    params = good["Signature"]
    for data in (
        lines(),
        lines(date, digest),
        lines(date, digest, signature, signature),
        lines(date, digest, digest, signature),
        lines(date, digest, wrong_digest, signature),
        lines(date, wrong_digest, digest, signature),
        lines(date, date, digest, signature),
        lines(date, digest, ("Signature", params + params)),
        lines(date, digest, ("Signature", params.replace("keyId", "keyid"))),
        lines(date, digest, ("Signature", params.replace("rsa-sha256", "hmac-sha256"))),  # H20
        lines(date, digest, ("Signature", params.replace("rsa-sha256", "none"))),
        lines(date, digest, ("Signature", params.replace(" digest", ""))),  # H04
        lines(date, digest, ("Signature", params.replace("(request-target) ", ""))),
        lines(date, digest, ("Signature", params.replace(" host", ""))),
        lines(date, digest, ("Signature", params.replace(target.author.uri, "urn:x"))),
        lines(date, digest, ("Signature", params.replace(target.author.uri, "file:///etc/passwd"))),
        lines(date, digest, ("Signature", "=" * 7000)),
        lines(date, digest, ("Signature", ",,,,")),
        lines(date, digest, ("Signature", 'keyId="",headers="",signature=""')),
        lines(date, digest, ("Authorization", f"Signature {params}")),
        lines(date, digest, ("Signature-Input", 'sig1=("@method")'), ("Signature", "sig1=:AA==:")),
    ):
        answer = await target.send(data)
        assert answer.status in {400, 401}, (data, answer)
