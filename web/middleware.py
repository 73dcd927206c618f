"""What surrounds both doors: a page, in the reader's language, for an address that is none.

Answers of either door pass unchanged; only where the router itself finds no page or no such method,
and the reader is a browser, is there a page instead of its bare line.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from web.answers import told
from web.frame import visit_of
from web.site import Site


def middlewares(site: Site) -> list[Middleware]:
    """Return the middlewares of this door, outermost first."""

    @web.middleware
    async def lost(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
            if request.match_info.http_exception is None or not is_browser(request):
                raise
            response = told(request, visit_of(request, site), error.status)
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
            return response

    return [lost]


def busy_page(site: Site) -> Callable[[web.Request], web.Response | None]:
    """Return what tells a reader with a browser that they ask too often; None for anybody else."""

    def page(request: web.Request) -> web.Response | None:
        if not is_browser(request):
            return None
        return told(request, visit_of(request, site), web.HTTPTooManyRequests.status_code)

    return page


def is_browser(request: web.Request) -> bool:
    """Say whether whoever asks names HTML among what they take, as every browser does."""
    return "text/html" in ",".join(request.headers.getall("Accept", [])).lower()
