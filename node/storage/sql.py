"""The seam to the database driver: three verbs, and its errors in our words.

SQL is portable text with ``:name`` parameters; times are integer milliseconds since 1970 (UTC) and
structured values are JSON text, both turned into Python here.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from catalogue.errors import Unavailable

Row = sqlite3.Row
Values = Mapping[str, Any]


class StorageError(Unavailable):
    """The database cannot do what it was asked now: full, read-only, locked or damaged."""


class Sql:
    """One connection, seen as three verbs."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self, text: str, **values: Any) -> list[Row]:
        """Return every row that a statement gives."""
        return self._connection.execute(text, values).fetchall()

    def one(self, text: str, **values: Any) -> Row | None:
        """Return the first row, or None."""
        row: Row | None = self._connection.execute(text, values).fetchone()
        return row

    def run(self, text: str, **values: Any) -> int:
        """Change something; return how many rows were touched."""
        return self._connection.execute(text, values).rowcount

    def run_each(self, text: str, rows: Iterable[Values]) -> None:
        """Change something once for each of ``rows``."""
        self._connection.executemany(text, rows)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def from_time(moment: datetime) -> int:
    """Return a time as it is stored."""
    return (moment - _EPOCH) // _MILLISECOND


def to_time(stored: int) -> datetime:
    """Return a stored time."""
    return _EPOCH + stored * _MILLISECOND


def from_optional_time(moment: datetime | None) -> int | None:
    """Return a time, or its absence, as it is stored."""
    return None if moment is None else from_time(moment)


def to_optional_time(stored: int | None) -> datetime | None:
    """Return a stored time, or its absence."""
    return None if stored is None else to_time(stored)


def from_json(value: Any) -> str:
    """Return a structured value as it is stored: compact, in its own script, order kept."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def to_json(stored: str) -> Any:
    """Return a stored structured value."""
    return json.loads(stored)


def in_list(name: str, values: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """Return ``(:name0, :name1, …)`` and its parameters, for an IN of unknown length."""
    names = [f"{name}{index}" for index in range(len(values))]
    return f"({', '.join(':' + each for each in names)})", dict(zip(names, values, strict=True))
