"""Move: an actor of another server lives elsewhere now (FEP-7628).

Old and new place must name each other, whoever of the two says it: the old one by the Move or by
``movedTo``, the new one by ``alsoKnownAs`` in its own document, which is fetched anew.
Nobody is followed to a blocked host, and nobody who is blocked is followed anywhere.
"""

from dataclasses import replace

from catalogue import moving
from federation.guard import host_of
from federation.incoming.listing import is_wanted
from federation.incoming.said import Said
from federation.mapping.values import Document, id_of
from federation.ports import FederationStore


def needs(store: FederationStore, activity: Document) -> list[str]:
    """The other of the two places, when somebody here hears the old one."""
    actor = id_of(activity.get("actor"))
    old, new = id_of(activity.get("object")), id_of(activity.get("target"))
    if actor is None or old is None or new is None or actor not in {old, new} or old == new:
        return []
    if not is_wanted(store, old):
        return []
    other = new if actor == old else old
    return [] if store.addresses.is_ours(other) else [other]


def apply(store: FederationStore, said: Said) -> None:
    """Follow an actor to its new place, and let go what it has taken along."""
    old = store.actors.find_by_uri(id_of(said.activity.get("object")) or "")
    new = store.actors.find_by_uri(id_of(said.activity.get("target")) or "")
    if old is None or new is None or store.addresses.is_ours(old.uri):
        return
    if store.hosts.is_blocked(host_of(new.uri)) or any(
        store.blocks.is_blocked(each.uri) for each in (old, new)
    ):
        return
    if said.actor == old.uri:
        old = replace(old, moved_to=new.uri)
    if said.actor in {old.uri, new.uri} and moving.has_moved(old, new):
        store.actors.put(old)
        moving.follow_along(store, old, new, was_wanted=is_wanted(store, old.uri))
