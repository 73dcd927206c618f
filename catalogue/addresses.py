"""Every URL that this node mints, one function per kind, and the paths behind them.

The doors serve at the paths of :class:`Path`; everything else asks :class:`Addresses`. An address
once given out lives as long as the node, so change one only with a redirect in its place.
"""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urlencode, urlsplit

from catalogue.model import Actor

CATALOGUE_HANDLE = "catalogue"
VOCABULARY = "https://w3id.org/capacity-exchange/"


class Path(StrEnum):
    """The paths a node answers at, in the form of aiohttp's router."""

    HOME = "/"
    BROWSE = "/listings"
    LISTING = "/proposals/{id}"
    LISTING_CREATE = "/proposals/{id}/activity"
    LISTING_REPLIES = "/proposals/{id}/replies"
    MESSAGE = "/messages/{id}"
    MESSAGE_CREATE = "/messages/{id}/activity"
    STAMP = "/stamps/{id}"
    AFFILIATES = "/affiliates"
    AFFILIATE = "/affiliates/{id}"
    PROFILE = "/@{handle}"
    CAPACITIES = "/capacities"
    CAPACITY = "/capacities/{id}"
    TAG = "/tags/{name}"
    ABOUT = "/about"
    FOLLOW = "/follow"
    INTERACTION = "/authorize_interaction"
    INTENT = "/intents/{name}"
    STATIC = "/static/{name}"

    INSTANCE = "/actor"
    INSTANCE_INBOX = "/actor/inbox"
    INSTANCE_OUTBOX = "/actor/outbox"
    SHARED_INBOX = "/inbox"
    ACTOR = "/actors/{handle}"
    ACTOR_INBOX = "/actors/{handle}/inbox"
    ACTOR_OUTBOX = "/actors/{handle}/outbox"
    ACTOR_FOLLOWERS = "/actors/{handle}/followers"
    ACTOR_FOLLOWING = "/actors/{handle}/following"
    ACTOR_FEATURED = "/actors/{handle}/featured"
    ACTOR_PROPOSALS = "/actors/{handle}/proposals"
    ACTOR_ANNOUNCE = "/actors/{handle}/announces/{id}"
    ACTIVITY = "/activities/{verb}/{id}"
    CATALOGUE_DIGEST = "/actors/catalogue/digest"
    NODE_PROPOSALS = "/proposals"

    WEBFINGER = "/.well-known/webfinger"
    HOST_META = "/.well-known/host-meta"
    HOST_META_JSON = "/.well-known/host-meta.json"
    NODEINFO_INDEX = "/.well-known/nodeinfo"
    NODEINFO = "/nodeinfo/{version}"
    LIVEZ = "/livez"
    READYZ = "/readyz"


