"""Topics: which there are, what fits them, and what is news to them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from catalogue import listings, topics
from catalogue.errors import Invalid
from catalogue.events import ListingDeleted, TopicsReached
from catalogue.language import LanguageMap
from catalogue.model import FollowState, Role, Visibility
from catalogue.people import AffiliateDraft, add_affiliate
from catalogue.topics import Topic, find_topic, topics_of
from tests.samples import HERE, NOW, SOUTH, TAXONOMY, actor, content, follow, listing, statements
from tests.samples import listings as any_listing

FAN = "https://blog.example/users/fan"


def handles(found):
    return {each.handle for each in found}


def settle(store):
    store.actors.put(actor("delta", node=HERE.authority))
    store.actors.put(actor("catalogue", node=HERE.authority, role=Role.CATALOGUE))


def let_follow(store, handle, state=FollowState.ACCEPTED, fan=FAN):
    store.follows.put(follow(fan, HERE.actor(handle), state))


def reached(store):
    events = [event for _, event in store.events.next_pending(99)]
    return [set(event.topics) for event in events if isinstance(event, TopicsReached)]


# -- which there are ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handle", "topic"),
    [
        ("governance", Topic(capacity="governance")),
        ("Governance.FR", Topic(capacity="governance", language="fr")),
        ("eseap", Topic(region="ESEAP")),
        ("pl", Topic(region="PL")),
        ("glam-wiki-project.sw", Topic(capacity="glam-wiki-project", language="sw")),
    ],
)
def test_topic_is_found_by_its_handle(handle, topic):
    assert find_topic(TAXONOMY, handle) == topic
    assert topic.handle == handle.lower()


@pytest.mark.parametrize(
    "handle",
    ["", "nothing", "governance.", "governance.xyzzy", "governance.zz", "governance.fr.fr", "pl.fr",
     ".fr", "governance.pt-br", "https://hub.example", "governance/fr", "ｐｌ", "governance.ﬁ"],
)  # fmt: skip
def test_what_is_not_known_is_no_topic(handle):
    assert find_topic(TAXONOMY, handle) is None


def test_no_two_topics_share_a_handle_and_every_server_can_read_it():
    names = [each.id.lower() for each in (*TAXONOMY.capacities, *TAXONOMY.regions)]
    assert len(names) == len(set(names))
    for name in names:
        draft_problem = "kept for the topic"
        assert find_topic(TAXONOMY, name).handle == name, draft_problem
        assert all(part.isalnum() for part in name.split("-"))


@given(any_listing())
def test_every_topic_of_a_listing_is_found_by_its_handle(made):
    for topic in topics_of(made, TAXONOMY):
        assert find_topic(TAXONOMY, topic.handle) == topic


def test_listing_fits_what_is_broader_in_its_languages_and_regions():
    made = listing(capacities=("mediation",), delivery_languages=("pt-BR", "uk"), regions=("PL",))
    above = ["mediation", "conflict-management", "community-health"]
    assert handles(topics_of(made, TAXONOMY)) == {
        *above,
        *(f"{each}.{language}" for each in above for language in ("pt", "uk")),
        "pl",
        "ceeca",
    }


def test_listing_without_languages_fits_those_it_is_written_in():
    made = listing(delivery_languages=(), title=LanguageMap({"fr": "Un", "und": "One"}))
    found = handles(topics_of(made, TAXONOMY))
    assert {each for each in found if "." in each} == {
        "mediation.fr", "conflict-management.fr", "community-health.fr"
    }  # fmt: skip


def test_what_only_a_peer_knows_makes_no_topic():
    made = listing(
        capacities=("https://elsewhere.example/x",),
        regions=("https://elsewhere.example/y",),
        delivery_languages=("x-klingon", "zz"),
    )
    assert topics_of(made, TAXONOMY) == ()


def test_topics_of_one_listing_are_bounded():
    everything = listing(
        capacities=tuple(each.id for each in TAXONOMY.capacities)[:50],
        delivery_languages=("en", "fr", "de", "es", "pl", "uk", "ar", "sw", "hi", "tr"),
    )
    assert len(topics_of(everything, TAXONOMY)) == topics.MAX_TOPICS


def test_topic_exists_while_it_has_something_to_say(store):
    settle(store)
    topic = find_topic(TAXONOMY, "community-health.en")
    assert not topics.exists(store, topic)
    for visibility in (each for each in Visibility if each is not Visibility.PUBLIC):
        listings.publish(store, content(visibility=visibility), by="delta")
    assert not topics.exists(store, topic)
    made = listings.publish(store, content(), by="delta")
    assert topics.exists(store, topic)
    assert not topics.exists(store, find_topic(TAXONOMY, "community-health.fr"))
    listings.close(store, made.id)
    assert not topics.exists(store, topic)
    listings.take_in(store, listing(1), b"{}")
    assert topics.exists(store, topic)


@pytest.mark.parametrize("state", [FollowState.ACCEPTED, FollowState.UNDONE])
def test_topic_that_once_had_a_follower_stays(store, state):
    settle(store)
    let_follow(store, "governance.fr", state)
    assert topics.exists(store, find_topic(TAXONOMY, "governance.fr"))
    assert [each.handle for each in topics.list_topics(store)] == ["governance.fr"]
    assert not topics.exists(store, find_topic(TAXONOMY, "governance"))


def test_affiliate_that_was_first_keeps_its_handle(store):
    settle(store)
    store.actors.put(actor("mediation", node=HERE.authority))
    listings.publish(store, content(), by="delta")
    assert topics.find_topic_actor(store, "mediation") is None
    assert topics.find_local(store, HERE.actor("mediation")).role is Role.AFFILIATE
    assert "mediation" not in handles(topics.list_topics(store))
    store.actors.remove(HERE.actor("mediation"))
    store.tombstones.bury(HERE.actor("mediation"), by=HERE.actor("mediation"), at=NOW)
    assert topics.find_topic_actor(store, "mediation") is None


@pytest.mark.parametrize("handle", ["governance", "governance.fr", "pl"])
def test_handle_of_a_topic_is_not_given_to_an_affiliate(store, handle):
    with pytest.raises(Invalid, match=f"'{handle}' is kept for the topic of that name"):
        add_affiliate(store, AffiliateDraft(handle=handle, name="A group"))
    assert add_affiliate(store, AffiliateDraft(handle=f"{handle}.group", name="A group"))


def test_topic_is_an_actor_of_this_node(store):
    settle(store)
    listings.publish(store, content(), by="delta")
    found = topics.find_topic_actor(store, "Mediation.EN")
    assert (found.uri, found.role) == ("https://hub.example/actors/mediation.en", Role.TOPIC)
    assert (found.acct, found.url) == (
        "mediation.en@hub.example",
        "https://hub.example/@mediation.en",
    )
    assert found.name == "mediation (English)"
    assert topics.find_local(store, found.uri) == found
    for uri in (found.uri.upper(), found.uri + "/", f"https://{SOUTH}/actors/mediation.en"):
        assert topics.find_local(store, uri) is None


def test_list_of_topics_is_what_exists(store):
    settle(store)
    listings.publish(store, content(regions=("PL",)), by="delta")
    listings.publish(
        store, content(capacities=("governance",), visibility=Visibility.NETWORK), by="delta"
    )
    found = topics.list_topics(store)
    above = ["mediation", "conflict-management", "community-health"]
    assert handles(found) == {*above, *(f"{each}.en" for each in above), "pl", "ceeca"}
    assert all(topics.exists(store, each) for each in found)


def test_list_of_topics_asks_as_often_for_three_as_for_one(new_store):
    asked = []
    for number in (1, 3):
        with new_store() as store:
            settle(store)
            for capacity in ("mediation", "governance", "wikidata")[:number]:
                listings.publish(store, content(capacities=(capacity,)), by="delta")
            with statements(store) as run:
                topics.list_topics(store)
            asked.append(len(run))
    assert asked[0] == asked[1]


# -- what they hear -------------------------------------------------------------------------------


def test_new_listing_reaches_the_topics_that_are_followed(store):
    settle(store)
    for handle in ("community-health", "mediation.en", "mediation.fr", "governance", "pl"):
        let_follow(store, handle)
    let_follow(store, "mediation", FollowState.UNDONE)
    listings.publish(store, content(regions=("PL",)), by="delta")
    assert reached(store) == [{"community-health", "mediation.en", "pl"}]


def test_nothing_is_recorded_where_nobody_follows(store):
    settle(store)
    listings.publish(store, content(), by="delta")
    listings.take_in(store, listing(1), b"{}")
    assert reached(store) == []


@pytest.mark.parametrize("visibility", [each for each in Visibility if each != "public"])
def test_limited_listing_reaches_no_topic_l34(store, visibility):
    settle(store)
    let_follow(store, "mediation")
    made = listings.publish(store, content(visibility=visibility), by="delta")
    listings.edit(store, made.id, content(visibility=visibility, regions=("PL",)))
    listings.take_in(store, listing(1, visibility=visibility), b"{}")
    listings.delete(store, made.id)
    assert reached(store) == []
    [deleted] = [
        each for _, each in store.events.next_pending(99) if isinstance(each, ListingDeleted)
    ]
    assert deleted.topics == ()


def test_edit_reaches_only_the_topics_it_adds(store):
    settle(store)
    for handle in ("mediation", "governance", "pl"):
        let_follow(store, handle)
    made = listings.publish(store, content(), by="delta")
    store.clock.pass_by(days=30)
    listings.edit(store, made.id, content(title=LanguageMap({"en": "Other"})))
    listings.edit(store, made.id, content(capacities=("mediation", "governance")))
    assert reached(store) == [{"mediation"}, {"governance"}]


def test_closing_reaches_nobody(store):
    settle(store)
    let_follow(store, "mediation")
    made = listings.publish(store, content(capacities=("governance",)), by="delta")
    listings.close(store, made.id)
    listings.edit(store, made.id, content())
    assert reached(store) == []


def test_listing_of_another_node_reaches_topics_once(store):
    let_follow(store, "mediation")
    theirs = listing(1)
    listings.take_in(store, theirs, b"{}")
    listings.take_in(store, theirs, b"{}")
    later = NOW + timedelta(seconds=5)
    listings.take_in(store, replace(theirs, updated=later), b"{}")
    assert reached(store) == [{"mediation"}]


def test_listing_of_another_node_that_is_old_is_no_news(store):
    let_follow(store, "mediation")
    let_follow(store, "governance")
    old = NOW - topics.NEWS - timedelta(seconds=1)
    theirs = listing(1, published=old, updated=old)
    listings.take_in(store, theirs, b"{}")
    listings.take_in(store, listing(2, published=old, updated=NOW), b"{}")
    assert reached(store) == []
    listings.take_in(store, replace(theirs, updated=NOW, capacities=("governance",)), b"{}")
    assert reached(store) == [{"governance"}]


def test_listing_that_has_moved_along_with_its_author_is_no_news(store):
    let_follow(store, "mediation")
    moved = listing(1, same_as=("https://old.example/proposals/7",))
    listings.take_in(store, moved, b"{}")
    assert reached(store) == []


def test_deleted_listing_names_the_topics_that_heard_of_it(store):
    settle(store)
    let_follow(store, "mediation")
    made = listings.publish(store, content(), by="delta")
    listings.delete(store, made.id)
    events = [event for _, event in store.events.next_pending(99)]
    assert events[-1].topics == ("mediation",)
