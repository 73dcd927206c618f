"""What this node said: its activities, as they went out."""

from collections.abc import Iterable

from federation.model import Sent
from node.storage.sql import Row, Sql, from_time, in_list, to_time


class Activities:
    """Federation's shelf of own activities on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def put(self, sent: Sent) -> None:
        """Store an activity; an id is used once, so a repeat changes nothing."""
        self._sql.run(
            """
            INSERT INTO activity (uri, actor, body, is_public, published_at)
            VALUES (:uri, :actor, :body, :is_public, :published_at)
            ON CONFLICT (uri) DO NOTHING
            """,
            uri=sent.uri,
            actor=sent.actor,
            body=sent.body,
            is_public=sent.is_public,
            published_at=from_time(sent.published),
        )

    def find(self, uri: str) -> Sent | None:
        """Return an activity by its id, or None."""
        row = self._sql.one("SELECT * FROM activity WHERE uri = :uri", uri=uri)
        return _sent(row) if row else None

    def hide(self, about: str) -> None:
        """Show no more what was said in public about something that is gone.

        The ids of its Create and its Updates are its own with ``/…`` or ``#…`` behind it.
        """
        self._sql.run(
            """
            UPDATE activity SET is_public = 0
            WHERE uri > :about || '#' AND uri < :about || '0' AND is_public
            """,
            about=about,
        )

    def forget(self, about: str) -> None:
        """Forget what was said about something that is gone, but for what is still on its way.

        That is only shown no more: whatever says that it is gone must not overtake it.
        """
        self.hide(about)
        self._sql.run(
            """
            DELETE FROM delivery WHERE state = 'dead'
                AND activity > :about || '#' AND activity < :about || '0'
            """,
            about=about,
        )
        self._sql.run(
            """
            DELETE FROM activity WHERE uri > :about || '#' AND uri < :about || '0'
                AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.activity = activity.uri)
            """,
            about=about,
        )

    def replace_body(self, uri: str, body: bytes) -> None:
        """Store other bytes of the same activity: its proof was made anew."""
        self._sql.run("UPDATE activity SET body = :body WHERE uri = :uri", uri=uri, body=body)

    def list_containing(
        self, actor: str, needle: bytes, *, after: str | None, limit: int
    ) -> list[Sent]:
        """Return an actor's activities whose bytes contain ``needle``, oldest first."""
        rows = self._sql.all(
            """
            SELECT * FROM activity WHERE actor = :actor AND instr(body, :needle) > 0
                AND seq > coalesce((SELECT seq FROM activity WHERE uri = :after), 0)
            ORDER BY seq LIMIT :limit
            """,
            actor=actor,
            needle=needle,
            after=after,
            limit=limit,
        )
        return [_sent(row) for row in rows]

    def known_among(self, uris: Iterable[str]) -> set[str]:
        """Return those of ``uris`` that this node has said."""
        names, values = in_list("uri", sorted(set(uris)))
        rows = self._sql.all(f"SELECT uri FROM activity WHERE uri IN {names}", **values)
        return {row["uri"] for row in rows}

    def count_public(self, actor: str) -> int:
        """Count an actor's public activities."""
        row = self._sql.one(
            "SELECT count(*) AS n FROM activity WHERE actor = :actor AND is_public", actor=actor
        )
        return row["n"] if row else 0

    def list_public(self, actor: str, *, before: str | None, limit: int) -> list[Sent]:
        """Return an actor's public activities, newest first, those before the activity ``before``.

        A cursor that is no activity of this node gives the first page.
        """
        rows = self._sql.all(
            """
            SELECT * FROM activity WHERE actor = :actor AND is_public
                AND seq < coalesce((SELECT seq FROM activity WHERE uri = :before), 1 << 62)
            ORDER BY seq DESC LIMIT :limit
            """,
            actor=actor,
            before=before,
            limit=limit,
        )
        return [_sent(row) for row in rows]


def _sent(row: Row) -> Sent:
    return Sent(
        uri=row["uri"],
        actor=row["actor"],
        body=row["body"],
        published=to_time(row["published_at"]),
        is_public=bool(row["is_public"]),
    )
