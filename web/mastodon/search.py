"""Search for affiliates, listings and hashtags at once; nothing is fetched from elsewhere."""

from catalogue.finding import find
from catalogue.policy import may_see
from catalogue.search import MAX_LIMIT, Query
from catalogue.timeline import Placed
from web.accounts import AccountStore
from web.mastodon import entities
from web.mastodon.accounts import matching
from web.mastodon.ask import Ask, Reply
from web.mastodon.errors import BadParameter
from web.mastodon.shown import accounts, get_affiliate, statuses
from web.mastodon.tags import capacities_of, folded, tag_of

TYPES = ("accounts", "statuses", "hashtags")
MAX_TEXT = 400  # characters of a search
MAX_RESULTS = 40
MAX_OFFSET = MAX_LIMIT - MAX_RESULTS


def search(store: AccountStore, ask: Ask) -> Reply:
    """Show what a text finds; a listing or an affiliate that is known here also by its address."""
    params = ask.params
    text = params.first("q").strip()[:MAX_TEXT]
    if not text:
        raise BadParameter("q is missing")
    kind = params.first("type")
    if kind and kind not in TYPES:
        raise BadParameter(f"type must be one of {', '.join(TYPES)}")
    params.flag("resolve")
    limit = params.number("limit", default=20, most=MAX_RESULTS)
    offset = params.number("offset", default=0, most=MAX_OFFSET, least=0)
    cut = slice(offset, offset + limit)
    wanted = {kind} if kind else set(TYPES)
    account = params.first("account_id")
    by = get_affiliate(store, ask, account).uri if account else ""
    return Reply(
        data={
            "accounts": accounts(store, ask, matching(store, ask, text)[cut])
            if "accounts" in wanted
            else [],
            "statuses": statuses(store, ask, _listings(store, ask, text, by)[cut])
            if "statuses" in wanted
            else [],
            "hashtags": _hashtags(store, ask, text)[cut] if "hashtags" in wanted else [],
        }
    )


def _listings(store: AccountStore, ask: Ask, text: str, by: str) -> list[Placed]:
    named = store.listings.find_by_uri(text)
    if named is not None:
        found = [named] if may_see(named, ask.viewer) else []
    else:
        query = Query(text=text, by=by or None, limit=MAX_LIMIT, viewer=ask.viewer)
        found = [hit.listing for hit in find(store, query).hits]
    places = store.timeline.places([listing.id for listing in found])
    return [Placed(place=places[listing.id], listing=listing) for listing in found]


def _hashtags(store: AccountStore, ask: Ask, text: str) -> list[entities.Entity]:
    """Return the hashtags that a text names, then those with a label that begins like it."""
    taxonomy, start = store.taxonomy, folded(text)
    named = [*capacities_of(taxonomy, text), *taxonomy.capacities_named_in(text)]
    begun = [
        concept.id
        for concept in taxonomy.capacities
        if start and any(folded(label).startswith(start) for label in concept.labels.values())
    ]
    tags = (tag_of(taxonomy, each, ask.languages) for each in dict.fromkeys([*named, *begun]))
    mine = ask.viewer.is_member
    return [entities.tag(name, ask.site.addresses, mine=mine) for name in tags]
