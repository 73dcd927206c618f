"""What waits: the inbox, deliveries, and readings of peers' catalogues.

A row is ``pending`` until its work is done (an inbox row is then ``done`` and keeps only its id,
against repeats; the others go) or given up (``dead``, with the reason, until an operator looks).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar

from federation.guard import host_of
from federation.model import CatchUp, Delivery, QueueItem, Received, about
from node.storage.sql import Sql, from_json, from_time, in_list, to_time


class _Queue:
    """What the inbox and the deliveries do alike with a row whose work did not succeed."""

    _table: ClassVar[str]

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def postpone(self, seq: int, *, due: datetime, reason: str) -> None:
        """Count a failed attempt and try again at ``due``."""
        self._sql.run(
            f"""
            UPDATE {self._table} SET attempts = attempts + 1, due_at = :due, reason = :reason
            WHERE seq = :seq
            """,
            seq=seq,
            due=from_time(due),
            reason=reason,
        )

    def wake_beyond(self, moment: datetime, now: datetime) -> None:
        """Make due what is not due before ``moment``: a clock that was wrong has put it off."""
        self._sql.run(
            f"""
            UPDATE {self._table} SET due_at = :now WHERE state = 'pending' AND due_at > :moment
            """,
            moment=from_time(moment),
            now=from_time(now),
        )

    def bury(self, seq: int, *, reason: str) -> None:
        """Give up, keeping the row with the reason for an operator."""
        self._sql.run(
            f"""
            UPDATE {self._table} SET state = 'dead', attempts = attempts + 1, reason = :reason
            WHERE seq = :seq
            """,
            seq=seq,
            reason=reason,
        )


class Inbox(_Queue):
    """Federation's inbox on one connection."""

    _table = "inbox"

    def remember(self, uri: str, *, actor: str, body: bytes, at: datetime) -> bool:
        """Keep an activity; return False when one with this id was here before."""
        return bool(self.remember_all([(uri, actor, body)], at=at))

    def remember_all(self, letters: Sequence[tuple[str, str, bytes]], *, at: datetime) -> set[str]:
        """Keep activities, each as id, actor and body; return the ids that are new."""
        rows = self._sql.all(
            "SELECT uri FROM inbox WHERE uri IN (SELECT value FROM json_each(:uris))",
            uris=from_json([uri for uri, _, _ in letters]),
        )
        known = {row["uri"] for row in rows}
        fresh: dict[str, dict[str, Any]] = {}
        moment = from_time(at)
        for uri, actor, body in letters:
            if uri not in known:
                fresh.setdefault(uri, {"uri": uri, "actor": actor, "body": body, "at": moment})
        self._sql.run_each(
            """
            INSERT INTO inbox (uri, actor, body, state, attempts, received_at, due_at)
            VALUES (:uri, :actor, :body, 'pending', 0, :at, :at)
            """,
            fresh.values(),
        )
        return set(fresh)

    def has(self, uri: str) -> bool:
        """Say whether an activity with this id came in, and is not forgotten yet."""
        return self._sql.one("SELECT 1 FROM inbox WHERE uri = :uri", uri=uri) is not None

    def next_due(self, now: datetime, limit: int, skip: Sequence[str]) -> list[Received]:
        """Return the oldest activities that are due, without those of the actors in ``skip``."""
        names, values = in_list("skip", skip)
        rows = self._sql.all(
            f"""
            SELECT * FROM inbox WHERE state = 'pending' AND due_at <= :now
                AND actor NOT IN {names}
            ORDER BY seq LIMIT :limit
            """,
            now=from_time(now),
            limit=limit,
            **values,
        )
        return [
            Received(
                seq=row["seq"],
                uri=row["uri"],
                actor=row["actor"],
                body=row["body"],
                received=to_time(row["received_at"]),
                attempts=row["attempts"],
            )
            for row in rows
        ]

    def done(self, seq: int) -> None:
        """Mark an activity as worked on; its id is remembered against repeats."""
        self._sql.run("UPDATE inbox SET state = 'done', body = NULL WHERE seq = :seq", seq=seq)

    def done_all(self, seqs: Sequence[int]) -> None:
        """Mark activities as worked on."""
        self._sql.run(
            """
            UPDATE inbox SET state = 'done', body = NULL
            WHERE seq IN (SELECT value FROM json_each(:seqs))
            """,
            seqs=from_json(seqs),
        )

    def forget_before(self, moment: datetime) -> int:
        """Forget what was done before ``moment``, ids too; return how many activities that was."""
        return self._sql.run(
            "DELETE FROM inbox WHERE state = 'done' AND received_at < :moment",
            moment=from_time(moment),
        )

    def count_pending(self) -> int:
        """Count what is not worked on yet."""
        row = self._sql.one("SELECT count(*) AS number FROM inbox WHERE state = 'pending'")
        return int(row["number"]) if row else 0

    def next_due_at(self) -> datetime | None:
        """Return when the next activity is due, or None."""
        row = self._sql.one("SELECT min(due_at) AS due FROM inbox WHERE state = 'pending'")
        return to_time(row["due"]) if row and row["due"] is not None else None


