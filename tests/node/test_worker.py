"""Stations work until there is nothing, rest until they are called, and outlive a mishap."""

import asyncio
import logging
import os
import subprocess
import sys
from datetime import timedelta

import pytest

from node.worker import Station, Worker, every
from tests.samples import NOW, FixedClock, actor


@pytest.fixture
def station(store_db):
    def make(work, next_due=lambda _: None):
        return Station("test", work, next_due, store_db, FixedClock())

    return make


@pytest.fixture
async def worker(store_db):
    made = Worker(store_db)
    yield made
    await made.stop()


async def happens(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


async def test_station_works_until_there_is_nothing(worker, station):
    left, calls = [3, 2, 1], []

    async def work():
        calls.append(1)
        return left.pop() if left else 0

    worker.add(station(work))
    worker.start()
    await happens(lambda: len(calls) == 4)
    await asyncio.sleep(0.05)
    assert len(calls) == 4
    assert worker.is_alive


async def test_commit_calls_every_station(worker, station, store_db):
    calls = []

    async def work():
        calls.append(1)
        return 0

    worker.add(station(work))
    worker.start()
    await happens(lambda: len(calls) >= 1)
    before = len(calls)
    await store_db.write(lambda store: store.actors.put(actor("a")))
    await happens(lambda: len(calls) > before)


async def test_station_that_goes_by_the_clock_is_not_called(worker, station, store_db):
    calls = []

    async def work():
        calls.append(1)
        return 0

    worker.add(station(work), by_call=False)
    worker.start()
    await happens(lambda: len(calls) == 1)
    worker.call()
    await store_db.write(lambda store: store.actors.put(actor("a")))
    await asyncio.sleep(0.05)
    assert len(calls) == 1


async def test_station_wakes_when_something_falls_due(worker, station):
    calls = []

    async def work():
        calls.append(1)
        return 0

    worker.add(station(work, lambda _: NOW + timedelta(milliseconds=20)))
    worker.start()
    await happens(lambda: len(calls) >= 3)


async def test_station_outlives_a_mishap(worker, station, monkeypatch, caplog):
    monkeypatch.setattr("node.worker.REST_SECONDS", 0.01)
    caplog.set_level(logging.CRITICAL)
    calls = []

    async def work():
        calls.append(1)
        if len(calls) < 3:
            raise ZeroDivisionError
        return 0

    worker.add(station(work))
    worker.start()
    await happens(lambda: len(calls) == 3)
    assert worker.is_alive


async def test_one_that_stumbles_or_waits_holds_up_no_other(worker, station, caplog):
    caplog.set_level(logging.CRITICAL)
    calls = []

    async def stumble():
        raise RuntimeError

    async def hang():
        await asyncio.sleep(3600)
        return 0

    async def work():
        calls.append(1)
        return 0

    for each in (stumble, hang, work):
        worker.add(station(each))
    worker.start()
    await happens(lambda: bool(calls))
    assert worker.is_alive


OTHER_PROCESS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("INSERT INTO tombstone VALUES ('https://x.example/', 'y', 1)")
connection.commit()
"""


async def test_commit_of_another_process_is_noticed(worker, station, store_db):
    calls = []

    async def work():
        calls.append(1)
        return 0

    worker.add(station(work))
    worker.start()
    await asyncio.sleep(0.4)  # the watch has looked once
    before = len(calls)
    command = [sys.executable, "-c", OTHER_PROCESS, os.fspath(store_db.path)]
    await asyncio.to_thread(subprocess.run, command, check=True)
    await happens(lambda: len(calls) > before)


async def test_stopped_worker_calls_nobody(store_db, station):
    worker = Worker(store_db)
    calls = []

    async def work():
        calls.append(1)
        return 0

    worker.add(station(work))
    assert not worker.is_alive
    worker.start()
    await happens(lambda: bool(calls))
    await worker.stop()
    before = len(calls)
    await store_db.write(lambda store: store.actors.put(actor("a")))
    await asyncio.sleep(0.02)
    assert len(calls) == before
    assert not worker.is_alive


def test_every_is_an_interval_ahead():
    assert every(FixedClock(), timedelta(minutes=1))(None) == NOW + timedelta(minutes=1)
