"""Words of any script, made comparable: what the index stores and what a query asks.

Steps: compatibility form and case folded (Unicode NFKC, casefold) → marks that readers leave out
removed (Latin, Greek, Cyrillic, Arabic, Hebrew) → cut into runs of letters, digits and signs → runs
of scripts written without spaces (Han, kana, Thai, Lao, Khmer, Burmese) cut into overlapping pairs.
Indic vowel signs are kept: without them a word falls to pieces.
"""

import re
import unicodedata

MAX_WORD = 64  # characters; what is longer is no word

# Letters that a reader may type in another way and that decomposition does not join.
_VARIANTS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ı": "i",
        "ё": "е",
        "ґ": "г",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ى": "ي",
        "ة": "ه",
        "ـ": None,  # tatweel
        "\u200c": None,  # zero-width non-joiner and joiner
        "\u200d": None,
    }
)

_VARIANT = re.compile(f"[{''.join(map(chr, _VARIANTS))}]")

# Scripts whose combining marks are optional in writing: Latin, Greek, Cyrillic, Hebrew, Arabic.
_BARE = r"[\u0041-\u024f\u0370-\u052f\u0590-\u06ff\u1e00-\u1fff]"

# Scripts written without spaces between words.
_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3040-\u30ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
)

# Signs inside a word that Python's \\w leaves out: combining marks, and the vowels and tones of
# scripts that write them as marks.
_SIGNS = (
    "\u0300-\u036f"
    "\u0711\u0730-\u074a"  # Syriac
    "\u07a6-\u07b0\u07eb-\u07f3"  # Thaana, N'Ko
    "\u0900-\u0963\u0966-\u0dff"  # Devanagari to Sinhala
    "\u0f71-\u0f84\u0f8d-\u0fbc"  # Tibetan
    "\u1a55-\u1a7c\u1b00-\u1b04\u1b34-\u1b44"  # Tai Tham, Balinese
    "\u1b80-\u1b82\u1ba1-\u1bad"  # Sundanese
    "\ua980-\ua983\ua9b3-\ua9c0"  # Javanese
    "\uaaeb-\uaaef\uabe3-\uabea\uabec\uabed"  # Meetei Mayek
    "\U0001e944-\U0001e94a"  # Adlam
)

_RUN = re.compile(rf"[{_UNSPACED}]+|(?:[^\W_{_UNSPACED}]+|[{_SIGNS}]+)+")
_ASCII_RUN = re.compile(r"[a-z0-9]+")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")


# Marks that stand behind a letter of those scripts; Unicode's combining characters.
_COMBINING = "".join(
    char
    for code in (*range(0x300, 0x2100), *range(0xFE20, 0xFE30))
    if unicodedata.combining(char := chr(code))
)
_BARE_MARKS = re.compile(rf"(?<={_BARE})[{_COMBINING}]+")


def fold(text: str) -> str:
    """Return ``text`` without the differences that a searcher does not mean."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    if _VARIANT.search(folded):  # to look is cheaper than to translate
        folded = folded.translate(_VARIANTS)
    return unicodedata.normalize("NFC", _BARE_MARKS.sub("", folded))


def words(text: str) -> list[str]:
    """Cut ``text`` into folded words, in order, with repeats."""
    folded = fold(text)
    if folded.isascii():
        return [run[:MAX_WORD] for run in _ASCII_RUN.findall(folded)]
    runs = _RUN.findall(folded)
    if not _IS_UNSPACED.search(folded):
        return [run[:MAX_WORD] for run in runs]
    return [
        word
        for run in runs
        for word in (_pairs(run) if _IS_UNSPACED.match(run) else [run[:MAX_WORD]])
    ]


def _pairs(run: str) -> list[str]:
    """Cut a run without spaces into overlapping pairs: a word in it is found by its own pairs."""
    return [run[start : start + 2] for start in range(max(1, len(run) - 1))]
