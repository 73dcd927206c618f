"""From the inbox to its effect: which verb, what it needs, one transaction.

Each activity is worked on in three steps: a read that says what must be known first, fetches with
no transaction open, and one write that has the whole effect and marks the activity as done, so a
crash at any point leaves either all of it or none. An actor's activities have their effects in the
order they came; one that waits for another server holds up only its own actor.

Plain listings, which are most of what comes, take the three steps together, many in one transaction
(:mod:`federation.incoming.plain`). If anything goes wrong there, each goes its own way as above.
While the door is crowded, the dispatcher leaves it most of the machine (decision 13).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalogue.listings import Arrival
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
    plain,
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
from federation.strictjson import parse_accepted, parse_object

log = logging.getLogger(__name__)

BATCH = 64  # few enough that who writes beside it, the door above all, waits little
RESTS = 9  # times as long as the work before it, while the door is crowded
LONGEST_REST = 0.25  # seconds
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
        is_crowded: Callable[[], bool] = lambda: False,
    ) -> None:
        """Build it; ``wake`` is called when something that waited for another server is done.

        ``is_crowded`` says whether the door needs the machine for itself now.
        """
        self._database = database
        self._resolver = resolver
        self._clock = clock
        self._settings = settings
        self._chance = chance
        self._is_crowded = is_crowded
        self._waiting = Lanes(wake)
        self.is_behind = False

    async def work(self) -> int:
        """Work on what is due, oldest first; return how many activities that was."""
        began = time.monotonic()
        if len(self._waiting) >= MAX_WAITING:
            return 0
        due = await self._database.read(_next_due, self._clock.now(), self._waiting.keys())
        self.is_behind = len(due) == BATCH
        left = await self._take_in_plain(due)
        if left:
            await self._work_on(left)
        if due and self._is_crowded():
            await asyncio.sleep(min(RESTS * (time.monotonic() - began), LONGEST_REST))
        return len(due)

    async def _take_in_plain(self, due: "Sequence[_Due]") -> list[Received]:
        """Take in the plain listings among what is due, together; return what is left to do."""
        together = _first_of_each(due)
        if together:
            try:
                done = await self._database.write(_take_in, together)
            except Exception:
                log.exception("plain listings made us stumble; taking them one by one")
                done = set()
        else:
            done = set()
        return [each.received for each in due if each.received.seq not in done]

    async def _work_on(self, received: Sequence[Received]) -> None:
        tasks = await self._database.read(_tasks, received)
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


@dataclass(frozen=True, slots=True)
class _Due:
    """An activity that is due, with the listing that it brings if it is a plain one."""

    received: Received
    arrival: Arrival | None


def _next_due(store: FederationStore, now: datetime, waiting: Sequence[str]) -> list[_Due]:
    """Return the oldest activities that are due, the plain ones read."""
    due = store.inbox.next_due(now, BATCH, waiting)
    return [_Due(received, _arrival(store, received)) for received in due]


def _arrival(store: FederationStore, received: Received) -> Arrival | None:
    if received.attempts:
        return None
    try:
        return plain.read(
            parse_accepted(received.body),
            received.actor,
            store.taxonomy,
            local_id=store.ids.new(),
            now=store.clock.now(),
        )
    except Exception:  # noqa: BLE001 - judged where the activity is handled by itself
        return None


def _first_of_each(due: Iterable[_Due]) -> dict[int, Arrival]:
    """Return the plain listings by their numbers, as far as order lets them go together.

    An actor's activities keep their order, so none of them may overtake one that is not plain; and
    of two about one listing the second waits.
    """
    together: dict[int, Arrival] = {}
    uris: set[str] = set()
    held_up: set[str] = set()
    for each in due:
        actor, arrival = each.received.actor, each.arrival
        if actor in held_up:
            continue
        if arrival is None or arrival.listing.uri in uris:
            held_up.add(actor)
            continue
        uris.add(arrival.listing.uri)
        together[each.received.seq] = arrival
    return together


def _take_in(store: FederationStore, arrivals: dict[int, Arrival]) -> set[int]:
    """Take in plain listings and mark their activities; return the numbers of those."""
    settled = plain.take_in(store, list(arrivals.values()))
    done = {seq for seq, arrival in arrivals.items() if arrival.listing.by in settled}
    store.inbox.done_all(sorted(done))
    return done


def _tasks(store: FederationStore, received: Iterable[Received]) -> list[_Task]:
    """Return activities, each with what it needs."""
    return [_task(store, each) for each in received]


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
