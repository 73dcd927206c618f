"""``capx queue``: what an operator looks after."""

import argparse
from typing import Any

from catalogue.errors import NotFound
from federation.model import QueueItem
from node.cli.answer import Answer, add_command, add_group, number
from node.cli.opened import opened


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
