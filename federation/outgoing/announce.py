"""Announce: the catalogue or a topic passes a public listing on to its followers (AP 6.11).

The catalogue does so for listings of its node, a topic for whatever fits it, of other nodes too.
"""

from datetime import datetime
from typing import Any

from catalogue.addresses import CATALOGUE_HANDLE, Addresses
from catalogue.model import Listing
from federation.mapping.values import from_moment
from federation.vocabulary import PUBLIC, SIGNED_CONTEXT


def build(
    listing: Listing,
    addresses: Addresses,
    *,
    by: str = CATALOGUE_HANDLE,
    at: datetime | None = None,
) -> dict[str, Any]:
    """Return the Announce; the listing by its id, which every server can fetch."""
    actor = addresses.actor(by)
    return {
        "@context": SIGNED_CONTEXT,
        "id": addresses.announce(listing.id, by),
        "type": "Announce",
        "actor": actor,
        "published": from_moment(at or listing.published),
        "to": [PUBLIC],
        "cc": [f"{actor}/followers", listing.by],
        "object": listing.uri,
    }
