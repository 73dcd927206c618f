"""Base64 in its one canonical spelling, because two spellings of one value invite confusion.

The standard library forgives leftover bits in the last letter, and without ``validate`` it skips
what is not base64 at all (RFC 4648 3.5 and 3.3 let a decoder refuse both).
"""

import base64
import binascii


def encode(data: bytes) -> str:
    """Spell bytes as padded base64 on one line."""
    return base64.b64encode(data).decode("ascii")


def decode(text: str) -> bytes:
    """Read base64; raise ValueError for any text that :func:`encode` would not write."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
    if encode(data) != text:
        raise ValueError("not the canonical base64")
    return data
