"""``capx relay``: actors that pass on what nodes publish that are not followed."""

import argparse
import asyncio

from federation import relaying
from node.cli.answer import Answer, add_command, add_group
from node.cli.asking import find_elsewhere, uri_of
from node.cli.opened import opened
from node.storage.store import NodeStore


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands of this file."""
    group = add_group(commands, "relay", "actors that pass on what others publish")
    new = add_command(
        group,
        "add",
        run=run_add,
        says="take listings from a relay, whoever wrote them",
        example="capx relay add https://relay.example/actor",
    )
    new.add_argument("whom", metavar="ACCT-OR-URL")
    gone = add_command(
        group,
        "remove",
        run=run_remove,
        says="leave a relay and forget what only it has brought",
        example="capx relay remove https://relay.example/actor",
    )
    gone.add_argument("whom", metavar="ACCT-OR-URL")
    add_command(
        group, "list", run=run_list, says="list the relays", example="capx relay list --json"
    )


def run_add(arguments: argparse.Namespace) -> Answer:
    """Find a relay and ask to follow it."""
    with opened(arguments) as (config, database):
        whom = asyncio.run(find_elsewhere(config, database, arguments.whom))
        follow = database.write_now(relaying.add, whom)
    return Answer(
        {"uri": whom, "state": follow.state}, [f"Asked to hear {whom} as a relay: {follow.state}."]
    )


def run_remove(arguments: argparse.Namespace) -> Answer:
    """Leave a relay."""
    with opened(arguments) as (_, database):
        whom = database.read_now(uri_of, arguments.whom)
        forgotten = database.write_now(relaying.remove, whom)
    return Answer(
        {"uri": whom, "forgotten": forgotten},
        [f"Left {whom}; {forgotten} listings were forgotten."],
    )


def run_list(arguments: argparse.Namespace) -> Answer:
    """List the relays with how our follow of each stands."""
    with opened(arguments) as (_, database):
        found = database.read_now(_relays)
    return Answer(
        [{"uri": uri, "state": state} for uri, state in found],
        [f"{state:9} {uri}" for uri, state in found] or ["No relays."],
    )


def _relays(store: NodeStore) -> list[tuple[str, str]]:
    us = store.addresses.catalogue
    follows = ((uri, store.follows.find_between(us, uri)) for uri in store.relays.list_all())
    return [(uri, follow.state.value if follow else "undone") for uri, follow in follows]
