"""Sends ready-made requests over kept-alive connections as fast as the answers come back."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile

import uvloop

from tests.bench.child import median_of

TIMEOUT = 60.0


@dataclass(slots=True)
class Load:
    """What came of it."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    def expect(self, status: int) -> "Load":
        """Return itself; raise when anything but ``status`` was answered."""
        if set(self.statuses) != {status}:
            raise RuntimeError(f"the server answered {dict(self.statuses)}")
        return self

    @property
    def count(self) -> int:
        """How many answers there were."""
        return sum(self.statuses.values())

    @property
    def rate(self) -> float:
        """Answers for each second."""
        return self.count / self.seconds

    @property
    def p99(self) -> float:
        """How long the slowest of a hundred took, in milliseconds."""
        return median_of(self.latencies, 0.99) * 1000


class _Line(asyncio.Protocol):
    """One connection, one request on it at a time."""

    def __init__(self, requests: Iterator[bytes], load: Load) -> None:
        self._requests = requests
        self._load = load
        self._got = b""
        self._sent_at = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, separator, rest = self._got.partition(b"\r\n\r\n")
        if not separator or len(rest) < _length(head):
            return
        self._load.latencies.append(time.perf_counter() - self._sent_at)
        self._load.statuses[int(head[9:12])] += 1
        self._got = b""
        self._next()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(RuntimeError("the server closed a connection"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.ended.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0


def send(port: int, requests: Iterable[bytes], connections: int, seconds: float) -> Load:
    """Send requests until they end or some seconds have passed, over some connections."""
    end = time.perf_counter() + seconds
    return uvloop.run(
        _send(port, takewhile(lambda _: time.perf_counter() < end, requests), connections)
    )


async def _send(port: int, requests: Iterator[bytes], connections: int) -> Load:
    loop, load = asyncio.get_running_loop(), Load()
    began = time.perf_counter()
    async with asyncio.timeout(TIMEOUT):
        lines = [
            (await loop.create_connection(lambda: _Line(requests, load), "127.0.0.1", port))[1]
            for _ in range(connections)
        ]
        await asyncio.gather(*(line.ended for line in lines))
    load.seconds = time.perf_counter() - began
    return load
