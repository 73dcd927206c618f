"""A node with its own actors and keys, seen from the inside of federation."""

from collections.abc import AsyncIterator, Iterator

import pytest

from federation.guard import DialPolicy
from federation.inbox import Inbox
from federation.keyring import Keyring, new_keys
from federation.model import OwnKey
from federation.remote import Limits, Remote
from federation.resolver import Resolver
from federation.settings import Settings
from federation.signatures.keys import PrivateKey, new_rsa_key
from node.storage.database import Database
from node.storage.store import NodeStore
from tests.conftest import NewStore
from tests.federation.foreign import Foreign, foreign_server
from tests.federation.world import settle
from tests.samples import HERE, NOW, FixedClock


@pytest.fixture(scope="session")
def own_keys() -> list[OwnKey]:
    """Keys of the instance, the catalogue and the affiliate ``delta``: made once, for they cost."""
    owners = (HERE.instance, HERE.catalogue, HERE.actor("delta"))
    return [key for owner in owners for key in new_keys(owner, NOW)]


@pytest.fixture
def home(new_store: NewStore, own_keys: list[OwnKey]) -> Iterator[NodeStore]:
    """A store with this node's own actors and keys."""
    with new_store() as store:
        settle(store, own_keys)
        yield store


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    return Keyring()


# -- this node's moving parts, and another server -------------------------------------------------


@pytest.fixture
def house(store_db: Database[NodeStore], own_keys: list[OwnKey]) -> Database[NodeStore]:
    """A database with this node's own actors and keys."""
    store_db.write_now(settle, own_keys)
    return store_db


@pytest.fixture
def clock(house: Database[NodeStore]) -> FixedClock:
    found = house.read_now(lambda store: store.clock)
    assert isinstance(found, FixedClock)
    return found


@pytest.fixture
def federating() -> Settings:
    return Settings(version="0", policy=DialPolicy.development(), limits=Limits(total_seconds=5))


@pytest.fixture
async def remote(federating: Settings) -> AsyncIterator[Remote]:
    async with Remote(
        user_agent="capx-test",
        policy=federating.policy,
        limits=federating.limits,
        may_contact=lambda host: host != HERE.authority,
    ) as found:
        yield found


@pytest.fixture
def resolver(
    house: Database[NodeStore], remote: Remote, clock: FixedClock, federating: Settings
) -> Resolver:
    return Resolver(house, remote, addresses=HERE, clock=clock, settings=federating)


@pytest.fixture
def inbox(
    house: Database[NodeStore], resolver: Resolver, clock: FixedClock, federating: Settings
) -> Inbox:
    return Inbox(house, resolver, addresses=HERE, clock=clock, settings=federating)


@pytest.fixture
async def foreign() -> AsyncIterator[Foreign]:
    async with foreign_server() as server:
        yield server


@pytest.fixture(scope="session")
def their_key() -> PrivateKey:
    return new_rsa_key()


@pytest.fixture(scope="session")
def other_key() -> PrivateKey:
    return new_rsa_key()
