"""Base58btc both ways, with the vectors of draft-msporny-base58-03."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.signatures import base58

VECTORS = [
    (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
    (
        b"The quick brown fox jumps over the lazy dog.",
        "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
    ),
    (bytes.fromhex("0000287fb4cd"), "11233QC4"),
    (b"", ""),
    (b"\0", "1"),
]


@pytest.mark.parametrize(("data", "text"), VECTORS)
def test_base58_follows_the_draft(data: bytes, text: str) -> None:
    assert base58.encode(data) == text
    assert base58.decode(text) == data


@given(st.binary(max_size=base58.MAX_BYTES))
def test_base58_comes_back(data: bytes) -> None:
    assert base58.decode(base58.encode(data)) == data
    assert base58.from_multibase(base58.to_multibase(data)) == data


@given(st.text())
def test_base58_reads_any_text_or_raises_value_error(text: str) -> None:
    try:
        data = base58.decode(text)
    except ValueError:
        return
    assert base58.encode(data) == text


@pytest.mark.parametrize("text", ["0", "O", "I", "l", " 2", "2 ", "2\n", "é", "２", "+", "\0"])
def test_base58_refuses_other_letters(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not a base58 letter$"):
        base58.decode(text)


def test_base58_letters_are_capped() -> None:
    # the largest number of 128 bytes fills the 175 letters
    assert len(base58.encode(b"\xff" * base58.MAX_BYTES)) == base58.MAX_LETTERS
    with pytest.raises(ValueError, match=r"^too long for base58$"):
        base58.decode("2" * (base58.MAX_LETTERS + 1))


def test_base58_bytes_are_capped() -> None:
    with pytest.raises(ValueError, match=r"^too long for base58$"):
        base58.encode(bytes(base58.MAX_BYTES + 1))


@pytest.mark.parametrize("text", ["", "Z2", "m2", "2z", " z2"])
def test_multibase_needs_its_z(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not multibase base58btc$"):
        base58.from_multibase(text)
