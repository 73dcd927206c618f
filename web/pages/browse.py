"""Searching and narrowing: every choice is a link, and a plain form does the same.

Steps: read what is asked → ask the catalogue for hits and for counts → make of every facet links
that add a value or take it back. Parameters that the page does not know are dropped from its links.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from catalogue.addresses import Path
from catalogue.errors import Invalid, Problem
from catalogue.finding import counts, find
from catalogue.hashtags import apart
from catalogue.language import Phrase, primary
from catalogue.model import Actor, Category, Kind, Mode
from catalogue.ports import Store
from catalogue.search import Counts, Facet, Query
from catalogue.taxonomy import language_name
from catalogue.topics import find_topic
from web.cards import cards, follow_topic
from web.prose import cut
from web.views import (
    BrowseView,
    Chip,
    Choice,
    FacetGroup,
    Field,
    Follow,
    Option,
    Redirect,
    Tab,
    Text,
)
from web.visit import Visit

PER_PAGE = 20
SHOWN = 7  # values of a facet before the rest is folded away
CHIP = 60  # characters of the words that are shown as narrowing
FOLDED = 40  # values that may be folded away; the form has them all
MAX_CHOSEN = 50  # values of one facet
MAX_TEXT = 400  # characters of a search

SINGLE = (Facet.KIND, Facet.CATEGORY, Facet.MODE, Facet.NODE)
SIDES = (
    Facet.CATEGORY, Facet.CAPACITY, Facet.METHOD, Facet.LANGUAGE, Facet.REGION, Facet.MODE,
    Facet.NODE,
)  # fmt: skip
FIELDS = (Facet.CATEGORY, Facet.LANGUAGE, Facet.REGION, Facet.MODE)

E = TypeVar("E", bound=StrEnum)
Chosen = Mapping[Facet, tuple[str, ...]]


def browse(store: Store, visit: Visit) -> BrowseView:
    """Show what a search finds, and ways to narrow it."""
    desk = _Desk(store=store, visit=visit, search=_search(store, visit))
    page = find(store, desk.search.query)
    tally = counts(store, desk.search.query)
    cursor = visit.first("cursor")
    return BrowseView(
        title=visit.wording.say(_title_key(desk.search.query.kind)),
        text=desk.search.query.text,
        action=visit.path,
        tabs=tuple(desk.tabs(tally)),
        fields=tuple(desk.field(facet, tally) for facet in FIELDS),
        hidden=desk.hidden(),
        chips=tuple(desk.chips()),
        clear_href=visit.here(()),
        facets=tuple(group for facet in SIDES if (group := desk.group(facet, tally))),
        total=page.total,
        cards=cards(store, visit, [hit.listing for hit in page.hits]),
        next_href=desk.link(extra=[("cursor", page.next)]) if page.next else "",
        first_href=desk.link() if cursor else "",
        capacities_href=visit.at(Path.CAPACITIES),
        follow=_follow(store, visit, desk.search.query),
    )


def _follow(store: Store, visit: Visit, query: Query) -> Follow | None:
    """Return how to follow what a search has narrowed to, where that is what one topic is."""
    values = (*query.capacities, *query.regions, *map(primary, query.languages))
    topic = find_topic(store.taxonomy, ".".join(values))
    if topic is None or _bare(query) != replace(topic.query, kind=query.kind, limit=query.limit):
        return None
    return follow_topic(store, visit, topic)


def _bare(query: Query) -> Query:
    return replace(query, cursor=None, languages=tuple(map(primary, query.languages)))


def tag(store: Store, visit: Visit) -> Redirect:
    """Lead from a hashtag to the capacity it names, else to a search for its words."""
    words = apart(visit.parts["name"])
    scheme = store.taxonomy.capacities
    named = store.taxonomy.capacities_named_in(words)
    if len(named) == 1:
        return Redirect(href=visit.at(Path.CAPACITY, id=named[0]))
    as_id = words.lower().replace(" ", "-")
    if as_id in scheme:
        return Redirect(href=visit.at(Path.CAPACITY, id=as_id))
    return Redirect(href=visit.at(Path.BROWSE, [("q", words)]))


# -- what is asked --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """A search as the address has it: the query, the values chosen, and whose listings."""

    query: Query
    chosen: Chosen
    by: Actor | None
    by_id: str


def _search(store: Store, visit: Visit) -> _Search:
    chosen = {
        facet: visit.every(facet)[: 1 if facet in SINGLE else MAX_CHOSEN]
        for facet in Facet
        if visit.first(facet)
    }
    by_id = visit.first("by")
    by = store.actors.find(by_id) if by_id else None
    query = Query(
        text=visit.first("q")[:MAX_TEXT],
        kind=_one_of(Kind, Facet.KIND, chosen),
        category=_one_of(Category, Facet.CATEGORY, chosen),
        capacities=chosen.get(Facet.CAPACITY, ()),
        methods=chosen.get(Facet.METHOD, ()),
        languages=chosen.get(Facet.LANGUAGE, ()),
        regions=chosen.get(Facet.REGION, ()),
        mode=_one_of(Mode, Facet.MODE, chosen),
        node=next(iter(chosen.get(Facet.NODE, ())), None),
        by=by.uri if by else by_id or None,
        limit=PER_PAGE,
        cursor=visit.first("cursor") or None,
        viewer=visit.viewer,
    )
    return _Search(query=query, chosen=chosen, by=by, by_id=by_id)


def _one_of(values: type[E], facet: Facet, chosen: Chosen) -> E | None:
    wanted = next(iter(chosen.get(facet, ())), None)
    if wanted is None:
        return None
    try:
        return values(wanted)
    except ValueError:
        known = ", ".join(values)
        raise Invalid([Problem(field=facet, message=f"must be one of {known}")]) from None


def _title_key(kind: Kind | None) -> str:
    return f"browse-title-{kind}" if kind else "browse-title"


# -- what is shown --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """One search, with the links that change it."""

    store: Store
    visit: Visit
    search: _Search

    def link(
        self,
        *,
        add: tuple[Facet, str] | None = None,
        drop: tuple[Facet, str] | None = None,
        extra: Iterable[tuple[str, str]] = (),
        keep_text: bool = True,
        keep_by: bool = True,
    ) -> str:
        """Return a link to this search with a value chosen or taken back, on its first page."""
        pairs = [("q", self.search.query.text)] if keep_text and self.search.query.text else []
        for facet in Facet:
            if add is not None and add[0] is facet and facet in SINGLE:
                continue
            values = self.search.chosen.get(facet, ())
            pairs += [(facet.value, value) for value in values if (facet, value) != drop]
        if add is not None:
            pairs.append((add[0].value, add[1]))
        if self.search.by_id and keep_by:
            pairs.append(("by", self.search.by_id))
        return self.visit.here([*pairs, *extra])

    def tabs(self, counts: Counts) -> Iterable[Tab]:
        """Give the tabs: everything, offers, needs."""
        by_kind = dict(counts.get(Facet.KIND, ()))
        here = self.search.query.kind
        everything = self.link(drop=(Facet.KIND, here)) if here else self.link()
        yield self._tab("browse-tab-all", everything, sum(by_kind.values()), here is None)
        for kind in Kind:
            href = self.link(add=(Facet.KIND, kind))
            yield self._tab(f"browse-tab-{kind}", href, by_kind.get(kind, 0), here is kind)

    def _tab(self, key: str, href: str, count: int, is_here: bool) -> Tab:
        return Tab(key=key, href=href, count=self.visit.wording.number(count), is_here=is_here)

    def group(self, facet: Facet, counts: Counts) -> FacetGroup | None:
        """Return one facet with its values, those chosen first; None where it has none."""
        chosen = self.search.chosen.get(facet, ())
        known = dict(counts.get(facet, ()))
        values = [*chosen, *(value for value in known if value not in chosen)]
        if not values:
            return None
        values = values[: max(SHOWN, len(chosen)) + FOLDED]
        choices = [self._choice(facet, value, known.get(value, 0), chosen) for value in values]
        shown = max(SHOWN, len(chosen))
        return FacetGroup(
            key=facet,
            choices=tuple(choices[:shown]),
            rest=tuple(choices[shown:]),
            is_narrowed=bool(chosen),
        )

    def _choice(self, facet: Facet, value: str, count: int, chosen: Sequence[str]) -> Choice:
        is_chosen = value in chosen
        pair = (facet, value)
        return Choice(
            label=self.label(facet, value),
            href=self.link(drop=pair) if is_chosen else self.link(add=pair),
            count=self.visit.wording.number(count),
            is_chosen=is_chosen,
        )

    def chips(self) -> Iterable[Chip]:
        """Give what narrows the results now; the kind has its tabs and is no chip."""
        text = self.search.query.text
        if text:
            yield Chip(
                key="text", label=self.visit.name(cut(text, CHIP)), href=self.link(keep_text=False)
            )
        for facet, values in self.search.chosen.items():
            if facet is not Facet.KIND:
                for value in values:
                    href = self.link(drop=(facet, value))
                    yield Chip(key=facet, label=self.label(facet, value), href=href)
        if self.search.by_id:
            name = self.search.by.name if self.search.by else self.search.by_id
            yield Chip(key="by", label=self.visit.name(name), href=self.link(keep_by=False))

    def field(self, facet: Facet, counts: Counts) -> Field:
        """Return the select of a facet in the search form."""
        chosen = self.search.chosen.get(facet, ())
        values = dict.fromkeys([*(value for value, _ in counts.get(facet, ())), *chosen])
        options = [
            Option(value=value, label=self.label(facet, value), is_chosen=value in chosen[:1])
            for value in values
        ]
        return Field(key=facet, options=tuple(sorted(options, key=lambda each: each.label.text)))

    def hidden(self) -> tuple[tuple[str, str], ...]:
        """Return what the form carries along: every choice that it has no field for."""
        pairs = [
            (facet.value, value)
            for facet, values in self.search.chosen.items()
            for value in (values[1:] if facet in FIELDS else values)
        ]
        if self.search.by_id:
            pairs.append(("by", self.search.by_id))
        return tuple(pairs)

    def label(self, facet: Facet, value: str) -> Text:
        """Return the name of a facet's value."""
        visit, taxonomy = self.visit, self.store.taxonomy
        match facet:
            case Facet.CAPACITY:
                return visit.label(taxonomy.capacities.label(value, visit.languages))
            case Facet.METHOD:
                return visit.label(taxonomy.methods.label(value, visit.languages))
            case Facet.REGION:
                return visit.label(taxonomy.regions.label(value, visit.languages))
            case Facet.LANGUAGE:
                return visit.label(language_name(value, visit.languages))
            case Facet.NODE:
                return visit.label(Phrase("und", value))
            case _:
                return visit.said(f"{facet}-{value}")
