"""The listing shelf and its search: what SQL answers is what plain Python would (H60, L34)."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.errors import Invalid
from catalogue.language import LanguageMap, primary
from catalogue.listings import index_words
from catalogue.model import Category, Kind, Listing, Mode, Status, Visibility
from catalogue.policy import ANYONE, MEMBER, Viewer, may_see
from catalogue.search import Facet, Query
from node.storage.store import NodeStore
from tests.samples import HERE, NOW, SOUTH, listing, one, statements
from tests.samples import listings as any_listing

FAR = f"https://{SOUTH}/actors/far"


def put(store: NodeStore, *found: Listing) -> None:
    for each in found:
        store.listings.put(each, words=index_words(each))


def ids(store: NodeStore, query: Query, now=NOW) -> list[str]:
    return [hit.listing.id for hit in store.listings.search(query, now).hits]


def text(words: str, language: str = "en") -> LanguageMap:
    return one(f"<p>{words}</p>", language)


# -- rows -----------------------------------------------------------------------------------------


@given(any_listing())
def test_listing_comes_back_as_it_was_put(new_store, made):
    with new_store() as store:
        put(store, made)
        assert store.listings.find(made.id) == made
        assert store.listings.find_by_uri(made.uri) == made
        assert store.listings.find_many([made.id]) == [made]


def _rows(store: NodeStore) -> list[list[tuple[object, ...]]]:
    tables = (
        "SELECT * FROM listing ORDER BY seq",
        "SELECT * FROM listing_facet ORDER BY 1, 2, 3",
        "SELECT * FROM listing_vocabulary ORDER BY 1",
        "SELECT * FROM catalogue_digest ORDER BY node, audience, bucket",
    )
    return [[tuple(row) for row in store.listings._sql.all(each)] for each in tables]


@given(any_listing(1), any_listing(2), any_listing(3))
def test_listings_put_together_are_as_if_put_one_by_one(new_store, first, second, third):
    made = (first, second, third)
    with new_store() as store:
        put(store, listing(9, id="first"))
        for each in made:
            store.listings.put(each, words=index_words(each), document=b"said")
        one_by_one = _rows(store)
    with new_store() as store:
        put(store, listing(9, id="first"))
        store.listings.put_new([(each, index_words(each), b"said") for each in made])
        assert _rows(store) == one_by_one
        uris = [each.uri for each in made]
        assert store.listings.known_among([*uris, "https://nowhere.example/1"]) == set(uris)


def test_no_listings_put_together_change_nothing(store):
    put(store, listing())
    before = _rows(store)
    store.listings.put_new([])
    assert _rows(store) == before
    assert store.listings.known_among([]) == set()


def test_put_replaces_but_keeps_what_never_changes(store):
    put(store, listing(title=one("Old words")))
    put(store, listing(title=one("New words"), status=Status.CLOSED))
    assert store.listings.find("listing-0001") == listing(
        title=one("New words"), status=Status.CLOSED
    )
    assert ids(store, Query(text="old", status=None)) == []
    assert ids(store, Query(text="new", status=None)) == ["listing-0001"]


def test_find_many_keeps_the_order_asked(store):
    put(store, *(listing(n) for n in (1, 2, 3)))
    found = store.listings.find_many(["listing-0003", "nothing", "listing-0001"])
    assert [each.id for each in found] == ["listing-0003", "listing-0001"]
    assert store.listings.find_many([]) == []


def test_document_is_kept_byte_by_byte(store):
    raw = b'{ "a":\t1 }\xff'
    store.listings.put(listing(1), words="", document=raw)
    store.listings.put(listing(2), words="")
    assert store.listings.document("listing-0001") == raw
    assert store.listings.document("listing-0002") is None
    assert store.listings.document("nothing") is None


def test_remove_takes_words_and_facets_along(store):
    put(store, listing(1, title=one("Beekeeping")), listing(2, title=one("Beekeeping")))
    store.listings.remove("listing-0001")
    store.listings.remove("nothing")
    assert ids(store, Query(text="beekeeping")) == ["listing-0002"]
    counted = store.listings.counts(Query(), NOW)
    assert counted[Facet.CAPACITY] == (("mediation", 1),)


def test_find_what_is_not_there(store):
    assert store.listings.find("x") is None
    assert store.listings.find_by_uri("https://x.example/") is None


def test_list_due_is_of_one_node_and_open(store):
    past = NOW - timedelta(seconds=1)
    put(
        store,
        listing(1, until=past),
        listing(2, until=NOW),
        listing(3, until=NOW + timedelta(seconds=1)),
        listing(4),
        listing(5, until=past, status=Status.CLOSED),
        listing(6, until=past, node="west.example"),
    )
    due = store.listings.list_due(SOUTH, NOW)
    assert sorted(each.id for each in due) == ["listing-0001", "listing-0002"]


# -- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("Médiation", "mediation"),
        ("Straßenfest", "strassenfest"),
        ("Łódź", "lodz"),
        ("Kıyı", "KIYI"),
        ("Ещё раз", "еще раз"),
        ("Навчання українською", "навчання"),
        ("إدارة المجتمع", "اداره"),
        ("مُحَمَّد", "محمد"),
        ("हिन्दी विकिपीडिया", "विकिपीडिया"),
        ("한국어 위키백과", "위키백과"),
        ("中文維基百科", "維基"),
        ("ウィキペディア", "ペディア"),
        ("วิกิพีเดียภาษาไทย", "ภาษาไทย"),
        ("መልካም ቀን", "መልካም"),
        ("ދިވެހި", "ދިވެހި"),
        ("ꯃꯅꯤꯄꯨꯔ", "ꯃꯅꯤꯄꯨꯔ"),
        ("ᱥᱟᱱᱛᱟᱲᱤ", "ᱥᱟᱱᱛᱟᱲᱤ"),
        ("ߒߞߏ", "ߒߞߏ"),
        ("བོད་སྐད", "སྐད"),
        ("𞤆𞤵𞤤𞤢𞤪", "𞤆𞤵𞤤𞤢𞤪"),
        ("ⵜⴰⵎⴰⵣⵉⵖⵜ", "ⵜⴰⵎⴰⵣⵉⵖⵜ"),
    ],
)
def test_words_are_found_in_many_scripts(store, written, searched):
    put(store, listing(1, title=one(written)), listing(2, title=one("Something else")))
    assert ids(store, Query(text=searched)) == ["listing-0001"]


def test_last_word_may_be_a_beginning(store):
    put(store, listing(1, title=one("Photography workshop")))
    assert ids(store, Query(text="workshop photo")) == ["listing-0001"]
    assert ids(store, Query(text="photo workshop")) == []  # only the last one


def test_all_words_must_be_there_in_whatever_language(store):
    both = LanguageMap({"en": "Beekeeping", "fr": "Apiculture"})
    put(store, listing(1, title=both), listing(2, title=one("Beekeeping")))
    assert ids(store, Query(text="beekeeping apiculture")) == ["listing-0001"]


def test_text_and_audience_are_found_and_markup_is_not(store):
    put(store, listing(1, text=one("<p>about <strong>pollen</strong></p>"), audience=one("Elders")))
    assert ids(store, Query(text="pollen")) == ids(store, Query(text="elders")) == ["listing-0001"]
    assert ids(store, Query(text="strong")) == []


def test_better_hits_come_first_with_higher_scores(store):
    put(
        store,
        listing(1, title=one("Pollen"), text=text("and " * 40)),
        listing(2, title=one("Pollen pollen"), text=text("pollen")),
        *(listing(n, title=one("Nothing"), text=text("of the kind")) for n in range(3, 9)),
    )
    page = store.listings.search(Query(text="pollen"), NOW)
    assert [hit.listing.id for hit in page.hits] == ["listing-0002", "listing-0001"]
    assert page.hits[0].score > page.hits[1].score > 0


HOSTILE = [
    '"',
    '""',
    "'",
    "'--",
    "'; DROP TABLE listing; --",
    "*",
    "bees*",
    "NEAR(bees pollen)",
    "NEAR(",
    "bees NOT pollen",
    "bees AND",
    "AND OR NOT",
    "words:bees",
    "{words}:bees",
    "-words:bees",
    "^bees",
    "bees + pollen",
    "%",
    "_",
    "%bees%",
    "\x00",
    "be\x00es",
    "(((",
    ")",
    "\\",
    "bees\\",
    "?1 :match @x $y",
    "\u202ebees",
    "x" * 10_000,
    "bees " * 5_000,
    '"' * 10_000,
    "e" + "\u0301" * 10_000,
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text[:24]))
def test_hostile_words_are_literal_h60(store, hostile):
    kept = listing(1, title=one("Keeping"), text=text("bees"))
    both = listing(2, title=one("Bees and pollen near by"), text=text("or not"))
    put(store, kept, both)
    query = Query(text=hostile)
    wanted = query.words
    expected = {each.id for each in (kept, both) if wanted and says(each, query)}
    assert set(ids(store, query)) == expected
    store.listings.counts(query, NOW)
    assert set(ids(store, Query())) == {kept.id, both.id}


@given(st.text())
def test_any_words_are_answered_h60(new_store, words):
    with new_store() as store:
        put(store, listing(1, title=one("Bees")), listing(2, title=one(words or "x")))
        query = Query(text=words)
        page = store.listings.search(query, NOW)
        if query.words or not words.strip():
            assert "listing-0002" in [hit.listing.id for hit in page.hits]
        else:
            assert page.hits == ()


# -- the oracle: what a query means, in plain Python ----------------------------------------------


def says(found: Listing, query: Query) -> bool:
    said = index_words(found).split()
    *whole, last = query.words
    return all(word in said for word in whole) and any(each.startswith(last) for each in said)


def facet_values(found: Listing, facet: Facet) -> tuple[str, ...]:
    spoken = found.delivery_languages or tuple(found.title)
    values: dict[Facet, Sequence[str]] = {
        Facet.KIND: [found.kind],
        Facet.CATEGORY: [found.category],
        Facet.MODE: [found.mode],
        Facet.NODE: [found.node],
        Facet.CAPACITY: found.capacities,
        Facet.METHOD: found.methods,
        Facet.REGION: found.regions,
        Facet.LANGUAGE: [primary(each) for each in spoken],
    }
    return tuple(dict.fromkeys(values[facet]))


def chosen(query: Query, facet: Facet) -> set[str]:
    single = {
        Facet.KIND: query.kind,
        Facet.CATEGORY: query.category,
        Facet.MODE: query.mode,
        Facet.NODE: query.node,
    }
    if facet in single:
        return {single[facet]} - {None}
    several = {
        Facet.CAPACITY: query.capacities,
        Facet.METHOD: query.methods,
        Facet.REGION: query.regions,
        Facet.LANGUAGE: tuple(map(primary, query.languages)),
    }
    return set(several[facet])


def answers(found: Listing, query: Query, without: Facet | None = None) -> bool:
    if query.text.strip() and not (query.words and says(found, query)):
        return False
    if query.status is Status.OPEN and not found.is_open(NOW):
        return False
    if query.status is Status.CLOSED and found.status is not Status.CLOSED:
        return False
    if query.by is not None and found.by != query.by:
        return False
    if not may_see(found, query.viewer):
        return False
    return all(
        not wanted or wanted & set(facet_values(found, facet))
        for facet in Facet
        if facet is not without
        for wanted in [chosen(query, facet)]
    )


WORDS = ["bees", "pollen", "mediation", "вода", "中文字", "workshop"]
SMALL = {
    "title": st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(
        lambda words: one(" ".join(words))
    ),
    "text": st.lists(st.sampled_from(WORDS), max_size=3).map(lambda words: text(" ".join(words))),
    "capacities": st.sets(st.sampled_from(["lua", "mediation", "governance"])).map(
        lambda each: tuple(sorted(each))
    ),
    "methods": st.sampled_from([(), ("training",), ("training", "webinar")]),
    "regions": st.sampled_from([(), ("PL",), ("PL", "SN")]),
    "delivery_languages": st.sampled_from([(), ("en",), ("pt-BR", "pt"), ("fr", "en")]),
    "until": st.sampled_from([None, NOW - timedelta(days=1), NOW, NOW + timedelta(days=1)]),
    "audience": LanguageMap(),
}


@st.composite
def catalogues(draw: st.DrawFn) -> list[Listing]:
    made = [draw(any_listing(number, **SMALL)) for number in range(draw(st.integers(0, 8)))]
    return [replace(each, uri=f"https://{each.node}/{each.id}") for each in made]


AUTHORS = [
    f"https://{node}/actors/{who}" for node in (HERE.authority, SOUTH) for who in ("ana", "ben")
]
VIEWERS = st.one_of(
    st.just(MEMBER),
    st.builds(
        Viewer,
        is_member=st.just(False),
        is_peer=st.booleans(),
        follows=st.frozensets(st.sampled_from(AUTHORS)),
    ),
)
FILTERS = {
    "text": ["bees", "bees pol", "вод", "中文", "?!", "pollen bees"],
    "kind": list(Kind),
    "category": list(Category),
    "mode": list(Mode),
    "node": [SOUTH],
    "by": AUTHORS,
    "capacities": [("lua",), ("lua", "governance")],
    "methods": [("webinar",)],
    "languages": [("pt",), ("en", "de"), ("pt-PT",)],
    "regions": [("SN",)],
    "status": [None, Status.CLOSED],
}


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Return a question with a few filters, so that it often has an answer."""
    names = draw(st.sets(st.sampled_from(sorted(FILTERS)), max_size=2))
    chosen_ = {name: draw(st.sampled_from(FILTERS[name])) for name in sorted(names)}
    return Query(viewer=draw(VIEWERS), **chosen_)


