"""Following from one's own server: whom, how, and where to go on."""

from catalogue.addresses import Path
from catalogue.errors import NotFound
from catalogue.model import Actor, Role
from catalogue.ports import Store
from catalogue.topics import find_local
from web.prose import host_of
from web.qr import code
from web.views import FollowView
from web.visit import Visit

FOLLOWABLE = {Role.AFFILIATE, Role.CATALOGUE, Role.TOPIC}
MAX_SHOWN = 320  # characters of an account that is shown again


def follow(
    store: Store, visit: Visit, *, account: str = "", problem: str = "", status: int = 200
) -> FollowView:
    """Show how to follow an affiliate, a catalogue or a topic that is known here."""
    actor = _whom(store, visit.first("uri"))
    address = actor.url if host_of(actor.url) else actor.uri
    return FollowView(
        title=visit.wording.say("follow-title"),
        status=status,
        form_action=_schemes(visit),
        name=visit.name(actor.name or actor.acct),
        acct=actor.acct,
        uri=actor.uri,
        action=visit.at(Path.FOLLOW),
        back_href=_page(visit, actor),
        code=code(address),
        account=account[:MAX_SHOWN],
        problem=problem,
    )


def _whom(store: Store, uri: str) -> Actor:
    """Return whom a reader can follow by this address; who is only met here is no one's business.

    Raises NotFound.
    """
    found = find_local(store, uri) or store.actors.find_by_uri(uri)
    here = store.addresses.authority
    is_known = found is not None and found.role in FOLLOWABLE
    if found is not None and found.role is Role.AFFILIATE:
        is_known = bool(store.actors.list_affiliates(here, found.uri))
    if found is None or not is_known:
        raise NotFound("there is nobody to follow at this address")
    return found


def _page(visit: Visit, actor: Actor) -> str:
    if actor.role is Role.CATALOGUE and actor.node != visit.site.addresses.authority:
        return visit.at(Path.BROWSE, [("node", actor.node)])
    return visit.actor(actor)


def _schemes(visit: Visit) -> str:
    """Return where a form here may lead: to the reader's server, over https."""
    is_trial = visit.site.addresses.base_url.startswith("http:")
    return "https: http:" if is_trial else "https:"
