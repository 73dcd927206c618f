"""Actors on their shelf, and the peers that their follows make."""

from collections.abc import Iterable
from datetime import datetime

from catalogue.language import LanguageMap
from catalogue.model import Actor, FollowState, Peer, Role
from node.storage.sql import (
    Row,
    Sql,
    from_json,
    from_time,
    in_list,
    to_json,
    to_optional_time,
    to_time,
)


class Actors:
    """The catalogue's actor shelf on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def find(self, actor_id: str) -> Actor | None:
        """Return the actor with this local id, or None."""
        row = self._sql.one("SELECT * FROM actor WHERE id = :id", id=actor_id)
        return _actor(row) if row else None

    def find_by_uri(self, uri: str) -> Actor | None:
        """Return the actor with this URI, or None."""
        row = self._sql.one("SELECT * FROM actor WHERE uri = :uri", uri=uri)
        return _actor(row) if row else None

    def find_by_handle(self, handle: str, node: str) -> Actor | None:
        """Return the actor of ``node`` with this handle in any letter case, or None."""
        row = self._sql.one(
            "SELECT * FROM actor WHERE node = :node AND handle = :handle",
            node=node,
            handle=handle.lower(),
        )
        return _actor(row) if row else None

    def find_many(self, uris: Iterable[str]) -> dict[str, Actor]:
        """Return those of ``uris`` that are here, by URI."""
        names, values = in_list("uri", sorted(set(uris)))
        rows = self._sql.all(f"SELECT * FROM actor WHERE uri IN {names}", **values)
        return {row["uri"]: _actor(row) for row in rows}

    def put(self, actor: Actor) -> None:
        """Store an actor, new or changed, by its URI; it keeps the local id it first got."""
        self._sql.run(
            """
            INSERT INTO actor (uri, id, url, role, handle, acct, name, node, details,
                published_at, updated_at)
            VALUES (:uri, :id, :url, :role, :handle, :acct, :name, :node, :details,
                :published_at, :updated_at)
            ON CONFLICT (uri) DO UPDATE SET url = excluded.url, role = excluded.role,
                handle = excluded.handle, acct = excluded.acct, name = excluded.name,
                details = excluded.details, updated_at = excluded.updated_at
            """,
            uri=actor.uri,
            id=actor.id,
            url=actor.url,
            role=actor.role,
            handle=actor.handle.lower(),
            acct=actor.acct,
            name=actor.name,
            node=actor.node,
            details=from_json(
                {
                    "kind": actor.kind,
                    "summary": dict(actor.summary),
                    "regions": actor.regions,
                    "languages": actor.languages,
                    "also_known_as": actor.also_known_as,
                    "moved_to": actor.moved_to,
                }
            ),
            published_at=from_time(actor.published),
            updated_at=from_time(actor.updated),
        )

    def remove(self, uri: str) -> None:
        """Take an actor off the shelf."""
        self._sql.run("DELETE FROM actor WHERE uri = :uri", uri=uri)

    def list_by_role(self, role: Role, node: str | None = None) -> list[Actor]:
        """Return the actors with this role, of one node or of all, by name."""
        rows = self._sql.all(
            """
            SELECT * FROM actor WHERE role = :role AND (:node IS NULL OR node = :node)
            ORDER BY name, uri
            """,
            role=role,
            node=node,
        )
        return [_actor(row) for row in rows]

    def list_affiliates(self, here: str, uri: str | None = None) -> list[Actor]:
        """Return the affiliates that take part, as node ``here`` sees it, by name; or one."""
        rows = self._sql.all(
            """
            SELECT * FROM actor WHERE role = 'affiliate' AND (:uri IS NULL OR uri = :uri) AND (
                node = :here
                OR EXISTS (SELECT 1 FROM listing WHERE listing.by_uri = actor.uri)
                OR node IN (
                    SELECT near.node FROM follow JOIN actor AS near ON near.uri = follow.followed
                    WHERE follow.state = 'accepted'
                )
            )
            ORDER BY name, uri
            """,
            here=here,
            uri=uri,
        )
        return [_actor(row) for row in rows]


def _actor(row: Row) -> Actor:
    details = to_json(row["details"])
    return Actor(
        id=row["id"],
        uri=row["uri"],
        url=row["url"],
        role=Role(row["role"]),
        handle=row["handle"],
        acct=row["acct"],
        name=row["name"],
        node=row["node"],
        kind=details["kind"],
        summary=LanguageMap(details["summary"]),
        regions=tuple(details["regions"]),
        languages=tuple(details["languages"]),
        also_known_as=tuple(details.get("also_known_as", ())),
        moved_to=details.get("moved_to"),
        published=to_time(row["published_at"]),
        updated=to_time(row["updated_at"]),
    )


class Peers:
    """The catalogue's view of other nodes on one connection."""

    def __init__(self, sql: Sql, catalogue_uri: str) -> None:
        self._sql = sql
        self._catalogue = catalogue_uri

    def list_peers(self, now: datetime) -> list[Peer]:
        """Return every node whose catalogue follows ours or is followed by it, by name."""
        rows = self._sql.all(
            """
            SELECT actor.uri, actor.name, actor.node, ours.state AS ours, theirs.state AS theirs,
                host.heard_at, CASE WHEN host.closed_until > :now THEN host.error END AS trouble,
                (SELECT count(*) FROM listing WHERE listing.node = actor.node
                    AND listing.status = 'open' AND visibility = 'public'
                    AND (until_at IS NULL OR until_at > :now)) AS open
            FROM actor JOIN party ON party.uri = actor.uri AND party.proposals IS NOT NULL
                AND actor.role = 'catalogue'
            LEFT JOIN follow AS ours ON ours.follower = :us AND ours.followed = actor.uri
            LEFT JOIN follow AS theirs ON theirs.follower = actor.uri AND theirs.followed = :us
            LEFT JOIN host ON host.host = actor.node
            WHERE ours.state IS NOT NULL OR theirs.state IS NOT NULL
            ORDER BY actor.name, actor.uri
            """,
            us=self._catalogue,
            now=from_time(now),
        )
        return [
            Peer(
                node=row["node"],
                name=row["name"],
                catalogue=row["uri"],
                following=FollowState(row["ours"]) if row["ours"] else None,
                follows_us=row["theirs"] == FollowState.ACCEPTED,
                open_listings=row["open"],
                heard=to_optional_time(row["heard_at"]),
                trouble=row["trouble"],
            )
            for row in rows
        ]