QUERIES = queries()


@given(catalogues(), QUERIES)
@settings(max_examples=250)
def test_search_answers_as_plain_python_would(new_store, found, query):
    with new_store() as store:
        put(store, *found)
        page = store.listings.search(query, NOW)
        expected = {each.id: each for each in found if answers(each, query)}
        assert {hit.listing.id: hit.listing for hit in page.hits} == expected
        assert page.total == len(expected)


@given(catalogues(), QUERIES)
@settings(max_examples=150)
def test_counts_are_as_plain_python_would_count(new_store, found, query):
    with new_store() as store:
        put(store, *found)
        counted = store.listings.counts(query, NOW)
        for facet in Facet:
            left = [each for each in found if answers(each, query, without=facet)]
            expected = Counter(value for each in left for value in facet_values(each, facet))
            assert dict(counted[facet]) == expected
            numbers = [(-number, value) for value, number in counted[facet]]
            assert numbers == sorted(numbers)


@pytest.mark.parametrize("visibility", [each for each in Visibility if each != "public"])
def test_what_is_not_public_shows_nowhere_to_anyone_l34(store, visibility):
    hidden = listing(1, visibility=visibility, title=one("Secretword"), regions=("SN",))
    put(store, hidden, listing(2))
    for query in (Query(), Query(text="secretword"), Query(by=FAR), Query(regions=("SN",))):
        assert hidden.id not in ids(store, query)
    counted = store.listings.counts(Query(viewer=ANYONE), NOW)
    assert counted[Facet.REGION] == ()
    assert ids(store, Query(text="secretword", viewer=MEMBER)) == [hidden.id]


