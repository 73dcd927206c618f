"""What may be dialled: threats L11, L15, H30, H39, H40, H42, H43, row by row."""

from ipaddress import ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from federation.errors import GiveUp, Malformed
from federation.guard import (
    DialPolicy,
    check_url,
    follow,
    host_of,
    is_public,
    network,
    origin,
    same_origin,
)

PRODUCTION = DialPolicy()
DEVELOPMENT = DialPolicy.development()

SPECIAL = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.8",
    "192.0.0.9",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.175.48.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "232.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2620:4f:8000::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "172.32.0.1",
    "198.17.255.255",
    "223.255.255.255",
    "2001:200::1",
    "2001:db7::1",
    "2606:4700::1111",
    "2a00:1450::1",
    "3ffe::1",
]


@pytest.mark.parametrize("address", SPECIAL)
def test_l15_special_address_is_not_public(address: str) -> None:
    assert is_public(address) is False
    assert is_public(ip_address(address)) is False


@pytest.mark.parametrize("address", PUBLIC)
def test_l15_public_address_is_public(address: str) -> None:
    assert is_public(address) is True
    assert is_public(ip_address(address)) is True


@pytest.mark.parametrize("text", ["", "hub.example", "127.1", "0x7f.1", "1.1.1.1/8", "2a00::1%lo"])
def test_l15_what_is_not_a_plain_address_is_not_public(text: str) -> None:
    assert is_public(text) is False


@pytest.mark.parametrize("address", SPECIAL)
def test_h41_production_dials_no_special_address(address: str) -> None:
    assert PRODUCTION.may_dial(address, 443) is False


def test_may_dial_production_wants_port_443() -> None:
    assert PRODUCTION.may_dial("8.8.8.8", 443) is True
    assert PRODUCTION.may_dial("8.8.8.8", 22) is False
    assert PRODUCTION.may_dial("8.8.8.8", 80) is False


def test_may_dial_named_networks_add_only_themselves() -> None:
    named = DialPolicy(networks=(network("10.0.0.0/8"), network("fc00::/7")))
    assert [each for each in SPECIAL if named.may_dial(each, 443)] == [
        each for each in SPECIAL if each == "10.0.0.1" or each.startswith(("fc", "fd"))
    ]
    assert named.may_dial("8.8.8.8", 443) is True
    assert named.may_dial("10.0.0.1", 8080) is False
    assert named.may_dial("::ffff:10.0.0.1", 443) is False
    assert named.may_dial("fd00::1%eth0", 443) is False
    assert named.may_dial("hub.example", 443) is False
    with pytest.raises(GiveUp, match="not https"):
        check_url("http://10.0.0.1/", named)
    assert check_url("https://10.0.0.1/", named) == URL("https://10.0.0.1/")


@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0", "8.0.0.0/6", "10.0.0.1/8", "10", "", "x"])
def test_network_that_is_none_or_too_wide_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"network|host bits"):
        network(text)


def test_may_dial_development_adds_loopback_only() -> None:
    allowed = [address for address in SPECIAL if DEVELOPMENT.may_dial(address, 8080)]
    assert allowed == ["127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("url", "dialled"),
    [
        ("https://hub.example", "https://hub.example"),
        ("https://hub.example/actors/a", "https://hub.example/actors/a"),
        ("HTTPS://HUB.Example/A", "https://hub.example/A"),
        ("https://hub.example:443/", "https://hub.example/"),
        ("https://hub.example/a#main-key", "https://hub.example/a"),
        ("https://hub.example/%61/../b//c?x=%2f&y=a+b", None),
        ("https://xn--bcher-kva.example/", None),
        ("https://8.8.8.8/", None),
        ("https://[2606:4700::1111]/", None),
    ],
)
def test_check_url_returns_what_is_dialled_raw(url: str, dialled: str | None) -> None:
    assert str(check_url(url, PRODUCTION)) == (dialled or url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hub.example/a",
        "//hub.example/a",
        "http://hub.example/",
        "data:application/json,{}",
        "javascript:alert(1)",
        "urn:uuid:1",
        "acct:a@hub.example",
        "file:///etc/passwd",
        "gopher://hub.example/",
        "ftp://hub.example/",
        "https:hub.example",
        "https:/hub.example",
        "https:///a",
        "https://",
        "https://?x",
        "https://" + "a" * 2048,
    ],
)
def test_h30_not_a_plain_https_url_is_refused(url: str) -> None:
    with pytest.raises(GiveUp):
        check_url(url, PRODUCTION)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "[::ffff:7f00:1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[::7f00:1]",
        "0.0.0.0",
        "169.254.169.254",
        "100.64.0.1",
        "198.18.0.1",
        "[fe80::1%25eth0]",
    ],
)
def test_h39_special_literal_is_refused(host: str) -> None:
    with pytest.raises(GiveUp):
        check_url(f"https://{host}/", PRODUCTION)


