"""The door for reading: from a request to a call, and from its reply to JSON."""

from dataclasses import dataclass, replace

from aiohttp import web

from catalogue.addresses import ApiPath
from web.accounts import AccountStore, Holder, find_holder
from web.i18n.languages import accepted
from web.mastodon.answers import Handler, answered, answering, link
from web.mastodon.ask import Access, Ask, Call, Reply
from web.mastodon.desk import Desk, asked
from web.mastodon.errors import NoMember, NoToken

MAX_TOKEN = 200  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table: what a path shows, and to whom."""

    path: ApiPath
    access: Access
    call: Call


def handler(desk: Desk, row: Row) -> Handler:
    """Return what answers at one row's path."""

    async def read(request: web.Request) -> web.StreamResponse:
        token = token_of(request)
        languages = accepted(",".join(request.headers.getall("Accept-Language", [])))
        ask = Ask(
            site=desk.site,
            posts=desk.posts,
            path=row.path,
            parts=dict(request.match_info),
            params=asked(request),
            languages=(*languages, *desk.site.languages),
            icon=desk.icon,
        )
        reply = await desk.keeper.read(_run, row, ask, token)
        is_private = token is not None
        return answered(reply.data, headers=link(reply.links), is_private=is_private)

    return answering(read)


def token_of(request: web.Request) -> str | None:
    """Return the token that is shown (RFC 6750 2.1); raise NoToken for what is none."""
    shown = request.headers.getall("Authorization", [])
    if not shown:
        return None
    scheme, _, token = shown[0].partition(" ")
    if len(shown) > 1 or scheme.lower() != "bearer" or not 0 < len(token) <= MAX_TOKEN:
        raise NoToken
    return token


def _run(store: AccountStore, row: Row, ask: Ask, token: str | None) -> Reply:
    """Find out who asks, then do what they may (L37)."""
    holder = holder_of(store, token)
    if row.access is not Access.OPEN and holder is None:
        raise NoToken
    if row.access is Access.MEMBER and (holder is None or holder.member is None):
        raise NoMember
    return row.call(store, replace(ask, holder=holder))


def holder_of(store: AccountStore, token: str | None) -> Holder | None:
    """Return whom a token stands for; raise NoToken for one that does not hold."""
    if token is None:
        return None
    holder = find_holder(store, token)
    if holder is None:
        raise NoToken
    return holder
