"""Which offer could meet which need, and why: a weighted sum of named terms.

Every term looks at one thing, gives a value from 0 to 1 and says its reason; the score is their
weighted mean over the terms that both sides give grounds for. The same pair always gets the same
score. Nothing looks at the size or fame of whoever offers.

A pair is a match when it shares a capacity (in the tree) or enough of its words, when there is a
language that both can work in, and when its score reaches ``MIN_SCORE``.
Candidates come from the index, so that one new listing touches only what it can match; the best
``KEEP`` are stored with their reasons. A listing that is new or changed waits in a queue for that,
so that taking listings in never waits for matching them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from catalogue.language import primary
from catalogue.model import Category, Kind, Listing, Match, Mode, Reason
from catalogue.policy import Viewer, may_see
from catalogue.ports import Store
from catalogue.taxonomy import Scheme, Taxonomy
from catalogue.words import words

KEEP = 50  # matches stored for one listing
CANDIDATES = 200  # listings scored for one listing
MIN_SCORE = 0.5
MIN_WORD = 5  # characters: shorter words say little about the subject
STEM = 7  # characters of a word that are compared: most endings lie behind them
ENOUGH_WORDS = 5  # shared words that count as wholly the same subject
RARE_WORDS = 8  # words of a listing that candidates are looked for by

TEXT_ONLY = 0.6  # a capacity named only in the text counts this much of a tagged one
NARROWER = 0.8  # the offer is more special than the need
BROADER = 0.6  # the offer is more general than the need; less for each further step
SIBLING = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each term counts against the others; any of them may be 0."""

    capacity: float = 0.40
    language: float = 0.18
    place: float = 0.14
    category: float = 0.10
    words: float = 0.10
    method: float = 0.05
    quantity: float = 0.05


DEFAULT_WEIGHTS = Weights()


@dataclass(frozen=True, slots=True)
class Subject:
    """A listing with what its text tells about it, worked out once for many comparisons."""

    listing: Listing
    tagged: tuple[str, ...]
    named: tuple[str, ...]
    stems: frozenset[str]

    @property
    def capacities(self) -> dict[str, float]:
        """What it is about, and how surely: 1 where it is tagged, less where only the text says."""
        return dict.fromkeys(self.named, TEXT_ONLY) | dict.fromkeys(self.tagged, 1.0)

    @property
    def languages(self) -> frozenset[str]:
        """The languages it can happen in; those it is written in where it does not say."""
        spoken = self.listing.delivery_languages or tuple(self.listing.title)
        return frozenset(map(primary, spoken))


def subject(listing: Listing, folded: str, taxonomy: Taxonomy) -> Subject:
    """Read what a listing is about from its tags, its title and all its ``folded`` words."""
    named = taxonomy.capacities_named_in(" . ".join(listing.title.values()))
    return Subject(
        listing=listing,
        tagged=listing.capacities,
        named=tuple(each for each in named if each not in listing.capacities),
        stems=frozenset(word[:STEM] for word in folded.split() if len(word) >= MIN_WORD),
    )


# -- when it is worked out ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found for a listing that was due: its place in the queue and its matches."""

    seq: int
    listing: str
    matches: Sequence[Match]


def ask(store: Store, listing: Listing) -> None:
    """Have a new or changed listing matched soon; one that is not open loses its matches now."""
    if listing.is_open(store.clock.now()):
        store.matches.ask(listing.id)
    else:
        store.matches.replace(listing.id, [])


def find_due(store: Store, limit: int) -> list[Finding]:
    """Work out the matches of the listings that have waited longest; changes nothing."""
    due = store.matches.list_due(limit)
    known = {listing.id: listing for listing in store.listings.find_many([each for _, each in due])}
    return [Finding(seq, each, find(store, known[each])) for seq, each in due if each in known]


def keep_found(store: Store, findings: Sequence[Finding]) -> None:
    """Store what was found in place of what was known, and take it off the queue."""
    for finding in findings:
        store.matches.replace(finding.listing, finding.matches)
        store.matches.done(finding.seq)


def find(store: Store, listing: Listing) -> list[Match]:
    """Return the best matches of a listing as things stand, best first."""
    now = store.clock.now()
    if not listing.is_open(now):
        return []
    about = subject(listing, store.listings.words(listing.id), store.taxonomy)
    nearby = _around(about.capacities, store.taxonomy.capacities)
    candidates = store.listings.candidates(
        listing, capacities=nearby, words=_telling(about), limit=CANDIDATES, now=now
    )
    subjects = (subject(other, folded, store.taxonomy) for other, folded in candidates)
    return best(about, subjects, store.taxonomy)


