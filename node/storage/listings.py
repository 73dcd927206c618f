"""Listings on their shelf: the rows, the facets they are narrowed by, the words they are found by.

Filters are put together from fixed pieces of SQL and named parameters; what people type reaches the
database only as a parameter, and search words only as quoted literals of FTS5.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalogue.digest import bucket_of
from catalogue.errors import Invalid, Problem
from catalogue.language import LanguageMap, primary
from catalogue.model import Category, Kind, Listing, Mode, Status, Visibility
from catalogue.policy import Viewer
from catalogue.search import Counts, Facet, Hit, Page, Query
from node.storage.digests import Digests
from node.storage.sql import (
    Row,
    Sql,
    from_json,
    from_optional_time,
    from_time,
    in_list,
    to_json,
    to_optional_time,
    to_time,
)

_COLUMN_FACETS = {
    Facet.KIND: "kind",
    Facet.CATEGORY: "category",
    Facet.MODE: "mode",
    Facet.NODE: "node",
}


class Listings:
    """The catalogue's listing shelf on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._digests = Digests(sql)

    def find(self, listing_id: str) -> Listing | None:
        """Return the listing with this local id, or None."""
        row = self._sql.one("SELECT * FROM listing WHERE id = :id", id=listing_id)
        return _listing(row) if row else None

    def find_by_uri(self, uri: str) -> Listing | None:
        """Return the listing with this URI, or None."""
        row = self._sql.one("SELECT * FROM listing WHERE uri = :uri", uri=uri)
        return _listing(row) if row else None

    def find_many(self, ids: Sequence[str]) -> list[Listing]:
        """Return those of ``ids`` that are here, in the order asked."""
        names, values = in_list("id", ids)
        rows = self._sql.all(f"SELECT * FROM listing WHERE id IN {names}", **values)
        known = {row["id"]: _listing(row) for row in rows}
        return [known[each] for each in ids if each in known]

    def put(self, listing: Listing, *, words: str, document: bytes | None = None) -> None:
        """Store a listing, new or changed, and index its folded ``words``."""
        if before := self._before(listing.id):
            self._unindex(before["seq"], before["words"])
            self._digests.take(before)
        row = self._sql.one(
            """
            INSERT INTO listing (id, uri, url, by_uri, node, bucket, kind, category, mode,
                visibility, status, until_at, published_at, updated_at, content, words, document)
            VALUES (:id, :uri, :url, :by_uri, :node, :bucket, :kind, :category, :mode,
                :visibility, :status, :until_at, :published_at, :updated_at, :content, :words,
                :document)
            ON CONFLICT (id) DO UPDATE SET url = excluded.url, kind = excluded.kind,
                category = excluded.category, mode = excluded.mode,
                visibility = excluded.visibility, status = excluded.status,
                until_at = excluded.until_at, published_at = excluded.published_at,
                updated_at = excluded.updated_at, content = excluded.content,
                words = excluded.words, document = excluded.document
            RETURNING seq, uri, by_uri, node, visibility, status, updated_at
            """,
            **_columns(listing),
            words=words,
            document=document,
        )
        assert row is not None  # noqa: S101 - RETURNING gives the row that was written
        self._index(row["seq"], words, listing)
        self._digests.add(row)

    def put_new(self, entries: Sequence[tuple[Listing, str, bytes]]) -> None:
        """Do as ``put`` does for listings that are not here, each with its words and document."""
        last = self._sql.one("SELECT coalesce(max(seq), 0) AS seq FROM listing")
        before = last["seq"] if last else 0
        numbered = list(enumerate(entries, before + 1))
        rows = [
            {**_columns(listing), "seq": seq, "words": words, "document": document}
            for seq, (listing, words, document) in numbered
        ]
        self._sql.run_each(
            """
            INSERT INTO listing (seq, id, uri, url, by_uri, node, bucket, kind, category, mode,
                visibility, status, until_at, published_at, updated_at, content, words, document)
            VALUES (:seq, :id, :uri, :url, :by_uri, :node, :bucket, :kind, :category, :mode,
                :visibility, :status, :until_at, :published_at, :updated_at, :content, :words,
                :document)
            """,
            rows,
        )
        self._put_facets(
            (facet, value, seq)
            for seq, (listing, _, _) in numbered
            for facet, value in dict.fromkeys(_facets(listing))
        )
        self._sql.run(
            """
            INSERT INTO listing_words (rowid, words)
            SELECT seq, words FROM listing WHERE seq > :before ORDER BY seq
            """,
            before=before,
        )
        self._digests.add_all(rows)

    def known_among(self, uris: Sequence[str]) -> set[str]:
        """Return those of ``uris`` that listings here have."""
        rows = self._sql.all(
            "SELECT uri FROM listing WHERE uri IN (SELECT value FROM json_each(:uris))",
            uris=from_json(uris),
        )
        return {row["uri"] for row in rows}

    def words(self, listing_id: str) -> str:
        """Return the folded words of a listing, as they were indexed."""
        row = self._sql.one("SELECT words FROM listing WHERE id = :id", id=listing_id)
        return row["words"] if row else ""

    def document(self, listing_id: str) -> bytes | None:
        """Return the document a listing came from, as received; None for one made here."""
        row = self._sql.one("SELECT document FROM listing WHERE id = :id", id=listing_id)
        return row["document"] if row else None

    def remove(self, listing_id: str) -> None:
        """Take a listing off the shelf together with its facets and matches."""
        if row := self._before(listing_id):
            self._unindex(row["seq"], row["words"])
            self._digests.take(row)
            self._sql.run("DELETE FROM listing WHERE seq = :seq", seq=row["seq"])

    def search(self, query: Query, now: datetime) -> Page:
        """Answer a query, counting what has not passed its last day at ``now``."""
        plan = _plan(query, now)
        total = self._sql.one(f"SELECT count(*) AS n {plan.source()}", **plan.values)
        after = _after(query)
        rows = self._sql.all(
            f"""
            SELECT listing.*, {plan.rank} AS rank {plan.source(after.condition)}
            ORDER BY {plan.order} LIMIT :limit
            """,
            **plan.values,
            **after.values,
            limit=query.limit + 1,
        )
        shown = rows[: query.limit]
        return Page(
            total=total["n"] if total else 0,
            hits=tuple(Hit(listing=_listing(row), score=round(-row["rank"], 4)) for row in shown),
            next=_cursor(query, shown[-1]) if len(rows) > len(shown) else None,
        )

    def counts(self, query: Query, now: datetime) -> Counts:
        """Count the hits of a query by facet; a facet's own choice does not narrow its counts."""
        return {facet: self._count(facet, _plan(query, now, without=facet)) for facet in Facet}

    def _count(self, facet: Facet, plan: "_Plan") -> tuple[tuple[str, int], ...]:
        if facet in _COLUMN_FACETS:
            value, source = f"listing.{_COLUMN_FACETS[facet]}", plan.source()
        else:
            value = "listing_facet.value"
            source = plan.source(
                "listing_facet.facet = :facet",
                join="JOIN listing_facet ON listing_facet.listing_seq = listing.seq",
            )
        rows = self._sql.all(
            f"SELECT {value} AS value, count(*) AS n {source} GROUP BY 1 ORDER BY n DESC, value",
            **plan.values,
            facet=facet.value,
        )
        return tuple((row["value"], row["n"]) for row in rows)

    def candidates(
        self,
        listing: Listing,
        *,
        capacities: Sequence[str],
        words: Sequence[str],
        limit: int,
        now: datetime,
    ) -> list[tuple[Listing, str]]:
        """Return open listings of the other kind that share a capacity or a rare word with it."""
        names, values = in_list("capacity", capacities)
        rows = self._sql.all(
            f"""
            SELECT * FROM listing
            WHERE kind = :kind AND status = 'open' AND (until_at IS NULL OR until_at > :now)
                AND by_uri != :by AND seq IN (
                    SELECT listing_seq FROM listing_facet
                    WHERE facet = 'capacity' AND value IN {names}
                    UNION SELECT * FROM (
                        SELECT rowid FROM listing_words WHERE listing_words MATCH :match
                        ORDER BY rowid DESC LIMIT :limit))
            ORDER BY published_at DESC, seq DESC LIMIT :limit
            """,
            **values,
            kind=listing.kind.opposite,
            now=from_time(now),
            by=listing.by,
            match=_any_of(self._rarest(words)),
            limit=limit,
        )
        return [(_listing(row), row["words"]) for row in rows]

    def count_authors(self, node: str, since: datetime) -> int:
        """Count who of ``node`` has published or changed a public listing ``since`` then."""
        row = self._sql.one(
            """
            SELECT count(DISTINCT by_uri) AS n FROM listing
            WHERE node = :node AND visibility = 'public' AND updated_at >= :since
            """,
            node=node,
            since=from_time(since),
        )
        return row["n"] if row else 0

    def languages_by_capacity(self, now: datetime) -> dict[str, list[str]]:
        """Return the languages of what is open and public, for each capacity it names."""
        rows = self._sql.all(
            """
            SELECT DISTINCT capacity.value AS capacity, language.value AS language
            FROM listing
            JOIN listing_facet AS capacity
                ON capacity.listing_seq = listing.seq AND capacity.facet = 'capacity'
            JOIN listing_facet AS language
                ON language.listing_seq = listing.seq AND language.facet = 'language'
            WHERE listing.status = 'open' AND listing.visibility = 'public'
                AND (listing.until_at IS NULL OR listing.until_at > :now)
            ORDER BY 1, 2
            """,
            now=from_time(now),
        )
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row["capacity"], []).append(row["language"])
        return found

    def list_due(self, node: str, now: datetime) -> list[Listing]:
        """Return the open listings of ``node`` whose last day has passed."""
        rows = self._sql.all(
            "SELECT * FROM listing WHERE node = :node AND status = 'open' AND until_at <= :now",
            node=node,
            now=from_time(now),
        )
        return [_listing(row) for row in rows]

    def _rarest(self, words: Sequence[str], most: int = 6) -> list[str]:
        """Return the words that fewest listings have: they tell most."""
        names, values = in_list("word", words)
        rows = self._sql.all(
            f"""
            SELECT term FROM listing_vocabulary WHERE term IN {names}
            ORDER BY doc, term LIMIT :most
            """,
            **values,
            most=most,
        )
        return [row["term"] for row in rows]

    def _before(self, listing_id: str) -> Row | None:
        """Return what must be undone of a listing before it is changed or removed."""
        return self._sql.one(
            """
            SELECT seq, words, uri, by_uri, node, visibility, status, updated_at FROM listing
            WHERE id = :id
            """,
            id=listing_id,
        )

    def _index(self, seq: int, words: str, listing: Listing) -> None:
        self._sql.run("DELETE FROM listing_facet WHERE listing_seq = :seq", seq=seq)
        self._put_facets((facet, value, seq) for facet, value in dict.fromkeys(_facets(listing)))
        self._sql.run(
            "INSERT INTO listing_words (rowid, words) VALUES (:seq, :words)", seq=seq, words=words
        )

    def _put_facets(self, rows: Iterable[tuple[Facet, str, int]]) -> None:
        self._sql.run_each(
            "INSERT INTO listing_facet (facet, value, listing_seq) VALUES (:facet, :value, :seq)",
            [{"facet": facet.value, "value": value, "seq": seq} for facet, value, seq in rows],
        )

    def _unindex(self, seq: int, words: str) -> None:
        self._sql.run(
            "INSERT INTO listing_words (listing_words, rowid, words)"
            " VALUES ('delete', :seq, :words)",
            seq=seq,
            words=words,
        )


