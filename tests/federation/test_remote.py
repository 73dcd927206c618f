"""Dialling strangers over real sockets: threats L2, L14-L18, L24, H29, H38-H47, F13, F15.

Every name resolves through :class:`Names`, and the refused addresses are other ways to reach this
machine, such as ``0.0.0.0``: even a broken guard makes no test dial an outside host.
"""

import asyncio
import gzip
import ipaddress
import json
import resource
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yarl import URL

from federation.errors import FederationError, GiveUp, Malformed, TryLater
from federation.guard import DialPolicy, network
from federation.remote import (
    AddressRefusedError,
    Answer,
    Fetched,
    Limits,
    Missing,
    Remote,
    Send,
    Step,
    Vanished,
    is_activity_type,
    parse_retry_after,
)

ACTIVITY = "application/activity+json"
LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
NOW = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)
ACTOR = {"id": "https://hub.example/actor", "type": "Service"}
BODY = json.dumps(ACTOR).encode()
# No answer to a test may need longer; a test about time sets a short deadline of its own.
QUICK = Limits(total_seconds=5, detail_seconds=0.1)
HASTY = Limits(total_seconds=0.3, detail_seconds=0.1)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RawHandler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Names(AbstractResolver):
    """A DNS made of lists of answers; the last one is repeated. Without answers: no such name."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002
    ) -> list[ResolveResult]:
        self.asked.append(host)
        if not self.answers:
            raise OSError(None, "no such name")
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in answer
        ]

    async def close(self) -> None:
        pass


def make_remote(policy: DialPolicy | None = None, **settings: Any) -> Remote:
    options: dict[str, Any] = {
        "user_agent": "capx-test",
        "policy": policy or DialPolicy.development(),
        "limits": QUICK,
        "resolver": Names(),
        "now": lambda: NOW,
    }
    return Remote(**{**options, **settings})


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    async with make_remote() as remote:
        yield remote


@pytest.fixture
async def hasty() -> AsyncIterator[Remote]:
    async with make_remote(limits=HASTY) as remote:
        yield remote


Serve = Callable[..., Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start an aiohttp server whose one handler answers every path; returns its URL."""
    servers: list[TestServer] = []

    async def start(handler: Handler, **kwargs: Any) -> str:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", handler)
        server = TestServer(app, host="127.0.0.1")
        servers.append(server)
        await server.start_server(**kwargs)
        return str(server.make_url("")).rstrip("/")

    yield start
    for server in servers:
        await server.close()


