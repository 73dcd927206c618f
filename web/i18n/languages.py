"""Languages as facts: which way they are written, what they fall back to, which a reader wants."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from babel import Locale, UnknownLocaleError

from catalogue.language import UNDETERMINED, is_language_tag, primary

ENGLISH = "en"
KEYS = "qqx"  # not a language: shows the names of the messages, as MediaWiki does
MAX_WANTED = 10

# Written from right to left, by primary subtag, unless a script subtag says otherwise (CLDR 48).
_RTL_LANGUAGES = frozenset(
    {
        "aeb", "aii", "apc", "ar", "arc", "ars", "ary", "arz", "azb", "bal", "bcc", "bgn", "bqi",
        "ckb", "dv", "fa", "glk", "he", "khw", "ks", "lki", "lrc", "luz", "mzn", "nqo", "pnb",
        "prs", "ps", "rhg", "sd", "sdh", "skr", "syc", "syr", "trw", "ug", "ur", "yi",
    }
)  # fmt: skip
_RTL_SCRIPTS = frozenset(
    {"adlm", "arab", "aran", "hebr", "mand", "mend", "nkoo", "rohg", "samr", "syrc", "thaa", "yezi"}
)

# Where the nearest other language is not the primary subtag nor English (after MediaWiki's chains).
_FALLBACKS = {
    "an": ("es",),
    "arz": ("ar",),
    "ary": ("ar",),
    "ast": ("es",),
    "ay": ("es",),
    "azb": ("fa",),
    "bar": ("de",),
    "be-tarask": ("be",),
    "bm": ("fr",),
    "br": ("fr",),
    "ca": ("es",),
    "eml": ("it",),
    "eu": ("es",),
    "ext": ("es",),
    "fur": ("it",),
    "gl": ("pt", "es"),
    "gn": ("es",),
    "gsw": ("de",),
    "ht": ("fr",),
    "lb": ("de",),
    "ln": ("fr",),
    "mg": ("fr",),
    "mwl": ("pt",),
    "nah": ("es",),
    "nds": ("de",),
    "oc": ("ca", "fr"),
    "pnb": ("ur",),
    "qu": ("es",),
    "rue": ("uk",),
    "scn": ("it",),
    "szl": ("pl",),
    "tw": ("ak",),
    "wa": ("fr",),
    "wo": ("fr",),
    "yue": ("zh-hant", "zh"),
}

# One entry of Accept-Language (RFC 9110 12.5.4): a tag, perhaps a weight.
_WANTED = re.compile(r"\s*([A-Za-z0-9*-]{1,64})\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?")
_LONGEST_HEADER = 1000


def direction(language: str) -> str:
    """Return ``rtl`` or ``ltr``, or ``auto`` where the language is not known."""
    if not language or language == UNDETERMINED:
        return "auto"
    subtags = language.lower().split("-")
    script = next((each for each in subtags[1:] if len(each) == 4 and each.isalpha()), None)
    if script is not None:
        return "rtl" if script in _RTL_SCRIPTS else "ltr"
    return "rtl" if subtags[0] in _RTL_LANGUAGES else "ltr"


def fallbacks(language: str) -> tuple[str, ...]:
    """Return the languages to look for a message in: itself, its kin, its primary, English."""
    tag = language.lower()
    chain = (language, *_FALLBACKS.get(tag, ()), primary(tag), *_FALLBACKS.get(primary(tag), ()))
    return tuple(dict.fromkeys((*chain, ENGLISH)))


def accepted(header: str) -> tuple[str, ...]:
    """Return the languages that an Accept-Language header asks for, most wanted first.

    What cannot be read in it is left out; ``*`` and weights of 0 ask for nothing.
    """
    found: list[tuple[float, str]] = []
    for entry in header[:_LONGEST_HEADER].split(","):
        wanted = _WANTED.fullmatch(entry)
        if wanted is None or not is_language_tag(wanted[1]):
            continue
        weight = float(wanted[2] or 1)
        if 0 < weight <= 1:
            found.append((-weight, wanted[1]))
    found.sort(key=lambda each: each[0])
    return tuple(dict.fromkeys(tag for _, tag in found))[:MAX_WANTED]


def choose(wanted: Iterable[str], available: Sequence[str]) -> str:
    """Return the first of ``available`` that a reader of ``wanted`` can read, else English.

    A reader's second choice comes before what their first falls back to only when that is English.
    """
    have = {tag.lower(): tag for tag in available}
    for language in wanted:
        for tag in fallbacks(language):
            near = have.get(tag.lower())
            if near is not None and (near != ENGLISH or primary(language) == ENGLISH):
                return near
    return ENGLISH


def autonym(language: str) -> str:
    """Return a language's name for itself; its tag where CLDR has none."""
    return str(locale_of(language).languages.get(primary(language), language)).capitalize()


@lru_cache(maxsize=256)
def locale_of(language: str) -> Locale:
    """Return what CLDR knows of a language; English for one it does not know."""
    for tag in (language, primary(language)):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse(ENGLISH)
