"""Learning about others over real HTTP: what is believed, of whom (H13 to H19, H28, H38, L1)."""

import asyncio
import json

import pytest
from aiohttp import web

from federation.errors import FederationError, GiveUp, Malformed, TryLater, Unauthenticated
from federation.incoming.actor import shelve_actor
from federation.remote import Vanished
from federation.signatures.keys import new_ed25519_key
from federation.vocabulary import ACTIVITY_JSON, JRD_JSON
from tests.federation.foreign import foreign_server, listed
from tests.samples import HERE, NOW

# -- objects --------------------------------------------------------------------------------------


async def test_object_is_what_its_own_address_says(resolver, foreign):
    foreign.serve("/notes/1", {"id": foreign.at("/notes/1"), "type": "Note"})
    fetched = await resolver.fetch_object(foreign.at("/notes/1"))
    assert fetched.document == {"id": foreign.at("/notes/1"), "type": "Note"}
    assert foreign.asked == {"/notes/1": 1}


async def test_object_that_names_another_address_is_asked_for_there_h28(resolver, foreign):
    foreign.serve("/short", {"id": foreign.at("/notes/1"), "type": "Note", "content": "first"})
    foreign.serve("/notes/1", {"id": foreign.at("/notes/1"), "type": "Note", "content": "second"})
    fetched = await resolver.fetch_object(foreign.at("/short"))
    assert fetched.document["content"] == "second"


async def test_object_of_another_server_is_not_believed_l1_h28(resolver, foreign):
    async with foreign_server() as victim:
        actor = victim.serve_actor("victim")
        foreign.serve("/x", actor)
        with pytest.raises(GiveUp):
            await resolver.fetch_object(foreign.at("/x"))
        with pytest.raises(GiveUp):
            await resolver.refresh_actor(foreign.at("/x"))
        assert victim.asked == {}


async def test_object_that_never_agrees_with_its_address_is_given_up(resolver, foreign):
    foreign.serve("/a", {"id": foreign.at("/b"), "type": "Note"})
    foreign.serve("/b", {"id": foreign.at("/a"), "type": "Note"})
    with pytest.raises(GiveUp):
        await resolver.fetch_object(foreign.at("/a"))
    assert sum(foreign.asked.values()) == 2


async def test_object_without_an_id_is_given_up(resolver, foreign):
    foreign.serve("/a", {"type": "Note"})
    with pytest.raises(GiveUp):
        await resolver.fetch_object(foreign.at("/a"))


@pytest.mark.parametrize("address", [HERE.catalogue, HERE.base_url, "https://HUB.example/actor"])
async def test_this_node_does_not_ask_itself_h16(resolver, address):
    with pytest.raises(GiveUp):
        await resolver.fetch_object(address)


async def test_blocked_host_is_not_asked_h64(resolver, house, foreign):
    foreign.serve("/a", {"id": foreign.at("/a"), "type": "Note"})
    await house.write(lambda store: store.hosts.block("127.0.0.1", at=NOW, reason=""))
    with pytest.raises(GiveUp):
        await resolver.fetch_object(foreign.at("/a"))
    assert foreign.asked == {}


@pytest.mark.parametrize(
    ("status", "error"), [(404, GiveUp), (410, Vanished), (500, TryLater), (429, TryLater)]
)
async def test_failure_says_whether_to_try_again(resolver, foreign, status, error):
    foreign.serve("/a", status)
    with pytest.raises(error):
        await resolver.fetch_object(foreign.at("/a"))


# -- actors ---------------------------------------------------------------------------------------


async def test_actor_is_fetched_once_and_shelved(resolver, house, foreign, their_key):
    uri = foreign.at("/users/ana")
    foreign.serve_actor("ana", summary="<p>Hi</p>", publicKey=listed(uri, their_key.public()))
    party = await resolver.find_party(uri)
    assert party.inbox == f"{uri}/inbox"
    assert await resolver.find_party(uri) == party
    assert foreign.asked == {"/users/ana": 1}
    actor = await house.read(lambda store: store.actors.find_by_uri(uri))
    assert (actor.name, actor.acct) == ("ana", f"ana@{foreign.host}")
    key = await house.read(lambda store: store.keys.known(f"{uri}#main-key"))
    assert key.owner == uri


async def test_many_who_need_one_actor_share_one_fetch(resolver, foreign):
    foreign.serve_actor("ana")
    uri = foreign.at("/users/ana")
    parties = await asyncio.gather(*(resolver.find_party(uri) for _ in range(20)))
    assert len(set(parties)) == 1
    assert foreign.asked == {"/users/ana": 1}