class Deliveries(_Queue):
    """Federation's delivery queue on one connection."""

    _table = "delivery"

    def add(self, activity: str, *, actor: str, inboxes: Iterable[str], at: datetime) -> None:
        """Put an activity on its way; an inbox gets each activity once, unless it was given up.

        It is not due before what was said earlier about the same thing.
        """
        self._sql.run_each(
            """
            INSERT INTO delivery (activity, about, actor, inbox, host, state, attempts, added_at,
                due_at)
            SELECT :activity, :about, :actor, :inbox, :host, 'pending', 0, :at,
                max(:at, coalesce(max(due_at), 0)) FROM delivery
            WHERE inbox = :inbox AND about = :about AND state = 'pending'
            ON CONFLICT (activity, inbox) DO UPDATE SET state = 'pending', attempts = 0,
                added_at = excluded.added_at, due_at = excluded.due_at
                WHERE delivery.state = 'dead'
            """,
            [
                {
                    "activity": activity,
                    "about": about(activity),
                    "actor": actor,
                    "inbox": inbox,
                    "host": host_of(inbox),
                    "at": from_time(at),
                }
                for inbox in inboxes
            ],
        )

    def hosts_due(self, now: datetime) -> list[str]:
        """Return the hosts that have something due and are not closed."""
        rows = self._sql.all(
            """
            SELECT DISTINCT delivery.host FROM delivery
            LEFT JOIN host ON host.host = delivery.host
            WHERE state = 'pending' AND due_at <= :now
                AND (closed_until IS NULL OR closed_until <= :now)
            """,
            now=from_time(now),
        )
        return [row["host"] for row in rows]

    def next_due(self, host: str, now: datetime, limit: int) -> list[Delivery]:
        """Return the oldest due deliveries to a host."""
        rows = self._sql.all(
            """
            SELECT delivery.*, activity.body FROM delivery
            JOIN activity ON activity.uri = delivery.activity
            WHERE delivery.seq IN (
                SELECT seq FROM delivery
                WHERE state = 'pending' AND host = :host AND due_at <= :now
                ORDER BY seq LIMIT :limit)
            ORDER BY delivery.seq
            """,
            host=host,
            now=from_time(now),
            limit=limit,
        )
        return [
            Delivery(
                seq=row["seq"],
                activity=row["activity"],
                actor=row["actor"],
                inbox=row["inbox"],
                host=row["host"],
                body=row["body"],
                attempts=row["attempts"],
                added=to_time(row["added_at"]),
            )
            for row in rows
        ]

    def postpone(self, seq: int, *, due: datetime, reason: str) -> None:
        """Count a failed attempt and try again at ``due``; what follows on it waits as long."""
        super().postpone(seq, due=due, reason=reason)
        self._sql.run(
            """
            UPDATE delivery SET due_at = :due FROM
                (SELECT inbox AS box, about AS subject FROM delivery WHERE seq = :seq)
            WHERE inbox = box AND about = subject AND state = 'pending' AND delivery.seq > :seq
                AND due_at < :due
            """,
            seq=seq,
            due=from_time(due),
        )

    def done(self, seq: int) -> None:
        """The inbox has it."""
        self.done_all([seq])

    def done_all(self, seqs: Sequence[int]) -> None:
        """The inboxes have them."""
        self._sql.run(
            "DELETE FROM delivery WHERE seq IN (SELECT value FROM json_each(:seqs))",
            seqs=from_json(seqs),
        )

    def is_last(self, delivery: Delivery) -> bool:
        """Say whether nothing waits for the host behind this one."""
        row = self._sql.one(
            "SELECT 1 FROM delivery WHERE state = 'pending' AND host = :host AND seq > :seq",
            host=delivery.host,
            seq=delivery.seq,
        )
        return row is None

    def next_due_at(self) -> datetime | None:
        """Return when the next delivery is due, or None; a closed host is due when it opens."""
        row = self._sql.one(
            """
            SELECT min(max(due_at, coalesce(closed_until, 0))) AS due FROM delivery
            LEFT JOIN host ON host.host = delivery.host WHERE state = 'pending'
            """
        )
        return to_time(row["due"]) if row and row["due"] is not None else None

    def bury_before(self, moment: datetime) -> int:
        """Give up on what has waited since before ``moment``; return how much that is."""
        return self._sql.run(
            """
            UPDATE delivery SET state = 'dead',
                reason = 'held for too long; at last: ' || coalesce(reason, 'the host was away')
            WHERE state = 'pending' AND added_at < :moment
            """,
            moment=from_time(moment),
        )

    def forget_before(self, moment: datetime) -> int:
        """Forget what was given up and had been added before ``moment``; return how much."""
        return self._sql.run(
            "DELETE FROM delivery WHERE state = 'dead' AND added_at < :moment",
            moment=from_time(moment),
        )

    def list_items(self, limit: int) -> list[QueueItem]:
        """Return what waits or was given up on, oldest first."""
        rows = self._sql.all("SELECT * FROM delivery ORDER BY seq LIMIT :limit", limit=limit)
        return [
            QueueItem(
                seq=row["seq"],
                activity=row["activity"],
                inbox=row["inbox"],
                state=row["state"],
                attempts=row["attempts"],
                due=to_time(row["due_at"]),
                reason=row["reason"],
            )
            for row in rows
        ]

    def retry(self, seq: int | None, now: datetime) -> int:
        """Make one delivery due now, or all; return how many."""
        self._sql.run(
            """
            UPDATE host SET closed_until = NULL WHERE host IN
                (SELECT host FROM delivery WHERE :seq IS NULL OR seq = :seq)
            """,
            seq=seq,
        )
        return self._sql.run(
            """
            UPDATE delivery SET state = 'pending', due_at = :now, added_at = :now,
                attempts = 0
            WHERE :seq IS NULL OR seq = :seq
            """,
            seq=seq,
            now=from_time(now),
        )

    def drop_host(self, host: str) -> int:
        """Take everything for a host and its subdomains out of the queue; return how much.

        A port makes no difference, as in a block.
        """
        return self._sql.run(
            """
            DELETE FROM delivery WHERE host = :host OR host GLOB :host || ':*'
                OR host GLOB '*.' || :host OR host GLOB '*.' || :host || ':*'
            """,
            host=host,
        )

    def drop(self, seq: int | None) -> int:
        """Take one delivery out of the queue, or all that were given up; return how many."""
        return self._sql.run(
            "DELETE FROM delivery WHERE seq = :seq OR (:seq IS NULL AND state = 'dead')", seq=seq
        )


