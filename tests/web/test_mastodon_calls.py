"""What apps are answered: shapes, headers, and how many questions a page costs the database."""

import base64
import json
import re
from dataclasses import replace

import pytest

from catalogue import listings, taxonomy
from catalogue.language import LanguageMap
from catalogue.model import Kind, Visibility
from catalogue.taxonomy import load
from node.posts import Posts
from tests.web.conftest import BASE_URL
from web.mastodon.ask import Ask
from web.mastodon.params import from_query
from web.mastodon.routes import TABLE
from web.mastodon.tags import capacities_of, tag_of


async def heard(app, path, status=200, **headers):
    answer = await app.get(path, headers=headers)
    assert answer.status == status, await answer.text()
    return await answer.json()


STATUS = {
    "id", "uri", "created_at", "account", "content", "visibility", "sensitive", "spoiler_text",
    "media_attachments", "mentions", "tags", "emojis", "reblogs_count", "favourites_count",
    "replies_count", "url", "in_reply_to_id", "in_reply_to_account_id", "reblog", "poll", "card",
    "language", "edited_at",
}  # fmt: skip


async def test_status_has_every_field_that_apps_read(world, app):
    world.affiliate()
    made = world.publish(capacities=("mediation", "wikidata"))
    [status] = await heard(app, "/api/v1/timelines/public")
    assert set(status) >= STATUS
    assert re.fullmatch(r"[1-9][0-9]{17,18}", status["id"])
    assert (status["uri"], status["url"]) == (made.uri, made.url)
    assert status["created_at"] == "2030-05-03T12:00:01.000Z"
    assert status["content"].startswith("<p><strong>Offer: Mediation for beginners</strong></p>")
    assert [tag["name"] for tag in status["tags"]] == [
        "CapacityExchange", "Mediation", "Wikidata",
    ]  # fmt: skip
    assert status["tags"][1]["url"] == f"{BASE_URL}/tags/Mediation"
    assert status["account"]["acct"] == "archive_group"
    assert status["card"]["title"] == "Mediation for beginners"
    assert "favourited" not in status


async def test_listing_of_another_node_leads_to_its_home_and_its_tags_stay_here(world, app):
    made = world.take_in(world.neighbour())
    [status] = await heard(app, "/api/v1/timelines/public")
    assert (status["url"], status["account"]["acct"]) == (made.url, "far_group@south.example")
    assert f'href="{made.url}"' in status["content"]
    assert ">south.example</a>" in status["content"]
    assert f'href="{BASE_URL}/tags/Mediation"' in status["content"]


async def test_listing_is_shown_in_the_language_of_the_reader(world, app):
    world.affiliate()
    world.publish(
        title=LanguageMap({"fr": "Médiation", "uk": "Медіація"}),
        text=LanguageMap({"fr": "<p>Venez</p>", "uk": "<p>Приходьте</p>"}),
    )
    for wanted, language, word in (("uk,en", "uk", "Приходьте"), ("sw", "fr", "Venez")):
        [status] = await heard(app, "/api/v1/timelines/public", **{"Accept-Language": wanted})
        assert (status["language"], word in status["content"]) == (language, True)


async def test_hostile_words_of_another_node_are_inert(world, app):
    evil = '<img src=x onerror=alert(1)><script>alert(1)</script><p onclick="x">x</p>'
    by = world.neighbour(name=f"\u202e{evil}", summary=LanguageMap({"en": evil}))
    world.take_in(by, title=LanguageMap({"en": evil}), text=LanguageMap({"en": evil}))
    [status] = await heard(app, "/api/v1/timelines/public")
    for html in (status["content"], status["account"]["note"]):
        assert not re.search(r"<(?:img|script)|<[^<>]*onclick=", html)
    assert "\u202e" not in status["account"]["display_name"]


