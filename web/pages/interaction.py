"""What was to be opened here from another server: an address, by whatever way it came.

Mastodon and others send their readers to ``/authorize_interaction?uri=…`` (OStatus) or to an intent
of FEP-3b86. Nobody can sign in here yet, so the page leads to what the address is, where that is
known, and else says what can be done. It never asks another server for a stranger.
"""

import shlex

from catalogue.addresses import Path
from catalogue.errors import Invalid, NotFound, Problem
from catalogue.model import Actor, Role
from catalogue.policy import may_see
from catalogue.ports import Store
from catalogue.topics import find_local, find_topic_actor
from web.prose import cut, host_of
from web.views import InteractionView, Redirect
from web.visit import Visit

INTENTS = {"object": ("uri",), "follow": ("uri",), "offer": ("target", "object")}
MAX_ADDRESS = 2048  # characters
MAX_SHOWN = 200  # letters of an address nobody here knows


def interaction(store: Store, visit: Visit) -> InteractionView | Redirect:
    """Show what an address is, or what can be done with it."""
    return _open(store, visit, (visit.first("uri"),))


def intent(store: Store, visit: Visit) -> InteractionView | Redirect:
    """Answer an intent in the same way: what is meant is in one of its parameters."""
    names = INTENTS.get(visit.parts["name"])
    if names is None:
        raise NotFound("there is no such intent")
    return _open(store, visit, tuple(visit.first(name) for name in names))


def _open(store: Store, visit: Visit, addresses: tuple[str, ...]) -> InteractionView | Redirect:
    asked = [each for each in addresses if each]
    if not asked or max(map(len, asked)) > MAX_ADDRESS:
        raise Invalid([Problem(field="uri", message="name one address to be opened here")])
    for address in asked:
        if page := _page(store, visit, address):
            return Redirect(href=page)
    return _unknown(visit, asked[0])


def _page(store: Store, visit: Visit, address: str) -> str:
    """Return where this node shows what an address names; empty where it is not known."""
    listing = store.listings.find_by_uri(address)
    if listing is not None and may_see(listing, visit.viewer):
        return visit.at(Path.LISTING, id=listing.id)
    actor = _by_name(store, visit, address) or _by_address(store, address)
    if actor is None:
        return ""
    if actor.role is Role.AFFILIATE:
        takes_part = store.actors.list_affiliates(visit.site.addresses.authority, actor.uri)
        return visit.actor(actor) if takes_part else ""
    if actor.role is Role.TOPIC:
        return visit.actor(actor)
    if actor.node == visit.site.addresses.authority:
        return visit.at(Path.ABOUT)
    is_node = actor.role is Role.CATALOGUE
    return visit.at(Path.BROWSE, [("node", actor.node)]) if is_node else ""


def _by_address(store: Store, address: str) -> Actor | None:
    return find_local(store, address) or store.actors.find_by_uri(address)


def _by_name(store: Store, visit: Visit, address: str) -> Actor | None:
    """Return an actor of this node named as ``acct:name@host`` or ``@name@host``, or None."""
    name, _, host = address.removeprefix("acct:").removeprefix("@").partition("@")
    authority = visit.site.addresses.authority
    if host.lower() != authority:
        return None
    return store.actors.find_by_handle(name, authority) or find_topic_actor(store, name)


def _unknown(visit: Visit, address: str) -> InteractionView:
    """Say what can be done with an address: it may be hostile, so it is a link only when plain."""
    host = host_of(address)
    safe = address if host and address.isascii() else ""
    name = "" if safe or not _looks_like_account(address) else address.removeprefix("acct:")
    return InteractionView(
        title=visit.wording.say("interaction-title"),
        address=cut(address, MAX_SHOWN),
        original=safe,
        original_host=host if safe else "",
        command=f"capx follow {shlex.quote(safe or name)}" if safe or name else "",
        browse_href=visit.at(Path.BROWSE),
    )


def _looks_like_account(address: str) -> bool:
    name, at, host = address.removeprefix("acct:").removeprefix("@").partition("@")
    return bool(at and name and host_of(f"https://{host}/") == host and address.isascii())
