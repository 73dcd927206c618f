"""Consents to quotes on their shelf: one for each quote of a listing."""

from federation.model import QuoteStamp
from node.storage.sql import Row, Sql, from_time, to_time


class Quotes:
    """Federation's shelf of consents on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def find(self, stamp_id: str) -> QuoteStamp | None:
        """Return a consent by its local id, or None."""
        row = self._sql.one("SELECT * FROM quote_stamp WHERE id = :id", id=stamp_id)
        return _stamp(row) if row else None

    def find_for(self, *, listing: str, quote: str) -> QuoteStamp | None:
        """Return the consent to one quote of a listing, or None."""
        row = self._sql.one(
            "SELECT * FROM quote_stamp WHERE listing_uri = :listing AND quote_uri = :quote",
            listing=listing,
            quote=quote,
        )
        return _stamp(row) if row else None

    def put(self, stamp: QuoteStamp) -> None:
        """Store a consent; one that was given before stays."""
        self._sql.run(
            """
            INSERT INTO quote_stamp (id, listing_uri, quote_uri, asker, made_at)
            VALUES (:id, :listing, :quote, :asker, :made_at)
            ON CONFLICT DO NOTHING
            """,
            id=stamp.id,
            listing=stamp.listing,
            quote=stamp.quote,
            asker=stamp.asker,
            made_at=from_time(stamp.made),
        )

    def list_of(self, listing: str) -> list[QuoteStamp]:
        """Return every consent to quote a listing, oldest first."""
        rows = self._sql.all(
            "SELECT * FROM quote_stamp WHERE listing_uri = :listing ORDER BY made_at, id",
            listing=listing,
        )
        return [_stamp(row) for row in rows]

    def remove_by(self, asker: str, *, quote: str | None = None) -> int:
        """Forget the consents that somebody was given, to one quote or to all; return how many."""
        return self._sql.run(
            """
            DELETE FROM quote_stamp
            WHERE asker = :asker AND (:quote IS NULL OR quote_uri = :quote)
            """,
            quote=quote,
            asker=asker,
        )

    def remove_of(self, listing: str) -> None:
        """Forget every consent to quote a listing."""
        self._sql.run("DELETE FROM quote_stamp WHERE listing_uri = :listing", listing=listing)


def _stamp(row: Row) -> QuoteStamp:
    return QuoteStamp(
        id=row["id"],
        listing=row["listing_uri"],
        quote=row["quote_uri"],
        asker=row["asker"],
        made=to_time(row["made_at"]),
    )
