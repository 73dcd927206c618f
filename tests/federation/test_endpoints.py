"""What is served to machines, and to whom (L33, L34, L35, H64, H71)."""

import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from catalogue import listings
from catalogue.digest import digest_of, leaf
from catalogue.model import FollowState, Visibility
from catalogue.policy import ANYONE, MEMBER, Viewer
from federation import endpoints, publisher
from federation.errors import Gone, Malformed, NotHere
from federation.mapping.proposal import from_note
from federation.settings import Settings
from federation.signatures.integrity import proof_of, verify_proof
from federation.signatures.keys import load_multibase
from federation.vocabulary import DIGEST_CONTEXT
from tests.federation.world import (
    CATALOGUE,
    DELTA,
    FAN,
    FRIEND,
    know_affiliate,
    know_node,
    know_person,
    let_follow,
    settle,
)
from tests.samples import HERE, NOW, SOUTH, TAXONOMY, content, listing, one, statements

THEIR_CATALOGUE = f"https://{SOUTH}/actors/catalogue"
CODE = "https://code.example/exchange"
SETTINGS = Settings(version="1.2.3", source=CODE)


def publish(home, **changes):
    home.clock.pass_by(seconds=1)
    return listings.publish(home, content(**changes), by="delta")


# -- actors and listings --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handle", "uri"),
    [("delta", DELTA), ("catalogue", CATALOGUE), ("hub.example", HERE.instance)],
)
def test_actor_is_served_with_its_keys(home, keyring, handle, uri):
    document = endpoints.actor(home, keyring, handle)
    assert document["id"] == uri
    assert document["publicKey"]["owner"] == uri
    assert "PRIVATE" not in json.dumps(document)


def test_actor_of_another_node_is_not_here(home, keyring):
    know_affiliate(home)
    for handle in ("far", "nobody", ""):
        with pytest.raises(NotHere):
            endpoints.actor(home, keyring, handle)


def test_deleted_actor_is_gone(home, keyring):
    home.actors.remove(DELTA)
    home.tombstones.bury(DELTA, by=DELTA, at=NOW)
    with pytest.raises(Gone):
        endpoints.actor(home, keyring, "delta")


def test_listing_is_served_with_a_proof_that_holds(home, keyring):
    made = publish(home)
    document = endpoints.listing(home, keyring, made.id, ANYONE)
    back = from_note(document, TAXONOMY, local_id=made.id, now=NOW + timedelta(days=1))
    assert back == made
    proof = proof_of(document)
    key = load_multibase(keyring.public_keys(home, DELTA).ed25519_multibase)
    verify_proof(document, proof, key)


def test_create_is_served_as_it_is_now(home, keyring):
    made = publish(home)
    home.clock.pass_by(minutes=1)
    listings.edit(home, made.id, content(title=one("New")))
    document = endpoints.listing_create(home, keyring, made.id, ANYONE)
    assert document["id"] == HERE.listing_create(made.id)
    assert document["object"]["publishes"]["name"] == "New"


VIEWERS = {
    "anyone": ANYONE,
    "peer": Viewer(is_peer=True),
    "follower": Viewer(is_peer=True, follows=frozenset({DELTA})),
    "member": MEMBER,
}
SEEN = {
    Visibility.PUBLIC: {"anyone", "peer", "follower", "member"},
    Visibility.NETWORK: {"peer", "follower", "member"},
    Visibility.FOLLOWERS: {"follower", "member"},
    Visibility.NODE: {"member"},
}


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("visibility", list(Visibility))
def test_listing_is_shown_to_whom_it_is_for_h71(home, keyring, visibility, viewer):
    made = publish(home, visibility=visibility)
    surfaces = [
        lambda: endpoints.listing(home, keyring, made.id, VIEWERS[viewer]),
        lambda: endpoints.listing_create(home, keyring, made.id, VIEWERS[viewer]),
        lambda: endpoints.replies(home, made.id, VIEWERS[viewer]),
    ]
    for surface in surfaces:
        if viewer in SEEN[visibility]:
            assert surface()
        else:
            with pytest.raises(NotHere) as hidden:
                surface()
            with pytest.raises(NotHere) as unknown:
                endpoints.listing(home, keyring, "no-such-id", VIEWERS[viewer])
            assert str(hidden.value) == str(unknown.value)  # L33
    page = proposals(home, keyring, VIEWERS[viewer])
    shown = [each["id"] for each in page["orderedItems"]]
    assert shown == ([made.uri] if viewer in SEEN[visibility] else [])


