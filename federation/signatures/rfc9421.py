"""Signed requests as RFC 9421 has them, with the body spoken for by RFC 9530.

To sign, ``@method``, ``@target-uri`` and, with a body, ``content-digest`` are covered; the
parameters say when, by which key and how (2.3). Two headers carry it: ``Signature-Input`` what is
covered, ``Signature`` the bytes (4).

To verify, in this order:

1. :func:`signature_of` takes the two headers; there is exactly one signature in them;
2. :func:`check_request` asks everything that needs no key: the method, the whole target and the
   digest of a body are covered, the host is ours, the times hold, the digest matches the body;
3. :func:`verify_signature` lets the key decide on the algorithm and checks the signature base (2.5,
   3.2).

What stands for the target is built from this node's own base URL (2.2.2). A component with
parameters of its own is refused (``sf``, ``bs``, ``key``, ``req``, ``tr``): no server sends one for
a request, and each is another way to read a header.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from federation.errors import Unauthenticated
from federation.signatures.digest import check_content_digest, content_digest_header
from federation.signatures.keys import Algorithm, PrivateKey, PublicKey
from federation.signatures.request import (
    MAX_HEADER_LENGTH,
    MAX_KEY_URI_LENGTH,
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
from federation.signatures.structured import (
    Bare,
    Item,
    Member,
    Token,
    parse_dictionary,
    serialize,
)

LABEL: Final = "sig1"

# RFC9421 3.3: the names of the two algorithms that are spoken here
_ALGORITHMS: Final[Mapping[Algorithm, str]] = {"rsa": "rsa-v1_5-sha256", "ed25519": "ed25519"}

_DERIVED: Final = frozenset(
    {"@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query"}
)
_HEADER_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+.^_`|~-")
_MAX_MOMENT: Final = 10**11


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureParams:
    """What the two headers say; nothing of it is proven yet. ``line`` is the last of the base."""

    key_uri: str
    algorithm: str | None
    components: tuple[str, ...]
    signature: bytes
    created: int
    expires: int | None
    line: str


def sign(
    *,
    key: PrivateKey,
    key_uri: str,
    method: str,
    url: str,
    date: datetime,
    body: bytes | None = None,
) -> dict[str, str]:
    """Return the headers that make a request a signed one; they must be sent as they are.

    The URL is used raw: it is already encoded. Raises GiveUp for one that cannot stand in a
    request.
    """
    host, target = host_and_target(url)
    request = SignedRequest(
        method=method,
        target=target,
        host=host,
        scheme=url.partition("://")[0],
        headers={} if body is None else {"content-digest": [content_digest_header(body)]},
        body=body,
    )
    covered = ("@method", "@target-uri", *request.headers)
    member = Member(
        value=tuple(Item(value=name, parameters={}) for name in covered),
        parameters={
            "created": int(date.timestamp()),
            "keyid": key_uri,
            "alg": _ALGORITHMS[key.algorithm],
        },
    )
    line = serialize(member)
    signature = key.sign(_signature_base(covered, line, request, target))
    return {
        "Host": host,
        "Date": imf_fixdate(date),
        **({} if body is None else {"Content-Digest": single_line(request, "content-digest")}),
        "Signature-Input": f"{LABEL}={line}",
        "Signature": f"{LABEL}={serialize(Member(value=signature, parameters={}))}",
    }


def signature_of(headers: Mapping[str, Sequence[str]]) -> SignatureParams:
    """Read the one signature of a request; the names of its headers are in lower case."""
    lines = [headers.get(name, ()) for name in ("signature-input", "signature")]
    if any(len(each) != 1 for each in lines):
        raise Unauthenticated("There must be exactly one Signature-Input and one Signature header.")
    return parse(*(each[0] for each in lines))


def parse(signature_input: str, signature: str) -> SignatureParams:
    """Read the values of the two headers; raise Unauthenticated for anything odd."""
    label, said = _only_member(signature_input)
    same_label, given = _only_member(signature)
    if label != same_label:
        raise Unauthenticated("The Signature is not the one of the Signature-Input.")
    if not isinstance(said.value, tuple) or not isinstance(given.value, bytes) or not given.value:
        raise _unreadable()
    created = _moment(said.parameters.get("created"))
    if created is None:
        raise Unauthenticated("The signature does not say when it was created.")
    return SignatureParams(
        key_uri=_key_uri(said.parameters.get("keyid")),
        algorithm=_text(said.parameters.get("alg")),
        components=_components(said.value),
        signature=given.value,
        created=created,
        expires=_moment(said.parameters.get("expires")),
        line=serialize(said),
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
    if params.algorithm not in {None, _ALGORITHMS[key.algorithm]}:
        # RFC9421 3.2 step 6: the key decides; a parameter that contradicts it is an attack
        raise Unauthenticated("The signature algorithm does not fit the key.")
    for target in possible_targets(request):
        base = _signature_base(params.components, params.line, request, target)
        if key.verify(params.signature, base):
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

    ``window`` is how far the signed time may lie before or after now. Raises Unauthenticated, or
    Malformed for a Content-Digest that is no dictionary.
    """
    _check_enough_is_signed(params, request)
    check_addressed_to_us(request)
    check_times(
        [params.created],
        expires=params.expires,
        is_expiry_signed=params.expires is not None,  # every parameter is signed
        now=now,
        window=window,
    )
    if request.has_body:
        check_content_digest(request.headers.get("content-digest", ()), request.body or b"")


