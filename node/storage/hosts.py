"""How other hosts behave, which are blocked here, and which actors are relays."""

from collections.abc import Collection
from datetime import datetime

from federation.guard import domains_of
from federation.model import HostState, Openness
from node.storage.blocks import stands_open
from node.storage.sql import (
    Sql,
    from_json,
    from_optional_time,
    from_time,
    in_list,
    to_optional_time,
)


class Relays:
    """Federation's shelf of relays on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def add(self, actor: str, at: datetime) -> None:
        """Take an actor for a relay from now on."""
        self._sql.run(
            "INSERT INTO relay (actor, added_at) VALUES (:actor, :at) ON CONFLICT DO NOTHING",
            actor=actor,
            at=from_time(at),
        )

    def remove(self, actor: str) -> bool:
        """Take an actor for a relay no more; say whether it was one."""
        return self._sql.run("DELETE FROM relay WHERE actor = :actor", actor=actor) == 1

    def list_all(self) -> list[str]:
        """Return the relays, the oldest first."""
        rows = self._sql.all("SELECT actor FROM relay ORDER BY added_at, actor")
        return [row["actor"] for row in rows]

    def has(self, actor: str) -> bool:
        """Say whether an actor is a relay."""
        return self._sql.one("SELECT 1 FROM relay WHERE actor = :actor", actor=actor) is not None


class Hosts:
    """Federation's shelf of hosts on one connection."""

    def __init__(self, sql: Sql, openness: Openness = Openness.OPEN) -> None:
        self._sql = sql
        self._openness = openness

    def find(self, host: str) -> HostState:
        """Return how a host has answered lately; a fresh state for one never met."""
        row = self._sql.one("SELECT * FROM host WHERE host = :host", host=host)
        if row is None:
            return HostState(host=host)
        return HostState(
            host=host,
            failures=row["failures"],
            closed_until=to_optional_time(row["closed_until"]),
            error=row["error"],
            heard=to_optional_time(row["heard_at"]),
        )

    def put(self, state: HostState) -> None:
        """Store how a host answers."""
        self._sql.run(
            """
            INSERT INTO host (host, failures, closed_until, error, heard_at)
            VALUES (:host, :failures, :closed_until, :error, :heard_at)
            ON CONFLICT (host) DO UPDATE SET failures = excluded.failures,
                closed_until = excluded.closed_until, error = excluded.error,
                heard_at = excluded.heard_at
            """,
            host=state.host,
            failures=state.failures,
            closed_until=from_optional_time(state.closed_until),
            error=state.error,
            heard_at=from_optional_time(state.heard),
        )

    def heard(self, host: str, at: datetime) -> None:
        """Note that a host is alive: its breaker closes, and what waits for it is due at once.

        After failures, what it has is compared with what is here: much may have happened.
        """
        if self.find(host).failures:
            self._sql.run(
                """
                UPDATE delivery SET due_at = :at
                WHERE state = 'pending' AND host = :host AND due_at > :at
                """,
                host=host,
                at=from_time(at),
            )
            self._sql.run(
                "UPDATE comparison SET due_at = min(due_at, :at) WHERE host = :host",
                host=host,
                at=from_time(at),
            )
        self._sql.run(
            """
            INSERT INTO host (host, failures, heard_at) VALUES (:host, 0, :at)
            ON CONFLICT (host) DO UPDATE SET heard_at = :at, failures = 0, closed_until = NULL,
                error = NULL
            """,
            host=host,
            at=from_time(at),
        )

    def heard_all(self, hosts: Collection[str], at: datetime, *, but_since: datetime) -> None:
        """Note that hosts are alive, but for those that are well and were heard ``but_since``."""
        rows = self._sql.all(
            """
            SELECT host FROM host WHERE host IN (SELECT value FROM json_each(:hosts))
                AND failures = 0 AND closed_until IS NULL AND heard_at > :but_since
            """,
            hosts=from_json(list(hosts)),
            but_since=from_time(but_since),
        )
        for host in set(hosts) - {row["host"] for row in rows}:
            self.heard(host, at)

    def wants_rfc9421(self, host: str, now: datetime) -> bool:
        """Say whether a host is remembered as one that wants RFC 9421."""
        row = self._sql.one(
            "SELECT 1 FROM host WHERE host = :host AND rfc9421_until > :now",
            host=host,
            now=from_time(now),
        )
        return row is not None

    def remember_rfc9421(self, host: str, until: datetime) -> None:
        """Remember for a while that a host wants RFC 9421."""
        self._sql.run(
            """
            INSERT INTO host (host, failures, rfc9421_until) VALUES (:host, 0, :until)
            ON CONFLICT (host) DO UPDATE SET rfc9421_until = :until
            """,
            host=host,
            until=from_time(until),
        )

    def forget_rfc9421(self, host: str) -> None:
        """Forget that a host wanted RFC 9421."""
        self._sql.run("UPDATE host SET rfc9421_until = NULL WHERE host = :host", host=host)

    def wake_beyond(self, moment: datetime) -> None:
        """Open what is closed until after ``moment``: a clock that was wrong has closed it."""
        self._sql.run(
            "UPDATE host SET closed_until = NULL WHERE closed_until > :moment",
            moment=from_time(moment),
        )

    def is_blocked(self, host: str) -> bool:
        """Say whether a host is not dealt with: blocked like a domain above it, or not allowed.

        A port makes no difference. What is only silenced is dealt with.
        """
        names, values = in_list("domain", domains_of(host))
        row = self._sql.one(
            f"SELECT 1 FROM blocked_host WHERE host IN {names} AND severity = 'suspend'", **values
        )
        return row is not None or not stands_open(self._sql, self._openness, host)

    def block(self, host: str, *, at: datetime, reason: str) -> None:
        """Block a host and its subdomains."""
        self._sql.run(
            """
            INSERT INTO blocked_host (host, reason, blocked_at) VALUES (:host, :reason, :at)
            ON CONFLICT (host) DO UPDATE SET reason = excluded.reason, severity = 'suspend'
            """,
            host=host.lower(),
            reason=reason,
            at=from_time(at),
        )

    def allow(self, host: str) -> bool:
        """Lift a block; say whether there was one."""
        return self._sql.run("DELETE FROM blocked_host WHERE host = :host", host=host.lower()) == 1

    def list_blocked(self) -> list[tuple[str, str]]:
        """Return the blocked hosts with the reasons given."""
        rows = self._sql.all(
            "SELECT host, reason FROM blocked_host WHERE severity = 'suspend' ORDER BY host"
        )
        return [(row["host"], row["reason"]) for row in rows]
