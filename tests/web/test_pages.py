"""The pages of a running node, asked as a browser asks."""

import gzip
import re
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from catalogue import listings
from catalogue.addresses import Path
from catalogue.language import LanguageMap
from catalogue.model import Category, FollowState, Kind, Mode, Visibility
from node.storage.database import connect
from node.storage.sql import Sql
from node.storage.store import NodeStore, Surroundings
from web.headers import SECURITY
from web.i18n.wording import wording
from web.pages.affiliate import affiliates, profile
from web.pages.browse import browse
from web.pages.capacity import capacities, capacity
from web.pages.home import home
from web.pages.listing import listing
from web.routes import PAGES
from web.visit import Visit


class Reading(HTMLParser):
    """A page as plain words, with its links and the first of each element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: dict[str, str] = {}
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        known = {name: value or "" for name, value in attrs}
        self.elements.append((tag, known))
        if tag == "br":
            self.words.append(" ")
        if tag == "a":
            self._open.append((known.get("href", ""), []))

    def handle_endtag(self, tag):
        if tag == "a":
            href, words = self._open.pop()
            self.links.setdefault(" ".join("".join(words).split()), href)

    def handle_data(self, data):
        self.words.append(data)
        for _, words in self._open:
            words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def first(self, tag: str, **wanted: str) -> dict[str, str]:
        return next(
            attrs
            for name, attrs in self.elements
            if name == tag and wanted.items() <= attrs.items()
        )

    def has(self, tag: str, **wanted: str) -> bool:
        return any(name == tag and wanted.items() <= attrs.items() for name, attrs in self.elements)


async def read(browser, address, **options) -> Reading:
    answer = await browser.get(address, **options)
    assert answer.status == 200, address
    return Reading(await answer.text())


# -- pages ----------------------------------------------------------------------------------------


async def test_home_shows_offers_and_needs_side_by_side_and_the_two_ways_in(world, browser):
    world.affiliate()
    world.publish()
    world.publish(kind=Kind.NEED, title=LanguageMap({"en": "Someone to edit our film"}),
                  capacities=("video-production",))  # fmt: skip
    page = await read(browser, "/")
    assert page.links["I can help See the one thing that others are looking for"] == (
        "/listings?kind=need"
    )
    assert page.links["I need help See the one thing that others offer"] == "/listings?kind=offer"
    assert page.links["Mediation for beginners"].startswith("/proposals/")
    assert page.links["Someone to edit our film"].startswith("/proposals/")
    assert "No match yet. Could you help?" in page.text
    assert "A node for groups of the north." in page.text


async def test_home_says_no_hint_on_a_need_that_has_a_match(world, browser):
    world.affiliate()
    world.affiliate("talk_group", name="Talk Group")
    world.publish()
    world.publish("talk_group", kind=Kind.NEED, title=LanguageMap({"en": "Help us talk"}))
    page = await read(browser, "/")
    assert "No match yet" not in page.text


async def test_a_match_that_the_reader_may_not_see_is_no_answer(world, browser):
    world.affiliate()
    world.affiliate("talk_group", name="Talk Group")
    world.publish(visibility=Visibility.NODE)
    need = world.publish("talk_group", kind=Kind.NEED, title=LanguageMap({"en": "Help us talk"}))
    assert "No match yet" in (await read(browser, "/")).text
    page = await read(browser, f"/proposals/{need.id}")
    assert "Nothing meets this yet" in page.text
    assert "Mediation for beginners" not in page.text


async def test_home_names_only_nodes_that_lists_are_exchanged_with(world, browser):
    world.peer("near.example", "Near node", state=FollowState.ACCEPTED, follows_us=True)
    world.peer("mute.example", "Mute node", state=FollowState.PENDING, follows_us=False)
    page = await read(browser, "/")
    assert "This node exchanges its list with one other." in page.text
    assert "Mute node" not in page.text


async def test_an_empty_node_has_pages_that_help(browser):
    page = await read(browser, "/")
    assert "There are no offers yet. Yours could be the first." in page.text
    assert "This node does not share with others yet." in page.text
    assert "No affiliate takes part yet." in (await read(browser, "/affiliates")).text
    assert "Nothing fits all of this" in (await read(browser, "/listings?q=tuba")).text


async def test_browse_narrows_by_links_that_add_and_take_back(world, browser):
    world.affiliate()
    world.publish()
    world.publish(title=LanguageMap({"en": "A room"}), category=Category.RESOURCE,
                  capacities=("meeting-space",), mode=Mode.IN_PERSON, regions=("PL",))  # fmt: skip
    page = await read(browser, "/listings?q=a&kind=offer")
    assert page.links["Resource 1"] == "/listings?q=a&kind=offer&category=resource"
    assert page.links["Poland 1"] == "/listings?q=a&kind=offer&region=PL"
    page = await read(browser, "/listings?q=a&category=resource&region=PL")
    assert page.links["Category: Resource(remove)"] == "/listings?q=a&region=PL"
    assert page.links["Region: Poland(remove)"] == "/listings?q=a&category=resource"
    assert page.links["Words: a(remove)"] == "/listings?category=resource&region=PL"
    assert page.links["Chosen:Resource 1"] == "/listings?q=a&region=PL"
    assert page.links["Clear all"] == "/listings"
    assert "One listing" in page.text


async def test_browse_counts_its_tabs_and_keeps_the_rest_of_the_question(world, browser):
    world.affiliate()
    world.publish()
    page = await read(browser, "/listings?kind=need&capacity=mediation")
    assert page.links["All 1"] == "/listings?capacity=mediation"
    assert page.links["Offers 1"] == "/listings?capacity=mediation&kind=offer"
    assert page.links["Needs 0"] == "/listings?capacity=mediation&kind=need"


async def test_the_form_carries_along_what_it_has_no_field_for(world, browser):
    page = await read(
        browser, "/listings?kind=need&capacity=a&capacity=b&category=skill&uselang=uk"
    )
    hidden = [
        (attrs["name"], attrs["value"])
        for tag, attrs in page.elements
        if tag == "input" and attrs["type"] == "hidden"
    ]
    assert hidden == [("kind", "need"), ("capacity", "a"), ("capacity", "b"), ("uselang", "uk")]
    assert page.first("option", selected="")["value"] == "skill"


async def test_browse_goes_on_by_cursor_until_all_are_seen(world, browser):
    world.affiliate()
    for number in range(45):
        world.publish(title=LanguageMap({"en": f"Offer number {number}"}))
    seen, address, pages = set(), "/listings?category=skill", 0
    while address:
        page = await read(browser, address)
        seen |= set(re.findall(r"Offer number \d+", page.text))
        address, pages = page.links.get("Next page"), pages + 1
    assert (len(seen), pages) == (45, 3)
    assert page.links["First page"] == "/listings?category=skill"


async def test_browse_of_one_affiliate_names_it(world, browser):
    by = world.affiliate()
    world.affiliate("talk_group", name="Talk Group")
    world.publish()
    world.publish("talk_group", title=LanguageMap({"en": "Another"}))
    page = await read(browser, f"/listings?by={by.id}")
    assert page.links["By: Archive Group(remove)"] == "/listings"
    assert "Another" not in page.text
    assert "Nothing found" in (await read(browser, "/listings?by=nobody")).text


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("kind=both", "kind: must be one of offer, need"),
        ("category=food", "category: must be one of skill, service, resource, funding"),
        ("mode=moon", "mode: must be one of online, in-person, hybrid"),
        ("cursor=x", "cursor: is not one that a page here gave"),
    ],
)
async def test_a_question_that_does_not_hold_is_told_what_is_wrong(browser, query, problem):
    answer = await browser.get(f"/listings?{query}")
    page = Reading(await answer.text())
    assert answer.status == 400
    assert problem in page.text
    assert answer.headers["Cache-Control"] == "no-cache"


async def test_a_listing_says_all_that_its_author_said(world, browser):
    world.affiliate()
    offer = world.publish(
        category=Category.FUNDING,
        title=LanguageMap({"uk": "Малі гранти", "pl": "Małe granty"}),
        text=LanguageMap({"uk": "<p>До п'ятисот євро.</p>", "pl": "<p>Do pięciuset euro.</p>"}),
        capacities=("mediation", "evaluation"),
        methods=("training", "workshop"),
        delivery_languages=("uk", "pl"),
        regions=("UA", "PL"),
        mode=Mode.HYBRID,
        audience=LanguageMap({"en": "Small groups"}),
        hours=Decimal("1.5"),
        amount=Decimal(500),
        currency="EUR",
        until=world.clock.now() + timedelta(days=30),
    )
    page = await read(browser, f"/proposals/{offer.id}")
    for words in (
        "Малі гранти",
        "Ukrainian",
        "До п'ятисот євро.",
        "Also in: Polish",
        "Do pięciuset euro.",
        "Online and in person",
        "Ukraine and Poland",
        "training and workshop",
        "Ukrainian and Polish",
        "Small groups",
        "1.5 hours",
        "500 euros",
        "June 2, 2030",
        "@archive_group@north.example",
        offer.uri,
    ):
        assert words in page.text
    assert page.links["mediation"] == "/capacities/mediation"
    assert page.links["Archive Group"] == "/@archive_group"
    assert page.first("h1") == {}
    assert page.has("bdi", lang="uk", dir="ltr")
    assert page.first("meta", property="og:title")["content"] == "Малі гранти"
    assert "lives on another node" not in page.text


async def test_a_listing_shows_its_matches_in_words_with_reasons(world, browser):
    world.affiliate()
    far = world.neighbour()
    offer = world.take_in(far, title=LanguageMap({"en": "Talking circles"}))
    need = world.publish(kind=Kind.NEED, title=LanguageMap({"en": "Help us talk"}))
    page = await read(browser, f"/proposals/{need.id}")
    assert page.links["Talking circles"] == f"/proposals/{offer.id}"
    assert "Strong match" in page.text
    assert "Fits: Both are about mediation" in page.text
    assert "Fits: Both can work in English" in page.text
    assert "%" not in page.text


async def test_a_copy_says_where_the_original_lives(world, browser):
    offer = world.take_in(world.neighbour())
    answer = await browser.get(f"/proposals/{offer.id}")
    page = Reading(await answer.text())
    assert "This listing lives on another node, south.example." in page.text
    assert page.links["See the original on south.example"] == offer.url
    assert page.first("link", rel="canonical")["href"] == offer.url
    assert page.has("meta", name="robots", content="noindex")
    assert "Link" not in answer.headers


async def test_a_closed_listing_can_be_read_and_says_so(world, browser):
    world.affiliate()
    offer = world.publish()
    world.database.write_now(listings.close, offer.id)
    page = await read(browser, f"/proposals/{offer.id}")
    assert "This listing is closed." in page.text
    assert "Hear what comes next" not in page.text
    assert "Mediation for beginners" not in (await read(browser, "/listings")).text


@pytest.mark.parametrize("visibility", [Visibility.NETWORK, Visibility.FOLLOWERS, Visibility.NODE])
async def test_what_a_reader_may_not_see_looks_as_if_it_were_not_there(world, browser, visibility):
    world.affiliate()
    secret = world.publish(visibility=visibility, title=LanguageMap({"en": "Xylophone safe house"}))
    hidden = await browser.get(f"/proposals/{secret.id}")
    absent = await browser.get("/proposals/id-999999")
    assert (hidden.status, absent.status) == (404, 404)
    assert (await hidden.text()).replace(secret.id, "id-999999") == await absent.text()
    assert set(hidden.headers) == set(absent.headers)
    for address in ("/", "/listings", "/listings?q=xylophone", "/@archive_group", "/capacities",
                    "/capacities/mediation", "/about"):  # fmt: skip
        text = (await read(browser, address)).text
        assert "Xylophone" not in text
        assert "1 offer" not in text


async def test_affiliates_are_listed_node_by_node_ours_first(world, browser):
    world.affiliate(regions=("PL",), languages=("pl",))
    far = world.neighbour()
    world.take_in(far)
    page = await read(browser, "/affiliates")
    assert page.links["Archive Group"] == "/@archive_group"
    assert page.links["Far Group"] == f"/affiliates/{far.id}"
    assert page.text.index("north.example") < page.text.index("south.example")
    assert "Poland" in page.text


async def test_group_that_merely_wrote_to_somebody_is_not_listed(world, browser):
    world.affiliate()
    world.neighbour("writer", "blog.example", name="Secret Circle")
    for address in ("/affiliates", "/about", "/"):
        text = await (await browser.get(address)).text()
        assert "Secret Circle" not in text
        assert "blog.example" not in text


async def test_an_affiliate_has_one_page_wherever_it_lives(world, browser):
    own, far = world.affiliate(), world.neighbour()
    world.publish()
    world.take_in(far)
    moved = await browser.get(f"/affiliates/{own.id}?uselang=uk", allow_redirects=False)
    assert (moved.status, moved.headers["Location"]) == (303, "/@archive_group?uselang=uk")
    page = await read(browser, "/@Archive_Group")
    assert "@archive_group@north.example" in page.text
    assert "Not looking for anything right now." in page.text
    assert page.links["Mediation for beginners"].startswith("/proposals/")
    page = await read(browser, f"/affiliates/{far.id}")
    assert "This affiliate is at home on another node, south.example." in page.text
    for absent in ("/@nobody", "/affiliates/nobody", "/@far_group"):
        assert (await browser.get(absent)).status == 404


async def test_the_page_of_the_catalogue_is_the_one_about_the_node(browser):
    answer = await browser.get("/@catalogue", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/about")


async def test_a_capacity_shows_what_is_open_for_it_and_for_what_is_narrower(world, browser):
    world.affiliate()
    scheme = world.database.read_now(lambda store: store.taxonomy.capacities)
    above = scheme.above("mediation")[0]
    world.publish()
    world.publish(kind=Kind.NEED, title=LanguageMap({"en": "Help us talk"}))
    page = await read(browser, f"/capacities/{above}")
    assert page.links["mediation 2"] == "/capacities/mediation"
    assert page.links["Mediation for beginners"].startswith("/proposals/")
    page = await read(browser, "/capacities/mediation?uselang=uk")
    assert "медіація" in page.text
    assert page.has("bdi", lang="ar", dir="rtl")
    tree = await read(browser, "/capacities")
    assert tree.links["mediation"] == "/capacities/mediation"
    assert "1 offer" in tree.text
    assert (await browser.get("/capacities/basket-weaving")).status == 404


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("mediation", "/capacities/mediation"),
        ("KnowledgeManagement", "/capacities/knowledge-management"),
        ("knowledge_management", "/capacities/knowledge-management"),
        ("tuba", "/listings?q=tuba"),
        ("GreatTuba", "/listings?q=Great+Tuba"),
        ("медіація", "/capacities/mediation"),
    ],
)
async def test_a_hashtag_leads_to_its_capacity_or_to_a_search(browser, name, target):
    answer = await browser.get(f"/tags/{name}", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, target)


async def test_about_tells_how_each_peer_stands(world, browser):
    world.peer("a.example", "Near node", state=FollowState.ACCEPTED, follows_us=True)
    world.peer("b.example", "Mute node", state=FollowState.PENDING, follows_us=False)
    world.peer("c.example", "Sour node", state=FollowState.REJECTED, follows_us=True)
    page = await read(browser, "/about")
    assert "@catalogue@north.example" in page.text
    assert "Near node a.example Yes Yes 0 May 3, 2030" in page.text
    assert "Mute node b.example Waiting for its answer No 0" in page.text
    assert "Sour node c.example It said no Yes 0" in page.text
    assert "Capacity Exchange 0.1.0" in page.text


# -- languages ------------------------------------------------------------------------------------


async def test_uselang_goes_along_with_every_link(world, browser):
    world.affiliate()
    world.publish()
    for address in ("/", "/listings", "/capacities", "/capacities/mediation", "/@archive_group"):
        page = await read(browser, address, params={"uselang": "qqx"})
        lost = [
            attrs["href"]
            for tag, attrs in page.elements
            if tag == "a" and attrs["href"].startswith("/") and "uselang=" not in attrs["href"]
        ]
        assert lost == []


async def test_qqx_leaves_no_words_of_the_interface(world, browser):
    page = await read(browser, "/about?uselang=qqx")
    assert "(about-title)" in page.text
    assert "Nodes that this one shares with" not in page.text


async def test_titles_come_in_the_language_of_the_reader(world, browser):
    world.affiliate()
    world.publish(title=LanguageMap({"en": "A room", "ar": "غرفة", "pl": "Pokój"}))
    for header, title, dir_ in (
        ("ar, en;q=0.5", "غرفة", "rtl"),
        ("pl", "Pokój", "ltr"),
        ("ja", "A room", "ltr"),
    ):
        page = await read(browser, "/listings", headers={"Accept-Language": header})
        assert title in page.links
        assert page.has("bdi", dir=dir_)


async def test_a_title_in_another_language_says_which(world, browser):
    world.affiliate()
    world.publish(title=LanguageMap({"sw": "Mafunzo"}))
    assert "Swahili" in (await read(browser, "/")).text
    page = await read(browser, "/", headers={"Accept-Language": "sw, en;q=0.5"})
    assert not page.has("span", **{"class": "language-badge"})


@pytest.mark.parametrize("header", ["", ";;;q=", "*", "x" * 5000, "en;q=9", "\u0663-ar"])
async def test_any_accept_language_gets_a_page(browser, header):
    page = await read(browser, "/", headers={"Accept-Language": header})
    assert page.first("html") == {"lang": "en", "dir": "ltr"}


@pytest.mark.parametrize("uselang", ["", "<x>", "../../etc/passwd", "en\x00", "qqq", "a" * 400])
async def test_any_uselang_gets_a_page(browser, uselang):
    page = await read(browser, "/", params={"uselang": uselang})
    assert page.first("html") == {"lang": "en", "dir": "ltr"}


# -- what goes with a page ------------------------------------------------------------------------


async def _some_of_each(world) -> list[str]:
    world.affiliate()
    offer, far = world.publish(), world.neighbour()
    world.take_in(far)
    fill = {"{id}": "mediation", "{handle}": "archive_group", "{name}": "mediation"}
    made = {
        Path.LISTING: f"/proposals/{offer.id}",
        Path.AFFILIATE: f"/affiliates/{far.id}",
        Path.FOLLOW: f"/follow?uri={far.uri}",
        Path.INTERACTION: "/authorize_interaction?uri=https://blog.example/users/fan",
        Path.INTENT: "/intents/object?uri=https://blog.example/notes/1",
    }
    return [
        made.get(path) or re.sub(r"\{\w+\}", lambda found: fill[found[0]], path)
        for path, _ in PAGES
        if path is not Path.MESSAGE  # a way to another page, tested with what it leads from
    ]


async def test_every_page_carries_the_headers(world, browser):
    for address in [*await _some_of_each(world), "/nothing", "/listings?kind=x", "/static/x.css"]:
        answer = await browser.get(address)
        expected = dict(SECURITY)
        if address.startswith("/follow"):  # whose form leads on to the reader's server
            name = "Content-Security-Policy"
            wider = "form-action 'self' https: http:"
            expected[name] = expected[name].replace("form-action 'self'", wider)
        assert {name: answer.headers.get(name) for name in SECURITY} == expected, address
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["Vary"] == "Accept, Accept-Language, Accept-Encoding"
        assert answer.content_type == "text/html"
        assert "Set-Cookie" not in answer.headers


async def test_the_policy_is_the_one_agreed_on():
    assert SECURITY["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    )


async def test_own_listings_and_affiliates_name_their_activitypub_twin(world, browser):
    own = world.affiliate()
    offer = world.publish()
    for address, uri in ((f"/proposals/{offer.id}", offer.uri), ("/@archive_group", own.uri)):
        answer = await browser.get(address)
        assert answer.headers["Link"] == (
            f'<{uri}>; rel="alternate"; type="application/activity+json"'
        )


async def test_a_page_that_has_not_changed_is_not_sent_again(world, browser):
    for address in await _some_of_each(world):
        first = await browser.get(address)
        again = await browser.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status, await again.read()) == (304, b""), address
        assert again.headers["ETag"] == first.headers["ETag"]
        other = await browser.get(address, headers={"If-None-Match": '"else"'})
        assert other.status == 200
    world.publish(title=LanguageMap({"en": "Something new"}))
    etag = (await browser.get("/")).headers["ETag"]
    world.publish(title=LanguageMap({"en": "Something newer"}))
    assert (await browser.get("/", headers={"If-None-Match": etag})).status == 200


async def test_a_page_is_packed_for_those_who_take_it(browser):
    plain = await browser.get("/about", headers={"Accept-Encoding": "identity"})
    packed = await browser.get("/about", headers={"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert await packed.read() == await plain.read()
    assert packed.headers["ETag"] != plain.headers["ETag"]
    refused = await browser.get("/about", headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers


async def test_head_is_like_get_without_the_page(world, browser):
    for address in await _some_of_each(world):
        got = await browser.get(address, allow_redirects=False)
        headed = await browser.head(address, allow_redirects=False)
        assert (headed.status, await headed.read()) == (got.status, b"")
        assert headed.headers.get("ETag") == got.headers.get("ETag")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused_on_every_address(world, browser, method):
    for address in [*await _some_of_each(world), "/static/x.css"]:
        takes_a_form = address.startswith("/follow")
        if takes_a_form and method == "POST":
            continue
        answer = await browser.request(method, address)
        assert answer.status == 405, address
        assert answer.headers["Allow"] == ("GET,HEAD,POST" if takes_a_form else "GET,HEAD")
        assert "This address is for reading only" in await answer.text()


async def test_what_does_not_ask_for_html_gets_no_page_for_an_address_that_is_none(browser):
    answer = await browser.get("/nothing", headers={"Accept": "application/activity+json"})
    assert (answer.status, answer.content_type) == (404, "text/plain")


@pytest.mark.parametrize("accept", ["", "*/*", ";;;", "image/png", "x" * 3000])
async def test_any_accept_gets_a_page(browser, accept):
    answer = await browser.get("/about", headers={"Accept": accept})
    assert (answer.status, answer.content_type) == (200, "text/html")


async def test_the_files_of_a_page_are_there_and_stay_for_a_year(browser):
    page = await read(browser, "/")
    addresses = [
        page.first("link", rel="stylesheet")["href"],
        page.first("link", rel="icon")["href"],
    ]
    for address, kind in zip(addresses, ("text/css", "image/svg+xml"), strict=True):
        answer = await browser.get(address)
        assert (answer.status, answer.content_type) == (200, kind)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        for_apps = {"Cross-Origin-Resource-Policy": "cross-origin"} if "svg" in kind else {}
        assert {name: answer.headers.get(name) for name in SECURITY} == {**SECURITY, **for_apps}
        assert re.fullmatch(r"/static/\w+\.[0-9a-f]{12}\.(css|svg)", address)


@pytest.mark.parametrize(
    "name", ["style.css", "..%2fstyle.css", "%2e%2e%2frender.py", "style.000000000000.css", "%00"]
)
async def test_no_other_file_is_there(browser, name):
    assert (await browser.get(f"/static/{name}")).status == 404


async def test_a_page_that_fails_says_nothing_of_why(world, browser, caplog):
    world.affiliate()
    world.publish()
    spoil = "UPDATE listing SET content = '{\"secret\": 1}'"
    world.database.write_now(lambda store: store.listings._sql.run(spoil))
    answer = await browser.get("/listings")
    page = Reading(await answer.text())
    assert answer.status == 500
    assert "Something went wrong on our side" in page.text
    assert "secret" not in page.text
    assert [record.message for record in caplog.records] == ["a page failed"]
    assert "ETag" not in answer.headers


async def test_a_page_whose_database_cannot_be_read_asks_for_patience(world, browser, caplog):
    world.affiliate()
    world.database.write_now(lambda store: store.listings._sql.run("DROP TABLE listing_facet"))
    answer = await browser.get("/listings")
    page = Reading(await answer.text())
    assert answer.status == 503
    assert "This node is out of breath" in page.text
    assert "listing_facet" not in page.text
    assert [record.message for record in caplog.records] == ["a page cannot be made now"]
    assert "ETag" not in answer.headers


async def test_a_front_page_is_light(world, browser):
    world.affiliate()
    for number in range(10):
        world.publish(title=LanguageMap({"en": f"Offer {number}"}))
        world.publish(kind=Kind.NEED, title=LanguageMap({"en": f"Need {number}"}))
    page = await browser.get("/", headers={"Accept-Encoding": "identity"})
    body = await page.read()
    style = await browser.get(
        Reading(body.decode()).first("link", rel="stylesheet")["href"],
        headers={"Accept-Encoding": "identity"},
    )
    assert len(gzip.compress(body)) < 10_000
    assert len(gzip.compress(await style.read())) < 10_000


# -- the number of questions ----------------------------------------------------------------------


class CountingSql(Sql):
    """SQL that counts what is asked of it."""

    asked = 0

    def all(self, statement, /, **values):
        self.asked += 1
        return super().all(statement, **values)

    def one(self, statement, /, **values):
        self.asked += 1
        return super().one(statement, **values)


def questions(world, page, **parts: str) -> int:
    """Show a page; return how many questions it asked the database."""
    connection = connect(world.database.path, read_only=True)
    around = world.database.read_now(
        lambda store: Surroundings(
            clock=store.clock, ids=store.ids, addresses=store.addresses, taxonomy=store.taxonomy
        )
    )
    sql = CountingSql(connection)
    visit = Visit(
        site=world.site, wording=wording("en"), languages=("en",), path="/x", parts=parts, asked=()
    )
    store = NodeStore(sql, around)
    page(store, visit)
    connection.close()
    return sql.asked


def test_longer_lists_ask_no_more_questions(world):
    world.affiliate()
    world.affiliate("talk_group", name="Talk Group")
    far = world.neighbour()
    need = world.publish("talk_group", kind=Kind.NEED, title=LanguageMap({"en": "Help us talk"}))
    world.publish()

    def count() -> dict[str, int]:
        return {
            "browse": questions(world, browse),
            "listing": questions(world, listing, id=need.id),
            "profile": questions(world, profile, handle="archive_group"),
            "affiliates": questions(world, affiliates),
            "capacity": questions(world, capacity, id="mediation"),
            "capacities": questions(world, capacities),
        }

    one = count()
    for number in range(2):
        world.affiliate(f"more_{number}", name=f"More {number}")
        world.publish(title=LanguageMap({"en": f"Talking circle {number}"}))
        world.take_in(far, title=LanguageMap({"en": f"Far circle {number}"}))
    assert count() == one


def test_the_front_page_asks_a_bounded_number_of_questions(world):
    world.affiliate()
    for _ in range(5):
        world.publish(kind=Kind.NEED, title=LanguageMap({"en": "Help us talk"}))
    five = questions(world, home)
    for _ in range(10):
        world.publish(kind=Kind.NEED, title=LanguageMap({"en": "Help us talk"}))
    assert questions(world, home) == five
