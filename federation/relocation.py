"""Reading what an affiliate has left at its old node, so that its new one can publish it.

The old node says what is its actor's: the collection is fetched from the actor's own origin, and
only listings that name the actor as their author count (FEP-fe34).
"""

from catalogue.model import Listing
from federation.catch_up import page_of
from federation.errors import GiveUp, Malformed
from federation.mapping.proposal import from_note, is_proposal, owner_of
from federation.mapping.values import Document
from federation.ports import Database, FederationStore
from federation.resolver import Resolver


async def read_left_behind(
    database: Database, resolver: Resolver, actor: str, *, pages: int
) -> list[Listing]:
    """Return the open listings of an actor of another node, from at most ``pages`` pages.

    Raises GiveUp when it offers no collection, TryLater when its node cannot be asked now.
    """
    party = await resolver.refresh_actor(actor)
    page = party.proposals
    if page is None:
        raise GiveUp(f"{actor} has no collection of listings")
    found: list[Listing] = []
    seen: set[str] = set()
    while page is not None and page not in seen and len(seen) < pages:
        seen.add(page)
        fetched = await resolver.fetch_object(page, collection=True)
        part = page_of(fetched.document, actor)
        alone = await resolver.fetch_all(part.named)
        found += await database.read(_listings, [*part.embedded, *alone.values()], actor)
        page = part.next
    return found


def _listings(store: FederationStore, documents: list[Document], actor: str) -> list[Listing]:
    """Return the listings of ``actor`` among documents; those without sense are left out."""
    now = store.clock.now()
    found = []
    for document in documents:
        if not is_proposal(document) or owner_of(document) != actor:
            continue
        try:
            listing = from_note(document, store.taxonomy, local_id=store.ids.new(), now=now)
        except Malformed:
            continue
        found.append(listing)
    return found
