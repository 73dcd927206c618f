"""Plain letters: an author's own Create or Update with the whole listing inside, many at a time.

Nearly all that comes in is of this kind and needs nothing fetched, so it is taken in together: read
first, which is most of the work and touches no database, then stored in one transaction that asks
once for each author what :func:`federation.incoming.listing.keep` asks once for each listing. What
is not plain, or not quite as expected, goes the longer way of its verb and is judged there.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from catalogue.listings import Arrival, index_words, is_early, take_in_all
from catalogue.taxonomy import Taxonomy
from federation.errors import FederationError
from federation.guard import host_of, same_origin
from federation.incoming.listing import is_wanted
from federation.mapping.proposal import from_note, is_proposal, owner_of, same_as
from federation.mapping.values import Document, get_id, to_bytes
from federation.ports import FederationStore

VERBS = frozenset({"Create", "Update"})


def read(
    activity: Document, actor: str, taxonomy: Taxonomy, *, local_id: str, now: datetime
) -> Arrival | None:
    """Return the listing that a plain activity of ``actor`` brings; None for any other activity."""
    content = activity.get("object")
    if activity.get("type") not in VERBS or not isinstance(content, dict):
        return None
    if not is_proposal(content) or owner_of(content) != actor or same_as(content):
        return None  # what takes the place of another listing is no plain matter (FEP-7628)
    try:
        if get_id(content) == actor or not same_origin(get_id(content), actor):
            return None
        listing = from_note(content, taxonomy, local_id=local_id, now=now)
    except FederationError:
        return None
    if is_early(listing.updated, now):
        return None
    return Arrival(listing=listing, words=index_words(listing), document=to_bytes(content))


def take_in(store: FederationStore, arrivals: Sequence[Arrival]) -> set[str]:
    """Store what came from authors that nothing must be asked about; return who these are."""
    settled = _settled(store, {arrival.listing.by for arrival in arrivals})
    take_in_all(store, [each for each in arrivals if each.listing.by in settled])
    return settled


def _settled(store: FederationStore, authors: Collection[str]) -> set[str]:
    """Return the authors that are known here, elsewhere, neither blocked nor silenced, and wanted.

    Together with what ``read`` has asked, this is all that ``incoming.listing`` asks before it
    keeps a listing.
    """
    known = store.actors.find_many(authors)
    return {author for author in known if _is_settled(store, author)}


def _is_settled(store: FederationStore, author: str) -> bool:
    host = host_of(author)
    if store.addresses.is_ours(author) or store.blocks.is_blocked(author):
        return False
    if store.hosts.is_blocked(host) or store.blocks.is_silenced(host):
        return False
    return is_wanted(store, author)
