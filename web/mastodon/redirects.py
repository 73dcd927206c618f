"""Where an app may have people sent back to, and how that address is put together.

An address that an app registered is compared letter by letter, never as a pattern (RFC 9700 4.1).
"""

import re
from urllib.parse import urlencode, urlsplit

from web.prose import host_of

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"  # the code is shown, to be copied
MAX_URIS = 10
MAX_URI = 2000  # characters

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,63}")
_VISIBLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+")  # nothing that a policy reads as more than a host
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_NEVER = {
    "about", "blob", "data", "file", "filesystem", "ftp", "ftps", "javascript", "mailto", "urn",
    "vbscript", "view-source", "ws", "wss",
}  # fmt: skip


def is_acceptable(uri: str) -> bool:
    """Say whether an app may register an address: https, loopback, or a scheme of its own."""
    if uri == OUT_OF_BAND:
        return True
    if len(uri) > MAX_URI or not _VISIBLE.fullmatch(uri) or set(uri) & set("\\\"'<>#"):
        return False
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
        has_name = parts.username is not None or parts.port == 0
    except ValueError:
        return False
    if not _SCHEME.fullmatch(parts.scheme) or not uri.startswith(parts.scheme) or has_name:
        return False
    if parts.scheme in {"http", "https"}:
        is_host = bool(host_of(uri)) and _HOST.fullmatch(host)
        return bool(is_host) and (parts.scheme == "https" or host in _LOOPBACK)
    return parts.scheme not in _NEVER


def with_answer(uri: str, **answer: str) -> str:
    """Return a registered address with what is told to the app (RFC 6749 4.1.2)."""
    told = urlencode({name: value for name, value in answer.items() if value})
    return f"{uri}{'&' if '?' in uri else '?'}{told}"


def form_target(uri: str) -> str:
    """Return what a content security policy calls the place that an address leads to.

    Browsers hold a form's policy against the redirect that answers it, too (CSP 3 form-action).
    """
    if uri == OUT_OF_BAND:
        return ""
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"} or "[" in parts.netloc:
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"


def shown(uri: str) -> str:
    """Return what people are told of where they are sent: the host, or the scheme of an app."""
    return host_of(uri) or f"{urlsplit(uri).scheme}:"