# -- pages ----------------------------------------------------------------------------------------


def walk(store: NodeStore, query: Query) -> list[list[str]]:
    pages, cursor = [], None
    while True:
        page = store.listings.search(replace(query, cursor=cursor), NOW)
        pages.append([hit.listing.id for hit in page.hits])
        if page.next is None:
            return pages
        assert len(pages) < 100
        cursor = page.next


@given(catalogues(), st.sampled_from(["", "bees", "workshop"]), st.integers(1, 4))
@settings(max_examples=150)
def test_pages_visit_each_listing_once(new_store, found, words, limit):
    query = Query(text=words, limit=limit, status=None, viewer=MEMBER)
    with new_store() as store:
        put(store, *found)
        pages = walk(store, query)
        visited = [each for page in pages for each in page]
        assert visited == ids(store, replace(query, limit=100))
        assert len(visited) == len(set(visited))
        assert all(len(page) == limit for page in pages[:-1])


@pytest.mark.parametrize("words", ["", "bees"])
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_of_equal_rank_and_time_visit_each_listing_once(store, words, limit):
    """All have the same words, so the same rank: tiny, and written in the exponent form."""
    put(store, *(listing(number, title=one("Bees"), text=text("bees")) for number in range(5)))
    pages = walk(store, Query(text=words, limit=limit))
    visited = [each for page in pages for each in page]
    assert visited == [f"listing-{number:04}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize("number", [1, 2, 3, 7, 40])
def test_pages_of_short_words_visit_each_listing_once(store, number):
    put(store, *(listing(each, title=one("Bees"), text=text("x")) for each in range(number)))
    visited = [each for page in walk(store, Query(text="bees", limit=1)) for each in page]
    assert len(visited) == len(set(visited)) == number


def test_newest_come_first_without_words(store):
    times = {1: 5, 2: 9, 3: 1}
    put(store, *(listing(n, published=NOW + timedelta(seconds=s)) for n, s in times.items()))
    assert ids(store, Query()) == ["listing-0002", "listing-0001", "listing-0003"]


def test_page_stays_put_when_something_new_comes(store):
    put(store, *(listing(number) for number in range(4)))
    first = store.listings.search(Query(limit=2), NOW)
    put(store, listing(9, published=NOW + timedelta(seconds=1)))
    second = store.listings.search(Query(limit=2, cursor=first.next), NOW)
    assert [hit.listing.id for hit in second.hits] == ["listing-0001", "listing-0000"]


@pytest.mark.parametrize("words", ["", "bees"])
@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "1",
        "1_",
        "_1",
        "1_1_1",
        "1_x",
        "1e9_1",
        "nan_1",
        "inf_1",
        "' OR 1=1 --",
        "9" * 400 + "_1",
        "1_" + "9" * 400,
        "1.5_1\n",
        "٣_١",
    ],
)
def test_bad_cursor_is_invalid(store, words, cursor):
    put(store, listing(1, title=one("Bees")))
    with pytest.raises(Invalid) as raised:
        store.listings.search(Query(text=words, cursor=cursor), NOW)
    assert [problem.field for problem in raised.value.problems] == ["cursor"]


