"""Listings, affiliates and members as Mastodon's entities; pure functions to JSON objects.

Every field that apps read without asking whether it is there is there. What a node of the exchange
does not have (pictures, polls, favourites) is empty, nought or null.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from catalogue.addresses import Addresses
from catalogue.correspondence import Message
from catalogue.language import Phrase
from catalogue.model import Actor, Listing, Member, Role, Visibility
from catalogue.richtext import clean, plain
from catalogue.timeline import Figures
from web.prose import cut, host_of, tame

Entity = dict[str, Any]

CARD_TEXT = 200  # letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What the fediverse sees of a listing in one language: HTML, and hashtags without ``#``."""

    language: str
    title: str
    text: str
    html: str
    tags: Sequence[str]


def status(
    listing: Listing,
    place: int,
    post: Post,
    author: Entity,
    addresses: Addresses,
    *,
    replies: int,
    mine: bool,
) -> Entity:
    """Return a listing as a Status; ``mine`` adds what only somebody signed in is told."""
    return _status(
        status_id=str(place),
        uri=listing.uri,
        url=listing.url,
        published=listing.published,
        updated=listing.updated,
        author=author,
        phrase=Phrase(language=post.language, text=post.html),
        mine=mine,
    ) | {
        "visibility": "public" if listing.visibility is Visibility.PUBLIC else "private",
        "tags": [{"name": tag, "url": addresses.tag(tag)} for tag in post.tags],
        "replies_count": replies,
        "card": card(listing, post, author),
    }


def reply(
    message: Message, phrase: Phrase, author: Entity, above: Entity, *, replies: int, mine: bool
) -> Entity:
    """Return what somebody said about a listing as a Status below another one."""
    return _status(
        status_id=message.id,
        uri=message.uri,
        url=message.url if host_of(message.url) else message.uri,
        published=message.published,
        updated=message.updated,
        author=author,
        phrase=phrase,
        mine=mine,
    ) | {
        "replies_count": replies,
        "in_reply_to_id": above["id"],
        "in_reply_to_account_id": above["account"]["id"],
    }


def _status(
    *,
    status_id: str,
    uri: str,
    url: str,
    published: datetime,
    updated: datetime,
    author: Entity,
    phrase: Phrase,
    mine: bool,
) -> Entity:
    entity: Entity = {
        "id": status_id,
        "uri": uri,
        "url": url,
        "created_at": moment(published),
        "edited_at": moment(updated) if updated > published else None,
        "account": author,
        "content": clean(phrase.text),
        "visibility": "public",
        "language": None if phrase.language == "und" else phrase.language,
        "sensitive": False,
        "spoiler_text": "",
        "media_attachments": [],
        "mentions": [],
        "tags": [],
        "emojis": [],
        "reblogs_count": 0,
        "favourites_count": 0,
        "replies_count": 0,
        "quotes_count": 0,
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "reblog": None,
        "quote": None,
        "poll": None,
        "application": None,
        "card": None,
    }
    if mine:
        entity |= dict.fromkeys(
            ("favourited", "reblogged", "muted", "bookmarked", "pinned"), False
        ) | {"filtered": []}
    return entity


def card(listing: Listing, post: Post, author: Entity) -> Entity:
    """Return a listing's own page as a PreviewCard."""
    return {
        "url": listing.url,
        "title": tame(post.title),
        "description": cut(plain(post.text), CARD_TEXT),
        "language": None if post.language == "und" else post.language,
        "type": "link",
        "author_name": author["display_name"],
        "author_url": author["url"],
        "authors": [],
        "provider_name": listing.node,
        "provider_url": "",
        "html": "",
        "width": 0,
        "height": 0,
        "image": None,
        "image_description": "",
        "embed_url": "",
        "blurhash": None,
        "published_at": moment(listing.published),
    }


def account(
    actor: Actor, summary: Phrase, figures: Figures, addresses: Addresses, icon: str
) -> Entity:
    """Return an affiliate, or who asked one, as an Account; ours have no host in their ``acct``."""
    is_ours = actor.node == addresses.authority
    return _account(
        account_id=actor.id,
        username=actor.handle,
        acct=actor.handle if is_ours else actor.acct,
        name=actor.name or actor.acct,
        note=clean(summary.text),
        url=actor.url,
        uri=actor.uri,
        icon=icon,
        created=actor.published,
        figures=figures,
    ) | dict.fromkeys(("group", "discoverable", "indexable"), actor.role is Role.AFFILIATE)


def member_account(member: Member, addresses: Addresses, icon: str) -> Entity:
    """Return a member as an Account of this node alone.

    Nobody can look a member up or follow them, so ``acct`` has a tilde, which no handle on the
    fediverse has, and there is no ``uri``.
    """
    return _account(
        account_id=member.id,
        username=member.name,
        acct=f"~{member.name}",
        name=member.display_name,
        note="",
        url=addresses.base_url,
        uri="",
        icon=icon,
        created=member.created,
        figures=Figures(),
    ) | {"group": False, "discoverable": False, "indexable": False, "locked": True}


def own_account(member: Member, addresses: Addresses, icon: str, language: str) -> Entity:
    """Return a member as the CredentialAccount of whoever is signed in."""
    return member_account(member, addresses, icon) | {
        "source": {
            "privacy": "private",
            "sensitive": False,
            "language": language,
            "note": "",
            "fields": [],
            "follow_requests_count": 0,
            "hide_collections": True,
            "discoverable": False,
            "indexable": False,
        },
        "role": {
            "id": member.role.value,
            "name": member.role.value,
            "permissions": "0",
            "color": "",
            "highlighted": False,
        },
    }


def _account(
    *,
    account_id: str,
    username: str,
    acct: str,
    name: str,
    note: str,
    url: str,
    uri: str,
    icon: str,
    created: datetime,
    figures: Figures,
) -> Entity:
    newest = figures.newest
    return {
        "id": account_id,
        "username": username,
        "acct": acct,
        "display_name": tame(name),
        "locked": False,
        "bot": False,
        "created_at": moment(created.replace(hour=0, minute=0, second=0, microsecond=0)),
        "note": note,
        "url": url,
        "uri": uri,
        "avatar": icon,
        "avatar_static": icon,
        "avatar_description": "",
        "header": icon,
        "header_static": icon,
        "header_description": "",
        "followers_count": figures.followers,
        "following_count": 0,
        "statuses_count": figures.listings,
        "last_status_at": newest.date().isoformat() if newest else None,
        "hide_collections": True,
        "noindex": False,
        "emojis": [],
        "roles": [],
        "fields": [],
    }


def tag(name: str, addresses: Addresses, *, mine: bool) -> Entity:
    """Return a hashtag as a Tag; how it fared day by day is not kept."""
    entity: Entity = {"id": name, "name": name, "url": addresses.tag(name), "history": []}
    return entity | ({"following": False, "featuring": False} if mine else {})


def relationship(account_id: str) -> Entity:
    """Return how a member stands to an account: in no way, since members follow nobody."""
    flags = (
        "following", "notifying", "followed_by", "blocking", "blocked_by", "muting",
        "muting_notifications", "requested", "requested_by", "domain_blocking", "endorsed",
    )  # fmt: skip
    return {
        "id": account_id,
        **dict.fromkeys(flags, False),
        "showing_reblogs": True,
        "languages": None,
        "note": "",
    }


def moment(time: datetime) -> str:
    """Return a time as Mastodon writes it: in UTC, with milliseconds."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
