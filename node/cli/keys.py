"""``capx keys``: what this node's actors sign with, and changing it."""

import argparse
from datetime import UTC, datetime, timedelta
from typing import Any

from catalogue.errors import Invalid, NotFound, Problem
from catalogue.model import Actor, Role
from federation.keyring import ED25519, OVERLAP, new_keys
from federation.model import OwnKey
from federation.rotation import rotate
from node.cli.answer import Answer, add_command, add_group
from node.cli.opened import opened
from node.storage.store import NodeStore

_OWN_ROLES = (Role.INSTANCE, Role.CATALOGUE, Role.AFFILIATE)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands of this file."""
    keys = add_group(commands, "keys", "what this node's actors sign with")
    listed = add_command(
        keys, "list", run=run_list, says="list the keys", example="capx keys list delta"
    )
    listed.add_argument("handle", metavar="HANDLE", nargs="?", help="of one actor only")
    changed = add_command(
        keys,
        "rotate",
        run=run_rotate,
        says="give an actor new keys, and tell its followers",
        example="capx keys rotate delta",
    )
    changed.add_argument("handle", metavar="HANDLE", nargs="?", help="of one actor")
    changed.add_argument("--all", action="store_true", help="every actor of this node")
    changed.add_argument(
        "--stolen", action="store_true", help="do not publish the old keys beside the new"
    )


def run_list(arguments: argparse.Namespace) -> Answer:
    """List the keys of one actor or of all."""
    with opened(arguments) as (_, database):
        actors = database.read_now(_actors, arguments.handle)
        keys = database.read_now(_keys, actors)
    return Answer([_data(each) for each in keys], [_line(each) for each in keys])


def run_rotate(arguments: argparse.Namespace) -> Answer:
    """Give actors new keys; each actor is one transaction."""
    if bool(arguments.handle) == arguments.all:
        raise Invalid([Problem(field="handle", message="say whose keys: HANDLE, or --all")])
    overlap = timedelta(0) if arguments.stolen else OVERLAP
    with opened(arguments) as (_, database):
        actors = database.read_now(_actors, arguments.handle)
        for actor in actors:
            keys = new_keys(actor.uri, datetime.now(UTC), is_first=False)
            database.write_now(rotate, actor.uri, keys, overlap=overlap)
    kept = f"The old ones are published for {overlap.days} days." if overlap else "The old ones go."
    return Answer(
        {"rotated": [each.acct for each in actors], "overlap_days": overlap.days},
        [*(f"New keys for {each.acct}." for each in actors), kept],
    )


def _actors(store: NodeStore, handle: str | None) -> list[Actor]:
    node = store.addresses.authority
    if handle is None:
        return [each for role in _OWN_ROLES for each in store.actors.list_by_role(role, node)]
    found = store.actors.find_by_handle(handle, node)
    if found is None:
        raise NotFound(f"there is no actor '{handle}' on this node")
    return [found]


def _keys(store: NodeStore, actors: list[Actor]) -> list[OwnKey]:
    return [key for each in actors for key in store.keys.list_own(each.uri)]


def _data(key: OwnKey) -> dict[str, Any]:
    return {
        "uri": key.uri,
        "owner": key.owner,
        "algorithm": key.algorithm,
        "created": key.created.isoformat(),
        "replaced": key.retired is not None,
        "published_until": until.isoformat() if (until := _published_until(key)) else None,
    }


def _published_until(key: OwnKey) -> datetime | None:
    """Return when a replaced key is shown no more; a replaced RSA key never is."""
    is_shown = key.algorithm == ED25519
    return key.retired + OVERLAP if key.retired and is_shown else None


def _line(key: OwnKey) -> str:
    until = _published_until(key)
    shown = f", published until {until:%Y-%m-%d}" if until else ""
    replaced = ", replaced" if key.retired else ""
    return f"{key.algorithm:8} since {key.created:%Y-%m-%d}{replaced}{shown}  {key.uri}"
