"""The banana message format: ``$1`` parameters and ``{{PLURAL:$1|one|other}}``.

Plural forms stand in CLDR's order (zero, one, two, few, many, other) for the categories that the
language has; a form written ``0=none`` is for that number alone. The last form serves for all that
are missing (https://www.mediawiki.org/wiki/Help:Magic_words#PLURAL).
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from babel import Locale

Param = str | int | Decimal

_PLURAL = re.compile(r"\{\{PLURAL:\$([1-9])\|([^{}]*)\}\}")
_PARAM = re.compile(r"\$([1-9])")
_EXACTLY = re.compile(r"(\d+)=(.*)", re.DOTALL)
_CATEGORIES = ("zero", "one", "two", "few", "many", "other")


def pieces(message: str, params: Sequence[Param], locale: Locale) -> Iterator[Param]:
    """Yield ``message`` in pieces: its own words, and the parameters in their places."""
    resolved = _PLURAL.sub(lambda found: _plural(found, params, locale), message)
    start = 0
    for found in _PARAM.finditer(resolved):
        if found.start() > start:
            yield resolved[start : found.start()]
        yield _param(found, params)
        start = found.end()
    if start < len(resolved):
        yield resolved[start:]


def parameters(message: str) -> frozenset[int]:
    """Return the numbers of the parameters that ``message`` uses."""
    return frozenset(map(int, re.findall(r"\$([1-9])", message)))


def plural_forms(message: str) -> Iterator[list[str]]:
    """Yield the forms of each PLURAL in ``message``."""
    for found in _PLURAL.finditer(message):
        yield found[2].split("|")


def categories(locale: Locale) -> list[str]:
    """Return the plural categories that a language has, in CLDR's order."""
    has = {*locale.plural_form.tags, "other"}
    return [category for category in _CATEGORIES if category in has]


def _plural(found: re.Match[str], params: Sequence[Param], locale: Locale) -> str:
    forms: list[str] = []
    number = _number(_param(found, params))
    for form in found[2].split("|"):
        exact = _EXACTLY.fullmatch(form)
        if exact is None:
            forms.append(form)
        elif int(exact[1]) == number:
            return exact[2]
    if not forms:
        return ""
    wanted = categories(locale).index(locale.plural_form(number))
    return forms[min(wanted, len(forms) - 1)]


def _param(found: re.Match[str], params: Sequence[Param]) -> Param:
    index = int(found[1]) - 1
    return params[index] if index < len(params) else found[0]


def _number(param: Param) -> int | Decimal:
    return 0 if isinstance(param, str) else param
