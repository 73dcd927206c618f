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


def secured(response: web.Response, form_action: str = "") -> web.Response:
    """Put the security headers on an answer and return it.

    ``form_action`` names what else the forms of a page may lead to: browsers hold a form to it
    through the redirect that answers it.
    """
    response.headers.update(SECURITY)
    if form_action:
        name = "Content-Security-Policy"
        whole = SECURITY[name].replace("form-action 'self'", f"form-action 'self' {form_action}")
        response.headers[name] = whole
    return response
