"""Each term says its reason, and the same pair gets the same score whoever asks."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue import listings, matching, people
from catalogue.language import LanguageMap
from catalogue.listings import index_words
from catalogue.matching import (
    BROADER,
    ENOUGH_WORDS,
    KEEP,
    MIN_SCORE,
    NARROWER,
    SIBLING,
    TEXT_ONLY,
    Weights,
    score,
    subject,
)
from catalogue.model import Category, Kind, Mode, Visibility
from catalogue.people import AffiliateDraft
from catalogue.policy import ANYONE, MEMBER
from tests.samples import NOW, SOUTH, TAXONOMY, content, hours, listing, one
from tests.samples import listings as any_listing


def need(**changes):
    given_ = {"handle": "wisher", "kind": Kind.NEED, "title": one("Zzz"), "text": one("<p>zzz</p>")}
    return listing(1, **{**given_, **changes})


def offer(number=2, **changes):
    given_ = {"handle": "giver", "title": one("Qqq"), "text": one("<p>qqq</p>")}
    return listing(number, **{**given_, **changes})


def about(listing_):
    return subject(listing_, index_words(listing_), TAXONOMY)


def scored(wanted, given_, weights=matching.DEFAULT_WEIGHTS):
    return score(about(wanted), about(given_), TAXONOMY, weights)


def reason(term, wanted, given_):
    """The value, message and parameters of one term, whatever the others say."""
    judge = dict(zip(NAMES, matching.TERMS, strict=True))[term]
    found = judge(about(wanted), about(given_), TAXONOMY, matching.DEFAULT_WEIGHTS)
    return None if found is None else (found.value, found.why, found.about)


NAMES = ["capacity", "language", "place", "category", "words", "method", "quantity"]


def test_terms_are_these():
    found = scored(
        need(methods=("training",), hours=hours("1")),
        offer(methods=("training",), hours=hours("1")),
    )
    assert found is not None
    assert [each.term for each in found.reasons] == NAMES


# -- capacity -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "given_", "expected"),
    [
        (("mediation",), ("mediation",), (1.0, "match-capacity-same", ("mediation",))),
        (
            ("conflict-management",),
            ("mediation",),
            (NARROWER, "match-capacity-narrower", ("conflict-management", "mediation")),
        ),
        (
            ("mediation",),
            ("conflict-management",),
            (BROADER, "match-capacity-broader", ("mediation", "conflict-management")),
        ),
        (("mediation",), ("lua",), (0.0, "match-capacity-none", ())),
        ((), ("lua",), (0.0, "match-capacity-none", ())),
        (("mediation",), (), (0.0, "match-capacity-none", ())),
        (("lua", "mediation"), ("lua",), (0.85, "match-capacity-same", ("lua",))),
        (
            ("https://peer.example/x/bees",),
            ("https://peer.example/x/bees",),
            (1.0, "match-capacity-same", ("https://peer.example/x/bees",)),
        ),
    ],
)
def test_capacity_is_as_near_as_the_tree_says(wanted, given_, expected):
    assert reason("capacity", need(capacities=wanted), offer(capacities=given_)) == expected


def test_capacity_two_steps_broader_counts_less():
    scheme = TAXONOMY.capacities
    far = next(each.id for each in scheme if len(scheme.above(each.id)) >= 2)
    near, top = scheme.above(far)[:2]
    nearer = reason("capacity", need(capacities=(far,)), offer(capacities=(near,)))
    farther = reason("capacity", need(capacities=(far,)), offer(capacities=(top,)))
    assert (nearer[0], farther[0]) == (BROADER, BROADER / 2)


def test_capacity_of_the_same_parent_counts_a_little():
    scheme = TAXONOMY.capacities
    parent = next(each.id for each in scheme if len(scheme.narrower(each.id)) > 1)
    first, second = (each.id for each in scheme.narrower(parent)[:2])
    found = reason("capacity", need(capacities=(first,)), offer(capacities=(second,)))
    assert found == (SIBLING, "match-capacity-sibling", (first, second))


def test_capacity_named_in_the_title_counts_for_less_than_a_tag():
    wanted = need(capacities=(), title=one("Wir brauchen Mediation", "de"))
    found = reason("capacity", wanted, offer(capacities=("mediation",)))
    assert found == (TEXT_ONLY, "match-capacity-named", ("mediation",))


# -- language, place, category --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "given_", "expected"),
    [
        (("fr", "en"), ("en", "fr"), (1.0, "match-language-common", ("en", "fr"))),
        (("pt-BR",), ("pt",), (1.0, "match-language-common", ("pt",))),
        (("fr",), ("en",), (0.0, "match-language-none", ())),
    ],
)
def test_language_is_common_or_not(wanted, given_, expected):
    pair = need(delivery_languages=wanted), offer(delivery_languages=given_)
    assert reason("language", *pair) == expected


def test_language_of_the_text_counts_where_none_is_named():
    wanted = need(delivery_languages=(), title=LanguageMap({"uk": "Так", "fr": "Oui"}))
    found = reason("language", wanted, offer(delivery_languages=("fr",)))
    assert found == (1.0, "match-language-common", ("fr",))


@pytest.mark.parametrize(
    ("wanted", "given_", "expected"),
    [
        ((Mode.ONLINE, ("PL",)), (Mode.ONLINE, ("SN",)), (1.0, "match-place-online", ())),
        ((Mode.HYBRID, ()), (Mode.ONLINE, ()), (1.0, "match-place-online", ())),
        ((Mode.IN_PERSON, ("PL",)), (Mode.ONLINE, ("PL",)), (0.1, "match-place-differs", ())),
        ((Mode.IN_PERSON, ()), (Mode.IN_PERSON, ("PL",)), (0.5, "match-place-open", ())),
        (
            (Mode.IN_PERSON, ("PL",)),
            (Mode.HYBRID, ("PL", "DE")),
            (1.0, "match-place-same", ("PL",)),
        ),
        (
            (Mode.IN_PERSON, ("PL",)),
            (Mode.IN_PERSON, ("CEECA",)),
            (1.0, "match-place-same", ("CEECA",)),
        ),
        (
            (Mode.IN_PERSON, ("PL",)),
            (Mode.IN_PERSON, ("UA",)),
            (0.6, "match-place-near", ("CEECA",)),
        ),
        ((Mode.IN_PERSON, ("PL",)), (Mode.IN_PERSON, ("SN",)), (0.0, "match-place-far", ())),
    ],
)
def test_place_is_where_both_can_be(wanted, given_, expected):
    here = need(mode=wanted[0], regions=wanted[1])
    there = offer(mode=given_[0], regions=given_[1])
    assert reason("place", here, there) == expected
    turned = reason("place", replace(there, kind=Kind.NEED), replace(here, kind=Kind.OFFER))
    assert turned == expected


@pytest.mark.parametrize(
    ("wanted", "given_", "value", "why"),
    [
        (Category.SKILL, Category.SKILL, 1.0, "match-category-same"),
        (Category.SKILL, Category.SERVICE, 0.6, "match-category-close"),
        (Category.SERVICE, Category.SKILL, 0.6, "match-category-close"),
        (Category.FUNDING, Category.SKILL, 0.0, "match-category-other"),
    ],
)
def test_category_same_close_or_other(wanted, given_, value, why):
    found = reason("category", need(category=wanted), offer(category=given_))
    assert found == (value, why, (wanted, given_))


# -- words, method, quantity ----------------------------------------------------------------------


def test_words_shared_by_stem_count():
    wanted = need(title=one("Photographing monuments"), text=one("<p>of the old city</p>"))
    given_ = offer(title=one("Photographers of monument"), text=one("<p>old city</p>"))
    assert reason("words", wanted, given_) == (2 / ENOUGH_WORDS, "match-words-shared", ("2",))
    assert reason("words", need(), offer()) == (0.0, "match-words-none", ())


def test_words_are_wholly_the_same_when_enough_are_shared():
    same = one("alpha1 bravo1 charlie1 delta1 echo11 foxtrot1")
    assert reason("words", need(title=same), offer(title=same))[0] == 1.0


@pytest.mark.parametrize(
    ("wanted", "given_", "expected"),
    [
        ((), ("training",), None),
        (("training",), (), None),
        (
            ("webinar", "training"),
            ("training", "webinar"),
            (1.0, "match-method-common", ("webinar", "training")),
        ),
        (("webinar",), ("training",), (0.0, "match-method-other", ())),
    ],
)
def test_method_is_silent_where_one_leaves_it_open(wanted, given_, expected):
    assert reason("method", need(methods=wanted), offer(methods=given_)) == expected


MONEY = {"category": Category.FUNDING, "currency": "EUR"}


@pytest.mark.parametrize(
    ("wanted", "given_", "expected"),
    [
        ({}, {"hours": hours("3")}, None),
        ({"hours": hours("3")}, {"hours": hours("3")}, (1.0, "match-quantity-enough", ())),
        ({"hours": hours("3")}, {"hours": hours("9")}, (1.0, "match-quantity-enough", ())),
        ({"hours": hours("3")}, {"hours": hours("1")}, (0.3333, "match-quantity-part", ("33%",))),
        (
            {**MONEY, "amount": Decimal(400)},
            {**MONEY, "amount": Decimal(100)},
            (0.25, "match-quantity-part", ("25%",)),
        ),
        ({**MONEY, "amount": Decimal(4)}, {"amount": Decimal(4), "currency": "USD"}, None),
    ],
)
def test_quantity_is_the_share_that_is_met(wanted, given_, expected):
    assert reason("quantity", need(**wanted), offer(**given_)) == expected


# -- the whole ------------------------------------------------------------------------------------


def test_score_is_the_weighted_mean_of_what_speaks():
    found = scored(need(category=Category.SERVICE), offer())
    assert found is not None
    terms = {each.term: each.value for each in found.reasons}
    assert terms == {"capacity": 1, "language": 1, "place": 1, "category": 0.6, "words": 0}
    expected = (0.40 + 0.18 + 0.14 + 0.10 * 0.6) / (0.40 + 0.18 + 0.14 + 0.10 + 0.10)
    assert found.score == round(expected, 4)
    assert (found.need, found.offer) == (need().id, offer().id)


def test_weights_can_be_others():
    only_place = Weights(capacity=0, language=0, category=0, words=0, method=0, quantity=0)
    found = scored(need(), offer(), only_place)
    assert found is not None
    assert found.score == 1.0
    assert scored(need(), offer(), replace(only_place, place=0)) is None


def test_no_common_language_no_match():
    assert scored(need(delivery_languages=("fr",)), offer()) is None


def test_no_common_subject_no_match():
    assert scored(need(), offer(capacities=("lua",))) is None


def test_enough_common_words_make_up_for_capacities():
    said = one("alpha1 bravo1 charlie1 delta1 echo11")
    pair = need(capacities=(), title=said), offer(capacities=(), title=said)
    found = scored(*pair)
    assert found is not None
    assert found.score >= MIN_SCORE


def test_poor_score_is_no_match():
    pair = (
        need(mode=Mode.IN_PERSON, regions=("PL",), category=Category.FUNDING),
        offer(mode=Mode.IN_PERSON, regions=("SN",), capacities=("conflict-management",)),
    )
    assert scored(*pair) is None


def test_languages_meet_through_the_taxonomy():
    """A need written in Ukrainian and an offer in Arabic share a capacity and spoken English."""
    wanted = need(title=one("Допоможіть нам мирити людей", "uk"), delivery_languages=("uk", "en"))
    given_ = offer(title=one("ورشة", "ar"), delivery_languages=("ar", "en"))
    found = scored(wanted, given_)
    assert found is not None
    assert found.score > 0.8


@given(any_listing(1, kind=Kind.NEED), any_listing(2, kind=Kind.OFFER))
@settings(max_examples=200)
def test_score_is_from_0_to_1_and_the_same_from_both_sides(wanted, given_):
    found = scored(wanted, given_)
    assert found == scored(given_, wanted)
    if found is not None:
        assert MIN_SCORE <= found.score <= 1
        assert all(0 <= each.value <= 1 for each in found.reasons)


@given(any_listing(1, kind=Kind.NEED, capacities=("lua",), delivery_languages=("en",)))
def test_wholly_the_same_offer_is_a_sure_match(wanted):
    twin = replace(wanted, id="twin", kind=Kind.OFFER, by="https://south.example/actors/twin")
    found = scored(wanted, twin)
    assert found is not None
    assert {each.term: each.value for each in found.reasons}["capacity"] == 1


# -- stored ---------------------------------------------------------------------------------------


@pytest.fixture
def here(store):
    for handle in ("delta", "other"):
        people.add_affiliate(store, AffiliateDraft(handle=handle, name=handle.title()))
    return store


def best(store, listing_, viewer=MEMBER, limit=10):
    found = matching.best_of(store, listing_, viewer=viewer, limit=limit)
    return [other.id for _, other in found]


def test_match_is_stored_for_both_sides(here):
    wanted = listings.publish(here, content(kind=Kind.NEED), by="delta")
    given_ = listings.publish(here, content(), by="other")
    assert (best(here, wanted), best(here, given_)) == ([given_.id], [wanted.id])
    stored = matching.best_of(here, wanted, viewer=MEMBER)[0][0]
    assert matching.best_of(here, given_, viewer=MEMBER)[0][0] == stored
    assert stored == scored(wanted, given_)


def test_match_across_nodes(here):
    wanted = listings.publish(here, content(kind=Kind.NEED), by="delta")
    theirs = listing()
    listings.take_in(here, theirs, b"{}")
    assert (best(here, wanted), best(here, theirs)) == ([theirs.id], [wanted.id])


def test_affiliate_does_not_match_itself(here):
    wanted = listings.publish(here, content(kind=Kind.NEED), by="delta")
    own = listings.publish(here, content(), by="delta")
    assert (best(here, wanted), best(here, own)) == ([], [])


def test_same_kind_does_not_match(here):
    first = listings.publish(here, content(), by="delta")
    second = listings.publish(here, content(), by="other")
    assert (best(here, first), best(here, second)) == ([], [])


def test_closed_listing_matches_no_more(here):
    wanted = listings.publish(here, content(kind=Kind.NEED), by="delta")
    given_ = listings.publish(here, content(), by="other")
    closed = listings.close(here, given_.id)
    assert (best(here, wanted), best(here, closed)) == ([], [])
    late = listings.publish(here, content(kind=Kind.NEED), by="delta")
    assert best(here, late) == []


def test_listing_past_its_day_matches_no_more(here):
    wanted = listings.publish(here, content(kind=Kind.NEED), by="delta")
    listings.publish(here, content(until=NOW + timedelta(hours=1)), by="other")
    here.clock.pass_by(hours=2)
    assert best(here, wanted) == []
    late = listings.publish(here, content(kind=Kind.NEED), by="delta")
    assert best(here, late) == []


def test_deleted_listing_takes_its_matches_along(here):
    wanted = listings.publish(here, content(kind=Kind.NEED), by="delta")
    given_ = listings.publish(here, content(), by="other")
    listings.delete(here, given_.id)
    assert best(here, wanted) == []
    assert here.matches.best(given_.id, Kind.OFFER, 10) == []


def test_edit_matches_anew(here):
    silent = {"title": one("Come"), "text": one("<p>and see</p>")}
    wanted = listings.publish(here, content(kind=Kind.NEED), by="delta")
    given_ = listings.publish(here, content(capacities=("lua",), **silent), by="other")
    assert best(here, wanted) == []
    edited = listings.edit(here, given_.id, content())
    assert (best(here, wanted), best(here, edited)) == ([given_.id], [wanted.id])
    away = listings.edit(here, given_.id, content(capacities=("lua",), **silent))
    assert (best(here, wanted), best(here, away)) == ([], [])


def test_need_that_becomes_an_offer_leaves_no_match_behind(here):
    wanted = listings.publish(here, content(kind=Kind.NEED), by="delta")
    given_ = listings.publish(here, content(), by="other")
    turned = listings.edit(here, wanted.id, content(kind=Kind.OFFER))
    assert (best(here, turned), best(here, given_)) == ([], [])


def test_best_of_shows_only_what_the_viewer_may_see(here):
    wanted = listings.publish(here, content(kind=Kind.NEED), by="delta")
    hidden = listings.publish(here, content(visibility=Visibility.NODE), by="other")
    shown = listings.publish(here, content(), by="other")
    assert sorted(best(here, wanted)) == sorted([hidden.id, shown.id])
    assert best(here, wanted, ANYONE) == [shown.id]
    assert best(here, wanted, ANYONE, limit=0) == []


def test_best_come_first_and_at_most_so_many_are_kept(here):
    for number in range(KEEP + 5):
        near = {"capacities": ("mediation",) if number % 2 else ("conflict-management",)}
        theirs = listing(number, handle=f"far{number}", kind=Kind.NEED, **near)
        listings.take_in(here, theirs, b"{}")
    given_ = listings.publish(here, content(), by="delta")
    found = matching.find(here, given_)
    matching.keep_found(here, [f for f in matching.find_due(here, 999) if f.listing == given_.id])
    stored = here.matches.best(given_.id, Kind.OFFER, KEEP + 5)
    assert stored == found
    assert len(stored) == KEEP
    assert stored == sorted(stored, key=lambda each: (-each.score, each.need, each.offer))
    assert best(here, given_, limit=3) == [each.need for each in stored[:3]]


def test_matches_are_stored_when_their_turn_comes_and_are_the_same_before(here):
    wanted = listings.publish(here, content(kind=Kind.NEED), by="delta")
    given_ = listings.publish(here, content(), by="other")
    assert [each for _, each in here.matches.list_due(9)] == [wanted.id, given_.id]
    before = matching.best_of(here, wanted, viewer=MEMBER)
    assert here.matches.best(wanted.id, Kind.NEED, 9) == []
    findings = matching.find_due(here, 9)
    listings.edit(here, given_.id, content(title=one("Another title for the same offer")))
    matching.keep_found(here, findings)
    assert [each for _, each in here.matches.list_due(9)] == [given_.id]  # asked again meanwhile
    assert matching.best_of(here, wanted, viewer=MEMBER)[0][0] == before[0][0]


def test_a_match_whose_other_side_went_meanwhile_is_not_stored(here):
    wanted = listings.publish(here, content(kind=Kind.NEED), by="delta")
    given_ = listings.publish(here, content(), by="other")
    findings = matching.find_due(here, 9)
    listings.delete(here, given_.id)
    matching.keep_found(here, findings)
    assert here.matches.best(wanted.id, Kind.NEED, 9) == []
    assert here.matches.list_due(9) == []


def test_a_listing_is_found_through_its_words_alone(here):
    said = {"title": one("Beekeeping honey hives blossom pollen"), "capacities": ()}
    wanted = listings.publish(here, content(kind=Kind.NEED, **said), by="delta")
    given_ = listings.publish(here, content(**said), by="other")
    assert (best(here, wanted), best(here, given_)) == ([given_.id], [wanted.id])


@given(
    st.lists(any_listing(capacities=("lua", "mediation"), delivery_languages=("en",)), max_size=6)
)
@settings(max_examples=50)
def test_stored_matches_do_not_depend_on_the_order_of_arrival(new_store, found):
    named = [
        replace(each, id=f"l{n}", uri=f"{each.uri}/{n}", node=SOUTH) for n, each in enumerate(found)
    ]
    stored = []
    for order in (named, named[::-1]):
        with new_store() as store:
            for each in order:
                listings.take_in(store, each, b"{}")
            stored.append([store.matches.best(each.id, each.kind, 50) for each in named])
    assert stored[0] == stored[1]