def test_limited_listing_marks_no_public_surface_l34(home, keyring):
    for visibility in (each for each in Visibility if each is not Visibility.PUBLIC):
        made = publish(home, visibility=visibility, title=one("Marker"), text=one("<p>Marker</p>"))
        listings.edit(home, made.id, content(visibility=visibility, title=one("Marker two")))
        assert not endpoints.is_public_listing(home, made.id)
    publish(home)
    while publisher.tell_pending(home, keyring):
        pass
    surfaces = [
        proposals(home, keyring, ANYONE),
        proposals(home, keyring, ANYONE, handle="delta"),
        endpoints.proposals(
            home, keyring, "delta", cursor=None, page=False, viewer=ANYONE, limit=9
        ),
        *(
            endpoints.outbox(home, handle, page=page, before=None, limit=9)
            for handle in ("delta", "catalogue", "hub.example")
            for page in (True, False)
        ),
        endpoints.nodeinfo(home, "2.1", SETTINGS),
        endpoints.webfinger(home, "acct:delta@hub.example"),
    ]
    assert "Marker" not in json.dumps(surfaces)
    assert proposals(home, keyring, ANYONE)["orderedItems"] != []


def test_deleted_listing_is_gone_and_leaves_a_tombstone(home, keyring):
    made = publish(home)
    listings.delete(home, made.id)
    with pytest.raises(Gone):
        endpoints.listing(home, keyring, made.id, ANYONE)
    tombstone = endpoints.tombstone(home, made.id)
    assert (tombstone["id"], tombstone["type"]) == (made.uri, "Tombstone")
    with pytest.raises(NotHere):
        endpoints.tombstone(home, "no-such-id")


def test_listing_of_another_node_is_not_served_here(home, keyring):
    theirs = listing(1, id="theirs")
    listings.take_in(home, theirs, b"{}")
    for listing_id in (theirs.id, theirs.uri, "1"):
        with pytest.raises(NotHere):
            endpoints.listing(home, keyring, listing_id, MEMBER)


def test_activity_is_served_when_it_is_public(home, keyring):
    public = publish(home)
    publish(home, visibility=Visibility.NETWORK)
    let_follow(home, know_node(home), CATALOGUE)
    publisher.tell_pending(home, keyring)
    announced = endpoints.activity(home, HERE.announce(public.id))
    assert json.loads(announced.body)["object"] == public.uri
    hidden = [row["uri"] for row in private(home)]
    assert hidden
    for uri in [*hidden, HERE.announce("nothing")]:
        with pytest.raises(NotHere):
            endpoints.activity(home, uri)


def private(home):
    return home.listings._sql.all("SELECT uri FROM activity WHERE NOT is_public")


# -- who asks -------------------------------------------------------------------------------------


def test_reader_is_a_peer_when_its_node_follows_us(home):
    know_node(home)
    assert endpoints.viewer_for(home, THEIR_CATALOGUE) == ANYONE
    let_follow(home, THEIR_CATALOGUE, CATALOGUE)
    assert endpoints.viewer_for(home, THEIR_CATALOGUE) == Viewer(is_peer=True)
    assert endpoints.viewer_for(home, f"https://{SOUTH}/actor") == Viewer(is_peer=True)
    let_follow(home, THEIR_CATALOGUE, DELTA)
    assert endpoints.viewer_for(home, THEIR_CATALOGUE) == Viewer(
        is_peer=True, follows=frozenset({DELTA})
    )


