from decimal import Decimal

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from web.i18n import banana


def said(message: str, *params: banana.Param, language: str = "en") -> str:
    return "".join(map(str, banana.pieces(message, params, Locale.parse(language))))


def test_pieces_keep_words_and_parameters_apart():
    assert list(banana.pieces("By $1 on $2", ["A", 3], Locale.parse("en"))) == [
        "By ",
        "A",
        " on ",
        3,
    ]


def test_a_parameter_that_is_not_given_stays_as_it_is_written():
    assert said("By $1 and $2", "A") == "By A and $2"


def test_parameters_are_not_read_as_messages():
    assert said("By $1 and $2", "$2 {{PLURAL:$1|x|y}}", "B") == "By $2 {{PLURAL:$1|x|y}} and B"


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "no listing"), (1, "1 listing"), (2, "2 listings")]
)
def test_plural_takes_the_form_of_the_number(number, expected):
    message = "{{PLURAL:$1|0=no listing|$1 listing|$1 listings}}"
    assert said(message, number) == expected


@pytest.mark.parametrize(
    ("language", "number", "expected"),
    [
        ("uk", 1, "one"),
        ("uk", 2, "few"),
        ("uk", 5, "many"),
        ("uk", 21, "one"),
        ("uk", Decimal("1.5"), "other"),
        ("ko", 1, "one"),  # Korean has one form: the first
        ("ko", 5, "one"),
    ],
)
def test_plural_follows_the_rules_of_the_language(language, number, expected):
    assert said("{{PLURAL:$1|one|few|many|other}}", number, language=language) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "zero"), (1, "one"), (2, "two"), (3, "few"), (11, "many"), (100, "other")],
)
def test_plural_knows_the_six_forms_of_arabic(number, expected):
    message = "{{PLURAL:$1|zero|one|two|few|many|other}}"
    assert said(message, number, language="ar") == expected


def test_plural_with_too_few_forms_takes_the_last():
    assert said("{{PLURAL:$1|one|more}}", 7, language="uk") == "more"


def test_plural_without_forms_says_nothing():
    assert said("a{{PLURAL:$1|0=none}}b", 4) == "ab"


@given(st.text(), st.lists(st.one_of(st.text(), st.integers(0, 10**9)), max_size=9))
def test_any_message_can_be_said(message, params):
    said(message, *params)


@given(st.text(alphabet="$123{}|=PLURAL: ", max_size=60), st.integers(0, 200))
def test_broken_syntax_can_be_said(message, number):
    said(message, number, language="ar")
