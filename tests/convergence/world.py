"""Several nodes in one process: everything is real but sockets, threads and time.

A node here is its database file, its keys and the parts that :mod:`node.app` puts together; what it
serves goes through its own routes, what it sends through its own way out. It can die between any
two transactions: a fuse counts them, and when it is burnt whatever was going on never goes on.
"""

import asyncio
import functools
import random
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from catalogue import following, listings, taxonomy
from catalogue.addresses import Addresses
from catalogue.language import LanguageMap
from catalogue.listings import fingerprint
from catalogue.model import (
    Category,
    FollowState,
    Kind,
    Listing,
    ListingContent,
    Role,
    Visibility,
)
from federation import publisher
from federation.admission import Admission
from federation.catch_up import Reader
from federation.comparing import Comparer
from federation.delivery import Courier
from federation.dispatcher import Dispatcher
from federation.inbox import Inbox
from federation.keyring import Keyring, new_keys
from federation.knocking import Knocker
from federation.mapping.proposal import from_note, to_note
from federation.model import OwnKey
from federation.resolver import Resolver
from federation.routes import routes
from federation.settings import Rates, Settings
from node.app import tidy
from node.storage.database import connect
from node.storage.migrations import migrate
from node.storage.sql import Sql
from node.storage.store import NodeStore, Surroundings
from tests.convergence.network import Doors, Network, Parcel, Reply, Way
from tests.samples import actor

START = datetime(2030, 5, 3, 12, 0, tzinfo=UTC)
GUILD = "guild"
SETTINGS = Settings(version="0", rates=Rates.unlimited())
TAXONOMY = taxonomy.load()

TURNS = 2_000  # of all stations until nothing is left to do now
JUMPS = 600  # from one thing that is due to the next until everything has come to rest


class StuckError(AssertionError):
    """The nodes do not come to rest."""


@functools.cache
def keys_of(owner: str) -> tuple[OwnKey, ...]:
    """Make the keys of an actor, once for all tests: they cost."""
    return tuple(new_keys(owner, START))


@dataclass
class Ids:
    """Ids that are never given twice, also after a restart."""

    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def new(self) -> str:
        return f"{next(self.numbers):06}"


@dataclass
class Clock:
    """A node's clock: the time of the world, and how wrong it is."""

    world: "World"
    skew: timedelta = timedelta()

    def now(self) -> datetime:
        return self.world.now + self.skew


