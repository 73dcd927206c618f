"""Reads one JSON object from a stranger, and refuses what JSON readers disagree about.

1. Text: UTF-8 without a byte order mark (RFC 8259 8.1).
2. Size: at most 32 levels and ``max_nodes`` nodes, counted on the bytes before anything is built;
   a node is a bracket opened or a comma passed, so 100 000 levels cost a few microseconds (H50).
3. Parse: no NaN or Infinity, no number beyond a double, no integer beyond 2^53, no name twice in
   one object (RFC 7493 2.2, 2.3; H32).
4. Strings: no NUL and no lone surrogate, which SQLite would refuse later (RFC 7493 2.1; H31).
5. The top level is an object.
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
# A whole string or one sign of structure. Possessive, so that no input makes it go back.
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
_OPENS: Final = frozenset(b"[{")
_CLOSES: Final = frozenset(b"]}")
_COMMA: Final = ord(",")
_NOT_TEXT: Final = re.compile("[\0\ud800-\udfff]")


def parse_object(body: bytes, *, max_nodes: int = MAX_NODES) -> dict[str, Any]:
    """Return the object that the bytes spell, or raise Malformed saying what is wrong."""
    text = _text(body)
    _check_size(body, max_nodes)
    document = _parse(text)
    if not isinstance(document, dict):
        raise Malformed("JSON is not an object")
    if b"\\u" in body:  # only an escape can spell NUL or half a surrogate pair
        _check_strings(document)
    return document


def _text(body: bytes) -> str:
    if body.startswith(_BYTE_ORDER_MARK):
        raise Malformed("JSON has a byte order mark")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("JSON is not UTF-8") from error


def _check_size(body: bytes, max_nodes: int) -> None:
    depth = nodes = 0
    for token in _TOKEN.finditer(body):
        sign = body[token.start()]
        if sign in _OPENS:
            depth += 1
            nodes += 1
        elif sign in _CLOSES:
            depth -= 1
        elif sign == _COMMA:
            nodes += 1
        if depth > MAX_DEPTH:
            raise Malformed(f"JSON is nested deeper than {MAX_DEPTH} levels")
        if nodes > max_nodes:
            raise Malformed(f"JSON has more than {max_nodes} nodes")


def _parse(text: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON, at character {error.pos}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("JSON has the same name twice in an object")
    return members


def _constant(_: str) -> NoReturn:
    raise Malformed("JSON has NaN or Infinity")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise Malformed("JSON has a number that is too large")
    return number


def _int(text: str) -> int:
    # Length first: Python refuses to read more than 4300 digits.
    if len(text) > len(f"-{MAX_INTEGER}") or abs(int(text)) > MAX_INTEGER:
        raise Malformed("JSON has an integer beyond 2^53")
    return int(text)


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
