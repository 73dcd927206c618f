"""Hashtags and the capacities they name: ``#OralHistory``, in whatever language it is written."""

import re
from collections.abc import Mapping
from functools import lru_cache

from catalogue.taxonomy import Taxonomy

EXCHANGE = "capacityexchange"  # on every post

_WORD = re.compile(r"[^\W_]+")


def is_exchange(name: str) -> bool:
    """Say whether a hashtag is the one that all posts of the exchange bear."""
    return folded(name) == EXCHANGE


def capacities_of(taxonomy: Taxonomy, name: str) -> tuple[str, ...]:
    """Return the capacities that a hashtag names; none where it names none."""
    return _by_tag(taxonomy).get(folded(name), ())


def tag_of(taxonomy: Taxonomy, capacity: str, languages: tuple[str, ...]) -> str:
    """Return the hashtag of a capacity for a reader, without ``#``."""
    label = taxonomy.capacities.label(capacity, languages).text
    return "".join(part[:1].upper() + part[1:] for part in _WORD.findall(label))


def folded(name: str) -> str:
    """Return a hashtag as it is compared: without letter case and what parts its words."""
    return "".join(_WORD.findall(name)).casefold()


@lru_cache(maxsize=2)
def _by_tag(taxonomy: Taxonomy) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for concept in taxonomy.capacities:
        labels = [concept.id, *concept.labels.values()]
        labels += [label for several in concept.alternatives.values() for label in several]
        for tag in dict.fromkeys(map(folded, labels)):
            found[tag] = (*found.get(tag, ()), concept.id)
    return found
