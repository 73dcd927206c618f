"""One visit of one reader: what they ask for, in which languages, and how to link onward."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from catalogue import addresses
from catalogue.addresses import ApiPath, Path
from catalogue.language import LanguageMap, Phrase, primary
from catalogue.model import Actor
from catalogue.policy import ANYONE, Viewer
from catalogue.taxonomy import language_name
from web.i18n.languages import direction
from web.i18n.wording import Wording
from web.prose import cut, tame
from web.site import Site
from web.views import Day, Follow, Text

Asked = tuple[tuple[str, str], ...]

MAX_TITLE = 240  # letters shown of one line that others wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a page knows of the request it answers.

    ``languages`` are those the reader wants to read, most wanted first; ``wording`` is the
    interface in the nearest that it speaks. ``uselang`` was asked for in the address and goes along
    with every link, so that a chosen language stays without a cookie.
    """

    site: Site
    wording: Wording
    languages: tuple[str, ...]
    uselang: str = ""
    path: str = "/"
    parts: Mapping[str, str]
    asked: Asked = ()
    viewer: Viewer = ANYONE

    # -- what is asked ------------------------------------------------------------------------

    def first(self, name: str) -> str:
        """Return the first value of a query parameter; empty where there is none."""
        return next((value for key, value in self.asked if key == name), "").strip()

    def every(self, name: str) -> tuple[str, ...]:
        """Return every value of a query parameter, each once."""
        values = (value.strip() for key, value in self.asked if key == name)
        return tuple(dict.fromkeys(value for value in values if value))

    # -- links --------------------------------------------------------------------------------

    def at(self, path: Path | ApiPath, asked: Iterable[tuple[str, str]] = (), **parts: str) -> str:
        """Return a link to ``path`` of this node that asks for ``asked``."""
        return self._link(addresses.local(path, **parts), asked)

    def here(self, asked: Iterable[tuple[str, str]]) -> str:
        """Return a link to this same page that asks for something else."""
        return self._link(self.path, asked)

    def actor(self, actor: Actor) -> str:
        """Return a link to where this node shows an actor."""
        return self._link(addresses.actor_page(actor, self.site.addresses.authority), ())

    def follow(self, acct: str, uri: str) -> Follow:
        """Return what can be followed, with a link to the page that says how."""
        return Follow(acct=acct, href=self.at(Path.FOLLOW, [("uri", uri)]))

    def _link(self, address: str, asked: Iterable[tuple[str, str]]) -> str:
        pairs = [*asked, *([("uselang", self.uselang)] if self.uselang else [])]
        return f"{address}?{urlencode(pairs)}" if pairs else address

    # -- texts --------------------------------------------------------------------------------

    def text(self, texts: LanguageMap, *, most: int = MAX_TITLE) -> Text:
        """Return one line of what others wrote, in the language nearest to the reader's."""
        return self.phrase(texts.best(self.languages), most=most)

    def phrase(self, phrase: Phrase, *, most: int = MAX_TITLE) -> Text:
        """Return one line in a known language, with a badge where the reader did not ask for it."""
        return Text(
            text=cut(phrase.text, most),
            lang=_lang(phrase.language),
            dir=direction(phrase.language),
            badge=self._badge(phrase.language),
        )

    def label(self, phrase: Phrase) -> Text:
        """Return the name of a concept: marked with its language, without a badge."""
        return Text(
            text=tame(phrase.text), lang=_lang(phrase.language), dir=direction(phrase.language)
        )

    def name(self, name: str) -> Text:
        """Return a proper name, of no known language."""
        return Text(text=cut(name, MAX_TITLE), lang="", dir="auto")

    def said(self, key: str) -> Text:
        """Return words of the interface where a text is wanted."""
        return Text(
            text=self.wording.say(key), lang=self.wording.language, dir=self.wording.direction
        )

    def html(self, phrase: Phrase) -> Text:
        """Return safe HTML in a known language, with a badge where the reader did not ask."""
        return Text(
            text=phrase.text,
            lang=_lang(phrase.language),
            dir=direction(phrase.language),
            badge=self._badge(phrase.language),
            html=True,
        )

    def language(self, tag: str) -> str:
        """Return what the interface calls a language."""
        return tame(language_name(tag, (self.wording.language,)).text)

    def day(self, moment: datetime) -> Day:
        """Return a day as the reader writes it."""
        return Day(text=self.wording.date(moment), iso=moment.date().isoformat())

    def _badge(self, language: str) -> str:
        read = {primary(each) for each in (*self.languages, self.wording.language)}
        known = _lang(language)
        return self.language(language) if known and primary(language) not in read else ""


def _lang(language: str) -> str:
    return "" if language == "und" else language
