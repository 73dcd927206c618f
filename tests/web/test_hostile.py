"""What strangers write, in every field that a page shows: inert (H52, H55 to H58, L26 to L28)."""

import re
from html.parser import HTMLParser
from urllib.parse import quote, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from yarl import URL

from catalogue.language import LanguageMap
from catalogue.model import FollowState, Kind
from catalogue.richtext import clean

CORPUS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)//",
    "<svg/onload=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "</title><script>alert(1)</script>",
    "</textarea></style></noscript><script>alert(1)</script>",
    "<a href=javascript:alert(1)>x</a>",
    '<a href="jAvAsCrIpT&colon;alert(1)">x</a>',
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<form action=//evil.example><button>log in</button></form>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<style>*{background:url(//evil.example)}</style>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% for x in ().__class__ %}",
    "$1 {{PLURAL:$1|a|b}} $2",
    "]]><!--<script>alert(1)</script>-->",
    "\u202e\u2066 desrever \x00\x1b[31m",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]

HOSTILE_URLS = [
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//evil.example/",
    "https://wikimedia.org@evil.example/",
    'https://a.example/"onclick="alert(1)',
]

ELEMENTS = """
a article aside bdi body br button caption code dd details div dl dt em footer form h1 h2 h3
head header html img input label li link main meta nav ol option p path circle ellipse rect
section select span strong summary svg table tbody td th thead time title tr ul g
blockquote b i u s del pre
"""
OURS = frozenset(re.findall(r"\w+", ELEMENTS))


class Page(HTMLParser):
    """What a browser would make of a page, as far as it could do harm."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in OURS:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "srcdoc", "formaction", "http-equiv"}:
                self.wrong.append(f"{tag} {name}={value}")
            if name in {"href", "src", "action"} and not _is_harmless(value or ""):
                self.wrong.append(f"{tag} {name}={value}")


def _is_harmless(url: str) -> bool:
    parts = urlsplit(url)
    if not parts.scheme:
        return url.startswith(("/", "#")) and not url.startswith("//")
    return parts.scheme in {"http", "https"} and "@" not in parts.netloc


def test_the_judge_sees_what_is_wrong():
    assert Page("<p onclick=x><script></script><a href='//evil.example'>").wrong == [
        "p onclick=x",
        "<script>",
        "a href=//evil.example",
    ]


@pytest.fixture
async def haunted(
    world, browser: TestClient[web.Request, web.Application]
) -> TestClient[web.Request, web.Application]:
    """A node whose every field that others can write holds every string of the corpus once."""
    for place, evil in enumerate(CORPUS):
        said = LanguageMap({"en": evil, "uk": evil})
        by = world.neighbour(
            f"g{place}",
            name=evil,
            kind=evil,
            summary=LanguageMap({"en": clean(evil)}),
            regions=(evil,),
            languages=(evil,),
            url=HOSTILE_URLS[place % len(HOSTILE_URLS)],
            acct=f"{evil}@south.example",
        )
        for kind in Kind:
            world.take_in(
                by,
                kind=kind,
                title=said,
                text=LanguageMap({"en": clean(f"<p>{evil}</p>"), "uk": evil}),
                audience=said,
                capacities=("mediation", f"https://south.example/c/{evil}"),
                methods=(evil,),
                regions=(evil,),
                delivery_languages=(evil, "en"),
                url=HOSTILE_URLS[place % len(HOSTILE_URLS)],
            )
    world.peer("peer.example", CORPUS[2], state=FollowState.ACCEPTED, follows_us=True)
    return browser


async def _pages(world) -> list[str]:
    found = await world.database.read(
        lambda store: (
            [row["id"] for row in store.listings._sql.all("SELECT id FROM listing")],
            [row["id"] for row in store.actors._sql.all("SELECT id FROM actor")],
        )
    )
    listings, actors = found
    return [
        "/",
        "/listings",
        "/listings?kind=need&q=alert",
        "/affiliates",
        "/about",
        "/capacities",
        "/capacities/mediation",
        *(f"/proposals/{each}" for each in listings),
        *(f"/affiliates/{each}" for each in actors),
    ]


async def test_nothing_that_strangers_wrote_comes_to_life(world, haunted):
    wrong = {}
    for address in await _pages(world):
        answer = await haunted.get(address)
        assert answer.status < 500, address
        judged = Page(await answer.text()).wrong
        if judged:
            wrong[address] = judged
    assert wrong == {}


@pytest.mark.parametrize("evil", CORPUS)
async def test_nothing_in_an_address_comes_to_life(browser, evil):
    for params in ({"q": evil}, {"capacity": evil, "node": evil}, {"kind": evil}, {"by": evil}):
        answer = await browser.get("/listings", params={**params, "uselang": "qqx"})
        assert answer.status in {200, 400}
        assert Page(await answer.text()).wrong == []
    for path in ("/proposals/", "/affiliates/", "/capacities/", "/@", "/static/", "/nothing/"):
        answer = await browser.get(path + quote(evil, safe=""))
        assert answer.status == 404
        assert Page(await answer.text()).wrong == []


@pytest.mark.parametrize(
    "text", ["'--", "%", "_", '"NEAR(', "AND OR NOT", "*", "^a", "a:b", "(", '"""', "-x", "💥", "'"]
)
async def test_signs_of_the_search_engine_are_words(world, browser, text):
    world.affiliate()
    world.publish()
    answer = await browser.get("/listings", params={"q": text})
    assert answer.status == 200
    assert "Mediation for beginners" not in await answer.text()


async def test_an_address_of_another_host_is_not_linked(browser):
    ours = str(browser.make_url("/"))
    answer = await browser.session.get(URL(f"{ours}/evil.example/?uselang=en", encoded=True))
    assert answer.status == 404
    assert Page(await answer.text()).wrong == []
