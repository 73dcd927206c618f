"""A reader's own server, asked where they follow: what it may say, and what not (L17, H30, H38)."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from federation import homes as room
from federation.guard import DialPolicy
from federation.homes import MAX_TEMPLATE, RELATIONS, Homes
from federation.remote import Remote
from tests.samples import HERE, NOW

FOLLOW, OBJECT, SUBSCRIBE = RELATIONS
WHOM = "https://hub.example/actors/governance.fr"
ENCODED = "https%3A%2F%2Fhub.example%2Factors%2Fgovernance.fr"
WEBFINGER = "/.well-known/webfinger"


@pytest.fixture
def homes(house, remote, clock, federating):
    return Homes(house, remote, addresses=HERE, clock=clock, settings=federating)


def jrd(document):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return web.Response(body=body, content_type="application/jrd+json")


def serve(foreign, *links):
    foreign.serve(WEBFINGER, jrd({"subject": "acct:me@my.example", "links": list(links)}))


def link(template, rel=FOLLOW):
    return {"rel": rel, "template": template}


async def way(homes, foreign):
    return await homes.find_way(f"@me@{foreign.host}", WHOM)


# -- the way --------------------------------------------------------------------------------------


async def test_best_relation_leads_whatever_their_order(homes, foreign):
    every = [
        link("https://my.example/subscribe?uri={uri}", SUBSCRIBE),
        link("https://my.example/open?uri={object}", OBJECT),
        link("https://my.example/follow?who={object}&then={on-success}"),
        {"rel": "self", "href": "https://my.example/users/me"},
    ]
    wanted = ["follow?who={}&then=", "open?uri={}", "subscribe?uri={}"]
    for left_out, expected in enumerate(wanted):
        serve(foreign, *every[: 3 - left_out])
        homes._known.clear()
        assert await way(homes, foreign) == f"https://my.example/{expected.format(ENCODED)}"


async def test_template_that_is_not_fit_gives_way_to_the_next(homes, foreign):
    serve(
        foreign,
        link("javascript:alert('{object}')"),
        link("https://my.example/subscribe?uri={uri}", SUBSCRIBE),
    )
    assert await way(homes, foreign) == f"https://my.example/subscribe?uri={ENCODED}"


async def test_server_may_name_another_host_as_its_people_live_there(homes, foreign):
    serve(foreign, link("https://social.my.example/intent?o={object}"))
    assert await way(homes, foreign) == f"https://social.my.example/intent?o={ENCODED}"


async def test_what_is_filled_in_cannot_break_out_of_its_place(homes, foreign):
    serve(foreign, link("https://my.example/a?o={object}&b=c"))
    found = await homes.find_way(f"me@{foreign.host}", "https://x.example/?a=1&b=2#{uri}/../ü")
    assert found == (
        "https://my.example/a?o=https%3A%2F%2Fx.example%2F%3Fa%3D1%26b%3D2%23%7Buri%7D%2F..%2F%C3%BC&b=c"
    )


HOSTILE = [
    "javascript:alert({object})",
    "JAVASCRIPT:alert({object})",
    "data:text/html,{object}",
    "file:///etc/passwd?{object}",
    "//my.example/{object}",
    "/authorize?uri={object}",
    "{object}",
    "{uri}/x",
    "https://{object}/x",
    "https://my.example{object}",
    "https://my.example@evil.example/{object}",
    "https://my.example\\@evil.example/{object}",
    "https://10.0.0.1/{object}",
    "https://169.254.169.254/latest?{object}",
    "https://[::ffff:10.0.0.1]/{object}",
    "https://0x7f.1/{object}",
    "https://my.example/\r\nSet-Cookie:a=b?{object}",
    "https://my.example/ {object}",
    "https://my.example/no-variable",
    "https://my.example/{other}",
    "https://my.example/{object",
    "https://my.example/{{object}}",
    "https://my.example/{object}{+rest*}",
    "https://my.example/?" + "&".join(["a={object}"] * 9),
    "https://my.example/?a={object}&" + "x" * MAX_TEMPLATE,
    "",
    None,
    7,
    ["https://my.example/{object}"],
    {"template": "https://my.example/{object}"},
]


@pytest.mark.parametrize("template", HOSTILE, ids=lambda each: repr(each)[:40])
async def test_hostile_template_leads_nowhere_l17_h30(homes, foreign, template):
    serve(foreign, link(template))
    assert await way(homes, foreign) is None


async def test_template_that_grows_leads_nowhere_h44(homes, foreign):
    serve(foreign, link("https://my.example/?" + "{object}" * 8))
    assert await homes.find_way(f"me@{foreign.host}", WHOM) is not None
    assert await homes.find_way(f"me@{foreign.host}", WHOM + "x" * 300) is None


@pytest.mark.parametrize(
    "port_or_scheme", ["http://my.example/{object}", "https://my.example:22/{object}"]
)
async def test_template_outside_development_is_https_on_its_own_port_h43(
    homes, foreign, port_or_scheme
):
    serve(foreign, link(port_or_scheme))
    assert await way(homes, foreign) is not None
    homes._settings = replace(homes._settings, policy=DialPolicy())
    assert homes._way(port_or_scheme, WHOM) is None


@pytest.mark.parametrize(
    "answer",
    [
        404, 410, 500,
        jrd(b"not json"), jrd(b"[]"), jrd({"links": "no"}), jrd({"links": [7, None, []]}), jrd({}),
        jrd(b'{"links": [' + b"{}," * 200_000 + b"{}]}"),
        web.Response(body=b"{}", content_type="text/html"),
        web.Response(status=302, headers={"Location": "https://elsewhere.example/"}),
        web.Response(status=302, headers={"Location": "http://10.0.0.1/"}),
    ],
    ids=lambda each: str(each)[:40],
)  # fmt: skip
async def test_server_without_an_answer_leads_nowhere_h38_h44(homes, foreign, answer):
    foreign.serve(WEBFINGER, answer)
    assert await way(homes, foreign) is None
    assert foreign.asked == {WEBFINGER: 1}


async def test_many_links_are_read_up_to_a_point(homes, foreign):
    serve(foreign, *[{"rel": "self"}] * 500, link("https://my.example/{object}"))
    assert await way(homes, foreign) is None


async def test_server_that_hangs_is_left_after_a_moment_l24(
    house, remote, clock, federating, foreign
):
    quick = replace(federating, home_seconds=0.05)
    homes = Homes(house, remote, addresses=HERE, clock=clock, settings=quick)
    released = asyncio.Event()

    async def hang(request):
        await released.wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/{path:.*}", hang)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        assert await homes.find_way(f"me@127.0.0.1:{port}", WHOM) is None
    finally:
        released.set()
        await runner.cleanup()


# -- whom to ask ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["@me@{}", "me@{}", " acct:me@{} ", "http://{}/@me", "ACCT:me@{}"])
async def test_account_is_read_as_people_write_it(homes, foreign, form):
    serve(foreign, link("https://my.example/{object}"))
    account = form.format(foreign.host)
    assert homes.is_account(account)
    assert await homes.find_way(account, WHOM) == f"https://my.example/{ENCODED}"


def test_name_in_another_script_is_asked_as_it_is_dialled(homes):
    assert homes._read("@me@bücher.example").server.raw_host == "xn--bcher-kva.example"


NO_ACCOUNTS = [
    "", "me", "@me", "me@", "@", "@@", "me@me@my.example", "my.example", "https://my.example/",
    "https://my.example/users/me", "me@my.example/path", "me@my.example?x", "me@my.example#x",
    "me me@my.example", "me@my example", "me@127.1", "me@0x7f.1", "me@2130706433",
    "me@127.0.0.1.", "me@[::1", "me@my.example:0", "me@my.example:99999", "me@10.0.0.1",
    "me@169.254.169.254", "me@\u2024example", "a" * 65 + "@my.example",
    "me@" + "a." * 130 + "example", "javascript:me@my.example", "me\x00@my.example",
    "me@my.example\r\nHost: evil.example", "x" * 400,
]  # fmt: skip


@pytest.mark.parametrize("account", NO_ACCOUNTS, ids=lambda each: repr(each)[:40])
async def test_what_is_no_account_asks_nobody_h39_h40(homes, account, nothing_dialled):
    assert not homes.is_account(account)
    assert await homes.find_way(account, WHOM) is None


@pytest.fixture
def nothing_dialled(homes, monkeypatch):
    """Fail when a question would leave."""

    async def never(_):
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(homes._remote, "get_jrd", never)


async def test_nobody_is_asked_on_loopback_outside_development_h39(
    house, clock, federating, foreign
):
    strict = replace(federating, policy=DialPolicy())
    async with Remote(user_agent="x", policy=strict.policy) as remote:
        homes = Homes(house, remote, addresses=HERE, clock=clock, settings=strict)
        for account in (f"me@{foreign.host}", "me@localhost", "me@127.0.0.1", "me@[::1]"):
            assert await homes.find_way(account, WHOM) is None
    assert foreign.asked == {}


async def test_blocked_host_and_our_own_are_not_asked_l31(homes, house, foreign):
    serve(foreign, link("https://my.example/{object}"))
    house.write_now(lambda store: store.hosts.block("127.0.0.1", at=NOW, reason=""))
    assert await way(homes, foreign) is None
    assert await homes.find_way(f"delta@{HERE.authority}", WHOM) is None
    assert foreign.asked == {}


# -- what is remembered ---------------------------------------------------------------------------


async def test_answer_is_remembered_for_a_while_and_so_is_none(homes, foreign, clock):
    for answer in (404, jrd({"links": [link("https://my.example/{object}")]})):
        foreign.serve(WEBFINGER, answer)
        first = await way(homes, foreign)
        foreign.serve(WEBFINGER, 500)
        assert await way(homes, foreign) == first
        clock.moment += timedelta(minutes=10, seconds=1)
    assert foreign.asked == {WEBFINGER: 2}


async def test_what_is_remembered_is_bounded(homes, foreign, monkeypatch):
    monkeypatch.setattr(room, "REMEMBERED", 3)
    serve(foreign, link("https://my.example/{object}"))
    for name in range(9):
        assert await homes.find_way(f"{name}@{foreign.host}", WHOM)
    assert len(homes._known) == 3
