"""Who is signed in with which app: apps, the codes they are given, the tokens they hold.

Secrets, codes and tokens are random and kept as SHA-256 only, so that a copy of the database opens
nothing. Each function is one transaction's work.

=============  =================================================================================
an app         is gone a week after it came, unless a member has signed in with it; where there
               are too many, an hour after it came
a code         holds ten minutes, for one app, redirect address and PKCE challenge, and once
a token        holds a year; less when it is revoked, or when its member is disabled or gets
               another password, or its app is gone, or its code is used a second time
=============  =================================================================================
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from catalogue import members
from catalogue.errors import Conflict
from catalogue.members import MemberDraft
from catalogue.model import Member
from catalogue.ports import Store

SECRET_BYTES = 32
CODE_LIFE = timedelta(minutes=10)
TOKEN_LIFE = timedelta(days=365)
UNUSED_APP_LIFE = timedelta(days=7)
CROWDED_APP_LIFE = timedelta(hours=1)  # where there are as many apps as there may be
MAX_APPS = 10_000
MAX_TOKENS_OF_MEMBER = 50
MAX_TOKENS_OF_APP = 10  # that no member signed in for
MAX_CODES_OF_MEMBER = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A program that wants to read here in somebody's name; ``secret`` is hashed."""

    id: str
    secret: str
    name: str
    website: str
    redirect_uris: tuple[str, ...]
    scope: str
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A member's leave for an app, to be exchanged for a token; ``challenge`` may be empty."""

    hash: str
    app: str
    member: str
    redirect_uri: str
    challenge: str
    is_used: bool = False
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What an app shows with each request; ``member`` is None for the app by itself."""

    hash: str
    app: str
    member: str | None
    code: str | None
    created: datetime


class PasswordShelf(Protocol):
    """The hashed passwords of members."""

    def find(self, member_id: str) -> str | None:
        """Return a member's hash, or None for one who has no password."""
        ...

    def put(self, member_id: str, encoded: str, at: datetime) -> None:
        """Keep a member's hash in the place of the one before."""
        ...


class AppShelf(Protocol):
    """The apps that made themselves known."""

    def find(self, app_id: str) -> App | None:
        """Return the app with this id, or None."""
        ...

    def put(self, app: App) -> None:
        """Store a new app."""
        ...

    def remove(self, app_id: str) -> None:
        """Remove an app with its codes and tokens."""
        ...

    def count(self) -> int:
        """Count the apps."""
        ...

    def forget_unused(self, before: datetime) -> int:
        """Remove the apps older than this that no member has a token or a code for."""
        ...


class GrantShelf(Protocol):
    """Codes on their way to become tokens."""

    def find(self, code_hash: str) -> Grant | None:
        """Return the grant of a code, or None."""
        ...

    def put(self, grant: Grant) -> None:
        """Store a grant, new or used."""
        ...

    def trim(self, member_id: str, keep: int) -> None:
        """Keep only the newest grants of a member."""
        ...

    def revoke_member(self, member_id: str) -> None:
        """Remove every grant of a member."""
        ...

    def forget_before(self, moment: datetime) -> None:
        """Remove the grants older than this."""
        ...


class TokenShelf(Protocol):
    """Tokens that are held."""

    def find(self, token_hash: str) -> Token | None:
        """Return a token, or None."""
        ...

    def put(self, token: Token) -> None:
        """Store a new token."""
        ...

    def revoke(self, token_hash: str) -> None:
        """Remove a token."""
        ...

    def revoke_code(self, code_hash: str) -> None:
        """Remove what was given for a code."""
        ...

    def revoke_member(self, member_id: str) -> None:
        """Remove every token of a member."""
        ...

    def trim(self, app_id: str, member_id: str | None, keep: int) -> None:
        """Keep only the newest tokens of a member, or of an app by itself."""
        ...

    def forget_before(self, moment: datetime) -> None:
        """Remove the tokens older than this."""
        ...


class Refusals(Protocol):
    """Who is not dealt with here."""

    def is_blocked(self, name: str, /) -> bool:
        """Say whether this host, or this actor, is blocked."""
        ...


class AccountStore(Store, Protocol):
    """A store that knows who signs in, and who is shut out."""

    @property
    def hosts(self) -> Refusals:
        """Hosts, by their names."""
        ...

    @property
    def blocks(self) -> Refusals:
        """Single actors, by their URIs."""
        ...

    @property
    def passwords(self) -> PasswordShelf:
        """Hashed passwords."""
        ...

    @property
    def apps(self) -> AppShelf:
        """Apps."""
        ...

    @property
    def grants(self) -> GrantShelf:
        """Codes."""
        ...

    @property
    def tokens(self) -> TokenShelf:
        """Tokens."""
        ...


