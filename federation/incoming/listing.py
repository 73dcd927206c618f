"""Taking in a listing of another node, however it reached us: the one place that stores them.

A listing is wanted when this node follows its author, or the catalogue of the node it lives on.
It is authentic when its author's signed activity carried it, when its own proof verifies
(FEP-8b32), or when it was fetched from its id (FEP-fe34).
"""

from datetime import datetime
from typing import Any

from catalogue.listings import Taken, is_early, take_in, take_word
from catalogue.model import FollowState, Listing, Role, Status
from catalogue.moving import make_way
from federation.errors import FederationError, Unauthenticated
from federation.guard import host_of, same_origin
from federation.mapping.proposal import from_note, is_proposal, owner_of
from federation.mapping.values import Document, get_id, to_bytes, uri
from federation.ports import FederationStore
from federation.signatures.integrity import check_moment, proof_by, verify_proof
from federation.signatures.keys import load_multibase


def unknown_author(store: FederationStore, document: Any) -> list[str]:
    """Return the author of a listing when it is not known yet, and lives where the listing does."""
    if not is_proposal(document):
        return []
    author, address = owner_of(document), uri(document)
    if author is None or address is None or store.addresses.is_ours(author):
        return []
    if uri(author) is None or not same_origin(author, address):
        return []
    return [] if store.actors.find_by_uri(author) else [author]


def is_wanted(store: FederationStore, author: str) -> bool:
    """Say whether this node follows an author, or the catalogue of the author's node."""
    us = store.addresses.catalogue
    if _follows(store, us, author):
        return True
    catalogues = store.actors.list_by_role(Role.CATALOGUE, host_of(author))
    return any(_follows(store, us, catalogue.uri) for catalogue in catalogues)


def _follows(store: FederationStore, follower: str, followed: str) -> bool:
    follow = store.follows.find_between(follower, followed)
    return follow is not None and follow.state is FollowState.ACCEPTED


def is_proven(store: FederationStore, document: Document) -> bool:
    """Say whether a listing carries a valid proof of its own author."""
    author = owner_of(document)
    try:
        proof = proof_by(document, author) if author else None
        if proof is None:
            return False
        check_moment(proof, now=store.clock.now())
        known = store.keys.known(proof.verification_method)
        if known is None or known.owner != author:
            return False
        verify_proof(document, proof, load_multibase(known.material))
    except Unauthenticated:
        return False
    return same_origin(author, get_id(document))


def is_held(store: FederationStore, address: str, author: str) -> bool:
    """Say whether a listing of this author is here, whoever passed it on."""
    known = store.listings.find_by_uri(address)
    return known is not None and known.by == author


def keep(
    store: FederationStore, document: Document, author: str, *, via: str | None = None
) -> Taken | None:
    """Store an authentic listing; None when it is none of ours to keep.

    ``via`` is who passed it on: what a relay announces is kept whoever wrote it, and what is here
    is kept up to date. Raises Malformed for one that has no sense.
    """
    listing = _wanted(store, document, author, via)
    if listing is None:
        return None
    return _taken(store, listing, take_in(store, listing, to_bytes(document)))


def keep_word(
    store: FederationStore,
    document: Document,
    *,
    seen: datetime | None,
    listed: datetime | None,
) -> Taken | None:
    """Store what the owner's own server shows of a listing now; None when it is none of ours.

    ``seen`` is the version that was here before it was asked, ``listed`` the one that it lists as
    open: only where the two things it says agree may it take us back. Raises Malformed.
    """
    listing = _wanted(store, document, owner_of(document) or "", None)
    if listing is None:
        return None
    shown = listing.updated if listing.status is Status.OPEN else None
    before = seen if shown == listed else None
    return _taken(store, listing, take_word(store, listing, to_bytes(document), seen=before))


def _taken(store: FederationStore, listing: Listing, taken: Taken) -> Taken:
    if taken in {Taken.NEW, Taken.CHANGED}:
        make_way(store, listing)
    return taken


def _wanted(
    store: FederationStore, document: Document, author: str, via: str | None
) -> Listing | None:
    """Return what a document says, when it is for us to keep; None when not, or not yet."""
    if not is_proposal(document) or owner_of(document) != author:
        return None
    if not same_origin(get_id(document), author) or store.addresses.is_ours(author):
        return None
    host = host_of(author)
    if store.hosts.is_blocked(host) or store.blocks.is_silenced(host):
        return None
    if store.blocks.is_blocked(author):
        return None
    is_relayed = via is not None and store.relays.has(via)
    if not (is_relayed or is_wanted(store, author) or is_held(store, get_id(document), author)):
        return None
    if store.actors.find_by_uri(author) is None:
        return None
    now = store.clock.now()
    listing = from_note(document, store.taxonomy, local_id=store.ids.new(), now=now)
    return None if is_early(listing.updated, now) else listing


def try_keep(store: FederationStore, document: Document, author: str) -> bool:
    """Store a listing among many; say whether it had sense, and leave out one that had none."""
    try:
        keep(store, document, author)
    except FederationError:
        return False
    return True
