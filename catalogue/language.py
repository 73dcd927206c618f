"""Text in several languages: one map from language tag to text, the main language first.

English is one language among many: no text has a privileged key, and a reader is shown the
language they asked for, else a close one, else the one it was written in, always with its tag.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

UNDETERMINED = "und"  # BCP 47: the language is not known

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,6}")  # BCP 47 2.1, its usual shapes


class Phrase(NamedTuple):
    """A text and the language it is in."""

    language: str
    text: str


class LanguageMap(Mapping[str, str]):
    """An immutable, ordered map from BCP 47 tag to text; its first entry is the original.

    >>> greeting = LanguageMap({"fr": "Bonjour", "en": "Hello"})
    >>> greeting.best(["pt", "en-GB"])
    Phrase(language='en', text='Hello')
    """

    __slots__ = ("_texts",)

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self._texts = dict(texts or {})

    def __getitem__(self, language: str) -> str:
        return self._texts[language]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __hash__(self) -> int:
        return hash(tuple(self._texts.items()))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LanguageMap):
            return NotImplemented
        return list(self._texts.items()) == list(other._texts.items())

    def __repr__(self) -> str:
        return f"LanguageMap({self._texts!r})"

    @property
    def main(self) -> Phrase:
        """The original: its language and text; ``und`` and an empty text where there is none."""
        for language, text in self._texts.items():
            return Phrase(language, text)
        return Phrase(UNDETERMINED, "")

    def best(self, languages: Sequence[str] = ()) -> Phrase:
        """Choose for a reader of ``languages``, most wanted first: exact, kin, then original."""
        for wanted in languages:
            if wanted in self._texts:
                return Phrase(wanted, self._texts[wanted])
            for language, text in self._texts.items():
                if primary(language) == primary(wanted):
                    return Phrase(language, text)
        return self.main


EMPTY = LanguageMap()


def is_language_tag(text: str) -> bool:
    """Say whether ``text`` has the form of a BCP 47 language tag."""
    return _TAG.fullmatch(text) is not None


def is_one_line(text: str) -> bool:
    """Say whether ``text`` has no line breaks or other control characters (Unicode Cc)."""
    return not any(unicodedata.category(char) == "Cc" for char in text)


def primary(language: str) -> str:
    """Return the primary subtag in lower case: ``pt`` of ``pt-BR`` (BCP 47 2.2.1)."""
    return language.partition("-")[0].lower()
