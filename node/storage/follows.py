"""Follows on their shelf: one row for each pair of actors."""

from collections.abc import Iterable

from catalogue.model import Follow, FollowState
from node.storage.sql import Row, Sql, from_time, in_list, to_time


class Follows:
    """The catalogue's follow shelf on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def find(self, uri: str) -> Follow | None:
        """Return the follow that the activity ``uri`` asked for, or None."""
        row = self._sql.one("SELECT * FROM follow WHERE uri = :uri", uri=uri)
        return _follow(row) if row else None

    def find_between(self, follower: str, followed: str) -> Follow | None:
        """Return the follow of one actor by another, in whatever state, or None."""
        row = self._sql.one(
            "SELECT * FROM follow WHERE follower = :follower AND followed = :followed",
            follower=follower,
            followed=followed,
        )
        return _follow(row) if row else None

    def put(self, follow: Follow) -> None:
        """Store a follow: one for each pair of actors."""
        self._sql.run(
            """
            INSERT INTO follow (follower, followed, uri, state, created_at, updated_at)
            VALUES (:follower, :followed, :uri, :state, :created_at, :updated_at)
            ON CONFLICT (follower, followed) DO UPDATE SET uri = excluded.uri,
                state = excluded.state, updated_at = excluded.updated_at
            """,
            follower=follow.follower,
            followed=follow.followed,
            uri=follow.uri,
            state=follow.state,
            created_at=from_time(follow.created),
            updated_at=from_time(follow.updated),
        )

    def list_followers(self, followed: str) -> list[Follow]:
        """Return the accepted follows of an actor, oldest first."""
        rows = self._sql.all(
            """
            SELECT * FROM follow WHERE followed = :followed AND state = 'accepted'
            ORDER BY created_at, follower
            """,
            followed=followed,
        )
        return [_follow(row) for row in rows]

    def list_followers_of_any(self, followed: Iterable[str]) -> list[Follow]:
        """Return the accepted follows of several actors, oldest first."""
        names, values = in_list("followed", sorted(set(followed)))
        rows = self._sql.all(
            f"""
            SELECT * FROM follow WHERE followed IN {names} AND state = 'accepted'
            ORDER BY created_at, follower
            """,
            **values,
        )
        return [_follow(row) for row in rows]

    def followed_among(self, uris: Iterable[str]) -> set[str]:
        """Return those of ``uris`` that somebody follows, with an accepted follow."""
        names, values = in_list("followed", sorted(set(uris)))
        rows = self._sql.all(
            f"""
            SELECT DISTINCT followed FROM follow
            WHERE followed IN {names} AND state = 'accepted'
            """,
            **values,
        )
        return {row["followed"] for row in rows}

    def was_followed(self, uri: str) -> bool:
        """Say whether somebody follows an actor or ever did."""
        row = self._sql.one("SELECT 1 FROM follow WHERE followed = :uri LIMIT 1", uri=uri)
        return row is not None

    def list_once_followed(self, prefix: str) -> list[str]:
        """Return the actors below ``prefix`` that somebody follows or ever did."""
        rows = self._sql.all(
            """
            SELECT DISTINCT followed FROM follow
            WHERE followed > :prefix AND followed < :prefix || char(1114111) ORDER BY followed
            """,
            prefix=prefix,
        )
        return [row["followed"] for row in rows]

    def list_following(self, follower: str) -> list[Follow]:
        """Return the follows an actor asked for and has not undone, oldest first."""
        rows = self._sql.all(
            """
            SELECT * FROM follow WHERE follower = :follower AND state != 'undone'
            ORDER BY created_at, followed
            """,
            follower=follower,
        )
        return [_follow(row) for row in rows]

    def list_from(self, host: str) -> list[Follow]:
        """Return the accepted follows by actors of a host; "0" is the sign after "/"."""
        rows = self._sql.all(
            """
            SELECT * FROM follow WHERE state = 'accepted' AND (
                follower >= 'https://' || :host || '/' AND follower < 'https://' || :host || '0'
                OR follower >= 'http://' || :host || '/' AND follower < 'http://' || :host || '0')
            ORDER BY created_at, follower
            """,
            host=host,
        )
        return [_follow(row) for row in rows]


def _follow(row: Row) -> Follow:
    return Follow(
        uri=row["uri"],
        follower=row["follower"],
        followed=row["followed"],
        state=FollowState(row["state"]),
        created=to_time(row["created_at"]),
        updated=to_time(row["updated_at"]),
    )
