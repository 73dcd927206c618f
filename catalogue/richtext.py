"""Text with a little form: Markdown in, safe HTML kept, plain text out.

What people write here is Markdown; what peers send is HTML. Both become the small set of elements
that every fediverse server shows (Mastodon's list), with absolute http(s) links only.
"""

import html
import re
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt

MAX_HTML = (
    64 * 1024
)  # characters given to nh3: its time grows with the square of attributes in a tag

_TAGS = {
    "p", "span", "br", "a", "del", "s", "pre", "code", "em", "strong", "b", "i", "u",
    "ul", "ol", "li", "blockquote",
}  # fmt: skip

_CLASSES = re.compile(r"(?:h|p|u|dt|e)-[a-z0-9-]{1,32}|mention|hashtag|ellipsis|invisible")
_BREAKS = re.compile(r"<(?:br|/p|/li|/blockquote|/pre)\b[^<>]{0,200}>")
_BARE_TAGS = re.compile(rf"</?(?:{'|'.join(sorted(_TAGS - {'pre'}))})>")
_SPACES = re.compile(r"\s+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # they drive terminals (H58)

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable(
    ["image", "heading", "lheading", "hr"]
)


def from_markdown(text: str) -> str:
    """Return the safe HTML of a text written here in Markdown (CommonMark without HTML)."""
    return clean(_MARKDOWN.render(text))


def clean(text: str) -> str:
    """Return the safe part of HTML that a stranger sent; what is over the limit is cut off."""
    safe = _CLEANER.clean(_CONTROLS.sub("", text[:MAX_HTML]))
    return _CONTROLS.sub("", safe).strip()  # those that were written as entities


def plain(text: str) -> str:
    """Return the words of safe HTML, one space between them."""
    spaced = _BREAKS.sub(" ", text)
    bare = _BARE_TAGS.sub("", spaced)
    if "<" in bare or "\0" in bare:  # more than elements without attributes, or not safe at all
        bare = _STRIPPER.clean(spaced)
    return _SPACES.sub(" ", html.unescape(bare)).strip()


def lines(text: str) -> list[str]:
    """Return the lines that a reader of safe HTML sees, without the empty ones."""
    bare = nh3.clean(
        _BREAKS.sub("\n", _SPACES.sub(" ", text)),
        tags=set(),
        clean_content_tags={"script", "style"},
    )
    return [line for each in html.unescape(bare).splitlines() if (line := " ".join(each.split()))]


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    del tag
    if name == "rel":
        return value  # nh3 puts it there: see link_rel
    if name == "href":
        return value if _is_absolute(value) else None
    kept = [each for each in value.split() if _CLASSES.fullmatch(each)]
    return " ".join(kept) or None


def _is_absolute(url: str) -> bool:
    """Say whether ``url`` is a plain http(s) address: not relative, its host not hidden (L27)."""
    if not url.isprintable() or "\\" in url or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_plain = bool(parts.hostname) and "@" not in parts.netloc
    return parts.scheme in {"http", "https"} and is_plain


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags={"script", "style"},
    attributes={"a": {"href", "class"}, "span": {"class"}},
    attribute_filter=_keep_attribute,
    url_schemes={"http", "https"},
    link_rel="nofollow noopener noreferrer",
)
_STRIPPER = nh3.Cleaner(tags=set(), clean_content_tags={"script", "style"})
