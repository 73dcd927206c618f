"""Listings in short, as every page shows them; the same few look-ups for one or for a hundred."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from catalogue.addresses import Path
from catalogue.finding import find
from catalogue.matching import best_of
from catalogue.model import Actor, FollowState, Listing, Peer, Reason
from catalogue.ports import Store
from catalogue.richtext import plain
from catalogue.search import Query
from catalogue.taxonomy import Scheme
from catalogue.topics import Topic, exists
from web import reasons
from web.prose import host_of, tame
from web.views import Answer, Card, Follow, Ground, Link, Node, Side
from web.visit import Visit

EXCERPT = 160  # letters of a text on a card
CHIPS = 3  # capacities named on a card
MOST = 4  # languages and regions named on a card

STRONG_MATCH = 0.8
GOOD_MATCH = 0.65
STRONG = 0.75  # value of one reason
PARTLY = 0.25


def cards(store: Store, visit: Visit, listings: Sequence[Listing]) -> tuple[Card, ...]:
    """Return a card for each listing, in their order."""
    makers = store.actors.find_many({listing.by for listing in listings})
    return tuple(_card(store, visit, listing, makers.get(listing.by)) for listing in listings)


def side(store: Store, visit: Visit, query: Query, *, all_href: str) -> Side:
    """Return one column, offers or needs, with what a query finds."""
    if query.kind is None:
        raise ValueError("a side shows either offers or needs")
    page = find(store, query)
    found = [hit.listing for hit in page.hits]
    return Side(
        kind=query.kind, cards=cards(store, visit, found), total=page.total, all_href=all_href
    )


def with_hints(store: Store, visit: Visit, shown: Side) -> Side:
    """Say on each need of a side whether nothing that the reader may see answers it yet."""
    return replace(
        shown,
        cards=tuple(
            replace(card, is_unanswered=not _answered(store, visit, card)) for card in shown.cards
        ),
    )


def answers(store: Store, visit: Visit, listing: Listing, most: int) -> tuple[Answer, ...]:
    """Return what could meet a listing, best first, with the reasons in the reader's language."""
    found = best_of(store, listing, viewer=visit.viewer, limit=most)
    shown = cards(store, visit, [other for _, other in found])
    return tuple(
        Answer(
            card=card,
            strength=_strength(match.score),
            grounds=tuple(_ground(store, visit, reason) for reason in match.reasons),
        )
        for card, (match, _) in zip(shown, found, strict=True)
    )


def maker(visit: Visit, actor: Actor | None, uri: str) -> Link:
    """Return who made a listing; their address alone where nothing else is known of them."""
    if actor is None:
        return Link(label=visit.name(host_of(uri) or uri), href="")
    return Link(label=visit.name(actor.name or actor.acct), href=visit.actor(actor))


def capacity_links(store: Store, visit: Visit, ids: Iterable[str]) -> tuple[Link, ...]:
    """Return a link for each capacity: to its page, or to a search for one only a peer knows."""
    scheme = store.taxonomy.capacities
    return tuple(
        Link(
            label=visit.label(scheme.label(each, visit.languages)),
            href=visit.at(Path.CAPACITY, id=each)
            if each in scheme
            else visit.at(Path.BROWSE, [("capacity", each)]),
        )
        for each in ids
    )


def names(visit: Visit, scheme: Scheme, ids: Iterable[str]) -> str:
    """Return the names of concepts as one series in the interface's language."""
    languages = (visit.wording.language, *visit.languages)
    return visit.wording.series([tame(scheme.label(each, languages).text) for each in ids])


def languages(visit: Visit, tags: Iterable[str]) -> str:
    """Return the names of languages as one series in the interface's language."""
    return visit.wording.series([visit.language(tag) for tag in dict.fromkeys(tags)])


def topic_page(visit: Visit, topic: Topic) -> str:
    """Return a link to where this node shows what fits a topic."""
    if topic.capacity and not topic.language:
        return visit.at(Path.CAPACITY, id=topic.capacity)
    asked = {"capacity": topic.capacity, "language": topic.language, "region": topic.region}
    return visit.at(Path.BROWSE, [(name, value) for name, value in asked.items() if value])


def follow_topic(store: Store, visit: Visit, topic: Topic) -> Follow | None:
    """Return how a topic is followed, None where there is nothing to follow yet."""
    if not exists(store, topic):
        return None
    addresses = visit.site.addresses
    return visit.follow(addresses.acct(topic.handle), addresses.actor(topic.handle))


def nodes(store: Store, visit: Visit) -> tuple[Node, ...]:
    """Return the other nodes that this one knows."""
    return tuple(_node(visit, peer) for peer in store.peers.list_peers(store.clock.now()))


def _card(store: Store, visit: Visit, listing: Listing, by: Actor | None) -> Card:
    taxonomy = store.taxonomy
    text = listing.text.best(visit.languages)
    return Card(
        id=listing.id,
        href=visit.at(Path.LISTING, id=listing.id),
        title=visit.text(listing.title),
        excerpt=visit.phrase(text._replace(text=plain(text.text)), most=EXCERPT),
        kind=listing.kind,
        category=listing.category,
        mode=listing.mode,
        by=maker(visit, by, listing.by),
        node=listing.node,
        is_remote=listing.node != visit.site.addresses.authority,
        is_open=listing.is_open(store.clock.now()),
        capacities=capacity_links(store, visit, listing.capacities[:CHIPS]),
        more_capacities=max(0, len(listing.capacities) - CHIPS),
        languages=languages(visit, (listing.delivery_languages or tuple(listing.title))[:MOST]),
        regions=names(visit, taxonomy.regions, listing.regions[:MOST]),
        until=visit.day(listing.until) if listing.until else None,
    )


def _answered(store: Store, visit: Visit, card: Card) -> bool:
    need = store.listings.find(card.id)
    return need is None or bool(best_of(store, need, viewer=visit.viewer, limit=1))


def _strength(score: float) -> str:
    if score >= STRONG_MATCH:
        return "strong"
    return "good" if score >= GOOD_MATCH else "possible"


def _ground(store: Store, visit: Visit, reason: Reason) -> Ground:
    mark = "strong" if reason.value >= STRONG else "partly" if reason.value >= PARTLY else "not"
    return Ground(mark=mark, text=reasons.say(reason, visit.wording, store.taxonomy))


def _node(visit: Visit, peer: Peer) -> Node:
    state = peer.following or FollowState.UNDONE
    return Node(
        name=visit.name(peer.name or peer.node),
        authority=peer.node,
        href=_home_of(peer),
        browse_href=visit.at(Path.BROWSE, [("node", peer.node)]),
        state="trouble" if peer.trouble else state.value,
        follows_us=peer.follows_us,
        is_sharing=peer.follows_us or peer.following is FollowState.ACCEPTED,
        open_listings=peer.open_listings,
        heard=visit.day(peer.heard) if peer.heard else None,
    )


def _home_of(peer: Peer) -> str:
    """Return the front page of a node, at the origin of its catalogue's address."""
    host = host_of(peer.catalogue)
    return f"{peer.catalogue.partition('://')[0]}://{host}/" if host == peer.node else ""
