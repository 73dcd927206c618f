"""RFC 9421: what is sent, what is demanded, the RFC's own vector, and another implementation."""

import base64
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import http_message_signatures as other
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import GiveUp, Malformed, Refused, Unauthenticated
from federation.signatures.digest import content_digest_header
from federation.signatures.keys import PrivateKey, load_private_key, load_public_pem
from federation.signatures.request import SignedRequest
from federation.signatures.rfc9421 import (
    SignatureParams,
    check_request,
    parse,
    sign,
    signature_of,
    verify,
    verify_signature,
)

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
STAMP = int(NOW.timestamp())
HOST = "hub.example"
KEY_URI = "https://peer.example/actors/a#main-key"
BODY = b'{"type":"Create"}'

MASTODON = ("@method", "@target-uri", "content-digest")
FEDIFY = ("@method", "@target-uri", "@authority", "host", "date", "content-digest")
TWO_PARTS = ("@method", "@authority", "@path", "content-digest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request to be signed by a peer that is not our own :func:`sign`."""

    method: str = "POST"
    target: str = "/inbox"
    signed_target: str | None = None
    covered: tuple[str, ...] = MASTODON
    parameters: str = f';created={STAMP};keyid="{KEY_URI}"'
    label: str = "sig1"
    body: bytes | None = BODY
    host: str = HOST
    scheme: str = "https"
    extra: dict[str, str] = field(default_factory=dict)

    def headers(self) -> dict[str, list[str]]:
        lines = {"host": [self.host], "date": ["Fri, 20 Nov 2026 09:30:00 GMT"]}
        if self.body is not None:
            lines["content-digest"] = [content_digest_header(self.body)]
        return lines | {name: [value] for name, value in self.extra.items()}

    def inner(self) -> str:
        return "(" + " ".join(f'"{name}"' for name in self.covered) + ")" + self.parameters

    def base(self) -> str:
        target = self.signed_target or self.target
        path, _, query = target.partition("?")
        values = {name: lines[0] for name, lines in self.headers().items()} | {
            "@method": self.method,
            "@target-uri": f"{self.scheme}://{self.host}{target}",
            "@authority": self.host,
            "@scheme": self.scheme,
            "@request-target": target,
            "@path": path,
            "@query": f"?{query}",
        }
        lines = [f'"{name}": {values[name]}' for name in self.covered]
        return "\n".join([*lines, f'"@signature-params": {self.inner()}'])

    def request(self, key: PrivateKey) -> SignedRequest:
        signature = base64.b64encode(key.sign(self.base().encode())).decode()
        signed = {
            "signature-input": [f"{self.label}={self.inner()}"],
            "signature": [f"{self.label}=:{signature}:"],
        }
        return SignedRequest(
            method=self.method,
            target=self.target,
            host=HOST,
            headers=self.headers() | signed,
            body=self.body,
        )


GET = Draft(method="GET", target="/actors/a", body=None, covered=("@method", "@target-uri"))


def accepted(request: SignedRequest, key: PrivateKey, **options: Any) -> bool:
    params = signature_of(request.headers)
    verify(params, request, key.public(), now=options.pop("now", NOW), **options)
    return True


def refusal(request: SignedRequest, key: PrivateKey, **options: Any) -> str:
    with pytest.raises(Refused) as caught:
        accepted(request, key, **options)
    return str(caught.value)


def with_lines(request: SignedRequest, **lines: list[str]) -> SignedRequest:
    named = {name.replace("_", "-"): value for name, value in lines.items()}
    return replace(request, headers={**request.headers, **named})


def params_with(**changes: str) -> str:
    given_ = {"created": str(STAMP), "keyid": f'"{KEY_URI}"', **changes}
    return "".join(f";{name}={value}" for name, value in given_.items() if value)


# ---- the vector of RFC 9421 B.2.6 ------------------------------------------------------------

# The key of B.1.4, a test key of the RFC. Its PEM is put together here, so that nobody who looks
# for private keys in this repository takes it for one.
SEED = base64.urlsafe_b64decode("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU=")
PKCS8 = bytes.fromhex("302e020100300506032b657004220420") + SEED
SIGNATURE_B26 = (
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
)
INPUT_B26 = (
    'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"'
)


@pytest.fixture(scope="module")
def rfc_key() -> PrivateKey:
    begin, end = (f"-----{edge} PRIVATE KEY-----" for edge in ("BEGIN", "END"))
    return load_private_key(f"{begin}\n{base64.b64encode(PKCS8).decode()}\n{end}\n")


def request_b26() -> SignedRequest:
    return SignedRequest(
        method="POST",
        target="/foo?param=Value&Pet=dog",
        host="example.com",
        headers={
            "host": ["example.com"],
            "date": ["Tue, 20 Apr 2021 02:07:55 GMT"],
            "content-type": ["application/json"],
            "content-length": ["18"],
            "signature-input": [INPUT_B26],
            "signature": [f"sig-b26=:{SIGNATURE_B26}:"],
        },
        body=b'{"hello": "world"}',
    )


def test_vector_b26_verifies(rfc_key: PrivateKey) -> None:
    assert base64.urlsafe_b64encode(rfc_key.public()._native.public_bytes_raw()).startswith(
        b"JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"
    )
    request = request_b26()
    verify_signature(signature_of(request.headers), request, rfc_key.public())


def test_vector_b26_does_not_verify_for_another_request(rfc_key: PrivateKey) -> None:
    request = replace(request_b26(), target="/bar")
    with pytest.raises(Unauthenticated, match="does not verify"):
        verify_signature(signature_of(request.headers), request, rfc_key.public())


def test_vector_b26_covers_too_little_for_us(rfc_key: PrivateKey) -> None:
    request = request_b26()
    with pytest.raises(Unauthenticated, match="@query"):
        check_request(signature_of(request.headers), request, now=NOW)


# ---- another implementation ------------------------------------------------------------------


class Keys(other.HTTPSignatureKeyResolver):
    """Gives the other implementation one of our keys."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key

    def resolve_public_key(self, key_id: str) -> Any:
        del key_id
        return load_pem_public_key(self._key.public().pem().encode())

    def resolve_private_key(self, key_id: str) -> Any:
        del key_id
        return load_pem_private_key(self._key.pem().encode(), password=None)


def algorithm_of(key: PrivateKey) -> Any:
    if key.algorithm == "rsa":
        return other.algorithms.RSA_V1_5_SHA256
    return other.algorithms.ED25519


@pytest.mark.parametrize("kind", ["rsa_key", "ed25519_key"])
def test_what_we_sign_another_implementation_verifies(
    request: pytest.FixtureRequest, kind: str
) -> None:
    key: PrivateKey = request.getfixturevalue(kind)
    now = datetime.now(UTC)  # the other one asks its own clock
    url = "https://hub.example/inbox?a=b"
    sent = sign(key=key, key_uri=KEY_URI, method="POST", url=url, date=now, body=BODY)
    message = SimpleNamespace(method="POST", url=url, headers=sent, body=BODY)
    verifier = other.HTTPMessageVerifier(
        signature_algorithm=algorithm_of(key), key_resolver=Keys(key)
    )
    [result] = verifier.verify(message)
    assert list(result.covered_components) == [
        '"@method"',
        '"@target-uri"',
        '"content-digest"',
        '"@signature-params"',
    ]


@pytest.mark.parametrize("kind", ["rsa_key", "ed25519_key"])
@pytest.mark.parametrize("covered", [MASTODON, FEDIFY, TWO_PARTS])
def test_what_another_implementation_signs_we_verify(
    request: pytest.FixtureRequest, kind: str, covered: tuple[str, ...]
) -> None:
    key: PrivateKey = request.getfixturevalue(kind)
    headers = {"Host": HOST, "Date": "x", "Content-Digest": content_digest_header(BODY)}
    message = SimpleNamespace(
        method="POST", url=f"https://{HOST}/inbox", headers=headers, body=BODY
    )
    signer = other.HTTPMessageSigner(signature_algorithm=algorithm_of(key), key_resolver=Keys(key))
    signer.sign(
        message,
        key_id=KEY_URI,
        created=NOW,
        covered_component_ids=covered,
        use_existing_digest=True,
    )
    lines = {name.lower(): [value] for name, value in message.headers.items()}
    seen = SignedRequest(method="POST", target="/inbox", host=HOST, headers=lines, body=BODY)
    assert accepted(seen, key)
    assert "does not verify" in refusal(replace(seen, target="/elsewhere"), key)


# ---- what we send ----------------------------------------------------------------------------


def test_sign_a_post_sends_exactly_these_headers(rsa_key: PrivateKey) -> None:
    sent = sign(
        key=rsa_key,
        key_uri=KEY_URI,
        method="POST",
        url="https://hub.example/inbox",
        date=NOW,
        body=BODY,
    )
    digest = content_digest_header(BODY)
    said = (
        '("@method" "@target-uri" "content-digest")'
        f';created={STAMP};keyid="{KEY_URI}";alg="rsa-v1_5-sha256"'
    )
    base = (
        '"@method": POST\n"@target-uri": https://hub.example/inbox\n'
        f'"content-digest": {digest}\n"@signature-params": {said}'
    )
    signature = base64.b64encode(rsa_key.sign(base.encode())).decode()
    assert sent == {
        "Host": "hub.example",
        "Date": "Fri, 20 Nov 2026 09:30:00 GMT",
        "Content-Digest": digest,
        "Signature-Input": f"sig1={said}",
        "Signature": f"sig1=:{signature}:",
    }


def test_sign_a_get_covers_the_query_and_no_digest(rsa_key: PrivateKey) -> None:
    url = "https://Hub.example:443/c?page=true"
    sent = sign(key=rsa_key, key_uri=KEY_URI, method="GET", url=url, date=NOW)
    assert sorted(sent) == ["Date", "Host", "Signature", "Signature-Input"]
    assert sent["Signature-Input"].startswith('sig1=("@method" "@target-uri");')
    lines = {name.lower(): [value] for name, value in sent.items()}
    seen = SignedRequest(method="GET", target="/c?page=true", host=HOST, headers=lines, body=None)
    assert accepted(seen, rsa_key)


def test_sign_gives_up_on_an_odd_url(rsa_key: PrivateKey) -> None:
    with pytest.raises(GiveUp):
        sign(key=rsa_key, key_uri=KEY_URI, method="GET", url="https://a b/", date=NOW)


# ---- what we accept --------------------------------------------------------------------------

PEERS = {
    "Mastodon 4.7": Draft(),
    "Mitra": Draft(parameters=params_with(alg='"rsa-v1_5-sha256"')),
    "Fedify": Draft(
        covered=FEDIFY,
        parameters=f';alg="rsa-v1_5-sha256";keyid="{KEY_URI}";created={STAMP}',
    ),
    "parts": Draft(covered=TWO_PARTS),
    "parts with a query": Draft(covered=(*TWO_PARTS, "@query"), target="/inbox?a=b"),
    "parts with an empty query": Draft(covered=(*TWO_PARTS, "@query")),
    "every derived component": Draft(covered=(*MASTODON, "@scheme", "@request-target", "@path")),
    "nonce and tag": Draft(parameters=params_with(nonce='"n"', tag='"fediverse"')),
    "any label": Draft(label="mastodon-1"),
    "expires": Draft(parameters=params_with(expires=str(STAMP + 300))),
    "get": GET,
    "get by parts": replace(GET, covered=("@method", "@authority", "@path")),
    "get with its query": replace(GET, target="/c?page=true"),
    "h22 get without its query": replace(GET, target="/c?page=true", signed_target="/c"),
    "h22 get by parts without its query": replace(
        GET, target="/c?a=b", covered=("@method", "@authority", "@path")
    ),
}


@pytest.mark.parametrize("name", PEERS)
def test_request_of_a_peer_is_accepted(rsa_key: PrivateKey, name: str) -> None:
    assert accepted(PEERS[name].request(rsa_key), rsa_key)


def test_target_uri_is_made_of_our_own_scheme_and_host(rsa_key: PrivateKey) -> None:
    plain = Draft(scheme="http").request(rsa_key)
    assert "does not verify" in refusal(plain, rsa_key)
    assert accepted(replace(plain, scheme="http"), rsa_key)


@pytest.mark.parametrize("algorithm", [None, '"ed25519"'])
def test_ed25519_key_is_accepted(ed25519_key: PrivateKey, algorithm: str | None) -> None:
    draft = Draft(parameters=params_with(alg=algorithm or ""))
    assert accepted(draft.request(ed25519_key), ed25519_key)


# ---- what we refuse --------------------------------------------------------------------------

TOO_LITTLE = {
    "h07 nothing": Draft(covered=()),
    "h07 date": Draft(covered=("date",)),
    "no method": Draft(covered=("@target-uri", "content-digest")),
    "no target": Draft(covered=("@method", "content-digest")),
    "path without authority": Draft(covered=("@method", "@path", "content-digest")),
    "authority without path": Draft(covered=("@method", "@authority", "content-digest")),
    "h21 no content-digest": Draft(covered=("@method", "@target-uri")),
    "h21 empty post without digest": Draft(covered=("@method", "@target-uri"), body=None),
    "h22 post by parts without its query": Draft(covered=TWO_PARTS, target="/inbox?a=b"),
    "get with a body": replace(GET, body=b"x"),
}


@pytest.mark.parametrize("name", TOO_LITTLE)
def test_signature_that_covers_too_little_is_refused(rsa_key: PrivateKey, name: str) -> None:
    assert "does not cover" in refusal(TOO_LITTLE[name].request(rsa_key), rsa_key)


def test_h22_post_signed_without_its_query_is_refused(rsa_key: PrivateKey) -> None:
    draft = Draft(target="/inbox?a=b", signed_target="/inbox")
    assert "does not verify" in refusal(draft.request(rsa_key), rsa_key)


@pytest.mark.parametrize("body", [BODY + b" ", b"", None])
def test_h03_changed_body_is_refused(rsa_key: PrivateKey, body: bytes | None) -> None:
    request = replace(Draft().request(rsa_key), body=body)
    assert refusal(request, rsa_key) == "The Content-Digest does not match the body."


def test_h03_changed_body_with_a_new_digest_is_refused(rsa_key: PrivateKey) -> None:
    request = replace(Draft().request(rsa_key), body=b"{}")
    forged = with_lines(request, content_digest=[content_digest_header(b"{}")])
    assert "does not verify" in refusal(forged, rsa_key)


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([], Unauthenticated),
        ([content_digest_header(BODY)] * 2, Unauthenticated),
        (["sha-512=:AAAA:"], Unauthenticated),
        (["sha-256=:AAAA:"], Unauthenticated),
        ([content_digest_header(b"other")], Unauthenticated),
        (["sha-256=abc"], Malformed),
        (["sha-256=:not base64:"], Malformed),
        (["SHA-256=:AAAA:"], Malformed),
        (["sha-256"], Malformed),
        (["sha-256=(:AAAA:)"], Malformed),
        (["=:AAAA:"], Malformed),
        ([""], Malformed),
        (["sha-256=:AAAA:,"], Malformed),
        ([f"{content_digest_header(BODY)}, sha-256=:AAAA:"], Malformed),
        (["ä"], Malformed),
    ],
    ids=str,
)
def test_h21_content_digest(rsa_key: PrivateKey, lines: list[str], error: type[Refused]) -> None:
    request = with_lines(Draft().request(rsa_key), content_digest=lines)
    with pytest.raises(Refused) as caught:
        accepted(request, rsa_key)
    assert type(caught.value) is error


def test_h08_h09_signature_for_another_place_is_refused(rsa_key: PrivateKey) -> None:
    request = Draft().request(rsa_key)
    for elsewhere in (replace(request, target="/actors/a/inbox"), replace(request, method="PUT")):
        assert "does not verify" in refusal(elsewhere, rsa_key)
    assert "another host" in refusal(Draft(host="other.example").request(rsa_key), rsa_key)
    moved = with_lines(Draft(host="other.example").request(rsa_key), host=[HOST])
    assert "does not verify" in refusal(moved, rsa_key)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"created": ""}, "does not say when"),
        ({"created": str(STAMP - 3700)}, "too old"),
        ({"created": str(STAMP + 3700)}, "in the future"),
        ({"created": str(STAMP - 3700), "expires": str(STAMP - 1)}, "expired"),
        ({"created": str(STAMP - 13 * 3600), "expires": str(STAMP + 60)}, "too old"),
        ({"created": "-1"}, "not a timestamp"),
        ({"created": "?1"}, "not a timestamp"),
        ({"created": f'"{STAMP}"'}, "not a timestamp"),
        ({"created": str(10**14)}, "not a timestamp"),
        ({"expires": "soon"}, "not a timestamp"),
    ],
    ids=str,
)
def test_h11_h12_times(rsa_key: PrivateKey, changes: dict[str, str], message: str) -> None:
    draft = Draft(parameters=params_with(**changes))
    assert message in refusal(draft.request(rsa_key), rsa_key)


def test_h12_expires_stretches_the_age_to_12_hours(rsa_key: PrivateKey) -> None:
    changes = {"created": str(STAMP - 11 * 3600), "expires": str(STAMP + 60)}
    assert accepted(Draft(parameters=params_with(**changes)).request(rsa_key), rsa_key)


def test_window_is_the_callers(rsa_key: PrivateKey) -> None:
    request = Draft(parameters=params_with(created=str(STAMP - 300))).request(rsa_key)
    assert accepted(request, rsa_key)
    assert "too old" in refusal(request, rsa_key, window=timedelta(minutes=1))


@pytest.mark.parametrize("name", ['"hmac-sha256"', '"none"', '"rsa-pss-sha512"', '"ed25519"', '""'])
def test_h20_algorithm_that_does_not_fit_the_key_is_refused(rsa_key: PrivateKey, name: str) -> None:
    draft = Draft(parameters=params_with(alg=name))
    assert "does not fit" in refusal(draft.request(rsa_key), rsa_key)


def test_h20_rsa_named_for_an_ed25519_key_is_refused(ed25519_key: PrivateKey) -> None:
    draft = Draft(parameters=params_with(alg='"rsa-v1_5-sha256"'))
    assert "does not fit" in refusal(draft.request(ed25519_key), ed25519_key)


def test_signature_of_another_key_is_refused(
    rsa_key: PrivateKey, other_rsa_key: PrivateKey
) -> None:
    assert "does not verify" in refusal(Draft().request(rsa_key), other_rsa_key)


def test_h76b_duplicate_line_of_a_covered_header_is_refused(rsa_key: PrivateKey) -> None:
    request = Draft(covered=FEDIFY).request(rsa_key)
    for name in ("host", "date", "content-digest", "signature", "signature-input"):
        twice = replace(request, headers={**request.headers, name: request.headers[name] * 2})
        assert "exactly one" in refusal(twice, rsa_key)


def test_line_break_in_a_covered_header_cannot_forge_a_line(rsa_key: PrivateKey) -> None:
    draft = Draft(covered=(*MASTODON, "x"), extra={"x": 'a\n"y": b'})
    assert "line break" in refusal(draft.request(rsa_key), rsa_key)


GOOD_INPUT = f'sig1=("@method" "@target-uri" "content-digest"){params_with()}'
GOOD = "sig1=:AAAA:"


@pytest.mark.parametrize(
    ("signature_input", "signature"),
    [
        ("", ""),
        ("x" * 9000, GOOD),
        (GOOD_INPUT, "x" * 9000),
        (f"{GOOD_INPUT}, sig2=()", GOOD),
        (GOOD_INPUT, f"{GOOD}, sig2=:AAAA:"),
        (GOOD_INPUT, "sig2=:AAAA:"),
        (GOOD_INPUT, "sig1=::"),
        (GOOD_INPUT, 'sig1="AAAA"'),
        (GOOD_INPUT, "sig1=:A:"),
        (f'sig1="x"{params_with()}', GOOD),
        (f'sig1=("@method" "@method"){params_with()}', GOOD),
        (f'sig1=("@method";req){params_with()}', GOOD),
        (f'sig1=("date";sf){params_with()}', GOOD),
        (f'sig1=("@status"){params_with()}', GOOD),
        (f'sig1=("@query-param";name="a"){params_with()}', GOOD),
        (f'sig1=("@unknown"){params_with()}', GOOD),
        (f'sig1=("@signature-params"){params_with()}', GOOD),
        (f'sig1=("Date"){params_with()}', GOOD),
        (f"sig1=(date){params_with()}", GOOD),
        (f'sig1=(""){params_with()}', GOOD),
        (f"sig1=(1){params_with()}", GOOD),
        (f"sig1=(){params_with(keyid='')}", GOOD),
        (f"sig1=(){params_with(keyid='token')}", GOOD),
        (f"sig1=(){params_with(keyid='7')}", GOOD),
        (f"sig1=(){params_with(keyid=chr(34) + 'a b' + chr(34))}", GOOD),
        (f"sig1=(){params_with(keyid=chr(34) + 'x' * 2049 + chr(34))}", GOOD),
        (f"sig1=(){params_with(alg='token')}", GOOD),
        (f"sig1=({' '.join(['x'] * 33)}){params_with()}", GOOD),
    ],
    ids=lambda text: text[:60],
)
def test_h02_headers_that_are_no_signature_are_refused(
    signature_input: str, signature: str
) -> None:
    with pytest.raises(Unauthenticated):
        parse(signature_input, signature)


@given(st.text(), st.text())
def test_h02_headers_of_strangers_raise_nothing_else(signature_input: str, signature: str) -> None:
    with suppress(Unauthenticated):
        assert isinstance(parse(signature_input, signature), SignatureParams)


@given(st.text(alphabet='();="@abcdekimnoprstuw-/: 01,\\', max_size=80))
def test_h02_headers_with_a_strange_end_raise_nothing_else(end: str) -> None:
    with suppress(Unauthenticated):
        assert isinstance(parse(GOOD_INPUT + end, GOOD), SignatureParams)


def test_public_key_of_the_vector_is_read_as_pem(rfc_key: PrivateKey) -> None:
    assert load_public_pem(rfc_key.public().pem()) == rfc_key.public()
