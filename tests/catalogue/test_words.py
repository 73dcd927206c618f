"""Folding and cutting over the scripts that the movement writes in."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalogue.words import MAX_WORD, fold, words


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("São Tomé", "sao tome"),
        ("Øster Ærø", "oster aero"),
        ("Łódź", "lodz"),
        ("Straße", "STRASSE"),
        ("ﬁnance", "finance"),
        ("Kıyı Vİki", "kiyi viki"),
        ("Ещё", "еще"),
        ("Їжак", "іжак"),
        ("Ґрунт", "грунт"),
        ("Ὀδυσσεύς", "οδυσσευσ"),
        ("مُحَمَّد", "محمد"),
        ("الأرشـــيف", "الارشيف"),
        ("إدارة", "اداره"),
        ("مكتبة على", "مكتبه علي"),
        ("می‌خواهم", "میخواهم"),
        ("שָׁלוֹם", "שלום"),
        ("Ｗｉｋｉ２０", "wiki20"),
        ("½", "1⁄2"),
        ("é", "e\u0301"),
        ("ǿ", "o"),
        ("ǽ", "ae"),
    ],
)
def test_fold_joins_spellings_of_one_word(written, searched):
    assert fold(written) == fold(searched)


@pytest.mark.parametrize(
    ("one", "other"),
    [("की", "का"), ("ต่า", "ตา"), ("이", "기"), ("ba", "pa"), ("が", "か")],
)
def test_fold_keeps_words_apart(one, other):
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  …—!? _ ", []),
        ("It's a wiki-based grant, 2030!", ["it", "s", "a", "wiki", "based", "grant", "2030"]),
        ("snake_case", ["snake", "case"]),
        ("हिन्दी विकिपीडिया", ["हिन्दी", "विकिपीडिया"]),
        ("বাংলা উইকি", ["বাংলা", "উইকি"]),
        ("தமிழ் விக்கி", ["தமிழ்", "விக்கி"]),
        ("한국어 위키", ["한국어", "위키"]),
        ("መልካም ቀን", ["መልካም", "ቀን"]),
        ("中文維基", ["中文", "文維", "維基"]),
        ("字", ["字"]),
        ("ウィキ", ["ウィ", "ィキ"]),
        ("ไทย", ["ไท", "ทย"]),
        ("Wiki中文 2", ["wiki", "中文", "2"]),
        ("ދިވެހި", ["ދިވެހި"]),  # Thaana: its vowels are marks
        ("ߒߞߏ߫", ["ߒߞߏ߫"]),  # N'Ko: its tones are marks
        ("ꯃꯅꯤꯄꯨꯔ", ["ꯃꯅꯤꯄꯨꯔ"]),  # Meetei Mayek
        ("ᱥᱟᱱᱛᱟᱲᱤ", ["ᱥᱟᱱᱛᱟᱲᱤ"]),  # Ol Chiki
        ("ꦧꦱꦗꦮꦶ", ["ꦧꦱꦗꦮꦶ"]),  # Javanese
        ("བོད་སྐད", ["བོད", "སྐད"]),  # Tibetan: letters stand below letters
        ("𞤆𞤵𞤤𞤢𞤪", ["𞤨𞤵𞤤𞤢𞤪"]),  # Adlam has capitals
    ],
)
def test_words_are_cut_as_each_script_is_written(text, expected):
    assert words(text) == expected


def test_words_are_of_bearable_length():
    assert words("x" * 10_000) == ["x" * MAX_WORD]


@given(st.text())
@example("ǿ")
@example("a\u200c\u0301")
@example("ÅΩ\u0345")
def test_fold_is_idempotent(text):
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_words_never_raise_and_are_folded(text):
    for word in words(text):
        assert fold(word) == word
        assert 0 < len(word) <= MAX_WORD


@given(st.text(), st.text())
def test_words_of_two_texts_are_the_words_of_both(one, other):
    assert words(f"{one}\n{other}") == words(one) + words(other)
