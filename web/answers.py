"""From a page to an answer: rendered, tagged for caches, packed for a bad line.

Every way a page can end is turned into an answer here: a view, a redirect, a refusal of the
catalogue, and whatever nobody thought of, which is logged and told without detail.
"""

import gzip
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from aiohttp import web
from aiohttp.typedefs import Handler

from catalogue.addresses import Path
from catalogue.errors import Invalid, NotFound, Unavailable
from catalogue.ports import Store
from web import assets
from web.frame import frame_of, visit_of
from web.headers import secured
from web.ports import Reader
from web.render import render
from web.site import Site
from web.views import ErrorView, Redirect, View
from web.visit import Asked, Visit

Page = Callable[[Store, Visit], View | Redirect]

log = logging.getLogger(__name__)

ACTIVITY_JSON = "application/activity+json"
FOREVER = "public, max-age=31536000, immutable"
WORTH_PACKING = 512  # bytes


@dataclass(frozen=True, slots=True)
class Door:
    """Answers the people who visit one node."""

    site: Site
    reader: Reader

    def handler(self, page: Page) -> Handler:
        """Return a handler that answers with ``page``."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self.answer(request, page)

        return handle

    async def answer(
        self, request: web.Request, page: Page, asked: Asked | None = None
    ) -> web.StreamResponse:
        """Answer one request with ``page``; ``asked`` goes before what its address asks for."""
        visit = visit_of(request, self.site)
        if asked is not None:
            visit = replace(visit, asked=asked)
        try:
            view = await self.reader.read(page, visit)
            if isinstance(view, Redirect):
                return _redirected(view)
            return _shown(request, visit, view)
        except (NotFound, Invalid) as refusal:
            return refused(request, visit, refusal)
        except Unavailable:
            log.exception("a page cannot be made now", extra={"path": request.path})
            return told(request, visit, web.HTTPServiceUnavailable.status_code)
        except Exception:
            log.exception("a page failed", extra={"path": request.path})
            return failed(request, visit)

    async def static(self, request: web.Request) -> web.StreamResponse:
        """Answer with a file of this package."""
        asset = assets.load().find(request.match_info["name"])
        if asset is None:
            return told(request, visit_of(request, self.site), web.HTTPNotFound.status_code)
        packs = _packs(request)
        response = web.Response(
            body=asset.packed if packs else asset.body,
            content_type=asset.content_type,
            charset="utf-8",
            headers={"Cache-Control": FOREVER, "Vary": "Accept-Encoding"},
        )
        if packs:
            response.headers["Content-Encoding"] = "gzip"
        secured(response)
        if asset.content_type == "image/svg+xml":  # apps on other sites show it for an affiliate
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            response.headers["Access-Control-Allow-Origin"] = "*"
        return response


def refused(request: web.Request, visit: Visit, refusal: NotFound | Invalid) -> web.Response:
    """Answer with a page for what the catalogue refused."""
    if isinstance(refusal, Invalid):
        problems = tuple(map(str, refusal.problems))
        return told(request, visit, web.HTTPBadRequest.status_code, problems)
    return told(request, visit, web.HTTPNotFound.status_code)


def failed(request: web.Request, visit: Visit) -> web.Response:
    """Answer with a page that says only that something broke."""
    return told(request, visit, web.HTTPInternalServerError.status_code)


def told(
    request: web.Request, visit: Visit, status: int, problems: tuple[str, ...] = ()
) -> web.Response:
    """Answer with a page for an error, by its status."""
    view = ErrorView(
        title=visit.wording.say(f"error-{status}-title"),
        status=status,
        key=f"error-{status}",
        problems=problems,
        home_href=visit.at(Path.HOME),
        browse_href=visit.at(Path.BROWSE),
    )
    return _shown(request, visit, view)


def _shown(request: web.Request, visit: Visit, view: View) -> web.Response:
    body = render(view, frame_of(visit), visit.wording).encode("utf-8", "replace")
    packs = len(body) >= WORTH_PACKING and _packs(request)
    tag = hashlib.sha256(body).hexdigest()[:32] + ("-gzip" if packs else "")
    headers = {
        "Cache-Control": "no-cache",
        "Content-Language": visit.wording.language,
        "Vary": "Accept, Accept-Language, Accept-Encoding",
    }
    if view.activity_uri:
        headers["Link"] = f'<{view.activity_uri}>; rel="alternate"; type="{ACTIVITY_JSON}"'
    is_known = request.method != "POST" and view.status == 200 and _has(request, tag)
    if is_known:
        response = web.Response(status=web.HTTPNotModified.status_code, headers=headers)
    else:
        if packs:
            headers["Content-Encoding"] = "gzip"
        response = web.Response(
            body=gzip.compress(body, compresslevel=6, mtime=0) if packs else body,
            status=view.status,
            headers=headers,
            content_type="text/html",
            charset="utf-8",
        )
    if view.status == web.HTTPOk.status_code:
        response.etag = tag
    return secured(response, view.form_action)


def away(address: str) -> web.Response:
    """Lead a reader to another server, by an address that was judged to be fit for that."""
    headers = {"Location": address, "Cache-Control": "no-store"}
    return secured(web.Response(status=web.HTTPSeeOther.status_code, headers=headers))


def _redirected(view: Redirect) -> web.Response:
    headers = {"Location": view.href, "Cache-Control": "no-cache", "Vary": "Accept"}
    return secured(web.Response(status=web.HTTPSeeOther.status_code, headers=headers))


def _has(request: web.Request, tag: str) -> bool:
    """Say whether the reader's copy is this very page (RFC 9110 13.1.2)."""
    return any(known.value in {tag, "*"} for known in request.if_none_match or ())


def _packs(request: web.Request) -> bool:
    """Say whether the reader takes gzip (RFC 9110 12.5.3)."""
    for entry in request.headers.get("Accept-Encoding", "").split(","):
        coding, _, weight = entry.replace(" ", "").lower().partition(";")
        if coding in {"gzip", "*"}:
            return weight not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