class ApiPath(StrEnum):
    """The paths of the Mastodon client API that this node answers at (docs.joinmastodon.org)."""

    OAUTH_SERVER = "/.well-known/oauth-authorization-server"
    AUTHORIZE = "/oauth/authorize"
    TOKEN = "/oauth/token"  # noqa: S105 - a path
    REVOKE = "/oauth/revoke"
    USERINFO = "/oauth/userinfo"
    APPS = "/api/v1/apps"
    APP_CREDENTIALS = "/api/v1/apps/verify_credentials"

    INSTANCE_V1 = "/api/v1/instance"
    INSTANCE_V2 = "/api/v2/instance"
    CUSTOM_EMOJIS = "/api/v1/custom_emojis"
    ANNOUNCEMENTS = "/api/v1/announcements"
    TRENDS_TAGS = "/api/v1/trends/tags"
    TRENDS_STATUSES = "/api/v1/trends/statuses"
    TRENDS_LINKS = "/api/v1/trends/links"
    DIRECTORY = "/api/v1/directory"

    TIMELINE_PUBLIC = "/api/v1/timelines/public"
    TIMELINE_TAG = "/api/v1/timelines/tag/{tag}"
    TIMELINE_HOME = "/api/v1/timelines/home"
    STATUS = "/api/v1/statuses/{id}"
    STATUS_CONTEXT = "/api/v1/statuses/{id}/context"
    TAG = "/api/v1/tags/{tag}"
    SEARCH = "/api/v2/search"

    ACCOUNT_CREDENTIALS = "/api/v1/accounts/verify_credentials"
    ACCOUNT_LOOKUP = "/api/v1/accounts/lookup"
    ACCOUNT_SEARCH = "/api/v1/accounts/search"
    RELATIONSHIPS = "/api/v1/accounts/relationships"
    ACCOUNT = "/api/v1/accounts/{id}"
    ACCOUNT_STATUSES = "/api/v1/accounts/{id}/statuses"

    NOTIFICATIONS_V1 = "/api/v1/notifications"
    NOTIFICATIONS_V2 = "/api/v2/notifications"
    MARKERS = "/api/v1/markers"
    PREFERENCES = "/api/v1/preferences"
    FILTERS_V1 = "/api/v1/filters"
    FILTERS_V2 = "/api/v2/filters"
    LISTS = "/api/v1/lists"
    FOLLOW_REQUESTS = "/api/v1/follow_requests"
    BOOKMARKS = "/api/v1/bookmarks"
    FAVOURITES = "/api/v1/favourites"
    CONVERSATIONS = "/api/v1/conversations"
    FOLLOWED_TAGS = "/api/v1/followed_tags"
    PUSH = "/api/v1/push/subscription"

    ANY = "/api/{rest:.+}"


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of one node, from its public base URL without a trailing slash."""

    base_url: str

    @property
    def authority(self) -> str:
        """Host, and port where it is not the scheme's own: what peers call this node."""
        return urlsplit(self.base_url).netloc

    def at(self, path: Path | ApiPath, **parts: str) -> str:
        """Return the full URL of ``path`` with its parts filled in, each percent-encoded."""
        return self.base_url + local(path, **parts)

    def template(self, path: Path, query: str, **parts: str) -> str:
        """Return ``path`` with a query whose variables, in braces, are for others to fill in."""
        return f"{self.at(path, **parts)}?{query}"

    def is_ours(self, uri: str) -> bool:
        """Say whether ``uri`` has this node's origin."""
        return uri == self.base_url or uri.startswith(self.base_url + "/")

    # -- actors -------------------------------------------------------------------------------

    @property
    def instance(self) -> str:
        """The Application that signs this node's fetches."""
        return self.at(Path.INSTANCE)

    @property
    def catalogue(self) -> str:
        """The Service that announces this node's public listings."""
        return self.actor(CATALOGUE_HANDLE)

    def actor(self, handle: str) -> str:
        """An affiliate of this node, or its catalogue."""
        return self.at(Path.ACTOR, handle=handle)

    def acct(self, handle: str) -> str:
        """The handle by which the fediverse finds an actor: ``name@host``."""
        return f"{handle}@{self.authority}"

    def profile(self, handle: str) -> str:
        """The page of an affiliate of this node."""
        return self.at(Path.PROFILE, handle=handle)

    # -- listings and activities --------------------------------------------------------------

    def listing(self, listing_id: str) -> str:
        """A listing: its ActivityPub id and its page at once."""
        return self.at(Path.LISTING, id=listing_id)

    def listing_create(self, listing_id: str) -> str:
        """The Create activity of a listing."""
        return self.at(Path.LISTING_CREATE, id=listing_id)

    def message(self, message_id: str) -> str:
        """What an actor of this node said in an inquiry."""
        return self.at(Path.MESSAGE, id=message_id)

    def message_create(self, message_id: str) -> str:
        """The Create activity of an answer."""
        return self.at(Path.MESSAGE_CREATE, id=message_id)

    def stamp(self, stamp_id: str) -> str:
        """The consent to a quote of a listing."""
        return self.at(Path.STAMP, id=stamp_id)

    def activity(self, verb: str, activity_id: str) -> str:
        """An activity that concerns no listing: follow, accept, reject, undo."""
        return self.at(Path.ACTIVITY, verb=verb, id=activity_id)

    def announce(self, listing_id: str, by: str = CATALOGUE_HANDLE) -> str:
        """The Announce of a listing by the catalogue or, by its handle, a topic."""
        return self.at(Path.ACTOR_ANNOUNCE, handle=by, id=listing_id)

    def tag(self, name: str) -> str:
        """The page of a hashtag, named without its ``#``."""
        return self.at(Path.TAG, name=name)


def actor_page(actor: Actor, authority: str) -> str:
    """Return where this node shows an actor: by handle one of its own, by local id any other."""
    if actor.node == authority:
        return local(Path.PROFILE, handle=actor.handle)
    return local(Path.AFFILIATE, id=actor.id)


def local(path: Path | ApiPath, **parts: str) -> str:
    """Return ``path`` with its parts filled in, each percent-encoded, for links within the node."""
    return path.format(**{name: quote(part, safe="") for name, part in parts.items()})


def with_query(address: str, **query: str | None) -> str:
    """Return ``address`` with those of ``query`` that have a value."""
    pairs = {name: value for name, value in query.items() if value is not None}
    return f"{address}?{urlencode(pairs)}" if pairs else address


def concept(scheme: str, concept_id: str) -> str:
    """Return the IRI of a concept of the shared taxonomy, the same on every node."""
    return f"{VOCABULARY}{scheme}/{quote(concept_id, safe='')}"