async def test_actor_that_was_deleted_stays_away(resolver, house, foreign):
    foreign.serve_actor("ana")
    uri = foreign.at("/users/ana")
    await house.write(lambda store: store.tombstones.bury(uri, by=uri, at=NOW))
    with pytest.raises(GiveUp):
        await resolver.refresh_actor(uri)
    assert await house.read(lambda store: store.actors.find_by_uri(uri)) is None


async def test_all_that_can_be_had_is_fetched(resolver, house, foreign):
    foreign.serve_actor("ana")
    foreign.serve("/notes/1", {"id": foreign.at("/notes/1"), "type": "Note"})
    foreign.serve("/gone", 410)
    foreign.serve("/broken", {"id": foreign.at("/broken"), "type": "Person"})
    asked = [foreign.at(path) for path in ("/users/ana", "/gone", "/notes/1", "/broken")]
    found = await resolver.fetch_all([*asked, "urn:x", HERE.catalogue, ""])
    assert set(found) == {foreign.at(path) for path in ("/users/ana", "/notes/1", "/broken")}
    uri = foreign.at("/users/ana")
    assert await house.read(lambda store: store.parties.find(uri)) is not None


async def test_fetches_for_one_activity_are_limited(resolver, foreign, federating):
    for number in range(40):
        foreign.serve(f"/n/{number}", {"id": foreign.at(f"/n/{number}"), "type": "Note"})
    await resolver.fetch_all([foreign.at(f"/n/{number}") for number in range(40)])
    assert sum(foreign.asked.values()) == federating.page_fetches == 20


async def test_server_that_may_be_had_later_ends_the_whole(resolver, foreign):
    foreign.serve("/a", 503)
    with pytest.raises(TryLater):
        await resolver.fetch_all([foreign.at("/a")])


# -- names, RFC 7033 ------------------------------------------------------------------------------


def jrd(**document):

    return web.Response(body=json.dumps(document).encode(), content_type=JRD_JSON)


def link(href, **changes):
    return {"rel": "self", "type": ACTIVITY_JSON, "href": href, **changes}


WEBFINGER = "/.well-known/webfinger"


@pytest.mark.parametrize("shape", ["@ana@{host}", "ana@{host}", "acct:ana@{host}", "ANA@{host}"])
async def test_actor_is_found_by_name(resolver, foreign, shape):
    foreign.serve_actor("ana")
    foreign.serve(WEBFINGER, jrd(links=[link(foreign.at("/users/ana"))]))
    assert await resolver.find_actor(shape.format(host=foreign.host)) == foreign.at("/users/ana")


async def test_actor_is_found_by_address(resolver, foreign):
    foreign.serve_actor("ana")
    assert await resolver.find_actor(foreign.at("/users/ana")) == foreign.at("/users/ana")


@pytest.mark.parametrize("reference", ["", "ana", "@", "@ana", "ana@", "ana@host/path", "x y"])
async def test_what_is_no_name_is_malformed(resolver, reference):
    with pytest.raises(Malformed):
        await resolver.find_actor(reference)


async def test_name_of_another_actor_is_not_believed_h38_l12(resolver, foreign):
    foreign.serve_actor("ana", preferredUsername="somebody-else")
    foreign.serve(WEBFINGER, jrd(links=[link(foreign.at("/users/ana"))]))
    with pytest.raises(GiveUp, match="do not agree"):
        await resolver.find_actor(f"ana@{foreign.host}")


async def test_name_at_another_host_is_not_believed_h38_l12(resolver, foreign):
    async with foreign_server() as good:
        good.serve_actor("ana")
        foreign.serve(WEBFINGER, jrd(links=[link(good.at("/users/ana"))]))
        with pytest.raises(GiveUp, match="do not agree"):
            await resolver.find_actor(f"ana@{foreign.host}")


@pytest.mark.parametrize(
    "links",
    [
        None,
        [],
        "x",
        [7, None, "x"],
        [{"rel": "self"}],
        [{"rel": "self", "type": "text/html", "href": "http://127.0.0.1/"}],
        [{"rel": "self", "type": ["application/activity+json"], "href": "http://127.0.0.1/"}],
        [{"rel": "self", "type": {}, "href": "http://127.0.0.1/"}],
        [{"rel": "self", "type": ACTIVITY_JSON, "href": "javascript:alert(1)"}],
        [{"rel": ["self"], "type": ACTIVITY_JSON, "href": "http://127.0.0.1/"}],
    ],
    ids=str,
)
async def test_answer_without_a_link_names_nobody_h38(resolver, foreign, links):
    foreign.serve(WEBFINGER, jrd(links=links))
    with pytest.raises(GiveUp):
        await resolver.find_actor(f"ana@{foreign.host}")