class Database:
    """A node's database without threads; a transaction is still one plain function."""

    def __init__(self, path: Path, around: Surroundings, pulse: Callable[[], Awaitable[None]]):
        self.connection = connect(path)
        self.connection.execute("PRAGMA synchronous = OFF")
        self._store = NodeStore(Sql(self.connection), around)
        self._pulse = pulse

    async def read(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        await self._pulse()
        return work(self._store, *args, **kwargs)

    async def write(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        await self._pulse()
        with self.transaction():
            result = work(self._store, *args, **kwargs)
        await self._pulse()
        return result

    def write_now(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with self.transaction():
            return work(self._store, *args, **kwargs)

    def read_now(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return work(self._store, *args, **kwargs)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")


class Node:
    """One node, running or dead."""

    def __init__(self, world: "World", name: str, path: Path) -> None:
        self.world = world
        self.name = name
        self.path = path
        self.addresses = Addresses(f"https://{name}.example")
        self.clock = Clock(world)
        self.ids = Ids()
        self.keyring = Keyring()
        self.chance = random.Random(name)  # noqa: S311 - so that a failure comes again
        self.fuse: int | None = None
        self.is_up = False
        self.died = asyncio.Event()

    @property
    def authority(self) -> str:
        return self.addresses.authority

    @property
    def catalogue(self) -> str:
        return self.addresses.catalogue

    # -- its life -----------------------------------------------------------------------------

    def start(self) -> None:
        """Put it together from what is on its disk."""
        around = Surroundings(
            clock=self.clock, ids=self.ids, addresses=self.addresses, taxonomy=TAXONOMY
        )
        self.died, self.fuse, self.is_up = asyncio.Event(), None, True
        died = self.died
        self.database = Database(self.path, around, functools.partial(self._pulse, died))
        knocker = Knocker(self.database, self.keyring, clock=self.clock)
        self.remote = Way(
            self.world.network,
            self.authority,
            user_agent="capx-simulated",
            policy=SETTINGS.policy,
            signer=functools.partial(knocker.knock, self.addresses.instance, "GET"),
            limits=SETTINGS.limits,
            may_contact=lambda host: host != self.authority,
            now=self.clock.now,
        )
        parts: dict[str, Any] = {"clock": self.clock, "settings": SETTINGS}
        admission = Admission(SETTINGS.rates)
        doors = {**parts, "addresses": self.addresses, "admission": admission}
        self.resolver = Resolver(self.database, self.remote, **doors)
        self.inbox = Inbox(self.database, self.resolver, **doors)
        moving = {**parts, "chance": self.chance.random, "wake": lambda: None}
        self.courier = Courier(self.database, self.remote, self.keyring, **moving)
        self.dispatcher = Dispatcher(self.database, self.resolver, **moving)
        self.reader = Reader(self.database, self.resolver, **moving)
        self.comparer = Comparer(self.database, self.resolver, **moving)
        self.carriers = (self.dispatcher, self.courier, self.reader, self.comparer)
        self.doors = Doors(
            routes(
                self.database,
                self.inbox,
                self.keyring,
                addresses=self.addresses,
                settings=SETTINGS,
                admission=admission,
            )
        )
        self.world.network.stations[self.authority] = self

    async def crash(self) -> None:
        """End the process where it stands; its disk stays."""
        self._die()
        for carrier in self.carriers:
            await carrier.close()
        self.database.connection.close()

    def _die(self) -> None:
        self.is_up = False
        self.died.set()

    async def _pulse(self, died: asyncio.Event) -> None:
        """Come past before and after each transaction: the fuse burns."""
        await asyncio.sleep(0)
        if self.fuse is not None and not died.is_set():
            self.fuse -= 1
            if self.fuse <= 0:
                self._die()
        if died.is_set():
            await asyncio.get_running_loop().create_future()  # nothing more happens

    # -- what it does -------------------------------------------------------------------------

    async def serve(self, parcel: Parcel) -> Reply:
        """Answer a request, or break off when this process ends before it has answered."""
        reply = await self._until_death(self.doors.answer(parcel))
        if reply is None:
            return Reply(503, _NO_HEADERS())
        return reply

    async def turn(self) -> int:
        """Let each of its loops work once; return how much was done."""
        if not self.is_up:
            return 0
        done = await self._until_death(self._turn())
        if done is None:
            await self.crash()
            return 0
        return int(done)

    async def _turn(self) -> int:
        told = await self.database.write(publisher.tell_pending, self.keyring)
        return sum([told, *[await carrier.work() for carrier in self.carriers]])

    async def _until_death(self, work: Any) -> Any:
        task = asyncio.ensure_future(work)
        death = asyncio.ensure_future(self.died.wait())
        try:
            await asyncio.wait({task, death}, return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            for each in (task, death):
                if not each.done():
                    each.cancel()
            await asyncio.gather(task, death, return_exceptions=True)

    @property
    def has_open_lanes(self) -> bool:
        return self.is_up and any(
            len(lanes)
            for lanes in (
                self.dispatcher._waiting,
                self.courier._lanes,
                self.reader._reading,
                self.comparer._lanes,
            )
        )

    def tidy(self) -> None:
        """Do what is done every minute."""
        self.database.write_now(tidy, SETTINGS)

    def next_due(self) -> datetime | None:
        """Return when something of it falls due, in the time of the world."""
        store = self.database.read_now(lambda store: store)
        moments = [
            store.inbox.next_due_at(),
            store.deliveries.next_due_at(),
            store.catch_ups.next_due_at(),
            store.comparisons.next_due_at(),
        ]
        known = [moment - self.clock.skew for moment in moments if moment is not None]
        return min(known, default=None)

    @property
    def is_at_rest(self) -> bool:
        """Say whether nothing waits in any of its queues."""
        ((waiting,),) = self.rows(
            """
            SELECT (SELECT count(*) FROM inbox WHERE state = 'pending')
                + (SELECT count(*) FROM delivery WHERE state = 'pending')
                + (SELECT count(*) FROM catch_up) + (SELECT count(*) FROM event)
            """
        )
        return bool(waiting == 0)

    # -- what it holds ------------------------------------------------------------------------

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.database.connection.execute(sql, values).fetchall()]

    def find(self, uri: str) -> Listing | None:
        found: Listing | None = self.database.read_now(
            lambda store: store.listings.find_by_uri(uri)
        )
        return found

    def own(self) -> list[Listing]:
        """Return every listing that was made here."""
        return self._of(self.authority)

    def _of(self, node: str) -> list[Listing]:
        uris = self.rows("SELECT uri FROM listing WHERE node = ? ORDER BY uri", node)
        return [found for (uri,) in uris if (found := self.find(uri))]

    def is_following(self, other: "Node") -> bool:
        return self._follow(self, other.catalogue) and other._follow(self, other.catalogue)

    def _follow(self, follower: "Node", followed: str) -> bool:
        follow = self.database.read_now(
            lambda store: store.follows.find_between(follower.catalogue, followed)
        )
        return follow is not None and follow.state is FollowState.ACCEPTED

    def believes_to_follow(self, other: "Node") -> bool:
        return self._follow(self, other.catalogue)

    def held_of(self, other: "Node") -> dict[str, tuple[datetime, bytes]]:
        """Return what it takes for open of another node: version and content by address."""
        return {
            each.uri: (each.updated, fingerprint(each))
            for each in self._of(other.authority)
            if each.status == "open"
        }

    def open_for(self, other: "Node") -> dict[str, tuple[datetime, bytes]]:
        """Return what another node should hold of this one, as the wire carries it."""
        found = {}
        for each in self._of(self.authority):
            if each.status == "open" and each.visibility in {
                Visibility.PUBLIC,
                Visibility.NETWORK,
            }:
                told = from_note(
                    to_note(each, TAXONOMY, self.addresses),
                    TAXONOMY,
                    local_id="",
                    now=self.clock.now(),
                )
                found[told.uri] = told.updated, fingerprint(told)
        del other
        return found

    # -- what people do on it -----------------------------------------------------------------

    def publish(self, title: str, visibility: Visibility = Visibility.PUBLIC) -> Listing:
        made: Listing = self.database.write_now(
            listings.publish, offer(title, visibility), by=GUILD
        )
        return made

    def edit(self, listing: Listing, title: str) -> Listing:
        content = replace(listing.content, title=LanguageMap({"en": title}))
        changed: Listing = self.database.write_now(listings.edit, listing.id, content)
        return changed

    def close_listing(self, listing: Listing) -> None:
        self.database.write_now(listings.close, listing.id)

    def delete(self, listing: Listing) -> None:
        self.database.write_now(listings.delete, listing.id)

    def follow(self, other: "Node") -> None:
        self.database.write_now(following.request_for_node, other.catalogue)

    def unfollow(self, other: "Node") -> None:
        self.database.write_now(
            following.withdraw, follower=self.catalogue, followed=other.catalogue
        )


def _NO_HEADERS() -> Any:  # noqa: N802
    from multidict import CIMultiDict

    return CIMultiDict()


def offer(title: str, visibility: Visibility) -> ListingContent:
    return ListingContent(
        kind=Kind.OFFER,
        category=Category.SKILL,
        title=LanguageMap({"en": title}),
        text=LanguageMap({"en": f"<p>{title}</p>"}),
        capacities=("mediation",),
        delivery_languages=("en",),
        visibility=visibility,
    )


class World:
    """All nodes, the network between them, and the time."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self.now = START
        self.network = Network()
        self.nodes = [Node(self, name, folder / f"{name}.db") for name in names]
        self.deleted: set[str] = set()

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)

    def between(self) -> list[tuple[Node, Node]]:
        return [(one, other) for one in self.nodes for other in self.nodes if one is not other]

    async def run(self) -> None:
        """Let everybody work until nothing can be done at this moment."""
        for _ in range(TURNS):
            done = sum([await node.turn() for node in self.nodes])
            open_lanes = False
            for _ in range(5):
                await asyncio.sleep(0)
            for node in self.nodes:
                if not node.is_up and node.died.is_set() and _is_open(node):
                    await node.crash()
                open_lanes = open_lanes or node.has_open_lanes
            if not done and not open_lanes:
                return
        raise StuckError("there is always more to do at one moment")

    async def settle(self) -> None:
        """Mend everything and let time pass until the nodes have come to rest and agreed."""
        self.network.heal()
        for node in self.nodes:
            node.fuse = None
            node.clock.skew = timedelta()
            if not node.is_up:
                node.start()
        await self.run()
        while self.network.held:
            await self.network.release(0)
        self.pass_by(seconds=2)
        since = self.now
        for _ in range(JUMPS):
            await self.run()
            for node in self.nodes:
                node.tidy()
            await self.run()
            if self._is_settled(since):
                return
            due = [moment for node in self.nodes if (moment := node.next_due()) is not None]
            self.now = max(self.now + timedelta(seconds=1), min(due, default=self.now))
        raise StuckError(f"not at rest after {self.now - since}: {self._unrest(since)}")

    def _is_settled(self, since: datetime) -> bool:
        return not self._unrest(since)

    def _unrest(self, since: datetime) -> list[Any]:
        found: list[Any] = [node.name for node in self.nodes if not node.is_at_rest]
        for node in self.nodes:
            sql = "SELECT actor, agreed_at, reason FROM comparison"
            found += [
                (node.name, actor_uri, reason)
                for actor_uri, agreed, reason in node.rows(sql)
                if agreed is None or not since.timestamp() <= agreed / 1000 <= self.now.timestamp()
            ]
        return found

    def check(self) -> None:
        """Hold what every node has of every other to what that other has open."""
        for follower, owner in self.between():
            held = follower.held_of(owner)
            if follower.believes_to_follow(owner):
                assert follower.is_following(owner), (follower.name, owner.name)
                wanted = owner.open_for(follower)
                assert held == wanted, _difference(follower, owner, held, wanted)
            else:
                assert held == {}, (follower.name, "does not follow", owner.name)
        for node in self.nodes:
            self.check_node(node)

    def check_node(self, node: Node) -> None:
        """Hold a node to what must be so at any moment."""
        dead = node.rows(
            """
            SELECT listing.uri FROM listing
            JOIN tombstone ON tombstone.uri = listing.uri AND by_uri = listing.by_uri
            """.replace("AND by_uri", "AND tombstone.by_uri")
        )
        assert dead == [], (node.name, "holds what was deleted")
        for (owner,) in node.rows("SELECT DISTINCT node FROM listing"):
            self._check_digests(node, owner)

    def _check_digests(self, node: Node, owner: str) -> None:
        from catalogue.digest import bucket_of, digest_of, leaf

        opened = [
            each
            for each in node._of(owner)
            if each.status == "open" and each.visibility != Visibility.NODE
        ]
        store = node.database.read_now(lambda store: store)
        wanted = digest_of(leaf(each.uri, each.updated) for each in opened)
        assert store.digests.whole(owner) == (wanted, len(opened)), (node.name, owner)
        buckets: dict[int, list[bytes]] = {}
        for each in opened:
            buckets.setdefault(bucket_of(each.uri), []).append(leaf(each.uri, each.updated))
        assert store.digests.buckets(owner) == {
            bucket: digest_of(leaves) for bucket, leaves in buckets.items()
        }

    async def close(self) -> None:
        for node in self.nodes:
            if node.is_up:
                await node.crash()


def _is_open(node: Node) -> bool:
    try:
        node.database.connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return False
    return True


def _difference(follower: Node, owner: Node, held: Any, wanted: Any) -> str:
    return f"{follower.name} of {owner.name}: " + "; ".join(
        f"{uri}: holds {held.get(uri)}, should {wanted.get(uri)}"
        for uri in sorted(held.keys() | wanted.keys())
        if held.get(uri) != wanted.get(uri)
    )


# -- beginnings -----------------------------------------------------------------------------------


def found_node(node: Node) -> None:
    """Make a node's database with its own actors and their keys."""
    connection = connect(node.path)
    migrate(connection)
    around = Surroundings(
        clock=node.clock, ids=node.ids, addresses=node.addresses, taxonomy=TAXONOMY
    )
    store, authority = NodeStore(Sql(connection), around), node.authority
    connection.execute("BEGIN")
    for handle, uri, role in (
        (authority, node.addresses.instance, Role.INSTANCE),
        ("catalogue", node.catalogue, Role.CATALOGUE),
        (GUILD, node.addresses.actor(GUILD), Role.AFFILIATE),
    ):
        store.actors.put(
            actor(handle, node=authority, uri=uri, role=role, published=START, updated=START)
        )
        for key in keys_of(uri):
            store.keys.put_own(key)
    connection.execute("COMMIT")
    connection.close()


async def befriend(world: World) -> None:
    """Have everybody follow everybody, by letters."""
    for node in world.nodes:
        found_node(node)
        node.start()
    for one, other in world.between():
        await one.resolver.find_actor(other.catalogue)
        one.follow(other)
    await world.settle()
    world.check()


class Beginning:
    """A world whose nodes follow one another, kept as files to begin anew from."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self.folder = folder
        self.names = names
        self._made = False

    async def copy(self, folder: Path) -> World:
        """Return such a world, running, in a folder of its own."""
        if not self._made:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            world = World(self.folder, self.names)
            await befriend(world)
            await world.close()
            self.now, self.ids = (
                world.now,
                {node.name: next(node.ids.numbers) for node in world.nodes},
            )
            self._made = True
        folder.mkdir(parents=True)  # noqa: ASYNC240 - nothing else goes on
        world = World(folder, self.names)
        world.now = self.now
        for node in world.nodes:
            shutil.copy(self.folder / f"{node.name}.db", node.path)
            node.ids = Ids(count(self.ids[node.name]))
            node.start()
        return world
