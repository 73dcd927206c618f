"""What every answer of this door tells the browser to refuse."""

from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import web

SECURITY: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
            " base-uri 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "browsing-topics=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
)


def secured(response: web.Response) -> web.Response:
    """Put the security headers on an answer and return it."""
    response.headers.update(SECURITY)
    return response
