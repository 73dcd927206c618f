"""What the catalogue's other shelves promise: actors, peers, matches, follows, what is past."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.events import (
    Event,
    FollowAnswered,
    FollowRequested,
    FollowWithdrawn,
    ListingDeleted,
    ListingEdited,
    ListingPublished,
    TopicsReached,
)
from catalogue.language import LanguageMap
from catalogue.model import Follow, FollowState, Kind, Match, Peer, Reason, Role, Status, Visibility
from federation.model import HostState
from tests.samples import BLOG, HERE, NOW, SOUTH, actor, follow, listing, party, statements

LATER = NOW + timedelta(hours=1)


# -- actors ---------------------------------------------------------------------------------------


def test_actor_comes_back_as_it_was_put(store):
    full = actor(
        "far",
        kind="chapter",
        name="Wiki «Далеко» 🐝",
        summary=LanguageMap({"uk": "<p>Привіт</p>", "en": "<p>Hello</p>"}),
        regions=("UA", "CEECA"),
        languages=("uk", "en"),
        updated=LATER,
    )
    store.actors.put(full)
    assert store.actors.find(full.id) == full
    assert store.actors.find_by_uri(full.uri) == full
    assert store.actors.find_by_handle("FAR", SOUTH) == full
    assert store.actors.find_by_handle("far", BLOG) is None
    assert store.actors.find("nothing") is store.actors.find_by_uri("nothing") is None


def test_actor_keeps_the_local_id_it_first_got(store):
    store.actors.put(actor("far"))
    store.actors.put(actor("far", id="another", name="New name", published=LATER, updated=LATER))
    assert store.actors.find_by_uri(actor("far").uri) == actor(
        "far", name="New name", updated=LATER
    )


def test_find_many_actors_asks_once(store):
    for handle in ("a", "b", "c"):
        store.actors.put(actor(handle))
    uris = [actor(handle).uri for handle in ("a", "c", "x", "a")]
    with statements(store) as asked:
        assert store.actors.find_many(uris) == {actor(each).uri: actor(each) for each in "ac"}
    assert len(asked) == 1
    assert store.actors.find_many([]) == {}


def test_affiliates_are_ours_those_followed_and_those_with_a_listing(store):
    ours, near = actor("a", node=HERE.authority), actor("b", node=SOUTH)
    catalogue = actor("catalogue", node=SOUTH, role=Role.CATALOGUE)
    author, writer = actor("c", node=BLOG), actor("d", node=BLOG)
    for each in (ours, near, catalogue, author, writer):
        store.actors.put(each)
    store.listings.put(listing(1, by=author.uri), words="")
    assert store.actors.list_affiliates(HERE.authority) == [ours, author]
    store.follows.put(follow(HERE.catalogue, catalogue.uri, FollowState.PENDING))
    assert store.actors.list_affiliates(HERE.authority) == [ours, author]
    store.follows.put(follow(HERE.catalogue, catalogue.uri))
    assert store.actors.list_affiliates(HERE.authority) == [ours, near, author]


def test_crowd_at_one_node_does_not_make_affiliates_slow_l20(store):
    store.actors.put(actor("a", node=HERE.authority))

    def steps() -> int:
        """Return how much SQLite did, in hundreds of its instructions."""
        taken: list[int] = []
        connection = store.actors._sql._connection
        connection.set_progress_handler(lambda: taken.append(1), 100)
        try:
            assert len(store.actors.list_affiliates(HERE.authority)) == 1
        finally:
            connection.set_progress_handler(None, 0)
        return len(taken)

    for number in range(100):
        store.actors.put(actor(f"b{number}", node=SOUTH))
    before = steps()
    for number in range(100, 400):
        store.actors.put(actor(f"b{number}", node=SOUTH))
    assert before < steps() < 8 * before  # four times as many


def test_actors_by_role_are_sorted_by_name(store):
    named = [actor("b", name="Ada"), actor("a", name="Zoe"), actor("c", name="Bob", node=BLOG)]
    for each in [*named, actor("catalogue", role=Role.CATALOGUE)]:
        store.actors.put(each)
    found = store.actors.list_by_role(Role.AFFILIATE)
    assert [each.name for each in found] == ["Ada", "Bob", "Zoe"]
    assert store.actors.list_by_role(Role.AFFILIATE, BLOG) == [named[2]]


def test_removed_actor_is_gone(store):
    store.actors.put(actor("a"))
    store.actors.put(actor("b"))
    store.actors.remove(actor("a").uri)
    assert store.actors.list_by_role(Role.AFFILIATE) == [actor("b")]


# -- peers ----------------------------------------------------------------------------------------


def meet(store, node, name, *, ours=None, theirs=None, is_exchange=True):
    catalogue = actor("catalogue", node=node, name=name, role=Role.CATALOGUE)
    store.actors.put(catalogue)
    proposals = f"{catalogue.uri}/proposals" if is_exchange else None
    store.parties.put(party(catalogue.uri, proposals=proposals))
    if ours:
        store.follows.put(follow(HERE.catalogue, catalogue.uri, ours))
    if theirs:
        store.follows.put(follow(catalogue.uri, HERE.catalogue, theirs))
    return catalogue


def test_peers_are_the_nodes_we_follow_or_that_follow_us(store):
    south = meet(store, SOUTH, "South", ours=FollowState.ACCEPTED)
    west = meet(store, "west.example", "West", theirs=FollowState.ACCEPTED)
    meet(store, "lone.example", "Stranger")
    meet(store, BLOG, "Blog", ours=FollowState.ACCEPTED, is_exchange=False)
    left = meet(store, "past.example", "Past", theirs=FollowState.UNDONE)
    assert store.peers.list_peers(NOW) == [
        Peer(
            node="past.example",
            name="Past",
            catalogue=left.uri,
            following=None,
            follows_us=False,
            open_listings=0,
        ),
        Peer(
            node=SOUTH,
            name="South",
            catalogue=south.uri,
            following=FollowState.ACCEPTED,
            follows_us=False,
            open_listings=0,
        ),
        Peer(
            node="west.example",
            name="West",
            catalogue=west.uri,
            following=None,
            follows_us=True,
            open_listings=0,
        ),
    ]


def test_peer_says_what_we_hold_and_how_it_answers(store):
    meet(store, SOUTH, "South", ours=FollowState.PENDING)
    store.listings.put(listing(1), words="")
    store.listings.put(listing(2, status=Status.CLOSED), words="")
    store.listings.put(listing(3, until=NOW), words="")
    store.listings.put(listing(4, node=BLOG), words="")
    trouble = HostState(host=SOUTH, failures=5, closed_until=LATER, error="503", heard=NOW)
    store.hosts.put(trouble)
    [peer] = store.peers.list_peers(NOW)
    assert (peer.open_listings, peer.heard, peer.trouble) == (1, NOW, "503")
    [peer] = store.peers.list_peers(LATER)
    assert peer.trouble is None


def test_peers_ask_as_often_for_three_as_for_one(new_store):
    asked = []
    for number in (1, 3):
        with new_store() as store:
            for each in range(number):
                meet(store, f"n{each}.example", "N", ours=FollowState.ACCEPTED)
            with statements(store) as run:
                assert len(store.peers.list_peers(NOW)) == number
            asked.append(len(run))
    assert asked == [1, 1]


# -- matches --------------------------------------------------------------------------------------


def match(need, offer, score=0.75):
    reasons = (
        Reason(term="capacity", value=1.0, weight=0.4, why="match-capacity-same", about=("lua",)),
        Reason(term="words", value=0.3333, weight=0.1, why="match-words-none"),
    )
    return Match(need=need, offer=offer, score=score, reasons=reasons)


@pytest.fixture
def shelved(store):
    for number in range(1, 4):
        store.listings.put(listing(number, kind=Kind.NEED), words="")
        store.listings.put(listing(number + 10), words="")
    return store


N1, N2, N3, O1, O2, O3 = (f"listing-{number:04}" for number in (1, 2, 3, 11, 12, 13))


def test_match_is_seen_from_both_sides(shelved):
    shelved.matches.replace(N1, [match(N1, O1), match(N1, O2, 0.9)])
    assert shelved.matches.best(N1, Kind.NEED, 5) == [match(N1, O2, 0.9), match(N1, O1)]
    assert shelved.matches.best(O1, Kind.OFFER, 5) == [match(N1, O1)]
    assert shelved.matches.best(N1, Kind.NEED, 1) == [match(N1, O2, 0.9)]


def test_equal_scores_have_a_fixed_order(shelved):
    shelved.matches.replace(O1, [match(N3, O1), match(N1, O1), match(N2, O1)])
    assert [each.need for each in shelved.matches.best(O1, Kind.OFFER, 5)] == [N1, N2, N3]


def test_replace_takes_all_of_one_listing_and_nothing_else(shelved):
    shelved.matches.replace(N1, [match(N1, O1), match(N1, O2)])
    shelved.matches.replace(N2, [match(N2, O1)])
    shelved.matches.replace(N1, [match(N1, O3)])
    assert shelved.matches.best(N1, Kind.NEED, 5) == [match(N1, O3)]
    assert shelved.matches.best(O1, Kind.OFFER, 5) == [match(N2, O1)]
    shelved.matches.replace(N1, [])
    assert shelved.matches.best(N1, Kind.NEED, 5) == []


def test_replace_takes_what_the_listing_was_before(shelved):
    shelved.matches.replace(N1, [match(N1, O1)])
    shelved.matches.replace(N1, [match(N2, N1)])  # the need has become an offer
    assert shelved.matches.best(O1, Kind.OFFER, 5) == []
    assert shelved.matches.best(N1, Kind.OFFER, 5) == [match(N2, N1)]


def test_match_goes_with_its_listing(shelved):
    shelved.matches.replace(N1, [match(N1, O1), match(N1, O2)])
    shelved.listings.remove(O1)
    assert shelved.matches.best(N1, Kind.NEED, 5) == [match(N1, O2)]


def test_match_stays_when_its_listing_is_put_again(shelved):
    shelved.matches.replace(N1, [match(N1, O1)])
    shelved.listings.put(listing(11, updated=LATER), words="new")
    assert shelved.matches.best(N1, Kind.NEED, 5) == [match(N1, O1)]


# -- follows --------------------------------------------------------------------------------------

US, A, B = HERE.catalogue, actor("a").uri, actor("b").uri
OTHERS = HERE.actor("others")


def test_follow_comes_back_as_it_was_put(store):
    known = replace(follow(US, A, FollowState.PENDING), updated=LATER)
    store.follows.put(known)
    assert store.follows.find(known.uri) == store.follows.find_between(US, A) == known
    assert store.follows.find("x") is store.follows.find_between(A, US) is None


def test_one_follow_for_each_pair(store):
    store.follows.put(follow(US, A, FollowState.PENDING, "https://hub.example/1"))
    again = replace(
        follow(US, A, FollowState.ACCEPTED, "https://hub.example/2"), created=LATER, updated=LATER
    )
    store.follows.put(again)
    assert store.follows.find("https://hub.example/1") is None
    assert store.follows.find_between(US, A) == replace(again, created=NOW)


@pytest.mark.parametrize(
    ("state", "follows", "is_followed"),
    [
        (FollowState.PENDING, True, False),
        (FollowState.ACCEPTED, True, True),
        (FollowState.REJECTED, True, False),
        (FollowState.UNDONE, False, False),
    ],
)
def test_lists_show_what_stands(store, state, follows, is_followed):
    known = follow(A, US, state)
    store.follows.put(known)
    assert store.follows.list_following(A) == ([known] if follows else [])
    assert store.follows.list_followers(US) == ([known] if is_followed else [])


def test_followers_are_listed_oldest_first(store):
    first, second = follow(B, US), replace(follow(A, US), created=LATER)
    for each in (second, first):
        store.follows.put(each)
    assert store.follows.list_followers(US) == [first, second]


def test_followers_of_several_are_asked_for_at_once(store):
    kept = [follow(A, US), follow(B, US), follow(A, OTHERS)]
    for each in (*kept, follow(B, OTHERS, FollowState.UNDONE)):
        store.follows.put(each)
    with statements(store) as asked:
        found = store.follows.list_followers_of_any([US, OTHERS, B])
        assert store.follows.followed_among([US, OTHERS, B]) == {US, OTHERS}
    assert len(asked) == 2
    assert {(each.follower, each.followed) for each in found} == {(A, US), (B, US), (A, OTHERS)}
    assert store.follows.list_followers_of_any([]) == []
    assert store.follows.followed_among([]) == set()


@pytest.mark.parametrize("state", list(FollowState))
def test_whoever_was_followed_once_stays_known_as_such(store, state):
    store.follows.put(follow(A, US, state))
    assert store.follows.was_followed(US)
    assert not store.follows.was_followed(A)
    assert store.follows.list_once_followed("https://hub.example/actors/") == [US]
    assert store.follows.list_once_followed("https://hub.example/actors/catalogue") == []
    assert store.follows.followed_among([US]) == ({US} if state == "accepted" else set())


# -- tombstones and events ------------------------------------------------------------------------


def test_first_burial_counts(store):
    store.tombstones.bury("https://x.example/1", by=A, at=NOW)
    store.tombstones.bury("https://x.example/1", by=B, at=LATER)
    assert store.tombstones.deleted_at("https://x.example/1") == NOW
    assert store.tombstones.deleted_at("https://x.example/2") is None


MOMENTS = st.integers(0, 10**12).map(lambda number: NOW + timedelta(milliseconds=number))
FOLLOWS = st.builds(
    Follow,
    uri=st.text(),
    follower=st.text(),
    followed=st.text(),
    state=st.sampled_from(FollowState),
    created=MOMENTS,
    updated=MOMENTS,
)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(ListingPublished, listing=st.text()),
    st.builds(ListingEdited, listing=st.text()),
    st.builds(
        ListingDeleted,
        uri=st.text(),
        by=st.text(),
        kind=st.sampled_from(Kind),
        visibility=st.sampled_from(Visibility),
        deleted=MOMENTS,
        topics=st.lists(st.text()).map(tuple),
    ),
    st.builds(TopicsReached, listing=st.text(), topics=st.lists(st.text()).map(tuple)),
    st.builds(FollowRequested, follow=FOLLOWS),
    st.builds(FollowAnswered, follow=FOLLOWS),
    st.builds(FollowWithdrawn, follow=FOLLOWS),
)


@given(st.lists(EVENTS, max_size=5))
def test_events_come_back_in_order_and_go_when_told(new_store, events):
    with new_store() as store:
        for event in events:
            store.events.record(event)
        pending = store.events.next_pending(10)
        assert [event for _, event in pending] == events
        for seq, _ in pending[:2]:
            store.events.told(seq)
        assert [event for _, event in store.events.next_pending(2)] == events[2:4]


def test_number_of_an_event_is_never_given_again(store):
    store.events.record(ListingPublished(listing="1"))
    [(first, _)] = store.events.next_pending(1)
    store.events.told(first)
    store.events.record(ListingPublished(listing="2"))
    [(second, _)] = store.events.next_pending(1)
    assert second > first
