"""What apps are shown of what is said in public about a listing, and whose accounts there are."""

from dataclasses import replace

import pytest

from catalogue import inquiries
from catalogue.correspondence import Letter
from catalogue.language import LanguageMap
from catalogue.model import Actor, FollowState, Listing, Role, Visibility
from federation.blocking import block_actor, block_hosts
from federation.model import HostBlock
from tests.web.conftest import BASE_URL, NOW, World
from tests.web.test_mastodon_calls import STATUS, heard

BLOG = "blog.example"


@pytest.fixture
def asker(world: World) -> Actor:
    return world.neighbour("ana", BLOG, role=Role.OTHER, name="Ana \u202eX", kind=None)


def says(
    world: World, by: Actor, to: str, name: str = "1", *, is_public: bool = True, text: str = "Hi"
) -> str:
    uri = f"https://{by.node}/notes/{name}"
    letter = Letter(
        uri=uri, url=f"https://{by.node}/@{by.handle}/{name}", author=by.uri, node=by.node,
        in_reply_to=to, named=(), text=LanguageMap({"en": f"<p>{text}</p>"}), is_public=is_public,
        published=NOW, updated=NOW,
    )  # fmt: skip
    assert world.database.write_now(inquiries.take_in, letter) is not None
    return uri


def answers(world: World, text: str) -> None:
    def work(store):
        [inquiry, *_] = store.inquiries.list_newest(limit=9)
        inquiries.answer(store, inquiry.id, LanguageMap({"en": f"<p>{text}</p>"}))

    world.database.write_now(work)


def place_of(world: World, made: Listing) -> int:
    [place] = world.database.read_now(lambda store: store.timeline.places([made.id])).values()
    return place


async def context(app, status_id):
    found = await heard(app, f"/api/v1/statuses/{status_id}/context")
    return [[each["uri"] for each in found[side]] for side in ("ancestors", "descendants")]


async def test_public_reply_and_its_answer_are_statuses_below_the_listing(world, app, asker):
    by = world.affiliate()
    made = world.publish()
    asked = says(world, asker, made.uri, text='Still <b onclick="x">free</b>?<script>x</script>')
    answers(world, "Yes")
    [top] = await heard(app, "/api/v1/timelines/public")
    assert top["replies_count"] == 1
    found = await heard(app, f"/api/v1/statuses/{top['id']}/context")
    assert found["ancestors"] == []
    reply, answer = found["descendants"]
    assert set(reply) >= STATUS
    assert (reply["uri"], reply["url"]) == (asked, f"https://{BLOG}/@ana/1")
    assert reply["content"] == "<p>Still <b>free</b>?</p>"
    assert (reply["in_reply_to_id"], reply["in_reply_to_account_id"]) == (top["id"], by.id)
    assert (reply["account"]["acct"], reply["account"]["group"]) == (f"ana@{BLOG}", False)
    assert "\u202e" not in reply["account"]["display_name"]
    assert (reply["replies_count"], answer["replies_count"]) == (1, 0)
    assert answer["account"]["acct"] == "archive_group"
    assert answer["uri"].startswith(f"{BASE_URL}/messages/")
    assert answer["in_reply_to_id"] == reply["id"]
    for each in (top, reply, answer):
        assert await heard(app, f"/api/v1/statuses/{each['id']}") == each
    assert await context(app, reply["id"]) == [[made.uri], [answer["uri"]]]
    assert await context(app, answer["id"]) == [[made.uri, asked], []]
    await heard(app, f"/api/v1/accounts/{asker.id}", 404)  # shown with what they said, no more


async def test_what_is_not_public_is_below_no_listing(world, app, asker):
    world.affiliate()
    made = world.publish()
    hidden = world.publish(visibility=Visibility.NETWORK)
    private = says(world, asker, made.uri, "private", is_public=False)
    says(world, asker, private, "below")
    says(world, asker, hidden.uri, "of-hidden")
    [top] = await heard(app, "/api/v1/timelines/public")
    assert top["replies_count"] == 0
    assert await context(app, top["id"]) == [[], []]
    await heard(app, f"/api/v1/statuses/{place_of(world, hidden)}/context", 404)
    kept = world.database.read_now(lambda store: store.inquiries.list_by_author(asker.uri))
    assert len(kept) == 3
    for each in kept:
        await heard(app, f"/api/v1/statuses/{each.id}", 404)
        await heard(app, f"/api/v1/statuses/{each.id}/context", 404)


@pytest.mark.parametrize("blocked", ["host", "actor"])
async def test_h64_reply_of_somebody_blocked_is_gone_with_what_answers_it(
    world, app, asker, blocked
):
    world.affiliate()
    made = world.publish()
    other = world.neighbour("bo", "other.example", role=Role.OTHER)
    says(world, other, says(world, asker, made.uri))
    stays = says(world, other, made.uri, "2")
    [top] = await heard(app, "/api/v1/timelines/public")
    assert (top["replies_count"], len((await context(app, top["id"]))[1])) == (2, 3)
    if blocked == "host":
        block = HostBlock(host=BLOG, at=NOW)
        world.database.write_now(block_hosts, [block])
    else:
        world.database.write_now(block_actor, asker.uri, reason="")
    world.database.write_now(lambda store: store.actors.put(asker))  # were it known again
    assert await context(app, top["id"]) == [[], [stays]]


async def test_accounts_are_of_those_who_take_part(world, app):
    ours = world.affiliate()
    writer = world.neighbour("writer", "far.example")
    author = world.neighbour("author", "south.example")
    world.take_in(author)
    near = world.neighbour("near", "near.example")
    world.peer("near.example", "Near", state=FollowState.ACCEPTED, follows_us=False)
    shown = {each["id"] for each in await heard(app, "/api/v1/directory")}
    assert shown == {ours.id, author.id, near.id}
    [local] = await heard(app, "/api/v1/directory?local=true")
    assert local["id"] == ours.id
    assert await heard(app, "/api/v1/accounts/search?q=writer") == []
    for path in (
        f"accounts/{writer.id}", f"accounts/{writer.id}/statuses",
        "accounts/lookup?acct=writer@far.example",
    ):  # fmt: skip
        await heard(app, f"/api/v1/{path}", 404)
    await heard(app, f"/api/v1/accounts/{author.id}")
    block = HostBlock(host="south.example", at=NOW)
    world.database.write_now(block_hosts, [block, replace(block, host="near.example")])
    [left] = await heard(app, "/api/v1/directory")
    assert left["id"] == ours.id
    assert await heard(app, "/api/v1/timelines/public") == []
