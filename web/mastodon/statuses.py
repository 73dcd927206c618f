"""One listing, and what was said before and after it."""

from web.accounts import AccountStore
from web.mastodon.ask import Ask, Reply
from web.mastodon.errors import NoRecord
from web.mastodon.shown import get_placed, statuses


def status(store: AccountStore, ask: Ask) -> Reply:
    """Show one listing, open or closed."""
    found = statuses(store, ask, [get_placed(store, ask, ask.parts["id"])])
    if not found:
        raise NoRecord
    return Reply(data=found[0])


def context(store: AccountStore, ask: Ask) -> Reply:
    """Show what a listing answers and what answers it: replies are not shown to apps."""
    get_placed(store, ask, ask.parts["id"])
    return Reply(data={"ancestors": [], "descendants": []})
