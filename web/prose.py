"""Foreign words made fit to show: cut at letters as readers see them, links that hide nothing."""

import unicodedata
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlsplit

from catalogue import richtext

MAX_MARKS = 6  # combining marks on one letter; more are there to deface a page
_JOINERS = {"\u200c", "\u200d"}  # Persian and Indic writing need both
# What could turn the text around it (UAX #9 2), and what takes no room at all.
_DROPPED = dict.fromkeys(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, *range(0x2060, 0x2065), 0xFEFF]
)


def tame(text: str) -> str:
    """Return one line of ``text`` that keeps to its place: no controls, no towers of marks."""
    return "".join(_letters(text.translate(_DROPPED)))


def cut(text: str, most: int) -> str:
    """Return ``text`` tamed, with an ellipsis after ``most`` letters, at a space where one is near.

    A letter is what a reader sees as one: its marks and joined signs never part from it.
    """
    letters: list[str] = []
    for letter in _letters(text.translate(_DROPPED)):
        if len(letters) == most:
            break
        letters.append(letter)
    else:
        return "".join(letters)
    space = next((at for at in range(most - 1, most * 3 // 4, -1) if letters[at] == " "), most)
    return "".join(letters[:space]).rstrip(" ,;:.–-") + "…"


def safe_html(text: str) -> str:
    """Return safe HTML, cleaned once more, where each link is followed by the host it leads to.

    A link that already shows its host is left as it is (Mastodon CVE-2023-36462).
    """
    return "".join(_with_hosts(richtext.clean(text)))


def host_of(url: str) -> str:
    """Return the host of a plain http(s) address as it is dialled; empty for anything else."""
    if not url.isprintable() or " " in url:
        return ""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        if parts.scheme not in {"http", "https"} or parts.username is not None:
            return ""
        name = host.encode("idna").decode() if not host.isascii() else host
    except ValueError:
        return ""
    return f"{name}:{port}" if name and port else name


def _letters(text: str) -> Iterator[str]:
    """Yield what readers see as letters: one sign with its marks, or several that are joined."""
    letter, marks, is_joined = "", 0, False
    for char in text:
        sort = unicodedata.category(char)
        if letter and (char in _JOINERS or sort.startswith("M")):
            marks += 1
            is_joined = char == "\u200d"
            letter += char if marks <= MAX_MARKS else ""
        elif is_joined and sort == "So":  # one picture made of several
            letter, is_joined = letter + char, False
        elif sort not in {"Cs", "Co"}:
            if letter:
                yield letter
            letter = " " if sort in {"Cc", "Zl", "Zp"} else char
            marks, is_joined = 0, False
    if letter:
        yield letter


def _with_hosts(html: str) -> Iterator[str]:
    """Walk cleaned HTML, where every ``<a`` is a whole tag and has its ``</a>``."""
    rest = html
    while rest:
        before, tag, after = rest.partition("<a ")
        yield before
        if not tag:
            return
        opening, _, after = after.partition(">")
        inner, closing, rest = after.partition("</a>")
        yield f"{tag}{opening}>{inner}{closing}"
        _, _, href = opening.partition('href="')
        host = host_of(unescape(href.partition('"')[0]))
        if host and host not in richtext.plain(inner):
            yield f' <span class="link-host">({host})</span>'
