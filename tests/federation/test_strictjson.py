"""Strict JSON: threats A3 "JSON shape", H31, H32, H47, H50, H51."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from federation.errors import Malformed
from federation.strictjson import parse_accepted, parse_object


def test_parse_object_returns_what_json_spells() -> None:
    body = '{"a": [1, -2.5, true, null, "é\\ud83d\\ude00 \\"[{,"], "b": {}}'.encode()
    assert parse_object(body) == {"a": [1, -2.5, True, None, 'é😀 "[{,'], "b": {}}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not JSON, at character 0"),
        (b"{", "not JSON, at character 1"),
        (b'{"a": 1', "not JSON, at character 7"),
        (b'{"a": 1} x', "not JSON, at character 9"),
        (b"<!DOCTYPE html>", "not JSON, at character 0"),
        (b'{"a": "\n"}', "not JSON, at character 7"),
        (b'{"a": "\\', "not JSON, at character 6"),
        (b"[]", "JSON is not an object"),
        (b'"a"', "JSON is not an object"),
        (b"null", "JSON is not an object"),
        (b"1", "JSON is not an object"),
        (b"\xef\xbb\xbf{}", "JSON has a byte order mark"),
        ('{"a": "é"}'.encode("latin-1"), "JSON is not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "JSON is not UTF-8"),
        ('{"a": 1}'.encode("utf-16-le"), "not JSON, at character 1"),
        (b'{"a": "\xed\xa0\x80"}', "JSON is not UTF-8"),
        (b'{"a": NaN}', "JSON has NaN or Infinity"),
        (b'{"a": Infinity}', "JSON has NaN or Infinity"),
        (b'{"a": -Infinity}', "JSON has NaN or Infinity"),
        (b'{"a": 1e400}', "JSON has a number that is too large"),
        (b'{"a": -1e400}', "JSON has a number that is too large"),
        (b'{"a": 9007199254740993}', "JSON has an integer beyond 2^53"),
        (b'{"a": -9007199254740993}', "JSON has an integer beyond 2^53"),
        (b'{"a": ' + b"9" * 5000 + b"}", "JSON has an integer beyond 2^53"),
        (b'{"a": "\\u0000"}', "JSON has a string with NUL or a lone surrogate"),
        (b'{"\\u0000": 1}', "JSON has a string with NUL or a lone surrogate"),
        (b'{"a": [{"b": "\\ud800"}]}', "JSON has a string with NUL or a lone surrogate"),
        (b'{"a": "\\udc00\\ud800"}', "JSON has a string with NUL or a lone surrogate"),
    ],
)
def test_h50_body_is_malformed(body: bytes, message: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_object(body)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["0.1234567890123456789", "1e308", "-1E-2", "1234567890123456"])
def test_h50_long_numbers_are_read_as_they_are(text: str) -> None:
    assert parse_object(f'{{"a": {text}}}'.encode()) == {"a": json.loads(text)}


def test_h50_digits_in_a_string_are_no_number() -> None:
    assert parse_object(b'{"a": "99999999999999999999"}') == {"a": "99999999999999999999"}


def test_what_was_accepted_reads_the_same_again() -> None:
    body = '{"a": [1, -2.5, {"b": "\\"é"}]}'.encode()
    assert parse_accepted(body) == parse_object(body)


@pytest.mark.parametrize(
    "body", [b'{"id": 1, "id": 2}', b'{"a": {"id": 1, "\\u0069d": 2}}', b'{"a": 1, "a": 1}']
)
def test_h32_same_name_twice_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed, match="the same name twice"):
        parse_object(body)


def test_h31_escaped_backslash_before_u0000_is_text() -> None:
    assert parse_object(b'{"a": "\\\\u0000"}') == {"a": "\\u0000"}


def test_h50_integer_of_2_to_53_is_the_last() -> None:
    assert parse_object(b'{"a": 9007199254740992, "b": -9007199254740992}') == {
        "a": 2**53,
        "b": -(2**53),
    }


def test_h50_32_levels_are_the_last() -> None:
    deepest = b'{"a":' + b"[" * 31 + b"]" * 31 + b"}"
    too_deep = b'{"a":' + b"[" * 32 + b"]" * 32 + b"}"
    assert list(parse_object(deepest)) == ["a"]
    with pytest.raises(Malformed, match="deeper than 32"):
        parse_object(too_deep)


@pytest.mark.parametrize("opens", [b"[", b'{"a":', b'[{"a":'])
def test_h50_depth_of_100_000_is_malformed_not_a_crash(opens: bytes) -> None:
    with pytest.raises(Malformed, match="more than 10000 nodes"):
        parse_object(b'{"a":' + opens * 100_000)
    with pytest.raises(Malformed, match="deeper than 32"):
        parse_object(b'{"a":' + opens * 100_000, max_nodes=1_000_000)


def test_h50_brackets_inside_strings_are_not_depth() -> None:
    text = '[{",\\' * 1000
    assert parse_object(json.dumps({"a": text}).encode()) == {"a": text}


def test_h51_nodes_are_counted() -> None:
    body = json.dumps({"a": list(range(9_999))}).encode()  # 2 brackets, 9 998 commas
    too_many = json.dumps({"a": list(range(10_000))}).encode()
    assert len(parse_object(body)["a"]) == 9_999
    with pytest.raises(Malformed, match="more than 10000 nodes"):
        parse_object(too_many)
    assert len(parse_object(too_many, max_nodes=200_000)["a"]) == 10_000


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":"' + b'\\"' * 500_000,
        b'"' * 1_000_001,
        b'{"' + b"\\" * 1_000_000,
        b'{"a":' + b"[]," * 300_000,
        json.dumps({str(number): number for number in range(100_000)}).encode(),
    ],
    ids=["escaped quotes", "quotes", "backslashes", "empty lists", "100k keys"],
)
def test_h51_hostile_megabyte_is_refused_in_linear_time(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_object(body)


SANE_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
SANE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | SANE_TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(SANE_TEXT, inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(SANE_TEXT, SANE), st.booleans())
def test_parse_object_reads_back_any_sane_object(document: dict[str, Any], ascii_: bool) -> None:
    assert parse_object(json.dumps(document, ensure_ascii=ascii_).encode()) == document


JSONISH = st.lists(
    st.sampled_from(
        [
            *(bytes([sign]) for sign in b'{}[],:"1- \\\xff\0'),
            b'"a"',
            b"e9",
            b".5",
            b"\\ud800",
            b"NaN",
        ]
    )
).map(b"".join)


@given(st.one_of(st.binary(), JSONISH, JSONISH.map(lambda inner: b'{"a":' + inner + b"}")))
@example(b'{"a":-}')
def test_h50_any_bytes_are_an_object_or_malformed(body: bytes) -> None:
    try:
        document = parse_object(body)
    except Malformed:
        return
    assert json.loads(json.dumps(document)) == document
