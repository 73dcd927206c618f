"""Plain posts on the wire: what others write to this node's actors, and what those answer.

In: a ``Note`` (or another kind of post) with its text, whom it is addressed to or mentions, what it
replies to, and whether its hashtags ask for an offer or a need to be listed. Out: an answer as a
``Note`` that mentions whoever asked. What is not addressed to everyone is private.
"""

from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Any

from catalogue.addresses import Addresses
from catalogue.correspondence import Letter, Message
from catalogue.hashtags import STOPS
from catalogue.inquiries import MAX_HTML
from catalogue.language import LanguageMap
from catalogue.model import Actor, Kind
from catalogue.richtext import clean, lines
from federation.errors import Malformed
from federation.guard import host_of, same_origin
from federation.mapping import post
from federation.mapping.proposal import is_proposal, not_ahead, owner_of
from federation.mapping.values import (
    Document,
    from_moment,
    get_id,
    id_of,
    ids_of,
    items,
    language_map,
    line,
    moment,
    string,
    types_of,
    uri,
)
from federation.vocabulary import PUBLIC, PUBLIC_FORMS

POSTS = frozenset({"Note", "Article", "Page", "Question"})  # what people write
MAX_WARNING = 500  # characters of a content warning
MAX_TAG = 100  # characters of a hashtag


def is_post(document: Any) -> bool:
    """Say whether an object is something that somebody wrote, and no listing."""
    return (
        isinstance(document, dict)
        and bool(types_of(document) & POSTS)
        and not is_proposal(document)
    )


# -- in -------------------------------------------------------------------------------------------


def named(document: Document, addresses: Addresses) -> tuple[str, ...]:
    """Return the actors of this node that a post is addressed to or mentions, by URI."""
    listed = (*ids_of(document.get("to")), *ids_of(document.get("cc")))
    mentions = (
        found
        for tag in items(document.get("tag"))
        if isinstance(tag, dict)
        and tag.get("type") == "Mention"
        and (found := id_of(tag.get("href")))
    )
    ours = (each for each in (*mentions, *listed) if addresses.is_ours(each))
    return tuple(dict.fromkeys(_actor_at(each, addresses) for each in ours))


def _actor_at(address: str, addresses: Addresses) -> str:
    """Return the URI of the actor that an address stands for: some servers name its page."""
    page = addresses.profile("")
    return addresses.actor(address.removeprefix(page)) if address.startswith(page) else address


def replies_to(document: Document) -> str | None:
    """Return what a post replies to."""
    return uri(next(items(document.get("inReplyTo")), None))


def to_letter(document: Document, addresses: Addresses, *, now: datetime) -> Letter:
    """Return what a post says; raise Malformed for one without id or author of one origin."""
    address, author = get_id(document), owner_of(document)
    if author is None or not same_origin(address, author):
        raise Malformed("the post's id belongs to another server than its author")
    published = not_ahead(moment(document.get("published")) or now, now)
    page = uri(document.get("url"))
    text = _text(document)
    marks = dict(_marks(text))
    return Letter(
        uri=address,
        url=page if page and same_origin(page, address) else address,
        author=author,
        node=host_of(author),
        in_reply_to=replies_to(document),
        named=named(document, addresses),
        text=text,
        is_public=bool({*ids_of(document.get("to")), *ids_of(document.get("cc"))} & PUBLIC_FORMS),
        kind=next(iter(marks.values()), None),
        marks=tuple(marks),
        published=published,
        updated=max(published, not_ahead(moment(document.get("updated")) or published, now)),
    )


def _text(document: Document) -> LanguageMap:
    """Return the text in its own language, a content warning before it."""
    language, said = language_map(document, "content", MAX_HTML).main
    warning = line(string(document.get("summary"), MAX_WARNING), MAX_WARNING)
    before = f"<p>{escape(warning)}</p>" if warning else ""
    html = clean(before + said)
    return LanguageMap({language: html}) if html else LanguageMap()


def _marks(text: LanguageMap) -> Iterator[tuple[str, Kind]]:
    """Give the hashtags that say what is to be listed, as they are written, with what they say."""
    for said in lines(text.main.text):
        for word in said.split():
            tag = word[1:].rstrip(STOPS)
            if word.startswith("#") and (kind := post.kind_named(tag[:MAX_TAG])):
                yield tag, kind


# -- out ------------------------------------------------------------------------------------------


def to_document(message: Message, asker: Actor | None) -> dict[str, Any]:
    """Return an answer of this node as its object, without ``@context`` and ``proof``.

    ``asker`` is whoever is answered, None for somebody who is not known here any more.
    """
    main = message.text.main.language
    contents = {
        language: _with_mention(text, asker) if language == main else text
        for language, text in message.text.items()
    }
    to, cc = audience(message.to, is_public=message.is_public)
    document: dict[str, Any] = {
        "id": message.uri,
        "type": "Note",
        "attributedTo": message.author,
        "inReplyTo": message.in_reply_to,
        "url": message.url,
        "published": from_moment(message.published),
        "to": to,
        "cc": cc,
        "content": contents[main],
        "contentMap": contents,
        "tag": [{"type": "Mention", "href": message.to, "name": f"@{asker.acct}"}] if asker else [],
    }
    if message.updated > message.published:
        document["updated"] = from_moment(message.updated)
    return document


def audience(asker: str, *, is_public: bool) -> tuple[list[str], list[str]]:
    """Return ``to`` and ``cc`` of an answer: whoever asked, and everyone if all could read it."""
    return ([PUBLIC], [asker]) if is_public else ([asker], [])


def _with_mention(text: str, asker: Actor | None) -> str:
    """Begin a text with the name of whoever it is for, as people on the fediverse do."""
    if asker is None:
        return text
    name = (
        f'<span class="h-card"><a href="{escape(asker.url)}" class="u-url mention">'
        f"@<span>{escape(asker.handle)}</span></a></span>"
    )
    if text.startswith("<p>"):
        return f"<p>{name} {text.removeprefix('<p>')}"
    return f"<p>{name}</p>{text}"
