"""The stylesheet: right in both directions of writing, nothing from elsewhere, legible."""

import re
from pathlib import Path

import pytest

import web

STATIC = Path(web.__file__).parent / "static"
CSS = re.sub(r"/\*.*?\*/", "", (STATIC / "style.css").read_text("utf-8"), flags=re.DOTALL)
TEMPLATES = Path(web.__file__).parent / "templates"

PHYSICAL = re.compile(
    r"(?<![-\w])(?:(?:margin|padding|border|inset|scroll-margin|scroll-padding)-"
    r"(?:left|right|top|bottom)[\w-]*|left|right|top|bottom|float|clear|"
    r"(?:min-|max-)?(?:width|height)|border-(?:top|bottom)-(?:left|right)-radius)\s*:"
)


def declarations() -> str:
    """The sheet without the conditions of its media queries."""
    return re.sub(r"@media[^{]*\{", "{", CSS)


def test_only_logical_properties():
    assert PHYSICAL.findall(declarations()) == []
    assert re.findall(r"text-align:\s*(?:left|right)", CSS) == []


def test_nothing_is_loaded():
    assert re.findall(r"url\(|@import|@font-face|src:", CSS) == []


def test_braces_are_even():
    assert CSS.count("{") == CSS.count("}")


def test_every_variable_that_is_used_is_set():
    assert set(re.findall(r"var\((--[\w-]+)", CSS)) - set(re.findall(r"(--[\w-]+):", CSS)) == set()


def test_motion_can_be_switched_off_and_pages_printed():
    assert "prefers-reduced-motion: reduce" in CSS
    assert "@media print" in CSS


def test_every_class_that_is_styled_is_used():
    used = " ".join(path.read_text("utf-8") for path in TEMPLATES.glob("*.html"))
    styled = set(re.findall(r"\.([a-z][\w-]+)", re.sub(r"\d\.\d|\{[^{}]*\}", "", CSS)))
    made = {
        # put together in templates, or in icons, or in safe HTML
        *("kind--offer", "kind--need", "side--offer", "side--need", "facet--node", "link-host"),
        *("state--accepted", "state--pending", "state--trouble", "strength--strong"),
        *("ground--strong", "ground--partly", "ground--not", "icon--next", "icon--outside", "icon"),
    }
    assert {each for each in styled - made if each not in used} == set()


# -- contrast (WCAG 2.2, 1.4.3) -------------------------------------------------------------------


def tokens(scheme: str) -> dict[str, str]:
    light, _, rest = CSS.partition("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"(--[\w-]+):\s*([^;]+);", light.partition("}")[0]))
    if scheme == "dark":
        found |= dict(re.findall(r"(--[\w-]+):\s*([^;]+);", rest.partition("}")[0]))
    return found


def resolved(name: str, known: dict[str, str]) -> str:
    value = known[name]
    while found := re.fullmatch(r"var\((--[\w-]+)\)", value):
        value = known[found[1]]
    return value


def luminance(color: str) -> float:
    digits = color.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    channels = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("--color-base", "--background-color-base"),
        ("--color-base", "--background-color-warning-subtle"),
        ("--color-base", "--background-color-progressive-subtle"),
        ("--color-subtle", "--background-color-base"),
        ("--color-subtle", "--background-color-neutral-subtle"),
        ("--color-subtle", "--background-color-progressive-subtle"),
        ("--color-progressive", "--background-color-base"),
        ("--color-progressive", "--background-color-neutral-subtle"),
        ("--color-progressive", "--background-color-notice-subtle"),
        ("--color-inverted-fixed", "--background-color-progressive"),
        ("--kind-offer", "--kind-offer-subtle"),
        ("--kind-need", "--kind-need-subtle"),
    ],
)
def test_text_stands_out_from_its_ground(scheme, text, ground):
    known = tokens(scheme)
    assert contrast(resolved(text, known), resolved(ground, known)) >= 4.5
