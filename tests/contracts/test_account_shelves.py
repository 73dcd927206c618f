"""What the shelves of accounts promise: members, passwords, apps, codes, tokens, the timeline."""

from dataclasses import replace
from datetime import timedelta

import pytest

from catalogue import listings, members
from catalogue.errors import Conflict, Invalid, NotFound
from catalogue.members import MemberDraft
from catalogue.model import FollowState, MemberRole, Visibility
from catalogue.policy import ANYONE, MEMBER, Viewer, may_see
from catalogue.search import Query
from catalogue.timeline import Figures, Span
from tests.samples import HERE, NOW, SOUTH, actor, follow, listing, statements
from web import accounts
from web.accounts import (
    CODE_LIFE,
    CROWDED_APP_LIFE,
    MAX_TOKENS_OF_APP,
    MAX_TOKENS_OF_MEMBER,
    TOKEN_LIFE,
    UNUSED_APP_LIFE,
    exchange,
    find_holder,
    hash_of,
)

BACK = "https://app.example/back"


@pytest.fixture
def olena(store):
    return accounts.admit_member(store, MemberDraft(name="Olena", display_name="О. К."), "hash 1")


@pytest.fixture
def app(store):
    return new_app(store)


def new_app(store):
    app, _ = accounts.add_app(store, name="App", website="", redirect_uris=[BACK], scope="read")
    return app


def granted(store, olena, app, **changes):
    how = {"redirect_uri": BACK, "challenge": "", "encoded": "hash 1", **changes}
    return accounts.grant(store, member=olena, app=app, **how)


def redeemed(store, app, code, **changes):
    return exchange(store, app=app, code=code, **{"redirect_uri": BACK, "challenge": "", **changes})


def signed_in(store, olena, app):
    return redeemed(store, app, granted(store, olena, app))


# -- members --------------------------------------------------------------------------------------


def test_member_comes_back_as_they_were_put(store, olena):
    assert olena == store.members.find(olena.id) == store.members.find_by_name("OLENA")
    assert (olena.name, olena.display_name, olena.role) == ("olena", "О. К.", MemberRole.MEMBER)
    assert store.members.list_all() == [olena]
    assert store.passwords.find(olena.id) == "hash 1"
    assert store.members.find("x") is store.members.find_by_name("x") is None


@pytest.mark.parametrize("name", ["", "a b", "Ünï", "~x", "x" * 65, "a/b", "-a"])
def test_member_with_an_impossible_name_is_refused(store, name):
    with pytest.raises(Invalid):
        members.add_member(store, MemberDraft(name=name))
    assert store.members.list_all() == []


def test_name_is_given_once_in_any_letter_case(store, olena):
    with pytest.raises(Conflict):
        members.add_member(store, MemberDraft(name="oLENA"))


def test_role_and_state_change_and_nothing_else(store, olena):
    assert members.set_role(store, "olena", MemberRole.ADMIN) == replace(
        olena, role=MemberRole.ADMIN
    )
    disabled = accounts.disable(store, "olena")
    assert store.members.find(olena.id) == disabled
    assert accounts.find_password(store, "olena") == (None, None)
    again = members.set_disabled(store, "olena", is_disabled=False)
    assert accounts.find_password(store, "olena") == (again, "hash 1")
    with pytest.raises(NotFound):
        members.set_role(store, "nobody", MemberRole.ADMIN)


# -- codes and tokens -----------------------------------------------------------------------------


def test_code_becomes_a_token_once(store, olena, app):
    code = granted(store, olena, app)
    token = redeemed(store, app, code)
    holder = find_holder(store, token)
    assert (holder.app, holder.member) == (app, olena)


def test_code_used_twice_takes_back_what_was_given_l42(store, olena, app):
    code = granted(store, olena, app)
    token, other = redeemed(store, app, code), signed_in(store, olena, app)
    assert redeemed(store, app, code) is None
    assert find_holder(store, token) is None
    assert find_holder(store, other) is not None


@pytest.mark.parametrize(
    "wrong",
    [{"redirect_uri": f"{BACK}/"}, {"redirect_uri": ""}, {"challenge": "x"}, {"code": "x"}],
)
def test_code_is_bound_to_all_it_was_given_for_l42(store, olena, app, wrong):
    code = granted(store, olena, app)
    assert redeemed(store, app, **{"code": code, **wrong}) is None


