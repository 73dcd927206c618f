"""Real nodes for a journey: each has its own folder, port, database and keys, and real sockets."""

import asyncio
import inspect
import random
import socket
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

from catalogue import listings, matching
from catalogue.following import request_for_node
from catalogue.language import LanguageMap
from catalogue.model import Actor, Category, Follow, FollowState, Kind, Listing, ListingContent
from catalogue.people import AffiliateDraft
from catalogue.policy import MEMBER
from federation.guard import DialPolicy
from federation.keyring import new_keys
from federation.retry import RetryPolicy
from federation.settings import Rates, Settings
from node.app import DATABASE, RESOLVER, make_app
from node.config import Config, software_version
from node.serving import Patience, runner_of
from node.setup import NodeDatabase, admit, create_node
from node.storage.store import NodeStore

T = TypeVar("T")

DEADLINE = 30.0  # seconds: long enough for a loaded machine, never waited for when all is well
ACTIVITY = "application/activity+json"
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"

# Failures are tried again at once and never given up: a journey does not wait for Mastodon's pace.
IMPATIENT = RetryPolicy(longest_delay=0.1, attempts=100_000)

_CHOICE = random.SystemRandom()


async def eventually(
    condition: Callable[[], T | Awaitable[T]], seconds: float = DEADLINE, pause: float = 0.02
) -> T:
    """Return the first true value of ``condition``; fail when it does not come in time."""
    value: Any = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                value = condition()
                if inspect.isawaitable(value):
                    value = await value
                if value:
                    return value
                await asyncio.sleep(pause)
    except TimeoutError:
        raise AssertionError(f"it did not come to be in {seconds} s; at last: {value!r}") from None


