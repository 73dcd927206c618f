import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.i18n import banana
from web.i18n.languages import locale_of
from web.i18n.wording import Wording, languages, read, wording

ENGLISH = read("en")
DOCUMENTED = read("qqq")
TRANSLATED = [tag for tag in languages() if tag != "en"]


def test_every_message_is_documented_for_translators_and_in_the_same_order():
    assert list(DOCUMENTED) == list(ENGLISH)


@pytest.mark.parametrize("key", ENGLISH)
def test_documentation_names_the_parameters_of_each_message(key):
    assert banana.parameters(DOCUMENTED[key]) >= banana.parameters(ENGLISH[key])


@pytest.mark.parametrize("key", DOCUMENTED)
def test_documentation_refers_to_messages_that_exist(key):
    assert set(re.findall(r"\{\{msg\|([^}]+)\}\}", DOCUMENTED[key])) <= set(ENGLISH)


@pytest.mark.parametrize("language", [*languages(), "qqq"])
def test_message_files_say_who_made_them(language):
    file = resources.files("web.i18n").joinpath("messages", f"{language}.json")
    assert json.loads(file.read_text("utf-8"))["@metadata"]["authors"] != []


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_have_no_messages_of_their_own(language):
    assert set(read(language)) - set(ENGLISH) == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_use_no_other_parameters(language):
    wrong = {
        key
        for key, text in read(language).items()
        if not banana.parameters(text) <= banana.parameters(DOCUMENTED[key])
    }
    assert wrong == set()


@pytest.mark.parametrize("language", languages())
def test_plurals_have_no_more_forms_than_the_language(language):
    most = len(banana.categories(locale_of(language)))
    wrong = {
        key
        for key, text in read(language).items()
        for forms in banana.plural_forms(text)
        if not 1 <= len([form for form in forms if not re.match(r"\d+=", form)]) <= most
    }
    assert wrong == set()


@pytest.mark.parametrize("language", languages())
def test_messages_are_plain_text(language):
    assert {key for key, text in read(language).items() if re.search(r"[<>]|&\w+;", text)} == set()


def test_a_message_missing_in_one_language_falls_back():
    spoken = Wording("uk", [{"a": "а"}, {"a": "A", "b": "B"}])
    assert [spoken.say("a"), spoken.say("b"), spoken.say("c")] == ["а", "B", "⧼c⧽"]


def test_qqx_shows_the_keys_with_their_parameters():
    assert wording("qqx").say("results", 3) == "(results: 3)"
    assert wording("qqx").say("skip") == "(skip)"


def test_numbers_are_written_as_the_language_does():
    assert wording("en").say("results", 12345) == "12,345 listings"
    assert Wording("uk", [{"n": "$1"}]).say("n", 12345) == "12\xa0345"


def test_dates_and_shares_and_lists_are_written_as_the_language_does():
    day = datetime(2030, 5, 3, tzinfo=UTC)
    english, ukrainian = wording("en"), Wording("uk", [])
    assert [english.date(day), ukrainian.date(day)] == ["May 3, 2030", "3 травня 2030\u202fр."]
    assert english.percent(0.4) == "40%"
    assert english.series(["a", "b", "c"]) == "a, b, and c"
    assert english.series([]) == ""


@pytest.mark.parametrize(
    ("language", "amount", "currency", "expected"),
    [
        ("en", "500", "EUR", "500 euros"),
        ("en", "1250.50", "EUR", "1,250.50 euros"),
        ("en", "1000000", "JPY", "1,000,000 Japanese yen"),
        ("de", "500", "EUR", "500 Euro"),
        ("uk", "1250.5", "UAH", "1\xa0250,50 української гривні"),
        ("en", "5", "XYZ", "5 XYZ"),
    ],
)
def test_money_is_written_as_the_language_does(language, amount, currency, expected):
    assert Wording(language, []).money(Decimal(amount), currency) == expected


@given(st.sampled_from(sorted(ENGLISH)), st.lists(st.integers(0, 10**6), max_size=3))
def test_every_message_can_be_said_with_any_numbers(key, params):
    assert wording("en").say(key, *params) != ""
