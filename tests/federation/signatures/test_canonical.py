"""The fast way writes what RFC 8785 asks for, byte for byte, or lets the slow way do it."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from federation.signatures.canonical import MAX_INTEGER, canonical

NAMES = st.text(max_size=6) | st.sampled_from(["\ufb33", "\U0001f600", "é", "\x7f", "a", "A", "€"])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4)
)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_bytes_are_those_of_the_library(document) -> None:
    assert canonical(document) == rfc8785.dumps(document)


def test_every_character_is_written_alike() -> None:
    text = "".join(chr(code) for code in range(0x2100) if not 0xD800 <= code <= 0xDFFF)
    assert canonical({"text": text}) == rfc8785.dumps({"text": text})


@pytest.mark.parametrize(
    "value", [2**53, -(2**53), float("nan"), float("inf"), "\ud800", {"\ud800": 1}, {1: 2}, b"x"]
)
def test_what_has_no_canonical_form_is_refused(value) -> None:
    with pytest.raises(ValueError, match=r".*"):
        canonical({"value": value})
