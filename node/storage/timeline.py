"""Listings by their place in time, which a generated column holds: see step s006."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from catalogue.search import Query
from catalogue.timeline import NOTHING, Figures, Placed, Span
from node.storage.listings import _listing, _plan
from node.storage.sql import Row, Sql, from_time, in_list, to_optional_time


class Timeline:
    """The catalogue's timeline on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def slice(self, query: Query, span: Span, now: datetime) -> list[Placed]:
        """Return the part of what a query finds that lies in a span, newest first."""
        plan = _plan(query, now)
        if span.before is not None:
            plan.narrow("listing.place < :before", before=span.before)
        if span.after is not None:
            plan.narrow("listing.place > :after", after=span.after)
        if span.not_of is not None:
            plan.narrow("listing.node != :not_of", not_of=span.not_of)
        order = "ASC" if span.is_nearest else "DESC"
        rows = self._sql.all(
            f"SELECT listing.* {plan.source()} ORDER BY listing.place {order} LIMIT :limit",
            **plan.values,
            limit=span.limit,
        )
        return sorted(map(_placed, rows), key=lambda each: -each.place)

    def find(self, place: int) -> Placed | None:
        """Return the listing at this place, or None."""
        row = self._sql.one("SELECT * FROM listing WHERE place = :place", place=place)
        return _placed(row) if row else None

    def places(self, ids: Sequence[str]) -> dict[str, int]:
        """Return the places of those of ``ids`` that are here."""
        names, values = in_list("id", ids)
        rows = self._sql.all(f"SELECT id, place FROM listing WHERE id IN {names}", **values)
        return {row["id"]: row["place"] for row in rows}

    def figures(self, uris: Iterable[str], now: datetime) -> dict[str, Figures]:
        """Return for each of these actors how much there is of it."""
        wanted = sorted(set(uris))
        names, values = in_list("uri", wanted)
        rows = self._sql.all(
            f"""
            SELECT by_uri AS uri, count(*) AS listings, max(published_at) AS newest,
                (SELECT count(*) FROM follow WHERE followed = by_uri AND state = 'accepted')
                    AS followers
            FROM listing WHERE by_uri IN {names} AND visibility = 'public' AND status = 'open'
                AND (until_at IS NULL OR until_at > :now)
            GROUP BY by_uri
            UNION ALL
            SELECT followed, 0, NULL, count(*) FROM follow
            WHERE followed IN {names} AND state = 'accepted' GROUP BY followed
            """,
            **values,
            now=from_time(now),
        )
        found = dict.fromkeys(wanted, NOTHING)
        for row in rows:
            if row["listings"] or found[row["uri"]] is NOTHING:
                found[row["uri"]] = Figures(
                    listings=row["listings"],
                    newest=to_optional_time(row["newest"]),
                    followers=row["followers"],
                )
        return found


def _placed(row: Row) -> Placed:
    return Placed(place=row["place"], listing=_listing(row))