@given(st.text(max_size=30), st.sampled_from(["", "bees"]))
def test_any_cursor_is_answered_or_invalid(new_store, cursor, words):
    with new_store() as store:
        put(store, listing(1, title=one("Bees")))
        with suppress(Invalid):
            store.listings.search(Query(text=words, cursor=cursor), NOW)


# -- candidates -----------------------------------------------------------------------------------


def candidates(store, asked, **how):
    given_ = {"capacities": (), "words": (), "limit": 10, "now": NOW, **how}
    return sorted(each.id for each, _ in store.listings.candidates(asked, **given_))


def test_candidates_are_open_of_the_other_kind_and_of_others(store):
    need = {"kind": Kind.NEED, "handle": "other"}
    put(
        store,
        listing(1, **need),
        listing(2, kind=Kind.OFFER, handle="other"),
        listing(3, **need, status=Status.CLOSED),
        listing(4, **need, until=NOW),
        listing(5, **{**need, "handle": "far"}),
        listing(6, **need, capacities=("lua",)),
    )
    asked = listing(99, kind=Kind.OFFER)
    assert candidates(store, asked, capacities=["mediation"]) == ["listing-0001"]
    assert candidates(store, asked, capacities=["mediation", "lua"]) == [
        "listing-0001",
        "listing-0006",
    ]
    assert candidates(store, asked) == []


