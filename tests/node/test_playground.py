"""The sample world: rich enough to try everything, and plainly made up."""

import unicodedata
from collections import Counter
from datetime import UTC, datetime

import pytest

from catalogue import listings, matching, people
from catalogue.model import Kind, Role, content_fields
from catalogue.policy import MEMBER
from catalogue.richtext import from_markdown
from node import playground
from node.playground import sample_world
from tests.samples import TAXONOMY, actor, listing

WORLD = sample_world()
AFFILIATES = [(node, each) for node in WORLD for each in node["affiliates"]]
LISTINGS = [(node, each, found) for node, each in AFFILIATES for found in each["listings"]]

# Words for "sample" or "example" in the languages of the world.
MADE_UP = ("sample", "exemple", "exemplo", "muestra", "beispiel", "przykład", "mfano", "örnek")
MADE_UP += ("зраз", "пример", "приклад", "مثال")

# Chapters and user groups that exist; none of them may seem to say anything here.
REAL = ("wikimedia deutschland", "wikimedia france", "wikimedia polska", "wikimedia argentina")
REAL += ("wikimedia ukraine", "wikimédia france", "wikimedia chile", "wikimedia türkiye")


def test_world_has_three_nodes_and_many_listings():
    assert len(WORLD) == 3
    assert len(LISTINGS) >= 60
    kinds = Counter(found["kind"] for *_, found in LISTINGS)
    assert min(kinds["offer"], kinds["need"]) >= 20
    assert {found["category"] for *_, found in LISTINGS} == {
        "skill",
        "service",
        "resource",
        "funding",
    }
    assert {found["mode"] for *_, found in LISTINGS} == {"online", "in-person", "hybrid"}


def script(text: str) -> str:
    letters = [unicodedata.name(char).split()[0] for char in text if char.isalpha()]
    return Counter(letters).most_common(1)[0][0]


def test_world_speaks_many_languages_and_scripts():
    titles = [item for *_, found in LISTINGS for item in found["title"].items()]
    assert len({language for language, _ in titles}) >= 6
    assert len({script(text) for _, text in titles}) >= 3


def test_everyone_is_plainly_made_up():
    names = [node["name"] for node in WORLD] + [each["name"] for _, each in AFFILIATES]
    plain = [name for name in names if any(word in name.casefold() for word in MADE_UP)]
    assert plain == names
    assert [name for name in names if any(real in name.casefold() for real in REAL)] == []


def test_handles_are_used_once():
    handles = [each["handle"] for _, each in AFFILIATES]
    assert sorted(handles) == sorted(set(handles))


def test_no_listing_has_an_address_of_somebody_real():
    texts = [text for *_, found in LISTINGS for text in found["text"].values()]
    assert [text for text in texts if "@" in text or "http" in text] == []


@pytest.fixture(scope="module")
def loaded(new_store):
    """All nodes' listings on one store: the first node's as its own, the others' taken in."""
    with new_store() as store:
        store.clock.moment = datetime.now(UTC)  # last days are counted from today
        for place, node in enumerate(WORLD):
            for each in node["affiliates"]:
                if place == 0:
                    people.add_affiliate(store, playground._affiliate(each))
                else:
                    store.actors.put(actor(each["handle"], node=f"n{place}.example"))
                for found in each["listings"]:
                    put(store, place, each["handle"], playground._content(found))
        yield store


def put(store, place, handle, content):
    if place == 0:
        listings.publish(store, content, by=handle)
        return
    number = int(store.ids.new().removeprefix("id-"))

    made = listing(number, node=f"n{place}.example", handle=handle, **content_fields(content))
    assert listings.take_in(store, made, b"{}") is listings.Taken.NEW


def test_every_affiliate_and_listing_holds(loaded):
    found = playground._open_listings(loaded, None)
    assert len(found) == len(LISTINGS)
    for each in found:
        listings.check(each.content, loaded, loaded.clock.now())
    assert len(loaded.actors.list_by_role(Role.AFFILIATE)) == len(AFFILIATES)


def test_half_the_needs_are_met_by_an_offer_on_another_node(loaded):
    needs = playground.open_needs(loaded)
    met = [
        need
        for need in needs
        if any(
            other.node != need.node
            for _, other in matching.best_of(loaded, need, viewer=MEMBER, limit=50)
        )
    ]
    assert len(met) * 2 >= len(needs)


def test_needs_are_met_across_languages(loaded):
    across = [
        (need.id, other.id)
        for need in playground.open_needs(loaded)
        for _, other in matching.best_of(loaded, need, viewer=MEMBER)
        if not set(need.title) & set(other.title)
    ]
    assert across


def test_matches_are_of_opposite_kinds_and_other_affiliates(loaded):
    for need in playground.open_needs(loaded):
        for _, other in matching.best_of(loaded, need, viewer=MEMBER, limit=50):
            assert other.kind is Kind.OFFER
            assert other.by != need.by


def test_texts_are_markdown_that_becomes_safe_html():
    for *_, found in LISTINGS:
        for text in found["text"].values():
            assert "&lt;" not in from_markdown(text)


def test_capacities_are_of_the_taxonomy():
    named = {each for *_, found in LISTINGS for each in found["capacities"]}
    assert {each for each in named if each not in TAXONOMY.capacities} == set()
