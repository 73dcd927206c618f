"""What strangers put into a letter: large, deep, odd or poisoned (H49-H62, L23, L26-L30)."""

import json
import time
from typing import Any
from urllib.parse import quote

import pytest

from tests.hostile.house import House
from tests.journeys.foreign import PUBLIC, Json
from tests.journeys.world import BROWSER
from tests.web.test_hostile import CORPUS, HOSTILE_URLS, Page

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON = 5.0  # seconds for what takes milliseconds on an idle machine: far below what an attack gains


async def take(house: House, name: str, **changes: Any) -> Json:
    """Have the liar publish a listing; return it when the node has done with it."""
    note = house.evil.proposal(house.liar, name, **changes)
    said = house.evil.say("Create", house.liar, note)
    assert await house.send(said, house.liar) == 202
    await house.rest()
    await house.assert_ready()
    return note


async def page_of(house: House, uri: str) -> str:
    """Return the page that shows a listing."""
    found = await house.node.find(uri)
    assert found is not None
    answer = await house.node.get(f"/proposals/{found.id}", BROWSER)
    assert answer.status == 200
    return answer.text


# -- JSON -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
        b'{"n":' + b"9" * 5000 + b"}",
        b'{"n":1e400}',
        b'{"n":NaN}',
        b'{"n":-Infinity}',
        b'{"n":12345678901234567890123}',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        '{"a":"\xe9"}'.encode("latin-1"),
        b'{"a":"\\ud800"}',
        b'{"a":"\\u0000"}',
        b'{"a":1}{"b":2}',
        b"{'a':1}",
        b"",
        b"null",
        b'"text"',
    ],
    ids=range(17),
)
async def test_h50_json_that_readers_disagree_about(house: House, body: bytes) -> None:
    async with house.unchanged():
        assert await house.send(body, house.liar) == 400


async def test_h51_l29_lists_and_keys_in_thousands(house: House) -> None:
    many = [f"https://a.example/{number}" for number in range(2000)]
    for changes in (
        {"tag": [{"type": "Hashtag", "name": f"#{number}"} for number in range(2000)]},
        {"to": [PUBLIC, *many]},
        {"attachment": many},
        {f"key{number}": number for number in range(4000)},
    ):
        began = time.monotonic()
        await take(house, "many", **changes)
        assert time.monotonic() - began < SOON
    over = house.lie(**{f"key{number}": [] for number in range(10_001)})
    await house.assert_refused(over, house.liar, 400)


# -- HTML and text --------------------------------------------------------------------------------


@pytest.mark.parametrize("evil", CORPUS, ids=range(len(CORPUS)))
async def test_h52_l26_l28_script_in_every_field(house: House, evil: str) -> None:
    texts = {"en": evil, "uk": evil}
    intent = {
        "type": "Intent",
        "name": evil,
        "nameMap": texts,
        "contentMap": {"en": f"<p>text</p>{evil}", "uk": evil},
        "resourceConformsTo": evil,
        "resourceClassifiedAs": [evil, f"https://a.example/{evil}"],
        "resourceQuantity": {"hasUnit": evil, "hasNumericalValue": evil},
    }
    note = house.evil.proposal(
        house.liar,
        f"evil{CORPUS.index(evil)}",
        publishes=intent,
        content=evil,
        targetAudience=texts,
        availableLanguage=[evil, "en"],
        areaServed=[evil, f"https://a.example/{evil}"],
        url=HOSTILE_URLS[CORPUS.index(evil) % len(HOSTILE_URLS)],
        tag=[{"type": "Hashtag", "name": evil, "href": evil}],
    )
    try:
        said = json.dumps(house.evil.say("Create", house.liar, note)).encode()
        status = await house.send(said, house.liar)
    finally:
        await house.rest()
    if "\x00" in evil:
        assert status == 400
        return
    assert status == 202
    text = await page_of(house, note["id"])
    assert Page(text).wrong == []


async def test_h53_html_with_attributes_in_thousands(house: House) -> None:
    html = "<p " + " ".join(f"a{n}=x" for n in range(30_000)) + ">text</p>"
    assert len(html) > 200_000
    began = time.monotonic()
    changed = {"en": html}
    intent = {"type": "Intent", "nameMap": {"en": "Wide"}, "contentMap": changed}
    await take(house, "wide", publishes=intent, content="<p>x</p>")
    assert time.monotonic() - began < SOON


