"""Topics as other servers meet them: their documents, their keys, whom they tell."""

import json

import pytest

from catalogue import listings
from catalogue.model import FollowState, Visibility
from catalogue.policy import ANYONE
from federation import endpoints, publisher
from federation.errors import Gone, NotHere
from federation.incoming import follow, undo
from federation.incoming.said import Said
from federation.keyring import MissingKeyError
from federation.signatures.integrity import proof_of, verify_proof
from federation.signatures.keys import load_multibase
from tests.federation.world import (
    FAN,
    FRIEND,
    know_affiliate,
    know_node,
    know_person,
    let_follow,
    settle,
)
from tests.samples import HERE, NOW, SOUTH, actor, content, listing, one, statements

MEDIATION = HERE.actor("mediation")
IN_ENGLISH = HERE.actor("mediation.en")


def publish(home, **changes):
    return listings.publish(home, content(**changes), by="delta")


def tell(home, keyring):
    """Tell all that happened; return each activity with the inboxes it goes to."""
    while publisher.tell_pending(home, keyring):
        pass
    told = {}
    for item in home.deliveries.list_items(200):
        told.setdefault(item.activity, []).append(item.inbox)
        home.deliveries.done(item.seq)
    return [(json.loads(home.activities.find(uri).body), inboxes) for uri, inboxes in told.items()]


def announced(told):
    return {
        (said["actor"], said["object"], inbox)
        for said, inboxes in told
        for inbox in inboxes
        if said["type"] == "Announce"
    }


# -- their documents ------------------------------------------------------------------------------


def test_topic_is_served_as_a_service_with_the_catalogues_key_below_its_own_name_l13(home, keyring):
    publish(home)
    document = endpoints.actor(home, keyring, "mediation.en")
    assert (document["id"], document["type"]) == (IN_ENGLISH, "Service")
    assert document["preferredUsername"] == "mediation.en"
    assert document["webfinger"] == "mediation.en@hub.example"
    assert document["url"] == "https://hub.example/@mediation.en"
    assert document["inbox"] == f"{IN_ENGLISH}/inbox"
    assert document["name"] == "mediation (English)"
    assert "mediation (English)" in document["summary"]
    assert document["summaryMap"] == {"en": document["summary"]}
    assert "proposals" not in document  # else it would be taken for a node's catalogue
    catalogue = endpoints.actor(home, keyring, "catalogue")
    key, [multikey] = document["publicKey"], document["assertionMethod"]
    assert (key["id"], key["owner"]) == (f"{IN_ENGLISH}#main-key", IN_ENGLISH)
    assert (multikey["id"], multikey["controller"]) == (f"{IN_ENGLISH}#ed25519-key", IN_ENGLISH)
    assert key["publicKeyPem"] == catalogue["publicKey"]["publicKeyPem"]
    assert "PRIVATE" not in json.dumps(document)


def test_affiliate_that_has_lost_its_keys_is_lent_none(home, keyring):
    home.actors.put(actor("mediation", node=HERE.authority))
    with pytest.raises(MissingKeyError):
        keyring.request_signer(home, MEDIATION)
    with pytest.raises(MissingKeyError):
        keyring.request_signer(home, HERE.actor("nobody"))


def test_topic_with_nothing_to_say_is_not_here(home, keyring):
    for handle in ("mediation", "mediation.en", "pl"):
        with pytest.raises(NotHere):
            endpoints.actor(home, keyring, handle)
    publish(home, visibility=Visibility.NETWORK)
    with pytest.raises(NotHere):
        endpoints.actor(home, keyring, "mediation")


def test_deleted_affiliate_does_not_come_back_as_a_topic(home, keyring):
    publish(home)
    home.tombstones.bury(MEDIATION, by=MEDIATION, at=NOW)
    with pytest.raises(Gone):
        endpoints.actor(home, keyring, "mediation")


