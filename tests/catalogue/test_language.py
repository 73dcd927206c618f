import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.language import EMPTY, LanguageMap, Phrase, is_language_tag, primary
from tests.samples import LANGUAGES

GREETING = LanguageMap({"fr": "Bonjour", "pt-BR": "Olá", "en": "Hello"})


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["en"], Phrase("en", "Hello")),
        (["pt"], Phrase("pt-BR", "Olá")),
        (["pt-PT", "en"], Phrase("pt-BR", "Olá")),
        (["de", "en"], Phrase("en", "Hello")),
        (["de"], Phrase("fr", "Bonjour")),
        ([], Phrase("fr", "Bonjour")),
    ],
)
def test_best_is_exact_then_kin_then_original(wanted, expected):
    assert GREETING.best(wanted) == expected


def test_empty_map_has_an_undetermined_main():
    assert EMPTY.main == Phrase("und", "")
    assert EMPTY.best(["en"]) == Phrase("und", "")


def test_maps_differ_by_order():
    same, turned = LanguageMap({"fr": "a", "en": "b"}), LanguageMap({"en": "b", "fr": "a"})
    assert same == LanguageMap({"fr": "a", "en": "b"})
    assert same != turned
    assert hash(same) == hash(LanguageMap({"fr": "a", "en": "b"}))
    assert same != {"fr": "a", "en": "b"}


def test_map_keeps_what_it_was_made_of():
    texts = {"en": "one"}
    made = LanguageMap(texts)
    texts["en"] = "two"
    assert dict(made) == {"en": "one"}
    assert (len(made), list(made), repr(made)) == (1, ["en"], "LanguageMap({'en': 'one'})")


@given(st.dictionaries(LANGUAGES, st.text(), min_size=1), st.lists(LANGUAGES))
def test_best_is_always_one_of_the_texts(texts, wanted):
    language, text = LanguageMap(texts).best(wanted)
    assert texts[language] == text


@pytest.mark.parametrize("tag", ["en", "pt-BR", "zh-Hant-TW", "und", "skr-arab", "sr-Latn-RS"])
def test_language_tag_is_known_by_its_form(tag):
    assert is_language_tag(tag)


@pytest.mark.parametrize(
    "text", ["", "e", "english", "en_GB", "en-", "-en", "en--GB", "en GB", "ен", "en\n", "x" * 9]
)
def test_language_tag_is_not_any_text(text):
    assert not is_language_tag(text)


def test_primary_is_the_first_subtag_in_lower_case():
    assert [primary(tag) for tag in ("pt-BR", "EN", "zh-Hant-TW")] == ["pt", "en", "zh"]
