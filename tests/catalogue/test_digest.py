"""Digests of sets of listings, held to the examples that FEDERATION.md gives."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from catalogue.digest import (
    NOTHING,
    audience_of,
    audiences_of,
    bucket_of,
    combine,
    digest_of,
    leaf,
)
from catalogue.model import Visibility
from catalogue.policy import ANYONE, Viewer, may_see
from tests.samples import NOW, listing

FEDERATION = (Path(__file__).parents[2] / "FEDERATION.md").read_text("utf-8")
ROW = re.compile(r"^\| `(\S+)` \| (\S+Z) \| `(\w\w)` \| `(\w{64})` \|$", re.MULTILINE)
LEAVES = st.lists(st.binary(min_size=32, max_size=32))


def test_examples_of_the_documentation_hold():
    rows = ROW.findall(FEDERATION)
    assert len(rows) == 3
    leaves = []
    for uri, updated, bucket, expected in rows:
        leaves.append(leaf(uri, datetime.fromisoformat(updated)))
        assert f"{bucket_of(uri):02x}" == bucket
        assert leaves[-1].hex() == expected
    assert f"of all three is `{digest_of(leaves).hex()}`" in FEDERATION
    assert digest_of(leaves[:2]).hex() in FEDERATION


def test_leaf_knows_whole_seconds_of_utc():
    summer = timezone(timedelta(hours=2))
    there = NOW.astimezone(summer).replace(microsecond=999_999)
    assert leaf("https://a.example/1", there) == leaf("https://a.example/1", NOW)
    assert leaf("https://a.example/1", NOW + timedelta(seconds=1)) != leaf(
        "https://a.example/1", NOW.astimezone(UTC)
    )


@given(LEAVES, LEAVES, st.randoms())
def test_digest_knows_no_order_and_is_put_together_from_parts(one, other, chance):
    whole = [*one, *other]
    chance.shuffle(whole)
    assert digest_of(whole) == combine(digest_of(one), digest_of(other))
    assert combine(digest_of(whole), digest_of(other)) == digest_of(one)
    assert digest_of([]) == NOTHING


@given(st.sampled_from(Visibility), st.booleans(), st.booleans())
def test_audiences_of_a_reader_are_what_they_may_see(visibility, is_peer, is_follower):
    found = listing(visibility=visibility)
    follows = frozenset({found.by} if is_follower else ())
    viewer = Viewer(is_peer=is_peer, follows=follows)
    name = audience_of(visibility, found.by)
    assert (name in audiences_of(viewer)) == may_see(found, viewer)
    assert audiences_of(ANYONE) == ["public"]
