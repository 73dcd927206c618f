"""What each verb does to the store: the rules of FEP-fe34, H23 to H27, H36, L10, L36, L49."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from catalogue import following, listings
from catalogue.addresses import Addresses
from catalogue.model import FollowState, Visibility
from federation.dispatcher import VERBS
from federation.errors import FederationError
from federation.incoming.actor import shelve_actor
from federation.incoming.said import Said
from federation.mapping.actor import PublicKeys, to_document
from federation.mapping.proposal import to_note
from federation.mapping.values import from_moment
from federation.model import KnownKey
from federation.signatures.integrity import add_proof
from federation.signatures.keys import new_ed25519_key
from federation.vocabulary import PROPOSAL_CONTEXT
from tests.federation.world import (
    CATALOGUE,
    DELTA,
    FAN,
    FAR,
    THEIR_CATALOGUE,
    know_affiliate,
    know_node,
    know_person,
    let_follow,
)
from tests.samples import HERE, NOW, SOUTH, TAXONOMY, actor, listing, one

THERE = Addresses(f"https://{SOUTH}")
THEIRS = listing(7, id="7")
NEWER = replace(THEIRS, title=one("Newer"), updated=NOW + timedelta(minutes=1))


def note(of=THEIRS, **changes: Any) -> dict[str, Any]:
    return {**to_note(of, TAXONOMY, THERE), **changes}


def says(store, verb: str, content: Any, *, by: str = FAR, fetched=None, **more: Any) -> list[str]:
    """Have somebody say something; return what had to be known first."""
    activity = {"id": f"{by}/x/1", "type": verb, "actor": by, "object": content, **more}
    needs = VERBS[verb].needs(store, activity)
    said = Said(activity=activity, actor=by, fetched=fetched or {}, received=NOW)
    VERBS[verb].apply(store, said)
    return needs


def held(store) -> list[str]:
    rows = store.listings._sql.all("SELECT uri FROM listing ORDER BY uri")
    return [row["uri"] for row in rows]


TABLES = ["listing", "actor", "party", "known_key", "follow", "tombstone", "event", "catch_up"]


def dump(store) -> list[tuple]:
    """Everything in the tables that a stranger could wish to change."""
    rows = {name: store.listings._sql.all(f"SELECT * FROM {name}") for name in TABLES}  # noqa: S608
    return [(name, *row) for name, found in rows.items() for row in found]


@pytest.fixture
def near(home):
    """A node that knows another and follows its catalogue."""
    know_node(home)
    know_affiliate(home)
    let_follow(home, CATALOGUE, THEIR_CATALOGUE)
    return home


# -- Create: who is wanted ------------------------------------------------------------------------


def test_listing_of_a_followed_node_is_kept(near):
    assert says(near, "Create", note()) == []
    found = near.listings.find_by_uri(THEIRS.uri)
    assert found == replace(THEIRS, id=found.id)
    assert found.id.startswith("id-")  # the id here is ours
    assert near.listings.document(found.id).startswith(b'{"id":"https://south.example')


def test_listing_of_a_followed_author_is_kept(home):
    know_affiliate(home)
    let_follow(home, CATALOGUE, FAR)
    says(home, "Create", note())
    assert held(home) == [THEIRS.uri]


@pytest.mark.parametrize("state", [None, *(each for each in FollowState if each != "accepted")])
def test_listing_of_whom_we_do_not_follow_is_left(home, state):
    know_node(home)
    know_affiliate(home)
    if state is not None:
        let_follow(home, CATALOGUE, THEIR_CATALOGUE, state)
    let_follow(home, THEIR_CATALOGUE, CATALOGUE)  # that they follow us changes nothing
    before = dump(home)
    assert says(home, "Create", note()) == []
    assert dump(home) == before


def test_follow_of_an_affiliate_here_does_not_make_a_listing_wanted(home):
    """Only what the node itself follows is in its catalogue."""
    know_affiliate(home)
    let_follow(home, DELTA, FAR)
    says(home, "Create", note())
    assert held(home) == []


def test_listing_of_a_blocked_host_is_left_l31(near):
    near.hosts.block(SOUTH, at=NOW, reason="")
    says(near, "Create", note())
    assert held(near) == []


def test_unknown_author_is_needed_first(near):
    near.actors.remove(FAR)
    assert says(near, "Create", note()) == [FAR]
    assert held(near) == []  # and kept only when the author is known
    know_affiliate(near)
    says(near, "Create", note())
    assert held(near) == [THEIRS.uri]


def test_object_sent_by_its_id_is_needed(near):
    assert says(near, "Create", THEIRS.uri) == [THEIRS.uri]
    says(near, "Create", THEIRS.uri, fetched={THEIRS.uri: note()})
    assert held(near) == [THEIRS.uri]


def test_stranger_cannot_make_us_ask_anyone(home):
    know_affiliate(home)
    assert says(home, "Create", THEIRS.uri) == []
    assert says(home, "Create", "https://victim.example/1") == []
    assert says(home, "Announce", "https://victim.example/1") == []


# -- Create: who may say what ---------------------------------------------------------------------

BEN = f"https://{SOUTH}/actors/ben"
VICTIM = "https://victim.example/actors/v"


@pytest.mark.parametrize(
    "content",
    [
        note(attributedTo=BEN),  # H27: another actor of the same host
        note(attributedTo=VICTIM),  # H25
        note(attributedTo=None),
        note(attributedTo=[BEN, FAR]),
        note(id="https://victim.example/proposals/1"),  # H24: not at the author's host
        note(id="https://south.example:8443/proposals/7"),
        note(id="http://south.example/proposals/7"),
        note(id=HERE.listing("1")),
        note(id=None),
        note(type="Article"),
        note(purpose=None),
        note(publishes=None),
        {"type": "Note", "id": THEIRS.uri, "attributedTo": FAR, "content": "<p>just a post</p>"},
        [note()],
        {},
        None,
        7,
        "not an address",
        HERE.listing("1"),
    ],
    ids=lambda each: str(each)[:60],
)
@pytest.mark.parametrize("verb", ["Create", "Update"])
def test_what_is_not_the_actors_own_changes_nothing_h24_h25_h27(near, verb, content):
    know_affiliate(near, BEN)
    before = dump(near)
    try:
        says(near, verb, content)
    except FederationError:
        assert content
    assert dump(near) == before


def test_listing_with_a_known_id_of_another_owner_stays_h26_l10(near):
    know_affiliate(near, BEN)
    says(near, "Create", note())
    before = dump(near)
    stolen = note(replace(NEWER, by=BEN))
    says(near, "Create", stolen, by=BEN)
    says(near, "Update", stolen, by=BEN)
    assert dump(near) == before


def test_own_listing_cannot_be_said_from_outside(near):
    ours = listings.publish(near, THEIRS.content, by="delta")
    before = dump(near)
    for by in (FAR, DELTA):
        try:
            says(near, "Update", note(id=ours.uri, attributedTo=DELTA), by=by)
        except FederationError:
            continue
    assert dump(near) == before


def test_document_of_another_origin_does_not_count_l1(near):
    """What was fetched is taken as its author's word, so it must be at the author's origin."""
    elsewhere = note(id="https://evil.example/1")
    says(near, "Create", THEIRS.uri, fetched={THEIRS.uri: elsewhere})
    assert held(near) == []


def test_limited_listing_is_kept_as_limited(near):
    says(near, "Create", note(replace(THEIRS, visibility=Visibility.NETWORK)))
    assert near.listings.find_by_uri(THEIRS.uri).visibility is Visibility.NETWORK


# -- Update and Delete ----------------------------------------------------------------------------


def test_update_by_the_owner_is_kept(near):
    says(near, "Create", note())
    says(near, "Update", note(NEWER))
    assert near.listings.find_by_uri(THEIRS.uri).title == one("Newer")
    says(near, "Update", note())  # an older one comes late
    assert near.listings.find_by_uri(THEIRS.uri).title == one("Newer")


def test_update_of_what_was_never_seen_is_kept(near):
    says(near, "Update", note(NEWER))
    assert near.listings.find_by_uri(THEIRS.uri).title == one("Newer")


KEYS = PublicKeys(
    rsa_uri=f"{FAR}#k",
    rsa_pem="PEM",
    ed25519_uri=f"{FAR}#e",
    ed25519_multibase=new_ed25519_key().public().multibase(),
)


def far_says(**changes: Any) -> dict[str, Any]:
    return {**to_document(actor("far"), KEYS, TAXONOMY, THERE), **changes}


def test_update_of_an_actor_by_itself(near):
    says(near, "Update", far_says(name="New name"))
    assert near.actors.find_by_uri(FAR).name == "New name"
    assert near.keys.known(f"{FAR}#e").owner == FAR
    assert near.keys.known(f"{FAR}#k") is None  # no PEM


def test_older_update_of_an_actor_changes_nothing(near):
    """Anybody may pass on what it said before: it would get old keys, inbox and place back."""
    earlier = from_moment(NOW - timedelta(minutes=1))
    says(near, "Update", far_says(name="Newest", updated=from_moment(NOW)))
    before = dump(near)
    says(near, "Update", far_says(name="Older", updated=earlier, inbox=f"{FAR}/old"))
    assert dump(near) == before
    says(near, "Update", far_says(name="Same time", updated=from_moment(NOW)))
    assert near.actors.find_by_uri(FAR).name == "Same time"


def test_update_of_an_actor_that_says_no_time_is_kept(near):
    undated = far_says(name="Undated")
    del undated["updated"]
    says(near, "Update", undated)
    says(near, "Update", {**undated, "name": "Undated again"})
    assert near.actors.find_by_uri(FAR).name == "Undated again"


def test_update_of_an_actor_sent_by_its_id_is_fetched(near):
    assert says(near, "Update", FAR) == [FAR]


@pytest.mark.parametrize("by", [BEN, "https://evil.example/actors/e"])
def test_update_of_another_actor_changes_nothing(near, by):
    before = dump(near)
    try:
        says(near, "Update", far_says(name="Stolen"), by=by)
    except FederationError:
        assert by
    assert dump(near) == before


def test_update_of_an_unknown_actor_is_left(home):
    before = dump(home)
    says(home, "Update", far_says())
    assert dump(home) == before


def test_delete_by_the_owner(near):
    says(near, "Create", note())
    tombstone = {"id": THEIRS.uri, "type": "Tombstone"}
    assert says(near, "Delete", tombstone) == []
    assert held(near) == []
    says(near, "Create", note(NEWER))
    assert held(near) == []


@pytest.mark.parametrize("by", [BEN, "https://evil.example/actors/e", FAN])
def test_delete_by_another_changes_nothing_h27_l49(near, by):
    says(near, "Create", note())
    before = dump(near)
    says(near, "Delete", THEIRS.uri, by=by)
    says(near, "Delete", FAR, by=by)
    assert dump(near) == before


def test_delete_that_overtakes_its_create_l49(near):
    says(near, "Delete", THEIRS.uri)
    says(near, "Create", note())
    assert held(near) == []


def test_delete_of_what_a_stranger_names_leaves_no_trace_l48(near):
    before = dump(near)
    says(near, "Delete", THEIRS.uri, by="https://evil.example/actors/e")
    says(near, "Delete", None)
    says(near, "Delete", 7)
    assert dump(near) == before
    says(near, "Create", note())
    assert held(near) == [THEIRS.uri]


def test_actor_that_goes_takes_its_listings_along(near):
    know_affiliate(near, BEN)
    for number in range(3):
        own = listing(number, id=str(number))
        says(near, "Create", note(own))
    says(near, "Create", note(listing(9, handle="ben")), by=BEN)
    near.keys.put_known(FAR, [KnownKey(uri=f"{FAR}#k", owner=FAR, material="PEM", fetched=NOW)])
    says(near, "Delete", FAR)
    assert held(near) == [listing(9).uri]
    assert near.actors.find_by_uri(FAR) is near.parties.find(FAR) is None
    assert near.keys.known(f"{FAR}#k") is None
    assert near.tombstones.deleted_at(FAR) == NOW
    with pytest.raises(FederationError):
        shelve_actor(near, far_says())


# -- Announce -------------------------------------------------------------------------------------


def test_announced_listing_is_fetched_from_its_home(near):
    assert says(near, "Announce", THEIRS.uri, by=THEIR_CATALOGUE) == [THEIRS.uri]
    says(near, "Announce", THEIRS.uri, by=THEIR_CATALOGUE, fetched={THEIRS.uri: note()})
    assert held(near) == [THEIRS.uri]


def test_announced_listing_that_is_known_is_not_fetched(near):
    says(near, "Create", note())
    assert says(near, "Announce", THEIRS.uri, by=THEIR_CATALOGUE) == []


def test_announce_by_a_stranger_is_left_l31(near):
    before = dump(near)
    for by in (FAN, VICTIM):
        assert says(near, "Announce", THEIRS.uri, by=by, fetched={THEIRS.uri: note()}) == []
    assert dump(near) == before


def test_announce_of_our_own_listing_is_left(near):
    ours = listings.publish(near, THEIRS.content, by="delta")
    before = dump(near)
    assert says(near, "Announce", ours.uri, by=THEIR_CATALOGUE) == []
    assert dump(near) == before


def test_announce_of_a_listing_of_a_node_we_do_not_follow_is_left(near):
    west = listing(1, node="west.example")
    know_affiliate(near, west.by)
    document = to_note(west, TAXONOMY, Addresses("https://west.example"))
    says(near, "Announce", west.uri, by=THEIR_CATALOGUE, fetched={west.uri: document})
    assert held(near) == []


@pytest.mark.parametrize("content", [{"type": "Create", "object": note()}, None, [], 7, {}])
def test_announce_of_anything_else_is_left_h35(near, content):
    before = dump(near)
    says(near, "Announce", content, by=THEIR_CATALOGUE)
    assert dump(near) == before


@pytest.fixture(scope="module")
def far_key():
    return new_ed25519_key()


def proven(document, key, created=NOW, key_uri=f"{FAR}#e"):
    whole = {"@context": PROPOSAL_CONTEXT, **document}
    return add_proof(whole, key=key, key_uri=key_uri, created=created)


@pytest.fixture
def keyed(near, far_key):
    public = far_key.public().multibase()
    near.keys.put_known(FAR, [KnownKey(uri=f"{FAR}#e", owner=FAR, material=public, fetched=NOW)])
    return near


def test_announced_listing_with_its_authors_proof_needs_no_fetch(keyed, far_key):
    document = proven(note(), far_key)
    assert says(keyed, "Announce", document, by=THEIR_CATALOGUE) == []
    assert held(keyed) == [THEIRS.uri]


FORGERIES = {
    "changed": {"published": "2030-01-01T00:00:00Z"},
    "other author": {"attributedTo": BEN},
    "no proof": {"proof": "x"},
    "other value": {"proofValue": "z1"},
    "other key": {"key": new_ed25519_key()},
    "future": {"created": NOW + timedelta(hours=2)},
    "other id": {"key_uri": f"{BEN}#e"},
}


def forged(kind, key):
    change = FORGERIES[kind]
    document = proven(note(), **{"key": key, **{k: v for k, v in change.items() if k in PROVING}})
    if "proofValue" in change:
        return {**document, "proof": {**document["proof"], **change}}
    return {**document, **{name: value for name, value in change.items() if name not in PROVING}}


PROVING = {"key", "created", "key_uri"}


@pytest.mark.parametrize("kind", FORGERIES)
def test_announced_listing_with_a_false_proof_is_not_believed(keyed, far_key, kind):
    know_affiliate(keyed, BEN)
    needs = says(keyed, "Announce", forged(kind, far_key), by=THEIR_CATALOGUE)
    assert held(keyed) == []
    assert needs == [THEIRS.uri]  # it is asked for at its home


# -- Follow, Accept, Reject, Undo -----------------------------------------------------------------

COMES = f"{FAN}#follows/1"


def follow_of(followed=CATALOGUE, **changes):
    return {"id": COMES, "type": "Follow", "actor": FAN, "object": followed, **changes}


def follow(store, followed=CATALOGUE, by=FAN, uri=COMES):
    activity = {"id": uri, "type": "Follow", "actor": by, "object": followed}
    needs = VERBS["Follow"].needs(store, activity)
    VERBS["Follow"].apply(store, Said(activity=activity, actor=by, fetched={}, received=NOW))
    return needs


@pytest.mark.parametrize("followed", [CATALOGUE, DELTA])
def test_follower_is_welcome(home, followed):
    assert follow(home, followed) == [FAN]  # the answer goes to its inbox
    assert home.follows.list_followers(followed) == []
    know_person(home)
    assert follow(home, followed) == []
    [known] = home.follows.list_followers(followed)
    assert (known.follower, known.uri) == (FAN, COMES)


@pytest.mark.parametrize(
    "followed", [HERE.instance, HERE.actor("nobody"), FAR, None, 7, [], [CATALOGUE]]
)
def test_follow_of_anyone_else_changes_nothing(near, followed):
    know_person(near)
    before = dump(near)
    follow(near, followed)
    assert dump(near) == before


def test_undo_by_the_follower_ends_it(home):
    know_person(home)
    follow(home)
    says(home, "Undo", follow_of(), by=FAN)
    assert home.follows.list_followers(CATALOGUE) == []
    says(home, "Undo", follow_of(), by=FAN)  # already undone: no change
    assert home.follows.find(COMES).state is FollowState.UNDONE


def test_undo_by_id_alone_or_by_the_two_actors(home):
    know_person(home)
    follow(home)
    says(home, "Undo", COMES, by=FAN)
    assert home.follows.list_followers(CATALOGUE) == []
    follow(home, uri=f"{FAN}#follows/2")
    says(home, "Undo", follow_of(id=f"{FAN}#made-up"), by=FAN)
    assert home.follows.list_followers(CATALOGUE) == []


@pytest.mark.parametrize("by", [FAR, VICTIM, f"{FAN}2"])
def test_undo_by_another_changes_nothing_h36(near, by):
    know_person(near)
    follow(near)
    before = dump(near)
    says(near, "Undo", follow_of(), by=by)
    says(near, "Undo", COMES, by=by)
    assert dump(near) == before


def test_undo_that_overtakes_its_follow(home):
    know_person(home)
    says(home, "Undo", follow_of(), by=FAN)
    follow(home)
    assert home.follows.list_followers(CATALOGUE) == []
    follow(home, uri=f"{FAN}#follows/2")  # asking anew is another follow
    assert len(home.follows.list_followers(CATALOGUE)) == 1


@pytest.fixture
def asking(home):
    """A node that has asked to follow another's catalogue."""
    know_node(home)
    know_node(home, "west.example")
    asked = following.request_for_node(home, THEIR_CATALOGUE)
    return home, asked


