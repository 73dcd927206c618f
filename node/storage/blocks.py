"""What the operator decided about others, and who wants nothing from us.

Blocks of hosts are kept in full here; whether a host is blocked is asked so often that its question
stands with the hosts.
"""

from datetime import datetime

from federation.guard import domains_of
from federation.model import HostBlock, Openness, Severity
from node.storage.sql import Row, Sql, from_time, in_list, to_time


class Blocks:
    """Federation's shelf of decisions on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    # -- hosts --------------------------------------------------------------------------------

    def put_host(self, block: HostBlock) -> None:
        """Store how a host and its subdomains are treated, in the place of what was."""
        self._sql.run(
            """
            INSERT INTO blocked_host (host, reason, blocked_at, severity, reject_media,
                reject_reports, public_comment, obfuscate)
            VALUES (:host, :reason, :at, :severity, :reject_media, :reject_reports,
                :public_comment, :obfuscate)
            ON CONFLICT (host) DO UPDATE SET reason = excluded.reason,
                severity = excluded.severity, reject_media = excluded.reject_media,
                reject_reports = excluded.reject_reports,
                public_comment = excluded.public_comment, obfuscate = excluded.obfuscate
            """,
            host=block.host.lower(),
            reason=block.reason,
            at=from_time(block.at),
            severity=block.severity.value,
            reject_media=int(block.reject_media),
            reject_reports=int(block.reject_reports),
            public_comment=block.public_comment,
            obfuscate=int(block.obfuscate),
        )

    def list_hosts(self) -> list[HostBlock]:
        """Return every host that is treated in a way of its own, by name."""
        return [_block(row) for row in self._sql.all("SELECT * FROM blocked_host ORDER BY host")]

    def is_silenced(self, host: str) -> bool:
        """Say whether a host or a domain above it is silenced or blocked."""
        names, values = in_list("domain", domains_of(host))
        row = self._sql.one(
            f"""
            SELECT 1 FROM blocked_host
            WHERE host IN {names} AND severity IN ('silence', 'suspend')
            """,
            **values,
        )
        return row is not None

    def rejects_reports(self, host: str) -> bool:
        """Say whether reports of a host are not wanted."""
        names, values = in_list("domain", domains_of(host))
        row = self._sql.one(
            f"SELECT 1 FROM blocked_host WHERE host IN {names} AND reject_reports = 1", **values
        )
        return row is not None

    # -- the list of those allowed ------------------------------------------------------------

    def put_allowed(self, host: str, at: datetime) -> None:
        """Put a host and its subdomains on the list of those allowed."""
        self._sql.run(
            """
            INSERT INTO allowed_host (host, allowed_at) VALUES (:host, :at) ON CONFLICT DO NOTHING
            """,
            host=host.lower(),
            at=from_time(at),
        )

    def remove_allowed(self, host: str) -> bool:
        """Take a host off that list; say whether it was on it."""
        return self._sql.run("DELETE FROM allowed_host WHERE host = :host", host=host.lower()) == 1

    def list_allowed(self) -> list[str]:
        """Return the hosts on that list, by name."""
        return [row["host"] for row in self._sql.all("SELECT host FROM allowed_host ORDER BY host")]

    # -- single actors ------------------------------------------------------------------------

    def is_blocked(self, actor: str) -> bool:
        """Say whether this one actor is blocked here."""
        return self._sql.one("SELECT 1 FROM blocked_actor WHERE uri = :uri", uri=actor) is not None

    def put_actor(self, actor: str, *, at: datetime, reason: str) -> None:
        """Block one actor."""
        self._sql.run(
            """
            INSERT INTO blocked_actor (uri, reason, blocked_at) VALUES (:uri, :reason, :at)
            ON CONFLICT (uri) DO UPDATE SET reason = excluded.reason
            """,
            uri=actor,
            reason=reason,
            at=from_time(at),
        )

    def remove_actor(self, actor: str) -> bool:
        """Lift the block of one actor; say whether there was one."""
        return self._sql.run("DELETE FROM blocked_actor WHERE uri = :uri", uri=actor) == 1

    def list_actors(self) -> list[tuple[str, str]]:
        """Return the blocked actors with the reasons given."""
        rows = self._sql.all("SELECT uri, reason FROM blocked_actor ORDER BY uri")
        return [(row["uri"], row["reason"]) for row in rows]

    # -- who wants nothing from us ------------------------------------------------------------

    def refuse(self, actor: str, refused: str, *, uri: str, at: datetime, most: int) -> None:
        """Note that ``actor`` wants nothing from ``refused``; the oldest go beyond ``most``."""
        self._sql.run(
            """
            INSERT INTO refusal (actor, refused, uri, refused_at)
            VALUES (:actor, :refused, :uri, :at) ON CONFLICT DO NOTHING
            """,
            actor=actor,
            refused=refused,
            uri=uri,
            at=from_time(at),
        )
        self._sql.run(
            """
            DELETE FROM refusal WHERE (actor, refused) IN (
                SELECT actor, refused FROM refusal ORDER BY refused_at DESC LIMIT -1 OFFSET :most
            )
            """,
            most=most,
        )

    def relent(self, actor: str, named: str) -> None:
        """Note that ``actor`` took that back, named by whom it is about or by its own id."""
        self._sql.run(
            "DELETE FROM refusal WHERE actor = :actor AND (refused = :named OR uri = :named)",
            actor=actor,
            named=named,
        )

    def is_refused(self, actor: str, refused: str) -> bool:
        """Say whether ``actor`` wants nothing from ``refused``."""
        row = self._sql.one(
            "SELECT 1 FROM refusal WHERE actor = :actor AND refused = :refused",
            actor=actor,
            refused=refused,
        )
        return row is not None

    # -- what a block reaches -----------------------------------------------------------------

    def list_nodes(self) -> list[str]:
        """Return every host that an actor or a listing here is of."""
        rows = self._sql.all("SELECT node FROM actor UNION SELECT node FROM listing ORDER BY node")
        return [row["node"] for row in rows]

    def list_actors_of(self, node: str) -> list[str]:
        """Return the URIs of the actors of one host."""
        return [
            row["uri"]
            for row in self._sql.all("SELECT uri FROM actor WHERE node = :node", node=node)
        ]

    def list_ties(self) -> list[tuple[str, str]]:
        """Return who follows whom, or asked to."""
        rows = self._sql.all(
            """
            SELECT follower, followed FROM follow WHERE state IN ('pending', 'accepted')
            ORDER BY follower, followed
            """
        )
        return [(row["follower"], row["followed"]) for row in rows]

    def list_waiting(self) -> list[str]:
        """Return the actors whose letters are not worked on yet."""
        rows = self._sql.all("SELECT DISTINCT actor FROM inbox WHERE state = 'pending'")
        return [row["actor"] for row in rows]

    def drop_letters(self, actor: str) -> None:
        """Take an actor's letters out of the inbox; their ids stay known."""
        self._sql.run(
            """
            UPDATE inbox SET state = 'done', body = NULL
            WHERE state = 'pending' AND actor = :actor
            """,
            actor=actor,
        )

    def drop_deliveries(self, inbox: str) -> None:
        """Take what is on its way to one inbox out of the queue."""
        self._sql.run("DELETE FROM delivery WHERE inbox = :inbox", inbox=inbox)


def stands_open(sql: Sql, openness: Openness, host: str) -> bool:
    """Say whether a host may be dealt with at all, before any block is asked."""
    if openness is Openness.OPEN:
        return True
    if openness is Openness.OFF:
        return False
    names, values = in_list("domain", domains_of(host))
    return sql.one(f"SELECT 1 FROM allowed_host WHERE host IN {names}", **values) is not None


def _block(row: Row) -> HostBlock:
    return HostBlock(
        host=row["host"],
        severity=Severity(row["severity"]),
        reject_media=bool(row["reject_media"]),
        reject_reports=bool(row["reject_reports"]),
        public_comment=row["public_comment"],
        obfuscate=bool(row["obfuscate"]),
        reason=row["reason"],
        at=to_time(row["blocked_at"]),
    )