def test_code_with_a_challenge_needs_it_l42(store, olena, app):
    code = granted(store, olena, app, challenge="c" * 43)
    assert redeemed(store, app, code) is None
    assert redeemed(store, app, code, challenge="d" * 43) is None
    assert redeemed(store, app, code, challenge="c" * 43) is not None


def test_code_of_another_app_is_worth_nothing_l42(store, olena, app):
    code = granted(store, olena, app)
    assert redeemed(store, new_app(store), code) is None
    assert redeemed(store, app, code) is not None


def test_code_holds_ten_minutes_l42(store, olena, app):
    early, late = granted(store, olena, app), granted(store, olena, app)
    store.clock.pass_by(minutes=10)
    assert redeemed(store, app, early) is not None
    store.clock.pass_by(milliseconds=1)
    assert redeemed(store, app, late) is None
    assert timedelta(minutes=10) == CODE_LIFE


def test_no_code_for_whoever_changed_while_they_signed_in(store, olena, app):
    assert granted(store, olena, app, encoded="another hash") is None
    accounts.disable(store, "olena")
    assert granted(store, olena, app) is None


def test_tokens_and_codes_die_with_their_member_app_or_password_l39(store, olena, app):
    def all_of_them():
        return signed_in(store, olena, app), granted(store, olena, app)

    token, code = all_of_them()
    accounts.set_password(store, "olena", "hash 1")
    assert find_holder(store, token) is redeemed(store, app, code) is None
    token, code = all_of_them()
    accounts.disable(store, "olena")
    assert find_holder(store, token) is redeemed(store, app, code) is None
    members.set_disabled(store, "olena", is_disabled=False)
    assert find_holder(store, token) is redeemed(store, app, code) is None
    token, code = all_of_them()
    store.apps.remove(app.id)
    assert find_holder(store, token) is None


def test_token_of_a_disabled_member_holds_nowhere_l39(store, olena, app):
    token = signed_in(store, olena, app)
    members.set_disabled(store, "olena", is_disabled=True)  # without signing them out
    assert find_holder(store, token) is None


def test_token_is_taken_back_by_its_own_app_only(store, olena, app):
    token = signed_in(store, olena, app)
    assert not accounts.revoke(store, new_app(store), token)
    assert find_holder(store, token) is not None
    assert accounts.revoke(store, app, token)
    assert accounts.revoke(store, app, token)
    assert find_holder(store, token) is None


def test_app_has_a_token_by_itself(store, app):
    holder = find_holder(store, accounts.token_for_app(store, app))
    assert (holder.app, holder.member) == (app, None)


def test_app_proves_itself_with_its_secret(store):
    app, secret = accounts.add_app(store, name="A", website="", redirect_uris=[BACK], scope="read")
    assert accounts.find_app(store, app.id, secret) == app == store.apps.find(app.id)
    assert accounts.find_app(store, app.id, "") is None
    assert accounts.find_app(store, "x", secret) is None


def test_nothing_that_opens_a_door_is_kept_as_it_is_l47(store, olena, app):
    code = granted(store, olena, app)
    token = redeemed(store, app, code)
    assert store.tokens.find(token) is store.grants.find(code) is None
    assert store.tokens.find(hash_of(token)).code == hash_of(code)


def test_tables_are_bounded(store, olena, app):
    first = [signed_in(store, olena, app) for _ in range(1)]
    for _ in range(MAX_TOKENS_OF_MEMBER):
        store.clock.pass_by(seconds=1)
        last = signed_in(store, olena, app)
    assert find_holder(store, first[0]) is None
    assert find_holder(store, last) is not None
    own = []
    for _ in range(MAX_TOKENS_OF_APP + 1):
        store.clock.pass_by(seconds=1)
        own.append(accounts.token_for_app(store, app))
    assert [find_holder(store, each) is None for each in own] == [True] + [False] * (len(own) - 1)
    assert find_holder(store, last) is not None


def test_tidying_forgets_what_holds_no_more(store, olena):
    used, unused = new_app(store), new_app(store)
    token = signed_in(store, olena, used)
    accounts.token_for_app(store, unused)
    accounts.tidy(store)
    assert store.apps.count() == 2
    store.clock.moment += UNUSED_APP_LIFE + timedelta(seconds=1)
    accounts.tidy(store)
    assert [store.apps.find(used.id), store.apps.find(unused.id)] == [used, None]
    assert find_holder(store, token) is not None
    store.clock.moment += TOKEN_LIFE
    assert find_holder(store, token) is None
    accounts.tidy(store)
    assert store.apps.count() == 0