def best_of(
    store: Store, listing: Listing, *, viewer: Viewer, limit: int = 10
) -> list[tuple[Match, Listing]]:
    """Return the matches of a listing that are open and that ``viewer`` may see, best first.

    They are those that were stored, or are worked out here while the listing still waits for it.
    """
    now = store.clock.now()
    if store.matches.is_due(listing.id):
        matches = find(store, listing)
    else:
        matches = store.matches.best(listing.id, listing.kind, KEEP)
    others = [match.offer if listing.kind is Kind.NEED else match.need for match in matches]
    known = {other.id: other for other in store.listings.find_many(others)}
    paired = [(match, known[other]) for match, other in zip(matches, others, strict=True)]
    return [
        (match, other) for match, other in paired if other.is_open(now) and may_see(other, viewer)
    ][:limit]


def best(
    about: Subject,
    candidates: Iterable[Subject],
    taxonomy: Taxonomy,
    weights: Weights = DEFAULT_WEIGHTS,
) -> list[Match]:
    """Score ``candidates`` of the other kind; return the matches, best first, at most ``KEEP``."""
    found = []
    for candidate in candidates:
        if candidate.listing.by == about.listing.by:
            continue
        match = score(about, candidate, taxonomy, weights)
        if match is not None:
            found.append(match)
    found.sort(key=lambda match: (-match.score, match.need, match.offer))
    return found[:KEEP]


def score(
    one: Subject, other: Subject, taxonomy: Taxonomy, weights: Weights = DEFAULT_WEIGHTS
) -> Match | None:
    """Return the match of a need and an offer (in either order), or None where there is none."""
    need, offer = (one, other) if one.listing.kind is Kind.NEED else (other, one)
    reasons = tuple(
        reason for term in TERMS if (reason := term(need, offer, taxonomy, weights)) is not None
    )
    value = {reason.term: reason.value for reason in reasons}
    if not value["language"] or not (value["capacity"] or value["words"] >= TEXT_ONLY):
        return None
    total = sum(reason.weight for reason in reasons)
    mean = sum(reason.weight * reason.value for reason in reasons) / total if total else 0.0
    if mean < MIN_SCORE:
        return None
    return Match(
        need=need.listing.id, offer=offer.listing.id, score=round(mean, 4), reasons=reasons
    )


# -- candidates -----------------------------------------------------------------------------------


def _around(capacities: Iterable[str], scheme: Scheme) -> list[str]:
    """Return the capacities with all that is narrower or broader."""
    near: dict[str, None] = {}
    for each in capacities:
        near.update(dict.fromkeys([each, *scheme.below(each), *scheme.above(each)]))
    return list(near)


def _telling(about: Subject) -> list[str]:
    """Return the words of the titles that are long enough to tell what it is about."""
    said = (word for title in about.listing.title.values() for word in words(title))
    return list(dict.fromkeys(word for word in said if len(word) >= MIN_WORD))[:RARE_WORDS]


# -- terms: each looks at one thing ---------------------------------------------------------------


def _capacity(need: Subject, offer: Subject, taxonomy: Taxonomy, weights: Weights) -> Reason:
    """How near what is offered is to what is looked for, in the tree of capacities.

    The mean over what is looked for, led by the best of it: an offer that meets one of two
    capacities wholly is a good offer. What only the text names can help, and where there are tags
    it cannot hurt.
    """
    scheme = taxonomy.capacities
    offered = offer.capacities
    nearest = [
        max(
            (
                (surely * sure * near, why, (wanted, given))
                for given, sure in offered.items()
                for near, why in (_nearness(scheme, wanted, given),)
            ),
            default=(0.0, "match-capacity-none", ("", "")),
        )
        for wanted, surely in need.capacities.items()
    ]
    if not nearest or max(nearest)[0] == 0:
        return Reason(
            term="capacity", value=0.0, weight=weights.capacity, why="match-capacity-none"
        )
    top, why, pair = max(nearest)
    counts = need.tagged or need.named
    counted = [value for value, _, (wanted, _) in nearest if wanted in counts]
    mean = sum(counted) / len(counted)
    named = pair[0] not in need.tagged or pair[1] not in offer.tagged
    same = why == "match-capacity-same"
    return Reason(
        term="capacity",
        value=round(0.7 * top + 0.3 * mean, 4),
        weight=weights.capacity,
        why="match-capacity-named" if same and named else why,
        about=pair[:1] if same else pair,
    )