def embedded(asked, **changes):
    return {
        "id": asked.uri,
        "type": "Follow",
        "actor": asked.follower,
        "object": asked.followed,
        **changes,
    }


def state(store):
    return store.follows.find_between(CATALOGUE, THEIR_CATALOGUE).state


@pytest.mark.parametrize("shape", ["embedded", "id", "made up"])
def test_accept_is_noted_and_the_catalogue_read(asking, shape):
    store, asked = asking
    content = {
        "embedded": embedded(asked),
        "id": asked.uri,
        "made up": embedded(asked, id="https://south.example/made-up"),
    }[shape]
    says(store, "Accept", content, by=THEIR_CATALOGUE)
    assert state(store) is FollowState.ACCEPTED
    [reading] = store.catch_ups.list_due(NOW)
    assert (reading.actor, reading.page) == (THEIR_CATALOGUE, f"{THEIR_CATALOGUE}/proposals")


def test_accept_of_a_person_starts_no_reading(home):
    know_person(home)
    asked = following.request_for_node(home, FAN)
    says(home, "Accept", embedded(asked), by=FAN)
    assert home.follows.find(asked.uri).state is FollowState.ACCEPTED
    assert home.catch_ups.list_due(NOW) == []


def test_accept_repeated_reads_no_more(asking):
    store, asked = asking
    says(store, "Accept", embedded(asked), by=THEIR_CATALOGUE)
    store.catch_ups.finish(THEIR_CATALOGUE)
    says(store, "Accept", embedded(asked), by=THEIR_CATALOGUE)
    assert store.catch_ups.list_due(NOW) == []


