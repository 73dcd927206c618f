"""The reference of the client API names every call, and whom it is for."""

import re
from pathlib import Path

from catalogue.addresses import ApiPath
from web.mastodon.ask import Access
from web.mastodon.routes import TABLE

PAGE = (Path(__file__).parents[2] / "docs/reference/mastodon-api.md").read_text("utf-8")
SECTIONS = {
    "For anyone": Access.OPEN,
    "For an app with a token": Access.APP,
    "For a member who is signed in": Access.MEMBER,
}


def documented(title: str) -> set[str]:
    section = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


def test_every_call_is_in_the_section_of_those_it_is_for():
    for title, access in SECTIONS.items():
        assert documented(title) == {str(row.path) for row in TABLE if row.access is access}


def test_every_address_of_signing_in_is_documented():
    calls = {str(row.path) for row in TABLE}
    rest = {str(path) for path in ApiPath} - calls - {str(ApiPath.ANY)}
    assert {each.removeprefix("POST ") for each in documented("Signing in")} == rest
