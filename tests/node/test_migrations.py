"""The schema step by step: fresh, repeated, newer than us, interrupted (F03, F24)."""

import os
import signal
import subprocess
import sys

import pytest

from node.storage import migrations
from node.storage.database import connect
from node.storage.migrations import migrate, pending, schema
from node.storage.sql import StorageError

STEPS = [step.name for step in schema._migrations]


@pytest.fixture
def connection(tmp_path):
    opened = connect(tmp_path / "node.db")
    yield opened
    opened.close()


def tables(connection):
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {row["name"] for row in rows}


def test_fresh_database_gets_every_step_in_order(connection):
    assert pending(connection) == STEPS
    assert migrate(connection) == STEPS
    assert pending(connection) == []
    assert {"listing", "listing_words", "actor", "inbox", "delivery"} <= tables(connection)
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_steps_are_taken_once(connection):
    migrate(connection)
    connection.execute("INSERT INTO tombstone VALUES ('https://x.example/', 'y', 1)")
    assert migrate(connection) == []
    assert connection.execute("SELECT count(*) FROM tombstone").fetchone()[0] == 1


def test_steps_are_numbered_in_order():
    numbers = [int(name[1:4]) for name in STEPS]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 1


def test_newer_schema_is_refused_politely_f24(connection):
    migrate(connection)
    connection.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('capacity-exchange', 's999_from_the_future', '2040-01-01')"
    )
    for attempt in (pending, migrate):
        with pytest.raises(StorageError) as raised:
            attempt(connection)
        assert "newer version" in str(raised.value)
        assert "s999_from_the_future" in str(raised.value)
        assert "backup" in str(raised.value)


def test_step_that_fails_leaves_the_schema_as_it_was_f03(connection, monkeypatch):
    run = migrations._run
    calls = []

    def fail_half_way(database, statements):
        calls.append(1)
        if len(calls) == 2:
            half = statements[: statements.index("CREATE TABLE known_key")]
            run(database, half)
            raise OSError("the machine stopped here")
        run(database, statements)

    monkeypatch.setattr(migrations, "_run", fail_half_way)
    with pytest.raises(OSError, match="stopped"):
        migrate(connection)
    assert not connection.in_transaction
    assert pending(connection) == STEPS[1:]
    assert "listing" in tables(connection)
    assert {"party", "own_key"} & tables(connection) == set()
    monkeypatch.undo()
    assert migrate(connection) == STEPS[1:]
    assert "party" in tables(connection)


KILL = """
import os, signal, sys
from pathlib import Path
from node.storage import migrations
from node.storage.database import connect

run, calls = migrations._run, []

def killed_half_way(database, statements):
    calls.append(1)
    if len(calls) == int(sys.argv[2]):
        run(database, ";".join(statements.split(";")[:3]))
        os.kill(os.getpid(), signal.SIGKILL)
    run(database, statements)

migrations._run = killed_half_way
migrations.migrate(connect(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("step", range(1, len(STEPS) + 1))
def test_process_killed_in_a_step_leaves_old_or_new_f03(tmp_path, step):
    path = tmp_path / "node.db"
    command = [sys.executable, "-c", KILL, os.fspath(path), str(step)]
    died = subprocess.run(command, check=False)  # noqa: S603 - our own interpreter
    assert died.returncode == -signal.SIGKILL
    opened = connect(path)
    assert pending(opened) == STEPS[step - 1 :]
    assert migrate(opened) == STEPS[step - 1 :]
    assert opened.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    opened.close()
