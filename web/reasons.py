"""Why a match is a match, said in the reader's language: on pages and on the command line."""

from collections.abc import Callable, Mapping

from catalogue.model import Reason
from catalogue.taxonomy import Taxonomy, language_name
from web.i18n.banana import Param
from web.i18n.wording import Wording

Params = tuple[Param, ...]
Naming = Callable[[tuple[str, ...], Wording, Taxonomy], Params]


def say(reason: Reason, wording: Wording, taxonomy: Taxonomy) -> str:
    """Return the sentence for a reason, with what it is about named."""
    name = _NAMINGS.get(reason.term)
    return wording.say(reason.why, *(name(reason.about, wording, taxonomy) if name else ()))


def _capacities(about: tuple[str, ...], wording: Wording, taxonomy: Taxonomy) -> Params:
    """What is looked for, and what is offered where that is another."""
    return tuple(taxonomy.capacities.label(each, (wording.language,)).text for each in about)


def _languages(about: tuple[str, ...], wording: Wording, taxonomy: Taxonomy) -> Params:
    del taxonomy
    return _series([language_name(each, (wording.language,)).text for each in about], wording)


def _places(about: tuple[str, ...], wording: Wording, taxonomy: Taxonomy) -> Params:
    return _series(
        [taxonomy.regions.label(each, (wording.language,)).text for each in about], wording
    )


def _methods(about: tuple[str, ...], wording: Wording, taxonomy: Taxonomy) -> Params:
    return _series(
        [taxonomy.methods.label(each, (wording.language,)).text for each in about], wording
    )


def _series(names: list[str], wording: Wording) -> Params:
    return (wording.series(names), len(names))


def _categories(about: tuple[str, ...], wording: Wording, taxonomy: Taxonomy) -> Params:
    del taxonomy
    return tuple(wording.say(f"category-{each}") for each in about)


def _count(about: tuple[str, ...], wording: Wording, taxonomy: Taxonomy) -> Params:
    del wording, taxonomy
    return tuple(int(each) for each in about)


def _share(about: tuple[str, ...], wording: Wording, taxonomy: Taxonomy) -> Params:
    del taxonomy
    return tuple(wording.percent(int(each.rstrip("%")) / 100) for each in about)


_NAMINGS: Mapping[str, Naming] = {
    "capacity": _capacities,
    "language": _languages,
    "place": _places,
    "category": _categories,
    "words": _count,
    "method": _methods,
    "quantity": _share,
}
