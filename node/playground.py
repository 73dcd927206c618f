"""A small world to play in: several real nodes on this machine that share a sample catalogue.

Each node has its own folder, database and keys, listens on its own port, and follows the others'
catalogues over HTTP with real signatures. The affiliates and their listings are made up.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

from aiohttp import web

from catalogue import following, listings
from catalogue.language import LanguageMap
from catalogue.members import MemberDraft
from catalogue.model import (
    Category,
    FollowState,
    Kind,
    Listing,
    ListingContent,
    MemberRole,
    Mode,
    Role,
)
from catalogue.people import AffiliateDraft
from catalogue.policy import MEMBER
from catalogue.richtext import from_markdown
from catalogue.search import MAX_LIMIT, Query
from federation.keyring import new_keys
from node import config as configuration
from node.app import DATABASE, RESOLVER
from node.config import Config, ConfigError
from node.serving import start
from node.setup import NodeDatabase, admit, create_node, open_database
from node.storage.store import NodeStore
from web import accounts, passwords

FIRST_PORT = 8101
PASSWORD_LETTERS = 16
SIGN_IN = "player"  # the member that each node has
AGREE_SECONDS = 120.0  # how long the catalogues may take to agree


@dataclass(frozen=True, slots=True)
class Player:
    """One running node of the playground."""

    config: Config
    runner: web.AppRunner

    @property
    def database(self) -> NodeDatabase:
        """Its database."""
        return self.runner.app[DATABASE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one node holds: the URIs of the open listings and of the affiliates it knows."""

    open_listings: frozenset[str]
    affiliates: frozenset[str]


def sample_world() -> Sequence[Mapping[str, Any]]:
    """Return the made-up nodes, affiliates and listings that the playground starts with."""
    raw = resources.files("node").joinpath("data", "playground.json").read_text("utf-8")
    world: Sequence[Mapping[str, Any]] = json.loads(raw)["nodes"]
    return world


async def open_world(folder: Path, *, nodes: int, port: int | None) -> list[Player]:
    """Make what is not there yet and start every node; they begin to follow one another.

    ``port`` is the first node's, ``FIRST_PORT`` when none is named. Raises ConfigError when nodes
    that were kept are at other ports: their addresses are who they are.
    """
    world = sample_world()
    players: list[Player] = []
    try:
        for index in range(nodes):
            described = world[index % len(world)]
            config = await asyncio.to_thread(_settle, folder, described, index, port)
            players.append(Player(config, await start(config)))
        for player in players:
            await _follow_all(player, players)
    except BaseException:
        await close_world(players)
        raise
    return players


async def close_world(players: Sequence[Player]) -> None:
    """End every node cleanly."""
    await asyncio.gather(*(player.runner.cleanup() for player in players))


async def open_doors(players: Sequence[Player]) -> Mapping[str, str]:
    """Let one member sign in on every node, with a password made just now; return both."""
    password = accounts.new_secret()[:PASSWORD_LETTERS]
    encoded = await asyncio.to_thread(passwords.hashed, password)
    for player in players:
        await player.database.write(_let_in, encoded)
    return {"name": SIGN_IN, "password": password}


def _let_in(store: NodeStore, encoded: str) -> None:
    if store.members.find_by_name(SIGN_IN):
        accounts.set_password(store, SIGN_IN, encoded)
    else:
        draft = MemberDraft(name=SIGN_IN, display_name="Player", role=MemberRole.ADMIN)
        accounts.admit_member(store, draft, encoded)


async def agreed(players: Sequence[Player], seconds: float = AGREE_SECONDS) -> bool:
    """Wait until every node holds the same open listings; say whether they came to agree.

    They agree when each holds what all of them published themselves, and has matched it.
    """
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    call = partial(loop.call_soon_threadsafe, changed.set)
    forget = [player.database.when_committed(call) for player in players]
    try:
        async with asyncio.timeout(seconds):
            while not await _agree(players):
                await changed.wait()
                changed.clear()
    except TimeoutError:
        return False
    finally:
        for each in forget:
            each()
    return True


async def _agree(players: Sequence[Player]) -> bool:
    held = [await player.database.read(holding) for player in players]
    own = [await player.database.read(own_listings) for player in players]
    everything = frozenset().union(*own)
    waiting = [await player.database.read(_waits_to_match) for player in players]
    return all(each.open_listings == everything for each in held) and not any(waiting)


def _waits_to_match(store: NodeStore) -> bool:
    return bool(store.matches.list_due(1))