def test_candidates_are_found_by_rare_words(store):
    need = {"kind": Kind.NEED, "handle": "other", "capacities": ()}
    put(store, listing(1, **need, title=one("Pollen")), listing(2, **need, title=one("Lua")))
    asked = listing(99)
    assert candidates(store, asked, words=["pollen", "unheard"]) == ["listing-0001"]
    assert candidates(store, asked, words=['"', "NEAR("]) == []


def test_candidates_are_limited_to_the_newest(store):
    put(
        store,
        *(
            listing(n, kind=Kind.NEED, handle="other", published=NOW + timedelta(seconds=n))
            for n in range(5)
        ),
    )
    found = candidates(store, listing(99), capacities=["mediation"], limit=2)
    assert found == ["listing-0003", "listing-0004"]


# -- how often the database is asked --------------------------------------------------------------


@pytest.mark.parametrize("words", ["", "bees"])
def test_search_asks_as_often_for_three_as_for_one(new_store, words):
    asked = []
    for number in (1, 3):
        with new_store() as store:
            put(store, *(listing(each, title=one("Bees")) for each in range(number)))
            with statements(store) as run:
                assert len(ids(store, Query(text=words))) == number
            asked.append(len(run))
    assert asked[0] == asked[1] == 2


def test_counts_ask_as_often_for_three_as_for_one(new_store):
    asked = []
    for number in (1, 3):
        with new_store() as store:
            put(store, *(listing(each) for each in range(number)))
            with statements(store) as run:
                store.listings.counts(Query(), NOW)
            asked.append(len(run))
    assert asked[0] == asked[1] == len(Facet)


