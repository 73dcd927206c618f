"""Where each call is, and whom it is for: the one table of this API."""

from collections.abc import Sequence

from aiohttp import web

from catalogue.addresses import ApiPath
from web.mastodon import accounts, authorize, instance, oauth, own, search, statuses, timelines
from web.mastodon.answers import Handler, answering, preflight
from web.mastodon.ask import Access
from web.mastodon.desk import Desk
from web.mastodon.errors import NoRecord
from web.mastodon.reading import Row, handler

TABLE: Sequence[Row] = tuple(
    Row(path=path, access=access, call=call)
    for path, access, call in (
        (ApiPath.INSTANCE_V2, Access.OPEN, instance.v2),
        (ApiPath.INSTANCE_V1, Access.OPEN, instance.v1),
        (ApiPath.CUSTOM_EMOJIS, Access.OPEN, instance.nothing),
        (ApiPath.ANNOUNCEMENTS, Access.OPEN, instance.nothing),
        (ApiPath.TRENDS_TAGS, Access.OPEN, instance.trending_tags),
        (ApiPath.TRENDS_STATUSES, Access.OPEN, instance.nothing),
        (ApiPath.TRENDS_LINKS, Access.OPEN, instance.nothing),
        (ApiPath.DIRECTORY, Access.OPEN, accounts.directory),
        (ApiPath.TIMELINE_PUBLIC, Access.OPEN, timelines.public),
        (ApiPath.TIMELINE_TAG, Access.OPEN, timelines.tag),
        (ApiPath.TIMELINE_HOME, Access.MEMBER, timelines.home),
        (ApiPath.STATUS, Access.OPEN, statuses.status),
        (ApiPath.STATUS_CONTEXT, Access.OPEN, statuses.context),
        (ApiPath.TAG, Access.OPEN, timelines.tag_itself),
        (ApiPath.SEARCH, Access.OPEN, search.search),
        (ApiPath.ACCOUNT_CREDENTIALS, Access.MEMBER, accounts.credentials),
        (ApiPath.ACCOUNT_LOOKUP, Access.OPEN, accounts.lookup),
        (ApiPath.ACCOUNT_SEARCH, Access.OPEN, accounts.search),
        (ApiPath.RELATIONSHIPS, Access.MEMBER, accounts.relationships),
        (ApiPath.ACCOUNT, Access.OPEN, accounts.account),
        (ApiPath.ACCOUNT_STATUSES, Access.OPEN, accounts.account_statuses),
        (ApiPath.APP_CREDENTIALS, Access.APP, own.app_credentials),
        (ApiPath.USERINFO, Access.MEMBER, own.userinfo),
        (ApiPath.NOTIFICATIONS_V1, Access.MEMBER, own.empty_list),
        (ApiPath.NOTIFICATIONS_V2, Access.MEMBER, own.notifications),
        (ApiPath.MARKERS, Access.MEMBER, own.markers),
        (ApiPath.PREFERENCES, Access.MEMBER, own.preferences),
        (ApiPath.FILTERS_V1, Access.MEMBER, own.empty_list),
        (ApiPath.FILTERS_V2, Access.MEMBER, own.empty_list),
        (ApiPath.LISTS, Access.MEMBER, own.empty_list),
        (ApiPath.FOLLOW_REQUESTS, Access.MEMBER, own.empty_list),
        (ApiPath.BOOKMARKS, Access.MEMBER, own.empty_list),
        (ApiPath.FAVOURITES, Access.MEMBER, own.empty_list),
        (ApiPath.CONVERSATIONS, Access.MEMBER, own.empty_list),
        (ApiPath.FOLLOWED_TAGS, Access.MEMBER, own.empty_list),
        (ApiPath.PUSH, Access.MEMBER, own.no_push),
    )
)


def routes(desk: Desk) -> list[web.RouteDef]:
    """Return every route of this API, the most particular first."""
    to_apps: list[tuple[str, ApiPath, Handler]] = [
        *(("GET", row.path, handler(desk, row)) for row in TABLE),
        ("GET", ApiPath.OAUTH_SERVER, oauth.metadata(desk)),
        ("POST", ApiPath.APPS, oauth.register(desk)),
        ("POST", ApiPath.TOKEN, oauth.token(desk)),
        ("POST", ApiPath.REVOKE, oauth.revoke(desk)),
    ]
    to_people: list[tuple[str, ApiPath, Handler]] = [
        ("GET", ApiPath.AUTHORIZE, authorize.page(desk)),
        ("POST", ApiPath.AUTHORIZE, authorize.answer(desk)),
    ]
    paths = dict.fromkeys(path for _, path, _ in to_apps)
    return [
        *(
            web.route(method, address, answer)
            for method, path, answer in [
                *to_apps,
                *to_people,
                *(("OPTIONS", path, preflight) for path in paths),
            ]
            for address in (path, f"{path}/")  # some apps put a slash at the end
        ),
        web.route("*", ApiPath.ANY, answering(_nothing)),
    ]


async def _nothing(request: web.Request) -> web.StreamResponse:
    if request.method == "OPTIONS":
        return await preflight(request)
    raise NoRecord