@pytest.mark.parametrize("claim", ["ana@{good}", "acct:Ana@{good}"])
async def test_name_at_another_host_counts_when_both_say_so_l12(resolver, foreign, house, claim):
    async with foreign_server() as good:
        claimed = claim.format(good=good.host)
        document = foreign.serve_actor("ana", preferredUsername="a", webfinger=claimed)
        good.serve(WEBFINGER, jrd(links=[link(foreign.at("/users/ana"))]))
        assert await resolver.find_actor(f"ana@{good.host}") == foreign.at("/users/ana")
        good.serve(WEBFINGER, 404)
        house.write_now(shelve_actor, document)  # an Update repeats the claim
        assert acct(house, foreign) == f"ana@{good.host}"
        house.write_now(shelve_actor, document | {"webfinger": f"other@{good.host}"})
        assert acct(house, foreign) == f"a@{foreign.host}"


def acct(house, foreign):
    return house.read_now(lambda store: store.actors.find_by_uri(foreign.at("/users/ana"))).acct


@pytest.mark.parametrize(
    "answer",
    [
        404,
        500,
        jrd(links=[]),
        jrd(links=[{"rel": "self", "type": ACTIVITY_JSON, "href": "http://127.0.0.1:1/users/x"}]),
    ],
    ids=str,
)
async def test_claimed_name_that_its_host_does_not_know_is_not_believed_l12(
    resolver, foreign, house, answer
):
    async with foreign_server() as good:
        good.serve(WEBFINGER, answer)
        foreign.serve_actor("ana", webfinger=f"victim@{good.host}")
        await resolver.refresh_actor(foreign.at("/users/ana"))
        assert acct(house, foreign) == f"ana@{foreign.host}"
        assert good.asked == {WEBFINGER: 1}


@pytest.mark.parametrize(
    "claim",
    ["victim@hub.example", "victim@blocked.example", "victim", "@", 7, ["x@y"], "x@10.0.0.1",
     "x@y/z", "x y@z", "x" * 400 + "@y", "ana@{host}", "x@"],
)  # fmt: skip
async def test_claim_that_is_not_asked_about_is_not_believed(resolver, foreign, house, claim):
    house.write_now(lambda store: store.hosts.block("blocked.example", at=NOW, reason=""))
    said = claim.format(host=foreign.host) if isinstance(claim, str) else claim
    foreign.serve_actor("ana", webfinger=said)
    await resolver.refresh_actor(foreign.at("/users/ana"))
    assert acct(house, foreign) == f"ana@{foreign.host}"
    assert foreign.asked == {"/users/ana": 1}


# -- keys -----------------------------------------------------------------------------------------


async def test_key_is_found_with_its_owner_and_kept(resolver, foreign, their_key):
    uri = foreign.at("/users/ana")
    foreign.serve_actor("ana", publicKey=listed(uri, their_key.public()))
    found = await resolver.find_key(f"{uri}#main-key")
    assert (found.owner, found.key.pem()) == (uri, their_key.public().pem())
    assert foreign.asked == {"/users/ana": 1}
    assert await resolver.find_key(f"{uri}#main-key") == found
    assert foreign.asked == {"/users/ana": 1}


async def test_multikey_is_found_too(resolver, foreign):
    uri, key = foreign.at("/users/ana"), new_ed25519_key()
    multikey = {
        "id": f"{uri}#ed",
        "type": "Multikey",
        "controller": uri,
        "publicKeyMultibase": key.public().multibase(),
    }
    foreign.serve_actor("ana", assertionMethod=[multikey])
    found = await resolver.find_key(f"{uri}#ed")
    assert (found.owner, found.key.algorithm) == (uri, "ed25519")


async def test_key_in_a_document_of_its_own_counts_when_its_owner_lists_it(
    resolver, foreign, their_key
):
    """As GoToSocial has it: ``/users/ana/main-key``, a stub that is not stored."""
    uri, key_uri = foreign.at("/users/ana"), foreign.at("/users/ana/main-key")
    key = {"id": key_uri, "owner": uri, "publicKeyPem": their_key.public().pem()}
    foreign.serve("/users/ana/main-key", key)
    foreign.serve_actor("ana", publicKey=key)
    assert (await resolver.find_key(key_uri)).owner == uri


