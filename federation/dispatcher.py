"""From the inbox to its effect: which verb, what it needs, one transaction.

Each activity is worked on in three steps: a read that says what must be known first, fetches with
no transaction open, and one write that has the whole effect and marks the activity as done, so a
crash at any point leaves either all of it or none.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from catalogue.ports import Clock
from federation.errors import GiveUp, Refused, TryLater
from federation.inbox import describe
from federation.incoming import accept, announce, create, delete, follow, reject, undo, update
from federation.incoming.listing import unknown_author
from federation.incoming.said import Said
from federation.mapping.values import Document
from federation.model import Received
from federation.ports import Database, FederationStore
from federation.resolver import Resolver
from federation.settings import Settings
from federation.strictjson import parse_object

log = logging.getLogger(__name__)

BATCH = 64
BUGS = 3  # times an activity may make us stumble before it is laid aside


@dataclass(frozen=True, slots=True)
class Verb:
    """The two functions of one kind of activity."""

    needs: Callable[[FederationStore, Document], list[str]]
    apply: Callable[[FederationStore, Said], None]


VERBS = {
    "Accept": Verb(accept.needs, accept.apply),
    "Announce": Verb(announce.needs, announce.apply),
    "Create": Verb(create.needs, create.apply),
    "Delete": Verb(delete.needs, delete.apply),
    "Follow": Verb(follow.needs, follow.apply),
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
    ) -> None:
        self._database = database
        self._resolver = resolver
        self._clock = clock
        self._settings = settings
        self._chance = chance

    async def work(self) -> int:
        """Work on what is due, oldest first; return how many activities that was."""
        due = await self._database.read(
            lambda store: store.inbox.next_due(self._clock.now(), BATCH)
        )
        for received in due:
            await self._handle(received)
        return len(due)

    async def _handle(self, received: Received) -> None:
        try:
            await self._apply(received)
        except TryLater as error:
            await self._put_off(received, str(error), self._settings.inbox_attempts)
        except (Refused, GiveUp) as error:
            await self._database.write(_bury, received.seq, str(error))
        except Exception as error:
            log.exception("an activity made us stumble", extra={"activity": received.uri})
            await self._put_off(received, type(error).__name__, BUGS)

    async def _apply(self, received: Received) -> None:
        activity = parse_object(received.body)
        verb = VERBS.get(describe(activity))
        if verb is None:  # an unknown verb is no error (ActivityPub 6): it has no effect here
            await self._database.write(_done, received.seq)
            return
        wanted = await self._database.read(verb.needs, activity)
        fetched = await self._resolver.fetch_all(wanted) if wanted else {}
        said = Said(
            activity=activity, actor=received.actor, fetched=fetched, received=received.received
        )
        more = await self._database.read(_unknown_authors, said)
        if more:
            await self._resolver.fetch_all(more)
        await self._database.write(_apply, verb, said, received.seq)

    async def _put_off(self, received: Received, reason: str, most: int) -> None:
        attempts = received.attempts + 1
        if attempts >= most:
            await self._database.write(_bury, received.seq, reason)
            return
        delay = self._settings.retry.delay(attempts, chance=self._chance())
        due = self._clock.now() + delay
        await self._database.write(_postpone, received.seq, due, reason)


def _unknown_authors(store: FederationStore, said: Said) -> list[str]:
    """Return the authors of what was fetched that are still unknown."""
    from_fetched = (unknown_author(store, document) for document in said.fetched.values())
    return [author for authors in from_fetched for author in authors]


def _apply(store: FederationStore, verb: Verb, said: Said, seq: int) -> None:
    verb.apply(store, said)
    store.inbox.done(seq)


def _done(store: FederationStore, seq: int) -> None:
    store.inbox.done(seq)


def _bury(store: FederationStore, seq: int, reason: str) -> None:
    store.inbox.bury(seq, reason=reason)


def _postpone(store: FederationStore, seq: int, due: datetime, reason: str) -> None:
    store.inbox.postpone(seq, due=due, reason=reason)
