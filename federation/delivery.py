"""Getting activities to their inboxes: a lane for each host, each attempt judged and written down.

A host that hangs or fails holds up only its own lane. An attempt is: sign for this inbox → POST,
signed in another way if the signature is refused (:mod:`federation.knocking`) → delivered, tried
again later, or given up, by the rules of :mod:`federation.retry`. The row goes only when the other
side has said that it has the activity, so a crash in between sends it again and the other side
knows it by its id.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from catalogue.ports import Clock
from federation.errors import GiveUp, TryLater
from federation.hints import header_for
from federation.keyring import Keyring
from federation.knocking import Knocker
from federation.lanes import Lanes
from federation.model import Delivery, HostState, about
from federation.ports import Database, FederationStore
from federation.remote import Answer, Remote
from federation.retry import Verdict, is_host_trouble, is_stumbling, judge
from federation.settings import Settings
from federation.vocabulary import ACTIVITY_JSON

log = logging.getLogger(__name__)


class Courier:
    """Carries what is due, host by host."""

    def __init__(
        self,
        database: Database,
        remote: Remote,
        keyring: Keyring,
        *,
        clock: Clock,
        settings: Settings,
        chance: Callable[[], float],
        wake: Callable[[], None],
        when_gone: Callable[[str], None] | None = None,
    ) -> None:
        """Build a courier; ``wake`` is called when a lane ends: more may have come meanwhile.

        ``when_gone`` is told of an inbox that says it is not there.
        """
        self._database = database
        self._remote = remote
        self._knocker = Knocker(database, keyring, clock=clock)
        self._clock = clock
        self._settings = settings
        self._chance = chance
        self._when_gone = when_gone
        self._lanes = Lanes(wake)

    async def work(self) -> int:
        """Open a lane for every host that has something due; return how many were opened."""
        due = await self._database.read(lambda store: store.deliveries.hosts_due(self._clock.now()))
        fresh = [host for host in due if host not in self._lanes]
        for host in fresh:
            self._lanes.open(host, self._run_lane(host))
        return len(fresh)

    async def close(self) -> None:
        """End what is under way; it goes out again at the next start."""
        await self._lanes.close()

    async def _run_lane(self, host: str) -> None:
        """Deliver to one host, a few at a time, until nothing is due or the host is left alone."""
        if await self._database.read(_is_blocked, host):  # since it was put on its way
            await self._database.write(_drop, host)
            return
        while True:
            batch = await self._database.read(self._next_for, host)
            if not batch:
                return
            async with asyncio.TaskGroup() as attempts:
                for delivery in batch:
                    attempts.create_task(self._attempt(delivery))

    def _next_for(self, store: FederationStore, host: str) -> list[Delivery]:
        now, state = self._clock.now(), store.hosts.find(host)
        if state.closed_until is not None and state.closed_until > now:
            return []
        lanes = self._settings.retry.lanes(state, self._settings.lanes)
        return _one_of_each(store.deliveries.next_due(host, now, lanes))

    async def _attempt(self, delivery: Delivery) -> None:
        try:
            answer = await self._post(delivery)
        except TryLater as error:
            await self._database.write(self._put_off, delivery, str(error), None, True)
        except GiveUp as error:
            await self._database.write(self._give_up, delivery, str(error))
        except Exception as error:
            log.exception("a delivery made us stumble", extra={"activity": delivery.activity})
            await self._database.write(self._put_off, delivery, type(error).__name__, None, False)
        else:
            await self._database.write(self._note, delivery, answer)
            if answer.status in {404, 410} and self._when_gone is not None:
                self._when_gone(delivery.inbox)

    async def _post(self, delivery: Delivery) -> Answer:
        hint = await self._database.read(_hint_for, delivery)

        async def send(signed: Mapping[str, str]) -> Answer:
            headers = {**signed, **hint, "Content-Type": ACTIVITY_JSON}
            return await self._remote.post(delivery.inbox, delivery.body, headers)

        actor, inbox = delivery.actor, delivery.inbox
        return await self._knocker.knock(actor, "POST", inbox, send, body=delivery.body)

    # -- what became of it: each one transaction ----------------------------------------------

    def _note(self, store: FederationStore, delivery: Delivery, answer: Answer) -> None:
        reason = f"{answer.status} {answer.detail}".strip()
        match judge(answer.status):
            case Verdict.DELIVERED:
                store.deliveries.done(delivery.seq)
                store.hosts.heard(delivery.host, self._clock.now())
            case Verdict.NEVER:
                self._give_up(store, delivery, reason)
            case Verdict.LATER if self._is_stumbled_over(delivery, answer):
                self._give_up(store, delivery, reason)
            case Verdict.LATER:
                blame = is_host_trouble(answer.status)
                self._put_off(store, delivery, reason, answer.retry_after, blame)

    def _put_off(
        self,
        store: FederationStore,
        delivery: Delivery,
        reason: str,
        asked: float | None,
        blame_host: bool,
    ) -> None:
        retry, attempts = self._settings.retry, delivery.attempts + 1
        now = self._clock.now()
        if blame_host:
            state = retry.after_failure(store.hosts.find(delivery.host), now, reason, asked)
            store.hosts.put(state)
            _log_if_closed(state, now)
        if retry.is_held_too_long(delivery.added, now):
            self._give_up(store, delivery, reason)
            return
        due = now + retry.delay(attempts, chance=self._chance(), asked=asked)
        store.deliveries.postpone(delivery.seq, due=due, reason=reason)

    def _is_stumbled_over(self, delivery: Delivery, answer: Answer) -> bool:
        most = self._settings.retry.stumbles
        return is_stumbling(answer.status) and delivery.attempts + 1 >= most

    def _give_up(self, store: FederationStore, delivery: Delivery, reason: str) -> None:
        store.deliveries.bury(delivery.seq, reason=reason)
        log.warning(
            "gave up on a delivery",
            extra={"activity": delivery.activity, "host": delivery.host, "reason": reason},
        )


def _hint_for(store: FederationStore, delivery: Delivery) -> dict[str, str]:
    """Return what the last delivery that waits for an inbox hints at."""
    return header_for(store, delivery.inbox) if store.deliveries.is_last(delivery) else {}


def _is_blocked(store: FederationStore, host: str) -> bool:
    return store.hosts.is_blocked(host)


def _drop(store: FederationStore, host: str) -> None:
    store.deliveries.drop_host(host)


def _one_of_each(deliveries: list[Delivery]) -> list[Delivery]:
    """Return the oldest delivery about each object: an Update must not overtake its Create."""
    first: dict[tuple[str, str], Delivery] = {}
    for delivery in deliveries:
        first.setdefault((delivery.inbox, about(delivery.activity)), delivery)
    return list(first.values())


def _log_if_closed(state: HostState, now: datetime) -> None:
    if state.closed_until is not None and state.closed_until > now:
        log.warning(
            "a host is left alone for a while",
            extra={"host": state.host, "failures": state.failures, "reason": state.error},
        )
