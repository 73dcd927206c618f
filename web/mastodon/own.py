"""What belongs to a member in Mastodon and is empty here, in the shape that apps expect."""

from web.accounts import AccountStore
from web.mastodon.ask import Ask, Reply
from web.mastodon.errors import NoRecord


def app_credentials(store: AccountStore, ask: Ask) -> Reply:
    """Show which app the token is for."""
    del store
    assert ask.holder is not None  # noqa: S101 - the door let only apps in
    app = ask.holder.app
    return Reply(
        data={
            "id": app.id,
            "name": app.name,
            "website": app.website or None,
            "scopes": app.scope.split(),
            "redirect_uris": list(app.redirect_uris),
            "redirect_uri": "\n".join(app.redirect_uris),
            "vapid_key": "",
        }
    )


def userinfo(store: AccountStore, ask: Ask) -> Reply:
    """Show who is signed in, as OpenID Connect names it (Core 5.1)."""
    del store
    member, addresses = ask.member, ask.site.addresses
    return Reply(
        data={
            "iss": addresses.base_url,
            "sub": member.id,
            "name": member.display_name,
            "preferred_username": member.name,
        }
    )


def empty_list(store: AccountStore, ask: Ask) -> Reply:
    """Show an empty list of the member's."""
    del store, ask
    return Reply(data=[])


def notifications(store: AccountStore, ask: Ask) -> Reply:
    """Show no notifications, in groups."""
    del store, ask
    return Reply(
        data={"accounts": [], "partial_accounts": [], "statuses": [], "notification_groups": []}
    )


def markers(store: AccountStore, ask: Ask) -> Reply:
    """Show how far was read: that is not kept."""
    del store, ask
    return Reply(data={})


def preferences(store: AccountStore, ask: Ask) -> Reply:
    """Show the settings that apps ask for."""
    del store
    return Reply(
        data={
            "posting:default:visibility": "private",
            "posting:default:sensitive": False,
            "posting:default:language": ask.languages[0] if ask.languages else None,
            "posting:default:quote_policy": "nobody",
            "reading:expand:media": "default",
            "reading:expand:spoilers": False,
            "reading:autoplay:gifs": False,
        }
    )


def no_push(store: AccountStore, ask: Ask) -> Reply:
    """Say that nothing is pushed."""
    del store, ask
    raise NoRecord
