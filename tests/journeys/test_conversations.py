"""Somebody on the fediverse asks, files a draft, quotes; the affiliate answers from its node."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from catalogue import inquiries
from catalogue.correspondence import Draft, Inquiry, Message, Standing
from catalogue.language import LanguageMap
from catalogue.model import Category, Kind, Listing
from node.cli.main import main
from tests.journeys.foreign import PUBLIC, ForeignActor, ForeignServer, signed
from tests.journeys.test_audience import _surfaces
from tests.journeys.world import ACTIVITY, BROWSER, Answer, Node, World, eventually, offer

FIXTURES = Path(__file__).parents[1] / "fixtures" / "conversations"
MARKER = "wombat"  # in whatever is private, and nowhere else

Abroad = Callable[[], Awaitable[ForeignServer]]
Json = dict[str, Any]


class Stage:
    """One node with an affiliate and its listing, and one server with two people."""

    node: Node
    there: ForeignServer
    ana: ForeignActor
    bo: ForeignActor
    listing: Listing

    async def set_up(self, world: World, abroad: Abroad) -> "Stage":
        """Start both."""
        self.node, self.there = await world.node("hub"), await abroad()
        await self.node.affiliate("guild", "Guild of Mediators")
        self.listing = await self.node.publish(offer(), by="guild")
        self.ana = self.there.actor("ana", "Person")
        self.there.documents["/users/ana"]["name"] = "Ana from Elsewhere"
        self.bo = self.there.actor("bo", "Person")
        return self

    @property
    def guild(self) -> str:
        """The affiliate."""
        return f"{self.node.url}/actors/guild"

    def shaped(self, name: str) -> Json:
        """Return a post of Ana's in the shape of a server."""
        text = (FIXTURES / f"{name}.json").read_text("utf-8")
        put = {
            "HUBHOST": self.node.authority,
            "HUB": self.node.url,
            "THERE": self.there.url,
            "LISTING": self.listing.uri,
        }
        for mark, value in put.items():
            text = text.replace(mark, value)
        found: Json = json.loads(text)
        return found

    def post(self, name: str, by: ForeignActor, text: str, **changes: Any) -> Json:
        """Return a public post that mentions the affiliate."""
        note = {
            "id": f"{self.there.url}/notes/{name}",
            "type": "Note",
            "attributedTo": by.uri,
            "published": "2026-11-20T10:00:00Z",
            "to": [PUBLIC],
            "cc": [self.guild],
            "content": f"<p>{text}</p>",
            "contentMap": {"en": f"<p>{text}</p>"},
            "tag": [{"type": "Mention", "href": self.guild, "name": "@guild"}],
        }
        return {**note, **changes}

    async def send(self, activity: Json, by: ForeignActor | None = None) -> None:
        """Send an activity to the shared inbox, and wait until it has had its effect."""
        status, said = await self.there.send(self.node.inbox, activity, by or self.ana)
        assert status == 202, said
        await eventually(self._is_worked_off)

    async def say(self, verb: str, content: Any, by: ForeignActor | None = None) -> None:
        """Send a new activity."""
        await self.send(self.there.say(verb, by or self.ana, content), by)

    def _is_worked_off(self) -> bool:
        return self.node.rows("SELECT * FROM inbox WHERE state = 'pending'") == []

    async def inquiries(self) -> list[Inquiry]:
        """Return every inquiry, the newest first."""
        return await self.node.database.read(lambda store: store.inquiries.list_newest(limit=100))

    async def messages(self, inquiry: Inquiry) -> list[Message]:
        """Return what was said in an inquiry."""
        return await self.node.database.read(lambda store: store.inquiries.messages(inquiry.id))

    async def answer(self, inquiry: Inquiry, text: str) -> Message:
        """Answer in the affiliate's name."""
        said = LanguageMap({"en": f"<p>{text}</p>"})
        return await self.node.database.write(inquiries.answer, inquiry.id, said)


@pytest.fixture
async def stage(world: World, abroad: Abroad) -> Stage:
    return await Stage().set_up(world, abroad)


