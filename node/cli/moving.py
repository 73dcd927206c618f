"""``capx affiliate alias``, ``move``, ``bring``: an affiliate leaves one node for another."""

import argparse
import asyncio

from catalogue import moving
from catalogue.errors import Conflict
from catalogue.model import Actor, Listing
from federation.relocation import read_left_behind
from node.cli.answer import Answer, add_command
from node.cli.asking import asking, find_elsewhere, uri_of
from node.cli.opened import opened
from node.config import Config
from node.setup import NodeDatabase
from node.storage.store import NodeStore

PAGES = 250  # of an old node's collection


def add(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands of this file."""
    alias = add_command(
        group,
        "alias",
        run=run_alias,
        says="say that an affiliate is the same as an actor of another node",
        example="capx affiliate alias delta @delta@old.example",
    )
    _about(alias)
    alias.add_argument("other", metavar="ACCT-OR-URL", help="the actor at the other node")
    alias.add_argument("--remove", action="store_true", help="take it back")
    move = add_command(
        group,
        "move",
        run=run_move,
        says="say that an affiliate lives at another node now, for good",
        example="capx affiliate move delta @delta@new.example",
    )
    _about(move)
    move.add_argument("target", metavar="ACCT-OR-URL", help="the actor at the new node")
    bring = add_command(
        group,
        "bring",
        run=run_bring,
        says="publish the listings that an affiliate has left at its old node",
        example="capx affiliate bring delta @delta@old.example",
    )
    _about(bring)
    bring.add_argument("old", metavar="ACCT-OR-URL", help="the actor at the old node")


def _about(command: argparse.ArgumentParser) -> None:
    command.add_argument("handle", metavar="HANDLE", help="an affiliate of this node")


def run_alias(arguments: argparse.Namespace) -> Answer:
    """Add an alias, or take one back; to take back, nobody is asked."""
    with opened(arguments) as (config, database):
        if arguments.remove:
            known = database.read_now(uri_of, arguments.other)
            affiliate = database.write_now(moving.remove_alias, arguments.handle, known)
        else:
            database.read_now(moving.get_affiliate, arguments.handle)
            other = asyncio.run(find_elsewhere(config, database, arguments.other))
            affiliate = database.write_now(moving.add_alias, arguments.handle, other)
    names = ", ".join(affiliate.also_known_as) or "nobody else"
    return Answer(_data(affiliate), [f"{affiliate.handle} is also known as {names}."])


def run_move(arguments: argparse.Namespace) -> Answer:
    """Tell everyone that an affiliate has moved."""
    with opened(arguments) as (config, database):
        database.read_now(moving.get_affiliate, arguments.handle)
        target = asyncio.run(find_elsewhere(config, database, arguments.target))
        affiliate = database.write_now(_leave, arguments.handle, target)
    return Answer(
        _data(affiliate),
        [
            f"{affiliate.handle} has moved to {affiliate.moved_to}; its followers are told.",
            f"Next, at the new node: capx affiliate bring HANDLE @{affiliate.acct}",
        ],
    )


def run_bring(arguments: argparse.Namespace) -> Answer:
    """Publish anew what was left behind; what is here already stays as it is."""
    with opened(arguments) as (config, database):
        database.read_now(moving.get_affiliate, arguments.handle)
        found = asyncio.run(_left_behind(config, database, arguments.handle, arguments.old))
        brought = database.write_now(moving.bring, arguments.handle, found)
    return Answer(
        {"found": len(found), "brought": [{"id": each.id, "uri": each.uri} for each in brought]},
        [
            f"Brought {len(brought)} of {len(found)} listings.",
            *(["The others were here already."] if len(brought) < len(found) else []),
        ],
    )


def _leave(store: NodeStore, handle: str, target: str) -> Actor:
    actor = store.actors.find_by_uri(target)
    if actor is None:
        raise Conflict(f"{target} is not known")
    return moving.leave(store, handle, actor)


async def _left_behind(
    config: Config, database: NodeDatabase, handle: str, reference: str
) -> list[Listing]:
    """Read what the old node holds, once it has said that the affiliate is here now."""
    old = await find_elsewhere(config, database, reference)
    await database.read(_check_moved, handle, old)
    async with asking(config, database) as resolver:
        return await read_left_behind(database, resolver, old, pages=PAGES)


def _check_moved(store: NodeStore, handle: str, old: str) -> None:
    affiliate, former = moving.get_affiliate(store, handle), store.actors.find_by_uri(old)
    if former is None or not moving.has_moved(former, affiliate):
        raise Conflict(
            f"{old} has not moved to {affiliate.uri}: "
            "first give the alias here, then move at the old node"
        )


def _data(affiliate: Actor) -> dict[str, object]:
    return {
        "handle": affiliate.handle,
        "uri": affiliate.uri,
        "also_known_as": list(affiliate.also_known_as),
        "moved_to": affiliate.moved_to,
    }
