"""Reading and writing the small values of ActivityStreams: ids, times, texts, lists.

Other servers write the same thing in several shapes: one value or a list, an id or an object with
an id. These readers take each shape once, here, with the limits on what is read.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from catalogue.language import LanguageMap, is_language_tag
from federation.errors import Malformed
from federation.guard import origin

Document = Mapping[str, Any]

MAX_ITEMS = 200  # of a list of addresses or values; the rest is left unread
MAX_LANGUAGES = 40

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def to_bytes(document: Document) -> bytes:
    """Return a document as it is sent."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def items(value: Any) -> Iterator[Any]:
    """Give the members of a list, or the one value that stands for it (AS2 Core 4)."""
    if isinstance(value, list):
        yield from value[:MAX_ITEMS]
    elif value is not None:
        yield value


def id_of(value: Any) -> str | None:
    """Return the id of an object given in full or by its id alone, or None."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) and value else None


def ids_of(value: Any) -> tuple[str, ...]:
    """Return the ids in a list or single value."""
    return tuple(found for each in items(value) if (found := id_of(each)))


def get_id(document: Document, name: str = "id") -> str:
    """Return an http(s) id that a document must have; raise Malformed, saying which is missing."""
    found = id_of(document.get(name))
    if found is None:
        raise Malformed(f"'{name}' is missing")
    origin(found)
    return found


def types_of(document: Document) -> frozenset[str]:
    """Return every type of an object."""
    return frozenset(each for each in items(document.get("type")) if isinstance(each, str))


def string(value: Any, most: int) -> str:
    """Return a string cut to ``most`` characters; empty for what is no string."""
    return value[:most] if isinstance(value, str) else ""


def line(text: str, most: int) -> str:
    """Return plain text (AS2 Vocabulary name) as one line; what looks like HTML in it is meant."""
    return " ".join(_CONTROLS.sub(" ", text).split())[:most].rstrip()


def uri(value: Any) -> str | None:
    """Return an http(s) URI, or None for what is none."""
    found = id_of(value)
    if found is None or len(found) > 2048:
        return None
    try:
        origin(found)
    except Malformed:
        return None
    return found


def moment(value: Any) -> datetime | None:
    """Return an RFC 3339 time in UTC and whole seconds, or None for what is none."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        parsed = datetime.fromisoformat(value)
        if parsed.tzinfo is None:
            return None
        utc = parsed.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None
    return utc if 1970 <= utc.year <= 9998 else None


def from_moment(time: datetime) -> str:
    """Return a time as RFC 3339 in UTC and whole seconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def decimal(value: Any) -> Decimal | None:
    """Return a positive amount given as text or number, or None for what is none."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or len(str(value)) > 32:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 < number <= 10**9 else None


def language_map(document: Document, name: str, most: int) -> LanguageMap:
    """Return a natural-language property (AS2 Core 4.7): ``nameMap`` and ``name`` as one map.

    The language whose text is the plain property's comes first; with no map it is ``und``.
    """
    plain = string(document.get(name), most)
    raw = document.get(f"{name}Map")
    texts = (
        {
            tag: text[:most]
            for tag, text in list(raw.items())[:MAX_LANGUAGES]
            if is_language_tag(tag) and isinstance(text, str) and text.strip()
        }
        if isinstance(raw, dict)
        else {}
    )
    if not texts:
        return LanguageMap({"und": plain}) if plain.strip() else LanguageMap()
    main = next((tag for tag, text in texts.items() if text == plain), next(iter(texts)))
    return LanguageMap({main: texts[main], **texts})
