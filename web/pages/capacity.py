"""Capacities: the tree of them, and each with who can help and who looks for help."""

from collections.abc import Mapping
from dataclasses import replace

from catalogue.addresses import Path
from catalogue.errors import NotFound
from catalogue.finding import counts
from catalogue.language import Phrase
from catalogue.model import Kind
from catalogue.ports import Store
from catalogue.search import Facet, Query
from catalogue.taxonomy import Concept, language_name
from catalogue.topics import Topic, find_topic
from web.cards import follow_topic, side
from web.views import Branch, CapacitiesView, CapacityView, Link, Side, Text
from web.visit import Visit

SHOWN = 10  # listings on each side
LANGUAGES = 12  # in which a capacity can be followed, named on its page

Tally = Mapping[str, int]


def capacities(store: Store, visit: Visit) -> CapacitiesView:
    """Show the tree of capacities, with what is open for each."""
    offers, needs = (_tally(store, visit, kind) for kind in Kind)
    scheme = store.taxonomy.capacities

    def branch(concept: Concept) -> Branch:
        return Branch(
            link=_link(visit, concept),
            definition=visit.phrase(concept.definition.best(visit.languages)),
            offers=offers.get(concept.id, 0),
            needs=needs.get(concept.id, 0),
            branches=tuple(map(branch, scheme.narrower(concept.id))),
        )

    return CapacitiesView(
        title=visit.wording.say("capacities-title"),
        branches=tuple(map(branch, scheme.roots())),
        total=len(scheme),
    )


def capacity(store: Store, visit: Visit) -> CapacityView:
    """Show one capacity, and what is open for it and for all that is narrower."""
    scheme = store.taxonomy.capacities
    concept = scheme.find(visit.parts["id"])
    if concept is None:
        raise NotFound("there is no such capacity here")
    tally = dict(store.listings.counts(Query(viewer=visit.viewer), store.clock.now()))
    open_for = dict(tally[Facet.CAPACITY])
    name = visit.label(concept.labels.best((*visit.languages, "en")))
    above = [found for each in reversed(scheme.above(concept.id)) if (found := scheme.find(each))]
    return CapacityView(
        title=name.text,
        name=name,
        names=_other_names(visit, concept, name),
        definition=visit.phrase(concept.definition.best(visit.languages), most=1000),
        trail=tuple(_link(visit, each) for each in above),
        narrower=tuple(
            _link(visit, each, _number(visit, open_for.get(each.id, 0)))
            for each in scheme.narrower(concept.id)
        ),
        also=tuple(_alternatives(visit, concept)),
        iri=concept.iri,
        capacities_href=visit.at(Path.CAPACITIES),
        offers=_side(store, visit, Kind.OFFER, concept.id),
        needs=_side(store, visit, Kind.NEED, concept.id),
        follow=follow_topic(store, visit, Topic(capacity=concept.id)),
        follow_languages=_languages(store, visit, concept.id),
    )


def _side(store: Store, visit: Visit, kind: Kind, capacity_id: str) -> Side:
    query = Query(kind=kind, capacities=(capacity_id,), limit=SHOWN, viewer=visit.viewer)
    asked = [("kind", kind), ("capacity", capacity_id)]
    return side(store, visit, query, all_href=visit.at(Path.BROWSE, asked))


def _languages(store: Store, visit: Visit, capacity_id: str) -> tuple[Link, ...]:
    """Return the languages in which a capacity can be followed, the most used of them first."""
    addresses = visit.site.addresses
    spoken = counts(store, Query(capacities=(capacity_id,)))[Facet.LANGUAGE][:LANGUAGES]
    topics = [find_topic(store.taxonomy, f"{capacity_id}.{tag}") for tag, _ in spoken]
    uris = {addresses.actor(topic.handle): topic for topic in topics if topic}
    taken = store.actors.find_many(uris)
    return tuple(
        Link(
            label=visit.label(language_name(topic.language, visit.languages)),
            href=visit.follow(addresses.acct(topic.handle), uri).href,
        )
        for uri, topic in uris.items()
        if uri not in taken
    )


def _tally(store: Store, visit: Visit, kind: Kind) -> Tally:
    counts = store.listings.counts(Query(kind=kind, viewer=visit.viewer), store.clock.now())
    return dict(counts[Facet.CAPACITY])


def _link(visit: Visit, concept: Concept, count: str = "") -> Link:
    label = visit.label(concept.labels.best((*visit.languages, "en")))
    return Link(label=label, href=visit.at(Path.CAPACITY, id=concept.id), count=count)


def _number(visit: Visit, count: int) -> str:
    return visit.wording.number(count) if count else ""


def _other_names(visit: Visit, concept: Concept, shown: Text) -> tuple[Text, ...]:
    return tuple(
        replace(visit.label(Phrase(language, label)), badge=visit.language(language))
        for language, label in concept.labels.items()
        if language != shown.lang
    )


def _alternatives(visit: Visit, concept: Concept) -> list[Text]:
    """Return the other names of a capacity in the languages the reader asked for."""
    wanted = dict.fromkeys((*visit.languages, visit.wording.language))
    return [
        visit.label(Phrase(language, label))
        for language in wanted
        for label in concept.alternatives.get(language, ())
    ]
