"""The pages in a real Chromium: narrow and wide, light and dark, in both directions, no scripts."""

import shutil
from itertools import product

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import async_playwright

from catalogue.language import LanguageMap
from catalogue.model import FollowState, Kind

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

GROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 20, 24)"}

LOOKS = [
    {"width": width, "scheme": scheme, "uselang": uselang}
    for width, scheme, uselang in product((320, 768, 1280), ("light", "dark"), ("en", "ar"))
]

# What a page looks like to whoever uses it; run from outside, as the page itself runs nothing.
EXAMINE = """() => {
  const seen = element => element.checkVisibility({visibilityProperty: true});
  const ids = [...document.querySelectorAll('[id]')].map(each => each.id);
  const controls = 'a, button, summary, select, input:not([type=hidden])';
  const inline = 'p, dd, td, th, .prose, .skip, .brand, .card__facts, h1, h2, h3';
  const targets = [...document.querySelectorAll(controls)]
    .filter(each => seen(each) && !each.closest(inline));
  const levels = [...document.querySelectorAll('h1, h2, h3')].map(each => Number(each.tagName[1]));
  return {
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    headings: document.querySelectorAll('h1').length,
    skipped: levels.some((level, at) => at > 0 && level > levels[at - 1] + 1),
    mains: document.querySelectorAll('main').length,
    twice: ids.filter((id, at) => ids.indexOf(id) !== at),
    small: targets.filter(each => each.getBoundingClientRect().height < 24)
      .map(each => each.outerHTML),
    unnamed: [...document.querySelectorAll('a, button')]
      .filter(each => !each.textContent.trim() && !each.getAttribute('aria-label')).length,
    unlabelled: [...document.querySelectorAll('input:not([type=hidden]), select')]
      .filter(each => each.labels.length === 0).map(each => each.name),
    pictures: [...document.images]
      .filter(each => !each.hasAttribute('alt') || !each.naturalWidth).length,
    ground: getComputedStyle(document.body).backgroundColor,
    direction: getComputedStyle(document.body).direction,
  };
}"""


WELL = {
    "overflow": 0,
    "headings": 1,
    "skipped": False,
    "mains": 1,
    "twice": [],
    "small": [],
    "unnamed": 0,
    "unlabelled": [],
    "pictures": 0,
}


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
async def test_every_page_holds_together_in_a_browser(world):
    world.affiliate(regions=("PL", "UA"), languages=("pl", "uk"))
    world.affiliate("talk_group", name="W" * 120)
    offer = world.publish(
        title=LanguageMap(
            {"en": "Donaudampfschifffahrtsgesellschaft" * 4, "ar": "حلقات حوار " * 12}
        ),
        text=LanguageMap({"en": "<p>" + "x" * 300 + "</p><pre>" + "y" * 300 + "</pre>"}),
        capacities=("mediation", "evaluation", "governance", "leadership", "wikidata"),
    )
    need = world.publish("talk_group", kind=Kind.NEED, title=LanguageMap({"en": "Help us talk"}))
    far = world.take_in(world.neighbour(), title=LanguageMap({"uk": "Кола розмови"}))
    world.peer("south.example", "Far node", state=FollowState.ACCEPTED, follows_us=True)
    addresses = [
        "/", "/listings", "/listings?q=mediation&category=skill&region=PL&capacity=mediation",
        f"/proposals/{offer.id}", f"/proposals/{need.id}", f"/proposals/{far.id}", "/affiliates",
        "/@talk_group", f"/affiliates/{far.id}", "/capacities", "/capacities/mediation", "/about",
        f"/follow?uri={far.by}", "/authorize_interaction?uri=https://blog.example/users/fan",
        "/listings?region=PL", "/nothing",
    ]  # fmt: skip
    async with TestServer(world.app()) as server, async_playwright() as play:
        chromium = await play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        root = str(server.make_url("/")).rstrip("/")
        wrong = [each for look in LOOKS for each in await _look(chromium, root, addresses, look)]
        await chromium.close()
    assert wrong == []


async def _look(chromium, root, addresses, look) -> list[tuple[object, ...]]:
    """Visit every page in one look; return what is wrong with them."""
    said: list[str] = []
    asked: list[str] = []
    wrong: list[tuple[object, ...]] = []
    context = await chromium.new_context(
        viewport={"width": look["width"], "height": 800},
        color_scheme=look["scheme"],
        java_script_enabled=False,
    )
    page = await context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    expected = WELL | {
        "ground": GROUNDS[look["scheme"]],
        "direction": "ltr" if look["uselang"] == "en" else "rtl",
    }
    for address in addresses:
        sign = "&" if "?" in address else "?"
        await page.goto(f"{root}{address}{sign}uselang={look['uselang']}")
        found = await page.evaluate(EXAMINE)
        wrong += [
            (address, look, name, found[name]) for name in expected if found[name] != expected[name]
        ]
    await context.close()
    wrong += [("said", text) for text in said if "404" not in text]
    wrong += [("asked", url) for url in asked if not url.startswith(f"{root}/")]
    return wrong


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
async def test_reader_follows_from_their_own_server_without_scripts(world):
    """From the button to the page of another server, through the policy that a browser enforces."""
    world.affiliate(name="Archive Group")
    world.publish()
    arrived: list[str] = []

    async def webfinger(request: web.Request) -> web.Response:
        template = f"http://{request.host}/follow?who={{object}}"
        link = {"rel": "http://ostatus.org/schema/1.0/subscribe", "template": template}
        wrong = {**link, "rel": "https://w3id.org/fep/3b86/Follow", "template": "javascript:{uri}"}
        return web.json_response({"links": [wrong, link]})

    async def welcome(request: web.Request) -> web.Response:
        arrived.append(request.query["who"])
        return web.Response(text="<h1>Do you want to follow them?</h1>", content_type="text/html")

    theirs = web.Application()
    theirs.router.add_get("/.well-known/webfinger", webfinger)
    theirs.router.add_get("/follow", welcome)
    async with (
        TestServer(world.app()) as server,
        TestServer(theirs, host="127.0.0.1") as home,
        async_playwright() as play,
    ):
        chromium = await play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = await chromium.new_context(java_script_enabled=False)
        page = await context.new_page()
        for start, whom in (
            ("/@archive_group", "archive_group"),
            ("/capacities/mediation", "mediation"),
        ):
            await page.goto(str(server.make_url(start)))
            await page.click("text=Follow from your server")
            await page.fill("#account", f"@me@127.0.0.1:{home.port}x")
            await page.click("main button")
            assert await page.text_content("[role=alert]") is not None
            await page.fill("#account", f"@me@127.0.0.1:{home.port}")
            await page.click("main button")
            assert await page.text_content("h1") == "Do you want to follow them?"
            assert arrived[-1] == f"http://north.example/actors/{whom}"
        await chromium.close()
    assert len(arrived) == 2