@pytest.mark.parametrize("state", [each for each in FollowState if each != "accepted"])
def test_reader_whose_follow_does_not_stand_is_anyone_l35(home, state):
    know_node(home)
    let_follow(home, THEIR_CATALOGUE, CATALOGUE, state)
    assert endpoints.viewer_for(home, THEIR_CATALOGUE) == ANYONE


def test_reader_elsewhere_is_anyone(home):
    let_follow(home, know_node(home), CATALOGUE)
    let_follow(home, know_person(home, FAN), CATALOGUE)  # a follower, but of no exchange node
    for reader in (None, FAN, "https://west.example/actor", "https://south.example:8443/actor"):
        assert endpoints.viewer_for(home, reader) == ANYONE


def test_blocked_reader_is_anyone_h64_l32(home):
    let_follow(home, know_node(home), CATALOGUE)
    home.hosts.block(SOUTH, at=NOW, reason="")
    assert endpoints.viewer_for(home, THEIR_CATALOGUE) == ANYONE


# -- collections ----------------------------------------------------------------------------------


def proposals(home, keyring, viewer, *, handle="catalogue", cursor=None, limit=10):
    return endpoints.proposals(
        home, keyring, handle, cursor=cursor, page=True, viewer=viewer, limit=limit
    )


def test_followers_are_counted_and_not_named(home):
    let_follow(home, know_person(home, FAN), DELTA)
    let_follow(home, know_person(home, FRIEND), DELTA, FollowState.UNDONE)
    let_follow(home, CATALOGUE, know_node(home))
    assert endpoints.followers(home, "delta") == {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{DELTA}/followers",
        "type": "OrderedCollection",
        "totalItems": 1,
    }
    assert endpoints.following(home, "catalogue")["totalItems"] == 1
    with pytest.raises(NotHere):
        endpoints.followers(home, "nobody")


def test_featured_are_the_newest_open_and_public_of_the_affiliate(home, keyring):
    made = [publish(home) for _ in range(endpoints.FEATURED + 2)]
    listings.close(home, made[-1].id)
    for visibility in (Visibility.NETWORK, Visibility.FOLLOWERS, Visibility.NODE):
        publish(home, visibility=visibility)
    assert endpoints.featured(home, keyring, "delta") == {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{DELTA}/featured",
        "type": "OrderedCollection",
        "totalItems": endpoints.FEATURED,
        "orderedItems": [
            endpoints.listing(home, keyring, each.id, ANYONE) for each in reversed(made[1:-1])
        ],
    }
    assert endpoints.featured(home, keyring, "catalogue")["orderedItems"] == []
    with pytest.raises(NotHere):
        endpoints.featured(home, keyring, "nobody")


def walk(first, fetch):
    found, page = [], first
    while True:
        found += page["orderedItems"]
        if "next" not in page:
            return found
        query = {name: each[0] for name, each in parse_qs(urlsplit(page["next"]).query).items()}
        page = fetch(query)


def test_proposals_carry_every_open_listing_once_with_its_proof(home, keyring):
    made = [publish(home) for _ in range(5)]
    listings.close(home, made[0].id)
    listings.take_in(home, listing(1), b"{}")
    root = endpoints.proposals(
        home, keyring, "catalogue", cursor=None, page=False, viewer=ANYONE, limit=2
    )
    assert root == {
        "@context": DIGEST_CONTEXT,
        "id": f"{CATALOGUE}/proposals",
        "type": "OrderedCollection",
        "totalItems": 4,
        "first": f"{CATALOGUE}/proposals?page=true",
        "digest": digest_of(leaf(each.uri, each.updated) for each in made[1:]).hex(),
        "buckets": f"{CATALOGUE}/digest",
    }
    found = walk(
        proposals(home, keyring, ANYONE, limit=2),
        lambda query: proposals(home, keyring, ANYONE, cursor=query["cursor"], limit=2),
    )
    assert [each["id"] for each in found] == [each.uri for each in reversed(made[1:])]
    assert all(each["proof"]["verificationMethod"] == f"{DELTA}#ed25519-key" for each in found)