def _check_enough_is_signed(params: SignatureParams, request: SignedRequest) -> None:
    needed = ["@method", *_needed_target(params, request)]
    if request.has_body:
        needed.append("content-digest")
    for name in needed:
        if name not in params.components:
            raise Unauthenticated(f"The signature does not cover {name}.")
    for name in params.components:
        if name not in _DERIVED:
            single_line(request, name)


def _needed_target(params: SignatureParams, request: SignedRequest) -> tuple[str, ...]:
    """Return what speaks for the whole target; a GET may leave its query out (pitfall 14)."""
    if "@target-uri" in params.components:
        return ("@target-uri",)
    if "?" in request.target and request.method != "GET":
        return ("@authority", "@path", "@query")
    return ("@authority", "@path")


# ---- the signature base, RFC9421 2.5 ---------------------------------------------------------


def _signature_base(
    components: Sequence[str], line: str, request: SignedRequest, target: str
) -> bytes:
    return signed_bytes(_base_lines(components, line, request, target))


def _base_lines(
    components: Sequence[str], line: str, request: SignedRequest, target: str
) -> Iterator[str]:
    for name in components:
        yield f'"{name}": {_component(name, request, target)}'
    yield f'"@signature-params": {line}'


def _component(name: str, request: SignedRequest, target: str) -> str:
    """Return the value of a component, RFC9421 2.1 and 2.2."""
    host = request.host.lower()
    path, _, query = target.partition("?")
    match name:
        case "@method":
            return request.method
        case "@target-uri":
            return f"{request.scheme}://{host}{target}"
        case "@authority":
            return host
        case "@scheme":
            return request.scheme
        case "@request-target":
            return target
        case "@path":
            return path
        case "@query":
            return f"?{query}"
    return single_line(request, name)


# ---- the headers, RFC9421 4 ------------------------------------------------------------------


def _only_member(line: str) -> tuple[str, Member]:
    if len(line) > MAX_HEADER_LENGTH:
        raise Unauthenticated("The signature headers are too long.")
    try:
        members = parse_dictionary(line)
    except ValueError as error:
        raise _unreadable() from error
    if len(members) != 1:
        raise Unauthenticated("There must be exactly one signature.")
    return next(iter(members.items()))


def _components(items: Sequence[Item]) -> tuple[str, ...]:
    names = tuple(_component_name(item) for item in items)
    if len(set(names)) != len(names):
        raise Unauthenticated("The signature covers a component twice.")  # RFC9421 2.5
    return names


def _component_name(item: Item) -> str:
    name = item.value
    if not isinstance(name, str) or isinstance(name, Token) or not name or item.parameters:
        raise _unreadable()
    if name not in _DERIVED and (len(name) > 64 or not set(name) <= _HEADER_LETTERS):
        raise Unauthenticated("The signature covers something that is not known here.")
    return name


def _key_uri(value: Bare | None) -> str:
    text = _text(value)
    if not text or len(text) > MAX_KEY_URI_LENGTH or " " in text:
        raise Unauthenticated("The keyid is not an address.")
    return text


def _text(value: Bare | None) -> str | None:
    if value is None or (isinstance(value, str) and not isinstance(value, Token)):
        return value
    raise _unreadable()


def _moment(value: Bare | None) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MAX_MOMENT:
        raise Unauthenticated("A time of the signature is not a timestamp.")
    return value


def _unreadable() -> Unauthenticated:
    return Unauthenticated("The signature headers cannot be read.")
