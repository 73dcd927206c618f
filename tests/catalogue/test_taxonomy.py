"""The shipped vocabulary is valid SKOS, and names are found in texts of several languages."""

import json
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue import taxonomy
from catalogue.language import LanguageMap, Phrase, is_language_tag
from catalogue.taxonomy import FILES, Concept, Regions, Scheme, Taxonomy, language_name

SHIPPED = taxonomy.load()
SCHEMES = {
    "capacity": SHIPPED.capacities,
    "method": SHIPPED.methods,
    "region": SHIPPED.regions,
    "affiliation": SHIPPED.affiliations,
}

# The only Wikidata and Metabase items named, taken from CapX; none may be made up.
MAPPED = {
    "http://www.wikidata.org/entity/Q11016",
    "http://www.wikidata.org/entity/Q11024",
    "http://www.wikidata.org/entity/Q1413287",
    "http://www.wikidata.org/entity/Q28837578",
    "http://www.wikidata.org/entity/Q30673599",
    "http://www.wikidata.org/entity/Q60231731",
    "http://www.wikidata.org/entity/Q759524",
    "https://metabase.wikibase.cloud/entity/Q22314",
}


def raw(name: str) -> list[dict[str, object]]:
    text = resources.files("catalogue").joinpath("data", FILES[name]).read_text("utf-8")
    concepts: list[dict[str, object]] = json.loads(text)["concepts"]
    return concepts


@pytest.mark.parametrize("name", FILES)
def test_scheme_has_each_id_once(name):
    ids = [each["id"] for each in raw(name)]
    assert len(ids) == len(set(ids)) == len(SCHEMES[name])


@pytest.mark.parametrize("name", FILES)
def test_scheme_has_no_orphans(name):
    scheme = SCHEMES[name]
    assert {parent for each in scheme for parent in each.broader if parent not in scheme} == set()
    related = {other for each in raw(name) for other in each.get("related", [])}
    assert {other for other in related if other not in scheme} == set()


@pytest.mark.parametrize("name", FILES)
def test_scheme_has_no_cycles(name):
    scheme = SCHEMES[name]
    assert [each.id for each in scheme if each.id in scheme.above(each.id)] == []
    reached = {each.id for root in scheme.roots() for each in [root]} | {
        below for root in scheme.roots() for below in scheme.below(root.id)
    }
    assert reached == {each.id for each in scheme}


@pytest.mark.parametrize("name", FILES)
def test_above_and_below_mirror_each_other(name):
    scheme = SCHEMES[name]
    up = {(each.id, wider) for each in scheme for wider in scheme.above(each.id)}
    down = {(narrower, each.id) for each in scheme for narrower in scheme.below(each.id)}
    assert up == down


@pytest.mark.parametrize("name", FILES)
def test_labels_have_real_language_tags_and_no_blanks(name):
    for each in SCHEMES[name]:
        tags = [*each.labels, *each.alternatives, *each.definition]
        assert [tag for tag in tags if not is_language_tag(tag)] == []
        texts = [
            *each.labels.values(),
            *each.definition.values(),
            *(label for labels in each.alternatives.values() for label in labels),
        ]
        assert [text for text in texts if text != text.strip() or not text] == []


@pytest.mark.parametrize("name", ["capacity", "method", "affiliation"])
def test_every_concept_has_an_english_label(name):
    assert [each.id for each in SCHEMES[name] if "en" not in each.labels] == []


@pytest.mark.parametrize("name", ["capacity", "method", "affiliation"])
def test_no_two_concepts_share_their_label(name):
    for language in ("en", "fr", "de", "uk", "ar"):
        said = [each.labels[language] for each in SCHEMES[name] if language in each.labels]
        assert sorted(said) == sorted(set(said))


def test_capacities_name_only_items_that_were_looked_up():
    assert {iri for each in SHIPPED.capacities for iri in each.exact_match} == MAPPED
    text = json.dumps([raw(name) for name in FILES])
    assert text.count("wikidata.org") + text.count("metabase.wikibase.cloud") == len(MAPPED)


def test_each_capx_capacity_stands_once():
    numbers = [each.notation["capx"] for each in SHIPPED.capacities if each.notation]
    assert sorted(numbers) == list(range(10, 144))  # CapX's public ids: 134 of them


def test_iri_leads_to_the_concept_and_back():
    governance = SHIPPED.capacities.find("governance")
    assert governance is not None
    assert governance.iri == "https://w3id.org/capacity-exchange/capacity/governance"
    for scheme in SCHEMES.values():
        assert [scheme.id_of(scheme.iri_of(each.id)) for each in scheme] == [
            each.id for each in scheme
        ]


def test_mapped_iri_leads_to_the_concept():
    mapped = {iri: each.id for each in SHIPPED.capacities for iri in each.exact_match}
    assert {iri: SHIPPED.capacities.id_of(iri) for iri in MAPPED} == mapped


