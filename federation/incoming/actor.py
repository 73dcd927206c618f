"""Taking in what another server's actor says of itself: the one place that stores it."""

from federation.errors import GiveUp
from federation.guard import host_of
from federation.knocking import MEMORY
from federation.mapping.actor import from_document
from federation.mapping.values import Document
from federation.model import Party
from federation.ports import FederationStore


def shelve_actor(store: FederationStore, document: Document) -> Party:
    """Store what an actor's document says; the caller has made sure that its server said it.

    Raises Malformed for a document that is no actor, GiveUp for one that was deleted.
    """
    known = from_document(document, store.taxonomy, local_id=store.ids.new(), now=store.clock.now())
    if store.tombstones.deleted_at(known.actor.uri):
        raise GiveUp("the actor was deleted")
    store.actors.put(known.actor)
    store.parties.put(known.party)
    store.keys.put_known(known.actor.uri, known.keys)
    if known.wants_rfc9421:
        store.hosts.remember_rfc9421(host_of(known.actor.uri), store.clock.now() + MEMORY)
    return known.party
