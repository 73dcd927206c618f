"""Who is at the other end, when proxies stand between (H69)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.clients import HOPS, Proxies

OURS = Proxies(["127.0.0.0/8", "::1/128", "10.1.0.0/16"])


@pytest.mark.parametrize(
    ("remote", "lines", "client"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        ("198.51.100.7", ["203.0.113.1"], "198.51.100.7"),  # a stranger says nothing of worth
        ("127.0.0.1", [], None),
        ("::1", [], None),
        ("::ffff:127.0.0.1", [], None),
        ("127.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("127.0.0.1", ["1.2.3.4, 203.0.113.1"], "203.0.113.1"),
        ("127.0.0.1", ["1.2.3.4", "203.0.113.1"], "203.0.113.1"),
        ("127.0.0.1", ["203.0.113.1, 10.1.2.3"], "203.0.113.1"),  # two proxies of ours
        ("127.0.0.1", ["10.1.2.3, 127.0.0.1"], None),
        ("127.0.0.1", ["203.0.113.1:4711"], "203.0.113.1"),
        ("127.0.0.1", ["[2001:db8:1:2:3::4]:4711"], "2001:db8:1:2::/64"),
        ("127.0.0.1", ["2001:db8:1:2:ffff::1"], "2001:db8:1:2::/64"),
        ("127.0.0.1", ["203.0.113.1, nonsense"], "unknown"),
        ("127.0.0.1", ["203.0.113.1, "], "unknown"),
        ("127.0.0.1", ["203.0.113.1" + ", 10.1.2.3" * HOPS], None),
        (None, [], "unknown"),
    ],
)
def test_h69_the_last_word_of_a_trusted_proxy_counts(remote, lines, client):
    assert OURS.client(remote, lines) == client


@given(st.lists(st.text(max_size=60), max_size=4))
def test_any_header_names_somebody_or_nobody(lines):
    assert OURS.client("127.0.0.1", lines) != ""
    assert OURS.client("198.51.100.7", lines) == "198.51.100.7"


def test_without_trusted_proxies_everybody_is_counted():
    assert Proxies(()).client("127.0.0.1", ["203.0.113.1"]) == "127.0.0.1"
