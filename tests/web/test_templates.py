"""The templates say nothing that the rules forbid, and nothing that has no words."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest

import web
from catalogue.model import Category, FollowState, Kind, Mode
from catalogue.search import Facet
from web.i18n.wording import read
from web.render import environment
from web.views import templates

WEB = Path(web.__file__).parent
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
ICONS = sorted((WEB / "icons").glob("*.svg"))
MESSAGES = read("en")

# What is put behind the fixed part of a key, by that part.
ENDINGS = {
    "all-": Kind,
    "categories-": Category,
    "category-": Category,
    "category-about-": Category,
    "facet-": [*(set(Facet) - {Facet.KIND}), "text", "by"],
    "fact-": ["capacities", "mode", "regions", "methods", "languages", "audience", "hours",
              "amount", "until"],
    "follow-problem-": ["account", "unknown", "busy", "elsewhere"],
    "ground-": ["strong", "partly", "not"],
    "kind-": Kind,
    "listing-by-": Kind,
    "matches-title-": Kind,
    "mode-": Mode,
    "peer-": [*FollowState, "trouble"],
    "similar-": Kind,
    "strength-": ["strong", "good", "possible"],
    "unanswered-": Kind,
    "unanswered-text-": Kind,
}  # fmt: skip

# Keys that a view carries whole.
CARRIED = {
    *(
        f"error-{status}-{part}"
        for status, part in product((400, 403, 404, 405, 429, 500, 503), ("title", "text"))
    ),
    *("nav-browse", "nav-capacities", "nav-affiliates", "nav-about"),
    *("home-offers", "home-needs", "empty-offers", "empty-needs"),
    *("affiliate-offers", "affiliate-needs", "affiliate-no-offers", "affiliate-no-needs"),
    *("capacity-offers", "capacity-needs", "capacity-no-offers", "capacity-no-needs"),
    *("listing-elsewhere", "affiliate-elsewhere"),
    *(f"browse-{part}-{kind}" for part, kind in product(("tab", "title"), Kind)),
    *("browse-tab-all", "browse-title"),
}


def said_in_templates() -> Iterator[str]:
    for path in TEMPLATES:
        for key, more in re.findall(r"msg\('([a-z0-9-]+)'( ~)?", path.read_text("utf-8")):
            yield from (f"{key}{ending}" for ending in ENDINGS[key]) if more else (key,)


def said_in_code() -> Iterator[str]:
    """Give the keys that ``say`` and ``said`` are called with, fixed or with an ending."""
    for path in WEB.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"say", "said"}
            ):
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    yield first.value
                elif isinstance(first, ast.JoinedStr) and isinstance(first.values[0], ast.Constant):
                    start = str(first.values[0].value)
                    yield from (f"{start}{end}" for end in ENDINGS.get(start, ()))


def test_every_message_that_is_said_exists():
    assert {*said_in_templates(), *said_in_code(), *CARRIED} - set(MESSAGES) == set()


def test_every_message_is_said_somewhere():
    reasons = {key for key in MESSAGES if key.startswith("match-")}
    said = {*said_in_templates(), *said_in_code(), *CARRIED}
    assert set(MESSAGES) - reasons - said == set()


def test_every_template_belongs_to_a_view_and_every_view_has_one():
    parts = {"base.html", "parts.html"}
    assert {path.name for path in TEMPLATES} - parts == templates()


class Forbidden(HTMLParser):
    """Collects what the content security policy would refuse, or what would leave the node."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style", "iframe", "object", "embed", "base", "form_action"}:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.found.append(f"{tag} {name}")
            if name in {"src", "srcset"} and "://" in (value or ""):
                self.found.append(f"{tag} {value}")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_have_no_scripts_styles_or_handlers(path):
    parser = Forbidden()
    parser.feed(re.sub(r"\{[%#{].*?[%#}]\}", "", path.read_text("utf-8")))
    assert parser.found == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_switch_no_escaping_off(path):
    assert re.findall(r"\|\s*safe|autoescape|Markup", path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_have_no_words_of_their_own(path):
    """Every word comes from the messages; only names that no language changes are left."""
    bare = re.sub(r"\{[%#{].*?[%#}]\}", "", path.read_text("utf-8"), flags=re.DOTALL)
    bare = re.sub(r"<[^>]*>", "", bare)
    assert set(re.findall(r"[A-Za-z]{2,}", bare)) <= {"AGPL", "or", "later"}


def test_templates_fail_on_what_a_view_does_not_have():
    assert environment().undefined.__name__ == "StrictUndefined"
    assert environment().autoescape is True


@pytest.mark.parametrize("path", ICONS, ids=lambda path: path.name)
def test_icons_are_drawings_only(path):
    parser = Forbidden()
    parser.feed(path.read_text("utf-8"))
    assert parser.found == []
    assert 'aria-hidden="true"' in path.read_text("utf-8")


def test_every_icon_that_is_drawn_exists():
    drawn = {
        name
        for path in TEMPLATES
        for name in re.findall(r"icon\('([a-z]+)'\)", path.read_text("utf-8"))
    }
    carried = {*Kind, *Category, "strong", "partly", "not"}
    assert drawn | carried == {path.stem for path in ICONS}
