"""From the inbox to its effect: which verb, what it needs, one transaction.

Each activity is worked on in three steps: a read that says what must be known first, fetches with
no transaction open, and one write that has the whole effect and marks the activity as done, so a
crash at any point leaves either all of it or none. An actor's activities have their effects in the
order they came; one that waits for another server holds up only its own actor.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalogue.ports import Clock
from federation.admission import is_blocked
from federation.errors import GiveUp, Refused, TryLater
from federation.inbox import describe
from federation.incoming import (
    accept,
    announce,
    block,
    create,
    delete,
    flag,
    follow,
    move,
    quote_request,
    reject,
    undo,
    update,
)
from federation.incoming.listing import unknown_author
from federation.incoming.said import Said
from federation.lanes import Lanes
from federation.mapping.values import Document
from federation.model import Received
from federation.ports import Database, FederationStore
from federation.resolver import Resolver
from federation.settings import Settings
from federation.strictjson import parse_object

log = logging.getLogger(__name__)

BATCH = 16  # few enough that who writes beside it, the door above all, waits little
MAX_WAITING = 64  # actors whose activities may wait for other servers at once
BUGS = 3  # times an activity may make us stumble before it is laid aside


@dataclass(frozen=True, slots=True)
class Verb:
    """The two functions of one kind of activity."""

    needs: Callable[[FederationStore, Document], list[str]]
    apply: Callable[[FederationStore, Said], None]


VERBS = {
    "Accept": Verb(accept.needs, accept.apply),
    "Announce": Verb(announce.needs, announce.apply),
    "Block": Verb(block.needs, block.apply),
    "Create": Verb(create.needs, create.apply),
    "Delete": Verb(delete.needs, delete.apply),
    "Flag": Verb(flag.needs, flag.apply),
    "Follow": Verb(follow.needs, follow.apply),
    "Move": Verb(move.needs, move.apply),
    "QuoteRequest": Verb(quote_request.needs, quote_request.apply),
    "Reject": Verb(reject.needs, reject.apply),
    "Undo": Verb(undo.needs, undo.apply),
    "Update": Verb(update.needs, update.apply),
}


class Dispatcher:
    """Works through the inbox."""

    def __init__(
        self,
        database: Database,
        resolver: Resolver,
        *,
        clock: Clock,
        settings: Settings,
        chance: Callable[[], float],
        wake: Callable[[], None],
    ) -> None:
        """Build it; ``wake`` is called when something that waited for another server is done."""
        self._database = database
        self._resolver = resolver
        self._clock = clock
        self._settings = settings
        self._chance = chance
        self._waiting = Lanes(wake)

    async def work(self) -> int:
        """Work on what is due, oldest first; return how many activities that was."""
        if len(self._waiting) >= MAX_WAITING:
            return 0
        tasks = await self._database.read(_next_tasks, self._clock.now(), self._waiting.keys())
        waits: set[str] = set()
        ready = []
        for task in tasks:
            actor = task.received.actor
            if actor in waits:
                continue
            if task.needs:
                waits.add(actor)
                self._waiting.open(actor, self._handle(task))
            else:
                ready.append(self._handle(task))
        await asyncio.gather(*ready)  # begun in order, so the writer has them in order
        return len(tasks)

    async def close(self) -> None:
        """End what waits for other servers; it is begun again at the next start."""
        await self._waiting.close()

    async def _handle(self, task: "_Task") -> None:
        received = task.received
        try:
            await self._apply(task)
        except TryLater as error:
            await self._put_off(received, str(error), self._settings.inbox_attempts)
        except (Refused, GiveUp) as error:
            await self._database.write(_bury, received.seq, str(error))
        except Exception as error:
            log.exception("an activity made us stumble", extra={"activity": received.uri})
            await self._put_off(received, type(error).__name__, BUGS)

    async def _apply(self, task: "_Task") -> None:
        if task.refusal is not None:
            raise task.refusal
        if task.verb is None:  # an unknown verb is no error (ActivityPub 6): it does nothing here
            await self._database.write(_done, task.received.seq)
            return
        fetched = await self._fetch(task.needs) if task.needs else {}
        said = Said(
            activity=task.activity,
            actor=task.received.actor,
            fetched=fetched,
            received=task.received.received,
        )
        await self._database.write(_apply, task.verb, said, task.received.seq)

    async def _fetch(self, needs: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Fetch what an activity needs, and then the authors of that."""
        fetched = await self._resolver.fetch_all(needs)
        authors = await self._database.read(_unknown_authors, list(fetched.values()))
        left = self._settings.page_fetches - len(needs)  # one budget for all that it needs
        await self._resolver.fetch_all(authors[: max(0, left)])
        return fetched

    async def _put_off(self, received: Received, reason: str, most: int) -> None:
        attempts = received.attempts + 1
        if attempts >= most:
            await self._database.write(_bury, received.seq, reason)
            return
        delay = self._settings.retry.delay(attempts, chance=self._chance())
        due = self._clock.now() + delay
        await self._database.write(_postpone, received.seq, due, reason)


@dataclass(frozen=True, slots=True)
class _Task:
    """An activity, read: its verb, what it needs, or why it cannot be read."""

    received: Received
    activity: Document
    verb: Verb | None
    needs: Sequence[str]
    refusal: Exception | None = None


def _next_tasks(store: FederationStore, now: datetime, waiting: Sequence[str]) -> list[_Task]:
    """Return the oldest activities that are due, each with what it needs."""
    due = store.inbox.next_due(now, BATCH, waiting)
    return [_task(store, received) for received in due]


def _task(store: FederationStore, received: Received) -> _Task:
    try:
        activity = parse_object(received.body)
        verb = VERBS.get(describe(activity))
        return _Task(received, activity, verb, verb.needs(store, activity) if verb else ())
    except Exception as error:  # noqa: BLE001 - judged where the activity is handled
        return _Task(received, {}, None, (), error)


def _unknown_authors(store: FederationStore, documents: Sequence[Document]) -> list[str]:
    """Return the authors of what was fetched that are still unknown."""
    return [author for document in documents for author in unknown_author(store, document)]


def _apply(store: FederationStore, verb: Verb, said: Said, seq: int) -> None:
    if not is_blocked(store, said.actor):  # since it was taken in
        verb.apply(store, said)
    store.inbox.done(seq)


def _done(store: FederationStore, seq: int) -> None:
    store.inbox.done(seq)


def _bury(store: FederationStore, seq: int, reason: str) -> None:
    store.inbox.bury(seq, reason=reason)


def _postpone(store: FederationStore, seq: int, due: datetime, reason: str) -> None:
    store.inbox.postpone(seq, due=due, reason=reason)
