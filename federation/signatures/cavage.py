"""Signed requests as the fediverse speaks them: draft-cavage-http-signatures-12.

To sign, the lines ``(request-target)``, ``host``, ``date`` and, with a body, ``digest`` are joined
(2.3) and the result goes into one ``Signature`` header (4.1).

To verify, in this order:

1. :func:`signature_of` takes the one ``Signature`` header and :func:`parse` reads it (2.1, 2.2);
2. :func:`check_request` asks everything that needs no key: enough is signed, the host is ours, the
   times hold, the digest matches the body. A caller may ask this before it fetches a key;
3. :func:`verify_signature` lets the key decide on the algorithm (2.1.3) and checks the signature
   over the lines (2.5); :func:`verify` asks both.

Where the draft is lenient and an attack is known, this room is not: see ``docs/threat-model.md``.
RFC 9421 is a different scheme and a different file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from federation.errors import Unauthenticated
from federation.signatures import strict_base64
from federation.signatures.digest import check_digest, digest_header
from federation.signatures.keys import Algorithm, PrivateKey, PublicKey
from federation.signatures.request import (
    MAX_HEADER_LENGTH,
    MAX_KEY_URI_LENGTH,
    MAX_SIGNED_LINES,
    WINDOW,
    SignedRequest,
    check_addressed_to_us,
    check_times,
    host_and_target,
    imf_fixdate,
    possible_targets,
    signed_bytes,
    single_line,
)

MAX_TIMESTAMP_DIGITS: Final = 11

_PSEUDO_HEADERS: Final = frozenset({"(request-target)", "(created)", "(expires)"})

# hs2019 says «ask the key» (2.1.3); what servers mean by it for RSA is v1.5 with SHA-256.
_SENT_ALGORITHM: Final[Mapping[Algorithm, str]] = {"rsa": "rsa-sha256", "ed25519": "hs2019"}
_ACCEPTED_ALGORITHMS: Final[Mapping[Algorithm, frozenset[str | None]]] = {
    "rsa": frozenset({None, "hs2019", "rsa-sha256"}),
    "ed25519": frozenset({None, "hs2019", "ed25519"}),
}
_ALGORITHMS_WITH_TIMES: Final = frozenset({None, "hs2019"})

_HEADER_NAME: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,64}")
_IMF_FIXDATE: Final = re.compile(
    r"([A-Z][a-z]{2}), ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureParams:
    """What a ``Signature`` header says; nothing of it is proven yet."""

    key_uri: str
    algorithm: str | None
    headers: tuple[str, ...]
    signature: bytes
    created: int | None
    expires: int | None


def sign(
    *,
    key: PrivateKey,
    key_uri: str,
    method: str,
    url: str,
    date: datetime,
    body: bytes | None = None,
    body_digest: str | None = None,
    with_query: bool = True,
) -> dict[str, str]:
    """Return the headers that make a request a signed one; they must be sent as they are.

    The URL is used raw: it is already encoded. Some servers leave the query out of what they
    verify; ``with_query`` says which it shall be. Whoever sends one body to many places computes
    ``body_digest`` once with :func:`~federation.signatures.digest.digest_header` and leaves
    ``body`` out. Raises GiveUp for a URL that cannot stand in a request.
    """
    host, target = host_and_target(url)
    if not with_query:
        target = target.partition("?")[0]
    if body is not None and body_digest is None:
        body_digest = digest_header(body)
    sent = {"Host": host, "Date": imf_fixdate(date)}
    if body_digest is not None:
        sent["Digest"] = body_digest
    lines = {"(request-target)": _request_target(method, target)}
    lines.update((name.lower(), value) for name, value in sent.items())
    signature = strict_base64.encode(key.sign(_signing_string(lines.items())))
    # docs/standards.md, pitfall 13: no blank after a comma, algorithm and headers always there
    sent["Signature"] = (
        f'keyId="{key_uri}",algorithm="{_SENT_ALGORITHM[key.algorithm]}",'
        f'headers="{" ".join(lines)}",signature="{signature}"'
    )
    return sent


def signature_of(headers: Mapping[str, Sequence[str]]) -> SignatureParams:
    """Read the one ``Signature`` header of a request; its names are in lower case.

    The older form ``Authorization: Signature`` (draft-cavage 3.1) is not looked at.
    """
    lines = headers.get("signature", ())
    if not lines:
        raise Unauthenticated("The request is not signed.")
    if len(lines) != 1:
        raise Unauthenticated("There must be exactly one Signature header.")
    return parse(lines[0])


def parse(value: str) -> SignatureParams:
    """Read the value of a ``Signature`` header; raise Unauthenticated for anything odd."""
    found = _parameters(value)
    missing = {"keyId", "headers", "signature"} - found.keys()
    if missing:
        # 2.1.6 would read missing headers as one date, which proves too little
        raise Unauthenticated(f"The Signature header lacks {min(missing)}.")
    return SignatureParams(
        key_uri=_key_uri(found["keyId"]),
        algorithm=found.get("algorithm"),
        headers=_header_names(found["headers"]),
        signature=_signature_bytes(found["signature"]),
        created=_timestamp(found.get("created")),
        expires=_timestamp(found.get("expires")),
    )


def verify(
    params: SignatureParams,
    request: SignedRequest,
    key: PublicKey,
    *,
    now: datetime,
    window: timedelta = WINDOW,
) -> None:
    """Raise Unauthenticated unless the request is whole, recent, for us and signed by the key."""
    check_request(params, request, now=now, window=window)
    verify_signature(params, request, key)


def verify_signature(params: SignatureParams, request: SignedRequest, key: PublicKey) -> None:
    """Raise Unauthenticated unless the key signed the request; asks nothing else of it."""
    if params.algorithm not in _ACCEPTED_ALGORITHMS[key.algorithm]:
        # draft-cavage 2.1.3: the key decides; a parameter that contradicts it is an attack
        raise Unauthenticated("The signature algorithm does not fit the key.")
    for target in possible_targets(request):
        if key.verify(params.signature, _signing_string(_lines(params, request, target))):
            return
    raise Unauthenticated("The signature does not verify.")


def check_request(
    params: SignatureParams,
    request: SignedRequest,
    *,
    now: datetime,
    window: timedelta = WINDOW,
) -> None:
    """Ask of a signed request all that can be asked without the key.

    ``window`` is how far the signed time may lie before or after now. Raises Unauthenticated.
    """
    _check_enough_is_signed(params, request)
    check_addressed_to_us(request)
    check_times(
        _stated_times(params, request),
        expires=params.expires,
        is_expiry_signed="(expires)" in params.headers,
        now=now,
        window=window,
    )
    if "digest" in required_headers(request):
        check_digest(request.headers.get("digest", ()), request.body or b"")


def required_headers(request: SignedRequest) -> tuple[str, ...]:
    """List what must be signed beside a time: the target, the host and the digest of a body."""
    target_and_host = ("(request-target)", "host")
    return (*target_and_host, "digest") if request.has_body else target_and_host


# ---- what is asked of a request --------------------------------------------------------------


def _check_enough_is_signed(params: SignatureParams, request: SignedRequest) -> None:
    for name in required_headers(request):
        if name not in params.headers:
            raise Unauthenticated(f"The signature does not cover {name}.")
    if "date" not in params.headers and "(created)" not in params.headers:
        raise Unauthenticated("The signature does not cover a time.")
    for name in params.headers:
        if name in _PSEUDO_HEADERS:
            _check_pseudo_header(params, name)
        else:
            single_line(request, name)


def _check_pseudo_header(params: SignatureParams, name: str) -> None:
    # draft-cavage 2.3: not beside rsa-…, hmac-… or ecdsa-…, and not without its parameter
    if name == "(request-target)":
        return
    value = params.created if name == "(created)" else params.expires
    if value is None or params.algorithm not in _ALGORITHMS_WITH_TIMES:
        raise Unauthenticated(f"The signature cannot cover {name} like this.")


def _stated_times(params: SignatureParams, request: SignedRequest) -> Iterator[float]:
    if "date" in params.headers:
        yield _parse_date(single_line(request, "date")).timestamp()
    if params.created is not None:
        yield float(params.created)


# ---- the signing string, draft-cavage 2.3 ----------------------------------------------------


def _signing_string(lines: Iterable[tuple[str, str]]) -> bytes:
    return signed_bytes(f"{name}: {value}" for name, value in lines)


def _lines(
    params: SignatureParams, request: SignedRequest, target: str
) -> Iterator[tuple[str, str]]:
    for name in params.headers:
        if name == "(request-target)":
            yield name, _request_target(request.method, target)
        elif name == "(created)":
            yield name, str(params.created)
        elif name == "(expires)":
            yield name, str(params.expires)
        else:
            yield name, single_line(request, name)


def _request_target(method: str, target: str) -> str:
    return f"{method.lower()} {target}"


# ---- the header, draft-cavage 2.1 and 2.2 ----------------------------------------------------


def _parameters(text: str) -> dict[str, str]:
    if len(text) > MAX_HEADER_LENGTH:
        raise Unauthenticated("The Signature header is too long.")
    if not (text.isascii() and text.isprintable()) or "\\" in text:
        raise _unreadable()
    found: dict[str, str] = {}
    taken: set[str] = set()
    position = 0
    while True:
        name, value, position = _parameter(text, position)
        if name.lower() in taken:
            raise Unauthenticated("The Signature header repeats a parameter.")  # 2.2
        taken.add(name.lower())
        found[name] = value
        if position == len(text):
            return found
        position = _after_comma(text, position)


def _parameter(text: str, start: int) -> tuple[str, str, int]:
    equals = text.find("=", start)
    name = text[start:equals]
    if equals < 0 or not name.isalnum():
        raise _unreadable()
    if text[equals + 1 : equals + 2] == '"':
        end = text.find('"', equals + 2)
        if end < 0:
            raise _unreadable()
        return name, text[equals + 2 : end], end + 1
    comma = text.find(",", equals)
    end = len(text) if comma < 0 else comma
    value = text[equals + 1 : end]
    if not value.isdecimal():
        raise _unreadable()  # only an integer may go unquoted
    return name, value, end


def _after_comma(text: str, position: int) -> int:
    if text[position] != ",":
        raise _unreadable()
    position += 1
    while text[position : position + 1] == " ":
        position += 1
    return position


def _unreadable() -> Unauthenticated:
    return Unauthenticated("The Signature header cannot be read.")


def _key_uri(text: str) -> str:
    if not text or len(text) > MAX_KEY_URI_LENGTH or " " in text:
        raise Unauthenticated("The keyId is not an address.")
    return text


def _header_names(text: str) -> tuple[str, ...]:
    names = tuple(text.lower().split(" "))
    if len(names) > MAX_SIGNED_LINES or len(set(names)) != len(names):
        raise Unauthenticated("The list of signed headers is too long or repeats a name.")
    for name in names:
        if name not in _PSEUDO_HEADERS and not _HEADER_NAME.fullmatch(name):
            raise Unauthenticated("The list of signed headers cannot be read.")
    return names


def _signature_bytes(text: str) -> bytes:
    try:
        signature = strict_base64.decode(text)
    except ValueError as error:
        raise Unauthenticated("The signature is not base64.") from error
    if not signature:
        raise Unauthenticated("The signature is empty.")
    return signature


def _timestamp(text: str | None) -> int | None:
    # The draft allows a fraction in expires; no server sends one.
    if text is None:
        return None
    if not (text.isdecimal() and len(text) <= MAX_TIMESTAMP_DIGITS and str(int(text)) == text):
        raise Unauthenticated("A time of the signature is not a timestamp.")
    return int(text)


# ---- dates ----------------------------------------------------------------------------------


@lru_cache(maxsize=256)  # what comes within a second has the same date
def _parse_date(text: str) -> datetime:
    # RFC 9110 5.6.7. The two obsolete forms have no zone or half a year, and
    # email.utils.parsedate_to_datetime gives naive datetimes and forgives what follows.
    match = _IMF_FIXDATE.fullmatch(text)
    if match is None or match[3] not in _MONTHS:
        raise Unauthenticated("The Date is not an HTTP date.")
    month = _MONTHS.index(match[3]) + 1
    day, year, hour, minute, second = (int(match[group]) for group in (2, 4, 5, 6, 7))
    try:
        date = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise Unauthenticated("The Date is not a day of the calendar.") from error
    if match[1] != _WEEKDAYS[date.weekday()]:
        raise Unauthenticated("The Date names a wrong day of the week.")
    return date
