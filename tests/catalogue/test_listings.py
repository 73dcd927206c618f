"""Offers and needs through their lives; L10, L48, L49 and F30 at the level of the catalogue."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue import listings, people
from catalogue.errors import Conflict, Invalid, NotFound
from catalogue.events import ListingDeleted, ListingEdited, ListingPublished
from catalogue.language import LanguageMap
from catalogue.listings import (
    MAX_BYTES,
    MAX_LANGUAGES,
    MAX_TEXT,
    MAX_TITLE,
    MAX_VALUES,
    Arrival,
    Taken,
    index_words,
)
from catalogue.model import Category, Kind, Role, Status, Visibility
from catalogue.people import AffiliateDraft
from catalogue.policy import MEMBER
from catalogue.richtext import MAX_HTML
from catalogue.search import Query
from tests.samples import HERE, NOW, SOUTH, actor, content, contents, listing, one


@pytest.fixture
def here(store):
    """The store, with one affiliate and no events."""
    people.add_affiliate(store, AffiliateDraft(handle="delta", name="Delta"))
    return store


def events(store):
    return [event for _, event in store.events.next_pending(100)]


# -- publish --------------------------------------------------------------------------------------


def test_published_listing_has_its_address_and_is_told(here):
    made = listings.publish(here, content(), by="delta")
    assert made.uri == made.url == HERE.listing(made.id)
    assert (made.by, made.node) == (HERE.actor("delta"), "hub.example")
    assert (made.published, made.updated, made.status) == (NOW, NOW, Status.OPEN)
    assert made.content == content()
    assert here.listings.find(made.id) == made
    assert here.listings.document(made.id) is None
    assert events(here) == [ListingPublished(listing=made.id)]


def test_publish_needs_an_affiliate_of_this_node(here):
    here.actors.put(actor("far", node=SOUTH))
    here.actors.put(actor("catalogue", node="hub.example", role=Role.CATALOGUE))
    for handle in ("far", "catalogue", "nobody", ""):
        with pytest.raises(NotFound):
            listings.publish(here, content(), by=handle)
    assert events(here) == []


@given(contents())
def test_good_content_is_published_as_it_is(new_store, made):
    with new_store() as store:
        people.add_affiliate(store, AffiliateDraft(handle="delta", name="Delta"))
        published = listings.publish(store, made, by="delta")
        assert store.listings.find(published.id) == published
        assert published.content == made


BAD = [
    ("title", {"title": LanguageMap()}),
    ("title", {"title": one("  ")}),
    ("title", {"title": one("x" * (MAX_TITLE + 1))}),
    ("title", {"title": LanguageMap({"en": "fine", "english": "bad tag"})}),
    ("text", {"text": LanguageMap()}),
    ("text", {"text": one("x" * (MAX_TEXT + 1))}),
    ("text", {"text": one("<b></b>" * MAX_HTML)}),
    ("text", {"text": LanguageMap(dict.fromkeys(["th", "lo", "km"], "ก" * (MAX_BYTES // 9 + 1)))}),
    ("audience", {"audience": one("x" * (MAX_TITLE + 1))}),
    ("audience", {"audience": LanguageMap({"e": "bad tag"})}),
    ("capacities", {"capacities": ("mediation", "no-such-thing")}),
    ("capacities", {"capacities": ("mediation",) * (MAX_VALUES + 1)}),
    ("methods", {"methods": ("telepathy",)}),
    ("regions", {"regions": ("Atlantis",)}),
    ("delivery_languages", {"delivery_languages": ("en", "klingon!")}),
    ("delivery_languages", {"delivery_languages": ("en",) * (MAX_VALUES + 1)}),
    ("hours", {"hours": Decimal(0)}),
    ("hours", {"hours": Decimal(-1)}),
    ("hours", {"hours": Decimal("1e10")}),
    ("hours", {"hours": Decimal("Infinity")}),
    ("hours", {"hours": Decimal("NaN")}),
    ("amount", {"amount": Decimal(5), "currency": "EUR"}),  # of a skill
    ("amount", {"category": Category.FUNDING, "amount": Decimal(5)}),
    ("amount", {"category": Category.FUNDING, "currency": "EUR"}),
    ("amount", {"category": Category.FUNDING, "amount": Decimal(0), "currency": "EUR"}),
    ("currency", {"category": Category.FUNDING, "amount": Decimal(5), "currency": "eur"}),
    ("currency", {"category": Category.FUNDING, "amount": Decimal(5), "currency": "EURO"}),
    ("currency", {"category": Category.FUNDING, "amount": Decimal(5), "currency": "ЕВР"}),
    ("until", {"until": NOW}),
    ("until", {"until": NOW - timedelta(days=1)}),
]


@pytest.mark.parametrize(("field", "changes"), BAD, ids=lambda value: str(value)[:40])
def test_bad_field_is_named_and_nothing_is_stored(here, field, changes):
    with pytest.raises(Invalid) as raised:
        listings.publish(here, content(**changes), by="delta")
    assert {problem.field for problem in raised.value.problems} == {field}
    assert str(raised.value).startswith(f"{field}: ")
    assert events(here) == []


def test_every_bad_field_is_named_at_once(here):
    bad = content(title=LanguageMap(), methods=("x", "y"), hours=Decimal(0), until=NOW)
    with pytest.raises(Invalid) as raised:
        listings.publish(here, bad, by="delta")
    assert [problem.field for problem in raised.value.problems] == [
        "title",
        "methods",
        "methods",
        "hours",
        "until",
    ]


def test_too_many_languages_are_refused(here):
    tags = [f"{first}{second}" for first in "abcdefg" for second in "abcdefg"][: MAX_LANGUAGES + 1]
    with pytest.raises(Invalid, match="languages"):
        listings.publish(here, content(title=LanguageMap(dict.fromkeys(tags, "x"))), by="delta")


def test_limits_themselves_are_allowed(here):
    full = content(
        title=one("x" * MAX_TITLE),
        text=one(f"<p>{'y' * MAX_TEXT}</p>"),
        hours=Decimal("1e9"),
        until=NOW + timedelta(seconds=1),
    )
    assert listings.publish(here, full, by="delta").content == full


# -- edit, close, delete --------------------------------------------------------------------------


def test_edit_changes_and_is_told(here):
    made = listings.publish(here, content(), by="delta")
    here.clock.pass_by(minutes=1)
    edited = listings.edit(here, made.id, content(title=one("Better")))
    assert edited == replace(made, title=one("Better"), updated=NOW + timedelta(minutes=1))
    assert here.listings.find(made.id) == edited
    assert events(here) == [ListingPublished(listing=made.id), ListingEdited(listing=made.id)]


def test_edit_without_a_change_does_nothing(here):
    made = listings.publish(here, content(), by="delta")
    here.clock.pass_by(minutes=1)
    assert listings.edit(here, made.id, content()) == made
    assert events(here) == [ListingPublished(listing=made.id)]


def test_edit_checks_as_publish_does(here):
    made = listings.publish(here, content(), by="delta")
    with pytest.raises(Invalid):
        listings.edit(here, made.id, content(title=one("")))
    assert here.listings.find(made.id) == made


def test_who_may_see_a_listing_cannot_be_changed(here):
    made = listings.publish(here, content(), by="delta")
    with pytest.raises(Conflict):
        listings.edit(here, made.id, content(visibility=Visibility.NODE))
    assert here.listings.find(made.id) == made


def test_edit_makes_new_words_findable_and_old_ones_not(here, search):
    made = listings.publish(here, content(title=one("Beekeeping")), by="delta")
    assert search("beekeeping") == [made.id]
    listings.edit(here, made.id, content(title=one("Gardening")))
    assert (search("beekeeping"), search("gardening")) == ([], [made.id])


@pytest.fixture
def search(here):
    from catalogue.finding import find
    from catalogue.search import Query

    return lambda text: [hit.listing.id for hit in find(here, Query(text=text)).hits]


@given(st.lists(st.integers(-4000, 4000), max_size=6))
def test_updated_always_grows_whatever_the_clock_says_f09(new_store, leaps):
    with new_store() as store:
        people.add_affiliate(store, AffiliateDraft(handle="delta", name="Delta"))
        made = listings.publish(store, content(), by="delta")
        times = [made.updated]
        for number, leap in enumerate(leaps):
            store.clock.pass_by(milliseconds=leap)
            changed = content(title=one(f"Version {number}"))
            times.append(listings.edit(store, made.id, changed).updated)
        on_the_wire = [time.replace(microsecond=0) for time in times]
        assert on_the_wire == sorted(set(on_the_wire))


def test_close_keeps_the_listing_readable(here):
    made = listings.publish(here, content(), by="delta")
    closed = listings.close(here, made.id)
    assert closed.status is Status.CLOSED
    assert closed.updated > made.updated
    assert not closed.is_open(here.clock.now())
    assert listings.get(here, made.uri) == closed
    assert events(here)[-1] == ListingEdited(listing=made.id)
    with pytest.raises(Conflict):
        listings.close(here, made.id)


def test_edit_of_a_closed_listing_leaves_it_closed(here):
    made = listings.publish(here, content(), by="delta")
    listings.close(here, made.id)
    assert listings.edit(here, made.id, content(title=one("x"))).status is Status.CLOSED


def test_delete_leaves_only_address_and_time(here):
    made = listings.publish(here, content(visibility=Visibility.NETWORK), by="delta")
    here.clock.pass_by(hours=2)
    listings.delete(here, made.id)
    assert here.listings.find(made.id) is None
    assert here.tombstones.deleted_at(made.uri) == NOW + timedelta(hours=2)
    assert events(here)[-1] == ListingDeleted(
        uri=made.uri,
        by=made.by,
        kind=Kind.OFFER,
        visibility=Visibility.NETWORK,
        deleted=NOW + timedelta(hours=2),
    )
    with pytest.raises(NotFound):
        listings.get(here, made.id)


@pytest.mark.parametrize("change", [listings.close, listings.delete])
def test_listing_of_another_node_is_changed_there_only(here, change):
    theirs = listing()
    listings.take_in(here, theirs, b"{}")
    with pytest.raises(Conflict, match=SOUTH):
        change(here, theirs.id)
    with pytest.raises(Conflict, match=SOUTH):
        listings.edit(here, theirs.id, content(title=one("mine now")))
    assert here.listings.find(theirs.id) == theirs
    assert events(here) == []


def test_what_is_not_there_is_not_found(here):
    for attempt in (
        lambda: listings.get(here, "nothing"),
        lambda: listings.close(here, "nothing"),
        lambda: listings.delete(here, "nothing"),
        lambda: listings.edit(here, "nothing", content()),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_close_due_closes_our_own_whose_last_day_has_passed(here):
    soon, later = NOW + timedelta(hours=1), NOW + timedelta(hours=3)
    due = listings.publish(here, content(until=soon), by="delta")
    open_still = listings.publish(here, content(until=later), by="delta")
    endless = listings.publish(here, content(), by="delta")
    theirs = listing(until=soon)
    listings.take_in(here, theirs, b"{}")
    here.clock.pass_by(hours=2)
    assert listings.close_due(here) == 1
    assert listings.close_due(here) == 0
    states = {
        each: listings.get(here, each).status
        for each in (due.id, open_still.id, endless.id, theirs.id)
    }
    assert states == {
        due.id: Status.CLOSED,
        open_still.id: Status.OPEN,
        endless.id: Status.OPEN,
        theirs.id: Status.OPEN,  # its own node says when it closes
    }


# -- of other nodes -------------------------------------------------------------------------------


def newer(seconds=1, **changes):
    return listing(updated=NOW + timedelta(seconds=seconds), **changes)


def test_take_in_stores_without_an_event(here):
    assert listings.take_in(here, listing(), b'{"a":1}') is Taken.NEW
    assert here.listings.find_by_uri(listing().uri) == listing()
    assert here.listings.document(listing().id) == b'{"a":1}'
    assert events(here) == []


def test_newer_version_wins_and_keeps_the_local_id(here):
    listings.take_in(here, listing(), b"old")
    taken = listings.take_in(here, replace(newer(title=one("New")), id="other"), b"new")
    assert taken is Taken.CHANGED
    found = here.listings.find_by_uri(listing().uri)
    assert found == newer(title=one("New"))
    assert here.listings.document(found.id) == b"new"


def test_older_version_is_ignored(here):
    listings.take_in(here, listing(), b"first")
    taken = listings.take_in(here, newer(-1, title=one("Late")), b"second")
    assert taken is Taken.KNOWN
    assert here.listings.find_by_uri(listing().uri) == listing()
    assert here.listings.document(listing().id) == b"first"


def test_same_version_is_ignored_also_in_another_document(here):
    listings.take_in(here, listing(), b"first")
    assert listings.take_in(here, listing(id="other"), b"second") is Taken.KNOWN
    assert here.listings.document(listing().id) == b"first"


def test_two_versions_of_one_moment_come_out_the_same_in_either_order(here):
    two = [listing(title=one("One")), listing(title=one("Other"))]
    for versions in (two, two[::-1]):
        for version in versions:
            listings.take_in(here, version, b"{}")
        found = here.listings.find_by_uri(listing().uri)
        assert found == max(two, key=listings.fingerprint)
        here.listings.remove(found.id)


def test_owners_own_word_takes_back_a_version_only_when_nothing_came_meanwhile(here):
    listings.take_in(here, newer(5), b"{}")
    older = listing(title=one("From a backup"))
    assert listings.take_word(here, older, b"{}", seen=newer(4).updated) is Taken.KNOWN
    assert listings.take_word(here, older, b"{}", seen=None) is Taken.KNOWN
    assert listings.take_word(here, older, b"{}", seen=newer(5).updated) is Taken.CHANGED
    assert here.listings.find_by_uri(older.uri) == older


def test_owners_own_word_does_not_bring_back_what_was_deleted(here):
    here.tombstones.bury(listing().uri, by=listing().by, at=NOW)
    taken = listings.take_word(here, listing(), b"{}", seen=listing().updated)
    assert taken is Taken.DELETED
    assert here.listings.find_by_uri(listing().uri) is None


def test_listing_made_while_the_clock_was_ahead_can_be_changed_when_it_is_right(here):
    here.clock.pass_by(days=30)
    made = listings.publish(here, content(), by="delta")
    here.clock.pass_by(days=-30)
    changed = listings.edit(here, made.id, content(title=one("Now")))
    assert changed.updated == NOW + listings.SAFELY_AFTER
    assert changed.published == changed.updated


def test_version_of_another_owner_is_ignored_l10(here):
    listings.take_in(here, listing(), b"first")
    thief = newer(by=f"https://{SOUTH}/actors/thief", title=one("Stolen"))
    assert listings.take_in(here, thief, b"second") is Taken.KNOWN
    assert here.listings.find_by_uri(listing().uri) == listing()


def test_take_out_by_the_owner(here):
    listings.take_in(here, listing(), b"{}")
    assert listings.take_out(here, listing().uri, by=listing().by, at=NOW)
    assert here.listings.find_by_uri(listing().uri) is None
    assert listings.take_in(here, newer(60), b"{}") is Taken.DELETED
    assert here.listings.find_by_uri(listing().uri) is None


def test_take_out_by_another_does_nothing(here):
    listings.take_in(here, listing(), b"{}")
    assert not listings.take_out(here, listing().uri, by="https://south.example/a", at=NOW)
    assert here.listings.find_by_uri(listing().uri) == listing()
    assert here.tombstones.deleted_at(listing().uri) is None


def test_tombstone_wins_over_a_late_create_l49(here):
    assert not listings.take_out(here, listing().uri, by=listing().by, at=NOW)
    assert here.tombstones.deleted_at(listing().uri) == NOW
    assert listings.take_in(here, newer(60), b"{}") is Taken.DELETED
    assert here.listings.find_by_uri(listing().uri) is None


STEPS = [("take_in", 0), ("take_in", 1), ("take_in", 2), ("take_in", 2), ("take_out", 0)]


@given(st.permutations(STEPS), st.integers(0, 5))
def test_nodes_agree_in_whatever_order_news_comes_f30(new_store, steps, repeated):
    """The newest version everywhere, or nothing once it was deleted."""
    with new_store() as store:
        for name, version in [*steps, steps[repeated % len(steps)]]:
            if name == "take_in":
                said = newer(version, title=one(f"Version {version}"))
                listings.take_in(store, said, str(version).encode())
            else:
                listings.take_out(store, listing().uri, by=listing().by, at=NOW)
        assert store.listings.find_by_uri(listing().uri) is None


@given(st.permutations([0, 1, 2, 3, 3, 1]))
def test_newest_version_stays_in_whatever_order_versions_come_f30(new_store, versions):
    with new_store() as store:
        for version in versions:
            said = newer(version, title=one(f"Version {version}"))
            listings.take_in(store, said, str(version).encode())
        assert store.listings.find_by_uri(listing().uri) == newer(3, title=one("Version 3"))
        assert store.listings.document(listing().id) == b"3"


def test_words_of_all_languages_are_indexed_title_first():
    said = content(
        title=LanguageMap({"fr": "Médiation", "en": "Mediation"}),
        text=LanguageMap({"fr": "<p>On <b>parle</b></p>"}),
        audience=one("Everyone"),
    )
    assert listings.index_words(said) == "mediation mediation on parle everyone"


@pytest.mark.parametrize("field", ["title", "audience"])
@pytest.mark.parametrize("text", ["two\nlines", "a\x1b[31mred", "tab\tinside", "\x85"])
def test_what_is_one_line_has_no_control_characters(here, field, text):
    with pytest.raises(Invalid, match=f"{field}: must be one line of plain text"):
        listings.publish(here, content(**{field: LanguageMap({"en": f"x {text} y"})}), by="delta")


# -- many at a time -------------------------------------------------------------------------------


def _taken(store):
    found = store.listings.search(Query(status=None, viewer=MEMBER, limit=99), NOW).hits
    state = {
        hit.listing: (
            store.listings.document(hit.listing.id),
            store.listings.words(hit.listing.id),
            store.matches.is_due(hit.listing.id),
        )
        for hit in found
    }
    return state, [each for _, each in store.matches.list_due(99)]


def test_many_taken_in_together_are_as_if_taken_in_one_by_one(new_store):
    arrivals = [
        listing(1),
        replace(listing(2, updated=NOW + timedelta(seconds=1)), id="not-used"),
        listing(3, handle="thief"),
        listing(4),
        listing(5, status=Status.CLOSED),
        listing(6, until=NOW - timedelta(days=1)),
        listing(7, updated=NOW - timedelta(days=1)),
        listing(8),
    ]
    stores = []
    for together in (True, False):
        with new_store() as store:
            for each in (listing(2), listing(3), listing(7)):
                listings.take_in(store, each, b"before")
            listings.take_out(store, listing(4).uri, by=listing(4).by, at=NOW)
            listings.take_out(store, listing(8).uri, by="https://other.example/actors/x", at=NOW)
            if together:
                listings.take_in_all(
                    store,
                    [
                        Arrival(listing=each, words=index_words(each), document=b"after")
                        for each in arrivals
                    ],
                )
            else:
                for each in arrivals:
                    listings.take_in(store, each, b"after")
            state, due = _taken(store)
            stores.append((state, set(due)))
    assert stores[0] == stores[1]
    assert len(stores[0][0]) == 7