def test_reading_a_topic_changes_nothing(home, keyring):
    publish(home)
    with statements(home) as asked:
        endpoints.actor(home, keyring, "mediation")
        endpoints.webfinger(home, "acct:mediation@hub.example")
        endpoints.followers(home, "mediation")
        endpoints.outbox(home, "mediation", page=True, before=None, limit=5)
    assert asked != []
    assert {each.split()[0] for each in asked} == {"SELECT"}


def test_topic_has_no_listings_of_its_own(home, keyring):
    publish(home)
    with pytest.raises(NotHere):
        endpoints.proposals(
            home, keyring, "mediation", cursor=None, page=True, viewer=ANYONE, limit=5
        )


def test_webfinger_finds_a_topic(home):
    publish(home, regions=("PL",))
    for handle in ("mediation.en", "community-health", "ceeca"):
        found = endpoints.webfinger(home, f"acct:{handle.upper()}@hub.example")
        assert found["subject"] == f"acct:{handle}@hub.example"
        assert found["links"][0]["href"] == HERE.actor(handle)
    with pytest.raises(NotHere):
        endpoints.webfinger(home, "acct:mediation.fr@hub.example")


# -- their followers ------------------------------------------------------------------------------


def said(activity, actor=FAN):
    return Said(activity=activity, actor=actor, fetched={}, received=NOW)


def ask(followed, number=1):
    return {"id": f"{FAN}#follows/{number}", "type": "Follow", "actor": FAN, "object": followed}


def test_follow_of_a_topic_is_accepted_with_its_key(home, keyring):
    publish(home)
    know_person(home, FAN)
    follow.apply(home, said(ask(MEDIATION)))
    [accept] = [each for each, _ in tell(home, keyring) if each["type"] == "Accept"]
    assert (accept["actor"], accept["object"]["object"]) == (MEDIATION, MEDIATION)
    assert endpoints.followers(home, "mediation")["totalItems"] == 1
    signer = keyring.request_signer(home, MEDIATION)
    headers = signer.headers("POST", f"{FAN}/inbox", date=NOW, body=b"{}")
    assert f'keyId="{MEDIATION}#main-key"' in headers["Signature"]


@pytest.mark.parametrize(
    "followed",
    [
        HERE.actor("governance"),  # nothing to say
        HERE.actor("Mediation"),  # another spelling of an address is another address
        HERE.actor("mediation.zz"),
        f"{MEDIATION}/",
        f"https://{SOUTH}/actors/mediation",
        HERE.actor(""),
        HERE.instance,
    ],
)
def test_follow_of_what_is_no_topic_has_no_effect(home, followed):
    publish(home)
    know_person(home, FAN)
    follow.apply(home, said(ask(followed)))
    assert home.follows.find_between(FAN, followed) is None


def test_undone_follow_ends_the_news(home, keyring):
    publish(home)
    know_person(home, FAN)
    follow.apply(home, said(ask(MEDIATION)))
    undo.apply(
        home, said({"id": f"{FAN}#undo", "type": "Undo", "actor": FAN, "object": ask(MEDIATION)})
    )
    publish(home)
    assert announced(tell(home, keyring)) == set()


# -- whom they tell -------------------------------------------------------------------------------


def test_topic_announces_what_fits_and_nothing_else(home, keyring):
    let_follow(home, know_person(home, FAN), IN_ENGLISH)
    let_follow(home, know_person(home, FRIEND), HERE.actor("pl"))
    fits = publish(home)
    publish(home, capacities=("governance",))
    publish(home, delivery_languages=("fr",))
    in_poland = publish(home, capacities=(), regions=("PL",))
    assert announced(tell(home, keyring)) == {
        (IN_ENGLISH, fits.uri, f"{FAN}/inbox"),
        (HERE.actor("pl"), in_poland.uri, f"{FRIEND}/inbox"),
    }


def test_topic_announces_listings_of_followed_nodes_once(home, keyring):
    know_affiliate(home)
    let_follow(home, know_person(home, FAN), MEDIATION)
    theirs = listing(1)
    listings.take_in(home, theirs, b"{}")
    assert announced(tell(home, keyring)) == {(MEDIATION, theirs.uri, f"{FAN}/inbox")}
    home.listings.remove(theirs.id)  # the node was left, and is followed again
    listings.take_in(home, theirs, b"{}")
    assert announced(tell(home, keyring)) == set()


