"""One SQLite database: a writer thread that commits what waits in groups, and a few readers.

A transaction is a plain function ``work(store, …)``: it is given to the writer (or a reader) and
runs there whole, so nothing can hold a transaction open across the network. Steps of the writer:
take everything that waits → BEGIN IMMEDIATE → each piece of work in its own savepoint, so that one
that fails undoes only itself → COMMIT, which with synchronous FULL means it is on disk → tell each
caller its result. The more callers wait, the more share one sync to disk.
"""

import logging
import queue
import sqlite3
import threading
import time
from asyncio import wrap_future
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from node.storage.sql import Sql, StorageError

T = TypeVar("T")
P = ParamSpec("P")
S = TypeVar("S")

log = logging.getLogger(__name__)

GROUP = 512  # pieces of work in one commit at the most
GROUP_SECONDS = 0.01  # after which a commit takes nothing more
READERS = 3
BUSY_SECONDS = 5.0  # how long to wait for another process that writes


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a connection with this house's settings; transactions are begun by hand.

    Raises StorageError for a file that cannot be opened or is no database.
    """
    mode = "ro" if read_only else "rwc"
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -16000")
        connection.execute("PRAGMA temp_store = MEMORY")
        if not read_only:
            connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as error:
        raise StorageError(f"cannot open the database {path.name}: {error}") from error
    return connection


@dataclass(slots=True)
class _Job(Generic[S]):
    work: Callable[[S], Any]
    result: "Future[Any]" = field(default_factory=Future)


class Database(Generic[S]):
    """The way to the store: ``read`` and ``write``, from async code or, for commands, in line."""

    def __init__(self, path: Path, store_on: Callable[[Sql], S]) -> None:
        """Open ``path``; ``store_on`` builds the store on a connection."""
        self.path = path
        self._store_on = store_on
        self._jobs: queue.SimpleQueue[_Job[S] | None] = queue.SimpleQueue()
        self._listeners: list[Callable[[], object]] = []
        self._writing = connect(path)
        self._watching = connect(path, read_only=True)
        self._version = -1
        self._local = threading.local()
        self._reading: list[sqlite3.Connection] = []
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="capx-read")
        self._writer = threading.Thread(target=self._write_all, name="capx-write", daemon=True)
        self._writer.start()

    # -- for async code -----------------------------------------------------------------------

    async def write(
        self, work: Callable[Concatenate[S, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``work(store, …)`` in one transaction; return its result when it is on disk.

        What ``work`` raises is raised here, and its changes are undone.
        """
        return await wrap_future(self._submit(work, *args, **kwargs))

    async def read(
        self, work: Callable[Concatenate[S, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``work(store, …)`` on one consistent snapshot."""
        return await wrap_future(self._readers.submit(self._read, _bound(work, *args, **kwargs)))

    # -- for commands -------------------------------------------------------------------------

    def write_now(
        self, work: Callable[Concatenate[S, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do as ``write`` does, and wait for it in this thread."""
        return self._submit(work, *args, **kwargs).result()

    def read_now(
        self, work: Callable[Concatenate[S, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do as ``read`` does, and wait for it in this thread."""
        return self._readers.submit(self._read, _bound(work, *args, **kwargs)).result()

    # -- its life -----------------------------------------------------------------------------

    def when_committed(self, call: Callable[[], object]) -> Callable[[], None]:
        """Have ``call`` called after each commit, on the writer's thread; return how to stop it."""
        self._listeners.append(call)
        return partial(self._listeners.remove, call)

    def has_changed(self) -> bool:
        """Say whether anyone, another process too, has committed since this was last asked."""
        version: int = self._watching.execute("PRAGMA data_version").fetchone()[0]
        before, self._version = self._version, version
        return version != before

    def close(self) -> None:
        """Finish what was begun, then let go of the file."""
        self._jobs.put(None)
        self._writer.join()
        self._readers.shutdown(wait=True)
        for connection in (*self._reading, self._watching, self._writing):
            connection.close()

    # -- readers ------------------------------------------------------------------------------

    def _read(self, work: Callable[[S], T]) -> T:
        connection = self._reader()
        connection.execute("BEGIN")
        try:
            return work(self._local.store)
        except sqlite3.Error as error:
            raise StorageError(f"the database cannot be read: {error}") from error
        finally:
            connection.execute("COMMIT")

    def _reader(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            connection = connect(self.path, read_only=True)
            self._reading.append(connection)
            self._local.connection = connection
            self._local.store = self._store_on(Sql(connection))
        found: sqlite3.Connection = self._local.connection
        return found

    # -- the writer ---------------------------------------------------------------------------

    def _submit(
        self, work: Callable[Concatenate[S, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        job: _Job[S] = _Job(_bound(work, *args, **kwargs))
        self._jobs.put(job)
        return job.result

    def _write_all(self) -> None:
        store = self._store_on(Sql(self._writing))
        waiting: deque[_Job[S]] = deque()
        is_over = False
        while waiting or not is_over:
            is_over = self._take_waiting(waiting) or is_over
            if waiting:
                self._commit(store, waiting)

    def _take_waiting(self, waiting: "deque[_Job[S]]") -> bool:
        """Add all jobs that wait, or the next one to come; say whether the end was asked for."""
        try:
            while (job := self._jobs.get(block=not waiting)) is not None:
                waiting.append(job)
        except queue.Empty:
            return False
        return True

    def _commit(self, store: S, waiting: "deque[_Job[S]]") -> None:
        """Do what waits in one transaction, as much as fits into the time of a group.

        A job that was done leaves ``waiting``; when no transaction can be had at all, every job
        leaves it and fails, so that none waits for the next to time out.
        """
        jobs = list(waiting)
        outcomes: list[Callable[[], None]] = []
        try:
            self._writing.execute("BEGIN IMMEDIATE")
            jobs = []
            until = time.monotonic() + GROUP_SECONDS
            while waiting and len(jobs) < GROUP and (not jobs or time.monotonic() < until):
                jobs.append(waiting.popleft())
                outcomes.append(self._attempt(store, jobs[-1]))
            self._writing.execute("COMMIT")
        except sqlite3.Error as error:
            if self._writing.in_transaction:
                self._writing.execute("ROLLBACK")
            log.exception("the database refused to commit")
            failure = StorageError(f"the database cannot be written: {error}")
            failure.__cause__ = error
            outcomes = [partial(_fail, job, failure) for job in jobs]
            if not outcomes or jobs[0] in waiting:
                waiting.clear()
        for call in tuple(self._listeners):
            call()
        for tell in outcomes:
            tell()

    def _attempt(self, store: S, job: _Job[S]) -> Callable[[], None]:
        """Do one piece of work in a savepoint; return how to tell its caller after the commit.

        Only what ended the whole transaction, such as a full disk, leaves this function.
        """
        if not job.result.set_running_or_notify_cancel():
            return lambda: None
        self._writing.execute("SAVEPOINT job")
        try:
            result = job.work(store)
        except BaseException as error:  # whatever it is, it belongs to the caller
            if not self._writing.in_transaction:
                raise
            self._writing.execute("ROLLBACK TO job")
            self._writing.execute("RELEASE job")
            return partial(job.result.set_exception, _in_our_words(error))
        self._writing.execute("RELEASE job")
        return partial(job.result.set_result, result)


def _bound(
    work: Callable[Concatenate[S, P], T], *args: P.args, **kwargs: P.kwargs
) -> Callable[[S], T]:
    return lambda store: work(store, *args, **kwargs)


def _fail(job: _Job[S], failure: StorageError) -> None:
    """Tell a caller of a failed commit, unless it has given up waiting."""
    result = job.result
    if result.running() or (not result.cancelled() and result.set_running_or_notify_cancel()):
        result.set_exception(failure)


def _in_our_words(error: BaseException) -> BaseException:
    if not isinstance(error, sqlite3.Error):
        return error
    translated = StorageError(f"the database refused: {error}")
    translated.__cause__ = error
    return translated
