"""A signed request, and what both schemes ask of one and read in the same way.

A signature covers lines that stand for parts of a request. Where a part could be read in two ways,
or comes from whoever sent it when it should come from us, it is decided here, once.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final

from federation.errors import GiveUp, Unauthenticated

WINDOW: Final = timedelta(hours=1)
MAX_AGE: Final = timedelta(hours=12)
"""No signature is older than this, whatever its ``expires`` and the configured window say."""

MAX_HEADER_LENGTH: Final = 8 * 1024
MAX_KEY_URI_LENGTH: Final = 2048
MAX_SIGNED_LINES: Final = 32

_BODILESS_METHODS: Final = frozenset({"GET", "HEAD"})
_DEFAULT_PORTS: Final = {"https": ":443", "http": ":80"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """An incoming request as far as a signature can cover it.

    ``target`` is the raw path and query of the request line. ``scheme`` and ``host`` are this
    node's own, the host without a default port, never what the request claims. ``headers`` maps
    lower-case names to their lines.
    """

    method: str
    target: str
    host: str
    headers: Mapping[str, Sequence[str]]
    body: bytes | None
    scheme: str = "https"

    @property
    def has_body(self) -> bool:
        """Say whether a digest must speak for the body; every POST has one, if an empty one."""
        return self.method not in _BODILESS_METHODS or bool(self.body)


def single_line(request: SignedRequest, name: str) -> str:
    """Return the value of a header that came in one line.

    Both schemes would join several (draft-cavage 2.3, RFC9421 2.1); one of them could be unseen by
    the code behind.
    """
    lines = request.headers.get(name, ())
    if len(lines) != 1:
        raise Unauthenticated(f"There must be exactly one {name} header.")
    value = lines[0].strip(" \t")
    if "\n" in value or "\r" in value:
        raise Unauthenticated(f"The {name} header has a line break.")
    return value


def check_addressed_to_us(request: SignedRequest) -> None:
    """Raise Unauthenticated for a request to another host, or to two at once."""
    # An absolute-form target could name another host than the Host header does.
    if not request.target.startswith("/"):
        raise Unauthenticated("The request target is not a path.")
    if single_line(request, "host").lower() != request.host.lower():
        raise Unauthenticated("The request was signed for another host.")


def check_times(
    stated: Iterable[float],
    *,
    expires: int | None,
    is_expiry_signed: bool,
    now: datetime,
    window: timedelta,
) -> None:
    """Raise Unauthenticated unless each stated time lies near now.

    An ``expires`` that is signed may stretch the age, but never above :data:`MAX_AGE`.
    """
    if expires is not None and expires < now.timestamp():
        raise Unauthenticated("The signature has expired.")  # draft-cavage 2.1.5, RFC9421 2.3
    tolerance = min(window, MAX_AGE).total_seconds()
    oldest = MAX_AGE.total_seconds() if is_expiry_signed else tolerance
    for moment in stated:
        age = now.timestamp() - moment
        if age > oldest:
            raise Unauthenticated("The signature is too old.")
        if age < -tolerance:
            raise Unauthenticated("The signature is dated in the future.")


def possible_targets(request: SignedRequest) -> Iterator[str]:
    """Give the target as it came and, for a GET, without its query."""
    yield request.target
    # docs/standards.md, pitfall 14: some sign the path only, and a GET changes nothing
    path, query_mark, _ = request.target.partition("?")
    if request.method == "GET" and query_mark:
        yield path


def signed_bytes(lines: Iterable[str]) -> bytes:
    """Return the lines as the bytes that are signed; raise Unauthenticated for what is no text."""
    try:
        # surrogateescape: aiohttp hides bytes that are not UTF-8 this way; give them back
        return "\n".join(lines).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise Unauthenticated("A signed header is not text.") from error


def imf_fixdate(date: datetime) -> str:
    """Write a time as HTTP does (RFC 9110 5.6.7)."""
    if date.tzinfo is None:
        raise ValueError("a date to sign must know its zone")
    return format_datetime(date.astimezone(UTC), usegmt=True)


def host_and_target(url: str) -> tuple[str, str]:
    """Take a URL apart that is to be signed: the host without a default port, path and query.

    By hand, because a parser that normalises would sign another URL than the one that is sent.
    Raises GiveUp for a URL that cannot stand in a request.
    """
    scheme, _, rest = url.partition("#")[0].partition("://")
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    target = rest.removeprefix(authority)
    host = authority.lower().removesuffix(_DEFAULT_PORTS.get(scheme, ""))
    visible = url.isascii() and url.isprintable() and not set(' "\\') & set(url)
    if scheme not in _DEFAULT_PORTS or not host or "@" in host or not visible:
        raise GiveUp("The address cannot be signed.")
    return host, target if target.startswith("/") else f"/{target}"
