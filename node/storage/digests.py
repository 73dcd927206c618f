"""Digests of what each node has open, kept up to date with every listing that is stored.

One row for each node, audience and bucket that is not empty, and one over all buckets of these.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from catalogue.digest import NOTHING, audience_of, bucket_of, combine, digest_of, leaf
from catalogue.model import Status, Visibility
from node.storage.sql import Row, Sql, Values, in_list, to_time

WHOLE = -1  # the row over all buckets


class Digests:
    """Federation's shelf of digests on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def whole(self, node: str, audiences: Sequence[str] | None = None) -> tuple[bytes, int]:
        """Return the digest over what a node has open, and how much that is."""
        rows = self._rows(node, audiences, "bucket = :whole", whole=WHOLE)
        return digest_of(row["digest"] for row in rows), sum(row["items"] for row in rows)

    def buckets(self, node: str, audiences: Sequence[str] | None = None) -> dict[int, bytes]:
        """Return the digest of each bucket of a node that is not empty."""
        found: dict[int, bytes] = {}
        for row in self._rows(node, audiences, "bucket != :whole", whole=WHOLE):
            found[row["bucket"]] = combine(found.get(row["bucket"], NOTHING), row["digest"])
        return found

    def members(
        self, node: str, bucket: int, audiences: Sequence[str] | None = None
    ) -> dict[str, datetime]:
        """Return what a node has open in one bucket: address and version."""
        rows = self._sql.all(
            """
            SELECT uri, by_uri, visibility, updated_at FROM listing
            WHERE node = :node AND bucket = :bucket AND status = 'open' ORDER BY uri
            """,
            node=node,
            bucket=bucket,
        )
        return {
            row["uri"]: to_time(row["updated_at"])
            for row in rows
            if (name := _audience(row)) and (audiences is None or name in audiences)
        }

    def add(self, row: Values | Row) -> None:
        """Count a listing in, from its row."""
        self._change([row], 1)

    def add_all(self, rows: Sequence[Values | Row]) -> None:
        """Count listings in, from their rows; each set is written once."""
        self._change(rows, 1)

    def take(self, row: Values | Row) -> None:
        """Count a listing out again."""
        self._change([row], -1)

    def _change(self, rows: Sequence[Values | Row], items: int) -> None:
        changes: dict[tuple[str, str, int], list[bytes]] = {}
        for row in rows:
            audience = _audience(row)
            if row["status"] != Status.OPEN or audience is None:
                continue
            change = leaf(row["uri"], to_time(row["updated_at"]))
            for bucket in (bucket_of(row["uri"]), WHOLE):
                changes.setdefault((row["node"], audience, bucket), []).append(change)
        for (node, audience, bucket), leaves in changes.items():
            key: dict[str, str | int] = {"node": node, "audience": audience, "bucket": bucket}
            self._write(key, digest_of(leaves), items * len(leaves))

    def _write(self, key: Mapping[str, str | int], change: bytes, items: int) -> None:
        before = self._sql.one(
            """
            SELECT digest, items FROM catalogue_digest
            WHERE node = :node AND audience = :audience AND bucket = :bucket
            """,
            **key,
        )
        self._sql.run(
            """
            INSERT INTO catalogue_digest (node, audience, bucket, digest, items)
            VALUES (:node, :audience, :bucket, :digest, :items)
            ON CONFLICT (node, audience, bucket)
            DO UPDATE SET digest = excluded.digest, items = excluded.items
            """,
            **key,
            digest=combine(before["digest"] if before else NOTHING, change),
            items=(before["items"] if before else 0) + items,
        )
        if items < 0:
            self._sql.run(
                """
                DELETE FROM catalogue_digest WHERE node = :node AND audience = :audience
                    AND bucket = :bucket AND items = 0
                """,
                **key,
            )

    def _rows(
        self, node: str, audiences: Sequence[str] | None, side: str, **values: int
    ) -> list[Row]:
        names, named = in_list("audience", audiences or [])
        return self._sql.all(
            f"""
            SELECT bucket, digest, items FROM catalogue_digest
            WHERE node = :node AND {side} AND (:all OR audience IN {names})
            """,
            node=node,
            all=audiences is None,
            **values,
            **named,
        )


def _audience(row: Values | Row) -> str | None:
    return audience_of(Visibility(row["visibility"]), row["by_uri"])
