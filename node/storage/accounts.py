"""Members, their passwords, and the apps they signed in with."""

from datetime import datetime

from catalogue.model import Member, MemberRole
from node.storage.sql import Row, Sql, from_json, from_time, to_json, to_time
from web.accounts import App, Grant, Token


class Members:
    """The catalogue's member shelf on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def find(self, member_id: str) -> Member | None:
        """Return the member with this id, or None."""
        row = self._sql.one("SELECT * FROM member WHERE id = :id", id=member_id)
        return _member(row) if row else None

    def find_by_name(self, name: str) -> Member | None:
        """Return the member who signs in with this name in any letter case, or None."""
        row = self._sql.one("SELECT * FROM member WHERE name = :name", name=name.lower())
        return _member(row) if row else None

    def put(self, member: Member) -> None:
        """Store a member, new or changed."""
        self._sql.run(
            """
            INSERT INTO member (id, name, display_name, role, is_disabled, created_at)
            VALUES (:id, :name, :display_name, :role, :is_disabled, :created_at)
            ON CONFLICT (id) DO UPDATE SET display_name = excluded.display_name,
                role = excluded.role, is_disabled = excluded.is_disabled
            """,
            id=member.id,
            name=member.name.lower(),
            display_name=member.display_name,
            role=member.role,
            is_disabled=member.is_disabled,
            created_at=from_time(member.created),
        )

    def list_all(self) -> list[Member]:
        """Return every member, by name."""
        return [_member(row) for row in self._sql.all("SELECT * FROM member ORDER BY name")]


class Passwords:
    """The hashed passwords of members on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def find(self, member_id: str) -> str | None:
        """Return a member's hash, or None for one who has no password."""
        row = self._sql.one("SELECT encoded FROM password WHERE member_id = :id", id=member_id)
        return row["encoded"] if row else None

    def put(self, member_id: str, encoded: str, at: datetime) -> None:
        """Keep a member's hash in the place of the one before."""
        self._sql.run(
            """
            INSERT INTO password (member_id, encoded, changed_at) VALUES (:id, :encoded, :at)
            ON CONFLICT (member_id) DO UPDATE SET encoded = excluded.encoded,
                changed_at = excluded.changed_at
            """,
            id=member_id,
            encoded=encoded,
            at=from_time(at),
        )


class Apps:
    """The apps that made themselves known, on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def find(self, app_id: str) -> App | None:
        """Return the app with this id, or None."""
        row = self._sql.one("SELECT * FROM oauth_app WHERE id = :id", id=app_id)
        return _app(row) if row else None

    def put(self, app: App) -> None:
        """Store a new app."""
        self._sql.run(
            """
            INSERT INTO oauth_app (id, secret, name, website, redirect_uris, scope, created_at)
            VALUES (:id, :secret, :name, :website, :redirect_uris, :scope, :created_at)
            """,
            id=app.id,
            secret=app.secret,
            name=app.name,
            website=app.website,
            redirect_uris=from_json(app.redirect_uris),
            scope=app.scope,
            created_at=from_time(app.created),
        )

    def remove(self, app_id: str) -> None:
        """Remove an app with its codes and tokens."""
        self._sql.run("DELETE FROM oauth_app WHERE id = :id", id=app_id)

    def count(self) -> int:
        """Count the apps."""
        row = self._sql.one("SELECT count(*) AS n FROM oauth_app")
        return row["n"] if row else 0

    def forget_unused(self, before: datetime) -> int:
        """Remove the apps older than this that no member has a token or a code for."""
        return self._sql.run(
            """
            DELETE FROM oauth_app WHERE created_at < :before
                AND id NOT IN (SELECT app_id FROM oauth_token WHERE member_id IS NOT NULL)
                AND id NOT IN (SELECT app_id FROM oauth_code)
            """,
            before=from_time(before),
        )


class Grants:
    """Codes on their way to become tokens, on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def find(self, code_hash: str) -> Grant | None:
        """Return the grant of a code, or None."""
        row = self._sql.one("SELECT * FROM oauth_code WHERE hash = :hash", hash=code_hash)
        return _grant(row) if row else None

    def put(self, grant: Grant) -> None:
        """Store a grant, new or used."""
        self._sql.run(
            """
            INSERT INTO oauth_code (hash, app_id, member_id, redirect_uri, challenge, is_used,
                created_at)
            VALUES (:hash, :app, :member, :redirect_uri, :challenge, :is_used, :created_at)
            ON CONFLICT (hash) DO UPDATE SET is_used = excluded.is_used
            """,
            hash=grant.hash,
            app=grant.app,
            member=grant.member,
            redirect_uri=grant.redirect_uri,
            challenge=grant.challenge,
            is_used=grant.is_used,
            created_at=from_time(grant.created),
        )

    def trim(self, member_id: str, keep: int) -> None:
        """Keep only the newest grants of a member."""
        self._sql.run(
            """
            DELETE FROM oauth_code WHERE hash IN (
                SELECT hash FROM oauth_code WHERE member_id = :member
                ORDER BY created_at DESC, hash LIMIT -1 OFFSET :keep)
            """,
            member=member_id,
            keep=keep,
        )

    def revoke_member(self, member_id: str) -> None:
        """Remove every grant of a member."""
        self._sql.run("DELETE FROM oauth_code WHERE member_id = :member", member=member_id)

    def forget_before(self, moment: datetime) -> None:
        """Remove the grants older than this."""
        self._sql.run("DELETE FROM oauth_code WHERE created_at < :at", at=from_time(moment))


