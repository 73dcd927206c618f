"""Fixtures for all floors: a store on real SQLite, whose clock and ids obey the test."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from node.storage.database import Database, connect
from node.storage.migrations import migrate
from node.storage.sql import Sql
from node.storage.store import NodeStore
from tests.samples import new_database, surroundings

settings.register_profile("house", deadline=None)
settings.load_profile("house")

NewStore = Callable[[], AbstractContextManager[NodeStore]]


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewStore]:
    """Give empty stores, one at a time: each is a transaction that is never committed."""
    connection = connect(tmp_path_factory.mktemp("store") / "node.db")
    migrate(connection)

    @contextmanager
    def begin() -> Iterator[NodeStore]:
        connection.execute("BEGIN")
        try:
            yield NodeStore(Sql(connection), surroundings())
        finally:
            connection.execute("ROLLBACK")

    yield begin
    connection.close()


@pytest.fixture
def store(new_store: NewStore) -> Iterator[NodeStore]:
    """An empty store inside one transaction."""
    with new_store() as empty:
        yield empty


@pytest.fixture
def store_db(tmp_path: Path) -> Iterator[Database[NodeStore]]:
    """An empty database with its threads, as a running node has it."""
    database = new_database(tmp_path / "node.db")
    yield database
    database.close()
