"""An answer to somebody on the fediverse: people are led to the page of what it is about."""

from catalogue.addresses import Path
from catalogue.errors import NotFound
from catalogue.ports import Store
from web.views import Redirect
from web.visit import Visit


def message(store: Store, visit: Visit) -> Redirect:
    """Lead from a public answer of this node to the listing, else to whoever gave it."""
    found = store.inquiries.find_message(visit.parts["id"])
    here = visit.site.addresses.authority
    if found is None or not found.is_public or found.node != here:
        raise NotFound("there is no such message here")
    inquiry = store.inquiries.find(found.inquiry)
    listing = store.listings.find_by_uri(inquiry.listing) if inquiry and inquiry.listing else None
    if listing is not None:
        return Redirect(href=visit.at(Path.LISTING, id=listing.id))
    author = store.actors.find_by_uri(found.author)
    if author is None:
        raise NotFound("there is no such message here")
    return Redirect(href=visit.actor(author))
