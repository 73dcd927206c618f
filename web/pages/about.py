"""What this node is, and whom it shares with."""

from catalogue.addresses import CATALOGUE_HANDLE, Path
from catalogue.model import Kind
from catalogue.ports import Store
from catalogue.search import Facet, Query
from web.cards import nodes
from web.views import AboutView
from web.visit import Visit


def about(store: Store, visit: Visit) -> AboutView:
    """Show the node, its counts and its peers."""
    counts = dict(store.listings.counts(Query(viewer=visit.viewer), store.clock.now()))
    by_kind, addresses = dict(counts[Facet.KIND]), visit.site.addresses
    return AboutView(
        title=visit.wording.say("about-title"),
        summary=visit.html(visit.site.summary.best(visit.languages)),
        offers=by_kind.get(Kind.OFFER, 0),
        needs=by_kind.get(Kind.NEED, 0),
        affiliates=len(store.actors.list_affiliates(visit.site.addresses.authority)),
        capacities=len(store.taxonomy.capacities),
        browse_href=visit.at(Path.BROWSE),
        affiliates_href=visit.at(Path.AFFILIATES),
        capacities_href=visit.at(Path.CAPACITIES),
        nodes=nodes(store, visit),
        follow=visit.follow(addresses.acct(CATALOGUE_HANDLE), addresses.catalogue),
    )
