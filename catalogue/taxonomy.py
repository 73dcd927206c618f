"""The shared vocabulary: SKOS concept schemes with labels in many languages.

Schemes are data files beside this module that a translator can edit; each concept has an IRI below
``https://w3id.org/capacity-exchange/`` that is the same on every node. Names of countries and of
languages come from CLDR. A concept that only a peer knows travels as its IRI and is shown as such.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from babel import Locale, UnknownLocaleError

from catalogue.addresses import concept
from catalogue.language import EMPTY, LanguageMap, Phrase, primary
from catalogue.words import words

CAPACITY = "capacity"
METHOD = "method"
REGION = "region"
AFFILIATION = "affiliation"

FILES = {
    CAPACITY: "capacities.json",
    METHOD: "methods.json",
    REGION: "regions.json",
    AFFILIATION: "affiliations.json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """One concept of a scheme (SKOS Reference 3 to 8).

    ``notation`` maps another system's name to its id for the same thing, such as ``capx`` → ``15``.
    """

    scheme: str
    id: str
    labels: LanguageMap
    alternatives: Mapping[str, tuple[str, ...]]
    definition: LanguageMap = EMPTY
    broader: tuple[str, ...] = ()
    exact_match: tuple[str, ...] = ()
    notation: Mapping[str, str | int]

    @property
    def iri(self) -> str:
        """The address that names this concept everywhere."""
        return concept(self.scheme, self.id)


class Scheme:
    """The concepts of one scheme, by id, by IRI and by mapped IRI, with their tree."""

    def __init__(self, name: str, title: LanguageMap, concepts: Iterable[Concept]) -> None:
        self.name = name
        self.title = title
        self._concepts = {concept.id: concept for concept in concepts}
        self._narrower: dict[str, list[str]] = {}
        self._ids_by_iri: dict[str, str] = {}
        for each in self._concepts.values():
            for iri in (each.iri, *each.exact_match):
                self._ids_by_iri[iri] = each.id
            for parent in each.broader:
                self._narrower.setdefault(parent, []).append(each.id)
        self._above = {each: _reach(each, self._broader_of) for each in self._concepts}
        self._below = {each: _reach(each, self._narrower_of) for each in self._concepts}

    def _broader_of(self, concept_id: str) -> Sequence[str]:
        known = self._concepts.get(concept_id)
        return known.broader if known else ()

    def _narrower_of(self, concept_id: str) -> Sequence[str]:
        return self._narrower.get(concept_id, ())

    def __iter__(self) -> Iterator[Concept]:
        return iter(self._concepts.values())

    def __len__(self) -> int:
        return len(self._concepts)

    def __contains__(self, concept_id: str) -> bool:
        return concept_id in self._concepts

    def find(self, concept_id: str) -> Concept | None:
        """Return the concept with this id, or None."""
        return self._concepts.get(concept_id)

    def id_of(self, iri: str) -> str:
        """Return the id of a concept named by its own or a mapped IRI; the IRI if unknown here."""
        return self._ids_by_iri.get(iri, iri)

    def iri_of(self, concept_id: str) -> str:
        """Return what names the concept on the wire: its IRI; an unknown one is its own IRI."""
        known = self._concepts.get(concept_id)
        return known.iri if known else concept_id

    def roots(self) -> list[Concept]:
        """Return the top concepts (SKOS hasTopConcept), in the order of the file."""
        return [concept for concept in self if not concept.broader]

    def narrower(self, concept_id: str) -> list[Concept]:
        """Return the concepts directly below, in the order of the file."""
        return [self._concepts[child] for child in self._narrower.get(concept_id, ())]

    def above(self, concept_id: str) -> Sequence[str]:
        """Return the ids of every broader concept, the nearest first (SKOS broaderTransitive)."""
        return self._above.get(concept_id, ())

    def below(self, concept_id: str) -> Sequence[str]:
        """Return the ids of every narrower concept, the nearest first."""
        return self._below.get(concept_id, ())

    def label(self, concept_id: str, languages: Sequence[str] = ()) -> Phrase:
        """Return the name to show a reader of ``languages``; the last part of an unknown IRI."""
        known = self._concepts.get(concept_id)
        if known is None:
            return Phrase("und", concept_id.rstrip("/").rpartition("/")[2])
        return known.labels.best((*languages, "en"))


def _reach(start: str, step: Callable[[str], Iterable[str]]) -> Sequence[str]:
    found: dict[str, None] = {}
    edge = list(step(start))
    while edge:
        found.update(dict.fromkeys(edge))
        edge = [far for near in edge for far in step(near) if far not in found]
    return tuple(found)


class Regions(Scheme):
    """Regions of the movement and the countries in them; countries are named by CLDR."""

    def label(self, concept_id: str, languages: Sequence[str] = ()) -> Phrase:
        """Return the name of a region, or of a country in the best of ``languages``."""
        known = self.find(concept_id)
        if known is not None and not known.labels:
            for language in (*languages, "en"):
                if name := _territories(language).get(concept_id):
                    return Phrase(language, name)
        return Scheme.label(self, concept_id, languages)

    def canonical(self, code: str) -> str | None:
        """Return the id for a code as people type it (``pl``, ``POL``, ``ceeca``), or None."""
        wanted = code.strip().upper()
        if wanted in self:
            return wanted
        return next((each.id for each in self if each.notation.get("iso3") == wanted), None)


class Taxonomy:
    """All schemes of this node."""

    def __init__(self, schemes: Mapping[str, Scheme], regions: Regions) -> None:
        self.capacities = schemes[CAPACITY]
        self.methods = schemes[METHOD]
        self.affiliations = schemes[AFFILIATION]
        self.regions = regions
        self._phrases = _phrases(self.capacities)
        self._longest = max(map(len, self._phrases), default=0)

    def capacities_named_in(self, text: str) -> tuple[str, ...]:
        """Return the capacities whose label, in any language, stands in ``text`` as whole words."""
        run = words(text)
        found: dict[str, None] = {}
        start = 0
        while start < len(run):
            start += self._longest_at(run, start, found)
        return tuple(found)

    def _longest_at(self, run: Sequence[str], start: int, found: dict[str, None]) -> int:
        """Note what the longest label at ``start`` names; return how many words to go on."""
        for length in range(min(self._longest, len(run) - start), 0, -1):
            named = self._phrases.get(tuple(run[start : start + length]))
            if named:
                found.update(dict.fromkeys(named))
                return length
        return 1


def _phrases(scheme: Scheme) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Map each label, cut into folded words, to the concepts that bear it."""
    phrases: dict[tuple[str, ...], tuple[str, ...]] = {}
    for each in scheme:
        labels = [
            *each.labels.values(),
            *(alt for alts in each.alternatives.values() for alt in alts),
        ]
        for label in labels:
            phrase = tuple(words(label))
            if phrase and each.id not in phrases.get(phrase, ()):
                phrases[phrase] = (*phrases.get(phrase, ()), each.id)
    return phrases


