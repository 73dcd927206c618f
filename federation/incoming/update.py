"""Update: a listing or an actor of another node has changed (ActivityPub 7.3).

What an actor said of itself before it said something newer is old news, whoever brings it: it would
put former keys, inboxes and places back.
"""

from federation.incoming import create
from federation.incoming.actor import shelve_actor
from federation.incoming.said import Said
from federation.mapping.values import Document, id_of, moment
from federation.ports import FederationStore


def needs(store: FederationStore, activity: Document) -> list[str]:
    """As for a Create; an actor that changed is asked for anew where only its id was sent."""
    return create.needs(store, activity)


def apply(store: FederationStore, said: Said) -> None:
    """Keep the newer version of a listing; take over what an actor says of itself."""
    content = said.activity.get("object")
    if id_of(content) != said.actor:
        create.apply(store, said)
    elif (
        isinstance(content, dict)
        and store.parties.find(said.actor)
        and not _is_old_news(store, content, said.actor)
    ):
        shelve_actor(store, content)


def _is_old_news(store: FederationStore, document: Document, actor: str) -> bool:
    """Say whether something newer is known of an actor; one that says no time is believed."""
    known, said = store.actors.find_by_uri(actor), moment(document.get("updated"))
    return known is not None and said is not None and said < known.updated
