"""The way to the store: group commit, snapshots, and what happens when the disk is full (F04)."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from node.storage.database import Database, connect
from node.storage.sql import StorageError
from node.storage.store import NodeStore
from tests.samples import HERE, NOW, actor, listing, new_database


def put(store: NodeStore, number: int) -> str:
    store.actors.put(actor(f"a{number}"))
    return f"a{number}"


def handles(store: NodeStore) -> list[str]:
    rows = store.listings._sql.all("SELECT handle FROM actor ORDER BY rowid")
    return [row["handle"] for row in rows]


def fail(store: NodeStore, number: int) -> None:
    put(store, number)
    raise KeyError(number)


# -- writing --------------------------------------------------------------------------------------


async def test_write_returns_its_result_when_it_is_on_disk(store_db):
    assert await store_db.write(put, 1) == "a1"
    other = sqlite3.connect(store_db.path)
    assert other.execute("SELECT handle FROM actor").fetchall() == [("a1",)]
    other.close()


async def test_many_writes_at_once_all_arrive(store_db):
    results = await asyncio.gather(*(store_db.write(put, number) for number in range(200)))
    assert results == [f"a{number}" for number in range(200)]
    assert await store_db.read(handles) == results


async def test_writes_that_wait_share_a_commit(store_db):
    commits = []
    go_on, begun = threading.Event(), threading.Event()

    def hold(store):
        begun.set()
        assert go_on.wait(5)

    held = asyncio.create_task(store_db.write(hold))
    await asyncio.to_thread(begun.wait, 5)
    store_db.when_committed(lambda: commits.append(1))
    waiting = [asyncio.create_task(store_db.write(put, number)) for number in range(50)]
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(held, *waiting)
    assert len(commits) == 2


async def test_one_that_fails_undoes_only_itself(store_db):
    results = await asyncio.gather(
        *(store_db.write(fail if number % 5 == 2 else put, number) for number in range(20)),
        return_exceptions=True,
    )
    failed = [number for number in range(20) if isinstance(results[number], KeyError)]
    assert failed == [2, 7, 12, 17]
    kept = [f"a{number}" for number in range(20) if number not in failed]
    assert await store_db.read(handles) == kept


async def test_error_comes_back_as_it_was_raised(store_db):
    with pytest.raises(KeyError, match="7"):
        await store_db.write(fail, 7)
    with pytest.raises(KeyError, match="7"):
        await asyncio.to_thread(store_db.write_now, fail, 7)

    def end(store):
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        store_db.write_now(end)
    assert store_db.write_now(put, 1) == "a1"


async def test_error_of_the_driver_comes_in_our_words(store_db):
    def twice(store):
        store.follows._sql.run("INSERT INTO tombstone VALUES ('x', 'y', 1)")
        store.follows._sql.run("INSERT INTO tombstone VALUES ('x', 'y', 1)")

    with pytest.raises(StorageError) as raised:
        await store_db.write(twice)
    assert isinstance(raised.value.__cause__, sqlite3.IntegrityError)
    assert await store_db.read(lambda store: store.tombstones.deleted_at("x")) is None


def test_writes_from_many_threads(store_db):
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda number: store_db.write_now(put, number), range(64)))
    assert sorted(results) == sorted(store_db.read_now(handles))


async def test_write_that_is_given_up_by_its_caller_may_still_happen_but_harms_nothing(store_db):
    go_on = threading.Event()
    held = asyncio.create_task(store_db.write(lambda _: go_on.wait(5)))
    given_up = asyncio.create_task(store_db.write(put, 1))
    await asyncio.sleep(0.01)
    given_up.cancel()
    after = asyncio.create_task(store_db.write(put, 2))
    await asyncio.sleep(0.01)
    go_on.set()
    await asyncio.gather(held, after)
    assert await store_db.read(handles) == ["a2"]


async def test_commit_is_told_until_told_otherwise(store_db):
    told = []
    stop = store_db.when_committed(lambda: told.append(store_db.path))
    await store_db.write(put, 1)
    assert len(told) == 1
    stop()
    await store_db.write(put, 2)
    assert len(told) == 1


# -- reading --------------------------------------------------------------------------------------


async def test_reader_sees_one_snapshot_whatever_is_written_meanwhile(store_db):
    await store_db.write(put, 1)
    seen, go_on = threading.Event(), threading.Event()

    def look_twice(store):
        before = handles(store)
        seen.set()
        assert go_on.wait(5)
        return before, handles(store)

    looking = asyncio.create_task(store_db.read(look_twice))
    await asyncio.to_thread(seen.wait, 5)
    await store_db.write(put, 2)
    go_on.set()
    assert await looking == (["a1"], ["a1"])
    assert await store_db.read(handles) == ["a1", "a2"]


async def test_reader_cannot_write(store_db):
    with pytest.raises(StorageError, match="readonly"):
        await store_db.read(put, 1)
    assert await store_db.read(handles) == []


async def test_error_of_a_read_comes_back_and_reading_goes_on(store_db):
    for _ in range(6):  # more than there are readers
        with pytest.raises(ZeroDivisionError):
            await store_db.read(lambda _: 1 // 0)
    assert await store_db.read(handles) == []


async def test_many_reads_at_once(store_db):
    await store_db.write(put, 1)
    assert await asyncio.gather(*(store_db.read(handles) for _ in range(50))) == [["a1"]] * 50


# -- its life -------------------------------------------------------------------------------------


def test_close_finishes_what_was_queued(tmp_path):
    database = new_database(tmp_path / "node.db")
    go_on = threading.Event()
    database._submit(lambda _: go_on.wait(5))
    waiting = [database._submit(put, number) for number in range(20)]
    closing = threading.Thread(target=database.close)
    closing.start()
    go_on.set()
    closing.join(5)
    assert [each.result(timeout=0) for each in waiting] == [f"a{n}" for n in range(20)]
    again = reopened(tmp_path / "node.db")
    assert again.read_now(handles) == [f"a{number}" for number in range(20)]
    again.close()


def reopened(path: Path) -> Database[NodeStore]:
    return new_database(path)  # its schema is there already


OTHER_PROCESS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("INSERT INTO tombstone VALUES ('https://x.example/', 'y', 1)")
connection.commit()
"""


