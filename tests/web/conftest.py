"""A node with a real database, seen through its pages; its neighbours' listings taken in."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from catalogue import listings, people, taxonomy
from catalogue.addresses import Addresses
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
    Visibility,
    content_fields,
)
from catalogue.richtext import from_markdown
from federation.admission import Admission
from federation.guard import DialPolicy
from federation.homes import Homes
from federation.model import Party
from federation.remote import Remote
from federation.settings import Rates, Settings
from node.clients import Proxies
from node.gate import paced
from node.posts import Posts
from node.storage.database import Database, connect
from node.storage.migrations import migrate
from node.storage.store import NodeStore, Surroundings
from web.mastodon.desk import Desk
from web.mastodon.routes import routes as app_routes
from web.middleware import middlewares
from web.routes import routes
from web.site import Site

NOW = datetime(2030, 5, 3, 12, 0, tzinfo=UTC)
BASE_URL = "http://north.example"
REMOTE = "south.example"


@dataclass
class FixedClock:
    """A clock that goes on when it is told to."""

    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment


@dataclass
class CountedIds:
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def new(self) -> str:
        return f"id-{next(self.numbers):06}"


def content(**changes: Any) -> ListingContent:
    """A valid offer, with ``changes``."""
    offer = ListingContent(
        kind=Kind.OFFER,
        category=Category.SKILL,
        title=LanguageMap({"en": "Mediation for beginners"}),
        text=LanguageMap({"en": "<p>We show you how to talk when talking is hard.</p>"}),
        capacities=("mediation",),
        delivery_languages=("en",),
    )
    return replace(offer, **changes)


@dataclass
class World:
    """One node and what a test wants to be on it."""

    database: Database[NodeStore]
    site: Site
    clock: FixedClock
    ids: CountedIds

    def affiliate(self, handle: str = "archive_group", **changes: Any) -> Actor:
        draft = people.AffiliateDraft(**{"handle": handle, "name": "Archive Group", **changes})
        return self.database.write_now(people.add_affiliate, draft)

    def publish(self, by: str = "archive_group", **changes: Any) -> Listing:
        self.clock.moment += timedelta(seconds=1)
        return self.database.write_now(listings.publish, content(**changes), by=by)

    def neighbour(self, handle: str = "far_group", node: str = REMOTE, **changes: Any) -> Actor:
        actor = Actor(
            **{
                "id": self.ids.new(),
                "uri": f"https://{node}/actors/{handle}",
                "url": f"https://{node}/@{handle}",
                "role": Role.AFFILIATE,
                "handle": handle,
                "acct": f"{handle}@{node}",
                "name": "Far Group",
                "node": node,
                "kind": "user-group",
                "published": NOW,
                "updated": NOW,
                **changes,
            }
        )
        self.database.write_now(lambda store: store.actors.put(actor))
        return actor

    def take_in(self, by: Actor, **changes: Any) -> Listing:
        self.clock.moment += timedelta(seconds=1)
        listing_id = self.ids.new()
        own = {key: changes.pop(key) for key in ("uri", "url") if key in changes}
        listing = Listing(
            **content_fields(content(**changes)),
            **{
                "id": listing_id,
                "uri": f"https://{by.node}/proposals/{listing_id}",
                "url": f"https://{by.node}/proposals/{listing_id}",
                "by": by.uri,
                "node": by.node,
                "published": self.clock.now(),
                "updated": self.clock.now(),
                **own,
            },
        )
        self.database.write_now(listings.take_in, listing, b"{}")
        return listing

    def peer(self, node: str, name: str, *, state: FollowState, follows_us: bool) -> None:
        uri = f"https://{node}/actors/catalogue"
        self.neighbour("catalogue", node, name=name, role=Role.CATALOGUE)

        def meet(store: NodeStore) -> None:
            ours = store.addresses.catalogue
            store.parties.put(
                Party(
                    uri=uri,
                    type="Service",
                    inbox=f"{uri}/inbox",
                    shared_inbox=None,
                    outbox=f"{uri}/outbox",
                    followers=f"{uri}/followers",
                    proposals=f"{uri}/proposals",
                    fetched=NOW,
                )
            )
            pairs = [(ours, uri, state)]
            pairs += [(uri, ours, FollowState.ACCEPTED)] if follows_us else []
            for follower, followed, is_now in pairs:
                store.follows.put(
                    Follow(
                        uri=f"https://{node}/follows/{self.ids.new()}",
                        follower=follower,
                        followed=followed,
                        state=is_now,
                        created=NOW,
                        updated=NOW,
                    )
                )
            store.hosts.heard(node, NOW)

        self.database.write_now(meet)

    def app(self) -> web.Application:
        remote = Remote(user_agent="capx-test", policy=DialPolicy.development())
        homes = Homes(
            self.database,
            remote,
            addresses=self.site.addresses,
            clock=self.clock,
            settings=Settings(version="0", policy=DialPolicy.development()),
        )

        async def connected(_: web.Application) -> AsyncIterator[None]:
            async with remote:
                yield

        door = paced(
            Admission(Rates.unlimited()), Proxies(["127.0.0.0/8"]), self.clock, (), lambda _: None
        )
        app = web.Application(middlewares=[door, *middlewares(self.site)])
        app.cleanup_ctx.append(connected)
        app.add_routes(routes(self.site, self.database, homes))
        return app


def make_world(folder: Path, base_url: str = BASE_URL) -> World:
    addresses = Addresses(base_url)
    clock, ids = FixedClock(), CountedIds()
    around = Surroundings(clock=clock, ids=ids, addresses=addresses, taxonomy=taxonomy.load())
    path = folder / "node.sqlite3"
    connection = connect(path)
    migrate(connection)
    connection.close()
    site = Site(
        name="Northern Exchange",
        summary=LanguageMap({"en": "<p>A node for groups of the north.</p>"}),
        addresses=addresses,
        languages=("en",),
        software="0.1.0",
    )
    database = Database(path, lambda sql: NodeStore(sql, around))
    return World(database=database, site=site, clock=clock, ids=ids)


def read_playground(world: World, path: Path) -> None:
    """Put the sample listings on the world: those of the first node as its own."""
    nodes = json.loads(path.read_text("utf-8"))["nodes"]
    world.site = replace(
        world.site,
        name=nodes[0]["name"],
        summary=_html(nodes[0]["summary"]),
        languages=tuple(nodes[0]["languages"]),
    )
    for place, node in enumerate(nodes):
        host = f"{node['handle_hint']}.example:810{place + 1}"
        for each in node["affiliates"]:
            known = {
                "kind": each["kind"],
                "summary": _html(each.get("summary", {})),
                "regions": tuple(each.get("regions", ())),
                "languages": tuple(each.get("languages", ())),
                "name": each["name"],
            }
            if place == 0:
                world.affiliate(each["handle"], **known)
            else:
                actor = world.neighbour(each["handle"], host, **known)
            for raw in each["listings"]:
                world.clock.moment += timedelta(hours=3)
                if place == 0:
                    world.publish(each["handle"], **_sample(raw, world))
                else:
                    world.take_in(actor, **_sample(raw, world))
        if place:
            world.peer(host, node["name"], state=FollowState.ACCEPTED, follows_us=place == 1)


def _sample(raw: Mapping[str, Any], world: World) -> dict[str, Any]:
    days = raw.get("until_days")
    return {
        "kind": Kind(raw["kind"]),
        "category": Category(raw["category"]),
        "title": LanguageMap(raw["title"]),
        "text": _html(raw["text"]),
        "audience": LanguageMap(raw.get("audience")),
        "mode": Mode(raw.get("mode", "online")),
        "hours": Decimal(str(raw["hours"])) if "hours" in raw else None,
        "amount": Decimal(str(raw["amount"])) if "amount" in raw else None,
        "currency": raw.get("currency"),
        "until": world.clock.now() + timedelta(days=days) if days else None,
        "visibility": Visibility(raw.get("visibility", "public")),
        **{
            key: tuple(raw.get(key, ()))
            for key in ("capacities", "methods", "delivery_languages", "regions")
        },
    }


def _html(texts: Mapping[str, str]) -> LanguageMap:
    return LanguageMap({language: from_markdown(text) for language, text in texts.items()})


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def valid() -> Callable[..., ListingContent]:
    return content


@pytest.fixture
async def browser(world: World) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """A client that asks as a browser does."""
    client = TestClient(TestServer(world.app()), headers={"Accept": "text/html,*/*;q=0.8"})
    async with client:
        yield client


@pytest.fixture
async def app(world: World) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """What apps made for Mastodon speak to."""
    desk = Desk(site=world.site, keeper=world.database, posts=Posts(world.site.addresses))
    made = web.Application()
    made.add_routes(app_routes(desk))
    async with TestClient(TestServer(made)) as client:
        yield client
