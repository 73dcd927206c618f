"""Announce: the catalogue passes a public listing of its node on to its followers (AP 6.11)."""

from typing import Any

from catalogue.addresses import Addresses
from catalogue.model import Listing
from federation.mapping.values import from_moment
from federation.vocabulary import PUBLIC, SIGNED_CONTEXT


def build(listing: Listing, addresses: Addresses) -> dict[str, Any]:
    """Return the Announce; the listing by its id, which every server can fetch."""
    return {
        "@context": SIGNED_CONTEXT,
        "id": addresses.announce(listing.id),
        "type": "Announce",
        "actor": addresses.catalogue,
        "published": from_moment(listing.published),
        "to": [PUBLIC],
        "cc": [f"{addresses.catalogue}/followers", listing.by],
        "object": listing.uri,
    }
