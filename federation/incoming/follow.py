"""Follow: somebody wants the news of an actor of this node (ActivityPub 7.5)."""

from catalogue import following
from catalogue.model import Role
from catalogue.topics import find_local
from federation.incoming.said import Said
from federation.mapping.values import Document, get_id, id_of
from federation.ports import FederationStore


def needs(store: FederationStore, activity: Document) -> list[str]:
    """The follower: the answer goes to its inbox."""
    actor = get_id(activity, "actor")
    return [] if store.parties.find(actor) else [actor]


def apply(store: FederationStore, said: Said) -> None:
    """Accept whoever asks to follow an affiliate, the catalogue or a topic."""
    followed = id_of(said.activity.get("object"))
    actor = find_local(store, followed) if followed else None
    if actor is None or actor.role is Role.INSTANCE:
        return
    if store.parties.find(said.actor) is None:
        return
    if store.tombstones.deleted_at(get_id(said.activity)):  # its Undo came first
        return
    if store.blocks.is_refused(said.actor, actor.uri):  # whoever blocks wants nothing to be sent
        return
    following.welcome(store, uri=get_id(said.activity), follower=said.actor, followed=actor.uri)
