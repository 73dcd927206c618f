"""A post that is no listing: a question to somebody of this node, or a draft for its steward.

It is taken in when it replies to one of our listings or to what was said in an inquiry, or when it
is addressed to or mentions an affiliate or the catalogue; what concerns nobody here is not looked
at. Only its own author changes it or takes it back. A blocked host is not heard.
"""

from typing import Any

from catalogue import drafts, inquiries
from catalogue.correspondence import Letter
from federation.errors import Malformed
from federation.guard import host_of
from federation.incoming.said import Said
from federation.mapping import note
from federation.mapping.proposal import owner_of
from federation.mapping.values import Document, id_of
from federation.ports import FederationStore


def needs(store: FederationStore, content: Any, actor: str) -> list[str]:
    """The author of a post that concerns us, so that they have a name and can be answered."""
    if not _is_for_us(store, content, actor) or store.parties.find(actor):
        return []
    return [actor]


def hear(store: FederationStore, said: Said, content: Any) -> None:
    """Keep a post, or its newer version, as a message, and the draft it asks for."""
    if store.parties.find(said.actor) is None or not _is_for_us(store, content, said.actor):
        return
    letter = _read(store, content)
    if letter is None or letter.author != said.actor:
        return
    message = inquiries.take_in(store, letter)
    if message is not None:
        drafts.consider(store, message, letter)


def forget(store: FederationStore, address: str, actor: str) -> bool:
    """Forget a post that its author took back, and the consent to quote with it."""
    store.quotes.remove_by(actor, quote=address)
    return inquiries.take_out(store, address, by=actor)


def _is_for_us(store: FederationStore, content: Any, actor: str) -> bool:
    """Say whether a post may concern somebody here, before its text is looked at."""
    if not note.is_post(content) or owner_of(content) != actor:
        return False
    if store.hosts.is_blocked(host_of(actor)):
        return False
    address, replied = id_of(content), note.replies_to(content)
    known = (each for each in (address, replied) if each)
    return (
        bool(note.named(content, store.addresses))
        or (replied is not None and store.addresses.is_ours(replied))
        or any(store.inquiries.find_by_uri(each) for each in known)
    )


def _read(store: FederationStore, content: Document) -> Letter | None:
    try:
        return note.to_letter(content, store.addresses, now=store.clock.now())
    except Malformed:
        return None