SPELLINGS = [
    "①②⑦.0.0.1",
    "127。0。0。1",
    "１２７.0.0.1",
    "0x7f.1",
    "0x7f000001",
    "0x",
    "2130706433",
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "127.0.0.01",
    "127.0.0.1.",
    "1.2.3.4.5",
    "127.0.0.0x1",
    "hub.123",
    "256.1.1.1",
    "%31%32%37.0.0.1",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:8.8.8.8]",
    "[::1",
    "::1",
    "[hub.example]",
    "[v1.x]",
]


@pytest.mark.parametrize("host", SPELLINGS)
@pytest.mark.parametrize("policy", [PRODUCTION, DEVELOPMENT], ids=["production", "development"])
def test_h40_odd_spelling_is_refused(host: str, policy: DialPolicy) -> None:
    with pytest.raises(GiveUp):
        check_url(f"https://{host}/", policy)


@pytest.mark.parametrize(
    "url",
    [
        "https://good@evil.example/",
        "https://good:secret@evil.example/",
        "https://@evil.example/",
        "https://good.example\\@evil.example/",
        "https://good.example\\evil.example/",
        "https://good.com\tevil.com/",
        "https://good.example/a b",
        "https://good.example/a\n",
        " https://good.example/",
        "https://good.example/\x00",
        "https://good.example/\x7f",
        "https://good.example/é",
        "https://good.example/\ud800",
        "https://good%2eevil/",
        "https://good.example:22/",
        "https://good.example:80/",
        "https://good.example:8443/",
        "https://good.example:/",
        "https://good.example:0443/",
        "https://good.example:٤٤٣/",
        "https://good.example:0/",
        "https://good.example:65536/",
        "https://good.example:443:443/",
        "https://good.example:-1/",
        "https://good.example./",
        "https://good..example/",
        "https://.example/",
        "https://-good.example/",
        "https://good-.example/",
        "https://good,evil.example/",
        "https://" + "a" * 64 + ".example/",
        "https://" + ".".join(["abcdefghi"] * 26) + "/",
    ],
)
def test_h43_tricky_url_is_refused(url: str) -> None:
    with pytest.raises(GiveUp):
        check_url(url, PRODUCTION)


def test_check_url_says_what_is_wrong_without_repeating_it() -> None:
    said = {}
    for url in (
        "http://marker.example/",
        "https://marker.example:22/",
        "https://127.0.0.1/",
        "https://marker@evil.example/",
        "https://marker.example\t/",
        "https://0x7f.1/",
    ):
        with pytest.raises(GiveUp) as caught:
            check_url(url, PRODUCTION)
        said[url] = str(caught.value)
    assert list(said.values()) == [
        "URL is not https",
        "port not allowed",
        "address not allowed",
        "URL has user information",
        "URL has a character that is not plain ASCII",
        "URL spells its IPv4 address in an odd way",
    ]


