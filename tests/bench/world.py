"""Made-up listings, the same on every run, written with the taxonomy's labels in all its languages.

Word frequencies follow Zipf's law, as in real text: two words stand in half of all listings, a few
in a tenth of them, and each listing has a name that only some ten others share.
"""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "catalogue" / "data"
SEED = 837

HALF = ("Wikimedia", "Wikipedia")  # in half of all listings
TENTH = ("Wikidata", "Commons", "workshop", "edit-a-thon", "GLAM", "online")
MODES = ("online", "online", "hybrid", "in-person")
CATEGORIES = ("skill", "skill", "service", "service", "resource", "funding")
WORDS = 50  # of a text in one language
SHARED_BY = 10  # listings that one rare name stands in


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What one listing says, as plain data."""

    kind: str
    category: str
    mode: str
    title: Mapping[str, str]
    text: Mapping[str, str]
    capacities: Sequence[str]
    methods: Sequence[str]
    regions: Sequence[str]
    languages: Sequence[str]
    hours: int


class Zipf:
    """A choice in which the n-th thing is n times rarer than the first."""

    def __init__(self, things: Sequence[Any], chance: random.Random) -> None:
        self._things = list(things)
        chance.shuffle(self._things)
        self._weights = list(accumulate(1 / rank for rank in range(1, len(things) + 1)))

    def choose(self, chance: random.Random, number: int) -> list[Any]:
        """Return some of the things, with repeats."""
        return chance.choices(self._things, cum_weights=self._weights, k=number)


def sayings(number: int, seed: int = SEED) -> Iterator[Saying]:
    """Give ``number`` listings; the first ones are the same whatever the number."""
    chance, order = random.Random(seed), random.Random(SEED)  # noqa: S311 - nothing is secret
    capacities = Zipf(concepts("capacities"), order)
    labels = {tag: Zipf(found, order) for tag, found in sorted(_labels().items())}
    speakers = Zipf(sorted(labels), order)
    countries = Zipf([each["id"] for each in concepts("regions") if len(each["id"]) == 2], order)
    methods = Zipf([each["id"] for each in concepts("methods")], order)
    for index in range(number):
        about = {each["id"]: each for each in capacities.choose(chance, chance.randint(1, 3))}
        tongues = list(dict.fromkeys(speakers.choose(chance, chance.choice((1, 1, 2, 3)))))
        spread = max(1, index // SHARED_BY)
        name = f"Project{chance.randrange(spread):05d}"
        first = next(iter(about.values()))
        yield Saying(
            kind=chance.choice(("offer", "need")),
            category=chance.choice(CATEGORIES),
            mode=chance.choice(MODES),
            title={tag: _title(first, labels[tag], tag, chance) for tag in tongues},
            text={tag: f"<p>{_text(labels[tag], name, chance)}</p>" for tag in tongues},
            capacities=list(about),
            methods=methods.choose(chance, 1) if chance.random() < 0.5 else [],
            regions=list(dict.fromkeys(countries.choose(chance, chance.randint(0, 2)))),
            languages=tongues,
            hours=chance.choice((4, 8, 16, 40)),
        )


def _title(first: Mapping[str, Any], labels: Zipf, tag: str, chance: random.Random) -> str:
    own = first["prefLabel"].get(tag) or first["prefLabel"]["en"]
    more = " ".join(labels.choose(chance, 2))
    return f"{own}: {more}"[:150]


def _text(labels: Zipf, name: str, chance: random.Random) -> str:
    said = [word for label in labels.choose(chance, WORDS // 2) for word in label.split()][:WORDS]
    said += [word for word in HALF if chance.random() < 0.5]
    said += [word for word in TENTH if chance.random() < 0.1]
    chance.shuffle(said)
    return " ".join([*said, name])


@lru_cache(maxsize=8)
def concepts(name: str) -> Sequence[Mapping[str, Any]]:
    """Return the concepts of a scheme as the taxonomy's file has them."""
    found: list[Mapping[str, Any]] = json.loads((DATA / f"{name}.json").read_text())["concepts"]
    return found


def _labels() -> dict[str, list[str]]:
    """Return the labels of all capacities, by the languages that have at least fifty of them."""
    found: dict[str, list[str]] = {}
    for each in concepts("capacities"):
        for tag, label in each["prefLabel"].items():
            found.setdefault(tag, []).append(label)
        for tag, more in each.get("altLabel", {}).items():
            found.setdefault(tag, []).extend(more)
    return {tag: labels for tag, labels in found.items() if len(labels) >= 50}
