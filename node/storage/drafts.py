"""Drafts on their shelf: listings that others ask for."""

from catalogue.correspondence import Draft, DraftState
from catalogue.language import LanguageMap
from catalogue.model import Kind
from node.storage.sql import Row, Sql, from_json, from_time, to_json, to_time


class Drafts:
    """The catalogue's shelf of drafts on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def find(self, draft_id: str) -> Draft | None:
        """Return a draft, or None."""
        row = self._sql.one("SELECT * FROM draft WHERE id = :id", id=draft_id)
        return _draft(row) if row else None

    def find_by_message(self, message_id: str) -> Draft | None:
        """Return the draft that a message asked for, or None."""
        row = self._sql.one("SELECT * FROM draft WHERE message_id = :id", id=message_id)
        return _draft(row) if row else None

    def put(self, draft: Draft) -> None:
        """Store a draft, new or changed."""
        self._sql.run(
            """
            INSERT INTO draft (id, message_id, kind, title, text, capacities, state, listing_id,
                reason, filed_at, updated_at)
            VALUES (:id, :message, :kind, :title, :said, :capacities, :state, :listing, :reason,
                :filed_at, :updated_at)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state,
                listing_id = excluded.listing_id, reason = excluded.reason,
                updated_at = excluded.updated_at
            """,
            id=draft.id,
            message=draft.message,
            kind=draft.kind,
            title=from_json(dict(draft.title)),
            said=from_json(dict(draft.text)),
            capacities=from_json(draft.capacities),
            state=draft.state,
            listing=draft.listing,
            reason=draft.reason,
            filed_at=from_time(draft.filed),
            updated_at=from_time(draft.updated),
        )

    def remove(self, draft_id: str) -> None:
        """Take a draft off the shelf."""
        self._sql.run("DELETE FROM draft WHERE id = :id", id=draft_id)

    def list_newest(self, *, waiting: bool, limit: int) -> list[Draft]:
        """Return drafts, the newest first: those that wait, or all."""
        rows = self._sql.all(
            """
            SELECT * FROM draft WHERE state = 'waiting' OR NOT :waiting
            ORDER BY updated_at DESC, id DESC LIMIT :limit
            """,
            waiting=waiting,
            limit=limit,
        )
        return [_draft(row) for row in rows]

    def count_waiting(self, *, author: str | None = None) -> int:
        """Count the drafts that wait, of one author or in all."""
        row = self._sql.one(
            """
            SELECT count(*) AS n FROM draft JOIN message ON message.id = draft.message_id
            WHERE state = 'waiting' AND (:author IS NULL OR author = :author)
            """,
            author=author,
        )
        return row["n"] if row else 0


def _draft(row: Row) -> Draft:
    return Draft(
        id=row["id"],
        message=row["message_id"],
        kind=Kind(row["kind"]),
        title=LanguageMap(to_json(row["title"])),
        text=LanguageMap(to_json(row["text"])),
        capacities=tuple(to_json(row["capacities"])),
        state=DraftState(row["state"]),
        listing=row["listing_id"],
        reason=row["reason"],
        filed=to_time(row["filed_at"]),
        updated=to_time(row["updated_at"]),
    )