@asynccontextmanager
async def raw_server(handler: RawHandler) -> AsyncIterator[str]:
    """Run a server that says exactly what its handler writes, and close all it opened."""
    tasks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await handler(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(talk(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@pytest.fixture
async def say() -> AsyncIterator[Callable[[bytes | RawHandler], Awaitable[str]]]:
    """Start a raw server that says these bytes and hangs up, or does what its handler does."""
    running: list[Any] = []

    async def start(what: bytes | RawHandler) -> str:
        async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert isinstance(what, bytes)
            writer.write(what)
            await writer.drain()
            writer.write_eof()

        context = raw_server(speak if isinstance(what, bytes) else what)
        running.append(context)
        return await context.__aenter__()

    yield start
    for context in running:
        await context.__aexit__(None, None, None)


Say = Callable[[bytes | RawHandler], Awaitable[str]]


def answer(
    body: bytes = BODY,
    content_type: str = ACTIVITY,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Handler:
    async def handler(_: web.Request) -> web.Response:
        fields = {"Content-Type": content_type, **(headers or {})}
        return web.Response(body=body, status=status, headers=fields)

    return handler


def head(*fields: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {ACTIVITY}", *fields, "", ""]
    return "\r\n".join(lines).encode()


def where(url: str) -> str:
    return url.partition("://")[2]


# What a good answer gives


async def test_get_object_returns_document_body_and_uri(remote: Remote, serve: Serve) -> None:
    base = await serve(answer())
    assert await remote.get_object(f"{base}/a?x=%2f#key") == Fetched(
        uri=f"{base}/a?x=%2f", document=ACTOR, body=BODY
    )


async def test_get_object_sends_its_headers_and_nothing_more(remote: Remote, serve: Serve) -> None:
    seen: dict[str, str] = {}

    async def handler(request: web.Request) -> web.Response:
        seen.update(request.headers)
        return web.Response(body=BODY, content_type=ACTIVITY)

    base = await serve(handler)
    await remote.get_object(base)
    assert seen == {
        "Host": where(base),
        "User-Agent": "capx-test",
        "Accept": f"{LD}, {ACTIVITY}",
        "Accept-Encoding": "gzip",
    }


async def test_pitfall_24_path_is_sent_as_it_is_signed(serve: Serve) -> None:
    signed: list[str] = []
    sent: list[tuple[str, str | None]] = []

    async def signer(url: str, send: Send) -> Step:
        signed.append(url)
        return await send({"Signature": f"s{len(signed)}"})

    async def handler(request: web.Request) -> web.Response:
        sent.append((request.raw_path, request.headers.get("Signature")))
        return web.Response(body=BODY, content_type=ACTIVITY)

    base = await serve(handler)
    tricky = "/%61/../b//c?x=%2f&y=a+b&z=%C3%A9"
    async with make_remote(signer=signer) as remote:
        await remote.get_object(f"{base}{tricky}")
        await remote.post(f"{base}{tricky}", b"{}", {"Signature": "theirs"})
    assert signed == [f"{base}{tricky}"]
    assert sent == [(tricky, "s1"), (tricky, "theirs")]


async def test_each_redirect_hop_is_signed_afresh(serve: Serve) -> None:
    sent: list[tuple[str, str]] = []

    async def signer(url: str, send: Send) -> Step:
        return await send({"Signature": URL(url).path})

    async def handler(request: web.Request) -> web.Response:
        sent.append((request.path, request.headers["Signature"]))
        if request.path == "/a":
            raise web.HTTPFound("/b")
        return web.Response(body=BODY, content_type=ACTIVITY)

    base = await serve(handler)
    async with make_remote(signer=signer) as remote:
        fetched = await remote.get_object(f"{base}/a")
    assert fetched.uri == f"{base}/b"
    assert sent == [("/a", "/a"), ("/b", "/b")]


async def test_refused_signature_is_made_anew_and_the_last_refusal_ends_it(serve: Serve) -> None:
    sent: list[str] = []

    async def signer(url: str, send: Send) -> Step:
        del url
        for number in range(3):
            step = await send({"Signature": str(number)})
            if step.status not in {400, 401}:
                break
        return step

    async def handler(request: web.Request) -> web.Response:
        sent.append(request.headers["Signature"])
        if request.headers["Signature"] != request.query["wants"]:
            return web.Response(status=401, body=BODY, content_type=ACTIVITY)
        return web.Response(body=BODY, content_type=ACTIVITY)

    base = await serve(handler)
    async with make_remote(signer=signer) as remote:
        assert (await remote.get_object(f"{base}/a?wants=1")).body == BODY
        with pytest.raises(GiveUp, match="answered 401"):
            await remote.get_object(f"{base}/a?wants=7")
    assert sent == ["0", "1", "0", "1", "2"]


async def test_cookies_are_not_kept(remote: Remote, serve: Serve) -> None:
    cookies: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        headers = {"Content-Type": ACTIVITY, "Set-Cookie": "track=1; Path=/"}
        return web.Response(body=BODY, headers=headers)

    base = (await serve(handler)).replace("127.0.0.1", "hub.test")
    async with make_remote(resolver=Names(["127.0.0.1"])) as remote:
        await remote.get_object(base)
        await remote.get_object(base)
    assert cookies == [None, None]


async def test_proxy_of_the_environment_is_ignored(
    remote: Remote, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    base = await serve(answer())
    assert (await remote.get_object(base)).document == ACTOR


async def test_no_more_than_per_host_requests_at_once(serve: Serve) -> None:
    active, peak = 0, 0

    async def handler(_: web.Request) -> web.Response:
        nonlocal active, peak
        active += 1
        peak = max(peak, active)
        for _turn in range(100):  # time enough for all the others to come, if they could
            await asyncio.sleep(0)
        active -= 1
        return web.Response(body=BODY, content_type=ACTIVITY)

    base = await serve(handler)
    async with make_remote(per_host=2) as remote:
        await asyncio.gather(*(remote.get_object(base) for _ in range(8)))
    assert peak == 2


async def test_remote_outside_its_context_is_a_bug() -> None:
    with pytest.raises(RuntimeError):
        await make_remote().get_object("http://127.0.0.1/")


# Content types, L2 H29 H47


@pytest.mark.parametrize(
    "content_type",
    [
        ACTIVITY,
        "application/activity+json; charset=utf-8",
        "Application/Activity+JSON",
        LD,
        "application/ld+json;profile=https://www.w3.org/ns/activitystreams",
        'application/ld+json; profile="https://other.example https://www.w3.org/ns/activitystreams"',
    ],
)
async def test_l2_activitystreams_type_is_accepted(
    remote: Remote, serve: Serve, content_type: str
) -> None:
    base = await serve(answer(content_type=content_type))
    assert (await remote.get_object(base)).document == ACTOR


WRONG_TYPES = [
    "application/json",
    "text/plain",
    "text/html",
    "application/octet-stream",
    "application/ld+json",
    'application/ld+json; profile="https://www.w3.org/ns/other"',
    'application/ld+json; profile="https://www.w3.org/ns/activitystreams.evil"',
    "application/activity+json, text/html",
    "activity+json",
    "",
]


@pytest.mark.parametrize("content_type", WRONG_TYPES)
async def test_h29_wrong_content_type_is_given_up(
    remote: Remote, serve: Serve, content_type: str
) -> None:
    base = await serve(answer(content_type=content_type))
    with pytest.raises(GiveUp) as caught:
        await remote.get_object(base)
    assert str(caught.value) == f"{where(base)}: wrong content type"


async def test_h29_two_content_types_are_given_up(remote: Remote, say: Say) -> None:
    base = await say(head("Content-Type: text/html", f"Content-Length: {len(BODY)}") + BODY)
    with pytest.raises(FederationError):
        await remote.get_object(base)


async def test_h47_html_login_page_is_given_up(remote: Remote, serve: Serve) -> None:
    base = await serve(answer(b"<!DOCTYPE html><form>", "text/html; charset=utf-8"))
    with pytest.raises(GiveUp, match="wrong content type"):
        await remote.get_object(base)


async def test_h47_204_is_given_up(remote: Remote, say: Say) -> None:
    base = await say(b"HTTP/1.1 204 No Content\r\n\r\n")
    with pytest.raises(GiveUp, match="wrong content type"):
        await remote.get_object(base)


@pytest.mark.parametrize("body", [b"", BODY[:-1], b"[]", b"<html>", b'{"a": NaN}'])
async def test_h47_bad_json_is_malformed(remote: Remote, serve: Serve, body: bytes) -> None:
    base = await serve(answer(body))
    with pytest.raises(Malformed) as caught:
        await remote.get_object(base)
    assert str(caught.value).startswith(f"{where(base)}: ")


async def test_h48_collection_may_ask_for_more_nodes(remote: Remote, serve: Serve) -> None:
    body = json.dumps({"items": list(range(20_000))}).encode()
    base = await serve(answer(body))
    assert len((await remote.get_object(base, max_nodes=200_000)).document["items"]) == 20_000
    with pytest.raises(Malformed):
        await remote.get_object(base)


# Statuses


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (300, GiveUp),
        (304, GiveUp),
        (400, GiveUp),
        (401, GiveUp),
        (403, GiveUp),
        (404, Missing),
        (410, Vanished),
        (451, GiveUp),
        (408, TryLater),
        (429, TryLater),
        (500, TryLater),
        (502, TryLater),
        (503, TryLater),
    ],
)
async def test_status_decides_whether_to_retry(
    remote: Remote, serve: Serve, status: int, error: type[FederationError]
) -> None:
    base = await serve(answer(status=status))
    with pytest.raises(FederationError) as caught:
        await remote.get_object(base)
    assert type(caught.value) is error
    assert str(caught.value).startswith(f"{where(base)}: ")


async def test_f13_retry_after_of_a_get_is_kept(remote: Remote, serve: Serve) -> None:
    base = await serve(answer(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(TryLater) as caught:
        await remote.get_object(base)
    assert caught.value.retry_after == 3600


async def test_101_is_given_up(remote: Remote, say: Say) -> None:
    base = await say(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
    )
    with pytest.raises(FederationError):
        await remote.get_object(base)


# Addresses, H39 to H41


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://[::1]/", "https://①②⑦.0.0.1/", "https://127.1/"]
)
async def test_h39_h40_literal_is_not_dialled(url: str) -> None:
    async with make_remote(DialPolicy()) as remote:
        with pytest.raises(GiveUp):
            await remote.get_object(url)
        with pytest.raises(GiveUp):
            await remote.get_jrd(url)
        with pytest.raises(GiveUp):
            await remote.post(url, b"{}", {})


@pytest.fixture
async def silent_port() -> AsyncIterator[tuple[int, list[object]]]:
    """Listen on this machine and write down who connects."""
    callers: list[object] = []

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(writer)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], callers
    server.close()
    await server.wait_closed()


ANY_PORT = DialPolicy(ports=None)


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["0.0.0.0"],
        ["::"],
    ],
)
async def test_h41_name_with_a_private_address_is_not_dialled(
    answers: list[str], silent_port: tuple[int, list[object]]
) -> None:
    port, callers = silent_port
    async with make_remote(ANY_PORT, resolver=Names(answers)) as remote:
        with pytest.raises(GiveUp) as caught:
            await remote.get_object(f"https://evil.test:{port}/")
        with pytest.raises(GiveUp):
            await remote.post(f"https://evil.test:{port}/", b"{}", {})
    assert str(caught.value) == f"evil.test:{port}: address not allowed"
    assert callers == []


@pytest.mark.parametrize(
    "answers",
    [["127.0.0.1", "0.0.0.0"], ["0.0.0.0", "127.0.0.1"], ["127.0.0.1", "::ffff:127.0.0.1"]],
)
async def test_h41_mixed_answers_are_refused_whole(
    answers: list[str], silent_port: tuple[int, list[object]]
) -> None:
    port, callers = silent_port  # by the development policy 127.0.0.1 alone would be dialled
    async with make_remote(resolver=Names(answers)) as remote:
        with pytest.raises(GiveUp, match="address not allowed"):
            await remote.get_object(f"http://evil.test:{port}/")
    assert callers == []


async def test_h41_localhost_by_the_real_resolver_is_not_dialled(
    silent_port: tuple[int, list[object]],
) -> None:
    port, callers = silent_port
    async with make_remote(ANY_PORT, resolver=None) as remote:
        with pytest.raises(GiveUp, match="address not allowed"):
            await remote.get_object(f"https://localhost:{port}/")
    assert callers == []


async def test_h41_rebinding_is_judged_at_each_dial(serve: Serve) -> None:
    base = (await serve(answer(headers={"Connection": "close"}))).replace("127.0.0.1", "evil.test")
    names = Names(["127.0.0.1"], ["0.0.0.0"])
    async with make_remote(resolver=names) as remote:
        assert (await remote.get_object(base)).document == ACTOR
        with pytest.raises(GiveUp, match="address not allowed"):
            await remote.get_object(base)
    assert names.asked == ["evil.test", "evil.test"]


async def test_h39_socket_factory_judges_what_the_resolver_never_saw(
    silent_port: tuple[int, list[object]],
) -> None:
    port, callers = silent_port
    async with make_remote(ANY_PORT) as remote:
        info = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
        with pytest.raises(AddressRefusedError):
            remote._open_socket(info)
        # A literal that slipped past check_url still meets the last wall.
        for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "①②⑦.0.0.1"):
            with pytest.raises(GiveUp, match="address not allowed"):
                async with remote._exchange("GET", URL(f"http://{host}:{port}/"), {}, None):
                    pass
    assert callers == []


async def test_unknown_name_is_tried_later(remote: Remote) -> None:
    with pytest.raises(TryLater) as caught:
        await remote.get_object("https://nowhere.test/")
    assert str(caught.value) == "nowhere.test: no connection"


async def test_name_without_address_is_tried_later() -> None:
    async with make_remote(resolver=Names([])) as remote:
        with pytest.raises(TryLater):
            await remote.get_object("https://nowhere.test/")


# Redirects, H42 L18


def redirecting(targets: Mapping[str, str], asked: list[str], status: int = 302) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        asked.append(request.raw_path)
        if request.raw_path in targets:
            return web.Response(status=status, headers={"Location": targets[request.raw_path]})
        return web.Response(body=BODY, content_type=ACTIVITY)

    return handler


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_h42_three_redirects_are_followed(remote: Remote, serve: Serve, status: int) -> None:
    asked: list[str] = []
    base = await serve(redirecting({"/0": "/1", "/1": "2", "/2": "/3?x=%2f"}, asked, status))
    assert (await remote.get_object(f"{base}/0")).uri == f"{base}/3?x=%2f"
    assert asked == ["/0", "/1", "/2", "/3?x=%2f"]


async def test_h42_fourth_redirect_is_given_up(remote: Remote, serve: Serve) -> None:
    asked: list[str] = []
    base = await serve(redirecting({f"/{n}": f"/{n + 1}" for n in range(9)}, asked))
    with pytest.raises(GiveUp, match="more than 3 redirects"):
        await remote.get_object(f"{base}/0")
    assert asked == ["/0", "/1", "/2", "/3"]


@pytest.mark.parametrize("location", ["/0", "", "#x", "0"])
async def test_l18_self_redirect_stops_at_once(remote: Remote, serve: Serve, location: str) -> None:
    asked: list[str] = []
    base = await serve(redirecting({"/0": location}, asked))
    with pytest.raises(GiveUp, match="in a circle"):
        await remote.get_object(f"{base}/0")
    assert asked == ["/0"]


async def test_h42_redirect_loop_stops_when_it_closes(remote: Remote, serve: Serve) -> None:
    asked: list[str] = []
    base = await serve(redirecting({"/0": "/1", "/1": "/0"}, asked))
    with pytest.raises(GiveUp, match="in a circle"):
        await remote.get_object(f"{base}/0")
    assert asked == ["/0", "/1"]


@pytest.mark.parametrize(
    "location",
    [
        "http://0.0.0.0/",
        "http://[::ffff:127.0.0.1]/",
        "http://0x7f.1/",
        "http://good@evil.test/",
        "file:///etc/passwd",
        "gopher://evil.test/",
        "ftp://evil.test/",
        "javascript:alert(1)",
        "http://evil.test:99999/",
        "http://evil.test/\xff",
    ],
)
async def test_h42_redirect_to_a_bad_target_is_given_up(
    remote: Remote, say: Say, location: str
) -> None:
    reply = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    base = await say(reply.encode("latin-1"))
    with pytest.raises(GiveUp, match="bad redirect"):
        await remote.get_object(base)
    with pytest.raises(GiveUp, match="bad redirect"):
        await remote.get_jrd(base)


async def test_h42_redirect_to_a_name_with_a_private_address_is_given_up(serve: Serve) -> None:
    asked: list[str] = []
    base = await serve(redirecting({"/0": "http://evil.test/"}, asked))
    async with make_remote(resolver=Names(["0.0.0.0"])) as remote:
        with pytest.raises(GiveUp, match=r"evil\.test: address not allowed"):
            await remote.get_object(f"{base}/0")


async def test_h42_redirect_to_nowhere_is_given_up(remote: Remote, say: Say) -> None:
    base = await say(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(GiveUp, match="redirects to nowhere"):
        await remote.get_object(base)


async def test_h42_redirect_to_our_own_host_is_given_up(serve: Serve) -> None:
    asked: list[str] = []
    ours = await serve(redirecting({}, asked))
    theirs = await serve(redirecting({"/0": f"{ours}/"}, []))
    async with make_remote(may_contact=lambda host: host != where(ours)) as remote:
        with pytest.raises(GiveUp, match="does not contact that host"):
            await remote.get_object(f"{theirs}/0")
        with pytest.raises(GiveUp, match="does not contact that host"):
            await remote.get_object(ours)
        with pytest.raises(GiveUp, match="does not contact that host"):
            await remote.post(ours, b"{}", {})
    assert asked == []


# Sizes and times, H44 H45


def bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1024 * 1024)
    packed = [packer.compress(block) for _ in range(megabytes)]
    return b"".join([*packed, packer.flush()])


async def test_h44_gzip_bomb_stops_at_the_limit(remote: Remote, serve: Serve) -> None:
    packed = bomb(200)
    assert len(packed) < 250_000
    base = await serve(answer(packed, headers={"Content-Encoding": "gzip"}))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(GiveUp) as caught:
        await remote.get_object(base)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert str(caught.value) == f"{where(base)}: answer is larger than 1048576 bytes"
    assert grown < 20 * 1024  # KiB


async def test_gzip_below_the_limit_is_read(remote: Remote, serve: Serve) -> None:
    base = await serve(answer(gzip.compress(BODY), headers={"Content-Encoding": "gzip"}))
    assert await remote.get_object(base) == Fetched(uri=base, document=ACTOR, body=BODY)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x"])
async def test_h44_broken_compression_is_an_error_of_ours(
    remote: Remote, serve: Serve, encoding: str
) -> None:
    base = await serve(answer(b"\x1f\x8bnonsense", headers={"Content-Encoding": encoding}))
    with pytest.raises((TryLater, Malformed)):
        await remote.get_object(base)


async def test_limit_is_exact(serve: Serve) -> None:
    base = await serve(answer())
    async with make_remote(limits=Limits(max_bytes=len(BODY))) as remote:
        assert (await remote.get_object(base)).body == BODY
    async with make_remote(limits=Limits(max_bytes=len(BODY) - 1)) as remote:
        with pytest.raises(GiveUp, match="larger than"):
            await remote.get_object(base)


async def test_h45_endless_chunked_stops_at_the_limit(remote: Remote, say: Say) -> None:
    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head("Transfer-Encoding: chunked"))
        while True:
            writer.write(b"4000\r\n" + bytes(0x4000) + b"\r\n")
            await writer.drain()

    base = await say(pour)
    with pytest.raises(GiveUp, match="larger than"):
        await remote.get_object(base)