async def test_group_that_merely_wrote_to_somebody_is_no_account_here(world, app):
    near = world.affiliate()
    world.take_in(world.neighbour())
    stranger = world.neighbour("buy_now", "shop.example", name="Far Shop")
    assert len(await heard(app, "/api/v1/directory")) == 2
    for text in ("far", stranger.acct, stranger.uri):
        found = await heard(app, f"/api/v2/search?q={text}&type=accounts")
        assert stranger.acct not in {each["acct"] for each in found["accounts"]}
        assert stranger.acct not in str(await heard(app, f"/api/v1/accounts/search?q={text}"))
    for path in (f"/api/v1/accounts/lookup?acct={stranger.acct}", f"/api/v1/accounts/{stranger.id}",
                 f"/api/v1/accounts/{stranger.id}/statuses"):  # fmt: skip
        assert (await app.get(path)).status == 404
    [local] = await heard(app, "/api/v1/directory?local=true")
    assert local["id"] == near.id


async def test_page_costs_the_same_questions_for_one_listing_and_for_three(world, app):
    by = world.affiliate()
    counted: list[int] = []
    for wanted in (1, 3):
        while len(await heard(app, "/api/v1/timelines/public")) < wanted:
            world.publish()
            world.take_in(world.neighbour(f"far{wanted}"))
        counted.append(
            max(
                questions(world, path)
                for path in ("timelines/public", f"accounts/{by.id}/statuses", "directory")
            )
        )
    assert counted[0] == counted[1] < 8


def questions(world, path):
    """Count the statements that one call costs."""
    row = next(
        row
        for row in TABLE
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", row.path), f"/api/v1/{path}")
    )
    ask = Ask(
        site=world.site, posts=Posts(world.site.addresses), path=row.path,
        parts={"id": path.split("/")[-2:][0]}, params=from_query([]), languages=("en",), icon="",
    )  # fmt: skip
    asked: list[str] = []

    def run(store):
        connection = store.listings._sql._connection
        connection.set_trace_callback(asked.append)
        try:
            return row.call(store, replace(ask))
        finally:
            connection.set_trace_callback(None)

    world.database.read_now(run)
    return len([each for each in asked if not each.startswith("--")])


async def test_links_lead_on_and_keep_what_was_asked(world, app):
    world.affiliate()
    for _ in range(3):
        world.publish()
    answer = await app.get("/api/v1/timelines/public?limit=2&local=true&junk=x")
    shown = [each["id"] for each in await answer.json()]
    assert answer.headers["Link"] == (
        f'<{BASE_URL}/api/v1/timelines/public?limit=2&local=true&max_id={shown[1]}>; rel="next", '
        f'<{BASE_URL}/api/v1/timelines/public?limit=2&local=true&min_id={shown[0]}>; rel="prev"'
    )
    empty = await app.get(f"/api/v1/timelines/public?max_id={int(shown[1]) - 2**40}")
    assert (await empty.json(), "Link" in empty.headers) == ([], False)


async def test_limits_are_brought_down_and_nonsense_is_refused(world, app):
    world.affiliate()
    for _ in range(42):
        world.publish()
    assert len(await heard(app, "/api/v1/timelines/public")) == 20
    assert len(await heard(app, "/api/v1/timelines/public?limit=1000")) == 40
    assert len(await heard(app, "/api/v1/timelines/public?limit=0")) == 1
    for query in ("limit=x", "max_id=x", "local=perhaps", "local=1&remote=1"):
        assert set(await heard(app, f"/api/v1/timelines/public?{query}", 400)) == {"error"}
    assert await heard(app, "/api/v2/search", 400) == {"error": "q is missing"}


async def test_closed_listing_leaves_the_timeline_and_can_be_read(world, app):
    world.affiliate()
    made = world.publish()
    [before] = await heard(app, "/api/v1/timelines/public")
    world.database.write_now(listings.close, made.id)
    assert await heard(app, "/api/v1/timelines/public") == []
    after = await heard(app, f"/api/v1/statuses/{before['id']}")
    assert after["content"].startswith("<p><strong>Closed: ")
    assert after["edited_at"] is not None