def test_find_many_asks_once(store):
    put(store, *(listing(each) for each in range(3)))
    with statements(store) as run:
        assert len(store.listings.find_many([f"listing-{n:04}" for n in range(3)])) == 3
    assert len(run) == 1


# -- topics ---------------------------------------------------------------------------------------


def test_languages_of_capacities_are_of_what_is_open_and_public(store):
    put(
        store,
        listing(1, id="1", capacities=("mediation", "policy"), delivery_languages=("fr", "pt-BR")),
        listing(2, id="2", delivery_languages=(), title=one("Uno", "es")),
        listing(3, id="3", delivery_languages=("de",), visibility=Visibility.NETWORK),
        listing(4, id="4", delivery_languages=("it",), status=Status.CLOSED),
        listing(5, id="5", delivery_languages=("pl",), until=NOW),
    )
    assert store.listings.languages_by_capacity(NOW) == {
        "mediation": ["es", "fr", "pt"],
        "policy": ["fr", "pt"],
    }


def test_authors_are_counted_once_when_they_were_active(store):
    later = NOW + timedelta(days=1)
    put(
        store,
        listing(1, id="1"),
        listing(2, id="2", updated=later, status=Status.CLOSED),
        listing(3, id="3", handle="other"),
        listing(4, id="4", handle="quiet", updated=later, visibility=Visibility.NODE),
        listing(5, id="5", node="west.example", updated=later),
    )
    assert store.listings.count_authors(SOUTH, NOW) == 2
    assert store.listings.count_authors(SOUTH, later) == 1
    assert store.listings.count_authors(SOUTH, later + timedelta(seconds=1)) == 0