class Tokens:
    """Tokens that are held, on one connection."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def find(self, token_hash: str) -> Token | None:
        """Return a token, or None."""
        row = self._sql.one("SELECT * FROM oauth_token WHERE hash = :hash", hash=token_hash)
        return _token(row) if row else None

    def put(self, token: Token) -> None:
        """Store a new token."""
        self._sql.run(
            """
            INSERT INTO oauth_token (hash, app_id, member_id, code, created_at)
            VALUES (:hash, :app, :member, :code, :created_at)
            """,
            hash=token.hash,
            app=token.app,
            member=token.member,
            code=token.code,
            created_at=from_time(token.created),
        )

    def revoke(self, token_hash: str) -> None:
        """Remove a token."""
        self._sql.run("DELETE FROM oauth_token WHERE hash = :hash", hash=token_hash)

    def revoke_code(self, code_hash: str) -> None:
        """Remove what was given for a code."""
        self._sql.run("DELETE FROM oauth_token WHERE code = :code", code=code_hash)

    def revoke_member(self, member_id: str) -> None:
        """Remove every token of a member."""
        self._sql.run("DELETE FROM oauth_token WHERE member_id = :member", member=member_id)

    def trim(self, app_id: str, member_id: str | None, keep: int) -> None:
        """Keep only the newest tokens of a member, or of an app by itself."""
        self._sql.run(
            """
            DELETE FROM oauth_token WHERE hash IN (
                SELECT hash FROM oauth_token
                WHERE member_id = :member OR (:member IS NULL AND member_id IS NULL
                    AND app_id = :app)
                ORDER BY created_at DESC, hash LIMIT -1 OFFSET :keep)
            """,
            app=app_id,
            member=member_id,
            keep=keep,
        )

    def forget_before(self, moment: datetime) -> None:
        """Remove the tokens older than this."""
        self._sql.run("DELETE FROM oauth_token WHERE created_at < :at", at=from_time(moment))


def _member(row: Row) -> Member:
    return Member(
        id=row["id"],
        name=row["name"],
        display_name=row["display_name"],
        role=MemberRole(row["role"]),
        is_disabled=bool(row["is_disabled"]),
        created=to_time(row["created_at"]),
    )


def _app(row: Row) -> App:
    return App(
        id=row["id"],
        secret=row["secret"],
        name=row["name"],
        website=row["website"],
        redirect_uris=tuple(to_json(row["redirect_uris"])),
        scope=row["scope"],
        created=to_time(row["created_at"]),
    )


def _grant(row: Row) -> Grant:
    return Grant(
        hash=row["hash"],
        app=row["app_id"],
        member=row["member_id"],
        redirect_uri=row["redirect_uri"],
        challenge=row["challenge"],
        is_used=bool(row["is_used"]),
        created=to_time(row["created_at"]),
    )


def _token(row: Row) -> Token:
    return Token(
        hash=row["hash"],
        app=row["app_id"],
        member=row["member_id"],
        code=row["code"],
        created=to_time(row["created_at"]),
    )
