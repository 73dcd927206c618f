"""What the interface says, in one language."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from importlib import resources

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent

from web.i18n import banana
from web.i18n.banana import Param
from web.i18n.languages import KEYS, direction, fallbacks, locale_of

DOCUMENTATION = "qqq"
Messages = Mapping[str, str]


class Wording:
    """The messages of one language, and its way with numbers, dates and lists.

    >>> Wording("en", [{"found": "{{PLURAL:$1|One listing|$1 listings}}"}]).say("found", 2)
    '2 listings'
    """

    def __init__(self, language: str, chain: Iterable[Messages]) -> None:
        self.language = language
        self._chain = tuple(chain)

    @property
    def direction(self) -> str:
        """Which way the language is written: ``ltr`` or ``rtl``."""
        return direction(self.language)

    @property
    def locale(self) -> Locale:
        """What CLDR knows of the language."""
        return locale_of(self.language)

    def pieces(self, key: str, *params: Param) -> list[str]:
        """Return a message in pieces, its own words apart from what was put in.

        Whoever builds HTML escapes each piece, and so can put links in.
        """
        message = self._find(key)
        if message is None:
            return [f"⧼{key}⧽"]
        if self.language == KEYS:
            return [_shown_key(key, params)]
        return [self._shown(piece) for piece in banana.pieces(message, params, self.locale)]

    def say(self, key: str, *params: Param) -> str:
        """Return a message as plain text; numbers in it the way the language writes them."""
        return "".join(self.pieces(key, *params))

    def number(self, number: int | Decimal) -> str:
        """Write a number."""
        return format_decimal(number, locale=self.locale)

    def percent(self, share: float) -> str:
        """Write a share of 0 to 1."""
        return format_percent(share, locale=self.locale)

    def money(self, amount: Decimal, currency: str) -> str:
        """Write an amount of money by the currency's name; without decimals where it has none."""
        is_whole = amount == amount.to_integral_value()
        return format_currency(
            amount,
            currency,
            format=str(self.locale.decimal_formats[None].pattern) if is_whole else None,
            locale=self.locale,
            currency_digits=not is_whole,
            format_type="name",
        )

    def date(self, moment: datetime) -> str:
        """Write a day in full: 3 May 2030."""
        return format_date(moment, format="long", locale=self.locale)

    def series(self, items: Sequence[str]) -> str:
        """Join ``items`` as the language does: a, b and c."""
        return format_list(items, locale=self.locale) if items else ""

    def _find(self, key: str) -> str | None:
        return next((messages[key] for messages in self._chain if key in messages), None)

    def _shown(self, piece: Param) -> str:
        return piece if isinstance(piece, str) else self.number(piece)


def _shown_key(key: str, params: Sequence[Param]) -> str:
    return f"({key}: {', '.join(map(str, params))})" if params else f"({key})"


@lru_cache(maxsize=64)
def wording(language: str) -> Wording:
    """Return the wording of a language: its messages, then those it falls back to."""
    return Wording(language, [read(tag) for tag in fallbacks(language) if tag in languages()])


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """Return the languages that there are messages in."""
    files = resources.files("web.i18n").joinpath("messages").iterdir()
    tags = (file.name.removesuffix(".json") for file in files if file.name.endswith(".json"))
    return tuple(sorted(tag for tag in tags if tag != DOCUMENTATION))


@lru_cache(maxsize=64)
def read(language: str) -> Messages:
    """Read the messages of one language file, without its ``@metadata``."""
    file = resources.files("web.i18n").joinpath("messages", f"{language}.json")
    messages: dict[str, str] = json.loads(file.read_text("utf-8"))
    return {key: text for key, text in messages.items() if not key.startswith("@")}
