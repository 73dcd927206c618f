"""Matches on their shelf: pairs of a need and an offer, with the reasons of their score."""

from collections.abc import Sequence

from catalogue.model import Kind, Match, Reason
from node.storage.sql import Sql, from_json, to_json


class Matches:
    """The catalogue's match shelf on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def replace(self, listing_id: str, matches: Sequence[Match]) -> None:
        """Put ``matches`` in the place of all that ``listing_id`` had, as offer or as need.

        A match with a listing that went since it was found is left out.
        """
        self._sql.run("DELETE FROM listing_match WHERE need = :id OR offer = :id", id=listing_id)
        self._sql.run_each(
            """
            INSERT INTO listing_match (need, offer, score, reasons)
            SELECT :need, :offer, :score, :reasons
            WHERE EXISTS (SELECT 1 FROM listing WHERE id = :need)
                AND EXISTS (SELECT 1 FROM listing WHERE id = :offer)
            """,
            [
                {
                    "need": match.need,
                    "offer": match.offer,
                    "score": match.score,
                    "reasons": from_json([_from_reason(reason) for reason in match.reasons]),
                }
                for match in matches
            ],
        )

    def ask(self, listing_id: str) -> None:
        """Put a listing into the queue of those to be matched, or again behind all others."""
        self._sql.run("DELETE FROM match_due WHERE listing_id = :id", id=listing_id)
        self._sql.run("INSERT INTO match_due (listing_id) VALUES (:id)", id=listing_id)

    def ask_all(self, ids: Sequence[str]) -> None:
        """Put listings that are new into the queue, behind all others."""
        self._sql.run(
            "INSERT INTO match_due (listing_id) SELECT value FROM json_each(:ids)",
            ids=from_json(ids),
        )

    def is_due(self, listing_id: str) -> bool:
        """Say whether a listing waits to be matched."""
        found = self._sql.one("SELECT 1 FROM match_due WHERE listing_id = :id", id=listing_id)
        return found is not None

    def list_due(self, limit: int) -> list[tuple[int, str]]:
        """Return the listings that have waited longest, each with its place in the queue."""
        rows = self._sql.all("SELECT * FROM match_due ORDER BY seq LIMIT :limit", limit=limit)
        return [(row["seq"], row["listing_id"]) for row in rows]

    def done(self, seq: int) -> None:
        """Take a place out of the queue; who asked again since then has another place."""
        self._sql.run("DELETE FROM match_due WHERE seq = :seq", seq=seq)

    def best(self, listing_id: str, kind: Kind, limit: int) -> list[Match]:
        """Return the best matches of a listing, best first; equal scores in a fixed order."""
        side = _side(kind)
        rows = self._sql.all(
            f"""
            SELECT * FROM listing_match WHERE {side} = :id
            ORDER BY score DESC, need, offer LIMIT :limit
            """,
            id=listing_id,
            limit=limit,
        )
        return [
            Match(
                need=row["need"],
                offer=row["offer"],
                score=row["score"],
                reasons=tuple(_to_reason(stored) for stored in to_json(row["reasons"])),
            )
            for row in rows
        ]


def _side(kind: Kind) -> str:
    return "need" if kind is Kind.NEED else "offer"


def _from_reason(reason: Reason) -> list[object]:
    return [reason.term, reason.value, reason.weight, reason.why, list(reason.about)]


def _to_reason(stored: list[object]) -> Reason:
    term, value, weight, why, about = stored
    return Reason(
        term=str(term),
        value=float(str(value)),
        weight=float(str(weight)),
        why=str(why),
        about=tuple(about) if isinstance(about, list) else (),
    )