async def test_h45_content_length_lie_is_tried_later(remote: Remote, say: Say) -> None:
    base = await say(head("Content-Length: 10000000000") + BODY)
    with pytest.raises(TryLater, match="broken answer"):
        await remote.get_object(base)


async def test_h45_short_content_length_gives_no_document(remote: Remote, say: Say) -> None:
    base = await say(head("Content-Length: 5") + BODY)
    with pytest.raises((TryLater, Malformed)):
        await remote.get_object(base)


async def drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def test_h45_l24_dripping_body_ends_at_the_deadline(hasty: Remote, say: Say) -> None:
    async def trickle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head("Content-Length: 1000"))
        await drip(writer)

    base = await say(trickle)
    started = asyncio.get_running_loop().time()
    with pytest.raises(TryLater) as caught:
        await hasty.get_object(base)
    assert str(caught.value) == f"{where(base)}: took longer than 0.3 s"
    assert asyncio.get_running_loop().time() - started < 2


async def test_h45_dripping_head_ends_at_the_deadline(hasty: Remote, say: Say) -> None:
    async def trickle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX:")
        await drip(writer)

    base = await say(trickle)
    with pytest.raises(TryLater, match="took longer"):
        await hasty.get_object(base)


async def test_h45_200_then_stall_ends_at_the_deadline(hasty: Remote, say: Say) -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head("Content-Length: 1000") + b"{")
        await reader.read()

    base = await say(stall)
    with pytest.raises(TryLater, match="took longer"):
        await hasty.get_object(base)


