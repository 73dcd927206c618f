"""Reports: what others say is wrong here, and what our stewards say is wrong elsewhere.

A report (``Flag``) is signed by the instance actor of the server it comes from, so that nobody
learns who reported, and names an actor and the objects it is about (wire pitfall 25).
"""

from typing import Any

from federation.guard import host_of
from federation.keyring import Keyring
from federation.mapping.values import Document, id_of, items, line, to_bytes, uri
from federation.model import Party, Sent
from federation.outgoing import flag
from federation.ports import FederationStore

MAX_REPORTS = 1_000  # open at one time; more are not kept until some are closed
MAX_REPORTS_OF_HOST = 50
MAX_CONTENT = 5_000  # characters
MAX_ABOUT = 50  # addresses


def take(store: FederationStore, activity: Document, actor: str) -> bool:
    """Keep a report about what is here; say whether it is kept. A repeat is not."""
    host = host_of(actor)
    about = _about(store, activity)
    if not about or store.blocks.rejects_reports(host):
        return False
    if store.reports.count_open() >= MAX_REPORTS:
        return False
    if store.reports.count_open(host) >= MAX_REPORTS_OF_HOST:
        return False
    return store.reports.add(
        id_of(activity) or "",
        actor=actor,
        content=_content(activity),
        about=about,
        at=store.clock.now(),
    )


def send(
    store: FederationStore, keyring: Keyring, about: list[str], party: Party, reason: str
) -> str:
    """Put a report on its way to the server of ``party``; return its id."""
    address = store.addresses.activity("flag", store.ids.new())
    now, ours = store.clock.now(), store.addresses.instance
    said = flag.build(address, about, reason, store.addresses)
    activity = keyring.prove(store, said, owner=ours, at=now)
    store.activities.put(
        Sent(uri=address, actor=ours, body=to_bytes(activity), published=now, is_public=False)
    )
    store.deliveries.add(address, actor=ours, inboxes=[party.best_inbox], at=now)
    return address


def _about(store: FederationStore, activity: Document) -> tuple[str, ...]:
    """Return the addresses a report names, if one is of this node or of a listing that is here."""
    named = [found for each in items(activity.get("object")) if (found := uri(each))]
    about = tuple(dict.fromkeys(named))[:MAX_ABOUT]
    return about if any(_is_here(store, each) for each in about) else ()


def _is_here(store: FederationStore, address: str) -> bool:
    return store.addresses.is_ours(address) or store.listings.find_by_uri(address) is not None


def _content(activity: Document) -> str:
    said: Any = activity.get("content")
    return line(said, MAX_CONTENT) if isinstance(said, str) else ""
