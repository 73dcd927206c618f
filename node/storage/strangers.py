"""What strangers leave behind, and forgetting it: no table grows with their number for ever (L20).

An actor is a stranger's while nothing that this node keeps names it: it is followed by nobody here,
follows nobody here, and no listing or message is by it. Anybody can say that they are an affiliate,
a catalogue or a server, so saying it keeps nobody here: those do who are neighbours of somebody
followed. What is forgotten is fetched again when it is needed.
"""

from datetime import datetime

from node.storage.sql import Sql, from_time, in_list

_STRANGERS = """
    SELECT party.uri AS uri, party.fetched_at AS fetched_at
    FROM party LEFT JOIN actor ON actor.uri = party.uri
    WHERE (
            actor.uri IS NULL OR actor.role = 'other' OR actor.node NOT IN (
                SELECT near.node FROM follow JOIN actor AS near ON near.uri = follow.followed
                WHERE follow.state IN ('pending', 'accepted')
            )
        )
        AND NOT EXISTS (
            SELECT 1 FROM follow WHERE follower = party.uri AND state IN ('pending', 'accepted')
        )
        AND NOT EXISTS (
            SELECT 1 FROM follow WHERE followed = party.uri AND state IN ('pending', 'accepted')
        )
        AND NOT EXISTS (SELECT 1 FROM listing WHERE by_uri = party.uri)
        AND NOT EXISTS (SELECT 1 FROM relay WHERE actor = party.uri)
        AND NOT EXISTS (SELECT 1 FROM inquiry WHERE asker = party.uri)
        AND NOT EXISTS (SELECT 1 FROM message WHERE author = party.uri)
        AND NOT EXISTS (SELECT 1 FROM quote_stamp WHERE asker = party.uri)
    ORDER BY party.fetched_at DESC
"""
BATCH = 500


class Strangers:
    """Forgets what nobody asked for, on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def forget(self, before: datetime, *, most: int, dead: int) -> int:
        """Forget strangers not met since ``before``, and all beyond the ``most`` met last.

        Of letters that were given up the newest ``dead`` keep their bodies. Returns how many
        actors that was.
        """
        moment = from_time(before)
        forgotten = [
            row["uri"]
            for place, row in enumerate(self._sql.all(_STRANGERS))
            if place >= most or row["fetched_at"] < moment
        ]
        for start in range(0, len(forgotten), BATCH):
            self._forget_actors(forgotten[start : start + BATCH])
        self._forget_hosts(moment, most)
        self._forget_leavings(moment, dead)
        return len(forgotten)

    def _forget_actors(self, uris: list[str]) -> None:
        names, values = in_list("uri", uris)
        self._sql.run(f"DELETE FROM known_key WHERE owner IN {names}", **values)
        self._sql.run(f"DELETE FROM tombstone WHERE by_uri IN {names}", **values)
        self._sql.run(f"DELETE FROM actor WHERE uri IN {names}", **values)
        self._sql.run(f"DELETE FROM party WHERE uri IN {names}", **values)

    def _forget_hosts(self, moment: int, most: int) -> None:
        self._sql.run(
            """
            DELETE FROM host WHERE host NOT IN (SELECT host FROM delivery WHERE state = 'pending')
                AND (
                    max(coalesce(heard_at, 0), coalesce(closed_until, 0)) < :moment
                    OR host IN (
                        SELECT host FROM host
                        ORDER BY max(coalesce(heard_at, 0), coalesce(closed_until, 0)) DESC
                        LIMIT -1 OFFSET :most
                    )
                )
            """,
            moment=moment,
            most=most,
        )

    def _forget_leavings(self, moment: int, dead: int) -> None:
        """Forget follows that are over, answers given long ago, and letters that were given up."""
        self._sql.run(
            "DELETE FROM follow WHERE state = 'undone' AND updated_at < :moment", moment=moment
        )
        self._sql.run(
            """
            DELETE FROM activity WHERE is_public = 0 AND published_at < :moment
                AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.activity = activity.uri)
            """,
            moment=moment,
        )
        self._sql.run(
            "DELETE FROM inbox WHERE state = 'dead' AND received_at < :moment", moment=moment
        )
        self._sql.run(
            """
            UPDATE inbox SET body = NULL WHERE state = 'dead' AND body IS NOT NULL AND seq <= (
                SELECT seq FROM inbox WHERE state = 'dead' ORDER BY seq DESC LIMIT 1 OFFSET :dead
            )
            """,
            dead=dead,
        )
        self._sql.run("DELETE FROM report WHERE closed_at < :moment", moment=moment)