async def test_h45_silence_ends_at_the_deadline_of_the_call(remote: Remote, say: Say) -> None:
    async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    base = await say(silence)
    with pytest.raises(TryLater, match=r"took longer than 0\.2 s"):
        await remote.get_object(base, total_seconds=0.2)


async def test_h45_deadline_covers_all_hops_together(hasty: Remote, serve: Serve) -> None:
    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(0.15)
        return web.Response(status=302, headers={"Location": request.path + "x"})

    base = await serve(slow)
    with pytest.raises(TryLater, match="took longer"):
        await hasty.get_object(f"{base}/a")


async def test_h45_flood_of_100_continue_ends_at_the_deadline(hasty: Remote, say: Say) -> None:
    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
            await writer.drain()

    base = await say(flood)
    with pytest.raises(TryLater):
        await hasty.get_object(base)


@pytest.mark.parametrize(
    "fields",
    [["X: " + "a" * 65536], [f"X-{number}: a" for number in range(10_000)]],
    ids=["64 kB header", "10 000 headers"],
)
async def test_h45_large_head_is_tried_later(remote: Remote, say: Say, fields: list[str]) -> None:
    base = await say(head(*fields, f"Content-Length: {len(BODY)}") + BODY)
    with pytest.raises(TryLater, match="broken answer"):
        await remote.get_object(base)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\x00" * 100,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        head("Transfer-Encoding: chunked") + b"zz\r\n",
        head("Transfer-Encoding: chunked") + b"5\r\n{",
        head("Transfer-Encoding: chunked", "Content-Length: 3") + b"5\r\n{",
        head("Content-Length: -1"),
        head("Content-Length: 1", "Content-Length: 2"),
        head("Bad Header: x"),
        head("Content-Length: 3")[:-3],
    ],
)
async def test_h45_what_is_not_http_is_an_error_of_ours(
    remote: Remote, say: Say, reply: bytes
) -> None:
    base = await say(reply)
    with pytest.raises(FederationError):
        await remote.get_object(base)
    with pytest.raises(FederationError):
        await remote.get_jrd(base)


