"""Who is told what: the table of federation/publisher.py, row by row (L34, H64)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from catalogue import following, listings
from catalogue.model import FollowState, Visibility
from federation import publisher
from federation.strictjson import parse_object
from federation.vocabulary import PUBLIC
from tests.federation.world import (
    CATALOGUE,
    DELTA,
    FAN,
    FRIEND,
    know_node,
    know_person,
    let_follow,
    settle,
)
from tests.samples import NOW, SOUTH, content, one, statements

WEST = "west.example"

# Each follower, whom it follows, and what it is.
NODE = f"https://{SOUTH}/inbox"  # a node that follows the catalogue
NODE_OF_AUTHOR = f"https://{WEST}/actors/catalogue/inbox"  # a node that follows the affiliate
READER = f"{FAN}/inbox"  # somebody elsewhere who follows the catalogue
READER_OF_AUTHOR = f"{FRIEND}/inbox"  # somebody elsewhere who follows the affiliate
OUTSIDERS = {READER, READER_OF_AUTHOR}


@pytest.fixture
def told(home, keyring):
    """The node with one follower of each kind; calling it tells and returns type → inboxes."""
    let_follow(home, know_node(home, SOUTH, shared_inbox=NODE), CATALOGUE)
    let_follow(home, know_node(home, WEST), DELTA)
    let_follow(home, know_person(home, FAN), CATALOGUE)
    let_follow(home, know_person(home, FRIEND), DELTA)

    def tell():
        publisher.tell_pending(home, keyring)
        sent = {}
        for item in home.deliveries.list_items(100):
            activity = home.activities.find(item.activity)
            kind = parse_object(activity.body)["type"]
            assert item.inbox not in sent.setdefault(kind, set())
            sent[kind].add(item.inbox)
            home.deliveries.done(item.seq)
        return sent

    return tell


EVERYONE = {NODE, NODE_OF_AUTHOR, READER, READER_OF_AUTHOR}
CREATE = {
    Visibility.PUBLIC: {
        "Create": {NODE, NODE_OF_AUTHOR, READER_OF_AUTHOR},
        "Announce": {READER},
    },
    Visibility.NETWORK: {"Create": {NODE}},
    Visibility.FOLLOWERS: {"Create": {NODE_OF_AUTHOR}},
    Visibility.NODE: {},
}
AFTERWARDS = {
    Visibility.PUBLIC: EVERYONE,
    Visibility.NETWORK: {NODE},
    Visibility.FOLLOWERS: {NODE_OF_AUTHOR},
    Visibility.NODE: set(),
}


@pytest.mark.parametrize("visibility", list(Visibility))
def test_new_listing_is_told(home, told, visibility):
    listings.publish(home, content(visibility=visibility), by="delta")
    assert told() == CREATE[visibility]
    assert home.events.next_pending(9) == []


@pytest.mark.parametrize("change", ["edit", "close"])
@pytest.mark.parametrize("visibility", list(Visibility))
def test_changed_listing_is_told(home, told, visibility, change):
    made = listings.publish(home, content(visibility=visibility), by="delta")
    told()
    if change == "edit":
        listings.edit(home, made.id, content(visibility=visibility, title=one("New")))
    else:
        listings.close(home, made.id)
    expected = AFTERWARDS[visibility]
    assert told() == ({"Update": expected} if expected else {})


@pytest.mark.parametrize("visibility", list(Visibility))
def test_deleted_listing_is_told(home, told, visibility):
    made = listings.publish(home, content(visibility=visibility), by="delta")
    told()
    listings.delete(home, made.id)
    expected = AFTERWARDS[visibility]
    assert told() == ({"Delete": expected} if expected else {})


@pytest.mark.parametrize("visibility", [each for each in Visibility if each != "public"])
def test_what_is_limited_never_leaves_the_exchange_l34(home, told, visibility):
    made = listings.publish(home, content(visibility=visibility, title=one("Marker")), by="delta")
    everything = told()
    listings.edit(home, made.id, content(visibility=visibility, title=one("Marker two")))
    everything |= told()
    listings.delete(home, made.id)
    everything |= told()
    reached = {inbox for inboxes in everything.values() for inbox in inboxes}
    assert reached & OUTSIDERS == set()
    for actor in (DELTA, CATALOGUE):
        assert home.activities.list_public(actor, before=None, limit=99) == []


@pytest.mark.parametrize("state", [each for each in FollowState if each != "accepted"])
def test_only_accepted_followers_are_told_l35(home, told, state):
    pending = know_node(home, "new.example", shared_inbox="https://new.example/inbox")
    let_follow(home, pending, CATALOGUE, state)
    listings.publish(home, content(visibility=Visibility.NETWORK), by="delta")
    assert told() == {"Create": {NODE}}


@pytest.mark.parametrize("blocked", [SOUTH, "example"])
def test_blocked_host_is_told_nothing_h64(home, told, blocked):
    home.hosts.block(blocked, at=NOW, reason="")
    made = listings.publish(home, content(), by="delta")
    listings.delete(home, made.id)
    reached = {inbox for inboxes in told().values() for inbox in inboxes}
    assert reached == (EVERYONE - {NODE} if blocked == SOUTH else set())


def test_follower_that_is_not_known_any_more_is_left_out(home, told):
    home.parties.remove(FAN)
    listings.publish(home, content(), by="delta")
    assert "Announce" not in told()


def test_server_with_many_followers_is_told_once(home, told):
    for number in range(3):
        uri = f"https://friend.example/users/f{number}"
        let_follow(home, know_person(home, uri, shared_inbox="https://friend.example/inbox"), DELTA)
    listings.publish(home, content(), by="delta")
    created = told()["Create"]
    assert created == {NODE, NODE_OF_AUTHOR, READER_OF_AUTHOR, "https://friend.example/inbox"}


def test_node_that_follows_both_is_told_once(home, told):
    let_follow(home, know_node(home, SOUTH, shared_inbox=NODE), DELTA)
    listings.publish(home, content(), by="delta")
    assert told()["Create"] == {NODE, NODE_OF_AUTHOR, READER_OF_AUTHOR}


# -- what is told ---------------------------------------------------------------------------------


def bodies(home, kind):
    found = []
    for actor in (DELTA, CATALOGUE):
        for sent in home.activities.list_public(actor, before=None, limit=99):
            document = parse_object(sent.body)
            if document["type"] == kind:
                found.append((sent, document))
    return found


def test_create_is_the_authors_own_with_a_proof(home, keyring):
    made = listings.publish(home, content(), by="delta")
    publisher.tell_pending(home, keyring)
    [(sent, document)] = bodies(home, "Create")
    assert (sent.actor, sent.is_public, sent.published) == (DELTA, True, NOW)
    assert document["object"]["id"] == made.uri
    assert document["proof"]["verificationMethod"] == f"{DELTA}#ed25519-key"
    assert PUBLIC in document["to"]


def test_announce_is_the_catalogues_own(home, keyring):
    made = listings.publish(home, content(), by="delta")
    publisher.tell_pending(home, keyring)
    [(sent, document)] = bodies(home, "Announce")
    assert (sent.actor, document["object"]) == (CATALOGUE, made.uri)
    assert document["proof"]["verificationMethod"] == f"{CATALOGUE}#ed25519-key"


def test_each_version_is_told_once_even_after_a_crash(home, keyring):
    made = listings.publish(home, content(), by="delta")
    home.clock.pass_by(minutes=1)
    listings.edit(home, made.id, content(title=one("Second")))
    before = home.events.next_pending(9)
    publisher.tell_pending(home, keyring)
    first = [sent for kind in ("Create", "Update", "Announce") for sent, _ in bodies(home, kind)]
    for _, event in before:  # as if it had not been noted that they were told
        home.events.record(event)
    publisher.tell_pending(home, keyring)
    again = [sent for kind in ("Create", "Update", "Announce") for sent, _ in bodies(home, kind)]
    assert again == first
    assert len(first) == 3


def test_listing_that_is_gone_before_it_was_told(home, told):
    made = listings.publish(home, content(), by="delta")
    listings.delete(home, made.id)
    assert told() == {"Delete": EVERYONE}


def test_events_are_told_in_batches(home, keyring):
    for _ in range(publisher.BATCH + 1):
        listings.publish(home, content(visibility=Visibility.NODE), by="delta")
    assert publisher.tell_pending(home, keyring) == publisher.BATCH
    assert publisher.tell_pending(home, keyring) == 1
    assert publisher.tell_pending(home, keyring) == 0


# -- follows --------------------------------------------------------------------------------------


def test_follow_is_sent_to_whom_it_concerns(home, told):
    whom = know_node(home, "new.example", shared_inbox="https://new.example/inbox")
    asked = following.request_for_node(home, whom)
    assert told() == {"Follow": {f"{whom}/inbox"}}
    sent = home.activities.find(asked.uri)
    assert parse_object(sent.body)["object"] == whom
    assert not sent.is_public


def test_follow_that_nobody_answered_is_sent_again_even_when_it_was_given_up(home, told):
    whom = know_node(home, "new.example")
    asked = following.request_for_node(home, whom)
    assert told() == {"Follow": {f"{whom}/inbox"}}
    for is_given_up in (False, True):
        home.clock.pass_by(hours=1)
        assert following.request_for_node(home, whom).uri == asked.uri
        assert len(home.events.next_pending(9)) == 1
        if is_given_up:
            home.deliveries.add(
                asked.uri, actor=CATALOGUE, inboxes=[f"{whom}/inbox"], at=home.clock.now()
            )
            assert home.deliveries.bury_before(home.clock.now() + timedelta(hours=1)) == 1
        assert told() == {"Follow": {f"{whom}/inbox"}}


def test_undo_is_sent_to_whom_it_concerns(home, told):
    whom = know_node(home, "new.example")
    following.request_for_node(home, whom)
    told()
    following.withdraw(home, follower=CATALOGUE, followed=whom)
    assert told() == {"Undo": {f"{whom}/inbox"}}


def test_accept_is_sent_to_the_follower(home, told):
    following.welcome(home, uri=f"{FAN}#follows/1", follower=FAN, followed=DELTA)
    assert told() == {"Accept": {READER}}


def test_answer_to_somebody_unknown_waits_for_nobody(home, told):
    following.welcome(
        home, uri="https://x.example/1", follower="https://x.example/a", followed=DELTA
    )
    assert told() == {}


def test_blocked_host_gets_no_answer_h64(home, told):
    home.hosts.block("blog.example", at=NOW, reason="")
    following.welcome(home, uri=f"{FAN}#follows/1", follower=FAN, followed=DELTA)
    assert told() == {}


def test_telling_asks_no_more_for_three_followers_than_for_one(new_store, own_keys, keyring):
    asked = []
    for number in (1, 3):
        with new_store() as store:
            settle(store, own_keys)
            for each in range(number):
                let_follow(store, know_node(store, f"n{each}.example"), CATALOGUE)
            listings.publish(store, content(), by="delta")
            with statements(store) as run:
                publisher.tell_pending(store, keyring)
            reads = [text for text in run if text.lstrip().startswith("SELECT")]
            asked.append(len([text for text in reads if "blocked_host" not in text]))
    assert asked[0] == asked[1]


def test_update_is_dated_as_the_change(home, keyring):
    made = listings.publish(home, content(), by="delta")
    home.clock.pass_by(minutes=5)
    edited = listings.edit(home, made.id, replace(content(), title=one("New")))
    publisher.tell_pending(home, keyring)
    [(sent, document)] = bodies(home, "Update")
    assert sent.published == edited.updated == NOW + timedelta(minutes=5)
    assert document["object"]["updated"] == document["published"] == "2030-05-03T12:05:00Z"
