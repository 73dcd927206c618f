"""Whose request it is: what a proxy says counts as far as the proxy is trusted (H69)."""

from ipaddress import ip_network

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from web.client import client_of

PROXIES = tuple(map(ip_network, ("127.0.0.0/8", "::1/128", "10.1.0.0/16")))


class Peer:
    """A transport whose other end is at an address."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self.address, 4000) if name == "peername" else default


def client(peer: str, *forwarded: str, trusted=PROXIES) -> str:
    headers = CIMultiDict([("Host", "x"), *(("X-Forwarded-For", each) for each in forwarded)])
    request = make_mocked_request("GET", "/", headers=headers, transport=Peer(peer))
    return client_of(request, trusted)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # not trusted: not read
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.7, 198.51.100.1"], "198.51.100.1"),  # the left is a stranger's
        ("127.0.0.1", ["198.51.100.7", "198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1, 10.1.2.3"], "198.51.100.1"),  # two proxies
        ("127.0.0.1", ["127.0.0.1"], "127.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["nonsense"], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1, nonsense"], "127.0.0.1"),
        ("::1", ["2001:db8:1:2:3::4"], "2001:db8:1:2::/64"),
        ("::1", ["2001:db8:1:2:ffff::4"], "2001:db8:1:2::/64"),
        ("::ffff:127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
    ],
)
def test_client_is_who_the_last_trusted_proxy_names_h69(peer, forwarded, expected):
    assert client(peer, *forwarded) == expected


def test_nobody_is_trusted_where_no_proxy_is_named_h69():
    assert client("127.0.0.1", "198.51.100.1", trusted=()) == "127.0.0.1"


@given(
    st.lists(
        st.text(alphabet=st.characters(codec="latin-1", exclude_categories=["Cc"])), max_size=5
    )
)
def test_whatever_is_forwarded_has_an_answer(forwarded):
    assert client("127.0.0.1", *forwarded)
