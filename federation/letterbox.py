"""Where accepted letters are kept: those that come while a commit is under way share the next one.

A commit costs a sync to disk, whatever it holds, so the letters of a busy moment go into one
transaction. Nobody waits for a clock: the first letter is written at once, and whatever came
meanwhile is written together after it. Each sender hears only when its letter is on disk.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalogue.errors import Unavailable
from catalogue.ports import Clock
from federation.admission import is_blocked
from federation.errors import Forbidden
from federation.guard import host_of
from federation.hints import Hint, note_hint
from federation.ports import Database, FederationStore
from federation.settings import Settings

TOGETHER = 256  # letters in one transaction at the most
HEARD_AGAIN = timedelta(minutes=1)  # how long a host that is well is not written down anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An activity to be kept under its id: who says it, who signed, what the sender hints at."""

    uri: str
    actor: str
    signer: str
    body: bytes
    hint: Hint | None = None


class Letterbox:
    """Keeps letters, many at a time."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._waiting: list[tuple[Kept, asyncio.Future[bool]]] = []
        self._emptying: asyncio.Task[None] | None = None

    async def keep(self, letter: Kept) -> bool:
        """Return when a letter is on disk; False for one that was here before.

        Raises Forbidden for one of somebody blocked.
        """
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((letter, kept))
        if self._emptying is None:
            self._emptying = asyncio.create_task(self._empty())
        return await kept

    async def _empty(self) -> None:
        try:
            while together := self._waiting[:TOGETHER]:
                del self._waiting[:TOGETHER]
                outcomes = await self._write([letter for letter, _ in together])
                for (_, kept), outcome in zip(together, outcomes, strict=True):
                    _tell(kept, outcome)
        finally:
            self._emptying = None

    async def _write(self, letters: Sequence[Kept]) -> "list[bool | Exception]":
        """Write letters together; should one of them make us stumble, each by itself."""
        try:
            return await self._database.write(self._keep_all, letters)
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait
            if len(letters) == 1 or isinstance(error, Unavailable):
                return [error] * len(letters)
        return [outcome for letter in letters for outcome in await self._write([letter])]

    def _keep_all(
        self, store: FederationStore, letters: Sequence[Kept]
    ) -> "list[bool | Exception]":
        """Keep letters; return for each whether it is new, or why its sender is turned away."""
        now = self._clock.now()
        parties = {each for letter in letters for each in (letter.signer, letter.actor)}
        blocked = {each for each in parties if is_blocked(store, each)}
        welcome = [each for each in letters if blocked.isdisjoint((each.signer, each.actor))]
        self._hear(store, welcome, now)
        fresh = store.inbox.remember_all([(e.uri, e.actor, e.body) for e in welcome], at=now)
        return [
            _once(fresh, letter.uri)
            if blocked.isdisjoint((letter.signer, letter.actor))
            else Forbidden("this node does not take anything from you")
            for letter in letters
        ]

    def _hear(self, store: FederationStore, letters: Sequence[Kept], now: datetime) -> None:
        """Note that those who signed are alive, and what they hint at."""
        hosts = {host_of(letter.signer) for letter in letters}
        store.hosts.heard_all(hosts, now, but_since=now - HEARD_AGAIN)
        due, rest = now + self._settings.compare_delay, self._settings.compare_rest
        for letter in letters:
            if letter.hint is not None:
                note_hint(store, host_of(letter.signer), letter.hint, due=due, rest=rest)


def _tell(kept: "asyncio.Future[bool]", outcome: bool | Exception) -> None:
    if kept.done():  # whoever sent it has gone
        return
    if isinstance(outcome, Exception):
        kept.set_exception(outcome)
    else:
        kept.set_result(outcome)


def _once(fresh: set[str], uri: str) -> bool:
    """Say whether an id is among the new ones, the first time it is asked for."""
    if uri in fresh:
        fresh.remove(uri)
        return True
    return False
