"""How a page says that one can ask, and what it shows of what was asked: nothing."""

import pytest

from catalogue import inquiries, listings
from catalogue.correspondence import Letter
from catalogue.language import LanguageMap
from tests.web.conftest import NOW, REMOTE

ANA = f"https://{REMOTE}/users/ana"
ASK = "Reply to it from any fediverse account"


@pytest.fixture
def asked(world):
    """Have Ana ask about a listing, and the affiliate answer; return the answer."""

    def ask(listing, *, is_public):
        letter = Letter(
            uri=f"{ANA}/{is_public}",
            url=f"{ANA}/{is_public}",
            author=ANA,
            node=REMOTE,
            in_reply_to=listing.uri if listing else None,
            named=() if listing else (world.site.addresses.actor("archive_group"),),
            text=LanguageMap({"en": "<p>Quagga?</p>"}),
            is_public=is_public,
            published=NOW,
            updated=NOW,
        )
        message = world.database.write_now(inquiries.take_in, letter)
        answer = LanguageMap({"en": "<p>Quagga!</p>"})
        return world.database.write_now(inquiries.answer, message.inquiry, answer)

    return ask


async def test_page_of_a_public_open_listing_says_how_to_ask(world, browser):
    world.affiliate()
    public = world.publish()
    closed = world.publish()
    world.database.write_now(listings.close, closed.id)
    for listing, invites in ((public, True), (closed, False)):
        text = await (await browser.get(f"/proposals/{listing.id}")).text()
        assert (ASK in text) is invites
        assert text.count(f">{listing.uri}<") == 1 + invites  # to copy, and where it comes from


@pytest.mark.parametrize("is_public", [True, False])
async def test_nothing_that_was_said_is_shown(world, browser, asked, is_public):
    world.affiliate()
    listing = world.publish()
    answer = asked(listing, is_public=is_public)
    for address in (f"/proposals/{listing.id}", "/", "/listings?q=quagga", "/@archive_group"):
        found = await browser.get(address)
        text = (await found.text()).replace("quagga", "")
        assert (found.status, "Quagga" in text) == (200, False), address
    led = await browser.get(f"/messages/{answer.id}", allow_redirects=False)
    assert led.status == (303 if is_public else 404)
    if is_public:
        assert led.headers["Location"] == f"/proposals/{listing.id}"


async def test_answer_about_no_listing_leads_to_whoever_gave_it(world, browser, asked):
    world.affiliate()
    answer = asked(None, is_public=True)
    led = await browser.get(f"/messages/{answer.id}", allow_redirects=False)
    assert (led.status, led.headers["Location"]) == (303, "/@archive_group")


async def test_about_says_how_to_be_listed(browser, world):
    text = await (await browser.get("/about")).text()
    assert "#offer" in text
    assert text.count(f"@catalogue@{world.site.addresses.authority}") >= 2
