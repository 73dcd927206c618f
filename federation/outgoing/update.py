"""Update: a listing of this node has changed; each version has an id of its own (AP 6.3)."""

from typing import Any

from catalogue.addresses import Addresses
from catalogue.model import Listing
from catalogue.taxonomy import Taxonomy
from federation.mapping.values import from_moment
from federation.outgoing import create


def build(listing: Listing, taxonomy: Taxonomy, addresses: Addresses) -> dict[str, Any]:
    """Return the Update with the whole listing inside, as it is now."""
    return {
        **create.build(listing, taxonomy, addresses),
        "id": f"{listing.uri}#updates/{int(listing.updated.timestamp())}",
        "type": "Update",
        "published": from_moment(listing.updated),
    }
