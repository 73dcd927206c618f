"""How another server is knocked at: which signature a request to it carries, and which comes next.

Nobody says beforehand which of the two schemes they verify, so a request is sent as most servers
want it and, when it is refused (400 or 401), once more in the next way:

1. draft-cavage, which nearly everybody reads; a GET with its query, then without, because servers
   differ in what they take for the target (wire 2.1);
2. RFC 9421, and if that was the way in, the host is remembered and gets it first from then on.

A host gets RFC 9421 first as well when its application actor names it (FEP-844e). What is
remembered is forgotten after :data:`MEMORY`, and at once when the host refuses it. RFC 9421 is
never the first knock at an unknown host: one server answers 202 before it verifies, and drops what
it cannot read.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

from catalogue.ports import Clock
from federation.guard import host_of
from federation.keyring import Keyring, RequestSigner, Way
from federation.ports import Database, FederationStore

MEMORY = timedelta(days=30)
REFUSALS = frozenset({400, 401})


class Reply(Protocol):
    """What came back: its status is all that is looked at here."""

    @property
    def status(self) -> int:
        """The status of the response."""
        ...


R = TypeVar("R", bound=Reply)


@dataclass(frozen=True, slots=True)
class Knock:
    """Who signs a request, and in which ways, in the order to be tried."""

    signer: RequestSigner
    order: tuple[Way, ...]


def ways(method: str, url: str, *, wants_rfc9421: bool) -> tuple[Way, ...]:
    """Return how a request may be signed, in the order to be tried."""
    is_short = method == "GET" and "?" in url
    older = (Way.CAVAGE, Way.CAVAGE_PATH) if is_short else (Way.CAVAGE,)
    return (Way.RFC9421, *older) if wants_rfc9421 else (*older, Way.RFC9421)


class Knocker:
    """Signs requests in the name of this node's actors, as their hosts want it."""

    def __init__(self, database: Database, keyring: Keyring, *, clock: Clock) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock

    async def knock(
        self,
        actor: str,
        method: str,
        url: str,
        send: Callable[[Mapping[str, str]], Awaitable[R]],
        *,
        body: bytes | None = None,
    ) -> R:
        """Sign a request and ``send`` it with these headers, in another way while it is refused.

        Returns the reply that was no refusal, or the first refusal.
        """
        prepared = await self._database.read(self.prepare, actor, method, url)
        return await self.knock_as(prepared, method, url, send, body=body)

    def prepare(self, store: FederationStore, actor: str, method: str, url: str) -> Knock:
        """Return how to knock in an actor's name; for several at once, all in one read."""
        wants = store.hosts.wants_rfc9421(host_of(url), self._clock.now())
        signer = self._keyring.request_signer(store, actor)
        return Knock(signer, ways(method, url, wants_rfc9421=wants))

    async def knock_as(
        self,
        prepared: Knock,
        method: str,
        url: str,
        send: Callable[[Mapping[str, str]], Awaitable[R]],
        *,
        body: bytes | None = None,
    ) -> R:
        """Do as ``knock`` does, with what was prepared before."""
        order = prepared.order
        refused: list[R] = []
        for way in order:
            now = self._clock.now()
            reply = await send(prepared.signer.headers(method, url, date=now, body=body, way=way))
            if reply.status not in REFUSALS:
                await self._learn(url, order[0], way, reply.status)
                return reply
            refused.append(reply)
        await self._learn(url, order[0], None, refused[0].status)
        return refused[0]

    async def _learn(self, url: str, first: Way, accepted: Way | None, status: int) -> None:
        """Remember what a host wants; writes only when that is news."""
        if accepted is first:
            return
        host = host_of(url)
        if first is Way.RFC9421:
            await self._database.write(lambda store: store.hosts.forget_rfc9421(host))
        elif accepted is Way.RFC9421 and status < 400:
            until = self._clock.now() + MEMORY
            await self._database.write(lambda store: store.hosts.remember_rfc9421(host, until))
