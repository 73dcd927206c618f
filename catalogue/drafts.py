"""Drafts: listings asked for by people who have no place here, for a steward to approve (R41).

Whoever mentions the catalogue of a node and says that it is an offer or a need has filed a draft:
the first line is the title, the rest the text. A steward publishes it in the name of an affiliate;
who asked for it stands below its text, so that it travels with the listing.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from html import escape

from catalogue import listings
from catalogue.correspondence import Draft, DraftState, Letter, Message
from catalogue.errors import Conflict, NotFound
from catalogue.hashtags import STOPS, apart
from catalogue.language import UNDETERMINED, LanguageMap
from catalogue.model import Category, Listing, ListingContent
from catalogue.ports import Store
from catalogue.richtext import clean, lines

MAX_TEXT = 5_000  # characters of a draft's text
PER_AUTHOR = 5  # drafts of one author that wait
WAITING = 500  # drafts that wait in all

_HASHTAG = re.compile(r"#(\w+)")


def consider(store: Store, message: Message, letter: Letter) -> Draft | None:
    """File the draft that a message to the catalogue asks for, or change it, or withdraw it.

    What was approved or rejected stays as it is.
    """
    if message.to != store.addresses.catalogue:
        return None
    known = store.drafts.find_by_message(message.id)
    if known is not None and known.state is not DraftState.WAITING:
        return known
    if known is not None:
        store.drafts.remove(known.id)
    elif _is_too_much(store, letter.author):
        return None
    draft = _read(store, message, letter)
    if draft is not None:
        store.drafts.put(draft)
    return draft


def get(store: Store, draft_id: str) -> Draft:
    """Return a draft; raise NotFound."""
    found = store.drafts.find(draft_id)
    if found is None:
        raise NotFound(f"there is no draft '{draft_id}'; who wrote it may have changed it")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Additions:
    """What a steward adds to a draft, or says in its place, when it is published."""

    category: Category
    language: str | None = None
    capacities: tuple[str, ...] | None = None


def approve(store: Store, draft_id: str, *, by: str, additions: Additions) -> Listing:
    """Publish a draft in the name of the affiliate ``by``; raise Conflict for one decided before.

    Raises what :func:`catalogue.listings.publish` raises.
    """
    draft = _waiting(store, draft_id)
    language, title = draft.title.main
    language = additions.language or language
    text = draft.text.main.text + _signature(store, draft)
    content = ListingContent(
        kind=draft.kind,
        category=additions.category,
        title=LanguageMap({language: title}),
        text=LanguageMap({language: text}),
        capacities=draft.capacities if additions.capacities is None else additions.capacities,
        delivery_languages=() if language == UNDETERMINED else (language,),
    )
    listing = listings.publish(store, content, by=by)
    _decide(store, replace(draft, state=DraftState.APPROVED, listing=listing.id))
    return listing


def reject(store: Store, draft_id: str, *, reason: str) -> Draft:
    """Decline a draft; the reason is kept with it."""
    draft = replace(_waiting(store, draft_id), state=DraftState.REJECTED, reason=reason)
    return _decide(store, draft)


def _waiting(store: Store, draft_id: str) -> Draft:
    draft = get(store, draft_id)
    if draft.state is not DraftState.WAITING:
        raise Conflict(f"this draft is {draft.state} already")
    return draft


def _decide(store: Store, draft: Draft) -> Draft:
    decided = replace(draft, updated=store.clock.now())
    store.drafts.put(decided)
    return decided


def _signature(store: Store, draft: Draft) -> str:
    """Return a last line that says who asked for it; in no language, so that it needs no words."""
    message = store.inquiries.find_message(draft.message)
    author = store.actors.find_by_uri(message.author) if message else None
    if author is None:
        raise NotFound("whoever filed this draft is gone")
    return clean(f'<p>— <a href="{escape(author.url)}">@{escape(author.acct)}</a></p>')


def _is_too_much(store: Store, author: str) -> bool:
    return (
        store.drafts.count_waiting(author=author) >= PER_AUTHOR
        or store.drafts.count_waiting() >= WAITING
    )


# -- reading --------------------------------------------------------------------------------------


def _read(store: Store, message: Message, letter: Letter) -> Draft | None:
    """Return what a letter asks to have listed; None when it does not ask, or says nothing."""
    if letter.kind is None:
        return None
    language, html = message.text.main
    said = _without_address(lines(html), letter.marks)
    if not said:
        return None
    title, *rest = said
    now = store.clock.now()
    return Draft(
        id=store.ids.new(),
        message=message.id,
        kind=letter.kind,
        title=LanguageMap({language: title[: listings.MAX_TITLE].rstrip()}),
        text=LanguageMap({language: _paragraphs(rest or [title])}),
        capacities=_capacities(store, said),
        filed=message.published,
        updated=now,
    )


def _without_address(said: Iterable[str], marks: Iterable[str]) -> list[str]:
    """Return the lines without whom they are addressed to and the hashtags that say what it is."""
    marked = {f"#{mark}".casefold() for mark in marks}
    kept = (
        " ".join(
            word
            for word in line.split()
            if word.casefold().rstrip(STOPS) not in marked and not word.startswith("@")
        )
        for line in said
    )
    return [line for line in kept if line]


def _paragraphs(rest: Iterable[str]) -> str:
    text = "\n".join(rest)[:MAX_TEXT]
    return "".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip())


def _capacities(store: Store, said: Iterable[str]) -> tuple[str, ...]:
    """Return the capacities that the text or its hashtags name."""
    text = _HASHTAG.sub(lambda found: f" {apart(found[1])} ", "\n".join(said))
    return store.taxonomy.capacities_named_in(text)[: listings.MAX_VALUES]
