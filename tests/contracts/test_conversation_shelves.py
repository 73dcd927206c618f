"""What the shelves of inquiries, drafts and consents promise."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from catalogue.correspondence import Draft, DraftState, Inquiry, Message, Standing
from catalogue.events import AnswerDeleted, AnswerEdited, AnswerGiven, QuoteAnswered
from catalogue.language import LanguageMap
from catalogue.model import Kind, Role
from federation.model import QuoteStamp, Sent
from tests.samples import BLOG, HERE, NOW, actor, one

ANA, BO = f"https://{BLOG}/users/ana", f"https://{BLOG}/users/bo"
DELTA, LISTING = HERE.actor("delta"), HERE.listing("1")
LATER = NOW + timedelta(minutes=1)


def inquiry(name: str = "a", **changes: Any) -> Inquiry:
    given = {"id": name, "to": DELTA, "asker": ANA, "listing": LISTING, "opened": NOW}
    return Inquiry(**{**given, "updated": NOW, **changes})


def message(name: str = "1", **changes: Any) -> Message:
    given = {
        "id": name,
        "uri": f"https://{BLOG}/notes/{name}",
        "url": f"https://{BLOG}/@ana/{name}",
        "inquiry": "a",
        "author": ANA,
        "node": BLOG,
        "to": DELTA,
        "in_reply_to": LISTING,
        "text": LanguageMap({"uk": "<p>Привіт</p>", "en": "<p>Hello</p>"}),
        "is_public": True,
        "published": NOW,
        "updated": NOW,
        "received": NOW,
    }
    return Message(**{**given, **changes})


def draft(name: str = "d", **changes: Any) -> Draft:
    given = {
        "id": name,
        "message": "1",
        "kind": Kind.NEED,
        "title": one("Räume", "de"),
        "text": one("<p>Zwei</p>", "de"),
        "capacities": ("mediation", "lua"),
        "filed": NOW,
        "updated": NOW,
    }
    return Draft(**{**given, **changes})


def test_inquiry_comes_back_and_changes(store):
    store.inquiries.put(inquiry())
    assert store.inquiries.find("a") == inquiry()
    closed = inquiry(standing=Standing.CLOSED, updated=LATER)
    store.inquiries.put(closed)
    assert store.inquiries.find("a") == closed
    assert store.inquiries.find("b") is None


def test_current_inquiry_is_the_newest_about_the_same_that_is_not_closed(store):
    shelf = store.inquiries
    every = [
        inquiry("a"),
        inquiry("b", listing=None),
        inquiry("c", asker=BO),
        inquiry("d"),
        inquiry("e", standing=Standing.CLOSED),
    ]
    for each in every:
        shelf.put(each)
    assert shelf.find_current(asker=ANA, to=DELTA, listing=LISTING) == every[3]
    assert shelf.find_current(asker=ANA, to=DELTA, listing=None) == every[1]
    assert shelf.find_current(asker=ANA, to=HERE.catalogue, listing=None) is None
    assert shelf.list_asked_by(BO) == [every[2]]


def test_inquiries_are_listed_by_what_happened_last(store):
    old, new = inquiry("a"), inquiry("b", updated=LATER, standing=Standing.ANSWERED)
    other = inquiry("c", to=HERE.catalogue)
    for each in (old, new, other):
        store.inquiries.put(each)
    assert store.inquiries.list_newest(limit=9) == [new, other, old]
    assert store.inquiries.list_newest(limit=1) == [new]
    assert store.inquiries.list_newest(to=DELTA, limit=9) == [new, old]
    assert store.inquiries.list_newest(standing=Standing.OPEN, limit=9) == [other, old]


def test_messages_come_back_in_the_order_they_came(store):
    store.inquiries.put(inquiry())
    first, second = message("2"), message("1", in_reply_to=None, is_public=False)
    for each in (first, second):
        store.inquiries.put_message(each)
    assert store.inquiries.messages("a") == [first, second]
    changed = replace(first, text=one("x"), is_public=False, updated=LATER)
    store.inquiries.put_message(changed)
    assert store.inquiries.find_message("2") == store.inquiries.find_by_uri(first.uri) == changed
    assert store.inquiries.list_by_author(ANA) == [changed, second]
    store.inquiries.remove_message("2")
    assert store.inquiries.messages("a") == [second]


def test_messages_and_their_drafts_go_with_an_inquiry(store):
    store.inquiries.put(inquiry())
    store.inquiries.put_message(message())
    store.drafts.put(draft())
    store.inquiries.remove("a")
    assert store.inquiries.find_message("1") is None
    assert store.drafts.find("d") is None


def test_public_replies_are_only_those_to_the_very_thing(store):
    store.inquiries.put(inquiry())
    for each in (
        message("1"),
        message("2", is_public=False),
        message("3", in_reply_to="https://x.example/"),
        message("4", author=BO),
    ):
        store.inquiries.put_message(each)
    assert [each.id for each in store.inquiries.list_public_replies(LISTING, 9)] == ["1", "4"]
    assert [each.id for each in store.inquiries.list_public_replies(LISTING, 1)] == ["1"]


def test_public_thread_ends_at_what_is_not_public(store):
    store.inquiries.put(inquiry())
    for each in (
        message("1"),
        message("2", in_reply_to=message("1").uri, author=DELTA, node=HERE.authority),
        message("3", is_public=False),
        message("4", in_reply_to=message("3").uri),
        message("5", in_reply_to=message("2").uri, author=BO),
        message("6", in_reply_to=message("7").uri),  # a circle
        message("7", in_reply_to=message("6").uri),
        message("8", in_reply_to=HERE.listing("2")),
    ):
        store.inquiries.put_message(each)
    thread = store.inquiries.list_public_thread(LISTING, 9)
    assert [each.id for each in thread] == ["1", "2", "5"]
    assert [each.id for each in store.inquiries.list_public_thread(LISTING, 2)] == ["1", "2"]
    circle = store.inquiries.list_public_thread(message("6").uri, 9)
    assert [each.id for each in circle] == ["7"]


def test_public_replies_are_counted_where_their_author_is_known(store):
    store.inquiries.put(inquiry())
    store.actors.put(actor("ana", node=BLOG, uri=ANA, role=Role.OTHER))
    for each in (
        message("1"),
        message("2"),
        message("3", is_public=False),
        message("4", author=BO),
        message("5", in_reply_to=message("1").uri),
    ):
        store.inquiries.put_message(each)
    counts = store.inquiries.count_public_replies([LISTING, message("1").uri, message("2").uri])
    assert counts == {LISTING: 2, message("1").uri: 1, message("2").uri: 0}
    assert store.inquiries.count_public_replies([]) == {}


def test_messages_are_counted(store):
    shelf = store.inquiries
    shelf.put(inquiry())
    shelf.put(inquiry("b"))
    for each in (
        message("1", received=NOW - timedelta(hours=2)),
        message("2"),
        message("3", author=BO, inquiry="b"),
        message("4", author=DELTA, node=HERE.authority, inquiry="b"),
    ):
        shelf.put_message(each)
    hour = NOW - timedelta(hours=1)
    assert (shelf.count(), shelf.count_in("a"), shelf.count_in("b")) == (3, 2, 2)
    assert (shelf.count_since(hour, author=ANA), shelf.count_since(hour, node=BLOG)) == (1, 2)


def test_draft_comes_back_and_is_decided(store):
    store.inquiries.put(inquiry())
    for name in ("1", "2"):
        store.inquiries.put_message(message(name))
    other = draft("e", message="2", updated=LATER)
    for each in (draft(), other):
        store.drafts.put(each)
    assert store.drafts.find("d") == store.drafts.find_by_message("1") == draft()
    assert store.drafts.list_newest(waiting=True, limit=9) == [other, draft()]
    assert store.drafts.count_waiting() == store.drafts.count_waiting(author=ANA) == 2
    assert store.drafts.count_waiting(author=BO) == 0
    decided = draft(state=DraftState.REJECTED, reason="no", updated=LATER)
    store.drafts.put(decided)
    assert store.drafts.find("d") == decided
    assert store.drafts.list_newest(waiting=True, limit=9) == [other]
    store.drafts.remove("e")
    assert store.drafts.list_newest(waiting=False, limit=9) == [decided]


def stamp(name: str, **changes: Any) -> QuoteStamp:
    given = {"id": name, "listing": LISTING, "quote": "https://x.example/q", "asker": ANA}
    return QuoteStamp(**{**given, "made": NOW, **changes})


def test_consent_is_one_for_each_quote(store):
    first, other = stamp("a"), stamp("b", quote="https://x.example/r", made=LATER)
    for each in (first, stamp("c"), other):
        store.quotes.put(each)
    assert store.quotes.find("a") == first
    assert store.quotes.find("c") is None
    assert store.quotes.find_for(listing=LISTING, quote=other.quote) == other
    assert store.quotes.list_of(LISTING) == [first, other]
    assert store.quotes.remove_by(BO) == 0
    assert store.quotes.remove_by(ANA, quote=first.quote) == 1
    assert store.quotes.list_of(LISTING) == [other]
    store.quotes.remove_of(LISTING)
    assert store.quotes.list_of(LISTING) == []


@pytest.mark.parametrize(
    "event",
    [
        AnswerGiven(message="m"),
        AnswerEdited(message="m"),
        AnswerDeleted(uri="u", by=DELTA, to=ANA, is_public=False, deleted=NOW),
        QuoteAnswered(request="r", asker=ANA, by=DELTA, listing=LISTING, quote="q", stamp=None),
    ],
    ids=lambda event: type(event).__name__,
)
def test_event_comes_back_as_it_was_recorded(store, event):
    store.events.record(event)
    assert [each for _, each in store.events.next_pending(9)] == [event]


def test_deletions_of_an_owner_are_counted(store):
    store.tombstones.bury("a", by=ANA, at=NOW)
    store.tombstones.bury("b", by=ANA, at=NOW - timedelta(days=2))
    store.tombstones.bury("c", by=BO, at=NOW)
    assert store.tombstones.count_since(NOW - timedelta(days=1), by=ANA) == 1


def test_what_was_said_about_something_that_is_gone_is_shown_no_more(store):
    about = HERE.message("1")
    for end in ("", "/activity", "#updates/1", "1/activity", "0"):
        store.activities.put(
            Sent(uri=about + end, actor=DELTA, body=b"{}", published=NOW, is_public=True)
        )
    store.activities.hide(about)
    shown = store.activities.list_public(DELTA, before=None, limit=9)
    assert [each.uri.removeprefix(about) for each in shown] == ["0", "1/activity", ""]
    assert store.activities.find(f"{about}/activity").is_public is False


def test_what_was_said_about_something_that_is_gone_is_forgotten_unless_it_is_on_its_way(store):
    about = HERE.message("1")
    ends = ("/activity", "#updates/1", "#updates/2", "1/activity", "0")
    for end in ends:
        store.activities.put(
            Sent(uri=about + end, actor=DELTA, body=b"{}", published=NOW, is_public=True)
        )
    inboxes = [f"{ANA}/inbox"]
    for end in ("#updates/1", "#updates/2"):
        store.deliveries.add(about + end, actor=DELTA, inboxes=inboxes, at=NOW)
    given_up, on_its_way = store.deliveries.list_items(9)
    store.deliveries.bury(given_up.seq, reason="")
    store.activities.forget(about)
    assert [end for end in ends if store.activities.find(about + end)] == [
        "#updates/2",
        "1/activity",
        "0",
    ]
    assert store.activities.find(f"{about}#updates/2").is_public is False
    assert [each.seq for each in store.deliveries.list_items(9)] == [on_its_way.seq]