@pytest.mark.parametrize("visibility", [each for each in Visibility if each != "public"])
async def test_what_is_not_public_is_on_no_surface_for_anyone(world, app, visibility):
    by = world.affiliate()
    made = world.publish(visibility=visibility, title=LanguageMap({"en": "marker-of-the-hidden"}))
    [place] = world.database.read_now(lambda store: store.timeline.places([made.id]).values())
    paths = [
        "/api/v1/timelines/public", "/api/v1/timelines/tag/Mediation", f"/api/v1/accounts/{by.id}",
        f"/api/v1/accounts/{by.id}/statuses", "/api/v1/directory", "/api/v1/trends/tags",
        "/api/v1/instance", f"/api/v1/statuses/{place}", f"/api/v1/statuses/{place}/context",
        "/api/v2/search?q=marker", f"/api/v2/search?q={made.uri}",
    ]  # fmt: skip
    for path in paths:
        text = await (await app.get(path)).text()
        assert "marker-of" not in text
        assert '"name":"Mediation"' not in text
    [account] = await heard(app, "/api/v1/directory")
    assert (account["statuses_count"], account["last_status_at"]) == (0, None)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.path)
async def test_other_sites_may_ask_and_head_is_like_get(app, row):
    path = re.sub(r"\{\w+\}", "x", row.path)
    asked = await app.options(path, headers={"Origin": "https://phanpy.example"})
    assert asked.status == 204
    assert asked.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    got, head = await app.get(path), await app.head(path)
    assert (head.status, await head.read()) == (got.status, b"")
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    assert "Link" in got.headers["Access-Control-Expose-Headers"]
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.content_type == "application/json"


async def test_what_is_not_here_is_said_in_json(app):
    for method, path in (
        ("GET", "/api/v1/polls/1"),
        ("POST", "/api/v1/statuses"),
        ("GET", "/api/v9/x"),
    ):
        answer = await app.request(method, path)
        assert (answer.status, await answer.json()) == (404, {"error": "Record not found"})
    assert (await app.options("/api/v1/statuses")).status == 204


async def test_app_may_speak_json(app):
    form = {"client_name": "A", "redirect_uris": ["https://a.example/", "myapp://back"]}
    answer = await app.post("/api/v1/apps", json={**form, "scopes": "read write follow push"})
    made = await answer.json()
    assert answer.status == 200
    assert made["redirect_uris"] == form["redirect_uris"]
    assert (made["scopes"], made["client_secret_expires_at"]) == (["read"], 0)
    ask = {"grant_type": "client_credentials", "scope": "read write"}
    pair = f"{made['client_id']}:{made['client_secret']}"
    basic = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    answer = await app.post("/oauth/token", json=ask, headers=basic)
    given = await answer.json()
    assert (answer.status, given["scope"], given["token_type"]) == (200, "read", "Bearer")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("tag", "named"),
    [
        ("Mediation", True), ("mediation", True), ("МЕДІАЦІЯ", True), ("conflictmanagement", False),
        ("nothing", False), ("", False), ("_", False),
    ],
)  # fmt: skip
def test_hashtag_names_its_capacity_in_any_language(tag, named):
    assert ("mediation" in capacities_of(load(), tag)) is named


def test_every_hashtag_of_a_post_leads_back_to_its_capacity():
    known = taxonomy.load()
    for concept in known.capacities:
        for language in concept.labels:
            assert concept.id in capacities_of(known, tag_of(known, concept.id, (language,)))


async def test_search_by_kind_and_offset(world, app):
    world.affiliate(name="Mediation friends")
    for number in range(3):
        world.publish(title=LanguageMap({"en": f"Mediation {number}"}), kind=Kind.OFFER)
    found = await heard(app, "/api/v2/search?q=mediation")
    assert [len(found[kind]) for kind in ("accounts", "statuses", "hashtags")] == [1, 3, 1]
    only = await heard(app, "/api/v2/search?q=mediation&type=statuses&limit=2&offset=2")
    assert [len(only[kind]) for kind in ("accounts", "statuses", "hashtags")] == [0, 1, 0]
    assert json.dumps(only)