async def test_key_that_its_owner_does_not_list_is_refused_h15_l13(
    resolver, house, foreign, their_key, other_key
):
    uri, key_uri = foreign.at("/users/victim"), foreign.at("/users/evil/key")
    claimed = {"id": key_uri, "owner": uri, "publicKeyPem": their_key.public().pem()}
    foreign.serve("/users/evil/key", claimed)
    foreign.serve_actor("victim", publicKey=listed(uri, other_key.public()))
    with pytest.raises(Unauthenticated):
        await resolver.find_key(key_uri)
    assert await house.read(lambda store: store.keys.known(key_uri)) is None


async def test_key_whose_owner_is_elsewhere_is_refused_h15(resolver, house, foreign, their_key):
    async with foreign_server() as good:
        uri, key_uri = good.at("/users/victim"), foreign.at("/key")
        key = {"id": key_uri, "owner": uri, "publicKeyPem": their_key.public().pem()}
        foreign.serve("/key", key)
        good.serve_actor("victim", publicKey=key)
        with pytest.raises(Unauthenticated):
            await resolver.find_key(key_uri)
        assert good.asked == {}


@pytest.mark.parametrize("key_uri", [f"{HERE.catalogue}#main-key", f"{HERE.instance}#main-key"])
async def test_key_on_our_own_host_is_refused_without_asking_h16(resolver, key_uri):
    with pytest.raises(Unauthenticated):
        await resolver.find_key(key_uri)


@pytest.mark.parametrize(
    "material",
    [
        "",
        "x" * 10**6,
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        new_ed25519_key().public().pem(),
    ],
    ids=["empty", "long", "garbage", "private", "Ed25519 as PEM"],
)
async def test_key_that_cannot_be_read_is_refused_h17(resolver, foreign, material):
    uri = foreign.at("/users/ana")
    key = {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": material}
    foreign.serve_actor("ana", publicKey=key)
    with pytest.raises(Unauthenticated):
        await resolver.find_key(f"{uri}#main-key")


async def test_missing_key_is_sought_once_in_a_while_l18(resolver, foreign, clock):
    key_uri = foreign.at("/users/nobody#main-key")
    for _ in range(100):
        with pytest.raises(Unauthenticated):
            await resolver.find_key(key_uri)
    assert foreign.asked == {"/users/nobody": 1}
    clock.pass_by(minutes=10)
    with pytest.raises(Unauthenticated):
        await resolver.find_key(key_uri)
    assert foreign.asked == {"/users/nobody": 2}


async def test_many_who_seek_one_key_share_one_fetch(resolver, foreign, their_key):
    uri = foreign.at("/users/ana")
    foreign.serve_actor("ana", publicKey=listed(uri, their_key.public()))
    found = await asyncio.gather(*(resolver.find_key(f"{uri}#main-key") for _ in range(20)))
    assert len({each.key.pem() for each in found}) == 1
    assert sum(foreign.asked.values()) <= 2


async def test_server_of_a_key_that_is_down_may_be_asked_later(resolver, foreign, their_key, clock):
    uri = foreign.at("/users/ana")
    foreign.serve("/users/ana", 503)
    for _ in range(3):
        with pytest.raises(TryLater):
            await resolver.find_key(f"{uri}#main-key")
    assert foreign.asked == {"/users/ana": 1}
    foreign.serve_actor("ana", publicKey=listed(uri, their_key.public()))
    clock.pass_by(minutes=10)
    assert (await resolver.find_key(f"{uri}#main-key")).owner == uri


async def test_changed_key_is_fetched_once_in_a_while_h19(
    resolver, foreign, their_key, other_key, clock
):
    uri = foreign.at("/users/ana")
    foreign.serve_actor("ana", publicKey=listed(uri, their_key.public()))
    await resolver.find_key(f"{uri}#main-key")
    foreign.serve_actor("ana", publicKey=listed(uri, other_key.public()))
    assert await resolver.refresh_key(f"{uri}#main-key") is None  # it was fetched just now
    clock.pass_by(minutes=5)
    fresh = await resolver.refresh_key(f"{uri}#main-key")
    assert fresh.key.pem() == other_key.public().pem()
    assert await resolver.refresh_key(f"{uri}#main-key") is None
    assert (await resolver.find_key(f"{uri}#main-key")).key.pem() == other_key.public().pem()
    assert sum(foreign.asked.values()) <= 4


async def test_key_that_was_withdrawn_is_gone(resolver, foreign, their_key, clock):
    uri = foreign.at("/users/ana")
    foreign.serve_actor("ana", publicKey=listed(uri, their_key.public()))
    await resolver.find_key(f"{uri}#main-key")
    foreign.serve_actor("ana")
    clock.pass_by(minutes=5)
    with pytest.raises(Unauthenticated):
        await resolver.refresh_key(f"{uri}#main-key")
    with pytest.raises(FederationError):
        await resolver.find_key(f"{uri}#main-key")
