"""The one form of these pages: a reader's account, and on to their own server.

Nobody is signed in, so there is nothing to steal by sending the form from elsewhere; but it makes
this node ask a server and sends the reader there, so it is taken from our own pages only, at a
bounded pace, and whatever goes wrong ends on the page that shows the handle to copy.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qsl

from aiohttp import web

from catalogue.rates import Limiter, Rate
from web.answers import Door, away
from web.client import client_of
from web.pages.follow import follow
from web.ports import Homes

FORM = "application/x-www-form-urlencoded"
MAX_FORM = 8 * 1024  # bytes
MAX_FIELDS = 8
FORM_SECONDS = 10.0  # to send it
EACH = 6  # look-ups a minute, one reader
ALL = 60  # look-ups a minute, all together
READERS = 4096  # remembered
MINUTE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Pace:
    """How often readers may make this node ask another server: each, and all together."""

    each: Limiter = field(
        default_factory=lambda: Limiter(Rate(number=EACH, seconds=MINUTE), most_names=READERS)
    )
    everybody: Limiter = field(default_factory=lambda: Limiter(Rate(number=ALL, seconds=MINUTE)))

    def allows(self, reader: str, now: float) -> bool:
        """Count one more time by a reader; say whether that is not too often.

        What one reader has too much of uses up nothing of the others'.
        """
        return not (
            self.each.hit(reader, now).is_used_up or self.everybody.hit("all", now).is_used_up
        )


@dataclass(frozen=True, slots=True)
class FollowDoor:
    """Takes the form."""

    door: Door
    homes: Homes
    pace: Pace = field(default_factory=Pace)

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Lead the reader to their own server, or show the page again and say why not."""
        fields = await _fields(request)
        account, uri = fields.get("account", "").strip(), fields.get("uri", "")
        again = partial(self._again, request, account, uri)
        if not is_from_here(request, self.door.site.addresses.base_url):
            return await again("elsewhere", web.HTTPForbidden.status_code)
        unknown = await again("unknown")
        if unknown.status != web.HTTPOk.status_code:  # whom it is about, nobody here knows
            return unknown
        if not self.homes.is_account(account):
            return await again("account", web.HTTPUnprocessableEntity.status_code)
        if not self.pace.allows(client_of(request), time.monotonic()):
            return await again("busy", web.HTTPTooManyRequests.status_code)
        way = await self.homes.find_way(account, uri)
        return away(way) if way else unknown

    async def _again(
        self, request: web.Request, account: str, uri: str, problem: str, status: int = 200
    ) -> web.StreamResponse:
        page = partial(follow, account=account, problem=problem, status=status)
        return await self.door.answer(request, page, asked=(("uri", uri),))


def is_from_here(request: web.Request, base_url: str) -> bool:
    """Say whether a browser sends a form from our own page (Fetch Metadata, RFC 6454 7)."""
    site = request.headers.get("Sec-Fetch-Site")
    return site == "same-origin" if site else request.headers.get("Origin") == base_url


async def _fields(request: web.Request) -> Mapping[str, str]:
    """Read the form; whatever is none reads as an empty one."""
    if request.content_type != FORM or (request.content_length or 0) > MAX_FORM:
        return {}
    try:
        async with asyncio.timeout(FORM_SECONDS):
            body = await request.read()
        text = body[:MAX_FORM].decode("utf-8", "replace")
        return dict(parse_qsl(text, max_num_fields=MAX_FIELDS))
    except (TimeoutError, ValueError, web.HTTPException, web.RequestPayloadError):
        return {}
