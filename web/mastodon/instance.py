"""What this node is, as an app asks before anything else."""

from typing import Any

from catalogue.finding import counts
from catalogue.listings import MAX_TEXT
from catalogue.model import Role
from catalogue.richtext import plain
from catalogue.search import Facet, Query
from web.accounts import AccountStore
from web.mastodon import entities
from web.mastodon.ask import Ask, Reply
from web.mastodon.tags import tag_of

# Apps choose by the part before the blank what they may ask: what 4.5 asks is answered here.
COMPATIBLE = "4.5.0"
API_VERSION = 6  # Mastodon's own count of its API
MAX_TAGS = 20


def version(software: str) -> str:
    """Return the version as apps read it."""
    return f"{COMPATIBLE} (compatible; capacity-exchange {software})"


def v2(store: AccountStore, ask: Ask) -> Reply:
    """Describe this node."""
    site = ask.site
    return Reply(
        data={
            "domain": site.addresses.authority,
            "title": site.name,
            "version": version(site.software),
            "source_url": site.source,
            "description": _description(ask),
            "usage": {"users": {"active_month": _affiliates(store)}},
            "thumbnail": {"url": ask.icon, "blurhash": None, "versions": {}, "description": ""},
            "icon": [],
            "languages": list(site.languages),
            "configuration": _configuration(ask),
            "registrations": {
                "enabled": False,
                "approval_required": False,
                "reason_required": False,
                "message": None,
                "min_age": None,
                "url": None,
            },
            "api_versions": {"mastodon": API_VERSION},
            "contact": {"email": "", "account": None},
            "rules": [],
        }
    )


def v1(store: AccountStore, ask: Ask) -> Reply:
    """Describe this node to older apps."""
    site = ask.site
    return Reply(
        data={
            "uri": site.addresses.authority,
            "title": site.name,
            "short_description": _description(ask),
            "description": _description(ask),
            "email": "",
            "version": version(site.software),
            "urls": {"streaming_api": ""},
            "stats": {
                "user_count": _affiliates(store),
                "status_count": _open_listings(store),
                "domain_count": len(store.peers.list_peers(store.clock.now())),
            },
            "thumbnail": ask.icon,
            "languages": list(site.languages),
            "registrations": False,
            "approval_required": False,
            "invites_enabled": False,
            "configuration": _configuration(ask),
            "contact_account": None,
            "rules": [],
        }
    )


def trending_tags(store: AccountStore, ask: Ask) -> Reply:
    """Show the capacities that most open listings are about."""
    limit = ask.params.number("limit", default=10, most=MAX_TAGS)
    offset = ask.params.number("offset", default=0, most=1000, least=0)
    tally = counts(store, Query(viewer=ask.viewer))[Facet.CAPACITY]
    known = [each for each, _ in tally if each in store.taxonomy.capacities]
    tags = [tag_of(store.taxonomy, each, ask.languages) for each in known[offset : offset + limit]]
    mine = ask.viewer.is_member
    return Reply(data=[entities.tag(tag, ask.site.addresses, mine=mine) for tag in tags])


def nothing(store: AccountStore, ask: Ask) -> Reply:
    """Show an empty list, of what a node of the exchange does not have."""
    del store
    ask.params.span()
    return Reply(data=[])


def _description(ask: Ask) -> str:
    return plain(ask.site.summary.best(ask.languages).text)


def _affiliates(store: AccountStore) -> int:
    return len(store.actors.list_by_role(Role.AFFILIATE, store.addresses.authority))


def _open_listings(store: AccountStore) -> int:
    query = Query(node=store.addresses.authority, limit=1)
    return store.listings.search(query, store.clock.now()).total


def _configuration(ask: Ask) -> dict[str, Any]:
    about = f"{ask.site.addresses.base_url}/"
    return {
        "urls": {
            "streaming": "",
            "status": None,
            "about": about,
            "privacy_policy": None,
            "terms_of_service": None,
        },
        "vapid": {"public_key": ""},
        "accounts": {"max_featured_tags": 0, "max_pinned_statuses": 0},
        "statuses": {
            "max_characters": MAX_TEXT,
            "max_media_attachments": 0,
            "characters_reserved_per_url": 23,
        },
        "media_attachments": {
            "supported_mime_types": [],
            "description_limit": 0,
            "image_size_limit": 0,
            "image_matrix_limit": 0,
            "video_size_limit": 0,
            "video_frame_rate_limit": 0,
            "video_matrix_limit": 0,
        },
        "polls": {
            "max_options": 0,
            "max_characters_per_option": 0,
            "min_expiration": 0,
            "max_expiration": 0,
        },
        "translation": {"enabled": False},
        "timelines_access": {
            "live_feeds": {"local": "public", "remote": "public"},
            "hashtag_feeds": {"local": "public", "remote": "public"},
            "trending_link_feeds": {"local": "disabled", "remote": "disabled"},
        },
        "limited_federation": False,
    }
