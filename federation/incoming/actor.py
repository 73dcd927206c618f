"""Taking in what another server's actor says of itself: the one place that stores it."""

from federation.errors import GiveUp
from federation.guard import host_of
from federation.knocking import MEMORY
from federation.mapping.actor import claimed_acct, from_document
from federation.mapping.values import Document, get_id
from federation.model import Party
from federation.ports import FederationStore


def shelve_actor(store: FederationStore, document: Document, acct: str | None = None) -> Party:
    """Store what an actor's document says; the caller has made sure that its server said it.

    ``acct`` is the name it claims, if WebFinger agreed; a name agreed on before is kept while it is
    claimed (FEP-2c59). Raises Malformed for a document that is no actor, GiveUp for one that was
    deleted.
    """
    before = store.actors.find_by_uri(get_id(document))
    if before is not None and acct is None and claimed_acct(document) == before.acct:
        acct = before.acct
    known = from_document(
        document, store.taxonomy, local_id=store.ids.new(), now=store.clock.now(), acct=acct
    )
    if store.tombstones.deleted_at(known.actor.uri):
        raise GiveUp("the actor was deleted")
    store.actors.put(known.actor)
    store.parties.put(known.party)
    store.keys.put_known(known.actor.uri, known.keys)
    if known.wants_rfc9421:
        store.hosts.remember_rfc9421(host_of(known.actor.uri), store.clock.now() + MEMORY)
    return known.party