async def test_h54_l30_html_that_nests_without_end(house: House) -> None:
    for html in ("<b>" * 60_000, "<div><p>" * 20_000, "&" * 100_000, "<a href='&#" * 15_000):
        began = time.monotonic()
        intent = {"type": "Intent", "nameMap": {"en": "Deep"}, "contentMap": {"en": html + "x"}}
        await take(house, "deep", publishes=intent, content="<p>x</p>")
        assert time.monotonic() - began < SOON


async def test_h55_l27_l28_links_that_stay_or_hide(house: House) -> None:
    links = ["/logout", "//evil.example/", "\\\\evil.example", *HOSTILE_URLS, "https://a.example/"]
    html = "".join(f'<p><a href="{link}">x</a></p>' for link in links)
    intent = {"type": "Intent", "nameMap": {"en": "Links"}, "contentMap": {"en": html}}
    note = await take(house, "links", publishes=intent)
    found = await house.node.find(note["id"])
    assert found is not None
    kept = found.text.main.text
    assert 'href="https://a.example/"' in kept
    assert [link for link in links[:-1] if f'href="{link}"' in kept] == []
    assert Page(await page_of(house, note["id"])).wrong == []


async def test_h56_classes_styles_and_forms(house: House) -> None:
    html = (
        '<p class="cdx-button page__head" style="position:fixed" id="main" name="q">text</p>'
        '<form action="/"><input name="q"><button>x</button></form><base href="//evil.example/">'
        '<meta http-equiv="refresh" content="0"><style>p{}</style><link rel="stylesheet" href="x">'
    )
    intent = {"type": "Intent", "nameMap": {"en": "Styled"}, "contentMap": {"en": html}}
    note = await take(house, "styled", publishes=intent)
    found = await house.node.find(note["id"])
    assert found is not None
    assert found.text.main.text == "<p>text</p>x"


async def test_h57_text_that_turns_round_or_piles_up(house: House) -> None:
    title = "\u202egpj.exe\u2066 " + "a" + "\u0301" * 10_000 + "\u200b" * 100
    intent = {"type": "Intent", "nameMap": {"en": title}, "contentMap": {"en": "<p>x</p>"}}
    note = await take(house, "turned", publishes=intent)
    found = await house.node.find(note["id"])
    assert found is not None
    assert len(found.title.main.text) <= 200
    text = await page_of(house, note["id"])
    assert "\u0301" * 20 not in text
    assert "\u202e" not in text.replace("<bdi>", "") or "<bdi" in text


# -- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "time_", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "x", "2026-13-45", 7, None, [], {}]
)
async def test_h59_times_that_never_are(house: House, time_: Any) -> None:
    name = f"time{abs(hash(str(time_)))}"
    note = await take(house, name, published=time_, updated=time_, endTime=time_)
    found = await house.node.find(note["id"])
    assert found is not None
    assert 1970 <= found.published.year <= 2100
    assert await page_of(house, note["id"])


@pytest.mark.parametrize(
    "text", ["'--", "'; DROP TABLE listing; --", "%", "_", '"NEAR(', '" OR 1=1', "a\\' OR 1", "*"]
)
async def test_h60_l23_signs_of_the_database(house: House, text: str) -> None:
    before = len(house.node.rows("SELECT * FROM listing"))
    note = await take(house, f"sql{abs(hash(text))}", url=f"{house.evil.url}/{text}")
    assert len(house.node.rows("SELECT * FROM listing")) == before + 1
    assert await page_of(house, note["id"])
    answer = await house.node.get(f"/listings?q={quote(text)}", BROWSER)
    assert answer.status == 200


async def test_l23_inbox_with_signs_of_the_database(house: House) -> None:
    quoted = house.evil.actor("quoted", inbox=f"{house.evil.url}/'--")
    follow = house.evil.say("Follow", quoted, house.node.catalogue)
    assert await house.send(follow, quoted) == 202
    await house.rest()
    assert [letter.path for letter in house.evil.letters if letter.type == "Accept"] == ["/'--"]
    assert house.node.rows("PRAGMA quick_check") == [("ok",)]


async def test_h62_poison_in_the_inbox_is_laid_aside(house: House) -> None:
    """What is no JSON any more, as after a fault of the disk; what comes after it goes on."""
    await house.rest()

    def spoil(store: Any) -> None:
        now = store.clock.now()
        store.inbox.remember(
            f"{house.evil.url}/poison", actor=house.liar.uri, body=b"\xff{", at=now
        )

    await house.node.database.write(spoil)
    note = await take(house, "after")
    assert (await house.node.titles())[note["id"]] == "after"
    found = house.node.rows("SELECT state FROM inbox WHERE uri LIKE '%/poison'")
    assert found == [("dead",)]