REPLIES = st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=200).map(b"HTTP/1.1 200 OK\r\n".__add__),
    st.tuples(st.integers(0, 999), st.sampled_from(["gzip", "deflate", "x"]), st.binary()).map(
        lambda it: head(f"Content-Encoding: {it[1]}", status=str(it[0])) + it[2]
    ),
    st.binary(max_size=50).map(lambda raw: head("Transfer-Encoding: chunked") + raw),
    st.binary(max_size=50).map(lambda raw: b"HTTP/1.1 302 Found\r\nLocation: " + raw + b"\r\n\r\n"),
)


@settings(max_examples=100, deadline=None)
@given(REPLIES)
def test_h45_any_bytes_end_as_an_error_of_ours(reply: bytes) -> None:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        writer.write_eof()
        await writer.drain()

    async def run() -> None:
        async with raw_server(speak) as base, make_remote() as remote:
            with pytest.raises((TryLater, GiveUp, Malformed)):
                await remote.get_object(base)
            with suppress(TryLater, GiveUp):
                await remote.post(base, b"{}", {})

    asyncio.run(run())


async def test_refused_connection_is_tried_later(remote: Remote) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(TryLater, match=f"127.0.0.1:{port}: no connection"):
            await remote.get_object(f"http://127.0.0.1:{port}/")
        with pytest.raises(TryLater, match="no connection"):
            await remote.post(f"http://127.0.0.1:{port}/", b"{}", {})


