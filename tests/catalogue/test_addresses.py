from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.addresses import Addresses, Path, actor_page, concept, local, with_query
from tests.samples import HERE, SOUTH, actor


def test_addresses_of_a_node():
    assert HERE.authority == "hub.example"
    assert HERE.instance == "https://hub.example/actor"
    assert HERE.catalogue == "https://hub.example/actors/catalogue"
    assert HERE.actor("delta") == "https://hub.example/actors/delta"
    assert HERE.acct("delta") == "delta@hub.example"
    assert HERE.profile("delta") == "https://hub.example/@delta"
    assert HERE.listing("17") == "https://hub.example/proposals/17"
    assert HERE.listing_create("17") == "https://hub.example/proposals/17/activity"
    assert HERE.activity("follow", "9") == "https://hub.example/activities/follow/9"
    assert HERE.announce("17") == "https://hub.example/actors/catalogue/announces/17"
    assert HERE.tag("GDPR") == "https://hub.example/tags/GDPR"


def test_authority_has_the_port():
    assert Addresses("http://127.0.0.1:8101").acct("x") == "x@127.0.0.1:8101"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://hub.example", True),
        ("https://hub.example/actor", True),
        ("https://hub.example.evil.example/actor", False),
        ("https://hub.examplex", False),
        ("http://hub.example/actor", False),
        ("https://hub.example:8443/actor", False),
        ("https://hub.example@evil.example/", False),
        ("", False),
    ],
)
def test_ours_is_our_origin_and_no_other(uri, expected):
    assert HERE.is_ours(uri) is expected


@given(st.text(min_size=1))
def test_parts_cannot_leave_their_place(part):
    try:
        part.encode()
    except UnicodeEncodeError:
        return
    path = urlsplit(HERE.at(Path.LISTING, id=part)).path
    assert path.count("/") == 2
    assert unquote(path.removeprefix("/proposals/")) == part


def test_actor_page_is_by_handle_here_and_by_id_for_others():
    ours, theirs = actor("delta", node=HERE.authority), actor("delta", node=SOUTH, id="a1")
    assert actor_page(ours, HERE.authority) == "/@delta"
    assert actor_page(theirs, HERE.authority) == "/affiliates/a1"


def test_query_has_only_what_has_a_value():
    assert with_query("/x", a=None) == "/x"
    assert parse_qs(urlsplit(with_query("/x", a="1&2", b=None, c="ü")).query) == {
        "a": ["1&2"],
        "c": ["ü"],
    }


def test_concept_is_the_same_on_every_node():
    assert concept("region", "a/b") == "https://w3id.org/capacity-exchange/region/a%2Fb"


def test_no_two_paths_are_the_same():
    shapes = [local(path, id="1", handle="1", name="1", verb="1", version="1") for path in Path]
    assert sorted(shapes) == sorted(set(shapes))
