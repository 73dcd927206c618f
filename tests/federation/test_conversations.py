"""Posts, answers and quotes on the wire: who is heard, and who may read what (L33, L36, H64)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from catalogue import inquiries, listings
from catalogue.model import Status, Visibility
from federation import endpoints, publisher
from federation.dispatcher import VERBS
from federation.errors import Gone, Malformed, NotHere
from federation.incoming import quote_request
from federation.incoming.said import Said
from federation.mapping import note, post
from federation.strictjson import parse_object
from federation.vocabulary import PUBLIC
from tests.federation.world import CATALOGUE, DELTA, FAN, FRIEND, know_person
from tests.samples import BLOG, HERE, NOW, TAXONOMY, content, one

QUOTE = f"https://{BLOG}/notes/quote"


def written(name: str = "1", by: str = FAN, **changes: Any) -> dict[str, Any]:
    text = f"<p>Question {name}</p>"
    plain = {
        "id": f"{by.partition('/users')[0]}/notes/{name}",
        "type": "Note",
        "attributedTo": by,
        "published": "2030-05-03T11:00:00Z",
        "to": [PUBLIC],
        "cc": [],
        "content": text,
        "contentMap": {"en": text},
    }
    return {**plain, **changes}


def says(store, verb: str, what: Any, by: str = FAN, **more: Any) -> list[str]:
    activity = {"id": f"{by}/x/1", "type": verb, "actor": by, "object": what, **more}
    needs = VERBS[verb].needs(store, activity)
    said = Said(activity=activity, actor=by, fetched={}, received=NOW)
    VERBS[verb].apply(store, said)
    return needs


@pytest.fixture
def listing(home):
    know_person(home)
    made = listings.publish(home, content(), by="delta")
    for seq, _ in home.events.next_pending(9):
        home.events.told(seq)
    return made


def kept(store) -> list[str]:
    return [each.uri for each in store.inquiries.list_by_author(FAN)]


# -- who is heard ---------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["Create", "Update"])
@pytest.mark.parametrize(
    "named",
    [
        {"to": [PUBLIC, DELTA]},
        {"to": PUBLIC, "cc": DELTA},
        {"tag": [{"type": "Mention", "href": DELTA}]},
        {"tag": {"type": "Mention", "href": HERE.profile("delta")}},
        {"type": ["Note", "x:Note"], "to": [DELTA]},
        {"type": "Question", "to": [DELTA]},
    ],
    ids=str,
)
def test_post_that_names_an_affiliate_is_heard(listing, home, named, verb):
    says(home, verb, written(**named))
    (message,) = home.inquiries.list_by_author(FAN)
    assert (message.to, message.text) == (DELTA, one("<p>Question 1</p>"))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"to": [f"{DELTA}/followers"]},
        {"to": [HERE.instance]},
        {"to": ["https://hub.example.evil/actors/delta"]},
        {"to": [DELTA], "content": "", "contentMap": {}},
        {"to": [DELTA], "content": "<script>x</script>", "contentMap": {}},
        {"to": [DELTA], "type": "Tombstone"},
        {"to": [DELTA], "attributedTo": FRIEND},
        {"to": [DELTA], "attributedTo": None},
        {"to": [DELTA], "id": "https://friend.example/notes/1"},
        {"to": [DELTA], "id": 7},
        {"to": [DELTA], "id": None},
        {"tag": [{"type": "Mention", "href": 7}, {"type": "Mention"}, 7]},
        {"inReplyTo": 7},
    ],
    ids=str,
)
def test_post_that_is_not_for_us_or_not_theirs_is_not_kept(listing, home, changes):
    says(home, "Create", written(**changes))
    assert home.inquiries.list_newest(limit=9) == []


def test_only_a_post_that_concerns_us_makes_us_ask_who_wrote_it(listing, home):
    stranger = f"https://{BLOG}/users/stranger"
    assert says(home, "Create", written(by=stranger, to=[DELTA]), by=stranger) == [stranger]
    assert says(home, "Create", written(by=stranger), by=stranger) == []
    assert home.inquiries.list_newest(limit=9) == []  # nobody knows them yet


def test_blocked_host_is_not_heard_and_its_replies_are_not_shown_h64(listing, home, keyring):
    says(home, "Create", written(inReplyTo=listing.uri))
    says(home, "QuoteRequest", listing.uri, instrument=QUOTE)
    (stamp,) = home.quotes.list_of(listing.uri)
    shown = endpoints.replies(home, listing.id, endpoints.ANYONE)
    assert shown["first"]["items"] == kept(home) != []
    home.hosts.block(BLOG, at=NOW, reason="")
    says(home, "Create", written("2", inReplyTo=listing.uri))
    says(home, "QuoteRequest", listing.uri, instrument=f"{QUOTE}2")
    assert len(kept(home)) == len(home.quotes.list_of(listing.uri)) == 1
    shown = endpoints.replies(home, listing.id, endpoints.ANYONE)
    assert (shown["totalItems"], shown["first"]["items"]) == (0, [])
    with pytest.raises(NotHere):
        endpoints.stamp(home, keyring, stamp.id)


def test_replies_of_what_is_not_public_are_shown_to_nobody(listing, home):
    hidden = listings.publish(home, content(visibility=Visibility.NETWORK), by="delta")
    says(home, "Create", written(inReplyTo=hidden.uri))
    assert len(kept(home)) == 1
    shown = endpoints.replies(home, hidden.id, endpoints.Viewer(is_peer=True), page=True)
    assert shown["items"] == []


def test_whoever_is_gone_takes_all_along(listing, home):
    says(home, "Create", written(inReplyTo=listing.uri))
    says(home, "QuoteRequest", listing.uri, instrument=QUOTE)
    says(home, "Delete", FAN)
    assert home.inquiries.list_newest(limit=9) == []
    assert home.quotes.list_of(listing.uri) == []


# -- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "is_public"),
    [
        ({"to": [PUBLIC]}, True),
        ({"to": ["as:Public"]}, True),
        ({"to": [DELTA], "cc": "Public"}, True),
        ({"to": [DELTA]}, False),
        ({"to": [f"{FAN}/followers"], "cc": [DELTA]}, False),
        ({"to": None}, False),
    ],
    ids=str,
)
def test_only_what_is_addressed_to_all_is_public(changes, is_public):
    letter = note.to_letter(written(**changes), HERE, now=NOW)
    assert letter.is_public is is_public


def test_text_is_sanitised_cut_and_has_its_warning(listing):
    html = '<p onclick="x">Hi <img src="https://x.example/"><a href="/logout">out</a></p>'
    letter = note.to_letter(written(content=html, contentMap={"pt": html}), HERE, now=NOW)
    assert list(letter.text) == ["pt"]
    assert "onclick" not in letter.text["pt"]
    assert "img" not in letter.text["pt"]
    assert "href" not in letter.text["pt"]
    warned = note.to_letter(written(summary="Long & <sad>"), HERE, now=NOW)
    assert warned.text["en"] == "<p>Long &amp; &lt;sad&gt;</p><p>Question 1</p>"
    long = note.to_letter(written(content="a" * 10**5, contentMap={}), HERE, now=NOW)
    assert len(long.text["und"]) == inquiries.MAX_HTML


def test_page_of_another_server_is_not_taken_for_the_posts_own():
    letter = note.to_letter(written(url="https://evil.example/"), HERE, now=NOW)
    assert letter.url == letter.uri
    with pytest.raises(Malformed):
        note.to_letter(written(id="https://evil.example/1"), HERE, now=NOW)


@pytest.mark.parametrize("tag", ["offer", "OFFER", "Offre", "oferta", "Angebot", "Пропозиція"])
def test_hashtag_of_any_language_says_offer(tag):
    assert post.kind_named(tag) == "offer"


@pytest.mark.parametrize("tag", ["need", "besoin", "Bedarf", "ihtiyaç", "احتياج"])
def test_hashtag_of_any_language_says_need(tag):
    assert post.kind_named(tag) == "need"


@pytest.mark.parametrize("tag", ["", "offers", "needs", "mediation"])
def test_other_hashtags_say_nothing(tag):
    assert post.kind_named(tag) is None


def test_draft_needs_the_catalogue_and_a_hashtag(home, listing):
    text = "<p>@catalogue #besoin. Une salle</p>"
    given = {"content": text, "contentMap": {"fr": text}}
    says(home, "Create", written("1", to=[DELTA], **given))
    assert home.drafts.list_newest(waiting=True, limit=9) == []
    says(home, "Create", written("2", to=[CATALOGUE], **given))
    (draft,) = home.drafts.list_newest(waiting=True, limit=9)
    assert (draft.kind, draft.title) == ("need", one("Une salle", "fr"))


# -- what is served -------------------------------------------------------------------------------


@pytest.mark.parametrize("is_public", [True, False])
def test_answer_is_served_to_whom_it_is_for_l33(listing, home, keyring, is_public):
    to = [PUBLIC] if is_public else [DELTA]
    says(home, "Create", written(inReplyTo=listing.uri, to=to))
    (inquiry,) = home.inquiries.list_newest(limit=9)
    answer = inquiries.answer(home, inquiry.id, one("<p>Yes</p>"))
    readers = {None: is_public, FRIEND: is_public, f"https://{BLOG}/actor": True, FAN: True}
    for reader, may_read in readers.items():
        if may_read:
            document = endpoints.message(home, keyring, answer.id, reader)
            assert document["id"] == answer.uri
            assert document["proof"]["verificationMethod"].startswith(DELTA)
        else:
            with pytest.raises(NotHere, match="no such message"):
                endpoints.message(home, keyring, answer.id, reader)
    home.hosts.block(BLOG, at=NOW, reason="")
    if not is_public:
        with pytest.raises(NotHere):
            endpoints.message(home, keyring, answer.id, FAN)
    inquiries.delete_answer(home, answer.id)
    with pytest.raises(Gone if is_public else NotHere):
        endpoints.message(home, keyring, answer.id, FAN)
    with pytest.raises(NotHere):
        endpoints.message(home, keyring, home.inquiries.list_by_author(FAN)[0].id, FAN)


def test_answer_goes_to_whoever_asked_and_nobody_else(listing, home, keyring):
    know_person(home, FRIEND)
    says(home, "Create", written(inReplyTo=listing.uri, to=[DELTA]))
    (inquiry,) = home.inquiries.list_newest(limit=9)
    answer = inquiries.answer(home, inquiry.id, one("<p>Yes</p>"))
    inquiries.edit_answer(home, answer.id, one("<p>No</p>"))
    inquiries.delete_answer(home, answer.id)
    publisher.tell_pending(home, keyring)
    sent = [(each.activity, each.inbox) for each in home.deliveries.list_items(9)]
    assert sent == [(f"{answer.uri}#delete", f"{FAN}/inbox")]  # it was gone before it was told
    assert home.activities.count_public(DELTA) == 0


def test_whoever_blocked_the_affiliate_hears_no_more_of_it_but_what_is_taken_back(
    listing, home, keyring
):
    says(home, "Create", written(inReplyTo=listing.uri, to=[DELTA]))
    (inquiry,) = home.inquiries.list_newest(limit=9)
    home.blocks.refuse(FAN, DELTA, uri=f"{FAN}#blocks/1", at=NOW, most=9)
    answer = inquiries.answer(home, inquiry.id, one("<p>Yes</p>"))
    publisher.tell_pending(home, keyring)
    home.clock.pass_by(minutes=1)
    inquiries.edit_answer(home, answer.id, one("<p>No</p>"))
    says(home, "QuoteRequest", listing.uri, instrument=QUOTE)
    publisher.tell_pending(home, keyring)
    assert home.deliveries.list_items(9) == []
    inquiries.delete_answer(home, answer.id)
    publisher.tell_pending(home, keyring)
    sent = [each.activity for each in home.deliveries.list_items(9)]
    assert sent == [f"{answer.uri}#delete"]


# -- quotes ---------------------------------------------------------------------------------------


def test_one_blocked_actor_is_not_shown_either_h64(listing, home, keyring):
    says(home, "Create", written(inReplyTo=listing.uri))
    says(home, "QuoteRequest", listing.uri, instrument=QUOTE)
    (stamp,) = home.quotes.list_of(listing.uri)
    assert endpoints.stamp(home, keyring, stamp.id)
    home.blocks.put_actor(stamp.asker, at=NOW, reason="")
    shown = endpoints.replies(home, listing.id, endpoints.ANYONE)
    assert (shown["totalItems"], shown["first"]["items"]) == (0, [])
    with pytest.raises(NotHere):
        endpoints.stamp(home, keyring, stamp.id)


def answered(home, keyring) -> list[dict[str, Any]]:
    publisher.tell_pending(home, keyring)
    found = [home.activities.find(each.activity) for each in home.deliveries.list_items(99)]
    return [parse_object(each.body) for each in found if each]


def test_consent_names_exactly_one_quote_of_one_listing_l36(listing, home, keyring):
    for _ in range(2):
        says(home, "QuoteRequest", listing.uri, instrument=QUOTE)
    (stamp,) = home.quotes.list_of(listing.uri)
    document = endpoints.stamp(home, keyring, stamp.id)
    assert document["interactingObject"] == QUOTE
    assert document["interactionTarget"] == listing.uri
    assert document["attributedTo"] == DELTA
    results = {each["result"] for each in answered(home, keyring)}
    assert results == {HERE.stamp(stamp.id)}
    listings.delete(home, listing.id)
    with pytest.raises(NotHere):  # at once, before anybody is told
        endpoints.stamp(home, keyring, stamp.id)


@pytest.mark.parametrize(
    ("instrument", "by"),
    [
        ("https://friend.example/notes/1", FAN),
        ({"id": QUOTE, "attributedTo": FRIEND}, FAN),
        (None, FAN),
        (7, FAN),
        ("x", FAN),
        (QUOTE, f"https://{BLOG}/users/stranger"),
    ],
    ids=str,
)
def test_consent_is_given_for_ones_own_post_only_l36(listing, home, instrument, by):
    says(home, "QuoteRequest", listing.uri, by=by, instrument=instrument)
    assert home.quotes.list_of(listing.uri) == []
    assert home.events.next_pending(9) == []


def test_consent_to_one_is_not_anothers_l36(listing, home, keyring):
    know_person(home, f"https://{BLOG}/users/bo")
    says(home, "QuoteRequest", listing.uri, instrument=QUOTE)
    says(home, "QuoteRequest", listing.uri, by=f"https://{BLOG}/users/bo", instrument=QUOTE)
    assert [each["type"] for each in answered(home, keyring)] == ["Accept", "Reject"]


@pytest.mark.parametrize("visibility", [each for each in Visibility if each != "public"])
def test_quote_of_what_is_not_public_is_not_answered_l33(listing, home, visibility):
    hidden = listings.publish(home, content(visibility=visibility), by="delta")
    before = home.events.next_pending(9)
    says(home, "QuoteRequest", hidden.uri, instrument=QUOTE)
    assert home.events.next_pending(9) == before


def test_consents_for_one_listing_are_bounded(listing, home, keyring, monkeypatch):
    monkeypatch.setattr(quote_request, "PER_LISTING", 2)
    for number in range(3):
        says(home, "QuoteRequest", listing.uri, instrument=f"{QUOTE}{number}")
    assert [each["type"] for each in answered(home, keyring)] == ["Accept", "Accept", "Reject"]


def test_consent_ends_with_the_post_that_quotes(listing, home):
    says(home, "QuoteRequest", listing.uri, instrument=QUOTE)
    says(home, "Delete", QUOTE)
    assert home.quotes.list_of(listing.uri) == []


# -- the post -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", sorted(post._all_words()))
def test_post_invites_to_ask_where_that_is_heard(listing, language):
    made = replace(listing, title=one("T", language), text=one("<p>t</p>", language))
    closed = replace(made, status=Status.CLOSED)
    hidden = replace(made, visibility=Visibility.NETWORK)
    texts = [post.content(each, language, TAXONOMY, HERE) for each in (made, closed, hidden)]
    words = post._words(language)["reply"]
    assert [words in text for text in texts] == [True, False, False]
    assert language == "en" or words != post._words("en")["reply"]


def test_closed_listing_may_be_quoted_by_its_author_only(listing):
    from_open, from_closed = (
        note_of["interactionPolicy"]["canQuote"]["automaticApproval"]
        for note_of in (
            endpoints.to_note(each, TAXONOMY, HERE)
            for each in (listing, replace(listing, status=Status.CLOSED))
        )
    )
    assert (from_open, from_closed) == ([PUBLIC], [DELTA])


def test_time_that_lies_ahead_is_taken_as_soon():
    later = note.to_letter(written(updated="2999-01-01T00:00:00Z"), HERE, now=NOW)
    assert later.updated == NOW + timedelta(hours=1)
