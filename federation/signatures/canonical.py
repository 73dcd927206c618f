"""The one spelling of a JSON document that a proof signs: RFC 8785, and fast where that is easy.

The standard library writes the same bytes as RFC 8785 for a document with no fractions, no integers
beyond 2^53 and names in ASCII, which is nearly every one, and does so many times faster. All others
go to the library that knows how numbers are to be written and names to be sorted.
"""

import json
from typing import Any

import rfc8785

MAX_INTEGER = 2**53 - 1


def canonical(document: dict[str, Any]) -> bytes:
    """Return the canonical bytes; raise ValueError for a document that has none."""
    if not _is_plain(document):
        return rfc8785.dumps(document)
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode()


def _is_plain(value: Any) -> bool:
    """Say whether the standard library writes a value as RFC 8785 does."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is dict:
        return all(
            type(name) is str and name.isascii() and _is_plain(each) for name, each in value.items()
        )
    if kind is list:
        return all(map(_is_plain, value))
    return kind is int and -MAX_INTEGER <= value <= MAX_INTEGER
