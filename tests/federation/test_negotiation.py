"""Page or activity: H78."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.negotiation import prefers_activity

LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
MASTODON = f"application/activity+json, {LD}"
GTS = f"{LD};q=0.9, application/activity+json"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/activity+json", True),
        ("Application/Activity+JSON", True),
        ("application/activity+json; charset=utf-8", True),
        (LD, True),
        ("application/ld+json", True),
        ('application/ld+json; profile="https://other.example/"', False),
        (MASTODON, True),
        (GTS, True),
        (f"{MASTODON}, text/html;q=0.1", True),
        ("application/activity+json, text/html", True),
        ("text/html, application/activity+json", True),
        ("text/html, application/activity+json;q=0.9", False),
        ("application/activity+json;q=0.5, text/html;q=0.6", False),
        ("application/activity+json;q=0.6, text/html;q=0.5", True),
        ("application/activity+json;q=0", False),
        ("application/activity+json;q=x", False),
        (FIREFOX, False),
        ("text/html", False),
        ("*/*", False),
        ("application/json", False),
        ("application/*", False),
        ("", False),
        (",;=,", False),
        ("x" * 100_000 + ", application/activity+json", False),
    ],
)
def test_accept_header_decides(accept, expected):
    assert prefers_activity(accept) is expected


@given(st.text())
def test_any_accept_header_has_an_answer(accept):
    assert prefers_activity(accept) in {True, False}


@given(st.lists(st.sampled_from([*FIREFOX.split(","), "*/*", "image/png", "text/html;q=2"])))
def test_no_browser_gets_an_activity(parts):
    assert not prefers_activity(",".join(parts))
