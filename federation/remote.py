"""The only room that dials strangers: fetches their documents and hands them ours.

A GET goes through all these steps; a POST comes signed and goes through 1, 3 and 6.

1. URL: one strict spelling, allowed scheme and port, a host we may contact
   (:mod:`federation.guard`; H30, H43).
2. Signature: each hop is signed afresh by the signer given to us (authorized fetch).
3. Dial: the resolver refuses a name with any address we may not dial, and the socket factory
   judges the address that is really dialled, IP literals included (H39, H41). TLS is always
   verified (H46).
4. Redirects: followed by hand, at most three, each one through steps 1 to 3 again (H42, L18).
5. Answer: status, then media type (FEP-fe34; L2), then a body counted after decompression (H44),
   then strict JSON (:mod:`federation.strictjson`).
6. Time: one deadline over all of it (H45, L24).

Whatever the other side does ends as TryLater, GiveUp or Malformed, and names the host.
"""

import asyncio
import socket
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import lru_cache
from ssl import SSLContext, create_default_context
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from federation.errors import GiveUp, Malformed, TryLater
from federation.guard import DialPolicy, check_url, follow
from federation.strictjson import MAX_NODES, parse_object

Send = Callable[[Mapping[str, str]], Awaitable["Step"]]
Signer = Callable[[str, Send], Awaitable["Step"]]
"""Asks for a URL, given as it will be sent: calls ``send`` with the headers of a signature, again
with others while it is refused, and returns what came (:mod:`federation.knocking`)."""

ACTIVITYSTREAMS: Final = "https://www.w3.org/ns/activitystreams"
OBJECT_ACCEPT: Final = (
    f'application/ld+json; profile="{ACTIVITYSTREAMS}", application/activity+json'
)
JRD_ACCEPT: Final = "application/jrd+json, application/json"
MAX_RETRY_AFTER: Final = 12 * 60 * 60.0

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SIGNATURE_REFUSALS: Final = frozenset({400, 401})
_WORTH_RETRYING: Final = frozenset({408, 425, 429})
_CHUNK: Final = 16 * 1024
_DETAIL_CHARACTERS: Final = 200
_DETAIL_BYTES: Final = 4 * _DETAIL_CHARACTERS


class Vanished(GiveUp):
    """The owner's server says 410: it was there and has been deleted."""

    code = "vanished"


class Missing(GiveUp):
    """The owner's server says 404: there is no such thing, or it is not for us."""


