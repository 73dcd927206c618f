"""From a request to a visit, and the frame around the page that answers it."""

from dataclasses import replace

from aiohttp import web

from catalogue.addresses import CATALOGUE_HANDLE, Path
from catalogue.language import is_language_tag
from web import assets
from web.i18n.languages import KEYS, accepted, autonym, choose, direction
from web.i18n.wording import languages, wording
from web.site import Site
from web.views import Door, Frame, Tongue
from web.visit import Visit

USELANG = "uselang"

DOORS = (
    ("nav-browse", Path.BROWSE),
    ("nav-capacities", Path.CAPACITIES),
    ("nav-affiliates", Path.AFFILIATES),
    ("nav-about", Path.ABOUT),
)


def visit_of(request: web.Request, site: Site) -> Visit:
    """Read from a request what a page must know; what makes no sense in it is left out.

    The language is that of ``?uselang=``, else of Accept-Language, else the node's own.
    """
    given = request.query.get(USELANG, "")
    uselang = given if is_language_tag(given) else ""
    header = ",".join(request.headers.getall("Accept-Language", []))
    wanted = (*([uselang] if uselang else []), *accepted(header)) or site.languages
    spoken = KEYS if uselang == KEYS else choose(wanted, languages())
    return Visit(
        site=site,
        wording=wording(spoken),
        languages=tuple(dict.fromkeys((*wanted, spoken))),
        uselang=uselang,
        path="/" + request.rel_url.raw_path.lstrip("/"),  # never //host
        parts=dict(request.match_info),
        asked=tuple((key, value) for key, value in request.query.items() if key != USELANG),
    )


def frame_of(visit: Visit) -> Frame:
    """Return what surrounds a page on this visit."""
    site, files = visit.site, assets.load()
    return Frame(
        name=site.name,
        lang=visit.wording.language,
        dir=visit.wording.direction,
        home_href=visit.at(Path.HOME),
        language=autonym(visit.wording.language),
        doors=tuple(
            Door(key=key, href=visit.at(path), is_here=_is_under(visit.path, path))
            for key, path in DOORS
        ),
        tongues=tuple(_tongue(visit, tag) for tag in languages()),
        uselang=visit.uselang,
        authority=site.addresses.authority,
        catalogue=site.addresses.acct(CATALOGUE_HANDLE),
        software=site.software,
        source=site.source,
        stylesheet=files.href("style.css"),
        icon=files.href("icon.svg"),
    )


def _tongue(visit: Visit, tag: str) -> Tongue:
    return Tongue(
        tag=tag,
        name=autonym(tag),
        dir=direction(tag),
        href=replace(visit, uselang=tag).here(visit.asked),
        is_here=tag == visit.wording.language,
    )


def _is_under(path: str, door: Path) -> bool:
    return path == door or path.startswith(f"{door}/")
