"""One listing, or a reply to one, and what was said before and after it."""

from web.accounts import AccountStore
from web.mastodon.ask import Ask, Reply
from web.mastodon.replies import Thread, thread_of, thread_with
from web.mastodon.shown import get_placed


def status(store: AccountStore, ask: Ask) -> Reply:
    """Show one listing, open or closed, or one public reply."""
    thread, wanted = _thread(store, ask)
    found = [each for each in (thread.top, *thread.replies) if each["id"] == wanted]
    return Reply(data=found[0])


def context(store: AccountStore, ask: Ask) -> Reply:
    """Show what a status answers, and the public replies below it."""
    thread, wanted = _thread(store, ask)
    return Reply(data={"ancestors": thread.above(wanted), "descendants": thread.below(wanted)})


def _thread(store: AccountStore, ask: Ask) -> tuple[Thread, str]:
    """Return the thread in which the asked status is, and its id; raise NoRecord."""
    wanted = ask.parts["id"]
    if wanted.isdigit():
        thread = thread_of(store, ask, get_placed(store, ask, wanted))
        return thread, str(thread.top["id"])
    thread = thread_with(store, ask, wanted)
    thread.above(wanted)
    return thread, wanted
