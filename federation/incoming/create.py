"""Create: an affiliate of another node published a listing (ActivityPub 7.2)."""

from federation.incoming.listing import keep, unknown_author
from federation.incoming.said import Said
from federation.mapping.values import Document, id_of
from federation.ports import FederationStore


def needs(store: FederationStore, activity: Document) -> list[str]:
    """The author, and the object where only its id was sent."""
    content = activity.get("object")
    if isinstance(content, dict):
        return unknown_author(store, content)
    address = id_of(content)
    return [address] if address else []


def apply(store: FederationStore, said: Said) -> None:
    """Keep the listing when the one who says it is the one who wrote it."""
    content = said.activity.get("object")
    document = content if isinstance(content, dict) else said.fetched.get(id_of(content) or "")
    if document is not None:
        keep(store, document, said.actor)
