"""Reading the small values of strangers: any JSON is read or left, or Malformed is raised."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.language import LanguageMap
from federation.errors import Malformed
from federation.mapping import values
from federation.mapping.values import MAX_ITEMS, MAX_LANGUAGES
from tests.federation.strategies import JSON

HUB = "https://hub.example/1"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ("a", ["a"]),
        (["a", {"id": "b"}], ["a", {"id": "b"}]),
        ({"id": "b"}, [{"id": "b"}]),
        ([], []),
        (0, [0]),
    ],
)
def test_one_value_stands_for_a_list(value, expected):
    assert list(values.items(value)) == expected


def test_long_lists_are_left_unread_h51():
    assert len(list(values.items(["x"] * 100_000))) == MAX_ITEMS
    assert len(values.ids_of([HUB] * 100_000)) == MAX_ITEMS


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (HUB, HUB),
        ({"id": HUB, "type": "Note"}, HUB),
        ({"id": {"id": HUB}}, None),
        ([HUB], None),
        ("", None),
        (7, None),
        (None, None),
        ({}, None),
    ],
)
def test_id_is_of_an_object_or_stands_alone_h31(value, expected):
    assert values.id_of(value) == expected


@pytest.mark.parametrize(
    "bad",
    [
        None,
        7,
        [],
        "",
        "acct:a@b",
        "urn:x",
        "data:text/html,x",
        "javascript:alert(1)",
        "/relative",
        "hub.example/1",
        "https://",
        "https://a b/",
        "https://hub.example/\x00",
        "https://hub.example/" + "x" * 10_000,
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_id_that_must_be_there_is_malformed_without_sense_h30_h31(bad):
    with pytest.raises(Malformed):
        values.get_id({"id": bad})
    assert values.uri(bad) is None


def test_id_that_must_be_there_is_read():
    assert values.get_id({"actor": {"id": HUB}}, "actor") == values.uri({"id": HUB}) == HUB


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2030-05-03T12:00:00Z", datetime(2030, 5, 3, 12, tzinfo=UTC)),
        ("2030-05-03T14:00:00.999+02:00", datetime(2030, 5, 3, 12, tzinfo=UTC)),
        ("2030-05-03T12:00:00", None),  # no zone
        ("2030-05-03", None),
        ("0001-01-01T00:00:00Z", None),  # H59
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59Z", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("1969-12-31T23:59:59Z", None),
        ("x", None),
        ("", None),
        ("2" * 50, None),
        (1893456000, None),
        (None, None),
        (["2030-05-03T12:00:00Z"], None),
    ],
)
def test_moment_is_utc_in_whole_seconds_or_nothing_h59(text, expected):
    assert values.moment(text) == expected


SECONDS = st.integers(0, 253_300_000_000)  # from 1970 to 9996


@given(SECONDS.map(lambda seconds: datetime.fromtimestamp(seconds + 0.5, UTC)), st.timezones())
def test_moment_written_is_read_again(time, zone):
    written = values.from_moment(time.astimezone(zone))
    assert values.moment(written) == time.replace(microsecond=0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12.5", Decimal("12.5")),
        (3, Decimal(3)),
        (2.5, Decimal("2.5")),
        ("1e3", Decimal(1000)),
        ("0", None),
        ("-1", None),
        ("NaN", None),
        ("Infinity", None),
        ("sNaN", None),
        ("1e400", None),
        ("1000000001", None),
        ("1" * 33, None),
        ("x", None),
        ("", None),
        (True, None),
        (None, None),
        ([1], None),
    ],
)
def test_decimal_is_a_bearable_amount_or_nothing(value, expected):
    assert values.decimal(value) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, {}),
        ({"name": "x"}, {"und": "x"}),
        ({"name": " "}, {}),
        ({"name": "b", "nameMap": {"en": "a", "fr": "b"}}, {"fr": "b", "en": "a"}),
        ({"nameMap": {"en": "a", "fr": "b"}}, {"en": "a", "fr": "b"}),
        ({"name": "z", "nameMap": {"en": "a"}}, {"en": "a"}),
        ({"name": "x", "nameMap": {"no tag!": "a", "en": 7, "fr": " "}}, {"und": "x"}),
        ({"name": ["x"], "nameMap": ["en"]}, {}),
        ({"name": "x" * 20}, {"und": "x" * 10}),
        ({"nameMap": {"en": "x" * 20}}, {"en": "x" * 10}),
    ],
)
def test_language_map_puts_the_plain_text_first(document, expected):
    assert values.language_map(document, "name", 10) == LanguageMap(expected)


def test_language_map_has_a_limit_h51():
    tags = [f"{a}{b}" for a in "abcdefgh" for b in "abcdefgh"]
    found = values.language_map({"nameMap": dict.fromkeys(tags, "x")}, "name", 10)
    assert len(found) == MAX_LANGUAGES


@given(JSON, JSON)
def test_readers_take_any_json(value, other):
    list(values.items(value))
    values.id_of(value)
    values.ids_of(value)
    values.uri(value)
    values.moment(value)
    values.decimal(value)
    values.string(value, 10)
    document = {"id": value, "type": other, "name": value, "nameMap": other}
    values.types_of(document)
    values.language_map(document, "name", 100)
    try:
        values.get_id(document)
    except Malformed:
        return
    assert values.id_of(value) is not None


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("  one \n\t line ", 99, "one line"),
        ("Use <ref> & more", 99, "Use <ref> & more"),
        ("a\x00b\x1b[31mc\x9fd", 99, "a b [31mc d"),
        ("می‌خواهم", 99, "می‌خواهم"),
        ("x" * 20, 10, "x" * 10),
        ("123456789 x", 10, "123456789"),
        ("", 9, ""),
    ],
)
def test_line_is_plain_text_without_controls_h57(text, most, expected):
    assert values.line(text, most) == expected
