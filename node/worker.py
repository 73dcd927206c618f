"""What a node does by itself: tells, works through its inbox, delivers, reads catalogues, tidies.

Each of these is a station with a loop of its own, so that none waits for another: work until there
is nothing, then wait for a commit (of this process or another) or until something falls due. Every
station takes its work from the database, so a process that dies goes on where it was.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from catalogue.ports import Clock
from node.storage.database import Database
from node.storage.store import NodeStore

log = logging.getLogger(__name__)

WATCH_SECONDS = 0.25  # how soon a change made by another process is seen
LOOK_SECONDS = 0.02  # between two looks that find nothing, however often something is committed
REST_SECONDS = 1.0  # after a mishap, and where what is due is under way already

NextDue = Callable[[NodeStore], datetime | None]


class Station:
    """One loop: ``work`` returns how much it did, ``next_due`` when there is more to do."""

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[int]],
        next_due: NextDue,
        database: Database[NodeStore],
        clock: Clock,
    ) -> None:
        self.name = name
        self._work = work
        self._next_due = next_due
        self._database = database
        self._clock = clock
        self._called = asyncio.Event()

    def call(self) -> None:
        """Say that there may be something to do."""
        self._called.set()

    async def run(self) -> None:
        """Work for ever."""
        loop = asyncio.get_running_loop()
        while True:
            self._called.clear()
            looked = loop.time()
            try:
                did = await self._work()
                rest = None if did else await self._rest()
            except Exception:
                log.exception("a station stumbled", extra={"station": self.name})
                did, rest = 0, REST_SECONDS
            if not did:
                await self._wait(rest)
                await asyncio.sleep(looked + LOOK_SECONDS - loop.time())

    async def _rest(self) -> float | None:
        """Return how many seconds until something falls due, None for nothing in sight."""
        due = await self._database.read(self._next_due)
        if due is None:
            return None
        ahead = (due - self._clock.now()).total_seconds()
        return ahead if ahead > 0 else REST_SECONDS

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._called.wait()
        except TimeoutError:
            return


class Worker:
    """All stations of a node."""

    def __init__(self, database: Database[NodeStore]) -> None:
        self._database = database
        self._stations: list[Station] = []
        self._on_call: list[Station] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._forget: Callable[[], None] = lambda: None

    def add(self, station: Station, *, by_call: bool = True) -> None:
        """Add a station, before the start; one not ``by_call`` goes by the clock alone."""
        self._stations.append(station)
        if by_call:
            self._on_call.append(station)

    def call(self) -> None:
        """Wake every station that looks at what was committed."""
        for station in self._on_call:
            station.call()

    def start(self) -> None:
        """Start every station, and the watch for commits."""
        loop = asyncio.get_running_loop()
        self._forget = self._database.when_committed(partial(loop.call_soon_threadsafe, self.call))
        self._tasks = [
            asyncio.create_task(station.run(), name=station.name) for station in self._stations
        ]
        self._tasks.append(asyncio.create_task(self._watch(), name="watch"))

    async def stop(self) -> None:
        """End every station; work that was begun in the database is finished there."""
        self._forget()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def is_alive(self) -> bool:
        """Say whether every station runs."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    async def _watch(self) -> None:
        """See what other processes have committed: the command line writes to the same database."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if self._database.has_changed():
                self.call()


def every(clock: Clock, interval: timedelta) -> NextDue:
    """Return a ``next_due`` for work that is done at intervals."""
    return lambda _: clock.now() + interval