def test_check_url_development_allows_http_loopback_and_any_port() -> None:
    urls = ["http://127.0.0.1:8080/a", "http://[::1]:8080/a", "http://localhost/", "https://h:1/"]
    assert [str(check_url(url, DEVELOPMENT)) for url in urls] == urls
    with pytest.raises(GiveUp):
        check_url("http://10.0.0.1/", DEVELOPMENT)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b", "https://hub.example/b"),
        ("b?x=%2F", "https://hub.example/dir/b?x=%2F"),
        ("//other.example/b", "https://other.example/b"),
        ("https://other.example/%61#f", "https://other.example/%61"),
    ],
)
def test_h42_redirect_is_resolved_against_its_sender(location: str, target: str) -> None:
    current = URL("https://hub.example/dir/a", encoded=True)
    assert str(follow(current, location, PRODUCTION)) == target


@pytest.mark.parametrize(
    "location",
    [
        "http://hub.example/",
        "https://127.0.0.1/",
        "//127.0.0.1/",
        "//169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "gopher://evil.example/",
        "https://good@evil.example/",
        "//good.com\tevil.com/",
        "https://hub.example:99999/",
        "https://[::1/",
        "/é",
        "/" + "a" * 2048,
    ],
)
def test_h42_redirect_to_what_may_not_be_dialled_is_refused(location: str) -> None:
    with pytest.raises(GiveUp):
        follow(URL("https://hub.example/dir/a", encoded=True), location, PRODUCTION)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://good.example/a?b#c", "https://good.example"),
        ("https://GOOD.Example:443/a", "https://good.example"),
        ("http://good.example:80/", "http://good.example"),
        ("http://good.example:443/", "http://good.example:443"),
        ("https://good.example:8443", "https://good.example:8443"),
        ("https://xn--BCHER-kva.example/", "https://xn--bcher-kva.example"),
        ("https://[2606:4700::1111]:8443/", "https://[2606:4700::1111]:8443"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
    ],
)
def test_fep_fe34_origin(uri: str, expected: str) -> None:
    assert origin(uri) == expected
    assert host_of(uri) == expected.partition("://")[2]


@pytest.mark.parametrize(
    "uri",
    [
        "https://good.example./",
        "https://bücher.example/",
        "https://ｇｏｏｄ.example/",
        "https://good。example/",
        "https://good@evil.example/",
        "https://127.1/",
        "urn:uuid:1",
        "acct:a@good.example",
        "good.example",
        "",
    ],
)
def test_l11_origin_refuses_other_spellings_of_a_host(uri: str) -> None:
    with pytest.raises(Malformed):
        origin(uri)
    with pytest.raises(Malformed):
        host_of(uri)


def test_fep_fe34_same_origin() -> None:
    assert same_origin("https://good.example/a", "https://GOOD.example:443/b#c") is True
    assert same_origin("https://good.example/a", "http://good.example/a") is False
    assert same_origin("https://good.example/a", "https://good.example:8443/a") is False
    assert same_origin("https://good.example/a", "https://good.example.evil.example/a") is False
    with pytest.raises(Malformed):
        same_origin("https://good.example/a", "https://good.example./a")


URLISH = st.one_of(
    st.text(),
    st.text("htps:/@[].0127x%#?\\\tabé", max_size=40).map("https://".__add__),
    st.from_regex(r"https?://[a-z0-9.\[\]:@%-]{1,30}(/[!-~]{0,20})?", fullmatch=True),
)


@given(URLISH)
@example("https://0/")
@example("https://a:443")
def test_check_url_on_any_text_gives_up_or_is_settled(text: str) -> None:
    try:
        url = check_url(text, PRODUCTION)
    except GiveUp:
        return
    assert check_url(str(url), PRODUCTION) == url
    assert (url.scheme, url.port, url.user, url.raw_fragment) == ("https", 443, None, "")
    assert origin(text) == f"https://{url.raw_authority}"


@given(URLISH)
def test_origin_on_any_text_is_malformed_or_settled(text: str) -> None:
    try:
        once = origin(text)
    except Malformed:
        return
    assert origin(once) == once


@given(st.text(max_size=50))
def test_h42_any_location_gives_up_or_may_be_dialled(location: str) -> None:
    current = URL("https://hub.example/a", encoded=True)
    try:
        target = follow(current, location, PRODUCTION)
    except GiveUp:
        return
    assert check_url(str(target), PRODUCTION) == target