def test_reject_is_noted_and_reading_stops(asking):
    store, asked = asking
    says(store, "Accept", embedded(asked), by=THEIR_CATALOGUE)
    says(store, "Reject", embedded(asked), by=THEIR_CATALOGUE)
    assert state(store) is FollowState.REJECTED
    assert store.catch_ups.list_due(NOW) == []


@pytest.mark.parametrize("verb", ["Accept", "Reject"])
@pytest.mark.parametrize("by", [FAR, "https://west.example/actors/catalogue", FAN])
def test_answer_of_a_third_party_changes_nothing_h36_l36(asking, verb, by):
    store, asked = asking
    before = dump(store)
    for content in (embedded(asked), asked.uri, embedded(asked, object=by)):
        says(store, verb, content, by=by)
    assert dump(store) == before


@pytest.mark.parametrize("verb", ["Accept", "Reject"])
def test_answer_to_what_is_not_ours_changes_nothing_h36(asking, verb):
    store, _ = asking
    let_follow(store, FAN, THEIR_CATALOGUE, FollowState.PENDING)
    before = dump(store)
    foreign = {"type": "Follow", "actor": FAN, "object": THEIR_CATALOGUE, "id": COMES}
    for content in (foreign, COMES, {"type": "Offer"}, None, 7, [], "x"):
        says(store, verb, content, by=THEIR_CATALOGUE)
    says(store, verb, f"{FAN}#follows/{THEIR_CATALOGUE}", by=THEIR_CATALOGUE)
    assert dump(store) == before


