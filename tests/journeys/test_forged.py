"""Strangers who lie: about who they are, whose a listing is, and where it comes from.

Two foreign servers, ``good`` and ``evil``: the node follows an author on each, so whatever the evil
one says in its own name is listened to. Numbers are those of the threat list (A4).
"""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from federation.signatures.digest import digest_header
from tests.journeys.foreign import ForeignActor, ForeignServer, Json, key, signed
from tests.journeys.world import ACTIVITY, Node, World, eventually, offer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Stage:
    """The node, the two servers, their authors, and a listing of each author that is known."""

    node: Node
    good: ForeignServer
    evil: ForeignServer
    author: ForeignActor
    liar: ForeignActor
    neighbour: ForeignActor
    listing: Json

    async def say(self, activity: Json, by: ForeignActor | None = None, **how: Any) -> int:
        """Send an activity of the liar, or of another; return the status when it is worked off."""
        server = self.good if (by or self.liar).uri.startswith(self.good.url) else self.evil
        status, answer = await server.send(self.node.inbox, activity, by or self.liar, **how)
        assert status == 202 or answer
        await eventually(self.node.is_at_rest)
        return status

    async def assert_refused(self, activity: Json, status: int, **how: Any) -> None:
        """Send it: it is answered with ``status`` and nothing whatever changes."""
        before, inbox = self.node.belief(), self.node.rows("SELECT count(*) FROM inbox")
        assert await self.say(activity, **how) == status
        assert self.node.belief() == before
        assert self.node.rows("SELECT count(*) FROM inbox") == inbox

    async def assert_ignored(self, activity: Json, **how: Any) -> None:
        """Send it: it is taken in, and what the node believes stays as it was."""
        before = self.node.belief()
        assert await self.say(activity, **how) == 202
        assert self.node.belief() == before


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One stage for all: what is refused or ignored leaves it as it was."""
    world = World(tmp_path_factory.mktemp("forged"))
    good, evil = ForeignServer(number=0), ForeignServer(number=1)
    async with AsyncExitStack() as leaving:
        for server in (good, evil):
            await server.start()
            leaving.push_async_callback(server.stop)
        leaving.push_async_callback(world.close)
        yield await _set(await world.node("node"), good, evil)


async def _set(node: Node, good: ForeignServer, evil: ForeignServer) -> Stage:
    await node.affiliate("guild")
    await node.publish(offer("Our own"), by="guild")
    author, liar = good.actor("author"), evil.actor("liar")
    neighbour = evil.actor("neighbour")
    for actor in (author, liar, neighbour):
        await node.follow(actor.uri)
    listing = good.put(good.proposal(author, "real"))
    stage = Stage(node, good, evil, author, liar, neighbour, listing)
    assert await stage.say(good.say("Create", author, listing), author) == 202
    assert (await node.titles())[listing["id"]] == "real"
    return stage


# -- who says it (H10, H13-H16, H19, H23) ---------------------------------------------------------


async def test_h10_the_same_letter_twice_has_one_effect(stage: Stage) -> None:
    new = stage.good.proposal(stage.author, "new")
    activity = stage.good.say("Create", stage.author, new)
    assert await stage.say(activity, stage.author) == 202
    before = stage.node.belief()
    assert await stage.say(activity, stage.author) == 202
    assert stage.node.belief() == before
    assert len(stage.node.rows("SELECT * FROM inbox WHERE uri = ?", activity["id"])) == 1


async def test_h13_key_of_a_neighbour_on_the_same_host(stage: Stage) -> None:
    said = stage.evil.say("Create", stage.neighbour, stage.evil.proposal(stage.neighbour))
    await stage.assert_refused(said, 401, by=stage.liar)


async def test_h14_key_of_another_host(stage: Stage) -> None:
    forged = stage.good.proposal(stage.author, "forged")
    said = stage.good.say("Create", stage.author, forged, id=f"{stage.good.url}/activities/999")
    await stage.assert_refused(said, 401)
    await stage.assert_refused(said, 401, key_uri=stage.author.key_uri)


async def test_h15_key_document_that_claims_a_victim(stage: Stage) -> None:
    for number, (victim, server) in enumerate(
        [(stage.author, stage.good), (stage.neighbour, stage.evil)]
    ):
        address = f"{stage.evil.url}/keys/{number}"
        pem = stage.liar.key.public().pem()
        stage.evil.put({"id": address, "owner": victim.uri, "publicKeyPem": pem})
        said = server.say("Create", victim, server.proposal(victim, "forged"))
        await stage.assert_refused(said, 401, key_uri=address)


async def test_h16_key_on_our_own_host_is_not_asked_for(stage: Stage) -> None:
    stage.node.asked.clear()
    own = f"{stage.node.url}/actors/guild"
    await stage.assert_refused(
        stage.evil.say("Create", stage.liar, stage.evil.proposal(stage.liar)),
        401,
        key_uri=f"{own}#main-key",
    )
    said = {**stage.evil.say("Delete", stage.liar, own), "actor": own, "id": f"{own}/1"}
    await stage.assert_refused(said, 401, key_uri=f"{own}#main-key")
    assert [each.method for each in stage.node.asked] == ["POST", "POST"]


async def test_h19_rotated_key_is_fetched_once_and_a_bad_one_not_again(stage: Stage) -> None:
    forgetful = stage.good.actor("forgetful")
    await stage.node.follow(forgetful.uri)  # its key came with its document, not by a search
    renewed = ForeignActor(forgetful.uri, key(99))
    pem = renewed.key.public().pem()
    stage.good.documents["/users/forgetful"]["publicKey"]["publicKeyPem"] = pem
    stage.good.asked.clear()
    for expected, by in ((202, renewed), (202, renewed), (401, forgetful), (401, forgetful)):
        assert await stage.say(stage.good.say("Like", by, stage.listing["id"]), by) == expected
    assert stage.good.asked == ["/users/forgetful"]  # the key stands in its owner's document


async def test_h23_activity_with_an_id_on_another_host(stage: Stage) -> None:
    new = stage.evil.proposal(stage.liar)
    said = stage.evil.say("Create", stage.liar, new, id=f"{stage.good.url}/activities/1000")
    await stage.assert_refused(said, 401)


async def test_signature_made_for_another_place_or_time(stage: Stage) -> None:
    said = stage.evil.say("Create", stage.liar, stage.evil.proposal(stage.liar))
    inbox = stage.node.inbox
    body = json.dumps(said).encode()
    good_headers = signed(inbox, body, stage.liar)
    other_path = signed(f"{stage.node.url}/actors/guild/inbox", body, stage.liar)
    other_host = signed(f"{stage.good.url}/inbox", body, stage.liar)
    host = {"Host": stage.node.authority}
    wrong = [
        (body + b" ", good_headers),  # H03
        (body, {**good_headers, "Digest": digest_header(b"{}")}),  # H03
        (body, {**good_headers, "Digest": "md5=1B2M2Y8AsgTpgAmY7PhCfg=="}),  # H05
        (body, other_path),  # H08
        (body, {**other_host, **host}),  # H09
        (body, signed(inbox, body, stage.liar, ago=timedelta(hours=13))),  # H11
        (body, signed(inbox, body, stage.liar, ago=timedelta(hours=-2))),  # H11
        (body, {**good_headers, "Date": "Sun Nov  6 08:49:37 1994"}),  # H11
        (body, {**good_headers, "Date": "Sun, 06 Nov 99999 08:49:37 GMT"}),  # H11
        (body, host),  # H01
        (body, {**host, "Signature": "x" * 7000}),  # H02
        (body, {**host, "Signature": f'keyId="{stage.liar.key_uri}",signature="AA=="'}),  # H07
    ]
    before = stage.node.belief()
    for content, headers in wrong:
        status, answer = await stage.evil.post(inbox, content, headers)
        assert (status, bool(answer)) == (401, True), headers
    assert stage.node.belief() == before
    assert stage.node.rows("SELECT * FROM inbox WHERE uri = ?", said["id"]) == []


# -- whose it is (H24-H27, H36) -------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["Create", "Update"])
async def test_h24_h25_h26_listing_of_somebody_else(stage: Stage, verb: str) -> None:
    theirs = {**stage.listing, "updated": "2099-01-01T00:00:00Z"}
    theirs["publishes"] = {**theirs["publishes"], "nameMap": {"en": "stolen"}}
    mine = stage.evil.proposal(stage.liar, "mine")
    lies: list[Any] = [
        {**mine, "id": f"{stage.good.url}/notes/planted"},  # H24
        {**mine, "attributedTo": stage.author.uri},  # H25
        {**mine, "attributedTo": stage.neighbour.uri},
        {**mine, "attributedTo": [stage.author.uri, stage.liar.uri]},
        theirs,  # H26
        {**theirs, "attributedTo": stage.liar.uri},
        {**mine, "id": f"{stage.node.url}/proposals/1", "attributedTo": stage.liar.uri},
        {**mine, "id": stage.node.rows("SELECT uri FROM listing WHERE document IS NULL")[0][0]},
    ]
    for lie in lies:
        await stage.assert_ignored(stage.evil.say(verb, stage.liar, lie))


async def test_h24_object_by_its_id_is_fetched_from_nobody_elses_host(stage: Stage) -> None:
    stage.good.put(stage.good.proposal(stage.author, "elsewhere"))
    stage.good.asked.clear()
    for verb in ("Create", "Update"):
        said = stage.evil.say(verb, stage.liar, f"{stage.good.url}/notes/elsewhere")
        await stage.assert_ignored(said)
    assert stage.good.asked == []


async def test_stranger_cannot_make_us_fetch(stage: Stage) -> None:
    stranger = stage.evil.actor("stranger")
    await stage.say(stage.evil.say("Like", stranger, stage.listing["id"]), stranger)
    for server in (stage.good, stage.evil):
        server.asked.clear()
    mine = stage.evil.put(stage.evil.proposal(stranger, "unwanted"))
    unknown = f"{stage.good.url}/users/never-heard-of"
    for verb in ("Create", "Update"):
        for content in (mine["id"], mine, {**mine, "attributedTo": unknown}, unknown):
            await stage.assert_ignored(stage.evil.say(verb, stranger, content), by=stranger)
    assert stage.good.asked + stage.evil.asked == []


async def test_h27_listing_of_a_neighbour_on_the_same_host(stage: Stage) -> None:
    theirs = stage.evil.proposal(stage.neighbour, "theirs")
    assert await stage.say(stage.evil.say("Create", stage.neighbour, theirs), stage.neighbour)
    assert (await stage.node.titles())[theirs["id"]] == "theirs"
    changed = {**theirs, "updated": "2099-01-01T00:00:00Z", "attributedTo": stage.liar.uri}
    for content in (changed, {**changed, "attributedTo": stage.neighbour.uri}, theirs["id"]):
        await stage.assert_ignored(stage.evil.say("Update", stage.liar, content))
    await stage.assert_ignored(stage.evil.say("Delete", stage.liar, theirs["id"]))


async def test_deletion_of_what_belongs_to_others(stage: Stage) -> None:
    own = stage.node.rows("SELECT uri FROM listing WHERE document IS NULL")[0][0]
    for target in (stage.listing["id"], stage.author.uri, own, stage.node.catalogue):
        await stage.assert_ignored(stage.evil.say("Delete", stage.liar, target))
        tombstone = {"id": target, "type": "Tombstone"}
        await stage.assert_ignored(stage.evil.say("Delete", stage.liar, tombstone))


async def test_l48_early_deletion_by_another_host_does_not_keep_a_listing_away(
    stage: Stage,
) -> None:
    later = stage.good.proposal(stage.author, "later")
    await stage.assert_ignored(stage.evil.say("Delete", stage.liar, later["id"]))
    assert await stage.say(stage.good.say("Create", stage.author, later), stage.author) == 202
    assert (await stage.node.titles())[later["id"]] == "later"


async def test_h36_answers_and_undoings_by_third_parties(stage: Stage) -> None:
    asked = await stage.node.ask_to_follow(stage.good.actor("shy", "Person").uri)
    stage.good.welcomes = False
    reader = stage.good.actor("reader", "Person")
    theirs = stage.good.say("Follow", reader, stage.node.catalogue)
    assert await stage.say(theirs, reader) == 202
    await eventually(lambda: stage.good.got("Accept"))
    await eventually(lambda: stage.node.rows("SELECT count(*) FROM delivery") == [(0,)])
    third = stage.evil.actor("third")
    assert await stage.say(stage.evil.say("Like", third, theirs["id"]), third) == 202
    follow = {"type": "Follow", "actor": stage.node.catalogue, "object": asked.followed}
    for verb in ("Accept", "Reject"):
        for content in (asked.uri, {**follow, "id": asked.uri}, follow, theirs):
            await stage.assert_ignored(stage.evil.say(verb, third, content), by=third)
    for content in (theirs, theirs["id"], {**follow, "id": asked.uri}):
        await stage.assert_ignored(stage.evil.say("Undo", third, content), by=third)


# -- where it comes from (H28, H29, H35, H64) -----------------------------------------------------


async def test_h28_document_that_says_it_is_another(stage: Stage) -> None:
    lie = {**stage.listing, "updated": "2099-01-01T00:00:00Z"}
    lie["publishes"] = {**lie["publishes"], "nameMap": {"en": "stolen"}}
    stage.evil.put(lie, "/notes/lie")
    await stage.assert_ignored(
        stage.evil.say("Announce", stage.liar, f"{stage.evil.url}/notes/lie")
    )
    planted = {**stage.evil.proposal(stage.liar), "id": f"{stage.good.url}/notes/planted"}
    stage.evil.put(planted, "/notes/planted")
    address = f"{stage.evil.url}/notes/planted"
    for verb in ("Announce", "Create", "Update"):
        await stage.assert_ignored(stage.evil.say(verb, stage.liar, address))
    # within one origin the id is what counts: it is asked for there, and must say the same
    elsewhere = stage.evil.proposal(stage.liar, "elsewhere")
    stage.evil.put(elsewhere, "/notes/alias")
    stage.evil.asked.clear()
    alias = f"{stage.evil.url}/notes/alias"
    await stage.assert_ignored(stage.evil.say("Announce", stage.liar, alias))
    assert stage.evil.asked == ["/notes/alias", "/notes/elsewhere"]


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "text/plain",
        "text/html",
        "application/octet-stream",
        "application/ld+json",
    ],
)
async def test_h29_document_that_is_no_activitystreams(stage: Stage, media_type: str) -> None:
    document = stage.evil.proposal(stage.liar, "upload")
    stage.evil.put(document, media_type=media_type)
    for verb in ("Announce", "Create"):
        await stage.assert_ignored(stage.evil.say(verb, stage.liar, document["id"]))
    stage.evil.put(document, media_type=ACTIVITY)
    assert await stage.say(stage.evil.say("Announce", stage.liar, document["id"])) == 202
    assert (await stage.node.titles())[document["id"]] == "upload"


async def test_announced_copy_is_not_believed_but_asked_for_at_its_home(stage: Stage) -> None:
    truth = stage.good.put(stage.good.proposal(stage.author, "truth"))
    copy = {**truth, "publishes": {**truth["publishes"], "nameMap": {"en": "twisted"}}}
    assert await stage.say(stage.evil.say("Announce", stage.liar, copy)) == 202
    assert (await stage.node.titles())[truth["id"]] == "truth"


async def test_h35_nested_activities_lead_nowhere(stage: Stage) -> None:
    inner: Any = stage.listing["id"]
    for _ in range(25):
        inner = stage.evil.say("Announce", stage.liar, inner)
    await stage.assert_ignored(stage.evil.say("Create", stage.liar, inner))
    deep: Any = "x"
    for _ in range(50):
        deep = {"type": "Announce", "object": deep}
    await stage.assert_refused(stage.evil.say("Announce", stage.liar, deep), 400)


async def test_h34_contexts_are_never_fetched(stage: Stage) -> None:
    trap = f"{stage.good.url}/context"
    stage.good.asked.clear()
    document = {**stage.evil.proposal(stage.liar, "odd"), "@context": [trap]}
    graph = {"@graph": [stage.listing], "@included": [stage.listing], "@reverse": stage.listing}
    said = stage.evil.say("Like", stage.liar, {**document, **graph}, **{"@context": trap}, **graph)
    await stage.assert_ignored(said)
    assert await stage.say(stage.evil.say("Create", stage.liar, document)) == 202
    assert stage.good.asked == []


async def test_h64_blocked_host_is_heard_on_no_way(stage: Stage) -> None:
    host = stage.evil.url.partition("//")[2]
    database = stage.node.database
    await database.write(lambda store: store.hosts.block(host, at=store.clock.now(), reason="lies"))
    new = stage.evil.put(stage.evil.proposal(stage.liar, "blocked"))
    stage.evil.asked.clear()
    for verb in ("Create", "Delete", "Follow"):
        await stage.assert_refused(stage.evil.say(verb, stage.liar, new), 403)
    await stage.assert_refused(stage.evil.say("Delete", stage.liar, stage.liar.uri), 403)
    # and not through a server that is listened to
    for content in (new, new["id"]):
        await stage.assert_ignored(
            stage.good.say("Announce", stage.author, content), by=stage.author
        )
    assert stage.evil.asked == []
    await database.write(lambda store: store.hosts.allow(host))
