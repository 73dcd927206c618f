"""When each peer's catalogue is compared with what is held of it here, and how that went."""

from datetime import datetime

from federation.model import Comparison
from node.storage.sql import Row, Sql, from_time, to_optional_time, to_time


class Comparisons:
    """Federation's shelf of comparisons on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def schedule(self, actor: str, *, host: str, due: datetime) -> None:
        """Compare with a peer's catalogue at ``due``, or before when that was meant already."""
        self._sql.run(
            """
            INSERT INTO comparison (actor, host, due_at, regular_at, attempts, fetches)
            VALUES (:actor, :host, :due, :due, 0, 0)
            ON CONFLICT (actor) DO UPDATE SET due_at = min(due_at, excluded.due_at)
            """,
            actor=actor,
            host=host,
            due=from_time(due),
        )

    def find(self, actor: str) -> Comparison | None:
        """Return how comparing with a peer stands, or None."""
        row = self._sql.one("SELECT * FROM comparison WHERE actor = :actor", actor=actor)
        return _comparison(row) if row else None

    def list_at(self, host: str) -> list[Comparison]:
        """Return the catalogues of a host that are compared."""
        rows = self._sql.all("SELECT * FROM comparison WHERE host = :host", host=host)
        return [_comparison(row) for row in rows]

    def list_due(self, now: datetime, limit: int) -> list[Comparison]:
        """Return what is due, the one that waited longest first."""
        rows = self._sql.all(
            "SELECT * FROM comparison WHERE due_at <= :now ORDER BY due_at, actor LIMIT :limit",
            now=from_time(now),
            limit=limit,
        )
        return [_comparison(row) for row in rows]

    def hint(self, actor: str, *, digest: bytes, due: datetime) -> None:
        """Note what a peer says its digest is, to be looked at by ``due``."""
        self._sql.run(
            """
            UPDATE comparison SET hint = :digest, due_at = min(due_at, :due) WHERE actor = :actor
            """,
            actor=actor,
            digest=digest,
            due=from_time(due),
        )

    def put(self, comparison: Comparison) -> None:
        """Store how comparing with a peer stands, if it still is compared with.

        What was hinted at or asked for since it began is kept.
        """
        self._sql.run(
            """
            UPDATE comparison SET
                due_at = CASE WHEN due_at IS :began THEN :due ELSE min(due_at, :due) END,
                regular_at = :regular, hint = CASE WHEN hint IS :hint THEN NULL ELSE hint END,
                attempts = :attempts, fetches = :fetches, counted_from = :counted_from,
                read_at = :read, asked_at = :asked, agreed_at = :agreed, reason = :reason
            WHERE actor = :actor
            """,
            actor=comparison.actor,
            began=from_time(comparison.began) if comparison.began else None,
            due=from_time(comparison.due),
            regular=from_time(comparison.regular),
            hint=comparison.hint,
            attempts=comparison.attempts,
            fetches=comparison.fetches,
            counted_from=_optional(comparison.counted_from),
            read=_optional(comparison.read),
            asked=_optional(comparison.asked),
            agreed=_optional(comparison.agreed),
            reason=comparison.reason,
        )

    def wake_beyond(self, moment: datetime, now: datetime) -> None:
        """Make due what is not due before ``moment``: a clock that was wrong has put it off."""
        self._sql.run(
            """
            UPDATE comparison SET due_at = :now, regular_at = :now
            WHERE due_at > :moment OR regular_at > :moment
            """,
            moment=from_time(moment),
            now=from_time(now),
        )

    def forget(self, actor: str) -> None:
        """Compare with a peer no more."""
        self._sql.run("DELETE FROM comparison WHERE actor = :actor", actor=actor)

    def next_due_at(self) -> datetime | None:
        """Return when the next one is due, or None."""
        row = self._sql.one("SELECT min(due_at) AS due FROM comparison")
        return to_time(row["due"]) if row and row["due"] is not None else None


def _optional(moment: datetime | None) -> int | None:
    return None if moment is None else from_time(moment)


def _comparison(row: Row) -> Comparison:
    return Comparison(
        actor=row["actor"],
        host=row["host"],
        due=to_time(row["due_at"]),
        regular=to_time(row["regular_at"]),
        began=to_time(row["due_at"]),
        hint=row["hint"],
        attempts=row["attempts"],
        fetches=row["fetches"],
        counted_from=to_optional_time(row["counted_from"]),
        read=to_optional_time(row["read_at"]),
        asked=to_optional_time(row["asked_at"]),
        agreed=to_optional_time(row["agreed_at"]),
        reason=row["reason"],
    )