def new_secret() -> str:
    """Return a secret that nobody can guess."""
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_of(secret: str) -> str:
    """Return what is kept of a secret of ours; one this long needs no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def is_same(one: str, other: str) -> bool:
    """Compare two secrets in a time that tells nothing."""
    return secrets.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


# -- members --------------------------------------------------------------------------------------


def admit_member(store: AccountStore, draft: MemberDraft, encoded: str) -> Member:
    """Take a person in together with their password, in one transaction."""
    member = members.add_member(store, draft)
    store.passwords.put(member.id, encoded, store.clock.now())
    return member


def set_password(store: AccountStore, name: str, encoded: str) -> Member:
    """Give a member another password; whoever was signed in with the old one is so no more."""
    member = members.get_member(store, name)
    store.passwords.put(member.id, encoded, store.clock.now())
    _sign_out(store, member)
    return member


def disable(store: AccountStore, name: str) -> Member:
    """Shut a member out at once."""
    member = members.set_disabled(store, name, is_disabled=True)
    _sign_out(store, member)
    return member


def find_password(store: AccountStore, name: str) -> tuple[Member | None, str | None]:
    """Return who may sign in with a name, and their hash; a disabled member is not there."""
    member = store.members.find_by_name(name)
    if member is None or member.is_disabled:
        return None, None
    return member, store.passwords.find(member.id)


def renew_password(store: AccountStore, member_id: str, before: str, encoded: str) -> None:
    """Keep the same password hashed anew, unless it was changed meanwhile."""
    if store.passwords.find(member_id) == before:
        store.passwords.put(member_id, encoded, store.clock.now())


def _sign_out(store: AccountStore, member: Member) -> None:
    store.grants.revoke_member(member.id)
    store.tokens.revoke_member(member.id)


# -- apps, codes, tokens --------------------------------------------------------------------------


def add_app(
    store: AccountStore, *, name: str, website: str, redirect_uris: Sequence[str], scope: str
) -> tuple[App, str]:
    """Take an app in; return it with its secret. Raises Conflict where there are too many.

    What nobody signed in with makes room, so that no few strangers keep all others out.
    """
    if store.apps.count() >= MAX_APPS:
        store.apps.forget_unused(store.clock.now() - CROWDED_APP_LIFE)
    if store.apps.count() >= MAX_APPS:
        raise Conflict("too many apps have made themselves known here; try again tomorrow")
    secret = new_secret()
    app = App(
        id=new_secret(),
        secret=hash_of(secret),
        name=name,
        website=website,
        redirect_uris=tuple(redirect_uris),
        scope=scope,
        created=store.clock.now(),
    )
    store.apps.put(app)
    return app, secret


def find_app(store: AccountStore, app_id: str, secret: str) -> App | None:
    """Return the app that proves itself with its secret, or None."""
    app = store.apps.find(app_id)
    return app if app and is_same(app.secret, hash_of(secret)) else None


def grant(
    store: AccountStore,
    *,
    member: Member,
    encoded: str,
    app: App,
    redirect_uri: str,
    challenge: str,
) -> str | None:
    """Give an app a code in a member's name; None where one of the two has changed meanwhile.

    ``encoded`` is the hash that the member's password was compared with.
    """
    known = store.members.find(member.id)
    if known is None or known.is_disabled or store.passwords.find(member.id) != encoded:
        return None
    if store.apps.find(app.id) is None:
        return None
    code = new_secret()
    store.grants.put(
        Grant(
            hash=hash_of(code),
            app=app.id,
            member=member.id,
            redirect_uri=redirect_uri,
            challenge=challenge,
            created=store.clock.now(),
        )
    )
    store.grants.trim(member.id, MAX_CODES_OF_MEMBER)
    return code


def exchange(
    store: AccountStore, *, app: App, code: str, redirect_uri: str, challenge: str
) -> str | None:
    """Give a token for a code; None for one that does not hold.

    ``challenge`` is what the verifier comes to. A code that comes a second time has leaked, so what
    was given for it is taken back (RFC 6749 4.1.2).
    """
    given = store.grants.find(hash_of(code))
    if given is None or given.app != app.id:
        return None
    if given.is_used:
        store.tokens.revoke_code(given.hash)
        return None
    now = store.clock.now()
    is_bound = given.redirect_uri == redirect_uri and is_same(given.challenge, challenge)
    if not is_bound or now - given.created > CODE_LIFE:
        return None
    member = store.members.find(given.member)
    if member is None or member.is_disabled:
        return None
    store.grants.put(replace(given, is_used=True))
    return _token(store, app, member.id, given.hash)


def token_for_app(store: AccountStore, app: App) -> str:
    """Give an app a token by itself (RFC 6749 4.4)."""
    return _token(store, app, None, None)


def _token(store: AccountStore, app: App, member: str | None, code: str | None) -> str:
    token = new_secret()
    now = store.clock.now()
    store.tokens.put(Token(hash=hash_of(token), app=app.id, member=member, code=code, created=now))
    store.tokens.trim(app.id, member, MAX_TOKENS_OF_MEMBER if member else MAX_TOKENS_OF_APP)
    return token


def revoke(store: AccountStore, app: App, token: str) -> bool:
    """Take back a token of this app; say whether it may: not that of another."""
    known = store.tokens.find(hash_of(token))
    if known is not None and known.app != app.id:
        return False
    store.tokens.revoke(hash_of(token))
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whom a token stands for: an app, and the member who signed in with it, if one did."""

    app: App
    member: Member | None
    since: datetime


def find_holder(store: AccountStore, token: str) -> Holder | None:
    """Return whom a token stands for; None for one that holds no more, or never did."""
    known = store.tokens.find(hash_of(token))
    if known is None or store.clock.now() - known.created > TOKEN_LIFE:
        return None
    app = store.apps.find(known.app)
    if app is None:
        return None
    if known.member is None:
        return Holder(app=app, member=None, since=known.created)
    member = store.members.find(known.member)
    if member is None or member.is_disabled:
        return None
    return Holder(app=app, member=member, since=known.created)


def tidy(store: AccountStore) -> None:
    """Forget what holds no more."""
    now = store.clock.now()
    store.grants.forget_before(now - CODE_LIFE)
    store.tokens.forget_before(now - TOKEN_LIFE)
    store.apps.forget_unused(now - UNUSED_APP_LIFE)