async def test_cancellation_passes_through(remote: Remote, say: Say) -> None:
    heard = asyncio.Event()

    async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.set()
        await reader.read()

    task = asyncio.create_task(remote.get_object(await say(silence)))
    await heard.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# Certificates, H46


class Authority:
    """A certificate authority for one test run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self.certificate = self.sign(self.name, self.key, days=30, ca=True)

    def sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: int, ca: bool = False
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        host = subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        names: list[x509.GeneralName] = [x509.DNSName(str(host).replace(" ", "-"))]
        if host == "127.0.0.1":
            names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(authority_key, critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def server(self, host: str, *, days: int = 30) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        pem = self.folder / f"{host}{days}.pem"
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + self.sign(subject, key, days=days).public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        return context

    def client(self) -> ssl.SSLContext:
        pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        return ssl.create_default_context(cadata=pem)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


async def get_over_tls(base: str, tls: ssl.SSLContext | None) -> dict[str, Any]:
    url = base.replace("127.0.0.1", "hub.test")
    async with make_remote(resolver=Names(["127.0.0.1"]), tls=tls) as remote:
        return (await remote.get_object(url)).document


async def test_h46_trusted_certificate_is_accepted(authority: Authority, serve: Serve) -> None:
    base = await serve(answer(), ssl=authority.server("hub.test"))
    assert base.startswith("https://")
    assert await get_over_tls(base, authority.client()) == ACTOR


@pytest.mark.parametrize("case", ["unknown authority", "expired", "wrong host", "not tls"])
async def test_h46_untrusted_connection_fails_closed(
    authority: Authority, serve: Serve, case: str
) -> None:
    asked: list[str] = []
    handler = redirecting({}, asked)
    if case == "not tls":
        base = (await serve(handler)).replace("http:", "https:")
    else:
        host = "other.test" if case == "wrong host" else "hub.test"
        days = -1 if case == "expired" else 30
        base = await serve(handler, ssl=authority.server(host, days=days))
    trusted = None if case == "unknown authority" else authority.client()
    with pytest.raises(TryLater, match="no trusted connection"):
        await get_over_tls(base, trusted)
    assert asked == []


@pytest.mark.parametrize("own", [True, False], ids=["own authority", "another authority"])
async def test_h46_ssl_cert_file_names_who_is_trusted(
    authority: Authority,
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    own: bool,
) -> None:
    issuer = authority if own else Authority(tmp_path)
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    base = await serve(answer(), ssl=issuer.server("hub.test"))
    if own:
        assert await get_over_tls(base, None) == ACTOR
    else:
        with pytest.raises(TryLater, match="no trusted connection"):
            await get_over_tls(base, None)


async def test_named_network_is_dialled_and_nothing_beside_it(
    authority: Authority, serve: Serve
) -> None:
    base = await serve(answer(), ssl=authority.server("hub.test"))
    url = base.replace("127.0.0.1", "hub.test")
    port = int(base.rpartition(":")[2])
    for networks, answers, reached in [
        (("127.0.0.0/8",), ["127.0.0.1"], True),
        (("10.0.0.0/8", "127.0.0.1/32"), ["127.0.0.1"], True),
        (("127.0.0.0/8",), ["127.0.0.1", "10.0.0.1"], False),
        (("10.0.0.0/8",), ["127.0.0.1"], False),
        ((), ["127.0.0.1"], False),
    ]:
        policy = DialPolicy(ports=frozenset({port}), networks=tuple(map(network, networks)))
        names = Names(answers)
        async with make_remote(policy, resolver=names, tls=authority.client()) as remote:
            if reached:
                assert (await remote.get_object(url)).document == ACTOR
            else:
                with pytest.raises(GiveUp, match="address not allowed"):
                    await remote.get_object(url)


# WebFinger, H38

JRD = json.dumps({"subject": "acct:a@hub.example", "links": []}).encode()


@pytest.mark.parametrize(
    "content_type", ["application/jrd+json", "application/json; charset=utf-8"]
)
async def test_get_jrd_returns_the_object_unsigned(serve: Serve, content_type: str) -> None:
    seen: list[tuple[str, str]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.raw_path, request.headers["Accept"]))
        assert "Signature" not in request.headers
        return web.Response(body=JRD, headers={"Content-Type": content_type})

    base = await serve(handler)
    path = "/.well-known/webfinger?resource=acct:a@hub.example"
    async with make_remote(signer=lambda _, send: send({"Signature": "x"})) as remote:
        assert await remote.get_jrd(base + path) == json.loads(JRD)
    assert seen == [(path, "application/jrd+json, application/json")]


@pytest.mark.parametrize("content_type", ["text/html", ACTIVITY, "text/plain"])
async def test_h38_other_type_is_given_up(remote: Remote, serve: Serve, content_type: str) -> None:
    base = await serve(answer(JRD, content_type))
    with pytest.raises(GiveUp, match="wrong content type"):
        await remote.get_jrd(base)


async def test_h38_large_jrd_stops_at_the_limit(remote: Remote, serve: Serve) -> None:
    base = await serve(answer(b" " * 5_000_000, "application/jrd+json"))
    with pytest.raises(GiveUp, match="larger than 65536 bytes"):
        await remote.get_jrd(base)


async def test_h38_redirect_to_another_host_is_given_up(remote: Remote, serve: Serve) -> None:
    asked: list[str] = []
    evil = await serve(redirecting({}, asked))
    base = await serve(redirecting({"/w": f"{evil}/w"}, []))
    with pytest.raises(GiveUp, match="redirects to another host"):
        await remote.get_jrd(f"{base}/w")
    assert asked == []


async def test_h38_redirect_on_the_same_host_is_followed(remote: Remote, serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == "/a":
            raise web.HTTPFound("/b")
        return web.Response(body=JRD, content_type="application/jrd+json")

    base = await serve(handler)
    assert await remote.get_jrd(f"{base}/a") == json.loads(JRD)


# POST


async def test_post_sends_body_and_headers_as_given(remote: Remote, serve: Serve) -> None:
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.method, await request.read(), dict(request.headers)))
        return web.Response(status=202)

    base = await serve(handler)
    sent = {"Content-Type": ACTIVITY, "Signature": "s", "Date": "now"}
    assert await remote.post(base, b'{"a":1}', sent) == Answer(
        status=202, retry_after=None, detail=""
    )
    assert seen == [
        (
            "POST",
            b'{"a":1}',
            {
                **sent,
                "Host": where(base),
                "User-Agent": "capx-test",
                "Accept-Encoding": "gzip",
                "Accept": "*/*",
                "Content-Length": "7",
            },
        )
    ]


@pytest.mark.parametrize("status", [200, 202, 400, 401, 404, 410, 429, 500, 503])
async def test_post_returns_any_status(remote: Remote, serve: Serve, status: int) -> None:
    base = await serve(answer(b"why", "text/plain", status=status))
    assert await remote.post(base, b"{}", {}) == Answer(
        status=status, retry_after=None, detail="why"
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_post_is_never_redirected(remote: Remote, serve: Serve, status: int) -> None:
    asked: list[str] = []
    base = await serve(redirecting({"/0": "/1"}, asked, status))
    assert (await remote.post(f"{base}/0", b"{}", {})).status == status
    assert asked == ["/0"]


async def test_post_detail_is_short_and_clean(remote: Remote, serve: Serve) -> None:
    body = "a\x00b\x1b[31m\r\n \u202ec\u200bd\tü ".encode() + b"\xff" + b"x" * 5000
    base = await serve(answer(body, "text/html", status=400))
    detail = (await remote.post(base, b"{}", {})).detail
    assert detail == "a b [31m c d ü \ufffd" + "x" * 184
    assert len(detail) == 200


async def test_h44_post_answered_with_a_bomb_reads_only_the_start(
    remote: Remote, serve: Serve
) -> None:
    base = await serve(answer(bomb(20), headers={"Content-Encoding": "gzip"}))
    assert await remote.post(base, b"{}", {}) == Answer(status=200, retry_after=None, detail="")


async def test_f15_status_counts_though_its_text_never_comes(remote: Remote, say: Say) -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head("Content-Length: 1000", status="202 Accepted") + b"thanks")
        await reader.read()

    base = await say(stall)
    assert await remote.post(base, b"", {}) == Answer(status=202, retry_after=None, detail="thanks")


async def test_f15_post_without_answer_is_tried_later(hasty: Remote, say: Say) -> None:
    async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    base = await say(silence)
    with pytest.raises(TryLater, match="took longer"):
        await hasty.post(base, b"{}", {})


async def test_post_cut_off_is_tried_later_and_not_sent_twice(remote: Remote, say: Say) -> None:
    heard: list[object] = []

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(writer)

    base = await say(hang_up)
    with pytest.raises(TryLater, match="broken answer"):
        await remote.post(base, b"{}", {})
    assert len(heard) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("Wed, 01 Jul 2026 12:02:00 GMT", 120.0),
        ("Wed, 01 Jul 2026 12:02:00", 120.0),
        ("Wed Jul  1 12:02:00 2026", 120.0),
        ("Wed, 01 Jul 2026 11:00:00 GMT", 0.0),
        ("Fri, 01 Jan 9999 00:00:00 GMT", 43200.0),
        ("99999999", 43200.0),
        ("9" * 5000, 43200.0),
        ("soon", None),
        ("", None),
        ("1.5", None),
        ("²", None),
        ("Wed, 99 Jul 2026 12:02:00 GMT", None),
    ],
)
def test_f13_retry_after(value: str, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


async def test_f13_retry_after_of_a_post_is_kept(remote: Remote, serve: Serve) -> None:
    headers = {"Retry-After": "Wed, 01 Jul 2026 12:02:00 GMT"}
    base = await serve(answer(b"", status=503, headers=headers))
    assert await remote.post(base, b"{}", {}) == Answer(status=503, retry_after=120.0, detail="")


@given(st.one_of(st.text(), st.text("0123456789 :,+-JulWedGMT", max_size=40)))
@example("Wed, 01 Jul 0000 00:00:00 GMT")
@example("Wed, 01 Jul 2026 12:00:00 +99999999999999")
@example("Wed, 01 Jan 0001 00:00:00 +2359")
def test_f13_any_retry_after_is_read_or_ignored(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= 43200


@given(st.text())
def test_l2_any_content_type_is_judged(value: str) -> None:
    assert is_activity_type(value) in {True, False}
    assert is_activity_type(f"text/html; x={value}") is False
