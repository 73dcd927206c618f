"""Getting activities to their inboxes: a lane for each host, each attempt judged and written down.

A host that hangs or fails holds up only its own lane. An attempt is: sign for this inbox → POST,
signed in another way if the signature is refused (:mod:`federation.knocking`) → delivered, tried
again later, or given up, by the rules of :mod:`federation.retry`. The row goes only when the other
side has said that it has the activity, so a crash in between sends it again and the other side
knows it by its id. A lane reads a few rounds ahead and writes down what became of them together; at
the first sign of trouble with the host, or of another way to sign for it, it reads anew.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from catalogue.ports import Clock
from federation.errors import GiveUp, TryLater
from federation.hints import header_for
from federation.keyring import Keyring, MissingKeyError
from federation.knocking import Knock, Knocker
from federation.lanes import Lanes
from federation.letterbox import HEARD_AGAIN
from federation.model import Delivery, HostState, about
from federation.ports import Database, FederationStore
from federation.remote import Answer, Remote
from federation.retry import Verdict, is_host_trouble, is_stumbling, judge
from federation.settings import Settings
from federation.vocabulary import ACTIVITY_JSON

log = logging.getLogger(__name__)

ROUNDS = 4  # that a lane reads ahead while its host is well
GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class _Errand:
    """What a lane has to do next: the deliveries, how they are signed, how many at once."""

    deliveries: list[Delivery]
    knocks: Mapping[int, Knock]
    at_once: int


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of an attempt, and how to write it down where it was not delivered."""

    delivery: Delivery
    note: Callable[[FederationStore], None] | None = None
    is_gone: bool = False
    ends_errand: bool = False


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
            errand = await self._database.read(self._next_for, host)
            if not errand.deliveries:
                return
            outcomes = await self._carry(errand)
            await self._database.write(self._note_all, host, outcomes)
            for outcome in outcomes:
                if outcome.is_gone and self._when_gone is not None:
                    self._when_gone(outcome.delivery.inbox)

    def _next_for(self, store: FederationStore, host: str) -> _Errand:
        now, state = self._clock.now(), store.hosts.find(host)
        if state.closed_until is not None and state.closed_until > now:
            return _Errand([], {}, 0)
        lanes = self._settings.retry.lanes(state, self._settings.lanes)
        ahead = lanes if state.failures else lanes * ROUNDS
        deliveries = _one_of_each(store.deliveries.next_due(host, now, ahead))
        knocks = {each.seq: self._prepare(store, each) for each in deliveries}
        found = {seq: knock for seq, knock in knocks.items() if knock is not None}
        return _Errand(deliveries, found, lanes)

    def _prepare(self, store: FederationStore, delivery: Delivery) -> Knock | None:
        try:
            return self._knocker.prepare(store, delivery.actor, "POST", delivery.inbox)
        except (MissingKeyError, ValueError):
            return None  # said where the delivery is put off for it

    async def _carry(self, errand: _Errand) -> list[_Outcome]:
        """Make the attempts, a few at once, until one of them ends the errand."""
        waiting = iter(errand.deliveries)
        outcomes: list[_Outcome] = []

        async def go() -> None:
            for delivery in waiting:
                outcomes.append(await self._attempt(delivery, errand))
                if outcomes[-1].ends_errand:
                    break
            for _ in waiting:  # what was not begun stays due
                pass

        async with asyncio.TaskGroup() as going:
            for _ in range(errand.at_once):
                going.create_task(go())
        return outcomes

    async def _attempt(self, delivery: Delivery, errand: _Errand) -> _Outcome:
        try:
            answer, knocks = await self._post(delivery, errand)
        except TryLater as error:
            note = partial(self._put_off, delivery, str(error), None, blame_host=True)
            return _Outcome(delivery, note, ends_errand=True)
        except GiveUp as error:
            return _Outcome(delivery, partial(self._give_up, delivery, str(error)))
        except Exception as error:
            log.exception("a delivery made us stumble", extra={"activity": delivery.activity})
            reason = type(error).__name__
            note = partial(self._put_off, delivery, reason, None, blame_host=False)
            return _Outcome(delivery, note)
        return self._judged(delivery, answer, is_news=knocks > 1)

    async def _post(self, delivery: Delivery, errand: _Errand) -> tuple[Answer, int]:
        """Return the answer, and how often we knocked for it."""
        knocks, hint = 0, await self._hint_for(delivery, errand)

        async def send(signed: Mapping[str, str]) -> Answer:
            nonlocal knocks
            knocks += 1
            headers = {**signed, **hint, "Content-Type": ACTIVITY_JSON}
            return await self._remote.post(delivery.inbox, delivery.body, headers)

        inbox, body = delivery.inbox, delivery.body
        if prepared := errand.knocks.get(delivery.seq):
            answer = await self._knocker.knock_as(prepared, "POST", inbox, send, body=body)
        else:
            answer = await self._knocker.knock(delivery.actor, "POST", inbox, send, body=body)
        return answer, knocks

    async def _hint_for(self, delivery: Delivery, errand: _Errand) -> dict[str, str]:
        """Return what the last delivery that waits for a host hints at.

        What comes before another one of the same errand need not be asked about.
        """
        if delivery.seq < errand.deliveries[-1].seq:
            return {}
        return await self._database.read(_hint_for, delivery)

    # -- what became of it: the attempts of one errand are one transaction --------------------

    def _judged(self, delivery: Delivery, answer: Answer, *, is_news: bool) -> _Outcome:
        reason, is_gone = f"{answer.status} {answer.detail}".strip(), answer.status in GONE
        match judge(answer.status):
            case Verdict.DELIVERED:
                return _Outcome(delivery, ends_errand=is_news)
            case Verdict.NEVER:
                note = partial(self._give_up, delivery, reason)
                return _Outcome(delivery, note, is_gone=is_gone, ends_errand=is_news)
            case Verdict.LATER if self._is_stumbled_over(delivery, answer):
                return _Outcome(delivery, partial(self._give_up, delivery, reason))
            case Verdict.LATER:
                blame, asked = is_host_trouble(answer.status), answer.retry_after
                note = partial(self._put_off, delivery, reason, asked, blame_host=blame)
                return _Outcome(delivery, note, is_gone=is_gone, ends_errand=blame or is_news)

    def _note_all(self, store: FederationStore, host: str, outcomes: list[_Outcome]) -> None:
        """Write down what became of attempts, in the order in which they ended."""
        store.deliveries.done_all([each.delivery.seq for each in outcomes if each.note is None])
        is_heard = False
        for outcome in outcomes:
            if outcome.note is not None:
                outcome.note(store)
                is_heard = False
            elif not is_heard:
                now = self._clock.now()
                store.hosts.heard_all([host], now, but_since=now - HEARD_AGAIN)
                is_heard = True

    def _put_off(
        self,
        delivery: Delivery,
        reason: str,
        asked: float | None,
        store: FederationStore,
        *,
        blame_host: bool,
    ) -> None:
        retry, attempts = self._settings.retry, delivery.attempts + 1
        now = self._clock.now()
        if blame_host:
            state = retry.after_failure(store.hosts.find(delivery.host), now, reason, asked)
            store.hosts.put(state)
            _log_if_closed(state, now)
        if retry.is_held_too_long(delivery.added, now):
            self._give_up(delivery, reason, store)
            return
        due = now + retry.delay(attempts, chance=self._chance(), asked=asked)
        store.deliveries.postpone(delivery.seq, due=due, reason=reason)

    def _is_stumbled_over(self, delivery: Delivery, answer: Answer) -> bool:
        most = self._settings.retry.stumbles
        return is_stumbling(answer.status) and delivery.attempts + 1 >= most

    def _give_up(self, delivery: Delivery, reason: str, store: FederationStore) -> None:
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
