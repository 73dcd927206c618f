"""Asking other servers, for the commands that must: the same guarded way out as the node's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from federation.errors import GiveUp
from federation.keyring import Keyring
from federation.resolver import Resolver
from node.app import default_settings, make_remote
from node.config import Config
from node.identity import SystemClock
from node.setup import NodeDatabase
from node.storage.store import NodeStore


@asynccontextmanager
async def asking(config: Config, database: NodeDatabase) -> AsyncIterator[Resolver]:
    """Open the way out for one command."""
    settings = default_settings(config)
    async with make_remote(database, Keyring(), config.addresses, settings) as remote:
        yield Resolver(
            database,
            remote,
            addresses=config.addresses,
            clock=SystemClock(),
            settings=settings,
        )


async def find_elsewhere(config: Config, database: NodeDatabase, reference: str) -> str:
    """Return the URI of an actor of another node, by its handle or address; it is asked anew."""
    authority = config.addresses.authority
    if reference.lower().rpartition("@")[2] == authority or config.addresses.is_ours(reference):
        raise GiveUp(f"'{reference}' is an actor of this node; name one of another")
    async with asking(config, database) as resolver:
        return await resolver.find_actor(reference)


def uri_of(store: NodeStore, reference: str) -> str:
    """Return the URI of an actor met before, by its handle; any other name is taken for a URI."""
    name, _, host = reference.removeprefix("acct:").removeprefix("@").partition("@")
    known = store.actors.find_by_handle(name, host.lower()) if host else None
    return known.uri if known else reference
