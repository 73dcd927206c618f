"""Running nodes in an event loop: start one, wait to be told to end.

aiohttp waits for the head of a request for as long as its connection may be idle, and takes any
number of connections. Here a head has its own time (H75), and connections are counted.
"""

import asyncio
import gc
import signal
import sys
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from node.app import PROXIES, make_app
from node.clients import Proxies
from node.config import Config

SHUTDOWN_SECONDS = 10.0
BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 30\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)
TURN_SECONDS = 0.0005
GARBAGE = 20_000  # containers made since the last look for circles of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long connections may take, and how many there may be."""

    head_seconds: float = 10.0  # for the whole head of a request, from its first byte
    idle_seconds: float = 75.0  # between two requests; longer than proxies keep theirs
    connections: int = 800  # at one time; a process may usually have 1024 files open
    connections_of_one: int = 100  # from one address or /64 that is no trusted proxy


class Runner(web.AppRunner):
    """What runs a node's application, behind a door that counts and looks at the clock."""

    def __init__(self, app: web.Application, patience: Patience, **how: Any) -> None:
        super().__init__(app, **how)
        self._patience = patience
        self._proxies = app.get(PROXIES) or Proxies(())

    async def _make_server(self) -> web.Server:
        return _Door(await super()._make_server(), self._patience, self._proxies)


class _Door(web.Server):
    """Gives each connection its handler, and knows how many there are."""

    def __init__(self, made: web.Server, patience: Patience, proxies: Proxies) -> None:
        how: dict[str, Any] = made._kwargs  # noqa: SLF001 - the options each handler is made with
        super().__init__(made.request_handler, request_factory=made.request_factory, **how)
        self._proxies = proxies
        self._open: Counter[str] = Counter()
        self.patience = patience

    def __call__(self) -> RequestHandler:
        return _Handler(self, loop=self._loop, **self._kwargs)

    def enter(self, address: str) -> bool:
        """Count a new connection; return False for one too many."""
        if self.number >= self.patience.connections:
            return False
        name = self._name(address)
        is_many = self._open[name] >= self.patience.connections_of_one
        if is_many and not self._proxies.trusts(address):
            return False
        self._open[name] += 1
        return True

    def leave(self, address: str) -> None:
        """Count a connection off."""
        name = self._name(address)
        self._open[name] -= 1
        if not self._open[name]:
            del self._open[name]

    @property
    def number(self) -> int:
        """How many connections there are."""
        return self._open.total()

    def _name(self, address: str) -> str:
        return self._proxies.client(address, []) or address


class _Handler(RequestHandler):
    """One connection. The head of a request is given its time from the first byte on."""

    __slots__ = ("_address", "_door", "_head_due", "_is_inside")

    def __init__(self, door: _Door, **how: Any) -> None:
        super().__init__(door, **how)
        self._door = door
        self._address = ""
        self._is_inside = False
        self._head_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        self._address = peer[0] if isinstance(peer, tuple) else ""
        self._is_inside = self._door.enter(self._address)
        if self._is_inside:
            super().connection_made(transport)
            self._await_head()
        elif isinstance(transport, asyncio.WriteTransport):
            transport.write(BUSY)
            transport.close()

    def data_received(self, data: bytes) -> None:
        if not self._is_inside:
            return
        super().data_received(data)
        if self._messages or self._current_request is not None:  # a head is here, or its body
            self._stop_waiting()
        elif self._head_due is None:
            self._await_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_waiting()
        if self._is_inside:
            self._is_inside = False
            self._door.leave(self._address)
            super().connection_lost(exc)

    def _await_head(self) -> None:
        seconds = self._door.patience.head_seconds
        self._head_due = self._loop.call_later(seconds, self._end_waiting)

    def _stop_waiting(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _end_waiting(self) -> None:
        self._head_due = None
        if not self._messages and self._current_request is None:
            self.force_close()


def runner_of(app: web.Application, patience: Patience | None = None) -> web.AppRunner:
    """Return what runs a node's application.

    Bodies are not unpacked: a few bytes could become gigabytes, and no server of the fediverse
    sends them packed.
    """
    patience = patience or Patience()
    return Runner(
        app,
        patience,
        access_log=None,
        auto_decompress=False,
        shutdown_timeout=SHUTDOWN_SECONDS,
        keepalive_timeout=patience.idle_seconds,
    )


async def start(config: Config) -> web.AppRunner:
    """Start one node in this event loop; its ``cleanup`` ends it."""
    runner = runner_of(make_app(config))
    try:
        await runner.setup()
        await web.TCPSite(runner, config.host, config.port).start()
        gc.freeze()  # what a node is made of stays: there is no use in looking through it
    except BaseException:
        await runner.cleanup()
        raise
    return runner


async def told_to_end() -> None:
    """Wait for SIGTERM or Ctrl-C."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, told.set)
    await told.wait()


def run_async(work: Coroutine[Any, Any, None]) -> None:
    """Run ``work`` on the faster event loop where it is installed.

    Threads take turns ten times as often as Python has it, so that a letter at the door does not
    wait long for matching or mapping in a reader's thread. And Python looks for circular garbage
    less often: a document read from JSON is many objects at once, and none of them are circular.
    """
    sys.setswitchinterval(TURN_SECONDS)
    gc.set_threshold(GARBAGE, 20, 20)
    try:
        import uvloop  # noqa: PLC0415 - an optional extra
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)
