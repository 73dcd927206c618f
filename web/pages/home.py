"""The front page: what this is, the two ways in, and what is new on both sides."""

from catalogue.addresses import CATALOGUE_HANDLE, Path
from catalogue.model import Category, Kind
from catalogue.ports import Store
from catalogue.richtext import plain
from catalogue.search import Facet, Query
from web.cards import nodes, side, with_hints
from web.views import CategoryTile, HomeView
from web.visit import Visit

NEWEST = 4  # listings shown on each side
SUMMARY = 300  # letters


def home(store: Store, visit: Visit) -> HomeView:
    """Show the front page."""
    counts = dict(store.listings.counts(Query(viewer=visit.viewer), store.clock.now()))
    by_category = dict(counts[Facet.CATEGORY])
    offers_href = visit.at(Path.BROWSE, [("kind", Kind.OFFER)])
    needs_href = visit.at(Path.BROWSE, [("kind", Kind.NEED)])
    offers = Query(kind=Kind.OFFER, limit=NEWEST, viewer=visit.viewer)
    needs = Query(kind=Kind.NEED, limit=NEWEST, viewer=visit.viewer)
    addresses = visit.site.addresses
    summary = visit.site.summary.best(visit.languages)
    return HomeView(
        title="",
        summary=visit.phrase(summary._replace(text=plain(summary.text)), most=SUMMARY),
        search_href=visit.at(Path.BROWSE),
        help_href=needs_href,
        ask_href=offers_href,
        offers=side(store, visit, offers, all_href=offers_href),
        needs=with_hints(store, visit, side(store, visit, needs, all_href=needs_href)),
        categories=tuple(
            CategoryTile(
                category=category,
                href=visit.at(Path.BROWSE, [("category", category)]),
                total=by_category.get(category, 0),
            )
            for category in Category
        ),
        nodes=tuple(each for each in nodes(store, visit) if each.is_sharing),
        about_href=visit.at(Path.ABOUT),
        follow=visit.follow(addresses.acct(CATALOGUE_HANDLE), addresses.catalogue),
    )
