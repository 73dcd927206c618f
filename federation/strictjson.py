"""Reads one JSON object from a stranger, and refuses what JSON readers disagree about.

1. Text: UTF-8 without a byte order mark (RFC 8259 8.1).
2. Size: at most 32 levels and ``max_nodes`` nodes, counted on the bytes before anything is built;
   a node is a bracket opened or a comma passed, so 100 000 levels cost a few microseconds (H50).
3. Numbers: none beyond a double, no integer beyond 2^53 (RFC 7493 2.2).
4. Parse: no NaN or Infinity, no name twice in one object (RFC 7493 2.3; H32).
5. Strings: no NUL and no lone surrogate, which SQLite would refuse later (RFC 7493 2.1; H31).
6. The top level is an object.

Steps 2 to 4 look at what stands outside of strings, which is cut out once: brackets, commas, colons
and numbers. Every letter goes through here, so nothing is looked at sign by sign in Python.
"""

import json
import math
import re
from typing import Any, Final, NoReturn

from federation.errors import Malformed

MAX_DEPTH: Final = 32
MAX_NODES: Final = 10_000
MAX_INTEGER: Final = 2**53

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_BRACES_TO_BRACKETS: Final = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_LONG_NUMBER: Final = re.compile(rb"[0-9]{16}|[0-9][eE]")  # 2^53 has 16 digits
_NUMBER: Final = re.compile(rb"-?[0-9]+(?P<is_float>(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")
_NOT_TEXT: Final = re.compile("[\0\ud800-\udfff]")


def parse_object(body: bytes, *, max_nodes: int = MAX_NODES) -> dict[str, Any]:
    """Return the object that the bytes spell, or raise Malformed saying what is wrong."""
    text = _text(body)
    outside = _outside_of_strings(body)
    _check_size(outside, max_nodes)
    if _LONG_NUMBER.search(outside):
        _check_numbers(outside)
    document = _parse(text)
    if not isinstance(document, dict):
        raise Malformed("JSON is not an object")
    if _count_names(document) != outside.count(b":"):
        raise Malformed("JSON has the same name twice in an object")
    if b"\\u" in body:  # only an escape can spell NUL or half a surrogate pair
        _check_strings(document)
    return document


def parse_accepted(body: bytes) -> dict[str, Any]:
    """Return the object that ``parse_object`` has accepted before: nothing is asked again."""
    document: dict[str, Any] = json.loads(body)
    return document


def _text(body: bytes) -> str:
    if body.startswith(_BYTE_ORDER_MARK):
        raise Malformed("JSON has a byte order mark")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("JSON is not UTF-8") from error


def _outside_of_strings(body: bytes) -> bytes:
    """Return the bytes of JSON without its strings; of what is no JSON, anything."""
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(body.split(b'"')[::2])


def _check_size(outside: bytes, max_nodes: int) -> None:
    nodes = outside.count(b"[") + outside.count(b"{") + outside.count(b",")
    if nodes > max_nodes:
        raise Malformed(f"JSON has more than {max_nodes} nodes")
    if _depth(outside) > MAX_DEPTH:
        raise Malformed(f"JSON is nested deeper than {MAX_DEPTH} levels")


def _depth(outside: bytes) -> int:
    """Count the levels by taking the innermost pairs of brackets away, one level at a time."""
    left = outside.translate(_BRACES_TO_BRACKETS, _NO_BRACKETS)
    depth = 0
    while b"[]" in left and depth <= MAX_DEPTH:
        left = left.replace(b"[]", b"")
        depth += 1
    return depth + left.count(b"[")  # what has no partner will be found to be no JSON


def _check_numbers(outside: bytes) -> None:
    for number in _NUMBER.finditer(outside):
        if number["is_float"]:
            if math.isinf(float(number[0])):
                raise Malformed("JSON has a number that is too large")
        # Length first: Python refuses to read more than 4300 digits.
        elif len(number[0]) > len(f"-{MAX_INTEGER}") or abs(int(number[0])) > MAX_INTEGER:
            raise Malformed("JSON has an integer beyond 2^53")


def _parse(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON, at character {error.pos}") from error


def _constant(_: str) -> NoReturn:
    raise Malformed("JSON has NaN or Infinity")


_DECODER: Final = json.JSONDecoder(parse_constant=_constant)


def _count_names(document: dict[str, Any]) -> int:
    """Count the names in all objects; a name given twice has become one."""
    count = 0
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            count += len(value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return count


def _check_strings(document: dict[str, Any]) -> None:
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str) and _NOT_TEXT.search(value):
            raise Malformed("JSON has a string with NUL or a lone surrogate")
        if isinstance(value, dict):
            waiting.extend(value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