def test_proposals_of_an_affiliate_are_its_own(home, keyring):
    made = publish(home)
    other = replace(made, id="other", uri=HERE.listing("other"), by=HERE.actor("other"))
    home.listings.put(other, words="")
    page = proposals(home, keyring, ANYONE, handle="delta")
    assert [each["id"] for each in page["orderedItems"]] == [made.uri]


def test_outbox_is_public_and_paged_newest_first(home, keyring):
    made = [publish(home) for _ in range(5)]
    publish(home, visibility=Visibility.NETWORK)
    publisher.tell_pending(home, keyring)
    root = endpoints.outbox(home, "delta", page=False, before=None, limit=2)
    assert (root["totalItems"], root["first"]) == (5, f"{DELTA}/outbox?page=true")
    found = walk(
        endpoints.outbox(home, "delta", page=True, before=None, limit=2),
        lambda query: endpoints.outbox(home, "delta", page=True, before=query["before"], limit=2),
    )
    assert [each["object"]["id"] for each in found] == [each.uri for each in reversed(made)]
    assert endpoints.outbox(home, "hub.example", page=False, before=None, limit=2)["id"] == (
        "https://hub.example/actor/outbox"
    )


@pytest.mark.parametrize("surface", ["proposals", "outbox"])
def test_page_asks_as_often_for_three_as_for_one(new_store, own_keys, keyring, surface):
    asked = []
    for number in (1, 3):
        with new_store() as store:
            settle(store, own_keys)
            for _ in range(number):
                publish(store)
            publisher.tell_pending(store, keyring)
            with statements(store) as run:
                if surface == "proposals":
                    page = proposals(store, keyring, ANYONE)
                else:
                    page = endpoints.outbox(store, "delta", page=True, before=None, limit=9)
            assert len(page["orderedItems"]) == number
            asked.append(len(run))
    assert asked[0] == asked[1]


# -- discovery ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "resource",
    [
        "acct:delta@hub.example",
        "delta@hub.example",
        "@delta@hub.example",
        "acct:DELTA@HUB.example",
        "https://hub.example/actors/delta",
        "https://hub.example/@delta",
        "ACCT:delta@hub.example",
        "acct:delta%40hub.example",
        "https://HUB.example:443/@Delta",
        "https://hub.example/actors/delta/",
    ],
)
def test_webfinger_names_an_actor_however_it_is_asked(home, resource):
    assert endpoints.webfinger(home, resource) == {
        "subject": "acct:delta@hub.example",
        "aliases": ["https://hub.example/actors/delta", "https://hub.example/@delta"],
        "links": [
            {
                "rel": "self",
                "type": "application/activity+json",
                "href": "https://hub.example/actors/delta",
            },
            {
                "rel": "http://webfinger.net/rel/profile-page",
                "type": "text/html",
                "href": "https://hub.example/@delta",
            },
            {
                "rel": "http://ostatus.org/schema/1.0/subscribe",
                "template": "https://hub.example/authorize_interaction?uri={uri}",
            },
            {
                "rel": "https://w3id.org/fep/3b86/Object",
                "template": "https://hub.example/intents/object?uri={object}",
            },
            {
                "rel": "https://w3id.org/fep/3b86/Follow",
                "template": "https://hub.example/intents/follow?uri={object}",
            },
            {
                "rel": "https://w3id.org/fep/3b86/Offer",
                "template": "https://hub.example/intents/offer?object={object}&target={target}",
            },
        ],
    }


def test_webfinger_gives_only_the_relations_asked_for(home):
    for resource in ("acct:delta@hub.example", "https://hub.example/"):
        whole = endpoints.webfinger(home, resource)
        part = endpoints.webfinger(home, resource, ["self", "no-such-relation"])
        assert [link["rel"] for link in part.pop("links")] == ["self"]
        assert part == {name: value for name, value in whole.items() if name != "links"}
    assert endpoints.webfinger(home, "acct:delta@hub.example", ["nothing"])["links"] == []


def test_webfinger_of_a_deleted_affiliate_is_gone(home):
    home.actors.remove(DELTA)
    home.tombstones.bury(DELTA, by=DELTA, at=NOW)
    for resource in ("acct:delta@hub.example", DELTA, "https://hub.example/@delta"):
        with pytest.raises(Gone):
            endpoints.webfinger(home, resource)


