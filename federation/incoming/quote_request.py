"""QuoteRequest: somebody wants to quote a listing of ours (FEP-044f).

A public listing that is open may be quoted by anybody: they get a consent, the stamp, which we
serve for as long as the listing is there. We quote nothing ourselves. Whoever checks a stamp must
fetch it from our host and see that it names exactly their post and our listing (L36).
"""

from catalogue.events import QuoteAnswered
from catalogue.model import Listing, Visibility
from federation.errors import Malformed
from federation.guard import host_of, same_origin
from federation.incoming.said import Said
from federation.mapping.post import is_asked_here
from federation.mapping.proposal import owner_of
from federation.mapping.values import Document, get_id, id_of, uri
from federation.model import QuoteStamp
from federation.ports import FederationStore

PER_LISTING = 1_000  # consents for one listing


def needs(store: FederationStore, activity: Document) -> list[str]:
    """Whoever asks: the answer goes to their inbox."""
    actor = get_id(activity, "actor")
    is_known = store.parties.find(actor) is not None
    return [] if is_known or _quoted(store, activity) is None else [actor]


def apply(store: FederationStore, said: Said) -> None:
    """Consent, or say no for a listing that is closed; a repeat gets the same answer."""
    listing, quote = _quoted(store, said.activity), _quote(said)
    if listing is None or quote is None or store.hosts.is_blocked(host_of(said.actor)):
        return
    if store.parties.find(said.actor) is None:
        return
    stamp = _stamp(store, listing, quote, said.actor)
    store.events.record(
        QuoteAnswered(
            request=get_id(said.activity),
            asker=said.actor,
            by=listing.by,
            listing=listing.uri,
            quote=quote,
            stamp=stamp.id if stamp else None,
        )
    )


def _quoted(store: FederationStore, activity: Document) -> Listing | None:
    """Return the listing to be quoted: one of ours that everybody may see."""
    address = id_of(activity.get("object"))
    listing = store.listings.find_by_uri(address) if address else None
    if listing is None or listing.node != store.addresses.authority:
        return None
    return listing if listing.visibility is Visibility.PUBLIC else None


def _quote(said: Said) -> str | None:
    """Return the post that quotes, if it is the asker's own."""
    content = said.activity.get("instrument")
    address = uri(content)
    if address is None:
        return None
    try:
        is_theirs = same_origin(address, said.actor)
    except Malformed:
        return None
    if isinstance(content, dict) and (owner_of(content) or said.actor) != said.actor:
        return None
    return address if is_theirs else None


def _stamp(store: FederationStore, listing: Listing, quote: str, asker: str) -> QuoteStamp | None:
    """Return the consent to one quote, given now or before; None where there is none."""
    known = store.quotes.find_for(listing=listing.uri, quote=quote)
    if known is not None:
        return known if known.asker == asker else None
    if not is_asked_here(listing) or len(store.quotes.list_of(listing.uri)) >= PER_LISTING:
        return None
    stamp = QuoteStamp(
        id=store.ids.new(),
        listing=listing.uri,
        quote=quote,
        asker=asker,
        made=store.clock.now(),
    )
    store.quotes.put(stamp)
    return stamp