class AddressRefusedError(OSError):
    """An address was about to be dialled that may not be; callers of this room see GiveUp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a stranger's time and data we bear. Sizes are counted after decompression."""

    max_bytes: int = 1024 * 1024
    jrd_bytes: int = 64 * 1024
    connect_seconds: float = 5.0
    total_seconds: float = 10.0
    detail_seconds: float = 2.0
    max_redirects: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A document, its bytes as they came, and the URL that gave it after all redirects."""

    uri: str
    document: dict[str, Any]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one request of a fetch came to: a document, another address, or a refusal."""

    status: int
    body: bytes | None = None
    leads_to: URL | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said to a POST. ``detail`` is the start of its text, made safe to log."""

    status: int
    retry_after: float | None
    detail: str


class Remote:
    """The world outside, as an async context manager that owns one connection pool.

    ``may_contact`` is asked about ``host[:port]`` before each hop, so that the node's own host, its
    blocks and its allowlist hold for redirects too (H42, L31).
    """

    def __init__(
        self,
        *,
        user_agent: str,
        policy: DialPolicy,
        signer: Signer | None = None,
        limits: Limits | None = None,
        per_host: int = 4,
        resolver: AbstractResolver | None = None,
        tls: SSLContext | None = None,
        may_contact: Callable[[str], bool] | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._user_agent = user_agent
        self._policy = policy
        self._signer = signer
        self._limits = limits or Limits()
        self._per_host = per_host
        self._resolver = resolver
        self._tls = tls
        self._may_contact = may_contact
        self._now = now or _utc_now
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        resolver = self._resolver or aiohttp.ThreadedResolver()
        connector = aiohttp.TCPConnector(
            limit=0,  # hosts that hang must not use up the connections of all others
            limit_per_host=self._per_host,
            keepalive_timeout=30,
            resolver=_JudgedNames(resolver, self._policy),
            use_dns_cache=False,  # H41: each dial is judged by an answer of its own
            socket_factory=self._open_socket,
            ssl=self._tls or _trusted_authorities(),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "gzip"},
            timeout=aiohttp.ClientTimeout(sock_connect=self._limits.connect_seconds),
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get_object(
        self,
        uri: str,
        *,
        total_seconds: float | None = None,
        max_nodes: int = MAX_NODES,
        max_bytes: int | None = None,
    ) -> Fetched:
        """Fetch an ActivityStreams document, signed. The caller compares its id with ``uri``.

        Raises Vanished for 410, GiveUp, TryLater or Malformed.
        """
        errand = _Errand(
            accept=OBJECT_ACCEPT,
            fits=is_activity_type,
            max_bytes=max_bytes or self._limits.max_bytes,
            signed=True,
            may_change_host=True,
        )
        return await self._get(uri, errand, total_seconds, max_nodes)

    async def get_jrd(self, url: str) -> dict[str, Any]:
        """Fetch a WebFinger answer, unsigned, from the host asked and no other (RFC 7033; H38)."""
        errand = _Errand(
            accept=JRD_ACCEPT,
            fits=_is_jrd_type,
            max_bytes=self._limits.jrd_bytes,
            signed=False,
            may_change_host=False,
        )
        fetched = await self._get(url, errand, None, MAX_NODES)
        return fetched.document

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one activity and return whatever the server says; never follows a redirect.

        Raises GiveUp if the URL must not be dialled, TryLater if no answer came.
        """
        target = self._permitted(check_url(url, self._policy))
        async with (
            _deadline(target, self._limits.total_seconds),
            self._exchange("POST", target, headers, body) as response,
        ):
            return Answer(
                status=response.status,
                retry_after=self._retry_after(response),
                detail=await self._detail(response),
            )

    async def _get(
        self, uri: str, errand: "_Errand", total_seconds: float | None, max_nodes: int
    ) -> Fetched:
        start = self._permitted(check_url(uri, self._policy))
        async with _deadline(start, total_seconds or self._limits.total_seconds):
            url, body = await self._walk(start, errand)
        try:
            document = parse_object(body, max_nodes=max_nodes)
        except Malformed as error:
            raise Malformed(f"{url.raw_authority}: {error}") from error
        return Fetched(uri=str(url), document=document, body=body)

    async def _walk(self, start: URL, errand: "_Errand") -> tuple[URL, bytes]:
        """Go from redirect to redirect until a document comes; return where and its bytes."""
        url = start
        seen: set[URL] = set()
        while len(seen) <= self._limits.max_redirects:
            if url in seen:  # L18
                raise GiveUp(f"{url.raw_authority}: redirects in a circle")
            seen.add(url)
            step = await self._ask(url, errand)
            if step.body is not None:
                return url, step.body
            if step.leads_to is None:
                raise GiveUp(f"{url.raw_authority}: answered {step.status}")
            url = step.leads_to
        # H42
        raise GiveUp(f"{start.raw_authority}: more than {self._limits.max_redirects} redirects")

    async def _ask(self, url: URL, errand: "_Errand") -> Step:
        """Send one request, or more of them while its signature is refused."""

        async def send(signed: Mapping[str, str]) -> Step:
            headers = {"Accept": errand.accept, **signed}
            async with self._exchange("GET", url, headers, None) as response:
                if response.status in _SIGNATURE_REFUSALS:
                    return Step(status=response.status)
                if response.status in _REDIRECTS:
                    leads_to = self._next(url, response, errand)
                    return Step(status=response.status, leads_to=leads_to)
                body = await self._document(response, url, errand)
                return Step(status=response.status, body=body)

        if errand.signed and self._signer is not None:
            return await self._signer(str(url), send)
        return await send({})

    def _next(self, url: URL, response: aiohttp.ClientResponse, errand: "_Errand") -> URL:
        location = response.headers.get("Location")
        if location is None:
            raise GiveUp(f"{url.raw_authority}: redirects to nowhere")
        try:
            target = follow(url, location, self._policy)
        except GiveUp as error:
            raise GiveUp(f"{url.raw_authority}: bad redirect: {error}") from error
        if not errand.may_change_host and target.raw_authority != url.raw_authority:  # H38
            raise GiveUp(f"{url.raw_authority}: redirects to another host")
        return self._permitted(target)

    async def _document(
        self, response: aiohttp.ClientResponse, url: URL, errand: "_Errand"
    ) -> bytes:
        self._check_status(response, url)
        types = response.headers.getall("Content-Type", [])
        if len(types) != 1 or not errand.fits(types[0]):  # L2, H29, H47
            raise GiveUp(f"{url.raw_authority}: wrong content type")
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > errand.max_bytes:  # H44
                raise GiveUp(f"{url.raw_authority}: answer is larger than {errand.max_bytes} bytes")
        return bytes(body)

    def _check_status(self, response: aiohttp.ClientResponse, url: URL) -> None:
        status = response.status
        if 200 <= status < 300:
            return
        if status == 404:
            raise Missing(f"{url.raw_authority}: not found")
        if status == 410:
            raise Vanished(f"{url.raw_authority}: gone")
        message = f"{url.raw_authority}: answered {status}"
        if status >= 500 or status in _WORTH_RETRYING:
            raise TryLater(message, retry_after=self._retry_after(response))
        raise GiveUp(message)

    async def _detail(self, response: aiohttp.ClientResponse) -> str:
        """Read the start of the answer's text; the status counts even if the text never comes."""
        start = bytearray()
        with suppress(aiohttp.ClientError, OSError):
            async with asyncio.timeout(self._limits.detail_seconds):
                async for chunk in response.content.iter_chunked(_DETAIL_BYTES):
                    start += chunk
                    if len(start) >= _DETAIL_BYTES:
                        break
        return _printable(start.decode("utf-8", errors="replace"))[:_DETAIL_CHARACTERS]

    def _retry_after(self, response: aiohttp.ClientResponse) -> float | None:
        value = response.headers.get("Retry-After")
        return None if value is None else parse_retry_after(value, self._now())

    def _permitted(self, url: URL) -> URL:
        if self._may_contact is not None and not self._may_contact(url.raw_authority):
            raise GiveUp(f"{url.raw_authority}: this node does not contact that host")
        return url

    @asynccontextmanager
    async def _exchange(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send one request; what the network does wrong, also while reading, becomes our errors."""
        if self._session is None:
            raise RuntimeError("Remote is used outside its context")
        try:
            response = await self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False
            )
            try:
                yield response
            finally:
                response.release()  # an answer not read to its end closes the connection
        except aiohttp.ClientSSLError as error:  # H46: a certificate may be renewed
            raise TryLater(f"{url.raw_authority}: no trusted connection") from error
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, AddressRefusedError):
                raise GiveUp(f"{url.raw_authority}: address not allowed") from error
            raise TryLater(f"{url.raw_authority}: no connection") from error
        except (aiohttp.ClientError, OSError) as error:
            raise TryLater(f"{url.raw_authority}: broken answer") from error

    def _open_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """Judge the address at the last moment: literals never meet the resolver (H39, H40)."""
        family, kind, protocol, _, address = info
        if not self._policy.may_dial(address[0], address[1]):
            raise AddressRefusedError(f"address not allowed: {address[0]}")
        return socket.socket(family, kind, protocol)


@lru_cache(maxsize=256)  # few forms are in use, and reading one costs as much as a signature
def is_activity_type(content_type: str) -> bool:
    """Say whether a Content-Type is one of the two of ActivityStreams (AP 3.2; L2, H29)."""
    header = _media_type(content_type)
    if header.get_content_type() == "application/activity+json":
        return True
    profile = header.get_param("profile")
    return (
        header.get_content_type() == "application/ld+json"
        and isinstance(profile, str)
        and ACTIVITYSTREAMS in profile.split()
    )


def parse_retry_after(value: str, now: datetime) -> float | None:
    """Return the seconds a Retry-After asks for, from 0 to 12 h, or None (RFC 9110 10.2.3; F13)."""
    value = value.strip()
    if value.removeprefix("-").isascii() and value.removeprefix("-").isdigit():
        seconds = float(value)
    else:
        try:
            date = parsedate_to_datetime(value)
            # A date without a zone comes back naive: HTTP knows only GMT.
            zoned = date if date.tzinfo else date.replace(tzinfo=UTC)
            seconds = (zoned - now).total_seconds()
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    """What one kind of GET asks for and puts up with."""

    accept: str
    fits: Callable[[str], bool]
    max_bytes: int
    signed: bool
    may_change_host: bool


class _JudgedNames(AbstractResolver):
    """A resolver that refuses a name whole if any of its addresses may not be dialled (H41)."""

    def __init__(self, inner: AbstractResolver, policy: DialPolicy) -> None:
        self._inner = inner
        self._policy = policy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        answers = await self._inner.resolve(host, port, family)
        for answer in answers:
            if not self._policy.may_dial(answer["host"], answer["port"]):
                raise AddressRefusedError(f"{host} resolves to an address not allowed")
        if not answers:
            raise OSError(f"{host} has no address")
        return answers

    async def close(self) -> None:
        await self._inner.close()


@asynccontextmanager
async def _deadline(url: URL, seconds: float) -> AsyncIterator[None]:
    """Bound everything inside, however slowly the bytes drip (H45, L24)."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise TryLater(f"{url.raw_authority}: took longer than {seconds:g} s") from error


def _is_jrd_type(content_type: str) -> bool:
    kind = _media_type(content_type).get_content_type()
    return kind in {"application/jrd+json", "application/json"}


def _media_type(content_type: str) -> Message:
    """Read a media type; one that is not of ASCII (RFC 9110 8.3.1) reads as none."""
    header = Message()
    header["Content-Type"] = content_type if content_type.isascii() else ""
    return header


def _printable(text: str) -> str:
    """Turn controls, line ends and invisible marks into single blanks."""
    visible = (" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    return " ".join("".join(visible).split())


def _trusted_authorities() -> SSLContext:
    """Return a context that checks certificates against the system's authorities (H46).

    Made when the node starts and not when a library is imported, so OpenSSL's ``SSL_CERT_FILE``
    holds: an operator behind an authority of their own names it there.
    """
    context = create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _utc_now() -> datetime:
    return datetime.now(UTC)
