"""Followers who are no more: who is behind an inbox that is gone is asked, and let go (F12).

An inbox that answers 404 or 410 says that about itself. Whether its actors are gone is for their
own documents to say, so each is fetched anew, and 410 ends its follow. 404 does not: a server under
repair answers so to everything, and would lose its people all they follow here. Who is found again
is reached from now on where its document says.
"""

import logging
from collections.abc import Callable

from catalogue import following
from federation.errors import FederationError
from federation.guard import host_of
from federation.lanes import Lanes
from federation.ports import Database, FederationStore
from federation.remote import Vanished
from federation.resolver import Resolver

log = logging.getLogger(__name__)

ASKED = 20  # actors of one inbox that are asked about
MAX_LANES = 8  # inboxes asked about at one time; others are when they answer so again


class Departures:
    """Asks about followers whose inbox is gone."""

    def __init__(self, database: Database, resolver: Resolver, wake: Callable[[], None]) -> None:
        """Build it; ``wake`` is called when one inbox has been asked about."""
        self._database = database
        self._resolver = resolver
        self._lanes = Lanes(wake)

    def ask_about(self, inbox: str) -> None:
        """Begin to ask about the followers who are reached at ``inbox``."""
        if inbox not in self._lanes and len(self._lanes) < MAX_LANES:
            self._lanes.open(inbox, self._ask(inbox))

    async def close(self) -> None:
        """End what is asked; the next letter begins it again."""
        await self._lanes.close()

    async def _ask(self, inbox: str) -> None:
        for actor in await self._database.read(_followers_at, inbox):
            try:
                await self._resolver.refresh_actor(actor)
            except Vanished:
                await self._database.write(_let_go, actor)
            except FederationError as error:
                log.info("cannot ask about a follower", extra={"reason": str(error)})


def _followers_at(store: FederationStore, inbox: str) -> list[str]:
    """Return who follows an actor of this node and is reached at ``inbox``."""
    followers = {each.follower for each in store.follows.list_from(host_of(inbox))}
    found = store.parties.find_many(followers)
    return sorted(
        uri for uri, party in found.items() if inbox in {party.inbox, party.shared_inbox}
    )[:ASKED]


def _let_go(store: FederationStore, actor: str) -> None:
    for follow in store.follows.list_from(host_of(actor)):
        if follow.follower == actor:
            following.left(store, follow)
    log.info("let a follower go who is gone", extra={"actor": actor})
