"""``capx queue`` and ``capx peer``: what an operator looks after."""

import argparse
import re
from typing import Any

from catalogue.errors import Conflict, Invalid, NotFound, Problem
from catalogue.listings import forget_node
from catalogue.model import Peer
from federation.model import QueueItem
from node.cli.answer import Answer, add_command, add_group, number
from node.cli.opened import opened
from node.storage.store import NodeStore

_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::[0-9]{1,5})?")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands of this file."""
    queue = add_group(commands, "queue", "what is on its way to other servers")
    listed = add_command(
        queue, "list", run=run_queue_list, says="list what waits", example="capx queue list"
    )
    listed.add_argument("--limit", type=number, default=100, metavar="N")
    retry = add_command(
        queue,
        "retry",
        run=run_queue_retry,
        says="try again now: one delivery, or all",
        example="capx queue retry",
    )
    retry.add_argument("number", metavar="NUMBER", nargs="?", type=number)
    drop = add_command(
        queue,
        "drop",
        run=run_queue_drop,
        says="take out one delivery, or all that were given up",
        example="capx queue drop 12",
    )
    drop.add_argument("number", metavar="NUMBER", nargs="?", type=number)

    peer = add_group(commands, "peer", "the other nodes")
    add_command(
        peer, "list", run=run_peer_list, says="list the other nodes", example="capx peer list"
    )
    show = add_command(
        peer,
        "show",
        run=run_peer_show,
        says="show how another node stands",
        example="capx peer show hub.example",
    )
    show.add_argument("host", metavar="HOST")
    block = add_command(
        peer,
        "block",
        run=run_peer_block,
        says="take nothing from a host or its subdomains, and send it nothing",
        example="capx peer block bad.example --reason spam",
    )
    block.add_argument("host", metavar="HOST")
    block.add_argument("--reason", default="", help="for operators; never published")
    allow = add_command(
        peer,
        "allow",
        run=run_peer_allow,
        says="lift a block",
        example="capx peer allow bad.example",
    )
    allow.add_argument("host", metavar="HOST")


def run_queue_list(arguments: argparse.Namespace) -> Answer:
    """List what is on its way."""
    with opened(arguments) as (_, database):
        items = database.read_now(lambda store: store.deliveries.list_items(arguments.limit))
    return Answer(
        [_item(each) for each in items], [_queue_line(each) for each in items] or ["Empty."]
    )


def run_queue_retry(arguments: argparse.Namespace) -> Answer:
    """Make deliveries due now."""
    with opened(arguments) as (_, database):
        count = database.write_now(
            lambda store: store.deliveries.retry(arguments.number, store.clock.now())
        )
    _expect(count, arguments.number)
    return Answer({"retried": count}, [f"Due now: {count}."])


def run_queue_drop(arguments: argparse.Namespace) -> Answer:
    """Take deliveries out of the queue."""
    with opened(arguments) as (_, database):
        count = database.write_now(lambda store: store.deliveries.drop(arguments.number))
    _expect(count, arguments.number)
    return Answer({"dropped": count}, [f"Dropped: {count}."])


def _expect(count: int, number: int | None) -> None:
    if number is not None and not count:
        raise NotFound(f"there is no delivery {number} in the queue")


def _item(item: QueueItem) -> dict[str, Any]:
    return {
        "number": item.seq,
        "activity": item.activity,
        "inbox": item.inbox,
        "state": item.state,
        "attempts": item.attempts,
        "due": item.due.isoformat(),
        "reason": item.reason,
    }


def _queue_line(item: QueueItem) -> str:
    why = f": {item.reason}" if item.reason else ""
    return f"{item.seq:6} {item.state:7} {item.attempts:2} tries  {item.inbox}{why}"


def run_peer_list(arguments: argparse.Namespace) -> Answer:
    """List the nodes that follow this one or are followed by it, and the blocked hosts."""
    with opened(arguments) as (_, database):
        peers = database.read_now(_peers)
        blocked = database.read_now(lambda store: store.hosts.list_blocked())
    return Answer(
        {
            "peers": [_peer(each) for each in peers],
            "blocked": [{"host": host, "reason": reason} for host, reason in blocked],
        },
        [
            *(f"{each.node:28} {each.name} · {each.open_listings} open" for each in peers),
            *(f"{host:28} blocked {reason}" for host, reason in blocked),
        ]
        or ["No peers yet."],
    )


def run_peer_show(arguments: argparse.Namespace) -> Answer:
    """Show how one node stands."""
    with opened(arguments) as (_, database):
        found = [each for each in database.read_now(_peers) if each.node == arguments.host]
    if not found:
        raise NotFound(f"there is no peer '{arguments.host}'")
    data = _peer(found[0])
    return Answer(data, [f"{name}: {value}" for name, value in data.items()])


def run_peer_block(arguments: argparse.Namespace) -> Answer:
    """Block a host."""
    host = _host(arguments.host)
    with opened(arguments) as (config, database):
        if host in {config.addresses.authority, config.addresses.authority.partition(":")[0]}:
            raise Conflict("a node does not block itself")
        database.write_now(_block, host, arguments.reason)
    return Answer({"host": host, "blocked": True}, [f"Blocked {host} and its subdomains."])


def _block(store: NodeStore, host: str, reason: str) -> None:
    """Block a host: what is on its way to it stays here, its listings leave the catalogue."""
    store.hosts.block(host, at=store.clock.now(), reason=reason)
    store.deliveries.drop_host(host)
    for peer in _peers(store):
        if store.hosts.is_blocked(peer.node):
            forget_node(store, peer.node)


def run_peer_allow(arguments: argparse.Namespace) -> Answer:
    """Lift a block."""
    host = _host(arguments.host)
    with opened(arguments) as (_, database):
        if not database.write_now(lambda store: store.hosts.allow(host)):
            raise NotFound(f"'{host}' is not blocked")
    return Answer({"host": host, "blocked": False}, [f"{host} is not blocked any more."])


def _peers(store: NodeStore) -> list[Peer]:
    return store.peers.list_peers(store.clock.now())


def _peer(peer: Peer) -> dict[str, Any]:
    return {
        "node": peer.node,
        "name": peer.name,
        "catalogue": peer.catalogue,
        "following": peer.following,
        "follows_us": peer.follows_us,
        "open_listings": peer.open_listings,
        "heard": peer.heard.isoformat() if peer.heard else None,
        "trouble": peer.trouble,
    }


def _host(text: str) -> str:
    host = text.strip().lower().rstrip(".")
    if not _HOST.fullmatch(host):
        raise Invalid([Problem(field="host", message=f"'{text}' is no host name")])
    return host
