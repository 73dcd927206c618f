"""Letting an app in with a real Chromium: seen narrow and wide, light and dark, both directions."""

import shutil
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, async_playwright

from tests.journeys.app import PASSWORD, member
from tests.journeys.world import Node, World, free_port
from tests.web.test_browser import EXAMINE, FLAGS, GROUNDS, WELL
from web import accounts

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
]

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """A running node with a member."""
    world = World(tmp_path)
    made = await world.node("node")
    await member(made)
    yield made
    await world.close()


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A real browser."""
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


async def address_for(node: Node, back: str, **more: str) -> str:
    """Make an app known; return the address where one lets it in."""
    app, _ = await node.database.write(
        accounts.add_app,
        name="Taschentelefon der Donaudampfschifffahrt",
        website="",
        redirect_uris=[back],
        scope="read",
    )
    query = {"response_type": "code", "client_id": app.id, "redirect_uri": back, **more}
    return f"{node.url}/oauth/authorize?{urlencode(query)}"


async def test_member_lets_an_app_in_and_is_sent_back_to_it(node, chromium):
    asked: list[str] = []

    async def note(request: web.Request) -> web.Response:
        asked.append(str(request.rel_url))
        return web.Response(text="<!doctype html><title>the app</title>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{rest:.*}", note)
    async with TestServer(app, port=free_port()) as there:
        goal = str(there.make_url("/back"))
        page = await (await chromium.new_context(java_script_enabled=False)).new_page()
        await page.goto(await address_for(node, goal, state="as it was"))
        assert urlsplit(goal).netloc in await page.locator("main").inner_text()
        await page.get_by_label("Name", exact=True).fill("olena")
        await page.get_by_label("Password").fill("not the password")
        await page.get_by_role("button", name="Sign in and allow").click()
        assert "do not go together" in await page.get_by_role("alert").inner_text()
        assert asked == []
        await page.get_by_label("Name", exact=True).fill("Olena")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{goal}**")
        told = parse_qs(urlsplit(page.url).query)
        assert told["state"] == ["as it was"]
        assert len(told["code"][0]) == 43

        await page.goto(await address_for(node, goal))
        await page.get_by_role("button", name="Do not allow").click()
        await page.wait_for_url(f"{goal}**")
        assert parse_qs(urlsplit(page.url).query)["error"] == ["access_denied"]


async def test_code_is_shown_to_be_copied(node, chromium):
    page = await chromium.new_page()
    await page.goto(await address_for(node, OUT_OF_BAND))
    await page.get_by_label("Name", exact=True).fill("olena")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in and allow").click()
    await page.get_by_role("heading", name="Your code").wait_for()
    assert len(await page.locator("main code").inner_text()) == 43


async def test_page_in_another_language_asks_the_same(node, chromium):
    page = await chromium.new_page()
    await page.goto(await address_for(node, OUT_OF_BAND, state="kept"))
    await page.get_by_role("link", name="українська").click()
    assert await page.locator('input[name="state"]').get_attribute("value") == "kept"
    await page.get_by_label("Ім’я", exact=True).fill("olena")
    await page.get_by_label("Пароль").fill(PASSWORD)
    await page.get_by_role("button", name="Увійти й дозволити").click()
    await page.get_by_role("heading", name="Ваш код").wait_for()


async def test_page_holds_together_in_every_look(node, chromium):
    backs = (OUT_OF_BAND, "https://a-rather-long-name-of-an-app.example/back")
    addresses = [await address_for(node, back) for back in backs]
    wrong = [
        each
        for width, scheme, uselang in product((320, 1280), ("light", "dark"), ("en", "ar"))
        for each in await _look(chromium, addresses, width, scheme, uselang)
    ]
    assert wrong == []


async def _look(
    chromium: Browser, addresses: list[str], width: int, scheme: str, uselang: str
) -> list[tuple[object, ...]]:
    """Open the form and send it with a wrong password; return what is wrong with the pages."""
    context = await chromium.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=False
    )
    page = await context.new_page()
    wrong: list[tuple[object, ...]] = []
    page.on("console", lambda message: wrong.append(("said", message.text)))
    expected = WELL | {"ground": GROUNDS[scheme], "direction": "ltr" if uselang == "en" else "rtl"}

    async def examine(when: str) -> None:
        found = await page.evaluate(EXAMINE)
        at = (when, width, scheme, uselang)
        wrong.extend((*at, name, found[name]) for name in expected if found[name] != expected[name])

    for address in addresses:
        await page.goto(f"{address}&uselang={uselang}")
        await examine("at first")
    await page.locator("#username").fill("nobody")
    await page.locator("#password").fill("wrong")
    await page.keyboard.press("Enter")
    await page.locator("#wrong").wait_for()
    await examine("with the wrong password")
    await context.close()
    return [each for each in wrong if "422" not in str(each)]
