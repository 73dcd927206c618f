"""Base58btc, the letters behind the ``z`` of a multibase text (draft-msporny-base58-03).

The work grows with the square of the length, so both ways are capped far above what a key (34
bytes) or a signature (64 bytes) needs.
"""

from typing import Final

MAX_BYTES: Final = 128
MAX_LETTERS: Final = 175
"""What 128 bytes take at most: 128 * log 256 / log 58, rounded up."""

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)}


def to_multibase(data: bytes) -> str:
    """Spell bytes as multibase text; the ``z`` says that base58btc follows."""
    return "z" + encode(data)


def from_multibase(text: str) -> bytes:
    """Read multibase text; raise ValueError unless it is base58btc."""
    if not text.startswith("z"):
        raise ValueError("not multibase base58btc")
    return decode(text.removeprefix("z"))


def encode(data: bytes) -> str:
    """Spell at most 128 bytes; each leading zero byte becomes a ``1``."""
    if len(data) > MAX_BYTES:
        raise ValueError("too long for base58")
    number = int.from_bytes(data, "big")
    letters: list[str] = []
    while number:
        number, value = divmod(number, 58)
        letters.append(_ALPHABET[value])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(letters))


def decode(text: str) -> bytes:
    """Read at most 175 letters; raise ValueError for a longer text or a letter not in the set."""
    if len(text) > MAX_LETTERS:
        raise ValueError("too long for base58")
    number = 0
    for letter in text:
        if letter not in _VALUES:
            raise ValueError("not a base58 letter")
        number = number * 58 + _VALUES[letter]
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
