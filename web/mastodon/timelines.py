"""Timelines: everything, this node's, other nodes', one capacity's."""

from dataclasses import replace

from catalogue.search import Query
from catalogue.timeline import Placed
from web.accounts import AccountStore
from web.mastodon import entities
from web.mastodon.ask import Ask, Reply, paged
from web.mastodon.errors import BadParameter
from web.mastodon.shown import statuses
from web.mastodon.tags import capacities_of, is_exchange


def public(store: AccountStore, ask: Ask) -> Reply:
    """Show the open listings of all nodes, or with ``local`` or ``remote`` of one side."""
    return _timeline(store, ask, Query(viewer=ask.viewer), "local", "remote", "only_media")


def home(store: AccountStore, ask: Ask) -> Reply:
    """Show a member what they may see: members follow nobody, so it is the whole catalogue."""
    return _timeline(store, ask, Query(viewer=ask.viewer))


def tag(store: AccountStore, ask: Ask) -> Reply:
    """Show the open listings for the capacity that a hashtag names."""
    name = ask.parts["tag"]
    capacities = capacities_of(store.taxonomy, name)
    if not capacities and not is_exchange(name):
        return Reply(data=[])
    query = Query(capacities=capacities, viewer=ask.viewer)
    return _timeline(store, ask, query, "local", "remote", "only_media")


def tag_itself(store: AccountStore, ask: Ask) -> Reply:
    """Describe a hashtag."""
    del store
    return Reply(data=entities.tag(ask.parts["tag"], ask.site.addresses, mine=ask.viewer.is_member))


def _timeline(store: AccountStore, ask: Ask, query: Query, *kept: str) -> Reply:
    is_local, is_remote = ask.params.flag("local"), ask.params.flag("remote")
    if is_local and is_remote:
        raise BadParameter("ask for local or for remote, not for both")
    span = ask.params.span()
    if ask.params.flag("only_media"):
        return Reply(data=[])
    here = ask.site.addresses.authority
    query = replace(query, node=here if is_local else None)
    span = replace(span, not_of=here if is_remote else None)
    found: list[Placed] = store.timeline.slice(query, span, store.clock.now())
    return paged(ask, statuses(store, ask, found), found, *kept)
