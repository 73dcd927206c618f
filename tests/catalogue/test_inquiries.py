"""What others ask, and the answers: who belongs to which inquiry, and how much there can be."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from catalogue import inquiries, listings
from catalogue.correspondence import Letter, Standing
from catalogue.errors import Conflict, Invalid, NotFound
from catalogue.events import AnswerDeleted, AnswerEdited, AnswerGiven
from catalogue.language import EMPTY, LanguageMap
from catalogue.model import Role
from tests.samples import BLOG, HERE, NOW, actor, content, one

ANA = f"https://{BLOG}/users/ana"
BO = f"https://{BLOG}/users/bo"
DELTA = HERE.actor("delta")


def letter(name: str = "1", by: str = ANA, **changes: Any) -> Letter:
    address = f"https://{BLOG}/notes/{name}"
    plain = Letter(
        uri=address,
        url=address,
        author=by,
        node=BLOG,
        in_reply_to=None,
        named=(),
        text=one(f"<p>Question {name}</p>"),
        is_public=True,
        published=NOW,
        updated=NOW,
    )
    return replace(plain, **changes)


@pytest.fixture
def listing(store):
    node = HERE.authority
    store.actors.put(actor("delta", node=node))
    store.actors.put(actor("catalogue", node=node, role=Role.CATALOGUE))
    store.actors.put(actor(node, node=node, uri=HERE.instance, role=Role.INSTANCE))
    made = listings.publish(store, content(), by="delta")
    for seq, _ in store.events.next_pending(9):
        store.events.told(seq)
    return made


@pytest.fixture
def asked(store, listing):
    """A public question about the listing."""
    message = inquiries.take_in(store, letter(in_reply_to=listing.uri))
    assert message is not None
    return message


def events(store) -> list[Any]:
    return [event for _, event in store.events.next_pending(99)]


def said(store, inquiry_id: str) -> list[str]:
    return [each.uri.rpartition("/")[2] for each in store.inquiries.messages(inquiry_id)]


def test_reply_to_a_listing_opens_an_inquiry_of_its_affiliate(store, listing, asked):
    inquiry = inquiries.get(store, asked.inquiry)
    assert (inquiry.asker, inquiry.to, inquiry.listing) == (ANA, DELTA, listing.uri)
    assert (inquiry.standing, inquiry.opened, asked.to) == (Standing.OPEN, NOW, DELTA)


@pytest.mark.parametrize(
    ("named", "to"),
    [
        ((DELTA,), DELTA),
        ((HERE.catalogue,), HERE.catalogue),
        ((HERE.actor("nobody"), DELTA, HERE.catalogue), DELTA),
        ((HERE.instance,), None),
        ((f"{DELTA}/followers",), None),
        ((), None),
    ],
)
def test_mention_without_a_listing_is_for_whoever_is_named_first(store, listing, named, to):
    message = inquiries.take_in(store, letter(named=named))
    assert (message and message.to) == to
    assert (message and inquiries.get(store, message.inquiry).listing) is None


def test_second_question_about_the_same_goes_into_the_same_inquiry(store, listing, asked):
    again = inquiries.take_in(store, letter("2", in_reply_to=listing.uri))
    other = inquiries.take_in(store, letter("3", by=BO, in_reply_to=listing.uri))
    about_nothing = inquiries.take_in(store, letter("4", named=(DELTA,)))
    assert again.inquiry == asked.inquiry
    assert len({asked.inquiry, other.inquiry, about_nothing.inquiry}) == 3


def test_anybody_goes_on_with_what_is_public(store, asked):
    answer = inquiries.answer(store, asked.inquiry, one("<p>Yes</p>"))
    more = inquiries.take_in(store, letter("2", by=BO, in_reply_to=answer.uri))
    assert more.inquiry == asked.inquiry
    assert inquiries.get(store, asked.inquiry).standing is Standing.OPEN


def test_nobody_else_goes_on_with_what_is_private(store, listing):
    private = inquiries.take_in(store, letter(in_reply_to=listing.uri, is_public=False))
    intruder = inquiries.take_in(store, letter("2", by=BO, in_reply_to=private.uri))
    own = inquiries.take_in(store, letter("3", in_reply_to=private.uri, is_public=False))
    assert intruder.inquiry != private.inquiry
    assert inquiries.get(store, intruder.inquiry).asker == BO
    assert own.inquiry == private.inquiry


def test_letter_that_concerns_nobody_or_says_nothing_is_not_kept(store, listing):
    for each in (
        letter(),
        letter(in_reply_to=f"https://{BLOG}/notes/9"),
        letter(in_reply_to=listing.uri, text=EMPTY),
        letter(in_reply_to=listing.uri, text=one("<p> </p>")),
    ):
        assert inquiries.take_in(store, each) is None
    assert store.inquiries.list_newest(limit=9) == []


def test_repeat_changes_nothing_and_an_edit_only_by_its_author(store, listing, asked):
    sent = letter(in_reply_to=listing.uri)
    assert inquiries.take_in(store, sent) == asked
    changed = replace(sent, text=one("<p>Better</p>"), updated=NOW + timedelta(seconds=1))
    assert inquiries.take_in(store, replace(changed, author=BO)) is None
    assert inquiries.take_in(store, changed).text == one("<p>Better</p>")
    assert inquiries.take_in(store, sent) is None  # older: too late
    assert store.inquiries.find_by_uri(sent.uri).text == one("<p>Better</p>")
    assert len(store.inquiries.messages(asked.inquiry)) == 1


@pytest.mark.parametrize("before", [True, False])
def test_edit_can_hide_but_not_show(store, listing, before):
    sent = letter(in_reply_to=listing.uri, is_public=before)
    inquiries.take_in(store, sent)
    assert inquiries.take_in(store, replace(sent, is_public=not before)).is_public is False


def test_what_its_author_took_back_is_gone_and_stays_away(store, listing, asked):
    assert not inquiries.take_out(store, asked.uri, by=BO)
    assert inquiries.take_out(store, asked.uri, by=ANA)
    assert store.inquiries.list_newest(limit=9) == []
    assert inquiries.take_in(store, letter(in_reply_to=listing.uri)) is None
    assert not inquiries.take_out(store, asked.uri, by=ANA)


def test_whoever_is_gone_has_said_nothing(store, asked):
    answer = inquiries.answer(store, asked.inquiry, one("<p>Yes</p>"))
    assert inquiries.forget_author(store, ANA) == 1
    assert said(store, asked.inquiry) == [answer.id]
    assert inquiries.get(store, asked.inquiry).standing is Standing.CLOSED
    with pytest.raises(Conflict):
        inquiries.answer(store, asked.inquiry, one("<p>Anyone?</p>"))


@pytest.mark.parametrize("is_public", [True, False])
def test_answer_is_for_whoever_asked_and_as_public_as_the_question(store, listing, is_public):
    asked = inquiries.take_in(store, letter(in_reply_to=listing.uri, is_public=is_public))
    answer = inquiries.answer(store, asked.inquiry, one("<p>Yes</p>"))
    assert (answer.author, answer.to, answer.in_reply_to) == (DELTA, ANA, asked.uri)
    assert (answer.uri, answer.is_public) == (HERE.message(answer.id), is_public)
    assert inquiries.get(store, asked.inquiry).standing is Standing.ANSWERED
    assert events(store) == [AnswerGiven(message=answer.id)]


def test_answer_is_to_the_newest_question_or_the_one_named(store, listing, asked):
    newer = inquiries.take_in(store, letter("2", in_reply_to=asked.uri, is_public=False))
    assert inquiries.answer(store, asked.inquiry, one("a")).in_reply_to == newer.uri
    first = inquiries.answer(store, asked.inquiry, one("b"), message_id=asked.id)
    assert (first.in_reply_to, first.is_public) == (asked.uri, True)
    with pytest.raises(NotFound):
        inquiries.answer(store, asked.inquiry, one("c"), message_id=first.id)


@pytest.mark.parametrize(
    "text",
    [EMPTY, one("<p></p>"), one("x" * (inquiries.MAX_ANSWER + 1)), LanguageMap({"!": "x"})],
    ids=["none", "blank", "long", "language"],
)
def test_answer_must_hold(store, asked, text):
    with pytest.raises(Invalid):
        inquiries.answer(store, asked.inquiry, text)
    assert said(store, asked.inquiry) == ["1"]


def test_answer_is_changed_and_taken_back(store, asked):
    answer = inquiries.answer(store, asked.inquiry, one("a"))
    assert inquiries.edit_answer(store, answer.id, one("a")) == answer
    changed = inquiries.edit_answer(store, answer.id, one("b"))
    assert changed.updated > answer.updated
    inquiries.delete_answer(store, answer.id)
    gone = AnswerDeleted(uri=answer.uri, by=DELTA, to=ANA, is_public=True, deleted=NOW)
    assert events(store)[1:] == [AnswerEdited(message=answer.id), gone]
    assert store.tombstones.deleted_at(answer.uri) == NOW
    for change in (inquiries.delete_answer, lambda s, m: inquiries.edit_answer(s, m, one("c"))):
        with pytest.raises(NotFound):
            change(store, answer.id)
        with pytest.raises(Conflict):
            change(store, asked.id)


def test_closed_inquiry_opens_with_a_new_message_in_it(store, listing, asked):
    inquiries.close(store, asked.inquiry)
    with pytest.raises(Conflict):
        inquiries.close(store, asked.inquiry)
    anew = inquiries.take_in(store, letter("2", in_reply_to=listing.uri))
    assert anew.inquiry != asked.inquiry
    inquiries.take_in(store, letter("3", in_reply_to=asked.uri))
    assert inquiries.get(store, asked.inquiry).standing is Standing.OPEN


def test_forgotten_inquiry_takes_its_answers_back_and_stays_away(store, listing, asked):
    answer = inquiries.answer(store, asked.inquiry, one("a"))
    inquiries.forget(store, asked.inquiry)
    assert store.inquiries.list_newest(limit=9) == []
    assert events(store)[-1].uri == answer.uri
    assert inquiries.take_in(store, letter(in_reply_to=listing.uri)) is None
    with pytest.raises(NotFound):
        inquiries.get(store, asked.inquiry)


def test_nobody_can_ask_without_end(store, listing):
    def ask(number: int, by: str = ANA, node: str = BLOG) -> bool:
        sent = letter(str(number), by=by, node=node, in_reply_to=listing.uri)
        return inquiries.take_in(store, sent) is not None

    assert [ask(number) for number in range(inquiries.PER_ASKER + 1)] == [
        *[True] * inquiries.PER_ASKER,
        False,
    ]
    inquiries.take_out(store, f"https://{BLOG}/notes/0", by=ANA)
    assert not ask(900)  # taking back makes no room within the day
    store.clock.pass_by(days=1, seconds=1)
    assert ask(901)


def test_no_server_can_ask_without_end(store, listing, monkeypatch):
    monkeypatch.setattr(inquiries, "PER_NODE", 3)
    senders = [f"https://{BLOG}/users/{number}" for number in range(5)]
    kept = [
        inquiries.take_in(store, letter(str(n), by=by, in_reply_to=listing.uri)) is not None
        for n, by in enumerate(senders)
    ]
    assert kept == [True, True, True, False, False]


@pytest.mark.parametrize("limit", ["PER_INQUIRY", "IN_ALL"])
def test_neither_an_inquiry_nor_all_of_them_grow_without_end(store, listing, monkeypatch, limit):
    monkeypatch.setattr(inquiries, limit, 2)
    kept = [
        inquiries.take_in(store, letter(str(n), in_reply_to=listing.uri)) is not None
        for n in range(4)
    ]
    assert kept == [True, True, False, False]
