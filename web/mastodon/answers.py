"""Replies and refusals as answers: JSON that any page of the web may read."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from aiohttp import web

from catalogue.errors import Conflict, Invalid, NotFound, Unavailable
from web.headers import secured
from web.mastodon.errors import ApiError

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WORTH_PACKING = 512  # bytes
RETRY_AFTER = "60"  # seconds
CORS: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Link, Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
PREFLIGHT: Mapping[str, str] = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "86400",
}


def answered(
    data: Any,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    is_private: bool = True,
) -> web.Response:
    """Return JSON; what is private stays in no cache."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    response = web.Response(body=body, status=status, content_type="application/json")
    response.headers.update(
        {
            "Cache-Control": "no-store" if is_private else "no-cache",
            "Vary": "Authorization, Accept-Language, Accept-Encoding",
        }
    )
    secured(response).headers.update({**CORS, **(headers or {})})
    if len(body) >= WORTH_PACKING and not is_private:
        response.enable_compression()
    return response


def link(links: Mapping[str, str]) -> dict[str, str]:
    """Return the header that leads to the neighbours of a page (RFC 8288)."""
    said = ", ".join(f'<{href}>; rel="{relation}"' for relation, href in links.items())
    return {"Link": said} if said else {}


async def preflight(request: web.Request) -> web.Response:
    """Say to a browser what other origins may send (Fetch 4.8)."""
    del request
    response = web.Response(status=204)
    secured(response).headers.update({**CORS, **PREFLIGHT})
    return response


def answering(call: Handler) -> Handler:
    """Wrap a handler so that refusals become answers."""

    @wraps(getattr(call, "func", call))
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await call(request)
        except ApiError as error:
            said = {"error": str(error)}
            if error.description:
                said["error_description"] = error.description
            return answered(said, status=error.status, headers=error.headers)
        except Invalid as invalid:
            return answered({"error": str(invalid)}, status=400)
        except Conflict as conflict:
            said, headers = {"error": str(conflict)}, {"Retry-After": RETRY_AFTER}
            return answered(said, status=503, headers=headers)
        except NotFound:
            return answered({"error": "Record not found"}, status=404)
        except Unavailable:
            log.exception("an app cannot be answered now", extra={"path": request.path})
            said = {"error": "this node cannot answer now; nothing was done"}
            return answered(said, status=503, headers={"Retry-After": RETRY_AFTER})
        except web.HTTPRequestEntityTooLarge:
            return answered({"error": "the body is too large"}, status=413)
        except Exception:
            log.exception("a call of an app failed", extra={"path": request.path})
            return answered({"error": "something went wrong on our side"}, status=500)

    return answer
