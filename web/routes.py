"""Where each page is: the one table of addresses for people."""

from collections.abc import Sequence

from aiohttp import web

from catalogue.addresses import Path
from web.answers import Door, Page
from web.following import FollowDoor
from web.pages.about import about
from web.pages.affiliate import affiliate, affiliates, profile
from web.pages.browse import browse, tag
from web.pages.capacity import capacities, capacity
from web.pages.follow import follow
from web.pages.home import home
from web.pages.interaction import intent, interaction
from web.pages.listing import listing
from web.pages.message import message
from web.ports import Homes, Reader
from web.site import Site

PAGES: Sequence[tuple[Path, Page]] = (
    (Path.HOME, home),
    (Path.BROWSE, browse),
    (Path.LISTING, listing),
    (Path.MESSAGE, message),
    (Path.AFFILIATES, affiliates),
    (Path.AFFILIATE, affiliate),
    (Path.PROFILE, profile),
    (Path.ACTOR, profile),
    (Path.INSTANCE, about),
    (Path.CAPACITIES, capacities),
    (Path.CAPACITY, capacity),
    (Path.TAG, tag),
    (Path.ABOUT, about),
    (Path.FOLLOW, follow),
    (Path.INTERACTION, interaction),
    (Path.INTENT, intent),
)


def routes(site: Site, reader: Reader, homes: Homes) -> list[web.RouteDef]:
    """Return every route of this door; all are GET, and HEAD with it, but for one form."""
    door = Door(site, reader)
    pages = [web.get(path, door.handler(page)) for path, page in PAGES]
    form = FollowDoor(door, homes)
    return [*pages, web.get(Path.STATIC, door.static), web.post(Path.FOLLOW, form.post)]
