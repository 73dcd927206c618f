"""Inquiries on their shelf, each with its messages."""

from collections.abc import Iterable
from datetime import datetime

from catalogue.correspondence import Inquiry, Message, Standing
from catalogue.language import LanguageMap
from node.storage.sql import Row, Sql, from_json, from_time, in_list, to_json, to_time


class Inquiries:
    """The catalogue's shelf of inquiries on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    # -- inquiries ----------------------------------------------------------------------------

    def find(self, inquiry_id: str) -> Inquiry | None:
        """Return an inquiry, or None."""
        row = self._sql.one("SELECT * FROM inquiry WHERE id = :id", id=inquiry_id)
        return _inquiry(row) if row else None

    def find_current(self, *, asker: str, to: str, listing: str | None) -> Inquiry | None:
        """Return the newest inquiry of an asker about one thing that is not closed, or None."""
        row = self._sql.one(
            """
            SELECT * FROM inquiry WHERE asker = :asker AND to_uri = :to
                AND listing_uri IS :listing AND standing != 'closed'
            ORDER BY id DESC LIMIT 1
            """,
            asker=asker,
            to=to,
            listing=listing,
        )
        return _inquiry(row) if row else None

    def put(self, inquiry: Inquiry) -> None:
        """Store an inquiry, new or changed."""
        self._sql.run(
            """
            INSERT INTO inquiry (id, to_uri, asker, listing_uri, standing, opened_at, updated_at)
            VALUES (:id, :to, :asker, :listing, :standing, :opened_at, :updated_at)
            ON CONFLICT (id) DO UPDATE SET standing = excluded.standing,
                updated_at = excluded.updated_at
            """,
            id=inquiry.id,
            to=inquiry.to,
            asker=inquiry.asker,
            listing=inquiry.listing,
            standing=inquiry.standing,
            opened_at=from_time(inquiry.opened),
            updated_at=from_time(inquiry.updated),
        )

    def remove(self, inquiry_id: str) -> None:
        """Take an inquiry off the shelf with all its messages."""
        self._sql.run("DELETE FROM inquiry WHERE id = :id", id=inquiry_id)

    def list_newest(
        self, *, to: str | None = None, standing: Standing | None = None, limit: int
    ) -> list[Inquiry]:
        """Return inquiries, those first in which something happened last."""
        rows = self._sql.all(
            """
            SELECT * FROM inquiry WHERE (:to IS NULL OR to_uri = :to)
                AND (:standing IS NULL OR standing = :standing)
            ORDER BY updated_at DESC, id DESC LIMIT :limit
            """,
            to=to,
            standing=standing,
            limit=limit,
        )
        return [_inquiry(row) for row in rows]

    def list_asked_by(self, asker: str) -> list[Inquiry]:
        """Return every inquiry of one asker."""
        rows = self._sql.all("SELECT * FROM inquiry WHERE asker = :asker ORDER BY id", asker=asker)
        return [_inquiry(row) for row in rows]

    # -- messages -----------------------------------------------------------------------------

    def find_message(self, message_id: str) -> Message | None:
        """Return a message by its local id, or None."""
        row = self._sql.one("SELECT * FROM message WHERE id = :id", id=message_id)
        return _message(row) if row else None

    def find_by_uri(self, uri: str) -> Message | None:
        """Return a message by its URI, or None."""
        row = self._sql.one("SELECT * FROM message WHERE uri = :uri", uri=uri)
        return _message(row) if row else None

    def put_message(self, message: Message) -> None:
        """Store a message, new or changed."""
        self._sql.run(
            """
            INSERT INTO message (id, uri, url, inquiry_id, author, node, to_uri, in_reply_to,
                is_answer, is_public, text, published_at, updated_at, received_at)
            VALUES (:id, :uri, :url, :inquiry, :author, :node, :to, :in_reply_to,
                (SELECT to_uri = :author FROM inquiry WHERE inquiry.id = :inquiry),
                :is_public, :said, :published_at, :updated_at, :received_at)
            ON CONFLICT (uri) DO UPDATE SET url = excluded.url, is_public = excluded.is_public,
                text = excluded.text, updated_at = excluded.updated_at
            """,
            id=message.id,
            uri=message.uri,
            url=message.url,
            inquiry=message.inquiry,
            author=message.author,
            node=message.node,
            to=message.to,
            in_reply_to=message.in_reply_to,
            is_public=message.is_public,
            said=from_json(dict(message.text)),
            published_at=from_time(message.published),
            updated_at=from_time(message.updated),
            received_at=from_time(message.received),
        )

    def remove_message(self, message_id: str) -> None:
        """Take a message off the shelf, with the draft it asked for."""
        self._sql.run("DELETE FROM message WHERE id = :id", id=message_id)

    def messages(self, inquiry_id: str) -> list[Message]:
        """Return what was said in an inquiry, in the order it came."""
        rows = self._sql.all(
            "SELECT * FROM message WHERE inquiry_id = :inquiry ORDER BY seq", inquiry=inquiry_id
        )
        return [_message(row) for row in rows]

    def list_by_author(self, author: str) -> list[Message]:
        """Return every message of one author."""
        rows = self._sql.all(
            "SELECT * FROM message WHERE author = :author ORDER BY received_at, seq", author=author
        )
        return [_message(row) for row in rows]

    def list_public_replies(self, uri: str, limit: int) -> list[Message]:
        """Return the public messages that reply to ``uri`` itself, oldest first."""
        rows = self._sql.all(
            """
            SELECT * FROM message WHERE in_reply_to = :uri AND is_public
            ORDER BY seq LIMIT :limit
            """,
            uri=uri,
            limit=limit,
        )
        return [_message(row) for row in rows]

    def list_public_thread(self, uri: str, limit: int) -> list[Message]:
        """Return the public messages below ``uri``, reply by reply, oldest first."""
        rows = self._sql.all(
            """
            WITH RECURSIVE thread (uri) AS (
                SELECT :uri
                UNION
                SELECT message.uri FROM message JOIN thread ON message.in_reply_to = thread.uri
                WHERE message.is_public
                LIMIT :most
            )
            SELECT message.* FROM message JOIN thread ON thread.uri = message.uri
            WHERE message.uri != :uri ORDER BY seq
            """,
            uri=uri,
            most=limit + 1,
        )
        return [_message(row) for row in rows]

    def count_public_replies(self, uris: Iterable[str]) -> dict[str, int]:
        """Count the public messages that reply to each of ``uris``, by authors on the shelf."""
        wanted = sorted(set(uris))
        names, values = in_list("uri", wanted)
        rows = self._sql.all(
            f"""
            SELECT in_reply_to AS uri, count(*) AS n FROM message
            WHERE in_reply_to IN {names} AND is_public
                AND EXISTS (SELECT 1 FROM actor WHERE actor.uri = message.author)
            GROUP BY in_reply_to
            """,
            **values,
        )
        return dict.fromkeys(wanted, 0) | {row["uri"]: row["n"] for row in rows}

    # -- how much there is --------------------------------------------------------------------

    def count(self) -> int:
        """Count the messages of others."""
        row = self._sql.one("SELECT count(*) AS n FROM message WHERE is_answer = 0")
        return row["n"] if row else 0

    def count_in(self, inquiry_id: str) -> int:
        """Count the messages in one inquiry."""
        row = self._sql.one(
            "SELECT count(*) AS n FROM message WHERE inquiry_id = :inquiry", inquiry=inquiry_id
        )
        return row["n"] if row else 0

    def count_since(
        self, moment: datetime, *, author: str | None = None, node: str | None = None
    ) -> int:
        """Count the messages of an author or a server that came since a moment."""
        if author is not None:
            row = self._sql.one(
                "SELECT count(*) AS n FROM message WHERE author = :author AND received_at >= :at",
                author=author,
                at=from_time(moment),
            )
        else:
            row = self._sql.one(
                "SELECT count(*) AS n FROM message WHERE node = :node AND received_at >= :at",
                node=node,
                at=from_time(moment),
            )
        return row["n"] if row else 0


def _inquiry(row: Row) -> Inquiry:
    return Inquiry(
        id=row["id"],
        to=row["to_uri"],
        asker=row["asker"],
        listing=row["listing_uri"],
        standing=Standing(row["standing"]),
        opened=to_time(row["opened_at"]),
        updated=to_time(row["updated_at"]),
    )


def _message(row: Row) -> Message:
    return Message(
        id=row["id"],
        uri=row["uri"],
        url=row["url"],
        inquiry=row["inquiry_id"],
        author=row["author"],
        node=row["node"],
        to=row["to_uri"],
        in_reply_to=row["in_reply_to"],
        text=LanguageMap(to_json(row["text"])),
        is_public=bool(row["is_public"]),
        published=to_time(row["published_at"]),
        updated=to_time(row["updated_at"]),
        received=to_time(row["received_at"]),
    )
