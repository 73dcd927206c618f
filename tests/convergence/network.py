"""The wire between simulated nodes: it cuts, loses, swallows, repeats, holds back and reorders.

A node's own way out and its own routes stand at both ends; only the socket between is not there.
"""

import asyncio
import re
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy, MultiDict, MultiDictProxy
from yarl import URL

from federation.errors import TryLater
from federation.remote import Remote
from federation.routes import Route


class Fault(StrEnum):
    """What may befall one request."""

    LOST = "lost"  # it never arrives
    UNANSWERED = "unanswered"  # it arrives, its answer does not
    SWALLOWED = "swallowed"  # 202 is answered, and it never arrives
    REPEATED = "repeated"  # it arrives twice
    HELD = "held"  # it arrives much later, after its sender has given up waiting


@dataclass(frozen=True, slots=True)
class Parcel:
    """One request under way."""

    method: str
    url: URL
    headers: Mapping[str, str]
    body: bytes | None
    source: str

    @property
    def target(self) -> str:
        return self.url.raw_authority


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, as a node's way out reads it."""

    status: int
    headers: CIMultiDict[str]
    body: bytes = b""

    @property
    def content(self) -> "Reply":
        return self

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        for start in range(0, len(self.body), size):
            yield self.body[start : start + size]

    def release(self) -> None:
        """Nothing is held."""


class Station(Protocol):
    """What the network knows of a node."""

    async def serve(self, parcel: Parcel) -> Reply: ...

    @property
    def is_up(self) -> bool: ...


@dataclass
class Network:
    """All links between nodes."""

    stations: dict[str, Station] = field(default_factory=dict)
    cuts: set[frozenset[str]] = field(default_factory=set)
    faults: dict[tuple[str, str], deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    held: list[Parcel] = field(default_factory=list)
    carried: int = 0

    async def exchange(self, parcel: Parcel) -> Reply:
        """Carry a request and its answer, or raise TryLater as a way out does."""
        await asyncio.sleep(0)
        self._check(parcel)
        waiting = self.faults[parcel.source, parcel.target]
        fault = waiting.popleft() if waiting else None
        is_letter = parcel.method == "POST"
        if fault is Fault.LOST:
            raise TryLater("lost on the way")
        if fault is Fault.SWALLOWED and is_letter:
            return Reply(202, CIMultiDict())
        if fault is Fault.HELD and is_letter:
            self.held.append(parcel)
            raise TryLater("no answer in time")
        if fault is Fault.REPEATED and is_letter:
            await self._serve(parcel)
        reply = await self._serve(parcel)
        if fault is Fault.UNANSWERED:
            raise TryLater("the answer was lost")
        self._check(parcel)
        return reply

    async def release(self, index: int) -> None:
        """Let one held letter arrive; nobody waits for its answer any more."""
        parcel = self.held.pop(index)
        try:
            self._check(parcel)
            await self._serve(parcel)
        except TryLater:
            return

    def heal(self) -> None:
        """Mend every link."""
        self.cuts.clear()
        self.faults.clear()

    def _check(self, parcel: Parcel) -> None:
        if frozenset((parcel.source, parcel.target)) in self.cuts:
            raise TryLater("no way")
        station = self.stations.get(parcel.target)
        if station is None or not station.is_up:
            raise TryLater("no connection")

    async def _serve(self, parcel: Parcel) -> Reply:
        self.carried += 1
        return await self.stations[parcel.target].serve(parcel)


class Way(Remote):
    """A node's way out, all of it but the socket."""

    def __init__(self, network: Network, source: str, **given: Any) -> None:
        super().__init__(**given)
        self._network = network
        self._source = source

    @asynccontextmanager
    async def _exchange(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None
    ) -> AsyncIterator[Any]:
        yield await self._network.exchange(Parcel(method, url, dict(headers), body, self._source))


class Request(dict[str, Any]):
    """A request as the routes of a node read it; as a mapping it holds what middlewares noted."""

    def __init__(self, parcel: Parcel, parts: Mapping[str, str]) -> None:
        super().__init__()
        self.method = parcel.method
        self.path = parcel.url.path
        self.raw_path = parcel.url.raw_path_qs
        self.query_string = parcel.url.raw_query_string
        self.query = MultiDictProxy(MultiDict(parcel.url.query))
        self.match_info = dict(parts)
        self.remote = "192.0.2.1"
        self.content_length = len(parcel.body) if parcel.body is not None else None
        self.headers = CIMultiDictProxy(CIMultiDict({"Host": parcel.target, **parcel.headers}))
        self._body = parcel.body or b""

    async def read(self) -> bytes:
        return self._body


Handler = Callable[[Any], Awaitable[web.StreamResponse]]


class Doors:
    """A node's table of routes, asked by path."""

    def __init__(self, routes: list[Route]) -> None:
        self._routes = [
            (route.method, re.compile(_pattern(str(route.path))), route.handler) for route in routes
        ]

    async def answer(self, parcel: Parcel) -> Reply:
        for method, pattern, handler in self._routes:
            parts = pattern.fullmatch(parcel.url.path)
            if method == parcel.method and parts:
                return await self._answer(handler, Request(parcel, parts.groupdict()))
        return Reply(404, CIMultiDict())

    async def _answer(self, handler: Handler, request: Request) -> Reply:
        try:
            response = await handler(request)
        except web.HTTPException as error:
            return Reply(error.status, CIMultiDict())
        assert isinstance(response, web.Response)
        assert response.status < 500 or response.status == 503, response.status
        body = response.body if isinstance(response.body, bytes) else b""
        return Reply(response.status, CIMultiDict(response.headers), body)


def _pattern(path: str) -> str:
    parts = re.split(r"\{(\w+)\}", path)
    return "".join(
        f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts)
    )