def test_change_by_another_process_is_seen(store_db):
    assert store_db.has_changed()  # it was never asked
    assert not store_db.has_changed()
    command = [sys.executable, "-c", OTHER_PROCESS, os.fspath(store_db.path)]
    subprocess.run(command, check=True)  # noqa: S603 - our own interpreter
    assert store_db.has_changed()
    assert not store_db.has_changed()


def test_own_change_is_seen_too(store_db):
    store_db.has_changed()
    store_db.write_now(put, 1)
    assert store_db.has_changed()


@pytest.mark.parametrize("made", ["directory", "text", "nowhere"])
def test_what_is_no_database_is_refused(tmp_path, made):
    path = tmp_path / "node.db"
    if made == "directory":
        path.mkdir()
    elif made == "text":
        path.write_text("This is a letter and no database. " * 100)
    else:
        path = tmp_path / "no" / "such" / "folder" / "node.db"
    with pytest.raises(StorageError, match=r"node\.db"):
        connect(path)


def test_settings_of_a_connection_are_durable(tmp_path):
    connection = connect(tmp_path / "node.db")
    settings = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    connection.close()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


# -- when the disk is full, F04 -------------------------------------------------------------------


def full(store: NodeStore, *, pages: int = 0) -> None:
    """Let the file grow by no more than ``pages``."""
    sql = store.listings._sql
    row = sql.one("PRAGMA page_count")
    sql.all(f"PRAGMA max_page_count = {row[0] + pages}")


def roomy(store: NodeStore) -> None:
    store.listings._sql.all("PRAGMA max_page_count = 1000000")


def heavy(store: NodeStore, number: int) -> None:
    made = listing(number)
    store.listings.put(made, words="word " * 20_000, document=b"x" * 100_000)


async def test_full_disk_is_an_error_and_passes_f04(store_db, caplog):
    await store_db.write(put, 1)
    await store_db.write(full)
    with pytest.raises(StorageError):
        await store_db.write(heavy, 1)
    assert await store_db.read(handles) == ["a1"]  # reading goes on
    assert await store_db.read(lambda store: store.listings.find("listing-0001")) is None
    await store_db.write(roomy)
    await store_db.write(heavy, 2)
    found = await store_db.read(lambda store: store.listings.find("listing-0002"))
    assert found == listing(2)


async def test_full_disk_leaves_no_half_effect_f04(store_db, caplog):
    await store_db.write(full)
    results = await asyncio.gather(
        *(store_db.write(heavy, number) for number in range(3)),
        *(store_db.write(put, number) for number in range(3)),
        return_exceptions=True,
    )
    assert {type(each) for each in results[:3]} == {StorageError}
    await store_db.write(roomy)
    kept = [each for each in results[3:] if isinstance(each, str)]
    assert await store_db.read(handles) == kept
    for number in range(3):
        assert await store_db.read(lambda s, n=number: s.listings.find(f"listing-{n:04}")) is None


async def test_busy_database_fails_each_that_waits_but_not_the_writer_f06(store_db, caplog):
    store_db._writing.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(store_db.path, isolation_level=None, check_same_thread=False)
    go_on, begun = threading.Event(), threading.Event()

    def hold(store):
        begun.set()
        return go_on.wait(5)

    def then_lock() -> None:
        other.execute("BEGIN IMMEDIATE")
        stop()

    held = store_db._submit(hold)
    await asyncio.to_thread(begun.wait, 5)
    stop = store_db.when_committed(then_lock)  # on the writer's thread, between the two groups
    jobs = [store_db._submit(put, number) for number in range(3)]
    assert jobs[1].cancel()
    go_on.set()
    assert await asyncio.wrap_future(held)
    for number in (0, 2):
        with pytest.raises(StorageError, match="locked"):
            await asyncio.wait_for(asyncio.wrap_future(jobs[number]), 5)
    other.execute("ROLLBACK")
    other.close()
    assert await asyncio.wait_for(store_db.write(put, 9), 5) == "a9"
    assert await store_db.read(handles) == ["a9"]


def test_addresses_are_those_of_the_node(store_db):
    assert store_db.read_now(lambda store: store.addresses) == HERE
    assert store_db.read_now(lambda store: store.clock.now()) == NOW
