"""Create: an affiliate of this node publishes a listing (ActivityPub 6.2, wire of FEP-0837)."""

from typing import Any

from catalogue.addresses import Addresses
from catalogue.model import Listing
from catalogue.taxonomy import Taxonomy
from federation.mapping.proposal import to_note
from federation.mapping.values import from_moment
from federation.vocabulary import PROPOSAL_CONTEXT


def build(listing: Listing, taxonomy: Taxonomy, addresses: Addresses) -> dict[str, Any]:
    """Return the Create with the listing inside; its proof covers both."""
    note = to_note(listing, taxonomy, addresses)
    return {
        "@context": PROPOSAL_CONTEXT,
        "id": addresses.listing_create(listing.id),
        "type": "Create",
        "actor": listing.by,
        "published": from_moment(listing.published),
        "to": note["to"],
        "cc": note["cc"],
        "object": note,
    }
