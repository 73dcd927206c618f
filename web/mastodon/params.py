"""What an app asks: query parameters, a form, or JSON, all read as one multimap of text.

A value that has no sense is refused, one that is too large is brought down to the limit, and what
is not known is not looked at.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from catalogue.timeline import LAST_PLACE, MAX_SLICE, Span
from web.mastodon.errors import ApiError, BadParameter

MAX_FIELDS = 100
MAX_BODY = 16 * 1024
MAX_VALUE = 4096  # characters of one value
DEFAULT_SLICE = 20

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

_YES = {"true", "1", "t", "on", "yes"}
_NO = {"false", "0", "f", "off", "no", ""}


@dataclass(frozen=True, slots=True)
class Params:
    """Names and values as they were given; ``name[]`` is ``name``."""

    pairs: tuple[tuple[str, str], ...] = ()

    def first(self, name: str) -> str:
        """Return the first value of a parameter; empty where there is none."""
        return next((value for key, value in self.pairs if key == name), "")

    def every(self, name: str) -> tuple[str, ...]:
        """Return every value of a parameter."""
        return tuple(value for key, value in self.pairs if key == name)

    def flag(self, name: str) -> bool:
        """Return whether something is asked for."""
        value = self.first(name).lower()
        if value not in _YES | _NO:
            raise BadParameter(f"{name} must be true or false")
        return value in _YES

    def number(self, name: str, *, default: int, most: int, least: int = 1) -> int:
        """Return a number, brought into its limits."""
        text = self.first(name)
        if not text:
            return default
        if not (text.isascii() and text.removeprefix("-").isdigit()):
            raise BadParameter(f"{name} must be a number")
        return max(least, min(int(text[:18]), most))

    def span(self, most: int = MAX_SLICE) -> Span:
        """Return which part of a timeline is asked for."""
        newer = self._place("min_id")
        return Span(
            limit=self.number("limit", default=DEFAULT_SLICE, most=most),
            before=self._place("max_id"),
            after=newer if newer is not None else self._place("since_id"),
            is_nearest=newer is not None,
        )

    def _place(self, name: str) -> int | None:
        text = self.first(name)
        return place_of(text, name) if text else None


def place_of(text: str, name: str = "id") -> int:
    """Return the place that the id of a status names; raise BadParameter."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LAST_PLACE):
        raise BadParameter(f"{name} is not the id of a status")
    return int(text)


def from_query(pairs: Iterable[tuple[str, str]]) -> Params:
    """Read the query of an address."""
    return _params(pairs)


def from_body(content_type: str, body: bytes) -> Params:
    """Read a form or a JSON object of text; raise ApiError for anything else."""
    try:
        text = body.decode("utf-8")
        if content_type == JSON:
            return _params(_of_json(json.loads(text or "{}")))
        if content_type == FORM or not body:
            return _params(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except (ValueError, RecursionError):
        raise BadParameter("the body cannot be read") from None
    raise ApiError("send a form or JSON", status=415)


def _of_json(document: Any) -> Iterable[tuple[str, str]]:
    if not isinstance(document, Mapping):
        raise BadParameter("the body must be an object")
    for name, value in document.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, bool):
                yield name, "true" if each else "false"
            elif isinstance(each, str | int):
                yield name, str(each)
            elif each is not None:
                raise BadParameter("the body must hold texts or lists of texts")


def _params(pairs: Iterable[tuple[str, str]]) -> Params:
    found = tuple((name.removesuffix("[]"), value) for name, value in pairs)
    if len(found) > MAX_FIELDS:
        raise BadParameter("too many parameters")
    for name, value in found:
        if len(name) > MAX_VALUE or len(value) > MAX_VALUE:
            raise BadParameter("a parameter is too long")
        if any("\ud800" <= char <= "\udfff" or char == "\0" for char in name + value):
            raise BadParameter("a parameter is not text")
    return Params(found)
