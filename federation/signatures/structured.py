"""Structured header fields, as far as RFC 9421 and RFC 9530 need them, and no further (RFC 9651).

What is read: one dictionary, whose members are inner lists or single items with parameters; items
are strings, tokens, integers, byte sequences and booleans. What two readers could read in two ways
is refused, where the RFC is lenient: a key that is given twice, an integer with a leading zero,
base64 that is not canonical. So what is written by :func:`serialize` is what was sent but for
blanks. Every part is bounded.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from federation.signatures import strict_base64

MAX_LENGTH: Final = 8 * 1024
MAX_MEMBERS: Final = 8
MAX_ITEMS: Final = 32
MAX_PARAMETERS: Final = 16


class Token(str):
    """A word that stands without quotes."""

    __slots__ = ()


Bare: TypeAlias = Token | str | int | bytes | bool
Parameters: TypeAlias = Mapping[str, Bare]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One value with its parameters."""

    value: Bare
    parameters: Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry of a dictionary: a value, or an inner list of items, with parameters."""

    value: Bare | tuple[Item, ...]
    parameters: Parameters


_KEY: Final = re.compile(r"[a-z*][a-z0-9_.*-]{0,63}")
_STRING: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BYTES: Final = re.compile(r":([A-Za-z0-9+/=]*):")
_BOOLEAN: Final = re.compile(r"\?([01])")
_INTEGER: Final = re.compile(r"(-?[1-9][0-9]{0,14}|0)(?![0-9.])")
_TOKEN: Final = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*")
_ESCAPED: Final = re.compile(r"\\(.)")


def parse_dictionary(text: str) -> dict[str, Member]:
    """Read a dictionary (RFC 9651 4.2.2); raise ValueError for anything odd."""
    if len(text) > MAX_LENGTH or not text.isascii():
        raise ValueError("too long, or not ASCII")
    cursor = _Cursor(text.strip(" \t"))
    members: dict[str, Member] = {}
    while True:
        key = cursor.read(_KEY)
        if key in members or len(members) == MAX_MEMBERS:
            raise ValueError("a key is there twice, or there are too many")
        members[key] = _member(cursor)
        cursor.skip(" \t")
        if cursor.is_at_end:
            return members
        cursor.expect(",")
        cursor.skip(" \t")


def serialize(member: Member) -> str:
    """Write a member in its one canonical form (RFC 9651 4.1)."""
    if isinstance(member.value, tuple):
        inner = " ".join(_bare(each.value) + _written(each.parameters) for each in member.value)
        return f"({inner}){_written(member.parameters)}"
    return _bare(member.value) + _written(member.parameters)


class _Cursor:
    """A place in a text, which moves on."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._text)

    def peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def take(self, sign: str) -> bool:
        """Step over a sign; say whether it was there."""
        is_there = self.peek() == sign
        self._at += is_there
        return is_there

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise ValueError(f"'{sign}' is missing")

    def skip(self, blanks: str) -> None:
        while self.peek() and self.peek() in blanks:
            self._at += 1

    def read(self, pattern: re.Pattern[str]) -> str:
        """Read what matches here: its group, or the whole where it has none."""
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError("not a structured field")
        self._at = found.end()
        return found[found.re.groups]


def _member(cursor: _Cursor) -> Member:
    if not cursor.take("="):
        return Member(value=True, parameters=_parameters(cursor))
    value = _inner_list(cursor) if cursor.take("(") else _bare_item(cursor)
    return Member(value=value, parameters=_parameters(cursor))


def _inner_list(cursor: _Cursor) -> tuple[Item, ...]:
    items: list[Item] = []
    cursor.skip(" ")
    while not cursor.take(")"):
        if len(items) == MAX_ITEMS:
            raise ValueError("too many items")
        items.append(Item(value=_bare_item(cursor), parameters=_parameters(cursor)))
        if cursor.peek() != ")" and not cursor.take(" "):
            raise ValueError("items must be set apart by a blank")
        cursor.skip(" ")
    return tuple(items)


def _parameters(cursor: _Cursor) -> dict[str, Bare]:
    found: dict[str, Bare] = {}
    while cursor.take(";"):
        cursor.skip(" ")
        key = cursor.read(_KEY)
        if key in found or len(found) == MAX_PARAMETERS:
            raise ValueError("a parameter is there twice, or there are too many")
        found[key] = _bare_item(cursor) if cursor.take("=") else True
    return found


_KINDS: Final[Mapping[str, tuple[re.Pattern[str], Callable[[str], Bare]]]] = {
    '"': (_STRING, lambda text: _ESCAPED.sub(r"\1", text)),
    ":": (_BYTES, strict_base64.decode),
    "?": (_BOOLEAN, lambda text: text == "1"),
    **dict.fromkeys("-0123456789", (_INTEGER, int)),
}


def _bare_item(cursor: _Cursor) -> Bare:
    pattern, read = _KINDS.get(cursor.peek(), (_TOKEN, Token))
    return read(cursor.read(pattern))


def _written(parameters: Parameters) -> str:
    return "".join(
        f";{name}" if value is True else f";{name}={_bare(value)}"
        for name, value in parameters.items()
    )


def _bare(value: Bare) -> str:
    match value:
        case bool():
            return f"?{value:d}"
        case int():
            return str(value)
        case bytes():
            return f":{strict_base64.encode(value)}:"
        case Token():
            return str(value)
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
