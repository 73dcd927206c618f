"""Following from one's own server, and being sent here from one."""

import re
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
import segno
from aiohttp import web

from catalogue.language import LanguageMap
from catalogue.model import FollowState, Role, Visibility
from tests.web.test_hostile import CORPUS, HOSTILE_URLS, Page
from tests.web.test_pages import read
from web.following import EACH
from web.qr import MAX_TEXT, code

HERE = {"Sec-Fetch-Site": "same-origin"}
OURS = "http://north.example/actors/archive_group"
FOLLOW = "https://w3id.org/fep/3b86/Follow"


@dataclass
class MyServer:
    """A reader's own server, on this machine."""

    port: int = 0
    template: str = "https://my.example/follow?who={object}"
    asked: list[str] = field(default_factory=list)

    @property
    def account(self) -> str:
        return f"@me@127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.query["resource"])
        return web.json_response({"links": [{"rel": FOLLOW, "template": self.template}]})


@pytest.fixture
async def mine() -> AsyncIterator[MyServer]:
    server = MyServer()
    app = web.Application()
    app.router.add_get("/.well-known/webfinger", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    yield server
    await runner.cleanup()


async def send(browser, account, uri=OURS, headers=HERE, **fields):
    form = {"account": account, "uri": uri, **fields}
    return await browser.post("/follow", data=form, headers=headers, allow_redirects=False)


# -- the page -------------------------------------------------------------------------------------


async def test_page_says_how_to_follow(world, browser):
    world.affiliate()
    page = await read(browser, f"/follow?uri={OURS}")
    assert "Follow Archive Group" in page.text
    assert "@archive_group@north.example" in page.text
    assert page.first("form", method="post")["action"] == "/follow"
    assert page.first("input", name="uri")["value"] == OURS
    assert "required" in page.first("input", name="account")
    assert page.links["Back to Archive Group"] == "/@archive_group"


async def test_page_draws_the_address_as_a_code_that_reads_back(world, browser):
    """The drawing holds exactly the squares of the code for the affiliate's page."""
    world.affiliate()
    page = await read(browser, f"/follow?uri={OURS}")
    drawn = page.first("path", **{"class": "code__squares"})["d"]
    size = int(page.first("svg", role="img")["viewbox"].split()[-1])
    squares = [[0] * size for _ in range(size)]
    for start, row, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawn):
        for at in range(int(start), int(start) + int(length)):
            squares[int(row)][at] = 1
    wanted = segno.make_qr("http://north.example/@archive_group", error="m")
    assert squares == [list(row) for row in wanted.matrix_iter(border=4)]


def test_text_that_is_too_long_has_no_code():
    assert code("x" * MAX_TEXT) is not None
    assert code("x" * (MAX_TEXT + 1)) is None


async def test_every_kind_of_actor_can_be_followed(world, browser):
    world.affiliate()
    world.publish(regions=("PL",))
    far = world.neighbour()
    world.peer("south.example", "Far node", state=FollowState.ACCEPTED, follows_us=True)
    catalogue = world.neighbour(
        "catalogue", "north.example", uri="http://north.example/actors/catalogue",
        url="http://north.example/about", role=Role.CATALOGUE, name="Northern Exchange",
    )  # fmt: skip
    backs = {
        far.uri: f"/affiliates/{far.id}",
        catalogue.uri: "/@catalogue",
        "https://south.example/actors/catalogue": "/listings?node=south.example",
        "http://north.example/actors/mediation": "/@mediation",
        "http://north.example/actors/mediation.en": "/@mediation.en",
        "http://north.example/actors/ceeca": "/@ceeca",
    }
    for uri, back in backs.items():
        page = await read(browser, f"/follow?uri={uri}")
        assert page.has("a", href=back), uri
    links = {
        "/@archive_group": OURS,
        f"/affiliates/{far.id}": far.uri,
        "/": "http://north.example/actors/catalogue",
        "/about": "http://north.example/actors/catalogue",
        "/capacities/mediation": "http://north.example/actors/mediation",
        "/listings?capacity=mediation": "http://north.example/actors/mediation",
        "/listings?capacity=mediation&language=en": "http://north.example/actors/mediation.en",
        "/listings?region=CEECA": "http://north.example/actors/ceeca",
    }
    for address, uri in links.items():
        page = await read(browser, address)
        assert page.links["Follow from your server"] == f"/follow?uri={quote(uri, safe='')}"
    english = (await read(browser, "/capacities/mediation")).links["English"]
    assert english == f"/follow?uri={quote('http://north.example/actors/mediation.en', safe='')}"


