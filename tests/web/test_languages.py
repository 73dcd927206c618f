import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.i18n.languages import MAX_WANTED, accepted, autonym, choose, direction, fallbacks


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("ar", "rtl"),
        ("ar-EG", "rtl"),
        ("he", "rtl"),
        ("fa", "rtl"),
        ("ur", "rtl"),
        ("en", "ltr"),
        ("uk", "ltr"),
        ("az-Arab", "rtl"),
        ("pa-Arab-PK", "rtl"),
        ("ug-Latn", "ltr"),
        ("qqx", "ltr"),
        ("und", "auto"),
        ("", "auto"),
    ],
)
def test_direction_of_a_language(language, expected):
    assert direction(language) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("uk", ("uk", "en")),
        ("pt-BR", ("pt-BR", "pt", "en")),
        ("gl", ("gl", "pt", "es", "en")),
        ("en", ("en",)),
        ("be-tarask", ("be-tarask", "be", "en")),
    ],
)
def test_fallbacks_go_by_kin_to_english(language, expected):
    assert fallbacks(language) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", ()),
        ("uk", ("uk",)),
        ("en;q=0.5, uk, pl;q=0.8", ("uk", "pl", "en")),
        ("uk-UA,uk;q=0.9,en-US;q=0.8,en;q=0.7", ("uk-UA", "uk", "en-US", "en")),
        ("fr ; q = 0.3 , de", ("de", "fr")),
        ("*, en;q=0", ()),
        ("en;q=2, fr;q=x, de;q=0.1234, es", ("es",)),
        ("<script>, ../../etc, uk", ("uk",)),
        ("uk, uk, uk", ("uk",)),
        (",,;;q=,=;", ()),
    ],
)
def test_accept_language_is_read_by_weight(header, expected):
    assert accepted(header) == expected


@given(st.text())
def test_accept_language_garbage_never_breaks(header):
    assert len(accepted(header)) <= MAX_WANTED


@given(st.text(alphabet="enukq=;.,*0159- ", max_size=200))
def test_accept_language_near_garbage_never_breaks(header):
    assert len(accepted(header)) <= MAX_WANTED


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ((), "en"),
        (("uk",), "uk"),
        (("uk-UA",), "uk"),
        (("ja", "ar"), "ar"),  # a second choice before English that nobody asked for
        (("en-GB", "uk"), "en"),
        (("arz",), "ar"),
        (("ja",), "en"),
        (("PT-br",), "pt-BR"),
    ],
)
def test_choose_takes_the_nearest_that_there_is(wanted, expected):
    assert choose(wanted, ("ar", "en", "pt-BR", "uk")) == expected


def test_autonym_is_the_name_of_the_language_in_itself():
    assert [autonym(tag) for tag in ("en", "uk", "ar")] == ["English", "Українська", "العربية"]
