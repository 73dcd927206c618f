"""What happened and what is gone: events that wait to be told, and tombstones."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from catalogue.events import (
    ActorChanged,
    ActorMoved,
    AnswerDeleted,
    AnswerEdited,
    AnswerGiven,
    Event,
    FollowAnswered,
    FollowRequested,
    FollowWithdrawn,
    ListingDeleted,
    ListingEdited,
    ListingPublished,
    QuoteAnswered,
    TopicsReached,
)
from catalogue.model import Follow, FollowState, Kind, Visibility
from catalogue.ports import Clock
from node.storage.sql import Sql, from_json, from_time, to_json, to_time


class Tombstones:
    """The catalogue's shelf of deleted things on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def bury(self, uri: str, *, by: str, at: datetime) -> None:
        """Remember that ``by``, who says to own it, deleted ``uri``; the first time counts."""
        self._sql.run(
            """
            INSERT INTO tombstone (uri, by_uri, deleted_at) VALUES (:uri, :by, :at)
            ON CONFLICT (uri, by_uri) DO NOTHING
            """,
            uri=uri,
            by=by,
            at=from_time(at),
        )

    def count_since(self, moment: datetime, *, by: str) -> int:
        """Count what an owner has deleted since a moment."""
        row = self._sql.one(
            "SELECT count(*) AS n FROM tombstone WHERE by_uri = :by AND deleted_at >= :moment",
            by=by,
            moment=from_time(moment),
        )
        return row["n"] if row else 0

    def deleted_at(self, uri: str, *, by: str | None = None) -> datetime | None:
        """Return when ``uri`` was deleted (by that owner, if one is named), or None."""
        row = self._sql.one(
            """
            SELECT deleted_at FROM tombstone
            WHERE uri = :uri AND (:by IS NULL OR by_uri = :by) ORDER BY deleted_at LIMIT 1
            """,
            uri=uri,
            by=by,
        )
        return to_time(row["deleted_at"]) if row else None

    def deleted_among(self, uris: Sequence[str]) -> set[str]:
        """Return those of ``uris`` that were deleted, by whomever."""
        rows = self._sql.all(
            "SELECT uri FROM tombstone WHERE uri IN (SELECT value FROM json_each(:uris))",
            uris=from_json(uris),
        )
        return {row["uri"] for row in rows}


class Events:
    """The events on one connection: written by the catalogue, read by federation."""

    def __init__(self, sql: Sql, clock: Clock) -> None:
        self._sql = sql
        self._clock = clock

    def record(self, event: Event) -> None:
        """Write down an event, in the transaction that made it true."""
        self._sql.run(
            "INSERT INTO event (name, details, happened_at) VALUES (:name, :details, :at)",
            name=type(event).__name__,
            details=from_json(_details(event)),
            at=from_time(self._clock.now()),
        )

    def next_pending(self, limit: int) -> list[tuple[int, Event]]:
        """Return the oldest untold events with their numbers."""
        rows = self._sql.all("SELECT * FROM event ORDER BY seq LIMIT :limit", limit=limit)
        return [(row["seq"], _event(row["name"], to_json(row["details"]))) for row in rows]

    def told(self, seq: int) -> None:
        """Mark an event as told: it is not needed any more."""
        self._sql.run("DELETE FROM event WHERE seq = :seq", seq=seq)


def _details(event: Event) -> Mapping[str, Any]:
    details = asdict(event)
    if "follow" in details:
        details = details["follow"]
    return {
        name: from_time(value) if isinstance(value, datetime) else value
        for name, value in details.items()
    }


def _event(name: str, details: Mapping[str, Any]) -> Event:
    match name:
        case "ListingPublished":
            return ListingPublished(listing=details["listing"])
        case "ListingEdited":
            return ListingEdited(listing=details["listing"])
        case "ListingDeleted":
            return ListingDeleted(
                uri=details["uri"],
                by=details["by"],
                kind=Kind(details["kind"]),
                visibility=Visibility(details["visibility"]),
                deleted=to_time(details["deleted"]),
                topics=tuple(details.get("topics", ())),
            )
        case "ActorChanged":
            return ActorChanged(actor=details["actor"])
        case "ActorMoved":
            return ActorMoved(actor=details["actor"], target=details["target"])
        case "TopicsReached":
            return TopicsReached(listing=details["listing"], topics=tuple(details["topics"]))
        case "FollowRequested":
            return FollowRequested(follow=_follow(details))
        case "FollowAnswered":
            return FollowAnswered(follow=_follow(details))
        case "FollowWithdrawn":
            return FollowWithdrawn(follow=_follow(details))
        case "AnswerGiven":
            return AnswerGiven(message=details["message"])
        case "AnswerEdited":
            return AnswerEdited(message=details["message"])
        case "AnswerDeleted":
            return AnswerDeleted(**{**details, "deleted": to_time(details["deleted"])})
        case "QuoteAnswered":
            return QuoteAnswered(**details)
    raise ValueError(f"no event is called {name}")


def _follow(details: Mapping[str, Any]) -> Follow:
    return Follow(
        uri=details["uri"],
        follower=details["follower"],
        followed=details["followed"],
        state=FollowState(details["state"]),
        created=to_time(details["created"]),
        updated=to_time(details["updated"]),
    )
