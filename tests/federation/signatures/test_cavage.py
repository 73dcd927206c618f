"""Signed requests: what is sent, what is demanded, and each hostile request by its number."""

import base64
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import GiveUp, Unauthenticated
from federation.signatures.cavage import (
    SignatureParams,
    SignedRequest,
    check_request,
    parse,
    required_headers,
    sign,
    signature_of,
    verify,
)
from federation.signatures.digest import digest_header
from federation.signatures.keys import PrivateKey

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
DATE = "Fri, 20 Nov 2026 09:30:00 GMT"
HOST = "hub.example"
KEY_URI = "https://peer.example/actors/a#main-key"
BODY = b'{"type":"Create"}'

BAD_SIGNATURE = "The signature does not verify."
BAD_ALGORITHM = "The signature algorithm does not fit the key."
TOO_OLD = "The signature is too old."
IN_FUTURE = "The signature is dated in the future."
EXPIRED = "The signature has expired."
BAD_DATE = "The Date is not an HTTP date."
BAD_DAY = "The Date is not a day of the calendar."
OTHER_HOST = "The request was signed for another host."
UNREADABLE = "The Signature header cannot be read."


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request to be signed by a peer that is not our own :func:`sign`."""

    method: str = "POST"
    target: str = "/inbox"
    covered: str = "(request-target) host date digest"
    algorithm: str | None = "rsa-sha256"
    created: int | None = None
    expires: int | None = None
    body: bytes | None = BODY
    host: str = HOST
    date: str | None = DATE
    extra: dict[str, str] = field(default_factory=dict)

    def headers(self) -> dict[str, list[str]]:
        lines = {"host": [self.host]}
        if self.date is not None:
            lines["date"] = [self.date]
        if self.body is not None:
            lines["digest"] = [digest_header(self.body)]
        return lines | {name: [value] for name, value in self.extra.items()}

    def signing_string(self) -> str:
        values = {name: lines[0].strip() for name, lines in self.headers().items()}
        values["(request-target)"] = f"{self.method.lower()} {self.target}"
        values["(created)"] = str(self.created)
        values["(expires)"] = str(self.expires)
        return "\n".join(f"{name}: {values[name]}" for name in self.covered.split(" "))

    def signature_header(self, key: PrivateKey) -> str:
        signature = base64.b64encode(key.sign(self.signing_string().encode())).decode()
        parameters = [f'keyId="{KEY_URI}"']
        if self.algorithm is not None:
            parameters.append(f'algorithm="{self.algorithm}"')
        for name, value in (("created", self.created), ("expires", self.expires)):
            if value is not None:
                parameters.append(f"{name}={value}")
        return ",".join([*parameters, f'headers="{self.covered}"', f'signature="{signature}"'])

    def request(self) -> SignedRequest:
        return SignedRequest(
            method=self.method,
            target=self.target,
            host=HOST,
            headers=self.headers(),
            body=self.body,
        )

    def signed(self, key: PrivateKey) -> tuple[SignatureParams, SignedRequest]:
        return parse(self.signature_header(key)), self.request()


GET = Draft(method="GET", target="/actors/a", body=None, covered="(request-target) host date")


def refusal(params: SignatureParams, request: SignedRequest, key: PrivateKey, **options) -> str:
    with pytest.raises(Unauthenticated) as caught:
        verify(params, request, key.public(), now=options.pop("now", NOW), **options)
    return str(caught.value)


def accepted(draft: Draft, key: PrivateKey, **options) -> bool:
    verify(*draft.signed(key), key.public(), now=options.pop("now", NOW), **options)
    return True


def stamp(moment: datetime) -> int:
    return int(moment.timestamp())


def http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def with_lines(request: SignedRequest, **lines: list[str]) -> SignedRequest:
    return replace(request, headers={**request.headers, **lines})


def incoming(sent: dict[str, str], method: str, target: str, body: bytes | None) -> SignedRequest:
    headers = {name.lower(): [value] for name, value in sent.items()}
    return SignedRequest(method=method, target=target, host=HOST, headers=headers, body=body)


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
    digest = digest_header(BODY)
    text = f"(request-target): post /inbox\nhost: hub.example\ndate: {DATE}\ndigest: {digest}"
    # PKCS#1 v1.5 is deterministic, so the whole header is known
    signature = base64.b64encode(rsa_key.sign(text.encode())).decode()
    assert sent == {
        "Host": "hub.example",
        "Date": "Fri, 20 Nov 2026 09:30:00 GMT",
        "Digest": digest,
        "Signature": (
            'keyId="https://peer.example/actors/a#main-key",algorithm="rsa-sha256",'
            f'headers="(request-target) host date digest",signature="{signature}"'
        ),
    }


def test_sign_a_get_has_no_digest_and_keeps_the_query(rsa_key: PrivateKey) -> None:
    sent = sign(
        key=rsa_key,
        key_uri=KEY_URI,
        method="GET",
        url="https://hub.example/outbox?page=2&q=%61",
        date=NOW,
    )
    text = f"(request-target): get /outbox?page=2&q=%61\nhost: hub.example\ndate: {DATE}"
    assert list(sent) == ["Host", "Date", "Signature"]
    params = parse(sent["Signature"])
    assert params.headers == ("(request-target)", "host", "date")
    assert rsa_key.public().verify(params.signature, text.encode()) is True


def test_sign_takes_a_digest_made_once(rsa_key: PrivateKey) -> None:
    whole = {"key": rsa_key, "key_uri": KEY_URI, "method": "POST", "date": NOW}
    url = "https://hub.example/inbox"
    assert sign(url=url, body_digest=digest_header(BODY), **whole) == sign(
        url=url, body=BODY, **whole
    )


def test_sign_writes_the_date_in_gmt(rsa_key: PrivateKey) -> None:
    there = datetime(2026, 11, 20, 11, 30, tzinfo=timezone(timedelta(hours=2)))
    sent = sign(key=rsa_key, key_uri=KEY_URI, method="GET", url="https://hub.example/", date=there)
    assert sent["Date"] == DATE


def test_sign_refuses_a_date_without_zone(rsa_key: PrivateKey) -> None:
    with pytest.raises(ValueError, match=r"^a date to sign must know its zone$"):
        sign(
            key=rsa_key,
            key_uri=KEY_URI,
            method="GET",
            url="https://hub.example/",
            date=datetime(2026, 11, 20),  # noqa: DTZ001
        )


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("https://hub.example/inbox", "hub.example", "/inbox"),
        ("https://hub.example", "hub.example", "/"),
        ("https://hub.example?page=1", "hub.example", "/?page=1"),
        ("https://hub.example/?", "hub.example", "/?"),
        ("https://hub.example:443/inbox", "hub.example", "/inbox"),
        ("https://hub.example:80/inbox", "hub.example:80", "/inbox"),
        ("http://hub.example:80/inbox", "hub.example", "/inbox"),
        ("http://127.0.0.1:8080/inbox", "127.0.0.1:8080", "/inbox"),
        ("https://[2001:db8::1]:8443/inbox", "[2001:db8::1]:8443", "/inbox"),
        ("https://HUB.example/Inbox", "hub.example", "/Inbox"),
        ("https://hub.example/%7Ea/../b//c", "hub.example", "/%7Ea/../b//c"),
        (
            "https://hub.example/a?next=https://x.example/",
            "hub.example",
            "/a?next=https://x.example/",
        ),
        ("https://hub.example/a#main-key", "hub.example", "/a"),
    ],
)
def test_sign_uses_the_url_raw(rsa_key: PrivateKey, url: str, host: str, target: str) -> None:
    sent = sign(key=rsa_key, key_uri=KEY_URI, method="GET", url=url, date=NOW)
    assert sent["Host"] == host
    text = f"(request-target): get {target}\nhost: {host}\ndate: {DATE}"
    assert rsa_key.public().verify(parse(sent["Signature"]).signature, text.encode()) is True


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/inbox",
        "hub.example/inbox",
        "ftp://hub.example/",
        "https://",
        "https:///inbox",
        "https://:443/inbox",
        "https://user@hub.example/",
        "https://hub.example/a b",
        "https://hub.example/\r\nX: y",
        "https://hüb.example/",
        "https://hub.example\\@evil.example/",
    ],
)
def test_sign_gives_up_on_an_odd_url(rsa_key: PrivateKey, url: str) -> None:
    with pytest.raises(GiveUp, match=r"^The address cannot be signed\.$"):
        sign(key=rsa_key, key_uri=KEY_URI, method="GET", url=url, date=NOW)


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
@pytest.mark.parametrize(("method", "body"), [("POST", BODY), ("POST", b""), ("GET", None)])
def test_what_we_sign_we_verify(
    request: pytest.FixtureRequest, kind: str, method: str, body: bytes | None
) -> None:
    key = request.getfixturevalue(f"{kind}_key")
    url = f"https://{HOST}/actors/a/inbox"
    sent = sign(key=key, key_uri=KEY_URI, method=method, url=url, date=NOW, body=body)
    got = incoming(sent, method, "/actors/a/inbox", body)
    params = signature_of(got.headers)
    assert params.key_uri == KEY_URI
    assert params.algorithm == {"rsa": "rsa-sha256", "ed25519": "hs2019"}[kind]
    verify(params, got, key.public(), now=NOW)
    assert refusal(params, replace(got, target="/other"), key) == BAD_SIGNATURE


# ---- what other servers send ---------------------------------------------------------------

PEERS = {
    "mastodon-post": Draft(
        covered="host date digest content-type (request-target)",
        extra={"content-type": "application/activity+json"},
    ),
    "mastodon-get": replace(
        GET,
        target="/actors/a?x=1",
        covered="host date accept (request-target)",
        extra={"accept": "application/activity+json, application/ld+json"},
    ),
    "gotosocial-post": Draft(algorithm="hs2019"),
    "gotosocial-get": replace(GET, algorithm="hs2019", target="/actors/a?page=1"),
    "mitra-post": Draft(),
    "no-algorithm": Draft(algorithm=None),
    "created-instead-of-date": Draft(
        covered="(request-target) (created) host digest",
        algorithm="hs2019",
        created=stamp(NOW),
        date=None,
    ),
    "created-without-algorithm": Draft(
        covered="(request-target) (created) (expires) host digest",
        algorithm=None,
        created=stamp(NOW),
        expires=stamp(NOW) + 300,
        date=None,
    ),
}


@pytest.mark.parametrize("name", PEERS)
def test_request_of_a_peer_is_accepted(rsa_key: PrivateKey, name: str) -> None:
    assert accepted(PEERS[name], rsa_key)


@pytest.mark.parametrize("algorithm", [None, "hs2019", "ed25519"])
def test_ed25519_key_is_accepted(ed25519_key: PrivateKey, algorithm: str | None) -> None:
    assert accepted(Draft(algorithm=algorithm), ed25519_key)


def test_white_space_around_a_value_is_not_signed(rsa_key: PrivateKey) -> None:
    params, request = Draft().signed(rsa_key)
    verify(params, with_lines(request, date=[f" \t{DATE} "]), rsa_key.public(), now=NOW)


def test_host_is_compared_without_case(rsa_key: PrivateKey) -> None:
    assert accepted(Draft(host="HUB.Example"), rsa_key)


def test_bytes_that_are_not_utf8_are_verified_as_they_came(rsa_key: PrivateKey) -> None:
    draft = Draft(covered="(request-target) host date digest x-name", extra={"x-name": "?"})
    data = draft.signing_string().encode()[:-1] + b"\xff"
    params = replace(draft.signed(rsa_key)[0], signature=rsa_key.sign(data))
    request = with_lines(draft.request(), **{"x-name": ["\udcff"]})
    verify(params, request, rsa_key.public(), now=NOW)


def test_lone_surrogate_is_refused_and_no_crash(rsa_key: PrivateKey) -> None:
    draft = Draft(covered="(request-target) host date digest x-name", extra={"x-name": "?"})
    params, request = draft.signed(rsa_key)
    request = with_lines(request, **{"x-name": ["\ud800"]})
    assert refusal(params, request, rsa_key) == "A signed header is not text."


# ---- hostile requests ------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"signature": []}, {"authorization": ['Signature a="b"']}])
def test_h01_unsigned_request_is_refused(headers: dict[str, list[str]]) -> None:
    with pytest.raises(Unauthenticated, match=r"^The request is not signed\.$"):
        signature_of(headers)


@pytest.mark.parametrize("body", [BODY + b"}", BODY[:-1] + b"]", BODY[:-1], b"", None])
def test_h03_changed_body_is_refused(rsa_key: PrivateKey, body: bytes | None) -> None:
    params, request = Draft().signed(rsa_key)
    message = "The Digest does not match the body."
    assert refusal(params, replace(request, body=body), rsa_key) == message


def test_h03_changed_body_with_a_new_digest_is_refused(rsa_key: PrivateKey) -> None:
    params, request = Draft().signed(rsa_key)
    forged = with_lines(replace(request, body=b"evil"), digest=[digest_header(b"evil")])
    assert refusal(params, forged, rsa_key) == BAD_SIGNATURE


def test_h04_digest_that_is_not_signed_is_refused(rsa_key: PrivateKey) -> None:
    draft = Draft(covered="(request-target) host date")
    assert draft.headers()["digest"] == [digest_header(BODY)]
    assert refusal(*draft.signed(rsa_key), rsa_key) == "The signature does not cover digest."


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "get"])
def test_h04_other_methods_need_a_digest_too(rsa_key: PrivateKey, method: str) -> None:
    draft = Draft(method=method, covered="(request-target) host date", body=None)
    assert refusal(*draft.signed(rsa_key), rsa_key) == "The signature does not cover digest."


def test_h04_get_with_a_body_needs_a_digest(rsa_key: PrivateKey) -> None:
    draft = replace(GET, body=BODY)
    assert refusal(*draft.signed(rsa_key), rsa_key) == "The signature does not cover digest."
    assert accepted(replace(GET, body=BODY, covered=Draft().covered), rsa_key)


def test_h05_signed_digest_that_is_missing_or_weak_is_refused(rsa_key: PrivateKey) -> None:
    params, request = Draft().signed(rsa_key)
    weak = with_lines(request, digest=["md5=XrY7u+Ae7tCTyyK7j1rNww=="])
    none = with_lines(request, digest=[])
    assert refusal(params, weak, rsa_key) == "The Digest must contain SHA-256 exactly once."
    assert refusal(params, none, rsa_key) == "There must be exactly one digest header."


@pytest.mark.parametrize(
    ("covered", "message"),
    [
        ("date", "The signature does not cover (request-target)."),
        ("host date digest", "The signature does not cover (request-target)."),
        ("(request-target) date digest", "The signature does not cover host."),
        ("(request-target) host date", "The signature does not cover digest."),
        ("(request-target) host digest", "The signature does not cover a time."),
    ],
)
def test_h07_signature_that_covers_too_little_is_refused(
    rsa_key: PrivateKey, covered: str, message: str
) -> None:
    assert refusal(*Draft(covered=covered).signed(rsa_key), rsa_key) == message


def test_h08_signature_for_another_inbox_is_refused(rsa_key: PrivateKey) -> None:
    params, request = Draft(target="/inbox").signed(rsa_key)
    assert refusal(params, replace(request, target="/users/a/inbox"), rsa_key) == BAD_SIGNATURE


def test_h08_signature_for_another_method_is_refused(rsa_key: PrivateKey) -> None:
    params, request = Draft().signed(rsa_key)
    assert refusal(params, replace(request, method="PUT"), rsa_key) == BAD_SIGNATURE


@pytest.mark.parametrize(
    "host", ["other.example", "hub.example.", "hub.example:8443", "xhub.example", ""]
)
def test_h09_signature_for_another_host_is_refused(rsa_key: PrivateKey, host: str) -> None:
    assert refusal(*Draft(host=host).signed(rsa_key), rsa_key) == OTHER_HOST


def test_h09_host_header_changed_to_ours_is_refused(rsa_key: PrivateKey) -> None:
    params, request = Draft(host="other.example").signed(rsa_key)
    assert refusal(params, with_lines(request, host=[HOST]), rsa_key) == BAD_SIGNATURE


@pytest.mark.parametrize(
    ("offset", "message"),
    [
        (-timedelta(hours=13), TOO_OLD),
        (-timedelta(hours=1, seconds=1), TOO_OLD),
        (timedelta(hours=2), IN_FUTURE),
        (timedelta(hours=1, seconds=1), IN_FUTURE),
        (timedelta(days=365000), IN_FUTURE),
    ],
)
def test_h11_date_outside_the_window_is_refused(
    rsa_key: PrivateKey, offset: timedelta, message: str
) -> None:
    draft = Draft(date=http_date(NOW + offset))
    assert refusal(*draft.signed(rsa_key), rsa_key) == message


@pytest.mark.parametrize("minutes", [-60, -5, 0, 5, 60])
def test_h11_date_inside_the_window_is_accepted(rsa_key: PrivateKey, minutes: int) -> None:
    assert accepted(Draft(date=http_date(NOW + timedelta(minutes=minutes))), rsa_key)


def test_h11_window_is_the_callers_but_never_over_12_hours(rsa_key: PrivateKey) -> None:
    two_hours = Draft(date=http_date(NOW - timedelta(hours=2)))
    assert accepted(two_hours, rsa_key, window=timedelta(hours=3))
    late = Draft(date=http_date(NOW - timedelta(hours=13)))
    params, request = late.signed(rsa_key)
    assert refusal(params, request, rsa_key, window=timedelta(days=7)) == TOO_OLD
    early = Draft(date=http_date(NOW + timedelta(hours=13)))
    params, request = early.signed(rsa_key)
    assert refusal(params, request, rsa_key, window=timedelta(days=7)) == IN_FUTURE


def test_h11_missing_date_is_refused(rsa_key: PrivateKey) -> None:
    params, request = Draft().signed(rsa_key)
    message = "There must be exactly one date header."
    assert refusal(params, with_lines(request, date=[]), rsa_key) == message


def test_h11_date_in_asctime_form_is_refused(rsa_key: PrivateKey) -> None:
    draft = Draft(date="Fri Nov 20 09:30:00 2026")
    assert refusal(*draft.signed(rsa_key), rsa_key) == BAD_DATE


@pytest.mark.parametrize(
    ("date", "message"),
    [
        ("", BAD_DATE),
        ("garbage", BAD_DATE),
        ("Friday, 20-Nov-26 09:30:00 GMT", BAD_DATE),
        ("Fri, 20 Nov 99999 09:30:00 GMT", BAD_DATE),
        ("Fri, 20 Nov 2026 09:30:00", BAD_DATE),
        ("Fri, 20 Nov 2026 09:30:00 +0000", BAD_DATE),
        ("Fri, 20 Nov 2026 09:30:00 -0000", BAD_DATE),
        ("Fri, 20 Nov 2026 09:30:00 gmt", BAD_DATE),
        ("Fri, 20 Nov 2026 09:30:00 GMT x", BAD_DATE),
        ("Fri, 20 nov 2026 09:30:00 GMT", BAD_DATE),
        ("Fri, 20 Xyz 2026 09:30:00 GMT", BAD_DATE),
        ("Fri,20 Nov 2026 09:30:00 GMT", BAD_DATE),
        ("20 Nov 2026 09:30:00 GMT", BAD_DATE),
        ("2026-11-20T09:30:00Z", BAD_DATE),
        ("Fri, ２0 Nov 2026 09:30:00 GMT", BAD_DATE),
        ("Fri, 31 Nov 2026 09:30:00 GMT", BAD_DAY),
        ("Fri, 00 Nov 2026 09:30:00 GMT", BAD_DAY),
        ("Fri, 20 Nov 0000 09:30:00 GMT", BAD_DAY),
        ("Fri, 20 Nov 2026 24:30:00 GMT", BAD_DAY),
        ("Fri, 20 Nov 2026 09:30:60 GMT", BAD_DAY),
        ("Thu, 20 Nov 2026 09:30:00 GMT", "The Date names a wrong day of the week."),
        ("Xyz, 20 Nov 2026 09:30:00 GMT", "The Date names a wrong day of the week."),
        ("Mon, 01 Jan 0001 00:00:00 GMT", TOO_OLD),
        ("Fri, 31 Dec 9999 23:59:59 GMT", IN_FUTURE),
    ],
)
def test_h11_date_that_is_no_imf_fixdate_is_refused(
    rsa_key: PrivateKey, date: str, message: str
) -> None:
    assert refusal(*Draft(date=date).signed(rsa_key), rsa_key) == message


def test_h11_line_break_after_the_date_is_refused(rsa_key: PrivateKey) -> None:
    draft = Draft(date=f"{DATE}\r\nevil: 1")
    assert refusal(*draft.signed(rsa_key), rsa_key) == "The date header has a line break."


@given(date=st.text(max_size=40))
def test_h11_date_of_strangers_raises_nothing_else(rsa_key: PrivateKey, date: str) -> None:
    params, request = Draft().signed(rsa_key)
    with pytest.raises(Unauthenticated):
        check_request(params, with_lines(request, date=[date]), now=NOW)


def created_draft(*, created: datetime, expires: datetime | None = None) -> Draft:
    covered = "(request-target) (created) host digest"
    return Draft(
        covered=covered if expires is None else f"{covered} (expires)",
        algorithm="hs2019",
        created=stamp(created),
        expires=None if expires is None else stamp(expires),
        date=None,
    )


@pytest.mark.parametrize(
    "ago", [timedelta(seconds=1), timedelta(minutes=5), timedelta(hours=5), timedelta(days=999)]
)
def test_h12_expires_in_the_past_is_refused(rsa_key: PrivateKey, ago: timedelta) -> None:
    draft = created_draft(created=NOW - timedelta(minutes=10), expires=NOW - ago)
    assert refusal(*draft.signed(rsa_key), rsa_key) == EXPIRED


def test_h12_expires_in_the_past_counts_even_when_not_signed(rsa_key: PrivateKey) -> None:
    draft = Draft(expires=stamp(NOW) - 1)
    assert refusal(*draft.signed(rsa_key), rsa_key) == EXPIRED


@pytest.mark.parametrize(
    ("offset", "message"),
    [
        (-timedelta(hours=13), TOO_OLD),
        (-timedelta(hours=1, seconds=1), TOO_OLD),
        (timedelta(hours=1, seconds=1), IN_FUTURE),
    ],
)
def test_h12_created_outside_the_window_is_refused(
    rsa_key: PrivateKey, offset: timedelta, message: str
) -> None:
    draft = created_draft(created=NOW + offset)
    assert refusal(*draft.signed(rsa_key), rsa_key) == message
    unsigned = Draft(created=stamp(NOW + offset))
    assert refusal(*unsigned.signed(rsa_key), rsa_key) == message


def test_h12_signed_expires_stretches_the_age_to_12_hours(rsa_key: PrivateKey) -> None:
    later = NOW + timedelta(minutes=1)
    assert accepted(created_draft(created=NOW - timedelta(hours=11), expires=later), rsa_key)
    over = created_draft(created=NOW - timedelta(hours=12, seconds=1), expires=later)
    assert refusal(*over.signed(rsa_key), rsa_key) == TOO_OLD
    forever = created_draft(created=NOW - timedelta(hours=13), expires=NOW + timedelta(days=36500))
    assert refusal(*forever.signed(rsa_key), rsa_key) == TOO_OLD


def test_h12_expires_that_is_not_signed_stretches_nothing(rsa_key: PrivateKey) -> None:
    draft = Draft(date=http_date(NOW - timedelta(hours=2)), expires=stamp(NOW + timedelta(hours=1)))
    assert refusal(*draft.signed(rsa_key), rsa_key) == TOO_OLD


def test_h12_changed_times_are_refused(rsa_key: PrivateKey) -> None:
    params, request = created_draft(created=NOW, expires=NOW + timedelta(minutes=5)).signed(rsa_key)
    assert refusal(replace(params, created=stamp(NOW) + 1), request, rsa_key) == BAD_SIGNATURE
    assert refusal(replace(params, expires=stamp(NOW) + 9), request, rsa_key) == BAD_SIGNATURE


@pytest.mark.parametrize("name", ["(created)", "(expires)"])
def test_h12_covered_time_without_its_parameter_is_refused(rsa_key: PrivateKey, name: str) -> None:
    draft = Draft(algorithm="hs2019", covered=f"{Draft().covered} {name}")
    message = f"The signature cannot cover {name} like this."
    assert refusal(*draft.signed(rsa_key), rsa_key) == message


def test_h12_created_beside_rsa_sha256_is_refused(rsa_key: PrivateKey) -> None:
    draft = replace(created_draft(created=NOW), algorithm="rsa-sha256")
    message = "The signature cannot cover (created) like this."
    assert refusal(*draft.signed(rsa_key), rsa_key) == message


ODD_ALGORITHMS = ["hmac-sha256", "none", "", "RSA-SHA256", "rsa-sha1", "rsa-sha512", "ecdsa-sha256"]


@pytest.mark.parametrize("algorithm", [*ODD_ALGORITHMS, "ed25519"])
def test_h20_algorithm_that_does_not_fit_an_rsa_key_is_refused(
    rsa_key: PrivateKey, algorithm: str
) -> None:
    assert refusal(*Draft(algorithm=algorithm).signed(rsa_key), rsa_key) == BAD_ALGORITHM


@pytest.mark.parametrize("algorithm", [*ODD_ALGORITHMS, "rsa-sha256"])
def test_h20_algorithm_that_does_not_fit_an_ed25519_key_is_refused(
    ed25519_key: PrivateKey, algorithm: str
) -> None:
    assert refusal(*Draft(algorithm=algorithm).signed(ed25519_key), ed25519_key) == BAD_ALGORITHM


def test_h22_get_signed_without_its_query_is_accepted(rsa_key: PrivateKey) -> None:
    params, request = replace(GET, target="/outbox").signed(rsa_key)
    with_query = replace(request, target="/outbox?page=2")
    verify(params, with_query, rsa_key.public(), now=NOW)
    assert refusal(params, replace(request, target="/inbox?page=2"), rsa_key) == BAD_SIGNATURE


def test_h22_post_signed_without_its_query_is_refused(rsa_key: PrivateKey) -> None:
    params, request = Draft(target="/inbox").signed(rsa_key)
    assert refusal(params, replace(request, target="/inbox?x=1"), rsa_key) == BAD_SIGNATURE
    assert accepted(Draft(target="/inbox?x=1"), rsa_key)


def test_h22_get_signed_with_another_query_is_refused(rsa_key: PrivateKey) -> None:
    params, request = replace(GET, target="/outbox?page=1").signed(rsa_key)
    for target in ("/outbox", "/outbox?page=2"):
        assert refusal(params, replace(request, target=target), rsa_key) == BAD_SIGNATURE


@pytest.mark.parametrize("name", ["host", "date", "digest", "x-more"])
def test_h76b_duplicate_line_of_a_signed_header_is_refused(rsa_key: PrivateKey, name: str) -> None:
    draft = Draft(covered="(request-target) host date digest x-more", extra={"x-more": "1"})
    params, request = draft.signed(rsa_key)
    line = request.headers[name][0]
    verify(params, request, rsa_key.public(), now=NOW)
    message = f"There must be exactly one {name} header."
    assert refusal(params, with_lines(request, **{name: [line, line]}), rsa_key) == message
    assert refusal(params, with_lines(request, **{name: [line, "x"]}), rsa_key) == message
    assert refusal(params, with_lines(request, **{name: []}), rsa_key) == message


def test_h76b_two_signature_lines_are_refused(rsa_key: PrivateKey) -> None:
    line = Draft().signature_header(rsa_key)
    assert signature_of({"signature": [line]}).key_uri == KEY_URI
    with pytest.raises(Unauthenticated, match=r"^There must be exactly one Signature header\.$"):
        signature_of({"signature": [line, line]})


@pytest.mark.parametrize("target", ["http://hub.example/inbox", "", "*", "inbox"])
def test_h76b_target_that_is_no_path_is_refused(rsa_key: PrivateKey, target: str) -> None:
    message = "The request target is not a path."
    assert refusal(*Draft(target=target).signed(rsa_key), rsa_key) == message


def test_signature_of_another_key_is_refused(
    rsa_key: PrivateKey, other_rsa_key: PrivateKey
) -> None:
    assert refusal(*Draft().signed(rsa_key), other_rsa_key) == BAD_SIGNATURE


def test_line_break_in_a_signed_header_cannot_forge_a_line(rsa_key: PrivateKey) -> None:
    # The string is the same; the lines are cut elsewhere.
    draft = Draft(covered="(request-target) host date digest", date=DATE)
    params, request = draft.signed(rsa_key)
    digest = request.headers["digest"][0]
    forged = with_lines(request, date=[f"{DATE}\ndigest: {digest}"])
    forged_params = replace(params, headers=("(request-target)", "host", "date"))
    assert refusal(forged_params, replace(forged, method="GET", body=None), rsa_key) == (
        "The date header has a line break."
    )


def test_check_request_needs_no_key() -> None:
    request = Draft().request()
    params = parse(f'keyId="{KEY_URI}",headers="{Draft().covered}",signature="AAAA"')
    check_request(params, request, now=NOW)
    with pytest.raises(Unauthenticated, match=r"^The signature is too old\.$"):
        check_request(params, request, now=NOW + timedelta(hours=2))
    check_request(params, request, now=NOW + timedelta(hours=2), window=timedelta(hours=2))


def test_required_headers() -> None:
    assert required_headers(GET.request()) == ("(request-target)", "host")
    assert required_headers(Draft(method="HEAD", body=None).request()) == (
        "(request-target)",
        "host",
    )
    assert required_headers(Draft().request()) == ("(request-target)", "host", "digest")


# ---- the header ------------------------------------------------------------------------------


def parse_refusal(value: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        parse(value)
    return str(caught.value)


def test_parse_reads_every_parameter() -> None:
    value = (
        'keyId="https://a.example/x?y=1,2#main-key",algorithm="hs2019",created=1402170695,'
        'expires=1402170995,headers="(request-target) (created) host",signature="QUJD"'
    )
    assert parse(value) == SignatureParams(
        key_uri="https://a.example/x?y=1,2#main-key",
        algorithm="hs2019",
        headers=("(request-target)", "(created)", "host"),
        signature=b"ABC",
        created=1402170695,
        expires=1402170995,
    )


@pytest.mark.parametrize(
    "value",
    [
        'keyId="a",headers="Host Date",signature="QUJD"',
        'keyId="a", headers="host date",  signature="QUJD"',
        'signature="QUJD",headers="host date",keyId="a"',
        'keyId="a",headers="host date",opaque="b",version=3,signature="QUJD"',
    ],
)
def test_parse_is_tolerant_of_order_blanks_and_unknown_parameters(value: str) -> None:
    assert parse(value) == SignatureParams(
        key_uri="a",
        algorithm=None,
        headers=("host", "date"),
        signature=b"ABC",
        created=None,
        expires=None,
    )


def test_parse_reads_quoted_times() -> None:
    params = parse('keyId="a",created="12",expires="0",headers="host",signature="QUJD"')
    assert (params.created, params.expires) == (12, 0)


BASE = 'keyId="a",headers="host date",signature="QUJD"'


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", UNREADABLE),
        ("garbage", UNREADABLE),
        ("=", UNREADABLE),
        ("a=", UNREADABLE),
        ('="a"', UNREADABLE),
        (",", UNREADABLE),
        (f"Signature {BASE}", UNREADABLE),
        ("sig1=:QUJD:", UNREADABLE),
        (f"{BASE},", UNREADABLE),
        (f",{BASE}", UNREADABLE),
        (f" {BASE}", UNREADABLE),
        (f"{BASE} ", UNREADABLE),
        (BASE.replace(",", ";"), UNREADABLE),
        (BASE.replace(",", ",,"), UNREADABLE),
        (BASE.replace(",", " ,"), UNREADABLE),
        (BASE.replace(",", ",\t"), UNREADABLE),
        (BASE.replace("=", " = "), UNREADABLE),
        (BASE[:-1], UNREADABLE),
        (BASE + "x", UNREADABLE),
        (BASE.replace('"a"', "a"), UNREADABLE),
        (BASE.replace('"a"', r'"a\"b"'), UNREADABLE),
        (BASE.replace('"a"', '"ä"'), UNREADABLE),
        (BASE.replace('"a"', '"a\0"'), UNREADABLE),
        (BASE.replace('"a"', '"a\n"'), UNREADABLE),
        (f"{BASE},key-id=1", UNREADABLE),
        (f"{BASE},created=-1", UNREADABLE),
        (f"{BASE},created=1.5", UNREADABLE),
        (f"{BASE},created=", UNREADABLE),
        (f'{BASE},keyId="b"', "The Signature header repeats a parameter."),
        (f'{BASE},keyid="b"', "The Signature header repeats a parameter."),
        (f'{BASE},signature="QUJE"', "The Signature header repeats a parameter."),
        (f"{BASE},x=1,x=1", "The Signature header repeats a parameter."),
        ('headers="host",signature="QUJD"', "The Signature header lacks keyId."),
        ('keyid="a",headers="host",signature="QUJD"', "The Signature header lacks keyId."),
        ('keyId="a",headers="host"', "The Signature header lacks signature."),
        ('keyId="a",signature="QUJD"', "The Signature header lacks headers."),
        ("a=1", "The Signature header lacks headers."),
        (BASE.replace('"a"', '""'), "The keyId is not an address."),
        (BASE.replace('"a"', '"a b"'), "The keyId is not an address."),
        (BASE.replace('"a"', f'"{"a" * 2049}"'), "The keyId is not an address."),
        (BASE.replace("host date", ""), "The list of signed headers cannot be read."),
        (BASE.replace("host date", "host  date"), "The list of signed headers cannot be read."),
        (BASE.replace("host date", "host,date"), "The list of signed headers cannot be read."),
        (BASE.replace("host date", "(evil) date"), "The list of signed headers cannot be read."),
        (BASE.replace("host", "h" * 65), "The list of signed headers cannot be read."),
        (
            BASE.replace("host date", "host Host"),
            "The list of signed headers is too long or repeats a name.",
        ),
        (
            BASE.replace("host date", " ".join(f"h{n}" for n in range(33))),
            "The list of signed headers is too long or repeats a name.",
        ),
        (BASE.replace("QUJD", ""), "The signature is empty."),
        (BASE.replace("QUJD", "QUJ"), "The signature is not base64."),
        (BASE.replace("QUJD", "QU JD"), "The signature is not base64."),
        (BASE.replace("QUJD", "!!!!"), "The signature is not base64."),
        (f"{BASE},created=01", "A time of the signature is not a timestamp."),
        (f'{BASE},created=""', "A time of the signature is not a timestamp."),
        (f'{BASE},expires="-1"', "A time of the signature is not a timestamp."),
        (f'{BASE},expires="1.5"', "A time of the signature is not a timestamp."),
        (f"{BASE},expires={'9' * 12}", "A time of the signature is not a timestamp."),
        (f"{BASE},created={'9' * 5000}", "A time of the signature is not a timestamp."),
        (f'{BASE},x="{"a" * 8192}"', "The Signature header is too long."),
        ("a" * 65536, "The Signature header is too long."),
    ],
)
def test_h02_header_that_is_no_signature_is_refused(value: str, message: str) -> None:
    assert parse_refusal(value) == message


PIECES = st.sampled_from(
    ["keyId", "headers", "signature", "created", "=", '"', ",", " ", "a", "host", "QUJD", "1", "é"]
)


@given(st.text() | st.lists(PIECES, max_size=25).map("".join))
def test_h02_header_of_strangers_raises_nothing_else(value: str) -> None:
    try:
        params = parse(value)
    except Unauthenticated:
        return
    assert params.key_uri
    assert params.headers
    assert params.signature


@given(value=st.text().map(f"{BASE},".__add__) | st.text().map(BASE.__add__))
def test_h02_header_with_a_strange_end_raises_nothing_else(value: str) -> None:
    try:
        params = parse(value)
    except Unauthenticated:
        return
    assert (params.key_uri, params.headers, params.signature) == ("a", ("host", "date"), b"ABC")


@given(
    st.text(
        st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"\\'), min_size=1
    ),
    st.binary(min_size=1, max_size=600),
    st.none() | st.integers(0, 99999999999),
)
def test_parse_reads_back_what_was_written(
    key_uri: str, signature: bytes, created: int | None
) -> None:
    value = f'keyId="{key_uri}",headers="host",signature="{base64.b64encode(signature).decode()}"'
    params = parse(value if created is None else f"{value},created={created}")
    assert (params.key_uri, params.signature, params.created) == (key_uri, signature, created)
