"""Announce: a catalogue or an actor we follow passes a listing on (ActivityPub 7.11).

An announced object with its author's valid proof inside needs no fetch; else it is fetched from its
own address, once, unless it is known already.
"""

from federation.incoming.listing import is_proven, is_wanted, keep, unknown_author
from federation.incoming.said import Said
from federation.mapping.proposal import is_proposal, owner_of
from federation.mapping.values import Document, id_of
from federation.ports import FederationStore


def needs(store: FederationStore, activity: Document) -> list[str]:
    """The author of an object that is embedded, and the object where there is no proof of it."""
    content = activity.get("object")
    address, actor = id_of(content), id_of(activity.get("actor"))
    if address is None or actor is None or not _is_ours_to_hear(store, actor, address):
        return []
    if isinstance(content, dict) and "proof" in content:
        author = unknown_author(store, content)
        return author or ([] if is_proven(store, content) else [address])
    return [] if store.listings.find_by_uri(address) else [address]


def apply(store: FederationStore, said: Said) -> None:
    """Keep the listing as its author said it."""
    content = said.activity.get("object")
    address = id_of(content)
    if address is None or not _is_ours_to_hear(store, said.actor, address):
        return
    document = said.fetched.get(address)
    if document is None and isinstance(content, dict) and is_proven(store, content):
        document = content
    if document is not None and is_proposal(document) and (author := owner_of(document)):
        keep(store, document, author, via=said.actor)


def _is_ours_to_hear(store: FederationStore, actor: str, address: str) -> bool:
    """Say whether this may interest us: we follow whoever passes it on, and it is not our own."""
    return not store.addresses.is_ours(address) and is_wanted(store, actor)