@pytest.mark.parametrize("shape", ["mastodon-reply", "gotosocial-reply", "snac-reply"])
async def test_reply_opens_an_inquiry_and_the_answer_arrives_as_a_reply(
    stage: Stage, shape: str
) -> None:
    asked = stage.shaped(shape)
    await stage.send(asked)
    (inquiry,) = await stage.inquiries()
    assert (inquiry.asker, inquiry.to, inquiry.listing, inquiry.standing) == (
        stage.ana.uri,
        stage.guild,
        stage.listing.uri,
        Standing.OPEN,
    )
    (question,) = await stage.messages(inquiry)
    assert (question.uri, question.is_public) == (asked["object"]["id"], True)

    answer = await stage.answer(inquiry, "Yes, with pleasure.")
    (create,) = await eventually(lambda: stage.there.got("Create"))
    note = create["object"]
    assert (note["id"], note["inReplyTo"]) == (answer.uri, question.uri)
    assert (note["to"], note["cc"]) == ([PUBLIC], [stage.ana.uri])
    assert note["tag"] == [
        {
            "type": "Mention",
            "href": stage.ana.uri,
            "name": f"@ana@127.0.0.1:{stage.there.port}",
        }
    ]
    assert note["content"].endswith(" Yes, with pleasure.</p>")
    assert create["proof"]["cryptosuite"] == "eddsa-jcs-2022"
    assert (await stage.inquiries())[0].standing is Standing.ANSWERED

    # both are where the fediverse looks for them
    served = await stage.there.fetch(answer.uri)
    assert {name: served[name] for name in note} == note
    replies = json.loads((await stage.node.get(f"/proposals/{stage.listing.id}/replies")).body)
    assert replies["first"]["items"] == [question.uri]
    (status,) = json.loads((await stage.node.get("/api/v1/timelines/public")).body)
    context = json.loads((await stage.node.get(f"/api/v1/statuses/{status['id']}/context")).body)
    assert [each["uri"] for each in context["descendants"]] == [question.uri, answer.uri]
    assert (await stage.node.get(f"{answer.uri}/activity")).status == 200
    page = await stage.node.get(answer.uri, BROWSER)
    assert (page.status, page.headers["Location"]) == (303, f"/proposals/{stage.listing.id}")


async def test_conversation_goes_on_is_edited_and_is_taken_back(stage: Stage) -> None:
    asked = stage.shaped("mastodon-reply")
    await stage.send(asked)
    (inquiry,) = await stage.inquiries()
    answer = await stage.answer(inquiry, "Yes.")
    more = stage.post("more", stage.bo, "Me too?", inReplyTo=answer.uri, cc=[], tag=[])
    await stage.say("Create", more, stage.bo)
    said = await stage.messages(inquiry)
    assert [each.author for each in said] == [stage.ana.uri, stage.guild, stage.bo.uri]
    assert (await stage.inquiries())[0].standing is Standing.OPEN

    # an edit shows as one, here and there
    changed = {**asked["object"], "contentMap": {"en": "<p>In Hausa?</p>"}}
    changed |= {"content": "<p>In Hausa?</p>", "updated": "2026-11-20T10:05:00Z"}
    await stage.say("Update", changed)
    assert (await stage.messages(inquiry))[0].text == LanguageMap({"en": "<p>In Hausa?</p>"})
    other = LanguageMap({"en": "<p>No.</p>"})
    await stage.node.database.write(inquiries.edit_answer, answer.id, other)
    (update,) = await eventually(lambda: stage.there.got("Update"))
    assert update["object"]["updated"] > update["object"]["published"]
    assert update["object"]["content"].endswith(" No.</p>")

    # so does a deletion; nobody else can
    await stage.say("Delete", asked["object"]["id"], stage.bo)
    assert len(await stage.messages(inquiry)) == 3
    await stage.say("Delete", {"id": asked["object"]["id"], "type": "Tombstone"})
    await stage.node.database.write(inquiries.delete_answer, answer.id)
    (delete,) = await eventually(lambda: stage.there.got("Delete"))
    assert delete["object"]["id"] == answer.uri
    assert [each.author for each in await stage.messages(inquiry)] == [stage.bo.uri]
    for address, status in ((answer.uri, 410), (f"{answer.uri}/activity", 404)):
        assert (await stage.node.get(address)).status == status
    outbox = await stage.node.get("/actors/guild/outbox?page=true")
    assert "Yes." not in outbox.text
    assert "No." not in outbox.text

    # what was taken back does not come again
    await stage.send({**asked, "id": f"{asked['id']}/again"})
    assert [each.author for each in await stage.messages(inquiry)] == [stage.bo.uri]


