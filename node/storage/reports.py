"""Reports about what is here, for stewards to read."""

from datetime import datetime

from federation.guard import host_of
from federation.model import Report
from node.storage.sql import (
    Row,
    Sql,
    from_json,
    from_time,
    to_json,
    to_optional_time,
    to_time,
)


class Reports:
    """Federation's shelf of reports on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def add(
        self, uri: str, *, actor: str, content: str, about: tuple[str, ...], at: datetime
    ) -> bool:
        """Keep a report; return False for one that this actor has made before."""
        touched = self._sql.run(
            """
            INSERT INTO report (uri, actor, content, about, received_at)
            VALUES (:uri, :actor, :content, :about, :at) ON CONFLICT DO NOTHING
            """,
            uri=uri,
            actor=actor,
            content=content,
            about=from_json(sorted(about)),
            at=from_time(at),
        )
        return touched == 1

    def find(self, number: int) -> Report | None:
        """Return the report with this number, or None."""
        row = self._sql.one("SELECT * FROM report WHERE seq = :seq", seq=number)
        return _report(row) if row else None

    def list_open(self, limit: int) -> list[Report]:
        """Return the reports that nobody has closed, oldest first."""
        rows = self._sql.all(
            "SELECT * FROM report WHERE closed_at IS NULL ORDER BY seq LIMIT :limit", limit=limit
        )
        return [_report(row) for row in rows]

    def count_open(self, host: str | None = None) -> int:
        """Count the open reports, of one host or all."""
        if host is None:
            row = self._sql.one("SELECT count(*) AS number FROM report WHERE closed_at IS NULL")
            return int(row["number"]) if row else 0
        rows = self._sql.all("SELECT actor FROM report WHERE closed_at IS NULL")
        return sum(host_of(row["actor"]) == host for row in rows)

    def close(self, number: int, at: datetime) -> bool:
        """Close a report; return False for one that is not open."""
        touched = self._sql.run(
            "UPDATE report SET closed_at = :at WHERE seq = :seq AND closed_at IS NULL",
            seq=number,
            at=from_time(at),
        )
        return touched == 1


def _report(row: Row) -> Report:
    return Report(
        number=row["seq"],
        uri=row["uri"],
        actor=row["actor"],
        content=row["content"],
        about=tuple(to_json(row["about"])),
        received=to_time(row["received_at"]),
        closed=to_optional_time(row["closed_at"]),
    )
