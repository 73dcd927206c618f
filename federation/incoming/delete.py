"""Delete: a listing, a post or an actor of another server is gone (ActivityPub 7.4).

Only the owner deletes. A Delete that overtakes its Create is remembered, so the Create is ignored.
"""

from catalogue import inquiries
from catalogue.listings import take_out
from catalogue.policy import MEMBER
from catalogue.search import MAX_LIMIT, Query
from federation.guard import same_origin
from federation.incoming import note
from federation.incoming.listing import is_wanted
from federation.incoming.said import Said
from federation.mapping.values import Document, id_of
from federation.ports import FederationStore


def needs(store: FederationStore, activity: Document) -> list[str]:
    """Nothing: what is gone cannot be fetched."""
    del store, activity
    return []


def apply(store: FederationStore, said: Said) -> None:
    """Take out the listing or the message, or the actor with all that is theirs."""
    address = id_of(said.activity.get("object"))
    if address is None or not same_origin(address, said.actor):
        return
    if address == said.actor:
        _take_out_actor(store, said)
    elif note.forget(store, address, said.actor):
        return
    elif _is_of_interest(store, address, said.actor):
        take_out(store, address, by=said.actor, at=said.received)


def _is_of_interest(store: FederationStore, address: str, actor: str) -> bool:
    """Say whether to remember a deletion: of what is here or may come, and of no other actor."""
    if store.actors.find_by_uri(address) is not None:
        return False
    return store.listings.find_by_uri(address) is not None or is_wanted(store, actor)


def _take_out_actor(store: FederationStore, said: Said) -> None:
    query = Query(by=said.actor, status=None, limit=MAX_LIMIT, viewer=MEMBER)
    while hits := store.listings.search(query, said.received).hits:
        for hit in hits:
            take_out(store, hit.listing.uri, by=said.actor, at=said.received)
    inquiries.forget_author(store, said.actor)
    store.quotes.remove_by(said.actor)
    store.tombstones.bury(said.actor, by=said.actor, at=said.received)
    store.actors.remove(said.actor)
    store.parties.remove(said.actor)
    store.keys.put_known(said.actor, [])
