"""Affiliates: all of them, node by node, and each with what it offers and needs side by side."""

from catalogue.addresses import CATALOGUE_HANDLE, Path
from catalogue.errors import NotFound
from catalogue.model import Actor, Kind
from catalogue.ports import Store
from catalogue.search import Query
from catalogue.topics import exists, find_topic
from web.cards import languages, names, side, topic_page
from web.prose import host_of
from web.views import (
    AffiliatesView,
    AffiliateView,
    Fact,
    Link,
    NodeParties,
    Party,
    Redirect,
    Side,
    Text,
)
from web.visit import Visit

SHOWN = 10  # listings on each side


def affiliates(store: Store, visit: Visit) -> AffiliatesView:
    """Show every affiliate that this node knows: its own first, then node by node."""
    here = visit.site.addresses.authority
    found = store.actors.list_affiliates(here)
    by_node: dict[str, list[Actor]] = {here: []}
    for actor in found:
        by_node.setdefault(actor.node, []).append(actor)
    return AffiliatesView(
        title=visit.wording.say("affiliates-title"),
        nodes=tuple(
            NodeParties(
                node=node,
                is_here=node == here,
                parties=tuple(_party(store, visit, actor) for actor in actors),
            )
            for node, actors in by_node.items()
            if actors
        ),
        total=len(found),
    )


def profile(store: Store, visit: Visit) -> AffiliateView | Redirect:
    """Show an affiliate of this node by its handle; the catalogue and topics have other pages."""
    handle = visit.parts["handle"]
    if handle == CATALOGUE_HANDLE:
        return Redirect(href=visit.at(Path.ABOUT))
    actor = store.actors.find_by_handle(handle, visit.site.addresses.authority)
    if actor is None and (topic := find_topic(store.taxonomy, handle)) and exists(store, topic):
        return Redirect(href=topic_page(visit, topic))
    return _show(store, visit, actor)


def affiliate(store: Store, visit: Visit) -> AffiliateView | Redirect:
    """Show an affiliate of another node by its local id; one of this node lives at its handle."""
    actor = store.actors.find(visit.parts["id"])
    if actor is not None and actor.node == visit.site.addresses.authority:
        return Redirect(href=visit.actor(actor))
    return _show(store, visit, actor)


def _show(store: Store, visit: Visit, actor: Actor | None) -> AffiliateView:
    here = visit.site.addresses.authority
    if actor is None or not store.actors.list_affiliates(here, actor.uri):
        raise NotFound("there is no such affiliate here")
    name = visit.name(actor.name or actor.acct)
    is_remote = actor.node != visit.site.addresses.authority
    summary = actor.summary.best(visit.languages)
    return AffiliateView(
        title=name.text,
        activity_uri="" if is_remote else actor.uri,
        canonical=_safe(actor.url) if is_remote else actor.url,
        name=name,
        kind=_kind(store, visit, actor),
        summary=visit.html(summary),
        facts=_facts(store, visit, actor),
        follow=visit.follow(actor.acct, actor.uri),
        is_remote=is_remote,
        node=actor.node,
        original=_safe(actor.url),
        original_host=host_of(actor.url),
        uri=actor.uri,
        moved_to=_safe(actor.moved_to or ""),
        moved_host=host_of(actor.moved_to or ""),
        offers=_side(store, visit, actor, Kind.OFFER),
        needs=_side(store, visit, actor, Kind.NEED),
    )


def _side(store: Store, visit: Visit, actor: Actor, kind: Kind) -> Side:
    query = Query(kind=kind, by=actor.uri, limit=SHOWN, viewer=visit.viewer)
    all_href = visit.at(Path.BROWSE, [("kind", kind), ("by", actor.id)])
    return side(store, visit, query, all_href=all_href)


def _facts(store: Store, visit: Visit, actor: Actor) -> tuple[Fact, ...]:
    said = {
        "regions": names(visit, store.taxonomy.regions, actor.regions),
        "languages": languages(visit, actor.languages),
    }
    language, direction = visit.wording.language, visit.wording.direction
    return tuple(
        Fact(key=key, values=(Text(text=text, lang=language, dir=direction),))
        for key, text in said.items()
        if text
    )


def _party(store: Store, visit: Visit, actor: Actor) -> Party:
    return Party(
        link=Link(label=visit.name(actor.name or actor.acct), href=visit.actor(actor)),
        kind=_kind(store, visit, actor),
        regions=names(visit, store.taxonomy.regions, actor.regions),
        languages=languages(visit, actor.languages),
    )


def _kind(store: Store, visit: Visit, actor: Actor) -> Text:
    return visit.label(store.taxonomy.affiliations.label(actor.kind, visit.languages))


def _safe(url: str) -> str:
    return url if host_of(url) else ""