def free_port() -> int:
    """Return a port that nothing uses, below those the kernel gives to outgoing connections."""
    while True:
        port = _CHOICE.randrange(15_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def settings(**changes: Any) -> Settings:
    """How a node of a journey federates: as in development, without patience for failures."""
    given = {
        "version": software_version(),
        "policy": DialPolicy.development(),
        "retry": IMPATIENT,
        "rates": Rates.unlimited(),
    }
    return Settings(**(given | changes))


def offer(title: str = "Mediation for beginners", **changes: Any) -> ListingContent:
    """A valid offer, with ``changes``."""
    content = ListingContent(
        kind=Kind.OFFER,
        category=Category.SKILL,
        title=LanguageMap({"en": title}),
        text=LanguageMap({"en": "<p>We show how to talk when talking is hard.</p>"}),
        capacities=("mediation",),
        delivery_languages=("en",),
    )
    return replace(content, **changes)


def need(title: str = "Help with a conflict", **changes: Any) -> ListingContent:
    """A valid need that the offer meets."""
    return offer(title, **{"kind": Kind.NEED, **changes})


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that a node has answered."""

    method: str
    path: str
    query: str
    status: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a node answered to one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass
class Node:
    """A running node of this process, which notes every request that it answers."""

    config: Config
    settings: Settings
    patience: Patience | None = None
    asked: list[Asked] = field(default_factory=list, repr=False)
    runner: web.AppRunner | None = field(default=None, repr=False)

    # -- its life -----------------------------------------------------------------------------

    async def start(self) -> "Node":
        """Start it, for the first time or again, on the port it has always had."""
        app = make_app(self.config, self.settings)
        app.middlewares.insert(0, self._noting())
        self.runner = runner_of(app, self.patience)
        await self.runner.setup()
        await web.TCPSite(self.runner, self.config.host, self.config.port).start()
        return self

    async def stop(self) -> None:
        """Stop it; what it knows stays in its folder."""
        if self.runner is not None:
            runner, self.runner = self.runner, None
            await runner.cleanup()

    def _noting(self) -> Any:
        @web.middleware
        async def note(request: web.Request, handler: Any) -> web.StreamResponse:
            status = 500
            try:
                response: web.StreamResponse = await handler(request)
                status = response.status
            except web.HTTPException as error:
                status = error.status
                raise
            finally:
                self.asked.append(Asked(request.method, request.path, request.query_string, status))
            return response

        return note

    @property
    def app(self) -> web.Application:
        """The application, while it runs."""
        assert self.runner is not None
        return self.runner.app

    @property
    def database(self) -> NodeDatabase:
        """Its database, while it runs."""
        return self.app[DATABASE]

    @property
    def url(self) -> str:
        """Its base URL."""
        return self.config.base_url

    @property
    def authority(self) -> str:
        """What peers call it."""
        return self.config.addresses.authority

    @property
    def catalogue(self) -> str:
        """The URI of its catalogue."""
        return self.config.addresses.catalogue

    @property
    def inbox(self) -> str:
        """Its shared inbox."""
        return f"{self.url}/inbox"

    # -- what happens on it -------------------------------------------------------------------

    async def affiliate(self, handle: str, name: str = "") -> Actor:
        """Add an affiliate with its keys."""
        keys = new_keys(self.config.addresses.actor(handle), datetime.now(UTC))
        draft = AffiliateDraft(handle=handle, name=name or handle)
        return await self.database.write(admit, draft, keys)

    async def publish(self, content: ListingContent, by: str) -> Listing:
        """Publish a listing."""
        return await self.database.write(listings.publish, content, by=by)

    async def publish_all(self, contents: Sequence[ListingContent], by: str) -> list[Listing]:
        """Publish several listings in one transaction."""
        return await self.database.write(
            lambda store: [listings.publish(store, content, by=by) for content in contents]
        )

    async def edit(self, listing: Listing, **changes: Any) -> Listing:
        """Change a listing."""
        content = replace(listing.content, **changes)
        return await self.database.write(listings.edit, listing.id, content)

    async def close_listing(self, listing: Listing) -> Listing:
        """Close a listing."""
        return await self.database.write(listings.close, listing.id)

    async def delete(self, listing: Listing) -> None:
        """Delete a listing."""
        await self.database.write(listings.delete, listing.id)

    async def ask_to_follow(self, whom: str) -> Follow:
        """Ask, in the catalogue's name, to follow an actor named by its URI or handle."""
        uri = await self.app[RESOLVER].find_actor(whom)
        return await self.database.write(request_for_node, uri)

    async def follow(self, whom: str) -> None:
        """Follow somebody, wait for their answer and read their catalogue to its end."""
        follow = await self.ask_to_follow(whom)
        await eventually(lambda: self.database.read(_is_settled, follow))

    # -- what it knows ------------------------------------------------------------------------

    async def find(self, uri: str) -> Listing | None:
        """Return what it knows of a listing."""
        return await self.database.read(lambda store: store.listings.find_by_uri(uri))

    async def titles(self) -> dict[str, str]:
        """Return the main title of every listing it holds, open or closed, by URI."""
        return {uri: title for uri, (title, _) in holdings(self.config.database).items()}

    async def matches(self, uri: str) -> dict[str, tuple[str, ...]]:
        """Return the matches of a listing: the other's URI, and the terms of its reasons."""

        def read(store: NodeStore) -> dict[str, tuple[str, ...]]:
            listing = listings.get(store, uri)
            found = matching.best_of(store, listing, viewer=MEMBER)
            return {other.uri: tuple(each.term for each in m.reasons) for m, other in found}

        return await self.database.read(read)

    async def is_at_rest(self) -> bool:
        """Say whether nothing that came in waits any more, nor a match or an event."""
        pending = self.rows("SELECT * FROM inbox WHERE state = 'pending'")
        waiting = self.rows("SELECT 1 FROM match_due UNION ALL SELECT 1 FROM event")
        return pending == [] and waiting == []

    def belief(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return all that it holds to be so."""
        return belief(self.config.database)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask its database file directly."""
        return rows(self.config.database, sql, *values)

    # -- as others see it ---------------------------------------------------------------------

    async def get(self, path: str, accept: str = ACTIVITY) -> Answer:
        """Ask for a path of it, unsigned."""
        url = path if path.startswith("http") else self.url + path
        headers = {"Accept": accept, "Accept-Encoding": "identity"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, headers=headers, allow_redirects=False) as response,
        ):
            return Answer(response.status, dict(response.headers), await response.read())


def _is_settled(store: NodeStore, follow: Follow) -> bool:
    known = store.follows.find_between(follow.follower, follow.followed)
    is_accepted = known is not None and known.state is FollowState.ACCEPTED
    return is_accepted and store.catch_ups.next_due_at() is None


# -- database files ---------------------------------------------------------------------------


def rows(path: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Ask a database file, also one that another process writes to."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10.0)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def holdings(path: Path) -> dict[str, tuple[str, str]]:
    """Return the main title and the status of every listing in a database, by URI."""
    sql = "SELECT uri, content ->> '$.title.en', status FROM listing ORDER BY uri"
    return {uri: (title, status) for uri, title, status in rows(path, sql)}


def everything(path: Path, without: Iterable[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, to see whether anything has changed at all."""
    tables = rows(path, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    names = [name for (name,) in tables if name not in set(without)]
    return {name: sorted(rows(path, f'SELECT * FROM "{name}"'), key=repr) for name in names}  # noqa: S608


def belief(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that a node holds to be so, but not when it last heard or asked."""
    found = everything(path, without=("inbox", "host", "party", "known_key", "sqlite_sequence"))
    found["party"] = rows(path, "SELECT uri, inbox, shared_inbox, proposals FROM party")
    found["known_key"] = rows(path, "SELECT uri, owner, material FROM known_key")
    return found


def quick_check(path: Path) -> str:
    """Ask SQLite whether a database is sound."""
    ((answer,),) = rows(path, "PRAGMA quick_check")
    return str(answer)


# -- several nodes ----------------------------------------------------------------------------


def configured(folder: Path, name: str) -> Config:
    """Make a node that does not run yet."""
    port = free_port()
    config = Config(
        data=folder / name,
        base_url=f"http://127.0.0.1:{port}",
        port=port,
        name=name,
        dev=True,
    )
    create_node(config)
    return config


@dataclass
class World:
    """The nodes of one journey."""

    folder: Path
    nodes: list[Node] = field(default_factory=list)

    async def node(
        self,
        name: str,
        *,
        patience: Patience | None = None,
        operator: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> Node:
        """Make a node and start it; ``changes`` are settings, ``operator`` those of its folder."""
        config = await asyncio.to_thread(configured, self.folder, name)
        node = Node(replace(config, **(operator or {})), settings(**changes), patience)
        self.nodes.append(node)
        return await node.start()

    async def pair(self, **changes: Any) -> tuple[Node, Node]:
        """Make two nodes of which the second follows the first."""
        source, follower = await self.node("source", **changes), await self.node("follower")
        await follower.follow(source.catalogue)
        return source, follower

    async def close(self) -> None:
        """Stop all of them."""
        await asyncio.gather(*(node.stop() for node in self.nodes))