class CatchUps:
    """Federation's readings of peers' catalogues on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def start(self, actor: str, *, page: str, at: datetime) -> None:
        """Begin to read a peer's collection, or begin again."""
        self._sql.run(
            """
            INSERT INTO catch_up (actor, page, pages, attempts, due_at)
            VALUES (:actor, :page, 0, 0, :at)
            ON CONFLICT (actor) DO UPDATE SET page = excluded.page, pages = 0, attempts = 0,
                reason = NULL, due_at = excluded.due_at
            """,
            actor=actor,
            page=page,
            at=from_time(at),
        )

    def list_due(self, now: datetime) -> list[CatchUp]:
        """Return the readings whose next page is due, the one that waited longest first."""
        rows = self._sql.all(
            "SELECT * FROM catch_up WHERE due_at <= :now ORDER BY due_at, actor",
            now=from_time(now),
        )
        return [
            CatchUp(
                actor=row["actor"],
                page=row["page"],
                pages=row["pages"],
                attempts=row["attempts"],
            )
            for row in rows
        ]

    def advance(self, actor: str, *, page: str, at: datetime) -> None:
        """A page was taken in: go on with ``page``."""
        self._sql.run(
            """
            UPDATE catch_up SET page = :page, pages = pages + 1, attempts = 0, reason = NULL,
                due_at = :at WHERE actor = :actor
            """,
            actor=actor,
            page=page,
            at=from_time(at),
        )

    def postpone(self, actor: str, *, due: datetime, reason: str) -> None:
        """The page could not be had: try again at ``due``."""
        self._sql.run(
            """
            UPDATE catch_up SET attempts = attempts + 1, due_at = :due, reason = :reason
            WHERE actor = :actor
            """,
            actor=actor,
            due=from_time(due),
            reason=reason,
        )

    def wake_beyond(self, moment: datetime, now: datetime) -> None:
        """Make due what is not due before ``moment``: a clock that was wrong has put it off."""
        self._sql.run(
            "UPDATE catch_up SET due_at = :now WHERE due_at > :moment",
            moment=from_time(moment),
            now=from_time(now),
        )

    def finish(self, actor: str) -> None:
        """The last page was taken in, or reading was given up."""
        self._sql.run("DELETE FROM catch_up WHERE actor = :actor", actor=actor)

    def is_reading(self, actor: str) -> bool:
        """Say whether a peer's collection is being read."""
        return self._sql.one("SELECT 1 FROM catch_up WHERE actor = :actor", actor=actor) is not None

    def next_due_at(self) -> datetime | None:
        """Return when the next page is due, or None."""
        row = self._sql.one("SELECT min(due_at) AS due FROM catch_up")
        return to_time(row["due"]) if row and row["due"] is not None else None
