"""From the catalogue to entities: the same few look-ups for one listing or for forty."""

from collections.abc import Sequence

from catalogue.model import Actor, Listing, Visibility
from catalogue.policy import may_see
from catalogue.timeline import Placed
from web.accounts import AccountStore
from web.mastodon import entities
from web.mastodon.ask import Ask
from web.mastodon.entities import Entity, Post
from web.mastodon.errors import BadParameter, NoRecord
from web.mastodon.params import place_of


def statuses(store: AccountStore, ask: Ask, placed: Sequence[Placed]) -> list[Entity]:
    """Return a Status for each listing; one whose author is not known here is left out."""
    authors = store.actors.find_many({each.listing.by for each in placed})
    shown = accounts(store, ask, list(authors.values()))
    by_uri = {entity["uri"]: entity for entity in shown}
    replies = store.inquiries.count_public_replies(
        each.listing.uri for each in placed if each.listing.visibility is Visibility.PUBLIC
    )
    return [
        entities.status(
            each.listing,
            each.place,
            _post(store, ask, each.listing),
            by_uri[each.listing.by],
            ask.site.addresses,
            replies=replies.get(each.listing.uri, 0),
            mine=ask.viewer.is_member,
        )
        for each in placed
        if each.listing.by in by_uri
    ]


def accounts(store: AccountStore, ask: Ask, actors: Sequence[Actor]) -> list[Entity]:
    """Return an Account for each affiliate."""
    figures = store.timeline.figures([actor.uri for actor in actors], store.clock.now())
    return [
        entities.account(
            actor,
            actor.summary.best(ask.languages),
            figures[actor.uri],
            ask.site.addresses,
            ask.icon,
        )
        for actor in actors
    ]


def get_placed(store: AccountStore, ask: Ask, text: str) -> Placed:
    """Return the listing that the id of a status names; raise NoRecord where it is not seen."""
    try:
        found = store.timeline.find(place_of(text))
    except BadParameter:
        raise NoRecord from None
    if found is None or not may_see(found.listing, ask.viewer):
        raise NoRecord
    return found


def get_affiliate(store: AccountStore, ask: Ask, text: str) -> Actor:
    """Return the affiliate with this id; raise NoRecord."""
    actor = taking_part(store, ask, store.actors.find(text))
    if actor is None:
        raise NoRecord
    return actor


def taking_part(store: AccountStore, ask: Ask, actor: Actor | None) -> Actor | None:
    """Return an affiliate that takes part: who merely wrote to somebody here is shown to nobody."""
    if actor is None or not store.actors.list_affiliates(ask.site.addresses.authority, actor.uri):
        return None
    return actor


def _post(store: AccountStore, ask: Ask, listing: Listing) -> Post:
    title = listing.title.best(ask.languages)
    return Post(
        language=title.language,
        title=title.text,
        text=listing.text.best([title.language]).text,
        html=ask.posts.html(listing, title.language, store.taxonomy),
        tags=ask.posts.hashtags(listing, title.language, store.taxonomy),
    )