async def test_topics_that_say_nothing_are_not_offered(world, browser):
    world.affiliate()
    world.publish(visibility=Visibility.NETWORK)
    for address in (
        "/capacities/mediation",
        "/listings?capacity=mediation",
        "/listings?region=PL",
    ):
        assert "Follow from your server" not in (await read(browser, address)).links
    world.publish()
    for asked in (
        "capacity=mediation&q=x",
        "capacity=mediation&mode=online",
        "capacity=mediation&capacity=policy",
        "language=en",
    ):
        address = f"/listings?{asked}"
        assert "Follow from your server" not in (await read(browser, address)).links


async def test_page_of_a_topic_is_where_its_listings_are(world, browser):
    world.affiliate()
    world.publish(regions=("PL",))
    for handle, page in {
        "mediation": "/capacities/mediation",
        "mediation.en": "/listings?capacity=mediation&language=en",
        "CEECA": "/listings?region=CEECA",
    }.items():
        answer = await browser.get(f"/@{handle}", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, page)
    for handle in ("governance", "mediation.fr", "de"):
        assert (await browser.get(f"/@{handle}")).status == 404


@pytest.mark.parametrize(
    "uri",
    ["", "nobody", "https://blog.example/users/fan", "http://north.example/actors/governance",
     "http://north.example/actor", *HOSTILE_URLS, *CORPUS[:4]],
)  # fmt: skip
async def test_who_is_not_known_or_only_met_cannot_be_followed(world, browser, uri, mine):
    world.affiliate()
    world.neighbour("fan", "blog.example", uri="https://blog.example/users/fan", role=Role.OTHER)
    answer = await browser.get("/follow", params={"uri": uri})
    assert answer.status == 404
    assert (await send(browser, mine.account, uri=uri)).status == 404
    assert mine.asked == []


# -- the form -------------------------------------------------------------------------------------


async def test_reader_is_led_to_their_own_server(world, browser, mine):
    world.affiliate()
    answer = await send(browser, mine.account)
    assert answer.status == 303
    assert answer.headers["Location"] == f"https://my.example/follow?who={quote(OURS, safe='')}"
    assert answer.headers["Cache-Control"] == "no-store"
    assert mine.asked == [f"acct:me@127.0.0.1:{mine.port}"]


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"}, {"Origin": "https://evil.example"}, {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://north.example"},
    ],
    ids=str,
)  # fmt: skip
async def test_form_from_elsewhere_is_not_taken(world, browser, mine, headers):
    world.affiliate()
    answer = await send(browser, mine.account, headers=headers)
    assert answer.status == 403
    assert "This form was not sent from this page" in await answer.text()
    assert mine.asked == []


async def test_browser_that_tells_only_its_origin_is_believed(world, browser, mine):
    world.affiliate()
    answer = await send(browser, mine.account, headers={"Origin": "http://north.example"})
    assert answer.status == 303


async def test_what_is_no_account_is_said_so(world, browser, mine):
    world.affiliate()
    for account in ("", "me", "me@", "javascript:alert(1)", "x" * 5000):
        answer = await send(browser, account)
        assert answer.status == 422
        assert "That does not look like an account" in await answer.text()


@pytest.mark.parametrize("evil", CORPUS)
async def test_nothing_in_the_form_comes_to_life(world, browser, evil):
    world.affiliate()
    for account in (evil, f"{evil}@127.0.0.1:1", f"me@{evil}"):
        answer = await send(browser, account)
        assert answer.status in {200, 422}
        assert Page(await answer.text()).wrong == []


async def test_server_that_does_not_answer_leaves_the_handle(world, browser, mine):
    world.affiliate()
    mine.template = "javascript:alert({object})"
    answer = await send(browser, mine.account)
    text = await answer.text()
    assert answer.status == 200
    assert "Your server did not say where you can follow from" in text
    assert "@archive_group@north.example" in text
    assert mine.account in text


async def test_who_asks_too_often_is_stopped_and_others_go_on(world, browser, mine):
    world.affiliate()

    async def ask(client):
        headers = {**HERE, "X-Forwarded-For": f"203.0.113.99, {client}"}
        return (await send(browser, mine.account, headers=headers)).status

    assert [await ask("198.51.100.1") for _ in range(EACH + 1)] == [*[303] * EACH, 429]
    assert await ask("198.51.100.2") == 303
    assert len(mine.asked) == 1  # the answer is remembered


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"\xff\xfe&=&%%%", "application/x-www-form-urlencoded"),
        (b"account=a" * 5000, "application/x-www-form-urlencoded"),
        (b"a=1&" * 100, "application/x-www-form-urlencoded"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"{}", "application/json"),
        (b"x", ""),
    ],
)
async def test_what_is_no_form_is_no_error(world, browser, body, content_type):
    world.affiliate()
    headers = {**HERE, "Content-Type": content_type}
    answer = await browser.post("/follow", data=body, headers=headers)
    assert answer.status == 404


