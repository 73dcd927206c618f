"""Update: a listing, an answer or an actor has changed; each version has its own id (AP 6.3)."""

from datetime import datetime
from typing import Any

from catalogue.addresses import Addresses
from catalogue.correspondence import Message
from catalogue.model import Listing
from catalogue.taxonomy import Taxonomy
from federation.mapping.values import Document, from_moment
from federation.outgoing import create
from federation.vocabulary import ACTOR_CONTEXT, DATA_INTEGRITY, PUBLIC


def build(listing: Listing, taxonomy: Taxonomy, addresses: Addresses) -> dict[str, Any]:
    """Return the Update with the whole listing inside, as it is now."""
    return {
        **create.build(listing, taxonomy, addresses),
        "id": f"{listing.uri}#updates/{int(listing.updated.timestamp())}",
        "type": "Update",
        "published": from_moment(listing.updated),
    }


def build_actor(document: Document, updated: datetime) -> dict[str, Any]:
    """Return the Update with an actor's whole document inside."""
    actor = document["id"]
    return {
        "@context": [*ACTOR_CONTEXT, DATA_INTEGRITY],
        "id": f"{actor}#updates/{int(updated.timestamp())}",
        "type": "Update",
        "actor": actor,
        "published": from_moment(updated),
        "to": [PUBLIC],
        "cc": [f"{actor}/followers"],
        "object": {name: value for name, value in document.items() if name != "@context"},
    }


def answer(message: Message, note: dict[str, Any], addresses: Addresses) -> dict[str, Any]:
    """Return the Update of an answer."""
    return {
        **create.answer(message, note, addresses),
        "id": f"{message.uri}#updates/{int(message.updated.timestamp())}",
        "type": "Update",
        "published": from_moment(message.updated),
    }
