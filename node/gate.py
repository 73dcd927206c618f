"""What stands before both doors: counting, and blocks.

A group of routes is counted apart: letters to an inbox, what machines read, and pages. What comes
from this node's own side of its proxies is not counted.
"""

import math
from collections.abc import Awaitable, Callable, Container
from datetime import timedelta

from aiohttp import web
from aiohttp.typedefs import Middleware

from catalogue.addresses import Path
from catalogue.ports import Clock
from catalogue.rates import Allowance
from federation.admission import Admission, refuse_signers, signers_of
from federation.errors import Forbidden
from federation.ports import Database
from federation.routes import CLIENT, problem
from node.clients import Proxies
from web.client import CLIENT as WEB_CLIENT

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

UNCOUNTED = frozenset({Path.LIVEZ, Path.READYZ, Path.STATIC})
INBOXES = frozenset({Path.SHARED_INBOX, Path.INSTANCE_INBOX, Path.ACTOR_INBOX})


def group_of(request: web.Request, machines: Container[str]) -> str | None:
    """Return the group of routes that a request belongs to; None for one that is not counted."""
    resource = request.match_info.route.resource
    path = resource.canonical if resource is not None else ""
    if path in UNCOUNTED:
        return None
    if path in INBOXES:
        return "inbox"
    return "machines" if path in machines else "pages"


def paced(
    admission: Admission,
    proxies: Proxies,
    clock: Clock,
    machines: Container[str],
    page: Callable[[web.Request], web.Response | None],
) -> Middleware:
    """Return a middleware that counts what an address asks for, and says when it is too much.

    ``page`` says so to a reader, and is None for whoever reads no pages.
    """

    @web.middleware
    async def pace(request: web.Request, handler: Handler) -> web.StreamResponse:
        group, client = group_of(request, machines), proxies.client_of(request)
        if client is not None:
            request[CLIENT] = request[WEB_CLIENT] = client
        allowance = admission.knock(client, group) if client and group else None
        if allowance is None:
            return await handler(request)
        told = _told(allowance, clock)
        if allowance.is_used_up:
            told["Retry-After"] = str(math.ceil(allowance.wait))
            answer = page(request) or problem(429, "too-many", "you ask too often; come back later")
            answer.headers.update(told)
            return answer
        try:
            response = await handler(request)
        except web.HTTPException as error:
            error.headers.update(told)
            raise
        if not response.prepared:
            response.headers.update(told)
        return response

    return pace


def _told(allowance: Allowance, clock: Clock) -> dict[str, str]:
    """Return the headers that GoToSocial and Mastodon say it by."""
    resets = clock.now() + timedelta(seconds=allowance.resets_in)
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
        "X-RateLimit-Reset": resets.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def unblocked(database: Database) -> Middleware:
    """Return a middleware that answers nothing to what is signed by somebody blocked (H64, L32).

    Letters are left to the inbox, which looks at who speaks in them as well.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "POST" and (signers := signers_of(request.headers)):
            try:
                await database.read(refuse_signers, signers)
            except Forbidden as refused:
                return problem(refused.status, refused.code, str(refused))
        return await handler(request)

    return check