@pytest.mark.parametrize(
    ("resource", "subject"),
    [
        ("https://hub.example/actor", "acct:hub.example@hub.example"),
        ("acct:hub.example@hub.example", "acct:hub.example@hub.example"),
        ("acct:catalogue@hub.example", "acct:catalogue@hub.example"),
        ("https://hub.example/", "https://hub.example/"),
        ("https://hub.example", "https://hub.example/"),
    ],
)
def test_webfinger_names_the_node_itself(home, resource, subject):
    assert endpoints.webfinger(home, resource)["subject"] == subject


@pytest.mark.parametrize(
    "resource",
    ["", "delta", "acct:", "acct:@hub.example", "x" * 3000, "https://", "https://hub.example@x/"],
)
def test_webfinger_without_sense_is_malformed(home, resource):
    with pytest.raises(Malformed):
        endpoints.webfinger(home, resource)


@pytest.mark.parametrize(
    "resource",
    [
        "acct:nobody@hub.example",
        "acct:delta@other.example",
        "https://other.example/actors/delta",
        "https://hub.example/proposals/1",
        "https://hub.example.evil.example/actors/delta",
        "https://hub.example/actors/delta/inbox",
        "https://hub.example/actors/delta%2Finbox",
        "https://hub.example/@delta?page=2",
        "https://hub.example/actors/delta#main-key",
        "http://hub.example/@delta",
        "mailto:delta@hub.example",
    ],
)
def test_webfinger_of_nobody_is_not_here(home, resource):
    with pytest.raises(NotHere):
        endpoints.webfinger(home, resource)


def test_host_meta_says_where_webfinger_is():
    template = "https://hub.example/.well-known/webfinger?resource={uri}"
    assert f'<Link rel="lrdd" template="{template}"/>' in endpoints.host_meta(HERE)
    assert endpoints.host_meta_json(HERE) == {"links": [{"rel": "lrdd", "template": template}]}


def test_nodeinfo_says_what_this_node_is(home):
    publish(home)
    publish(home, kind=listing().kind.opposite)
    publish(home, visibility=Visibility.NODE)
    listings.take_in(home, listing(1), b"{}")
    catalogue = home.actors.find_by_uri(CATALOGUE)
    home.actors.put(replace(catalogue, summary=one("<p>A hub for <em>all</em>.</p>")))
    index = endpoints.nodeinfo_index(HERE)
    assert [link["href"] for link in index["links"]] == [
        "https://hub.example/nodeinfo/2.1",
        "https://hub.example/nodeinfo/2.0",
        "https://hub.example/actor",
    ]
    for version in ("2.0", "2.1"):
        said = endpoints.nodeinfo(home, version, SETTINGS)
        assert said["version"] == version
        more = {"repository": CODE, "homepage": CODE} if version == "2.1" else {}
        assert said["software"] == {"name": "capacity-exchange", "version": "1.2.3", **more}
        assert said["usage"] == {
            "users": {"total": 1, "activeMonth": 1, "activeHalfyear": 1},
            "localPosts": 2,
        }
        assert said["metadata"]["nodeDescription"] == "A hub for all."
        assert said["metadata"]["nodeName"] == "Our hub"
        assert said["metadata"]["capacityExchange"] == {
            "openOffers": 1,
            "openNeeds": 1,
            "catalogue": CATALOGUE,
            "proposals": f"{CATALOGUE}/proposals",
        }
    with pytest.raises(NotHere):
        endpoints.nodeinfo(home, "3.0", SETTINGS)


def test_nodeinfo_counts_who_was_active(home):
    publish(home)
    home.clock.pass_by(days=31)
    users = endpoints.nodeinfo(home, "2.1", SETTINGS)["usage"]["users"]
    assert users == {"total": 1, "activeMonth": 0, "activeHalfyear": 1}
    home.clock.pass_by(days=150)
    assert endpoints.nodeinfo(home, "2.1", SETTINGS)["usage"]["users"]["activeHalfyear"] == 0