@pytest.mark.parametrize("verb", ["Accept", "Reject"])
def test_answer_to_what_we_asked_before_changes_nothing_h36(asking, verb):
    """An old answer that comes late, or is passed on, is none to what is asked now."""
    store, before = asking
    following.withdraw(store, follower=CATALOGUE, followed=THEIR_CATALOGUE)
    now = following.request_for_node(store, THEIR_CATALOGUE)
    assert now.uri != before.uri
    says(store, verb, embedded(before), by=THEIR_CATALOGUE)
    assert state(store) is FollowState.PENDING
    says(store, "Accept", embedded(now), by=THEIR_CATALOGUE)
    says(store, verb, embedded(before), by=THEIR_CATALOGUE)
    assert state(store) is FollowState.ACCEPTED


@pytest.mark.parametrize("verb", ["Accept", "Reject"])
def test_answer_after_we_left_changes_nothing_h36(asking, verb):
    store, asked = asking
    following.withdraw(store, follower=CATALOGUE, followed=THEIR_CATALOGUE)
    before = dump(store)
    says(store, verb, embedded(asked), by=THEIR_CATALOGUE)
    assert dump(store) == before


# -- all verbs ------------------------------------------------------------------------------------


def test_verbs_are_these():
    assert sorted(VERBS) == [
        "Accept",
        "Announce",
        "Block",
        "Create",
        "Delete",
        "Flag",
        "Follow",
        "Move",
        "QuoteRequest",
        "Reject",
        "Undo",
        "Update",
    ]


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_effect_may_come_twice(near, verb):
    know_person(near)
    said = {
        "Accept": (f"{CATALOGUE}#follows/x", THEIR_CATALOGUE),
        "Announce": (THEIRS.uri, THEIR_CATALOGUE),
        "Block": (CATALOGUE, FAN),
        "Create": (note(), FAR),
        "Delete": (THEIRS.uri, FAR),
        "Flag": (CATALOGUE, FAN),
        "Follow": (CATALOGUE, FAN),
        "Move": (FAR, FAR),
        "QuoteRequest": (THEIRS.uri, FAN),
        "Reject": (f"{CATALOGUE}#follows/x", THEIR_CATALOGUE),
        "Undo": (follow_of(), FAN),
        "Update": (note(NEWER), FAR),
    }
    content, by = said[verb]
    says(near, verb, content, by=by, fetched={THEIRS.uri: note()})
    once = [row for row in dump(near) if row[0] != "event"]
    says(near, verb, content, by=by, fetched={THEIRS.uri: note()})
    assert [row for row in dump(near) if row[0] != "event"] == once
