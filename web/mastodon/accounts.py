"""Affiliates as accounts, and the member who is signed in."""

from collections.abc import Iterable

from catalogue.model import Actor
from catalogue.search import Query
from catalogue.words import words
from web.accounts import AccountStore
from web.mastodon import entities
from web.mastodon.ask import Ask, Reply, paged
from web.mastodon.errors import BadParameter, NoRecord
from web.mastodon.shown import accounts, get_affiliate, statuses, taking_part
from web.mastodon.tags import capacities_of

MAX_ACCOUNTS = 80
MAX_RELATIONSHIPS = 40


def credentials(store: AccountStore, ask: Ask) -> Reply:
    """Show the member who is signed in."""
    del store
    language = ask.languages[0] if ask.languages else "en"
    return Reply(data=entities.own_account(ask.member, ask.site.addresses, ask.icon, language))


def account(store: AccountStore, ask: Ask) -> Reply:
    """Show an affiliate; to a member themselves, too."""
    if _is_self(ask):
        return Reply(data=entities.member_account(ask.member, ask.site.addresses, ask.icon))
    return Reply(data=accounts(store, ask, [get_affiliate(store, ask, ask.parts["id"])])[0])


def lookup(store: AccountStore, ask: Ask) -> Reply:
    """Show the affiliate with a handle, of this node or one that is known here."""
    found = find_by_acct(store, ask, ask.params.first("acct"))
    if found is None:
        raise NoRecord
    return Reply(data=accounts(store, ask, [found])[0])


def account_statuses(store: AccountStore, ask: Ask) -> Reply:
    """Show the open listings of an affiliate, newest first; nothing is pinned or has pictures."""
    params = ask.params
    span = params.span()
    for name in ("exclude_replies", "exclude_reblogs"):
        params.flag(name)
    is_empty = any([params.flag("pinned"), params.flag("only_media")])
    if _is_self(ask):
        return Reply(data=[])
    actor = get_affiliate(store, ask, ask.parts["id"])
    tagged = params.first("tagged")
    capacities = capacities_of(store.taxonomy, tagged)
    if is_empty or (tagged and not capacities):
        return Reply(data=[])
    query = Query(by=actor.uri, capacities=capacities, viewer=ask.viewer)
    found = store.timeline.slice(query, span, store.clock.now())
    return paged(
        ask, statuses(store, ask, found), found, "exclude_replies", "exclude_reblogs", "tagged"
    )


def search(store: AccountStore, ask: Ask) -> Reply:
    """Show the affiliates whose name or handle has these words."""
    limit = ask.params.number("limit", default=40, most=MAX_ACCOUNTS)
    offset = ask.params.number("offset", default=0, most=10_000, least=0)
    found = matching(store, ask, ask.params.first("q"))
    return Reply(data=accounts(store, ask, found[offset : offset + limit]))


def directory(store: AccountStore, ask: Ask) -> Reply:
    """Show the affiliates that take part, by name, or the newest first with ``order=new``."""
    limit = ask.params.number("limit", default=40, most=MAX_ACCOUNTS)
    offset = ask.params.number("offset", default=0, most=10_000, least=0)
    order = ask.params.first("order") or "active"
    if order not in {"active", "new"}:
        raise BadParameter("order must be active or new")
    here = ask.site.addresses.authority
    found = store.actors.list_affiliates(here)
    if ask.params.flag("local"):
        found = [actor for actor in found if actor.node == here]
    if order == "new":
        found = sorted(found, key=lambda actor: actor.published, reverse=True)
    return Reply(data=accounts(store, ask, found[offset : offset + limit]))


def relationships(store: AccountStore, ask: Ask) -> Reply:
    """Say how the member stands to some accounts."""
    wanted = dict.fromkeys(ask.params.every("id")[:MAX_RELATIONSHIPS])
    known = [each for each in wanted if store.actors.find(each)]
    return Reply(data=[entities.relationship(each) for each in known])


def matching(store: AccountStore, ask: Ask, text: str) -> list[Actor]:
    """Return the affiliate with this very handle or address, else those with these words."""
    exact = find_by_acct(store, ask, text) or taking_part(
        store, ask, store.actors.find_by_uri(text)
    )
    if exact is not None:
        return [exact]
    wanted = words(text)
    everyone = store.actors.list_affiliates(store.addresses.authority) if wanted else []
    return [actor for actor in everyone if _has(words(f"{actor.name} {actor.acct}"), wanted)]


def find_by_acct(store: AccountStore, ask: Ask, acct: str) -> Actor | None:
    """Return the affiliate whose handle this is: ``name``, ``name@host``, with or without ``@``."""
    handle, _, host = acct.strip().removeprefix("@").partition("@")
    node = host.lower() or ask.site.addresses.authority
    return taking_part(store, ask, store.actors.find_by_handle(handle, node)) if handle else None


def _has(there: Iterable[str], wanted: Iterable[str]) -> bool:
    """Say whether each wanted word begins one that is there."""
    known = list(there)
    return all(any(each.startswith(word) for each in known) for word in wanted)


def _is_self(ask: Ask) -> bool:
    holder = ask.holder
    return bool(holder and holder.member and holder.member.id == ask.parts["id"])