async def test_language_chosen_goes_along(world, browser, mine):
    world.affiliate()
    page = await read(browser, f"/follow?uri={OURS}&uselang=ar")
    assert page.first("form", method="post")["action"] == "/follow?uselang=ar"
    form = {"account": "x", "uri": OURS}
    answer = await browser.post("/follow?uselang=ar", data=form, headers=HERE)
    assert answer.headers["Content-Language"] == "ar"


# -- sent here from elsewhere ---------------------------------------------------------------------


async def test_what_is_known_is_opened(world, browser):
    world.affiliate()
    offer, far = world.publish(), world.neighbour()
    theirs = world.take_in(far)
    world.peer("south.example", "Far node", state=FollowState.ACCEPTED, follows_us=True)
    pages = {
        offer.uri: f"/proposals/{offer.id}",
        theirs.uri: f"/proposals/{theirs.id}",
        OURS: "/@archive_group",
        far.uri: f"/affiliates/{far.id}",
        "acct:archive_group@north.example": "/@archive_group",
        "@mediation.en@NORTH.example": "/@mediation.en",
        "http://north.example/actors/mediation": "/@mediation",
        "https://south.example/actors/catalogue": "/listings?node=south.example",
    }
    for uri, page in pages.items():
        for address in (
            f"/authorize_interaction?uri={quote(uri, safe='')}",
            f"/intents/object?uri={quote(uri, safe='')}",
            f"/intents/follow?uri={quote(uri, safe='')}",
            f"/intents/offer?object=x&target={quote(uri, safe='')}",
            f"/intents/offer?object={quote(uri, safe='')}",
        ):
            answer = await browser.get(address, allow_redirects=False)
            assert (answer.status, answer.headers.get("Location")) == (303, page), address


async def test_group_that_merely_wrote_to_somebody_is_not_known(world, browser):
    stranger = world.neighbour("buy_now", "shop.example")
    assert (await browser.get(f"/follow?uri={stranger.uri}")).status == 404
    page = await read(browser, f"/authorize_interaction?uri={stranger.uri}")
    assert page.has("a", href=stranger.uri)


async def test_what_is_not_known_is_explained_and_not_fetched(world, browser, mine):
    uri = f"http://127.0.0.1:{mine.port}/users/me"
    page = await read(browser, f"/authorize_interaction?uri={uri}")
    assert "Nobody can sign in to this node" in page.text
    assert page.has("a", href=uri)
    assert f"capx follow {uri}" in page.text
    assert mine.asked == []


async def test_limited_listing_looks_unknown_l33(world, browser):
    world.affiliate()
    hidden = world.publish(
        visibility=Visibility.NETWORK, title=LanguageMap({"en": "Marker of a secret"})
    )
    page = await read(browser, f"/authorize_interaction?uri={hidden.uri}")
    unknown = await read(browser, f"/authorize_interaction?uri={hidden.uri}x")
    assert "Marker" not in page.text
    assert page.text.replace(hidden.uri, "") == unknown.text.replace(f"{hidden.uri}x", "")


async def test_command_is_safe_to_paste(browser):
    for evil in (
        "https://x.example/$(reboot)",
        "https://x.example/;reboot",
        "https://x.example/'a`b`",
    ):
        page = await read(browser, f"/authorize_interaction?uri={quote(evil, safe='')}")
        command = page.text.partition("follow it for all with:")[2].partition(" See what")[0]
        assert shlex.split(command) == ["capx", "follow", evil]
    page = await read(browser, "/authorize_interaction?uri=acct:fan@blog.example")
    assert "capx follow fan@blog.example" in page.text


@pytest.mark.parametrize("evil", [*CORPUS, *HOSTILE_URLS[:-1]])
async def test_hostile_address_is_shown_and_not_linked(browser, evil):
    for path in ("/authorize_interaction", "/intents/object"):
        answer = await browser.get(path, params={"uri": evil})
        assert answer.status == 200
        text = await answer.text()
        assert Page(text).wrong == []
        assert "external" not in text.partition("<main")[2].partition("</main>")[0]


async def test_nothing_to_open_is_a_mistake(browser):
    for address in ("/authorize_interaction", "/authorize_interaction?uri=", "/intents/offer",
                    f"/intents/object?uri={'x' * 2049}"):  # fmt: skip
        assert (await browser.get(address)).status == 400
    assert (await browser.get("/intents/like?uri=x")).status == 404
