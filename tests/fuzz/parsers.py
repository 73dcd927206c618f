"""Every parser that meets the network, as a function of bytes that may only fail in known ways.

A parser that raises anything else than what its floor promises, or that takes in what it cannot
give back, has a bug. Whoever adds a parser of strangers' bytes adds a line to :data:`PARSERS`.
"""

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from catalogue.addresses import Addresses
from catalogue.errors import CatalogueError
from catalogue.language import is_language_tag
from catalogue.richtext import MAX_HTML, clean, lines, plain
from catalogue.taxonomy import load
from catalogue.words import words
from federation import endpoints
from federation.catch_up import page_of
from federation.errors import FederationError
from federation.guard import DialPolicy, check_url, follow, origin
from federation.mapping.actor import from_document
from federation.mapping.note import is_post, to_letter
from federation.mapping.proposal import from_note, is_proposal, owner_of
from federation.mapping.values import moment, to_bytes
from federation.negotiation import prefers_activity
from federation.remote import is_activity_type, parse_retry_after
from federation.signatures import cavage, rfc9421
from federation.signatures.digest import check_content_digest, check_digest
from federation.signatures.integrity import proof_of
from federation.signatures.keys import load_multibase, load_public_pem
from federation.signatures.request import SignedRequest
from federation.strictjson import parse_object
from web.i18n.languages import accepted

Parser = Callable[[bytes], object]

HERE = Addresses("https://hub.example")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALLOWED = (FederationError, CatalogueError)


TAXONOMY = load()


def _text(data: bytes) -> str:
    """Return bytes as the server gives header values and paths: odd bytes become surrogates."""
    return data.decode("utf-8", "surrogateescape")


def _json(data: bytes) -> None:
    document = parse_object(data)
    assert parse_object(to_bytes(document)) == document


def _note(data: bytes) -> None:
    document = parse_object(data)
    if is_proposal(document):
        owner_of(document)
        listing = from_note(document, TAXONOMY, local_id="x", now=NOW)
        assert listing.title
        assert listing.text
        assert listing.published <= listing.updated <= NOW + timedelta(hours=1)


def _post(data: bytes) -> None:
    document = parse_object(data)
    if is_post(document):
        letter = to_letter(document, HERE, now=NOW)
        assert all(HERE.is_ours(each) for each in letter.named)
        assert origin(letter.uri) == origin(letter.author) == origin(letter.url)
        assert letter.published <= letter.updated <= NOW + timedelta(hours=1)
        assert (letter.kind is None) == (not letter.marks)
        said = [line for text in letter.text.values() for line in lines(text)]
        assert not [line for line in said if any(unicodedata.category(c) == "Cc" for c in line)]


def _actor(data: bytes) -> None:
    said = from_document(parse_object(data), TAXONOMY, local_id="x", now=NOW)
    assert said.party.uri == said.actor.uri
    assert len(said.keys) <= 10


def _page(data: bytes) -> None:
    page = page_of(parse_object(data), "https://peer.example/actors/catalogue")
    assert page.next is None or origin(page.next) == "https://peer.example"


def _signature(data: bytes) -> None:
    head, _, date = data.partition(b"\n")
    headers = {"signature": [_text(head)], "date": [_text(date)], "host": [HERE.authority]}
    request = SignedRequest(
        method="POST", target="/inbox", host=HERE.authority, headers=headers, body=b""
    )
    params = cavage.signature_of(request.headers)
    cavage.check_request(params, request, now=NOW, window=timedelta(hours=1))


def _rfc9421(data: bytes) -> None:
    said, _, rest = data.partition(b"\n")
    signature, _, digest = rest.partition(b"\n")
    headers = {
        "signature-input": [_text(said)],
        "signature": [_text(signature)],
        "content-digest": [_text(digest)],
        "host": [HERE.authority],
    }
    request = SignedRequest(
        method="POST", target="/inbox", host=HERE.authority, headers=headers, body=b""
    )
    params = rfc9421.signature_of(request.headers)
    rfc9421.check_request(params, request, now=NOW, window=timedelta(hours=1))


def _redirect(data: bytes) -> None:
    start = check_url("https://peer.example/a/b", DialPolicy())
    target = follow(start, _text(data), DialPolicy())
    assert (target.scheme, target.port) == ("https", 443)


def _html(data: bytes) -> None:
    safe = clean(data.decode("utf-8", "replace"))  # JSON with half a character is refused before
    again = clean(safe)  # the first pass may leave attributes in another order
    assert clean(again) == again or len(safe) > MAX_HTML
    assert "<script" not in safe.lower()
    plain(safe)


PARSERS: dict[str, Parser] = {
    "json": _json,
    "note": _note,
    "post": _post,
    "actor": _actor,
    "page": _page,
    "signature": _signature,
    "rfc9421": _rfc9421,
    "content-digest": lambda data: check_content_digest([_text(data)], b""),
    "redirect": _redirect,
    "html": _html,
    "proof": lambda data: proof_of(parse_object(data)),
    "digest": lambda data: check_digest([_text(data)], b""),
    "url": lambda data: check_url(_text(data), DialPolicy()),
    "origin": lambda data: origin(_text(data)),
    "key-pem": lambda data: load_public_pem(_text(data)),
    "key-multibase": lambda data: load_multibase(_text(data)),
    "accept": lambda data: prefers_activity(_text(data)),
    "accept-language": lambda data: accepted(_text(data)),
    "content-type": lambda data: is_activity_type(_text(data)),
    "retry-after": lambda data: parse_retry_after(_text(data), NOW),
    "moment": lambda data: moment(_text(data)),
    "language": lambda data: is_language_tag(_text(data)),
    "words": lambda data: list(words(data.decode("utf-8", "replace"))),
    "webfinger": lambda data: endpoints._handle(_text(data), HERE),
}


def try_out(name: str, data: bytes) -> None:
    """Give bytes to a parser; let through only what it may not do."""
    try:
        PARSERS[name](data)
    except ALLOWED:
        return
