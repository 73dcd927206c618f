"""Create: an affiliate of this node publishes a listing, or answers (AP 6.2, wire of FEP-0837)."""

from typing import Any

from catalogue.addresses import Addresses
from catalogue.correspondence import Message
from catalogue.model import Listing
from catalogue.taxonomy import Taxonomy
from federation.mapping.proposal import to_note
from federation.mapping.values import from_moment
from federation.vocabulary import PROPOSAL_CONTEXT, SIGNED_CONTEXT


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


def answer(message: Message, note: dict[str, Any], addresses: Addresses) -> dict[str, Any]:
    """Return the Create of an answer, with its object inside."""
    return {
        "@context": SIGNED_CONTEXT,
        "id": addresses.message_create(message.id),
        "type": "Create",
        "actor": message.author,
        "published": from_moment(message.published),
        "to": note["to"],
        "cc": note["cc"],
        "object": note,
    }
