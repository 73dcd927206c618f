"""In a tree: makes a node in a folder and fills it by a plan, given as a file of JSON.

Listings are stored and indexed as they are in the product, but only the newest are matched:
matching each of thousands would take longer than all measuring.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path

from catalogue import listings, matching
from catalogue.language import LanguageMap
from catalogue.model import (
    Actor,
    Category,
    Follow,
    FollowState,
    Kind,
    Listing,
    ListingContent,
    Mode,
    Role,
    content_fields,
)
from catalogue.people import AffiliateDraft
from federation import publisher
from federation.keyring import Keyring, new_keys
from federation.model import KnownKey, Party
from node.config import Config
from node.setup import NodeDatabase, admit, create_node, open_database
from node.storage.store import NodeStore
from tests.bench.plan import Plan
from tests.bench.world import Saying, sayings

AFFILIATE = "affiliate"
START = datetime(2026, 1, 1, tzinfo=UTC)
BATCH = 1000
MATCHED = 50  # the newest listings, which pages show


def main() -> None:
    """Carry out the plan in the file named on the command line."""
    plan = Plan(**json.loads(Path(sys.argv[1]).read_text()))
    base_url = f"http://127.0.0.1:{plan.port}"
    config = Config(
        data=Path(plan.folder), base_url=base_url, port=plan.port, name="Bench", dev=True
    )
    create_node(config)
    database = open_database(config)
    try:
        draft = AffiliateDraft(handle=AFFILIATE, name="Wikimedia Bench")
        own = new_keys(config.addresses.actor(AFFILIATE), START)
        ours = database.write_now(admit, draft, own)
        for uri, keys in plan.senders.items():
            database.write_now(_know, uri, keys)
        _put_all(database, [ours.uri, *plan.senders], plan.listings)
        for inbox in plan.followers:
            database.write_now(_be_followed, inbox)
        for saying in sayings(plan.publish, seed=2):
            database.write_now(listings.publish, _content(saying), by=AFFILIATE)
        while database.write_now(publisher.tell_pending, Keyring()):
            pass
    finally:
        database.close()


def _put_all(database: NodeDatabase, authors: Sequence[str], number: int) -> None:
    everything, done = sayings(number), 0
    while batch := list(islice(everything, BATCH)):
        database.write_now(_put, authors, batch, done, number)
        done += len(batch)


def _put(
    store: NodeStore, authors: Sequence[str], batch: Sequence[Saying], done: int, number: int
) -> None:
    for index, saying in enumerate(batch, done):
        listing = _listing(store, saying, _author_of(authors, index), index)
        store.listings.put(listing, words=listings.index_words(listing))
        if index >= number - MATCHED:
            store.matches.replace(listing.id, matching.find(store, listing))


def _author_of(authors: Sequence[str], index: int) -> str:
    """Return our own affiliate for every other listing, and one of all for the rest."""
    return authors[0 if index % 2 else index % len(authors)]


def _listing(store: NodeStore, saying: Saying, by: str, index: int) -> Listing:
    base = by.rpartition("/actors/")[0]
    listing_id = store.ids.new()
    uri = f"{base}/proposals/{listing_id}"
    moment = START + timedelta(seconds=index)
    return Listing(
        **content_fields(_content(saying)),
        id=listing_id,
        uri=uri,
        url=uri,
        by=by,
        node=base.partition("://")[2],
        published=moment,
        updated=moment,
    )


def _content(saying: Saying) -> ListingContent:
    return ListingContent(
        kind=Kind(saying.kind),
        category=Category(saying.category),
        title=LanguageMap(saying.title),
        text=LanguageMap(saying.text),
        capacities=tuple(saying.capacities),
        methods=tuple(saying.methods),
        regions=tuple(saying.regions),
        delivery_languages=tuple(saying.languages),
        mode=Mode(saying.mode),
        hours=Decimal(saying.hours),
    )


def _know(store: NodeStore, uri: str, keys: Mapping[str, str]) -> None:
    """Know an affiliate of another node and its keys, and follow it."""
    _shelve(store, uri, Role.AFFILIATE)
    store.parties.put(_party(uri, f"{uri}/inbox", proposals=None))
    store.keys.put_known(
        uri,
        [
            KnownKey(uri=key_uri, owner=uri, material=material, fetched=START)
            for key_uri, material in keys.items()
        ],
    )
    _follow(store, store.addresses.catalogue, uri)


def _be_followed(store: NodeStore, inbox: str) -> None:
    """Have the catalogue of another node, behind ``inbox``, follow ours."""
    uri = f"{inbox.rpartition('/')[0]}/actors/catalogue"
    _shelve(store, uri, Role.CATALOGUE)
    store.parties.put(_party(uri, inbox, proposals=f"{uri}/proposals"))
    _follow(store, uri, store.addresses.catalogue)


def _shelve(store: NodeStore, uri: str, role: Role) -> None:
    host = uri.split("/")[2]
    store.actors.put(
        Actor(
            id=store.ids.new(),
            uri=uri,
            url=uri,
            role=role,
            handle=role,
            acct=f"{role}@{host}",
            name=f"Bench {host}",
            node=host,
            published=START,
            updated=START,
        )
    )


def _party(uri: str, inbox: str, proposals: str | None) -> Party:
    return Party(
        uri=uri,
        type="Organization",
        inbox=inbox,
        shared_inbox=inbox,
        proposals=proposals,
        fetched=START,
    )


def _follow(store: NodeStore, follower: str, followed: str) -> None:
    store.follows.put(
        Follow(
            uri=f"{follower}#follows-{store.ids.new()}",
            follower=follower,
            followed=followed,
            state=FollowState.ACCEPTED,
            created=START,
            updated=START,
        )
    )


if __name__ == "__main__":
    began = time.perf_counter()
    main()
    print(f"filled in {time.perf_counter() - began:.1f} s")