def _nearness(scheme: Scheme, wanted: str, given: str) -> tuple[float, str]:
    if wanted == given:
        return 1.0, "match-capacity-same"
    if wanted in (above := scheme.above(given)):
        return NARROWER, "match-capacity-narrower"
    if given in (over := scheme.above(wanted)):
        return BROADER / (1 + over.index(given)), "match-capacity-broader"
    if above and over and above[0] == over[0]:
        return SIBLING, "match-capacity-sibling"
    return 0.0, "match-capacity-none"


def _language(need: Subject, offer: Subject, taxonomy: Taxonomy, weights: Weights) -> Reason:
    """Whether there is a language both can work in."""
    del taxonomy
    common = tuple(sorted(need.languages & offer.languages))
    return Reason(
        term="language",
        value=1.0 if common else 0.0,
        weight=weights.language,
        why="match-language-common" if common else "match-language-none",
        about=common,
    )


def _place(need: Subject, offer: Subject, taxonomy: Taxonomy, weights: Weights) -> Reason:
    """Whether the two can meet: online, or near enough."""
    value, why, about = _meeting(need.listing, offer.listing, taxonomy.regions)
    return Reason(term="place", value=value, weight=weights.place, why=why, about=about)


def _meeting(need: Listing, offer: Listing, regions: Scheme) -> tuple[float, str, tuple[str, ...]]:
    modes = {need.mode, offer.mode}
    if Mode.IN_PERSON not in modes:
        return 1.0, "match-place-online", ()
    if Mode.ONLINE in modes:
        return 0.1, "match-place-differs", ()
    here, there = set(need.regions), set(offer.regions)
    if not here or not there:
        return 0.5, "match-place-open", ()
    wide_here, wide_there = _widened(here, regions), _widened(there, regions)
    same = sorted((here & wide_there) | (there & wide_here))
    if same:
        return 1.0, "match-place-same", tuple(same[:3])
    near = sorted(wide_here & wide_there)
    if near:
        return 0.6, "match-place-near", tuple(near[:3])
    return 0.0, "match-place-far", ()


def _widened(places: set[str], regions: Scheme) -> set[str]:
    return places.union(*(regions.above(place) for place in places))


_CLOSE_CATEGORIES = {Category.SKILL, Category.SERVICE}


def _category(need: Subject, offer: Subject, taxonomy: Taxonomy, weights: Weights) -> Reason:
    """Whether both mean the same part of the menu; learning and having it done are close."""
    del taxonomy
    wanted, given = need.listing.category, offer.listing.category
    if wanted is given:
        value, why = 1.0, "match-category-same"
    elif {wanted, given} == _CLOSE_CATEGORIES:
        value, why = 0.6, "match-category-close"
    else:
        value, why = 0.0, "match-category-other"
    return Reason(
        term="category", value=value, weight=weights.category, why=why, about=(wanted, given)
    )


def _words(need: Subject, offer: Subject, taxonomy: Taxonomy, weights: Weights) -> Reason:
    """How many telling words both use."""
    del taxonomy
    shared = sorted(need.stems & offer.stems, key=lambda stem: (-len(stem), stem))
    return Reason(
        term="words",
        value=min(1.0, len(shared) / ENOUGH_WORDS),
        weight=weights.words,
        why="match-words-shared" if shared else "match-words-none",
        about=(str(len(shared)),) if shared else (),
    )


def _method(need: Subject, offer: Subject, taxonomy: Taxonomy, weights: Weights) -> Reason | None:
    """Whether a method suits both; silent where one of them leaves it open."""
    del taxonomy
    wanted, given = need.listing.methods, offer.listing.methods
    if not wanted or not given:
        return None
    common = tuple(each for each in wanted if each in given)
    return Reason(
        term="method",
        value=1.0 if common else 0.0,
        weight=weights.method,
        why="match-method-common" if common else "match-method-other",
        about=common,
    )


def _quantity(need: Subject, offer: Subject, taxonomy: Taxonomy, weights: Weights) -> Reason | None:
    """Whether the time or the money is enough; silent where one of them does not say."""
    del taxonomy
    wanted, given = need.listing, offer.listing
    if wanted.amount and given.amount and wanted.currency == given.currency:
        share = _share(given.amount, wanted.amount)
    elif wanted.hours and given.hours:
        share = _share(given.hours, wanted.hours)
    else:
        return None
    return Reason(
        term="quantity",
        value=share,
        weight=weights.quantity,
        why="match-quantity-enough" if share == 1 else "match-quantity-part",
        about=() if share == 1 else (f"{share:.0%}",),
    )


def _share(given: Decimal, wanted: Decimal) -> float:
    return round(float(min(Decimal(1), given / wanted)), 4)


Term = Callable[[Subject, Subject, Taxonomy, Weights], Reason | None]

TERMS: Sequence[Term] = (_capacity, _language, _place, _category, _words, _method, _quantity)
