"""Create: an affiliate of another node published a listing, or somebody wrote (ActivityPub 7.2).

A post that is no listing is looked at in :mod:`federation.incoming.note`.
"""

from catalogue import moving
from federation.guard import same_origin
from federation.incoming import note
from federation.incoming.listing import is_held, is_wanted, keep, unknown_author
from federation.incoming.said import Said
from federation.mapping.note import is_post
from federation.mapping.proposal import is_proposal, owner_of, same_as
from federation.mapping.values import Document, id_of
from federation.ports import FederationStore


def needs(store: FederationStore, activity: Document) -> list[str]:
    """The author, and the object where only its id was sent; nothing for what is not kept."""
    content, actor = activity.get("object"), id_of(activity.get("actor"))
    address = id_of(content)
    if actor is not None and is_post(content):
        return note.needs(store, content, actor)
    if address is None or actor is None or not _may_be_kept(store, address, actor):
        return []
    if isinstance(content, dict):
        return unknown_author(store, content) if owner_of(content) == actor else []
    return [address]


def apply(store: FederationStore, said: Said) -> None:
    """Keep what was written when the one who says it is the one who wrote it."""
    content = said.activity.get("object")
    if is_post(content):
        note.hear(store, said, content)
        return
    document = content if isinstance(content, dict) else said.fetched.get(id_of(content) or "")
    if document is not None and keep(store, document, said.actor) is None:
        _let_go(store, document, said.actor)


def _let_go(store: FederationStore, document: Document, author: str) -> None:
    """Let our listings go that a moved author publishes elsewhere, followed or not (FEP-7628)."""
    if is_proposal(document) and owner_of(document) == author:
        for replaced in same_as(document):
            moving.give_way(store, replaced, to=author)


def _may_be_kept(store: FederationStore, address: str, actor: str) -> bool:
    """Say whether an actor may tell us of this: a stranger cannot make us ask anyone for it."""
    is_theirs = address == actor or is_wanted(store, actor) or is_held(store, address, actor)
    return is_theirs and same_origin(address, actor)
