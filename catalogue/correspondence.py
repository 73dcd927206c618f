"""The nouns of talking: letters that come in, inquiries with their messages, drafts of listings.

An inquiry is what one party asks an affiliate of this node, about one of its listings or about
nothing in particular; what is said in it are messages. Who asks is named by URI: somebody elsewhere
on the fediverse, on another node, or a member of this one.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from catalogue.language import LanguageMap
from catalogue.model import Kind


class Standing(StrEnum):
    """Where an inquiry stands."""

    OPEN = "open"  # something in it waits for an answer
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What ``asker`` wants to know of ``to``, an actor of this node; ``listing`` is a URI."""

    id: str
    to: str
    asker: str
    listing: str | None = None
    standing: Standing = Standing.OPEN
    opened: datetime
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing said in an inquiry, by its asker, by whom it is put to, or by somebody beside them.

    ``text`` is sanitised HTML; ``node`` is the authority of the author's server. What is not
    public is for the two it is between, and shown on no page.
    """

    id: str
    uri: str
    url: str
    inquiry: str
    author: str
    node: str
    to: str
    in_reply_to: str | None
    text: LanguageMap
    is_public: bool
    published: datetime
    updated: datetime
    received: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What somebody wrote, before it is known whether it concerns anybody here.

    ``named`` are those of this node's addresses it is addressed to, or that it mentions. ``kind``
    is what its author asks to have listed, if anything, and ``marks`` the hashtags that said so.
    """

    uri: str
    url: str
    author: str
    node: str
    in_reply_to: str | None
    named: tuple[str, ...]
    text: LanguageMap
    is_public: bool
    kind: Kind | None = None
    marks: tuple[str, ...] = ()
    published: datetime
    updated: datetime


class DraftState(StrEnum):
    """What became of a draft."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A listing that somebody without a place here asks for, as a steward reads it.

    ``message`` is the id of the message that asked for it. A change of that message gives the draft
    another id, so nobody approves what they have not read. ``listing`` is the id of what it became.
    """

    id: str
    message: str
    kind: Kind
    title: LanguageMap
    text: LanguageMap
    capacities: tuple[str, ...] = ()
    state: DraftState = DraftState.WAITING
    listing: str | None = None
    reason: str = ""
    filed: datetime
    updated: datetime
