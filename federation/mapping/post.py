"""A listing as a post: the HTML that someone on Mastodon reads.

Title in bold with its kind, the text, a short list of what / where / until, a link home, and the
capacities as hashtags; in the listing's language, with words from ``federation/data/post.json``.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from html import escape
from importlib import resources

from babel.dates import format_date
from babel.numbers import format_currency

from catalogue.addresses import Addresses
from catalogue.hashtags import spelled
from catalogue.language import primary
from catalogue.model import Kind, Listing, Status, Visibility
from catalogue.taxonomy import Taxonomy, language_name
from catalogue.words import fold

EXCHANGE_TAG = "CapacityExchange"
MAX_HASHTAGS = 6
MAX_NAMES = 10  # places or languages named in a post


def content(listing: Listing, language: str, taxonomy: Taxonomy, addresses: Addresses) -> str:
    """Return the HTML of a listing in one of its languages."""
    words = _words(language)
    title = listing.title.best([language]).text
    lead = words["closed"] if listing.status is Status.CLOSED else words[listing.kind]
    link = f'<a href="{escape(listing.url)}">{escape(listing.node)}</a>'
    facts = "".join(
        f"<li>{escape(name)}: {escape(value)}</li>"
        for name, value in _facts(listing, language, taxonomy)
    )
    tags = " ".join(
        f'<a href="{escape(addresses.tag(tag))}" class="mention hashtag" rel="tag">'
        f"#<span>{escape(tag)}</span></a>"
        for tag in hashtags(listing, language, taxonomy)
    )
    return (
        f"<p><strong>{escape(lead)}: {escape(title)}</strong></p>"
        f"{listing.text.best([language]).text}"
        f"<ul>{facts}</ul>"
        f"<p>{_invitation(listing, words)}{escape(words['more']).replace('{node}', link)}</p>"
        f"<p>{tags}</p>"
    )


def _invitation(listing: Listing, words: Mapping[str, str]) -> str:
    return f"{escape(words['reply'])}<br>" if is_asked_here(listing) else ""


def topic_summary(name: str, language: str, addresses: Addresses) -> str:
    """Return the HTML by which a topic introduces itself."""
    said = _words(language)["topic"].replace("{topic}", name).replace("{node}", addresses.authority)
    return f"<p>{escape(said)}</p>"


def hashtags(listing: Listing, language: str, taxonomy: Taxonomy) -> list[str]:
    """Return the hashtags of a listing without ``#``: the exchange's own, then its capacities."""
    labels = [taxonomy.capacities.label(each, [language]).text for each in listing.capacities]
    tags = [EXCHANGE_TAG, *map(spelled, labels[:MAX_HASHTAGS])]
    return list(dict.fromkeys(filter(None, tags)))


def is_asked_here(listing: Listing) -> bool:
    """Say whether a reply to the post is a question that its affiliate gets, and may be quoted."""
    return listing.visibility is Visibility.PUBLIC and listing.status is Status.OPEN


def kind_named(tag: str) -> Kind | None:
    """Return what a hashtag such as ``offer`` asks to have listed, in any language; else None."""
    return _kinds().get(fold(tag))


def published(language: str, address: str) -> str:
    """Return the HTML that tells somebody where what they asked for is published."""
    link = f'<a href="{escape(address)}">{escape(address)}</a>'
    return f"<p>{escape(_words(language)['published']).replace('{link}', link)}</p>"


def declined(language: str, reason: str) -> str:
    """Return the HTML that tells somebody that it is not, and why; ``reason`` is safe HTML."""
    return f"<p>{escape(_words(language)['declined'])}</p>{reason}"


def _facts(listing: Listing, language: str, taxonomy: Taxonomy) -> Iterator[tuple[str, str]]:
    words = _words(language)
    audience = listing.audience.best([language]).text
    if audience:
        yield words["audience"], audience
    if listing.hours is not None:
        yield words["time"], words["hours"].replace("{n}", f"{listing.hours.normalize():f}")
    if listing.amount is not None and listing.currency is not None:
        yield words["amount"], _money(listing.amount, listing.currency, language)
    if listing.delivery_languages:
        spoken = (
            language_name(tag, [language]).text for tag in listing.delivery_languages[:MAX_NAMES]
        )
        yield words["languages"], ", ".join(spoken)
    places = (taxonomy.regions.label(each, [language]).text for each in listing.regions[:MAX_NAMES])
    yield words["where"], ", ".join([words[listing.mode], *places])
    if listing.until is not None:
        yield words["until"], _date(listing.until, language)


def _money(amount: Decimal, currency: str, language: str) -> str:
    return str(format_currency(amount, currency, locale=_formats(language), currency_digits=False))


def _date(day: datetime, language: str) -> str:
    return format_date(day, "long", locale=_formats(language))


def _formats(language: str) -> str:
    """Return the language whose date and number formats are used: its own words' language."""
    return primary(language) if primary(language) in _all_words() else "en"


def _words(language: str) -> Mapping[str, str]:
    known = _all_words()
    return known.get(primary(language), known["en"])


@lru_cache(maxsize=1)
def _kinds() -> Mapping[str, Kind]:
    """Map each hashtag that names a kind of listing, folded, to the kind; English wins."""
    every = [(fold(spelled(words[kind])), kind) for words in _all_words().values() for kind in Kind]
    return dict(reversed(every))


@lru_cache(maxsize=1)
def _all_words() -> Mapping[str, Mapping[str, str]]:
    raw = resources.files("federation").joinpath("data", "post.json").read_text("utf-8")
    return {tag: words for tag, words in json.loads(raw).items() if not tag.startswith("@")}