# -- rows -----------------------------------------------------------------------------------------


def _columns(listing: Listing) -> Mapping[str, Any]:
    return {
        "id": listing.id,
        "uri": listing.uri,
        "url": listing.url,
        "by_uri": listing.by,
        "node": listing.node,
        "bucket": bucket_of(listing.uri),
        "kind": listing.kind,
        "category": listing.category,
        "mode": listing.mode,
        "visibility": listing.visibility,
        "status": listing.status,
        "until_at": from_optional_time(listing.until),
        "published_at": from_time(listing.published),
        "updated_at": from_time(listing.updated),
        "content": from_json(
            {
                "title": dict(listing.title),
                "text": dict(listing.text),
                "audience": dict(listing.audience),
                "capacities": listing.capacities,
                "methods": listing.methods,
                "delivery_languages": listing.delivery_languages,
                "regions": listing.regions,
                "hours": _from_decimal(listing.hours),
                "amount": _from_decimal(listing.amount),
                "currency": listing.currency,
                "same_as": listing.same_as,
            }
        ),
    }


def _listing(row: Row) -> Listing:
    content = to_json(row["content"])
    return Listing(
        id=row["id"],
        uri=row["uri"],
        url=row["url"],
        by=row["by_uri"],
        node=row["node"],
        kind=Kind(row["kind"]),
        category=Category(row["category"]),
        mode=Mode(row["mode"]),
        visibility=Visibility(row["visibility"]),
        status=Status(row["status"]),
        until=to_optional_time(row["until_at"]),
        published=to_time(row["published_at"]),
        updated=to_time(row["updated_at"]),
        title=LanguageMap(content["title"]),
        text=LanguageMap(content["text"]),
        audience=LanguageMap(content["audience"]),
        capacities=tuple(content["capacities"]),
        methods=tuple(content["methods"]),
        delivery_languages=tuple(content["delivery_languages"]),
        regions=tuple(content["regions"]),
        hours=_to_decimal(content["hours"]),
        amount=_to_decimal(content["amount"]),
        currency=content["currency"],
        same_as=tuple(content.get("same_as", ())),
    )


