"""What the handlers of this API share: the node, the way to its store, who tries how often."""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from aiohttp import web

from catalogue.rates import Limiter, Rate
from web import assets
from web.accounts import AccountStore
from web.client import client_of
from web.mastodon.ask import Posts
from web.mastodon.errors import ApiError, TooOften
from web.mastodon.params import MAX_BODY, Params, from_body, from_query
from web.site import Site

P = ParamSpec("P")
T = TypeVar("T")

SIGN_INS_OF_CLIENT = 25
SIGN_INS_OF_CLIENT_SECONDS = 5 * 60
SIGN_INS_OF_NAME = 25
SIGN_INS_OF_NAME_SECONDS = 60 * 60
NEW_APPS = 5
NEW_APPS_SECONDS = 10 * 60
TOKEN_REQUESTS = 100
TOKEN_REQUESTS_SECONDS = 5 * 60
BODY_SECONDS = 10.0
HASHING = 2  # passwords hashed at the same time, 19 MiB each


class Keeper(Protocol):
    """Where accounts are read and changed."""

    async def read(
        self, work: Callable[Concatenate[AccountStore, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``work`` whole in one read transaction, on a thread of its own."""
        ...

    async def write(
        self, work: Callable[Concatenate[AccountStore, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``work`` whole in one transaction; return its result when it is on disk."""
        ...


def _limiter(number: int, seconds: float) -> Limiter:
    return Limiter(Rate(number=number, seconds=seconds))


@dataclass(frozen=True, slots=True)
class Limits:
    """How often one client, or one name, may try (H68, L38)."""

    sign_in_by_client: Limiter = field(
        default_factory=partial(_limiter, SIGN_INS_OF_CLIENT, SIGN_INS_OF_CLIENT_SECONDS)
    )
    sign_in_by_name: Limiter = field(
        default_factory=partial(_limiter, SIGN_INS_OF_NAME, SIGN_INS_OF_NAME_SECONDS)
    )
    apps: Limiter = field(default_factory=partial(_limiter, NEW_APPS, NEW_APPS_SECONDS))
    tokens: Limiter = field(
        default_factory=partial(_limiter, TOKEN_REQUESTS, TOKEN_REQUESTS_SECONDS)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a handler needs."""

    site: Site
    keeper: Keeper
    posts: Posts
    limits: Limits = field(default_factory=Limits)
    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HASHING))

    @property
    def icon(self) -> str:
        """The address of the picture that stands for whoever has none."""
        return self.site.addresses.base_url + assets.load().href("icon.svg")

    def slow_down(self, request: web.Request, limiter: Limiter) -> None:
        """Count a try of whoever asks; raise TooOften."""
        count(limiter, client_of(request))


def count(limiter: Limiter, name: str) -> None:
    """Count a try; raise TooOften where there were too many."""
    allowance = limiter.hit(name, time.monotonic())
    if allowance.is_used_up:
        raise TooOften(math.ceil(allowance.wait))


def asked(request: web.Request) -> Params:
    """Return the parameters of an address."""
    return from_query(request.query.items())


async def sent(request: web.Request) -> Params:
    """Return the parameters of a body; raise ApiError for one that cannot be read."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ApiError("send the body without Content-Encoding", status=415)
    if (request.content_length or 0) > MAX_BODY:
        raise ApiError("the body is too large", status=413)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > MAX_BODY:
                    raise ApiError("the body is too large", status=413)
    except TimeoutError:
        raise ApiError("the body took too long", status=408) from None
    return from_body(request.content_type, bytes(body))
