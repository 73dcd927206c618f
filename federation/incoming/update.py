"""Update: a listing or an actor of another node has changed (ActivityPub 7.3)."""

from federation.incoming import create
from federation.incoming.actor import shelve_actor
from federation.incoming.said import Said
from federation.mapping.values import Document, id_of
from federation.ports import FederationStore


def needs(store: FederationStore, activity: Document) -> list[str]:
    """As for a Create; an actor that changed is asked for anew where only its id was sent."""
    return create.needs(store, activity)


def apply(store: FederationStore, said: Said) -> None:
    """Keep the newer version of a listing; take over what an actor says of itself."""
    content = said.activity.get("object")
    if id_of(content) != said.actor:
        create.apply(store, said)
    elif isinstance(content, dict) and store.parties.find(said.actor):
        shelve_actor(store, content)
