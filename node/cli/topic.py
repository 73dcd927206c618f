"""``capx topic``: the topics that can be followed on this node."""

import argparse

from catalogue.topics import list_topics, name_of
from node.cli.answer import Answer, add_command, add_group
from node.cli.opened import opened
from node.storage.store import NodeStore


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands of this file."""
    group = add_group(commands, "topic", "topics that the fediverse can follow here")
    add_command(
        group,
        "list",
        run=run_list,
        says="list the capacities, languages and regions that have something to say",
        example="capx topic list",
    )


def run_list(arguments: argparse.Namespace) -> Answer:
    """List the topics with their handles and how many follow them."""
    with opened(arguments) as (_, database):
        items = database.read_now(topic_items)
    return Answer(
        items,
        [f"@{each['acct']:40} {each['followers']:5}  {each['name']}" for each in items]
        or ["No topic has anything to say yet."],
    )


def topic_items(store: NodeStore) -> list[dict[str, str | int]]:
    """Return every topic as scripts read it, named in English."""
    topics = list_topics(store)
    uris = {each.handle: store.addresses.actor(each.handle) for each in topics}
    followers = [each.followed for each in store.follows.list_followers_of_any(uris.values())]
    return [
        {
            "handle": each.handle,
            "acct": store.addresses.acct(each.handle),
            "uri": uris[each.handle],
            "name": name_of(store.taxonomy, each, ["en"]),
            "followers": followers.count(uris[each.handle]),
        }
        for each in topics
    ]