@lru_cache(maxsize=1)
def load() -> Taxonomy:
    """Read the schemes that this version ships; once, since they never change while it runs."""
    schemes = {name: _read(name, file) for name, file in FILES.items()}
    regions = schemes[REGION]
    return Taxonomy(schemes, Regions(regions.name, regions.title, regions))


def _read(name: str, file: str) -> Scheme:
    raw = json.loads(resources.files("catalogue").joinpath("data", file).read_text("utf-8"))
    return Scheme(
        name, LanguageMap(raw["title"]), [_concept(name, each) for each in raw["concepts"]]
    )


def _concept(scheme: str, raw: Mapping[str, Any]) -> Concept:
    return Concept(
        scheme=scheme,
        id=raw["id"],
        labels=LanguageMap(raw.get("prefLabel")),
        alternatives={tag: tuple(labels) for tag, labels in raw.get("altLabel", {}).items()},
        definition=LanguageMap(raw.get("definition")),
        broader=tuple(raw.get("broader", ())),
        exact_match=tuple(raw.get("exactMatch", ())),
        notation=raw.get("notation", {}),
    )


def language_name(tag: str, languages: Sequence[str] = ()) -> Phrase:
    """Return the name of a language for a reader of ``languages`` (CLDR); the tag where unnamed."""
    for reader in (*languages, "en"):
        locale = _locale(reader)
        if locale is not None and (name := locale.languages.get(tag.replace("-", "_"))):
            return Phrase(reader, str(name))
    return Phrase("und", tag)


@lru_cache(maxsize=64)
def _territories(language: str) -> Mapping[str, str]:
    locale = _locale(language)
    return dict(locale.territories) if locale else {}


@lru_cache(maxsize=256)
def _locale(language: str) -> Locale | None:
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        try:
            return Locale.parse(primary(language))
        except (UnknownLocaleError, ValueError):
            return None