def _from_decimal(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


def _to_decimal(stored: str | None) -> Decimal | None:
    return None if stored is None else Decimal(stored)


def _facets(listing: Listing) -> Iterator[tuple[Facet, str]]:
    """Give what a listing can be narrowed by and that has several values."""
    for capacity in listing.capacities:
        yield Facet.CAPACITY, capacity
    for method in listing.methods:
        yield Facet.METHOD, method
    for region in listing.regions:
        yield Facet.REGION, region
    for language in listing.delivery_languages or tuple(listing.title):
        yield Facet.LANGUAGE, primary(language)


# -- queries --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Plan:
    """A query as SQL: where its rows come from, how they are ranked and ordered."""

    conditions: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    has_words: bool = False

    @property
    def rank(self) -> str:
        """What a row is ranked by: lower is better, as FTS5 has it."""
        return "listing_words.rank" if self.has_words else "0.0"

    @property
    def order(self) -> str:
        """The order of the rows; ``seq`` makes it total, so that cursors are stable."""
        return (
            "rank, listing.seq DESC"
            if self.has_words
            else "listing.published_at DESC, listing.seq DESC"
        )

    def source(self, *more: str, join: str = "") -> str:
        """Return FROM and WHERE, narrowed further by ``more``.

        CROSS JOIN holds SQLite to this order: from the words to their listings, never through all
        listings asking each for its words.
        """
        where = " AND ".join([*self.conditions, *filter(None, more)]) or "true"
        if not self.has_words:
            return f"FROM listing {join} WHERE {where}"
        words = "listing_words CROSS JOIN listing ON listing.seq = listing_words.rowid"
        return f"FROM {words} {'CROSS ' + join if join else ''} WHERE {where}"

    def narrow(self, condition: str, **values: Any) -> None:
        """Keep only rows for which ``condition`` holds."""
        self.conditions.append(condition)
        self.values.update(values)


def _plan(query: Query, now: datetime, without: Facet | None = None) -> _Plan:
    plan = _Plan()
    if query.text.strip():
        plan.has_words = True
        plan.narrow("listing_words MATCH :match", match=_all_of(query.words))
    if query.status is Status.OPEN:
        plan.narrow(
            "listing.status = 'open' AND (listing.until_at IS NULL OR listing.until_at > :now)",
            now=from_time(now),
        )
    elif query.status is not None:
        plan.narrow("listing.status = :status", status=query.status)
    if query.by is not None:
        plan.narrow("listing.by_uri = :by", by=query.by)
    _narrow_by_viewer(plan, query.viewer)
    _narrow_by_facets(plan, query, without)
    return plan


def _narrow_by_viewer(plan: _Plan, viewer: Viewer) -> None:
    """Keep what ``catalogue.policy.may_see`` allows; a contract test holds the two together."""
    if viewer.is_member:
        return
    seen = ["listing.visibility = 'public'"]
    if viewer.is_peer:
        seen.append("listing.visibility = 'network'")
    if viewer.follows:
        names, values = in_list("followed", sorted(viewer.follows))
        seen.append(f"listing.visibility = 'followers' AND listing.by_uri IN {names}")
        plan.values.update(values)
    plan.narrow("(" + " OR ".join(seen) + ")")


def _narrow_by_facets(plan: _Plan, query: Query, without: Facet | None) -> None:
    single = {
        Facet.KIND: query.kind,
        Facet.CATEGORY: query.category,
        Facet.MODE: query.mode,
        Facet.NODE: query.node,
    }
    for facet, value in single.items():
        if value is not None and facet is not without:
            column = _COLUMN_FACETS[facet]
            plan.narrow(f"listing.{column} = :{column}", **{column: value})
    several = {
        Facet.CAPACITY: query.capacities,
        Facet.METHOD: query.methods,
        Facet.LANGUAGE: tuple(map(primary, query.languages)),
        Facet.REGION: query.regions,
    }
    for facet, chosen in several.items():
        if chosen and facet is not without:
            names, values = in_list(facet.value, chosen)
            plan.narrow(
                f"""listing.seq IN (SELECT listing_seq FROM listing_facet
                    WHERE facet = '{facet.value}' AND value IN {names})""",
                **values,
            )


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _all_of(words: Sequence[str]) -> str:
    """Ask FTS5 for all words as literals, the last one as the beginning of a word."""
    if not words:
        return '""'
    return " AND ".join(map(_quoted, words)) + "*"


def _any_of(words: Sequence[str]) -> str:
    return " OR ".join(map(_quoted, words)) or '""'


# -- cursors --------------------------------------------------------------------------------------


_DATED = re.compile(r"(-?[0-9]{1,15})_([0-9]{1,15})")
_SCORED = re.compile(r"(-?[0-9]{1,4}(?:\.[0-9]{1,20})?(?:e-[0-9]{1,3})?)_([0-9]{1,15})")


@dataclass(frozen=True, slots=True)
class _After:
    """Where a page begins: behind the last row of the one before."""

    condition: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def _after(query: Query) -> _After:
    if query.cursor is None:
        return _After()
    shape = _SCORED if query.text.strip() else _DATED
    parts = shape.fullmatch(query.cursor)
    if parts is None:
        raise Invalid([Problem(field="cursor", message="is not one that a page here gave")])
    key, seq = parts.groups()
    if query.text.strip():
        return _After(
            "(listing_words.rank, -listing.seq) > (:after_key, -:after)",
            {"after_key": float(key), "after": int(seq)},
        )
    return _After(
        "(listing.published_at, listing.seq) < (:after_key, :after)",
        {"after_key": int(key), "after": int(seq)},
    )


def _cursor(query: Query, last: Row) -> str:
    key = repr(last["rank"]) if query.text.strip() else last["published_at"]
    return f"{key}_{last['seq']}"