def test_unknown_concept_is_its_own_iri_and_shown_by_its_last_part():
    unknown = "https://elsewhere.example/terms/beekeeping/"
    assert SHIPPED.capacities.id_of(unknown) == unknown
    assert SHIPPED.capacities.iri_of(unknown) == unknown
    assert SHIPPED.capacities.label(unknown, ["fr"]) == Phrase("und", "beekeeping")
    assert SHIPPED.capacities.above(unknown) == SHIPPED.capacities.below(unknown) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Help with governance and grant writing", ("governance", "grant-writing")),
        ("Atelier : la médiation dans nos groupes", ("workshop", "mediation")),
        ("GOBERNANZA", ("governance",)),
        ("Wir suchen Mediation!", ("mediation",)),
        ("ПОТРІБНА МЕДІАЦІЯ", ("mediation",)),
        ("نريد دورة في الوساطة", ("mediation",)),
        ("Arabuluculuk", ("mediation",)),
        ("Mediacja, mediacja i mediacja", ("mediation",)),
        ("remediation", ()),  # whole words only
        ("", ()),
    ],
)
def test_capacities_are_named_in_many_languages(text, expected):
    assert SHIPPED.capacities_named_in(text) == expected


def test_longest_label_counts():
    assert SHIPPED.capacities_named_in("organizational structure") == ("organizational-structure",)


@given(st.text())
def test_naming_never_raises_and_gives_known_capacities(text):
    named = SHIPPED.capacities_named_in(text)
    assert len(named) == len(set(named))
    assert [each for each in named if each not in SHIPPED.capacities] == []


def test_every_label_names_its_own_concept():
    for each in SHIPPED.capacities:
        for language, label in each.labels.items():
            named = SHIPPED.capacities_named_in(label)
            assert each.id in named, (each.id, language)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("PL", "PL"),
        (" pl ", "PL"),
        ("pol", "PL"),
        ("ceeca", "CEECA"),
        ("SEN", "SN"),
        ("XX", None),
        ("", None),
    ],
)
def test_region_is_canonical_however_it_is_typed(typed, expected):
    assert SHIPPED.regions.canonical(typed) == expected


def test_regions_are_the_eight_of_the_movement_with_their_countries():
    names = {each.labels["en"] for each in SHIPPED.regions.roots()}
    assert names == {
        "Sub-Saharan Africa",
        "Northern and Western Europe",
        "East, Southeast Asia and Pacific",
        "Latin America and the Caribbean",
        "Central and Eastern Europe and Central Asia",
        "Middle East and North Africa",
        "South Asia",
        "United States and Canada",
    }
    countries = [each for each in SHIPPED.regions if each.broader]
    assert [each.id for each in countries if len(each.broader) != 1] == []
    codes = [each.notation["iso3"] for each in countries]
    assert len(codes) == len(set(codes))


def test_country_is_named_in_the_readers_language():
    regions = SHIPPED.regions
    assert regions.label("PL", ["uk"]) == Phrase("uk", "Польща")
    assert regions.label("PL", ["xx", "de"]) == Phrase("de", "Polen")
    assert regions.label("PL") == Phrase("en", "Poland")
    assert regions.label("CEECA", ["pl"]).language == "pl"
    assert regions.label("https://peer.example/region/moon") == Phrase("und", "moon")


def test_every_region_has_a_name():
    nameless = [each.id for each in SHIPPED.regions if SHIPPED.regions.label(each.id)[0] == "und"]
    assert nameless == []


@pytest.mark.parametrize(
    ("tag", "readers", "expected"),
    [
        ("pt-BR", ["fr"], Phrase("fr", "portugais brésilien")),
        ("fr", ["de", "en"], Phrase("de", "Französisch")),
        ("fr", [], Phrase("en", "French")),
        ("fr", ["no such language", "en"], Phrase("en", "French")),
        ("qqq", ["en"], Phrase("und", "qqq")),
    ],
)
def test_language_is_named_in_the_readers_language(tag, readers, expected):
    assert language_name(tag, readers) == expected


def _concept(name: str, *broader: str, **labels: str) -> Concept:
    return Concept(
        scheme="capacity",
        id=name,
        labels=LanguageMap(labels),
        alternatives={},
        broader=broader,
        notation={},
    )


def test_scheme_walks_nearest_first_and_survives_a_cycle():
    tree = {"a": [], "b": ["a"], "c": ["b"], "x": ["y", "a"], "y": ["x"]}
    concepts = [_concept(name, *broader) for name, broader in tree.items()]
    scheme = Scheme("capacity", LanguageMap(), concepts)
    assert scheme.above("c") == ("b", "a")
    assert scheme.below("a") == ("b", "x", "c", "y")
    assert set(scheme.above("y")) == {"x", "y", "a"}
    assert [each.id for each in scheme.narrower("a")] == ["b", "x"]
    assert [each.id for each in scheme.roots()] == ["a"]


def test_one_label_can_name_two_concepts():
    capacities = Scheme(
        "capacity", LanguageMap(), [_concept("one", en="modules"), _concept("two", fr="modules")]
    )
    empty = Scheme("method", LanguageMap(), [])
    schemes = {"capacity": capacities, "method": empty, "affiliation": empty}
    made = Taxonomy(schemes, Regions("region", LanguageMap(), []))
    assert made.capacities_named_in("Modules") == ("one", "two")
