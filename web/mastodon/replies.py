"""What is said in public about a listing, as statuses below it.

Only a public listing has any, and only what can be reached from it through public messages is
there. Whoever is blocked here, or not known any more, is left out with all that answers them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from catalogue.correspondence import Message
from catalogue.model import Visibility
from catalogue.policy import may_see
from catalogue.timeline import Placed
from web.accounts import AccountStore
from web.mastodon import entities
from web.mastodon.ask import Ask
from web.mastodon.entities import Entity
from web.mastodon.errors import NoRecord
from web.mastodon.shown import accounts, statuses

MAX_REPLIES = 200  # shown below one listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A listing and the replies below it, oldest first."""

    top: Entity
    replies: Sequence[Entity]

    def above(self, status_id: str) -> list[Entity]:
        """Return what a reply answers, from the listing down; raise NoRecord for none here."""
        by_id = {each["id"]: each for each in (self.top, *self.replies)}
        if status_id not in by_id:
            raise NoRecord
        found: list[Entity] = []
        while (status_id := by_id[status_id]["in_reply_to_id"]) is not None:
            found.insert(0, by_id[status_id])
        return found

    def below(self, status_id: str) -> list[Entity]:
        """Return what answers a status, and what answers that."""
        inside = {status_id}
        found: list[Entity] = []
        for each in self.replies:  # a reply stands behind what it answers
            if each["in_reply_to_id"] in inside:
                inside.add(each["id"])
                found.append(each)
        return found


def thread_of(store: AccountStore, ask: Ask, placed: Placed) -> Thread:
    """Return a listing with what is said about it; raise NoRecord where its author is unknown."""
    shown = statuses(store, ask, [placed])
    if not shown:
        raise NoRecord
    is_public = placed.listing.visibility is Visibility.PUBLIC
    uri = placed.listing.uri
    said = store.inquiries.list_public_thread(uri, MAX_REPLIES) if is_public else []
    return Thread(top=shown[0], replies=_replies(store, ask, shown[0], said))


def thread_with(store: AccountStore, ask: Ask, message_id: str) -> Thread:
    """Return the thread that a reply stands in; raise NoRecord where it is in none."""
    message = store.inquiries.find_message(message_id)
    inquiry = store.inquiries.find(message.inquiry) if message else None
    listing = store.listings.find_by_uri(inquiry.listing) if inquiry and inquiry.listing else None
    if listing is None or not may_see(listing, ask.viewer):
        raise NoRecord
    place = store.timeline.places([listing.id])[listing.id]
    return thread_of(store, ask, Placed(place=place, listing=listing))


def _replies(store: AccountStore, ask: Ask, top: Entity, said: Sequence[Message]) -> list[Entity]:
    blocked = {node for node in {each.node for each in said} if store.hosts.is_blocked(node)}
    known = store.actors.find_many({each.author for each in said if each.node not in blocked})
    heard = [actor for actor in known.values() if not store.blocks.is_blocked(actor.uri)]
    authors = {entity["uri"]: entity for entity in accounts(store, ask, heard)}
    counts = store.inquiries.count_public_replies(each.uri for each in said)
    by_uri = {top["uri"]: top}
    waiting = [each for each in said if each.author in authors]
    while ready := [each for each in waiting if each.in_reply_to in by_uri]:
        for each in ready:
            by_uri[each.uri] = entities.reply(
                each,
                each.text.best(ask.languages),
                authors[each.author],
                by_uri[each.in_reply_to or ""],
                replies=counts[each.uri],
                mine=ask.viewer.is_member,
            )
        waiting = [each for each in waiting if each.uri not in by_uri]
    return [entity for entity in by_uri.values() if entity is not top]