# -- timeline -------------------------------------------------------------------------------------


def shelved(store, number, **changes):
    made = listing(number, **changes)
    store.actors.put(actor("far"))
    listings.take_in(store, made, b"{}")
    return made


def places(found):
    return [each.listing.id for each in found]


def test_timeline_is_ordered_by_publishing_and_paged_both_ways(store):
    made = [
        shelved(store, n, published=NOW + timedelta(minutes=m), updated=NOW + timedelta(minutes=m))
        for n, m in ((1, 5), (2, 1), (3, 9), (4, 1), (5, -3))
    ]
    newest_first = [made[2], made[0], made[3], made[1], made[4]]
    query, now = Query(), NOW

    def ids(**span):
        return places(store.timeline.slice(query, Span(**span), now))

    everything = store.timeline.slice(query, Span(limit=40), now)
    assert places(everything) == [each.id for each in newest_first]
    middle = everything[2].place
    assert ids(before=middle) == places(everything[3:])
    assert ids(after=middle) == places(everything[:2])
    assert ids(after=middle, limit=1) == places(everything[:1])
    assert ids(after=middle, limit=1, is_nearest=True) == places(everything[1:2])
    assert ids(before=everything[0].place, after=everything[4].place) == places(everything[1:4])
    for each in everything:
        assert store.timeline.find(each.place) == each
    assert store.timeline.places([made[0].id, "x"]) == {made[0].id: everything[1].place}


def test_place_of_a_deleted_listing_still_says_where_to_read_on(store):
    for n in range(1, 4):
        shelved(store, n, published=NOW + timedelta(minutes=n), updated=NOW + timedelta(minutes=n))
    newest, middle, oldest = store.timeline.slice(Query(), Span(), NOW)
    store.listings.remove(middle.listing.id)
    assert store.timeline.find(middle.place) is None
    assert places(store.timeline.slice(Query(), Span(before=middle.place), NOW)) == places([oldest])
    assert places(store.timeline.slice(Query(), Span(after=middle.place), NOW)) == places([newest])


def test_listing_from_before_1970_has_a_place_like_any_other(store):
    old = NOW.replace(year=1901)
    for n in range(1, 4):
        shelved(store, n, published=old, updated=old)
    found = store.timeline.slice(Query(), Span(limit=1), NOW)
    seen = places(found)
    while found := store.timeline.slice(Query(), Span(limit=1, before=found[0].place), NOW):
        seen += places(found)
    assert len(seen) == len(set(seen)) == 3


def test_timeline_leaves_one_node_out(store):
    shelved(store, 1)
    assert places(store.timeline.slice(Query(), Span(not_of=SOUTH), NOW)) == []
    assert len(store.timeline.slice(Query(), Span(not_of=HERE.authority), NOW)) == 1


@pytest.mark.parametrize("viewer", [ANYONE, MEMBER, Viewer(is_peer=True)])
def test_timeline_shows_what_the_policy_allows(store, viewer):
    made = [shelved(store, n, visibility=each) for n, each in enumerate(Visibility, 1)]
    found = store.timeline.slice(Query(viewer=viewer), Span(), NOW)
    assert sorted(places(found)) == sorted(each.id for each in made if may_see(each, viewer))


def test_figures_count_what_everybody_may_know(store):
    author = actor("far")
    shelved(store, 1, by=author.uri)
    shelved(store, 2, by=author.uri, visibility=Visibility.NETWORK)
    store.follows.put(replace(follow("a", author.uri), state=FollowState.ACCEPTED))
    with statements(store) as asked:
        found = store.timeline.figures([author.uri, "https://x.example/y"], NOW)
    assert len(asked) == 1
    assert found[author.uri].listings == 1
    assert found["https://x.example/y"] == Figures()


@pytest.mark.parametrize("limit", [0, 41])
def test_span_has_its_limits(limit):
    with pytest.raises(Invalid):
        Span(limit=limit)


def test_apps_that_nobody_uses_make_room_for_others(store, olena, monkeypatch):
    used, idle = new_app(store), new_app(store)
    assert signed_in(store, olena, used)
    monkeypatch.setattr(accounts, "MAX_APPS", 2)
    with pytest.raises(Conflict):
        new_app(store)
    store.clock.moment += CROWDED_APP_LIFE + timedelta(seconds=1)
    fresh = new_app(store)
    assert [store.apps.find(each.id) is not None for each in (used, idle, fresh)] == [
        True, False, True,
    ]  # fmt: skip