def holding(store: NodeStore) -> Holding:
    """Return what a node holds."""
    found = _open_listings(store, None)
    affiliates = store.actors.list_by_role(Role.AFFILIATE)
    return Holding(
        open_listings=frozenset(listing.uri for listing in found),
        affiliates=frozenset(each.uri for each in affiliates),
    )


def own_listings(store: NodeStore) -> frozenset[str]:
    """Return the URIs of the open listings that a node published itself."""
    return frozenset(each.uri for each in _open_listings(store, store.addresses.authority))


def open_needs(store: NodeStore) -> list[Listing]:
    """Return every open need that a node holds, its own and the others'."""
    return [each for each in _open_listings(store, None) if each.kind is Kind.NEED]


def _open_listings(store: NodeStore, node: str | None) -> list[Listing]:
    found: list[Listing] = []
    cursor: str | None = None
    while True:
        query = Query(node=node, limit=MAX_LIMIT, cursor=cursor, viewer=MEMBER)
        page = store.listings.search(query, store.clock.now())
        found += [hit.listing for hit in page.hits]
        if page.next is None:
            return found
        cursor = page.next


# -- making a node --------------------------------------------------------------------------------


def _settle(folder: Path, described: Mapping[str, Any], index: int, first: int | None) -> Config:
    """Return the configuration of a node, made now with its affiliates and listings if new."""
    data, port = folder / f"node{index + 1}", (first or FIRST_PORT) + index
    if (data / configuration.FILE).exists():
        kept = configuration.load(data, {})
        if first is not None and kept.port != port:
            raise ConfigError(f"the node kept in {data} is at port {kept.port}, not at {port}")
        return kept
    text = next(iter(described["summary"].values()))
    config = Config(
        data=data,
        base_url=f"http://127.0.0.1:{port}",
        port=port,
        name=described["name"],
        summary=text,
        languages=tuple(described["languages"]),
        dev=True,
    )
    create_node(config)
    _fill(config, described["affiliates"])
    return config


def _fill(config: Config, affiliates: Sequence[Mapping[str, Any]]) -> None:
    database = open_database(config)
    try:
        for described in affiliates:
            keys = new_keys(config.addresses.actor(described["handle"]), datetime.now(UTC))
            database.write_now(admit, _affiliate(described), keys)
            for listing in described["listings"]:
                database.write_now(listings.publish, _content(listing), by=described["handle"])
    finally:
        database.close()


def _affiliate(described: Mapping[str, Any]) -> AffiliateDraft:
    return AffiliateDraft(
        handle=described["handle"],
        name=described["name"],
        kind=described["kind"],
        summary=_html(described["summary"]),
        regions=tuple(described["regions"]),
        languages=tuple(described["languages"]),
    )


def _content(described: Mapping[str, Any]) -> ListingContent:
    days = described.get("until_days")
    return ListingContent(
        kind=Kind(described["kind"]),
        category=Category(described["category"]),
        title=LanguageMap(described["title"]),
        text=_html(described["text"]),
        capacities=tuple(described["capacities"]),
        methods=tuple(described.get("methods", ())),
        delivery_languages=tuple(described.get("delivery_languages", ())),
        regions=tuple(described.get("regions", ())),
        mode=Mode(described["mode"]),
        audience=LanguageMap(described.get("audience")),
        hours=_decimal(described.get("hours")),
        amount=_decimal(described.get("amount")),
        currency=described.get("currency"),
        until=_end_of_day(days) if days else None,
    )


def _html(texts: Mapping[str, str]) -> LanguageMap:
    return LanguageMap({language: from_markdown(text) for language, text in texts.items()})


def _decimal(number: object) -> Decimal | None:
    return None if number is None else Decimal(str(number))


def _end_of_day(days: int) -> datetime:
    day = datetime.now(UTC) + timedelta(days=days)
    return day.replace(hour=23, minute=59, second=59, microsecond=0)


async def _follow_all(player: Player, players: Sequence[Player]) -> None:
    """Ask to follow the catalogue of every other node that is not followed yet."""
    resolver = player.runner.app[RESOLVER]
    for other in players:
        catalogue = other.config.addresses.catalogue
        if other is player or await player.database.read(_follows, catalogue):
            continue
        acct = other.config.addresses.acct("catalogue")
        whom = await resolver.find_actor(acct)
        await player.database.write(following.request_for_node, whom)


def _follows(store: NodeStore, catalogue: str) -> bool:
    follow = store.follows.find_between(store.addresses.catalogue, catalogue)
    return follow is not None and follow.state is not FollowState.UNDONE