def test_announce_of_a_topic_is_proven_served_and_in_its_outbox(home, keyring):
    let_follow(home, know_person(home, FAN), MEDIATION)
    made = publish(home)
    [(sent, _)] = [each for each in tell(home, keyring) if each[0]["type"] == "Announce"]
    assert sent["id"] == f"{MEDIATION}/announces/{made.id}"
    assert sent["cc"] == [f"{MEDIATION}/followers", made.by]
    key = load_multibase(keyring.public_keys(home, MEDIATION).ed25519_multibase)
    verify_proof(sent, proof_of(sent), key)
    assert json.loads(endpoints.activity(home, sent["id"]).body) == sent
    page = endpoints.outbox(home, "mediation", page=True, before=None, limit=5)
    assert page["orderedItems"] == [sent]


def test_one_server_gets_the_announce_of_a_topic_once(home, keyring):
    shared = "https://blog.example/inbox"
    for name in ("one", "two", "three"):
        uri = f"https://blog.example/users/{name}"
        let_follow(home, know_person(home, uri, shared_inbox=shared), MEDIATION)
    made = publish(home)
    assert announced(tell(home, keyring)) == {(MEDIATION, made.uri, shared)}


def test_change_and_deletion_are_told_to_those_who_heard_of_it(home, keyring):
    let_follow(home, know_person(home, FAN), MEDIATION)
    made = publish(home)
    tell(home, keyring)
    listings.edit(home, made.id, content(title=one("Other")))
    [(changed, inboxes)] = tell(home, keyring)
    assert (changed["type"], changed["actor"], inboxes) == ("Update", made.by, [f"{FAN}/inbox"])
    listings.delete(home, made.id)
    [(deleted, inboxes)] = tell(home, keyring)
    assert (deleted["type"], inboxes) == ("Delete", [f"{FAN}/inbox"])


def test_what_was_closed_meanwhile_is_not_announced(home, keyring):
    let_follow(home, know_person(home, FAN), MEDIATION)
    listings.close(home, publish(home).id)
    listings.delete(home, publish(home).id)
    assert announced(tell(home, keyring)) == set()


def test_blocked_follower_hears_nothing_h64(home, keyring):
    let_follow(home, know_person(home, FAN), MEDIATION)
    home.hosts.block("blog.example", at=NOW, reason="")
    publish(home)
    assert announced(tell(home, keyring)) == set()


@pytest.mark.parametrize("state", [each for each in FollowState if each != "accepted"])
def test_only_accepted_followers_hear_of_a_topic_l35(home, keyring, state):
    let_follow(home, know_person(home, FAN), MEDIATION, state)
    publish(home)
    assert announced(tell(home, keyring)) == set()


def test_node_that_follows_a_topic_is_told_and_passes_on_nothing(home, keyring):
    """What an Announce brings is taken in like any listing; a listing known stays as it is."""
    let_follow(home, know_node(home), MEDIATION)
    made = publish(home)
    assert announced(tell(home, keyring)) == {
        (MEDIATION, made.uri, f"https://{SOUTH}/actors/catalogue/inbox")
    }
    listings.take_in(home, made, b"{}")
    assert announced(tell(home, keyring)) == set()


def test_telling_asks_as_often_for_three_followers_as_for_one(new_store, own_keys, keyring):
    asked = []
    for number in (1, 3):
        with new_store() as store:
            settle(store, own_keys)
            for name in range(number):
                uri = f"https://blog.example/users/{name}"
                shared = "https://blog.example/inbox"
                let_follow(store, know_person(store, uri, shared_inbox=shared), MEDIATION)
            publish(store)
            with statements(store) as run:
                publisher.tell_pending(store, keyring)
            asked.append(len(run))
    assert asked[0] == asked[1]
