import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.richtext import clean
from web.prose import MAX_MARKS, cut, host_of, safe_html, tame


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words", "plain words"),
        ("a\u202eb\u2066c", "abc"),  # overrides and isolates
        ("a\u200bb\ufeffc", "abc"),  # no width
        ("a\x00b\nc\x1bd", "a b c d"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # Persian needs its joiners
        ("क्\u200dष", "क्\u200dष"),
        ("\ud800x", "x"),
        ("e" + "\u0301" * 500, "e" + "\u0301" * MAX_MARKS),
    ],
)
def test_tame_keeps_words_and_drops_tricks(text, expected):
    assert tame(text) == expected


def test_cut_counts_letters_as_readers_see_them():
    family = "👩\u200d👧"
    assert cut(family * 5, 3) == family * 3 + "…"
    assert cut("é" * 3, 3) == "é" * 3


def test_cut_prefers_the_end_of_a_word():
    assert cut("one two three four", 9) == "one two…"
    assert cut("abcdefghijklmnop", 8) == "abcdefgh…"


def test_ten_thousand_marks_do_not_reach_the_page():
    assert len(tame("Z" + "\u0351" * 10_000)) == 1 + MAX_MARKS


@given(st.text(), st.integers(1, 50))
def test_cut_never_breaks_and_never_grows(text, most):
    shown = cut(text, most)
    assert len([c for c in shown if not unicodedata.category(c).startswith("M")]) <= 3 * most + 1


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://meta.wikimedia.org/wiki/Hub", "meta.wikimedia.org"),
        ("http://node.example:8101/x", "node.example:8101"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://meta.wikimedia.org@evil.example/", ""),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//evil.example/", ""),
        ("/logout", ""),
        ("https://", ""),
        ("https://[::1", ""),
        ("https://a.example:99999999/", ""),
        ("https://a.example/\u202e", ""),
        ("", ""),
    ],
)
def test_host_of_names_plain_web_addresses_only(url, expected):
    assert host_of(url) == expected


@given(st.text())
def test_host_of_any_text_is_a_host_or_nothing(text):
    assert " " not in host_of(text)


def test_a_link_that_hides_its_host_is_followed_by_it():
    html = clean('<p><a href="https://evil.example/x">https://wikipedia.org</a></p>')
    host = ' <span class="link-host">(evil.example)</span>'
    assert safe_html(html) == html.replace("</a>", "</a>" + host)


def test_a_link_that_shows_its_host_is_left_alone():
    html = clean('<p><a href="https://wikipedia.org/a">wikipedia.org</a> and on</p>')
    assert safe_html(html) == html


@given(st.text(alphabet="<>a/ href=\"'pscript:&;", max_size=120))
def test_safe_html_never_breaks(text):
    assert "<script" not in safe_html(text)
