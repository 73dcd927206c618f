"""Where other actors are reached, and keys: ours and theirs."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from federation.model import KnownKey, OwnKey, Party
from node.storage.sql import (
    Row,
    Sql,
    from_optional_time,
    from_time,
    in_list,
    to_optional_time,
    to_time,
)


class Parties:
    """Federation's shelf of actors' endpoints on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def find(self, uri: str) -> Party | None:
        """Return what is known of an actor, or None."""
        row = self._sql.one("SELECT * FROM party WHERE uri = :uri", uri=uri)
        return _party(row) if row else None

    def find_many(self, uris: Iterable[str]) -> dict[str, Party]:
        """Return those of ``uris`` that are known, by URI."""
        names, values = in_list("uri", sorted(set(uris)))
        rows = self._sql.all(f"SELECT * FROM party WHERE uri IN {names}", **values)
        return {row["uri"]: _party(row) for row in rows}

    def put(self, party: Party) -> None:
        """Store how an actor is reached."""
        self._sql.run(
            """
            INSERT INTO party (uri, type, inbox, shared_inbox, outbox, followers, proposals,
                fetched_at)
            VALUES (:uri, :type, :inbox, :shared_inbox, :outbox, :followers, :proposals,
                :fetched_at)
            ON CONFLICT (uri) DO UPDATE SET type = excluded.type, inbox = excluded.inbox,
                shared_inbox = excluded.shared_inbox, outbox = excluded.outbox,
                followers = excluded.followers, proposals = excluded.proposals,
                fetched_at = excluded.fetched_at
            """,
            uri=party.uri,
            type=party.type,
            inbox=party.inbox,
            shared_inbox=party.shared_inbox,
            outbox=party.outbox,
            followers=party.followers,
            proposals=party.proposals,
            fetched_at=from_time(party.fetched),
        )

    def remove(self, uri: str) -> None:
        """Forget an actor."""
        self._sql.run("DELETE FROM party WHERE uri = :uri", uri=uri)


class Keys:
    """Federation's key shelf on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def own(self, owner: str, algorithm: str) -> OwnKey | None:
        """Return the newest key of an actor of this node that signs, or None."""
        row = self._sql.one(
            """
            SELECT * FROM own_key
            WHERE owner = :owner AND algorithm = :algorithm AND retired_at IS NULL
            ORDER BY created_at DESC, uri LIMIT 1
            """,
            owner=owner,
            algorithm=algorithm,
        )
        return _own_key(row) if row else None

    def list_own(self, owner: str | None = None) -> list[OwnKey]:
        """Return the keys of one actor of this node or of all, newest first, retired ones too."""
        rows = self._sql.all(
            """
            SELECT * FROM own_key WHERE :owner IS NULL OR owner = :owner
            ORDER BY owner, created_at DESC, uri
            """,
            owner=owner,
        )
        return [_own_key(row) for row in rows]

    def retire_own(self, owner: str, at: datetime) -> None:
        """Let an actor's keys sign no more; those retired before keep an earlier time."""
        self._sql.run(
            """
            UPDATE own_key SET retired_at = min(coalesce(retired_at, :at), :at)
            WHERE owner = :owner
            """,
            owner=owner,
            at=from_time(at),
        )

    def drop_own(self, uri: str) -> None:
        """Destroy a private key."""
        self._sql.run("DELETE FROM own_key WHERE uri = :uri", uri=uri)

    def put_own(self, key: OwnKey) -> None:
        """Store a private key."""
        self._sql.run(
            """
            INSERT INTO own_key (uri, owner, algorithm, pem, created_at, retired_at)
            VALUES (:uri, :owner, :algorithm, :pem, :created_at, :retired_at)
            """,
            uri=key.uri,
            owner=key.owner,
            algorithm=key.algorithm,
            pem=key.pem,
            created_at=from_time(key.created),
            retired_at=from_optional_time(key.retired),
        )

    def known(self, uri: str) -> KnownKey | None:
        """Return another actor's public key by its URI, or None."""
        row = self._sql.one("SELECT * FROM known_key WHERE uri = :uri", uri=uri)
        return (
            KnownKey(
                uri=row["uri"],
                owner=row["owner"],
                material=row["material"],
                fetched=to_time(row["fetched_at"]),
            )
            if row
            else None
        )

    def put_known(self, owner: str, keys: Sequence[KnownKey]) -> None:
        """Put ``keys`` in the place of all that ``owner`` had."""
        self._sql.run("DELETE FROM known_key WHERE owner = :owner", owner=owner)
        self._sql.run_each(
            """
            INSERT INTO known_key (uri, owner, material, fetched_at)
            VALUES (:uri, :owner, :material, :fetched_at)
            ON CONFLICT (uri) DO NOTHING
            """,
            [
                {
                    "uri": key.uri,
                    "owner": key.owner,
                    "material": key.material,
                    "fetched_at": from_time(key.fetched),
                }
                for key in keys
            ],
        )


def _own_key(row: Row) -> OwnKey:
    return OwnKey(
        uri=row["uri"],
        owner=row["owner"],
        algorithm=row["algorithm"],
        pem=row["pem"],
        created=to_time(row["created_at"]),
        retired=to_optional_time(row["retired_at"]),
    )


def _party(row: Row) -> Party:
    return Party(
        uri=row["uri"],
        type=row["type"],
        inbox=row["inbox"],
        shared_inbox=row["shared_inbox"],
        outbox=row["outbox"],
        followers=row["followers"],
        proposals=row["proposals"],
        fetched=to_time(row["fetched_at"]),
    )
