"""Base64 has one spelling here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.signatures import strict_base64


@given(st.binary(max_size=100))
def test_base64_comes_back(data: bytes) -> None:
    assert strict_base64.decode(strict_base64.encode(data)) == data


@given(st.text(max_size=40))
def test_base64_reads_any_text_or_raises_value_error(text: str) -> None:
    try:
        data = strict_base64.decode(text)
    except ValueError:
        return
    assert strict_base64.encode(data) == text


@pytest.mark.parametrize(
    "text",
    ["QQ", "QQ=", "QQ===", "QQ==\n", " QQ==", "QR==", "Q!Q==", "-_-_", "QQ==QQ==", "=", "é"],
)
def test_base64_refuses_other_spellings(text: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        strict_base64.decode(text)
