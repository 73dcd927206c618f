"""Whose it is: strangers who speak for others, early, or in odd shapes (H23-H37, L1, L9, L10)."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.hostile.house import TAKEN_IN, House
from tests.journeys.foreign import AS, PUBLIC, Json
from tests.journeys.world import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

LATER = "2099-01-01T00:00:00Z"


def stolen(listing: Json, **changes: Any) -> Json:
    """Return a listing with a newer date and another title."""
    published = {**listing["publishes"], "nameMap": {"en": "stolen"}}
    return {**listing, "updated": LATER, "publishes": published, **changes}


# -- the activity ---------------------------------------------------------------------------------


async def test_h23_activity_with_an_id_on_another_host(house: House) -> None:
    await house.assert_refused(house.lie(id=f"{house.good.url}/activities/1"), house.liar)


@pytest.mark.parametrize(
    "address",
    [
        "/activities/1",
        "javascript:alert(1)",
        "data:application/activity+json,{}",
        "urn:uuid:0199f7c2-6a10-7c3e-9d2b-1f5f2f6f7a01",
        "acct:liar@evil.example",
        "ftp://evil.example/1",
        "https:///1",
        "https://evil.example:99999/1",
        "https://user@evil.example/1",
        "",
    ],
)
async def test_h30_activity_with_an_id_of_another_kind(house: House, address: str) -> None:
    body = json.dumps(house.lie(id=address)).encode()
    async with house.unchanged():
        assert await house.send(body, house.liar) in {400, 401}


async def test_h30_activity_that_says_it_is_ours(house: House) -> None:
    ours = f"{house.node.url}/actors/guild"
    await house.assert_refused(house.lie(id=f"{ours}/1"), house.liar)
    await house.assert_refused(house.lie(id=f"{ours}/1", actor=ours), house.liar)


@pytest.mark.parametrize("name", ["id", "actor"])
@pytest.mark.parametrize(
    "value", [["x"], {}, {"id": None}, 7, None, True, "x" * 10_000, "https://evil.example/\x00"]
)
async def test_h31_address_that_is_no_text(house: House, name: str, value: Any) -> None:
    body = json.dumps(house.lie(**{name: value})).encode()
    async with house.unchanged():
        assert await house.send(body, house.liar) in {400, 401}


async def test_h31_address_with_half_a_character(house: House) -> None:
    body = json.dumps(house.lie()).replace("/notes/lie", "/notes/\\ud800").encode()
    async with house.unchanged():
        assert await house.send(body, house.liar) == 400


@pytest.mark.parametrize("name", ["id", "actor", "type", "object"])
async def test_h32_key_that_stands_twice(house: House, name: str) -> None:
    said = house.lie()
    body = (json.dumps(said)[:-1] + f', "{name}": {json.dumps(said[name])}}}').encode()
    async with house.unchanged():
        assert await house.send(body, house.liar) == 400


async def test_h33_unknown_type_has_no_effect(house: House) -> None:
    for verb in ("Frobnicate", "Create ", "create", "x" * 10_000):
        await house.assert_ignored(house.lie(type=verb), house.liar)


async def test_h33_several_types_or_none_are_refused(house: House) -> None:
    for verb in (["Note", "Delete"], ["Create"], {"Create": 1}):
        await house.assert_refused(house.lie(type=verb), house.liar, 400)
    untyped = house.lie()
    del untyped["type"]
    await house.assert_refused(untyped, house.liar, 400)


async def test_h34_l8_graphs_and_contexts_say_nothing(house: House) -> None:
    theirs = stolen(house.listing)
    trap = f"{house.evil.url}/context"
    for shape in (
        {"@graph": [theirs], "@context": trap},
        {"@included": [theirs], "@context": [trap, AS]},
        {"@reverse": {"actor": theirs}},
        {"https://www.w3.org/ns/activitystreams#object": theirs},
        {"as:object": theirs},
        {"object": {"@graph": [theirs]}},
        {"object": {"@reverse": theirs, "@included": [theirs]}},
    ):
        said = house.evil.say("Create", house.liar, None)
        await house.assert_ignored({**said, **shape}, house.liar)


async def test_h35_nested_activities_lead_nowhere(house: House) -> None:
    inner: Any = stolen(house.listing)
    for _ in range(8):
        inner = house.evil.say("Announce", house.liar, inner)
    await house.assert_ignored(house.evil.say("Create", house.liar, inner), house.liar)
    path = urlsplit(inner["id"]).path  # it could be a listing: it is asked for once, and no deeper
    said = house.evil.say("Announce", house.liar, inner)
    await house.assert_ignored(said, house.liar, asking=[path])
    assert house.evil.asked == [path]


async def test_h35_nesting_without_end_is_refused(house: House) -> None:
    deep: Any = "x"
    for _ in range(50):
        deep = {"type": "Announce", "object": deep}
    await house.assert_refused(house.evil.say("Announce", house.liar, deep), house.liar, 400)


# -- the object -----------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["Create", "Update"])
async def test_h24_object_with_an_id_on_another_host(house: House, verb: str) -> None:
    planted = house.evil.proposal(house.liar, "mine", id=f"{house.good.url}/notes/planted")
    await house.assert_ignored(house.evil.say(verb, house.liar, planted), house.liar)
    by_id = house.evil.say(verb, house.liar, planted["id"])
    await house.assert_ignored(by_id, house.liar)


@pytest.mark.parametrize("verb", ["Create", "Update"])
async def test_h25_object_that_names_a_victim_as_its_author(house: House, verb: str) -> None:
    for authors in (
        house.author.uri,
        house.neighbour.uri,
        [house.author.uri, house.liar.uri],
        {"id": house.author.uri},
        None,
    ):
        note = house.evil.proposal(house.liar, "mine", attributedTo=authors)
        await house.assert_ignored(house.evil.say(verb, house.liar, note), house.liar)


@pytest.mark.parametrize("verb", ["Create", "Update"])
async def test_h26_l10_object_of_a_victim(house: House, verb: str) -> None:
    wider = {"to": [PUBLIC, house.liar.uri], "cc": [f"{house.liar.uri}/followers"]}
    for lie in (
        stolen(house.listing),
        stolen(house.listing, attributedTo=house.liar.uri),
        stolen(house.listing, **wider),
        stolen(house.listing, id=house.own.uri, attributedTo=house.liar.uri),
        stolen(house.listing, id=house.own.uri, attributedTo=house.guild.uri),
    ):
        await house.assert_ignored(house.evil.say(verb, house.liar, lie), house.liar)


async def test_h27_l50_object_of_a_neighbour_on_the_same_host(house: House) -> None:
    theirs = house.evil.proposal(house.neighbour, "theirs")
    assert (
        await house.send(house.evil.say("Create", house.neighbour, theirs), house.neighbour) == 202
    )
    await house.rest()
    assert (await house.node.titles())[theirs["id"]] == "theirs"
    house.evil.put(stolen(theirs))
    for lie in (stolen(theirs), stolen(theirs, attributedTo=house.liar.uri), theirs["id"]):
        said = house.evil.say("Update", house.liar, lie)
        await house.assert_ignored(said, house.liar, asking=["/notes/theirs"])
    for gone in (theirs["id"], {"id": theirs["id"], "type": "Tombstone"}, house.neighbour.uri):
        await house.assert_ignored(house.evil.say("Delete", house.liar, gone), house.liar)


async def test_h28_l1_document_that_says_it_is_another(house: House) -> None:
    house.evil.put(stolen(house.listing), "/notes/lie-about-good")
    for verb in ("Announce", "Create", "Update"):
        said = house.evil.say(verb, house.liar, f"{house.evil.url}/notes/lie-about-good")
        await house.assert_ignored(said, house.liar, asking=["/notes/lie-about-good"])


async def test_l1_actor_document_that_says_it_is_another_actor(house: House) -> None:
    victim = {**house.good.documents["/users/author"]}
    victim["publicKey"] = {**victim["publicKey"], "publicKeyPem": house.liar.key.public().pem()}
    house.evil.put(victim, "/users/mask")
    mask = f"{house.evil.url}/users/mask"
    said = house.evil.say("Like", house.liar, house.listing["id"], actor=mask)
    await house.assert_refused(said, house.liar, key_uri=f"{mask}#main-key", asking=["/users/mask"])


async def test_l9_link_to_another_host_is_not_shown(house: House) -> None:
    note = house.evil.proposal(house.liar, "linked", url=f"{house.good.url}/@author/1")
    assert await house.send(house.evil.say("Create", house.liar, note), house.liar) == 202
    await house.rest()
    found = await house.node.find(note["id"])
    assert found is not None
    assert found.url == note["id"]


# -- too early, too late, not theirs --------------------------------------------------------------


async def test_h36_answers_and_undoings_by_third_parties(house: House) -> None:
    house.good.welcomes = False
    asked = await house.node.ask_to_follow(house.good.actor("shy", "Person").uri)
    await house.rest()
    house.good.welcomes = True
    follow = {"type": "Follow", "actor": house.node.catalogue, "object": asked.followed}
    for verb in ("Accept", "Reject"):
        for content in (asked.uri, {**follow, "id": asked.uri}, follow):
            said = house.evil.say(verb, house.liar, content)
            await house.assert_ignored(said, house.liar)
    reader = house.good.actor("reader", "Person")
    theirs = house.good.say("Follow", reader, house.node.catalogue)
    assert await house.send(theirs, reader) == 202
    await eventually(lambda: house.good.got("Accept"))
    for content in (theirs, theirs["id"], {**theirs, "actor": house.liar.uri}):
        await house.assert_ignored(house.evil.say("Undo", house.liar, content), house.liar)


async def test_h36_what_is_over_cannot_be_accepted(house: House) -> None:
    follows = house.node.rows("SELECT uri FROM follow WHERE followed = ?", house.neighbour.uri)
    undone = house.evil.say("Accept", house.neighbour, f"{house.node.catalogue}#follows/never")
    await house.assert_ignored(undone, house.neighbour)
    again = house.evil.say("Accept", house.neighbour, follows[0][0])
    await house.assert_ignored(again, house.neighbour)


async def test_h37_l36_consent_of_somebody_else_counts_for_nothing(house: House) -> None:
    commitment = {
        "type": "Commitment",
        "satisfies": f"{house.own.uri}#primary",
        "resourceQuantity": {"hasUnit": "hour", "hasNumericalValue": "3"},
    }
    agreement = {
        "id": f"{house.good.url}/agreements/1",
        "type": "Agreement",
        "attributedTo": house.author.uri,
        "stipulates": {**commitment, "id": f"{house.good.url}/agreements/1#primary"},
    }
    stamp = {
        "id": f"{house.good.url}/stamps/1",
        "type": "QuoteAuthorization",
        "attributedTo": house.author.uri,
        "interactingObject": house.own.uri,
        "interactionTarget": house.listing["id"],
    }
    for said in (
        house.evil.say("Accept", house.liar, f"{house.node.url}/offers/1", result=agreement),
        house.evil.say("Accept", house.liar, {"type": "Offer", "object": agreement}, result=stamp),
        house.evil.say("Create", house.liar, {**agreement, "attributedTo": house.liar.uri}),
        house.evil.say("Create", house.liar, stamp),
        house.evil.say("Add", house.liar, stamp, target=f"{house.guild.uri}/followers"),
    ):
        await house.assert_ignored(said, house.liar)


async def test_l48_deletion_by_a_stranger_does_not_keep_a_listing_away(house: House) -> None:
    later = house.good.proposal(house.author, "later")
    await house.assert_ignored(house.evil.say("Delete", house.liar, later["id"]), house.liar)
    claim = house.evil.proposal(house.liar, "claim", id=later["id"])
    await house.assert_ignored(house.evil.say("Create", house.liar, claim), house.liar)
    assert await house.send(house.good.say("Create", house.author, later), house.author) == 202
    await house.rest()
    assert (await house.node.titles())[later["id"]] == "later"


async def test_l49_deletion_that_overtakes_its_listing(house: House) -> None:
    early = house.good.proposal(house.author, "early")
    async with house.unchanged(but=(*TAKEN_IN, "tombstone")):
        gone = house.good.say("Delete", house.author, early["id"])
        assert await house.send(gone, house.author) == 202
        await house.rest()
        assert await house.send(house.good.say("Create", house.author, early), house.author) == 202
    found = house.node.rows("SELECT by_uri FROM tombstone WHERE uri = ?", early["id"])
    assert found == [(house.author.uri,)]


async def test_l49_deletion_of_what_is_not_theirs(house: House) -> None:
    for target in (
        house.listing["id"],
        house.author.uri,
        house.own.uri,
        house.guild.uri,
        house.node.catalogue,
    ):
        for shape in (target, {"id": target, "type": "Tombstone"}):
            await house.assert_ignored(house.evil.say("Delete", house.liar, shape), house.liar)
