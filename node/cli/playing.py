"""``capx play``: several real nodes on this machine that share sample listings."""

import argparse
import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from node.cli.answer import Answer, add_command, number
from node.cli.finding import match_items
from node.config import ConfigError
from node.playground import (
    FIRST_PORT,
    Player,
    agreed,
    close_world,
    holding,
    open_doors,
    open_needs,
    open_world,
)
from node.serving import run_async, told_to_end
from node.storage.store import NodeStore

MAX_PORT = 65535
SHOWN_MATCHES = 5  # of each need, with --json


class NoAgreementError(ConfigError):
    """The nodes did not come to hold the same catalogue in time."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the command."""
    play = add_command(
        commands,
        "play",
        run=run_play,
        says="run real nodes on this machine that share sample listings",
        example="capx play --nodes 3 --port 8101",
        data_help="keep the nodes in this folder (default: a new one that goes at the end)",
    )
    play.add_argument("--nodes", type=int, default=3, metavar="N", help="1 to 9 (default: 3)")
    play.add_argument("--port", type=number, metavar="P", help=f"of the first node ({FIRST_PORT})")
    play.add_argument(
        "--once", action="store_true", help="end when the catalogues agree, and say what they hold"
    )


def run_play(arguments: argparse.Namespace) -> Answer | None:
    """Run the playground; with ``--once`` end when the catalogues agree."""
    if not 1 <= arguments.nodes <= 9:
        raise ConfigError(f"--nodes: {arguments.nodes} is not between 1 and 9")
    if (arguments.port or FIRST_PORT) + arguments.nodes > MAX_PORT:
        raise ConfigError(f"--port: {arguments.port} leaves no room for the nodes")
    with ExitStack() as stack:
        kept = arguments.data
        folder = Path(kept) if kept else Path(stack.enter_context(TemporaryDirectory()))
        answers: list[Answer] = []
        run_async(_play(arguments, folder, answers))
        return answers[0] if answers else None


async def _play(arguments: argparse.Namespace, folder: Path, answers: list[Answer]) -> None:
    begun = time.monotonic()
    players = await open_world(folder, nodes=arguments.nodes, port=arguments.port)
    try:
        converged = await agreed(players)
        data = await _described(players, converged=converged, seconds=time.monotonic() - begun)
        data["sign_in"] = await open_doors(players)
        if not converged:
            raise NoAgreementError("the nodes did not come to hold the same catalogue in time")
        answer = Answer(data, _lines(players, data))
        if arguments.once:
            answers.append(answer)
            return
        for line in [json.dumps(data, ensure_ascii=False)] if arguments.json else answer.lines:
            print(line, flush=True)
        print("Ctrl-C ends it.", file=sys.stderr, flush=True)
        await told_to_end()
    finally:
        await close_world(players)


async def _described(players: list[Player], *, converged: bool, seconds: float) -> dict[str, Any]:
    nodes = [
        {
            "base_url": player.config.base_url,
            "catalogue": player.config.addresses.catalogue,
            "listings": len(held.open_listings),
            "actors": len(held.affiliates),
        }
        for player in players
        for held in [await player.database.read(holding)]
    ]
    return {
        "nodes": nodes,
        "converged": converged,
        "seconds": round(seconds, 2),
        "matches": await players[0].database.read(_matches),
    }


def _matches(store: NodeStore) -> list[dict[str, Any]]:
    """Return every need with its best offers and their reasons, as the first node sees them."""
    return [
        {
            "need": need.uri,
            "title": need.title.main.text,
            "node": need.node,
            "offers": match_items(store, need.id, SHOWN_MATCHES),
        }
        for need in open_needs(store)
    ]


def _lines(players: list[Player], data: dict[str, Any]) -> list[str]:
    met = [each for each in data["matches"] if each["offers"]]
    abroad = [
        each for each in met if any(offer["node"] != each["node"] for offer in each["offers"])
    ]
    addresses = [
        f"  {player.config.base_url}  {player.config.name}"
        f"  (follow @{player.config.addresses.acct('catalogue')})"
        for player in players
    ]
    shared, door = data["nodes"][0]["listings"], data["sign_in"]
    return [
        f"{len(players)} nodes share {shared} open listings after {data['seconds']} s:",
        *addresses,
        f"{len(data['matches'])} needs, {len(met)} matched, {len(abroad)} from another node.",
        f"Sign in on each, from a Mastodon app: {door['name']}, password {door['password']}",
    ]
