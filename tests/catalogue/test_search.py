"""What a query means before any shelf is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue import finding, listings
from catalogue.errors import Invalid
from catalogue.search import MAX_LIMIT, MAX_WORDS, Facet, Query
from tests.samples import listing


@pytest.mark.parametrize("limit", [1, MAX_LIMIT])
def test_limit_within_its_bounds(limit):
    assert Query(limit=limit).limit == limit


@pytest.mark.parametrize("limit", [0, -1, MAX_LIMIT + 1, 10**30])
def test_limit_out_of_bounds_is_invalid(limit):
    with pytest.raises(Invalid) as raised:
        Query(limit=limit)
    assert [problem.field for problem in raised.value.problems] == ["limit"]


def test_words_are_folded_and_each_stands_once():
    assert Query(text="São  SAO Tomé!").words == ("sao", "tome")
    assert Query(text=" ?! ").words == ()


@given(st.text())
def test_words_are_never_too_many(text):
    words = Query(text=text * 20).words
    assert len(words) == len(set(words)) <= MAX_WORDS


def found(store, **query):
    return [hit.listing.id for hit in finding.find(store, Query(**query)).hits]


def test_capacity_means_what_is_narrower_too(store):
    listings.take_in(store, listing(1, capacities=("mediation",)), b"{}")
    listings.take_in(store, listing(2, capacities=("conflict-management",)), b"{}")
    listings.take_in(store, listing(3, capacities=("lua",)), b"{}")
    assert sorted(found(store, capacities=("conflict-management",))) == [
        "listing-0001",
        "listing-0002",
    ]
    assert found(store, capacities=("mediation",)) == ["listing-0001"]


def test_region_means_its_countries_too(store):
    listings.take_in(store, listing(1, regions=("PL",)), b"{}")
    listings.take_in(store, listing(2, regions=("CEECA",)), b"{}")
    listings.take_in(store, listing(3, regions=("SN",)), b"{}")
    assert sorted(found(store, regions=("CEECA",))) == ["listing-0001", "listing-0002"]
    assert found(store, regions=("PL",)) == ["listing-0001"]


def test_language_means_its_kin_too(store):
    listings.take_in(store, listing(1, delivery_languages=("pt-BR",)), b"{}")
    listings.take_in(store, listing(2, delivery_languages=("fr",)), b"{}")
    assert [found(store, languages=(tag,)) for tag in ("pt", "pt-BR", "PT")] == [
        ["listing-0001"]
    ] * 3


def test_counts_are_of_what_the_query_means(store):
    listings.take_in(store, listing(1, regions=("PL",), capacities=("mediation",)), b"{}")
    listings.take_in(store, listing(2, regions=("SN",), capacities=("lua",)), b"{}")
    counted = finding.counts(store, Query(regions=("CEECA",)))
    assert counted[Facet.CAPACITY] == (("mediation", 1),)
    assert counted[Facet.REGION] == (("PL", 1), ("SN", 1))  # its own choice does not narrow it
