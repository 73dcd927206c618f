"""The one place where the parts of a node are put together."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from catalogue import matching
from catalogue.addresses import Addresses, Path
from catalogue.listings import close_due
from federation import publisher
from federation.admission import Admission
from federation.catch_up import Reader
from federation.comparing import Comparer
from federation.delivery import Courier
from federation.departures import Departures
from federation.dispatcher import Dispatcher
from federation.guard import DialPolicy
from federation.homes import Homes
from federation.inbox import Inbox
from federation.keyring import Keyring
from federation.knocking import Knocker
from federation.model import Openness
from federation.negotiation import prefers_activity
from federation.remote import Remote
from federation.resolver import Resolver
from federation.rotation import tidy_keys
from federation.routes import NO_FEDERATION, Route, problem
from federation.routes import routes as machine_routes
from federation.settings import Rates, Settings
from node.clients import Proxies
from node.config import LOCK, Config, software_version
from node.gate import paced, unblocked
from node.health import Health
from node.identity import SystemClock
from node.lock import locked
from node.posts import Posts
from node.setup import NodeDatabase, open_database, summary_of
from node.storage.store import NodeStore
from node.worker import Station, Worker, every
from web import accounts
from web.mastodon.desk import Desk
from web.mastodon.routes import routes as app_routes
from web.middleware import busy_page, middlewares
from web.routes import routes as people_routes
from web.site import Site

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TIDY = timedelta(minutes=1)
MATCHED_AT_ONCE = 8
RESTS = 9  # times as long as the matching before it
SWEEP = timedelta(hours=1)
STRANGERS = 10_000  # actors and hosts that nothing here names, remembered at most
DEAD_LETTERS = 1_000  # given up and kept whole, to be looked at
STAND_BACK_SECONDS = 1.0  # before it, while more comes in than can be worked on
REMEMBERED = timedelta(days=90)  # how long the id of a taken-in activity is known as a repeat

KEPT_DEAD = timedelta(days=30)  # how long an operator can see what was given up

DATABASE: web.AppKey[NodeDatabase] = web.AppKey("database", NodeDatabase)
RESOLVER: web.AppKey[Resolver] = web.AppKey("resolver", Resolver)
PROXIES: web.AppKey[Proxies] = web.AppKey("proxies", Proxies)


def make_app(config: Config, settings: Settings | None = None) -> web.Application:
    """Put a node together as an application that starts and stops all its parts.

    Raises StorageError for a database that cannot be used; AlreadyRunningError comes at its start.
    """
    clock = SystemClock()
    settings = settings or default_settings(config)
    database = open_database(config, clock)
    keyring, addresses = Keyring(), config.addresses
    remote = make_remote(database, keyring, addresses, settings)
    admission = Admission(settings.rates)
    resolver = Resolver(
        database,
        remote,
        addresses=addresses,
        clock=clock,
        settings=settings,
        admission=admission,
    )
    homes = Homes(database, remote, addresses=addresses, clock=clock, settings=settings)
    inbox = Inbox(
        database,
        resolver,
        addresses=addresses,
        clock=clock,
        settings=settings,
        admission=admission,
    )

    worker = Worker(database)
    chance = random.SystemRandom().random
    departures = Departures(database, resolver, worker.call)
    courier = Courier(
        database,
        remote,
        keyring,
        clock=clock,
        settings=settings,
        chance=chance,
        wake=worker.call,
        when_gone=departures.ask_about,
    )
    dispatcher = Dispatcher(
        database,
        resolver,
        clock=clock,
        settings=settings,
        chance=chance,
        wake=worker.call,
        is_crowded=lambda: inbox.is_crowded,
    )
    reader = Reader(
        database, resolver, clock=clock, settings=settings, chance=chance, wake=worker.call
    )
    comparer = Comparer(
        database, resolver, clock=clock, settings=settings, chance=chance, wake=worker.call
    )
    station = partial(Station, database=database, clock=clock)
    worker.add(station("publisher", partial(_tell, database, keyring), _nothing_due))
    worker.add(station("inbox", dispatcher.work, lambda store: store.inbox.next_due_at()))
    worker.add(station("matching", partial(_match, database, inbox, dispatcher), _nothing_due))
    worker.add(station("delivery", courier.work, lambda store: store.deliveries.next_due_at()))
    worker.add(station("catch-up", reader.work, lambda store: store.catch_ups.next_due_at()))
    worker.add(station("comparing", comparer.work, lambda store: store.comparisons.next_due_at()))
    tidying = partial(_tidy, database, settings, keyring)
    worker.add(station("tidy", tidying, every(clock, TIDY)), by_call=False)

    sweep = partial(_sweep, database, clock)
    worker.add(station("sweep", sweep, every(clock, SWEEP)), by_call=False)

    site = Site(
        name=config.name,
        summary=summary_of(config),
        addresses=addresses,
        languages=config.languages,
        software=settings.version,
        source=config.source,
    )
    machines = machine_routes(
        database, inbox, keyring, addresses=addresses, settings=settings, admission=admission
    )
    if config.federation is Openness.OFF:
        machines = [route for route in machines if route.path in NO_FEDERATION]
    proxies = Proxies(config.trusted_proxies)
    app = web.Application(
        middlewares=[
            only_our_host(addresses),
            paced(
                admission,
                proxies,
                clock,
                {str(route.path) for route in machines},
                busy_page(site),
            ),
            unblocked(database),
            *middlewares(site),
        ],
        client_max_size=settings.inbox_bytes,
    )
    app[DATABASE] = database
    app[PROXIES] = proxies
    app[RESOLVER] = resolver
    app.cleanup_ctx.append(
        partial(
            _alive,
            config,
            database,
            remote,
            worker,
            (courier, dispatcher, reader, comparer, departures),
        )
    )
    app.on_response_prepare.append(_say_what_it_is)
    health = Health(database, worker)
    app.router.add_get(Path.LIVEZ, health.live)
    app.router.add_get(Path.READYZ, health.ready)
    _add_doors(
        app,
        machines,
        [
            *people_routes(site, database, homes),
            *app_routes(Desk(site=site, keeper=database, posts=Posts(addresses))),
        ],
    )
    return app


def default_settings(config: Config) -> Settings:
    """Return how a node federates; a development node may speak http to loopback."""
    policy = DialPolicy.development() if config.dev else DialPolicy()
    policy = replace(policy, networks=config.allow_networks)
    rates = Rates.unlimited() if config.dev else Rates(address_requests=config.rate_limit)
    return Settings(
        version=software_version(),
        source=config.source,
        policy=policy,
        openness=config.federation,
        authorized_fetch=config.authorized_fetch,
        rates=rates,
    )


def make_remote(
    database: NodeDatabase, keyring: Keyring, addresses: Addresses, settings: Settings
) -> Remote:
    """Return the way out, whose fetches the instance actor signs."""
    database.read_now(keyring.request_signer, addresses.instance)  # without its key no start
    knocker = Knocker(database, keyring, clock=SystemClock())
    return Remote(
        user_agent=f"{settings.user_agent} (+{addresses.base_url})",
        policy=settings.policy,
        signer=partial(knocker.knock, addresses.instance, "GET"),
        limits=settings.limits,
        per_host=settings.lanes,
        may_contact=lambda host: host != addresses.authority,
    )


async def _alive(
    config: Config,
    database: NodeDatabase,
    remote: Remote,
    worker: Worker,
    carriers: Sequence[Courier | Dispatcher | Reader | Comparer | Departures],
    _: web.Application,
) -> AsyncIterator[None]:
    """Run all that lives with the application, and end it in the opposite order."""
    try:
        with locked(config.data / LOCK):
            async with remote:
                worker.start()
                yield
                await worker.stop()
                for each in carriers:
                    await each.close()
    finally:
        await asyncio.to_thread(database.close)


async def _tell(database: NodeDatabase, keyring: Keyring) -> int:
    """Turn what happened into deliveries."""
    if not await database.read(lambda store: store.events.next_pending(1)):
        return 0
    return await database.write(publisher.tell_pending, keyring)


async def _match(database: NodeDatabase, inbox: Inbox, dispatcher: Dispatcher) -> int:
    """Match listings that are new or changed: found by reading, so that nobody waits to write.

    While activities come in, matching leaves them most of the machine: it rests in between. While
    they come faster than they can be worked on, it matches one listing a second.
    """
    if inbox.is_crowded or dispatcher.is_behind:
        await asyncio.sleep(STAND_BACK_SECONDS)
    began = time.monotonic()
    findings = await database.read(
        matching.find_due, 1 if inbox.is_busy or dispatcher.is_behind else MATCHED_AT_ONCE
    )
    if findings:
        await database.write(matching.keep_found, findings)
        if inbox.is_busy:
            await asyncio.sleep(RESTS * (time.monotonic() - began))
    return len(findings)


async def _tidy(database: NodeDatabase, settings: Settings, keyring: Keyring) -> int:
    await database.write(tidy, settings)
    await database.write(accounts.tidy)
    await tidy_keys(database, keyring)
    return 0


def tidy(store: NodeStore, settings: Settings) -> None:
    """Close what has passed its last day, and forget what is of long ago."""
    now = store.clock.now()
    close_due(store)
    store.inbox.forget_before(now - REMEMBERED)
    store.deliveries.bury_before(now - settings.retry.hold)
    store.deliveries.forget_before(now - KEPT_DEAD)
    _wake_what_overslept(store, settings)


def _wake_what_overslept(store: NodeStore, settings: Settings) -> None:
    """Make due what a clock that was ahead has put off for longer than anything ever is (F09)."""
    now = store.clock.now()
    longest = max(2 * timedelta(seconds=settings.retry.longest_delay), 2 * settings.compare_every)
    for queue in (store.inbox, store.deliveries, store.catch_ups, store.comparisons):
        queue.wake_beyond(now + longest, now)
    store.hosts.wake_beyond(now + longest)


async def _sweep(database: NodeDatabase, clock: SystemClock) -> int:
    """Forget what strangers left behind."""
    await database.write(_forget_strangers, clock.now() - REMEMBERED)
    return 0


def _forget_strangers(store: NodeStore, moment: datetime) -> None:
    store.strangers.forget(moment, most=STRANGERS, dead=DEAD_LETTERS)


def _nothing_due(_: NodeStore) -> None:
    return None


# -- doors ----------------------------------------------------------------------------------------


def _add_doors(app: web.Application, machines: list[Route], people: list[web.RouteDef]) -> None:
    """Give each address its handler; where both doors have one, whoever asks decides."""
    for_people = {(route.method, route.path): route.handler for route in people}
    for route in machines:
        other = for_people.pop((route.method, str(route.path)), None)
        handler = negotiated(route.handler, other) if other else route.handler
        app.router.add_route(route.method, route.path, handler)
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, handler)
    for (method, path), handler in for_people.items():
        app.router.add_route(method, path, handler)
        if method == "GET":
            app.router.add_route("HEAD", path, handler)


async def _say_what_it_is(_: web.Request, response: web.StreamResponse) -> None:
    """Have browsers take every answer of both doors for what it says it is, and nothing else."""
    response.headers.setdefault("X-Content-Type-Options", "nosniff")


def negotiated(machine: Handler, person: Handler) -> Handler:
    """Return one handler for an address that serves both, by the Accept header."""

    async def answer(request: web.Request) -> web.StreamResponse:
        accept = ",".join(request.headers.getall("Accept", []))
        return await (machine if prefers_activity(accept) else person)(request)

    return answer


def only_our_host(addresses: Addresses) -> Middleware:
    """Return a middleware that answers for this node's own name only.

    A signature is made for a host, and links are built from one, so a request that names another
    (in its Host header or as an absolute address) is not for us (RFC 9110 7.4). Health is asked by
    whatever name the machine has.
    """
    authority = urlsplit(addresses.base_url).netloc
    health = {Path.LIVEZ, Path.READYZ}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.raw_path.startswith("/"):
            return problem(400, "malformed", "ask for a path of this node")
        hosts = request.headers.getall("Host", [])
        if request.path not in health and [host.lower() for host in hosts] != [authority]:
            return problem(421, "misdirected", f"this node is at {addresses.base_url}")
        return await handler(request)

    return check