async def test_repeat_opens_no_second_inquiry(stage: Stage) -> None:
    asked = stage.shaped("mastodon-reply")
    for number in range(3):
        await stage.send({**asked, "id": f"{asked['id']}/{number}"})
    (inquiry,) = await stage.inquiries()
    assert len(await stage.messages(inquiry)) == 1


@pytest.mark.parametrize("kind", ["Person", "Organization"])
async def test_private_question_and_answer_are_on_no_surface(
    stage: Stage, abroad: Abroad, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stage.there.documents["/users/ana"]["type"] = kind
    await stage.send(stage.shaped("mastodon-direct"))
    (inquiry,) = await stage.inquiries()
    answer = await stage.answer(inquiry, f"{MARKER}: of course.")
    (create,) = await eventually(lambda: stage.there.got("Create"))
    note = create["object"]
    assert (note["to"], note["cc"]) == ([stage.ana.uri], [])
    assert (await eventually(lambda: stage.there.letters))[-1].path == "/users/ana/inbox"

    asked = await stage.messages(inquiry)
    assert [each.is_public for each in asked] == [False, False]
    ids = [stage.listing.id, *(each.id for each in asked), inquiry.id]
    looked = 0
    for path in _surfaces(stage.node, ids):
        for accept in (ACTIVITY, BROWSER):
            found = await stage.node.get(path, accept)
            assert MARKER not in found.text.lower(), (path, accept)
            assert "ana from elsewhere" not in found.text.lower(), (path, accept)
            looked += found.status == 200
    assert looked > 60
    sought, nonsense = [
        (await stage.node.get(f"/listings?q={word}", BROWSER)).text.replace(word, "…")
        for word in (MARKER, "wxyz")
    ]
    assert sought == nonsense
    assert MARKER not in caplog.text
    outbox = json.loads((await stage.node.get("/actors/guild/outbox")).body)
    assert outbox["totalItems"] == 1
    replies = json.loads((await stage.node.get(f"/proposals/{stage.listing.id}/replies")).body)
    assert (replies["totalItems"], replies["first"]["items"]) == (0, [])

    # the server of whoever asked may read the answer, another one may not
    elsewhere = (await abroad()).actor("stranger", "Person")
    for actor, status in ((stage.ana, 200), (elsewhere, 404)):
        read = await _signed_get(answer.uri, actor)
        assert (read.status, MARKER in read.text) == (status, status == 200)
    unknown = await stage.node.get("/messages/01900000-0000-7000-8000-000000000000")
    hidden = await stage.node.get(answer.uri)
    assert (hidden.status, hidden.body) == (unknown.status, unknown.body)
    said = "SELECT uri FROM activity WHERE instr(body, ?)"
    assert stage.node.rows(said, MARKER)
    await stage.node.database.write(inquiries.delete_answer, answer.id)
    assert (await stage.node.get(answer.uri)).status == 404
    await eventually(lambda: stage.there.got("Delete"))
    assert stage.node.rows(said, MARKER) == []


async def _signed_get(url: str, by: ForeignActor) -> Answer:
    headers = signed(url, None, by, method="GET") | {"Accept": ACTIVITY}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return Answer(response.status, dict(response.headers), await response.read())


async def _capx(stage: Stage, *words: str) -> None:
    """Run a command beside the node."""
    data = ["--data", str(stage.node.config.data)]
    assert await asyncio.to_thread(main, [*words, *data]) == 0


async def _waiting(stage: Stage) -> list[Draft]:
    return await stage.node.database.read(
        lambda store: store.drafts.list_newest(waiting=True, limit=9)
    )


async def test_mention_files_a_draft_that_becomes_a_listing(stage: Stage) -> None:
    asked = stage.shaped("mastodon-draft")
    await stage.send(asked)
    (draft,) = await _waiting(stage)
    assert draft.kind is Kind.OFFER
    assert draft.title == LanguageMap({"fr": "Ateliers de médiation"})
    assert draft.text.main.text.startswith("<p>Nous venons chez vous, deux jours.</p>")
    assert set(draft.capacities) == {"mediation", "conflict-management"}

    await _capx(stage, "draft", "approve", draft.id, "--by", "guild", "--category", "service")
    ((uri,),) = stage.node.rows("SELECT uri FROM listing WHERE uri != ?", stage.listing.uri)
    (create,) = await eventually(lambda: stage.there.got("Create"))
    assert create["object"]["inReplyTo"] == asked["object"]["id"]
    assert (create["actor"], create["object"]["to"]) == (stage.node.catalogue, [PUBLIC])
    assert f'<a href="{uri}"' in create["object"]["content"]
    assert "Merci" in create["object"]["content"]
    page = await stage.node.get(uri, BROWSER)
    assert f"@ana@127.0.0.1:{stage.there.port}" in page.text
    listing = await stage.node.find(uri)
    assert listing is not None
    assert (listing.by, listing.category) == (stage.guild, Category.SERVICE)
    assert await _waiting(stage) == []


async def test_draft_changes_with_its_post_and_goes_with_it(stage: Stage) -> None:
    asked = stage.shaped("mastodon-draft")
    await stage.send(asked)
    (first,) = await _waiting(stage)
    text = asked["object"]["content"].replace("médiation", "facilitation")
    changed = {**asked["object"], "content": text, "contentMap": {"fr": text}}
    await stage.say("Update", changed | {"updated": "2026-11-20T10:01:00Z"})
    (second,) = await _waiting(stage)
    assert second.title == LanguageMap({"fr": "Ateliers de facilitation"})
    assert second.id != first.id  # so nobody approves what they have not read
    await stage.say("Delete", asked["object"]["id"])
    assert await _waiting(stage) == []
    assert await stage.inquiries() == []


@pytest.mark.parametrize("is_silent", [True, False])
async def test_rejected_draft_is_answered_with_the_reason_or_not_at_all(
    stage: Stage, is_silent: bool
) -> None:
    await stage.send(stage.shaped("mastodon-draft"))
    (draft,) = await _waiting(stage)
    silent = ["--silent"] if is_silent else []
    await _capx(stage, "draft", "reject", draft.id, "--reason", "Nous sommes *complets*.", *silent)
    assert await _waiting(stage) == []
    if not is_silent:
        (create,) = await eventually(lambda: stage.there.got("Create"))
        assert "Nous sommes <em>complets</em>." in create["object"]["content"]
    await eventually(lambda: stage.node.rows("SELECT * FROM event") == [])
    assert len(stage.node.rows("SELECT * FROM message")) == (1 if is_silent else 2)


@pytest.mark.parametrize("is_open", [True, False])
async def test_quote_is_answered_and_the_consent_goes_with_the_listing(
    stage: Stage, is_open: bool
) -> None:
    if not is_open:
        await stage.node.close_listing(stage.listing)
    request = stage.shaped("mastodon-quote-request")
    await stage.send(request)
    if not is_open:
        (reject,) = await eventually(lambda: stage.there.got("Reject"))
        assert reject["object"]["id"] == request["id"]
        return
    (accept,) = await eventually(lambda: stage.there.got("Accept"))
    assert accept["object"] == {
        "type": "QuoteRequest",
        "id": request["id"],
        "actor": stage.ana.uri,
        "object": stage.listing.uri,
        "instrument": request["instrument"]["id"],
    }
    stamp = await stage.there.fetch(accept["result"])
    assert (stamp["type"], stamp["attributedTo"]) == ("QuoteAuthorization", stage.guild)
    assert stamp["interactingObject"] == request["instrument"]["id"]
    assert stamp["interactionTarget"] == stage.listing.uri

    await stage.node.delete(stage.listing)
    (delete,) = await eventually(lambda: stage.there.got("Delete"))
    assert delete["object"] == accept["result"]
    assert (await stage.node.get(accept["result"])).status == 404


@pytest.mark.parametrize(
    "verb", ["Like", "EmojiReact", "Announce", "Add", "Remove", "Dislike", "Bite"]
)
async def test_what_strangers_do_with_a_listing_has_no_effect(stage: Stage, verb: str) -> None:
    await stage.say("Like", f"{stage.there.url}/nothing")  # now the node knows Ana
    before = stage.node.belief()
    await stage.say(verb, stage.listing.uri)
    await stage.say(
        "Undo", {"type": verb, "id": f"{stage.there.url}/x", "object": stage.listing.uri}
    )
    after = stage.node.belief()
    assert after | {"tombstone": []} == before | {"tombstone": []}
    assert stage.there.letters == []
