"""``capx follow`` and its kin: whose catalogue this node shares."""

import argparse
import asyncio

from catalogue import following
from catalogue.model import Follow, FollowState
from node.cli.answer import Answer, add_command
from node.cli.asking import find_elsewhere
from node.cli.opened import opened
from node.storage.store import NodeStore


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands of this file."""
    follow = add_command(
        commands,
        "follow",
        run=run_follow,
        says="follow another node's catalogue, or one affiliate",
        example="capx follow @catalogue@hub.example",
    )
    follow.add_argument("whom", metavar="ACCT-OR-URL")
    unfollow = add_command(
        commands,
        "unfollow",
        run=run_unfollow,
        says="stop following",
        example="capx unfollow @catalogue@hub.example",
    )
    unfollow.add_argument("whom", metavar="ACCT-OR-URL")
    add_command(
        commands,
        "follows",
        run=run_follows,
        says="list whom this node's catalogue follows",
        example="capx follows",
    )
    add_command(
        commands,
        "followers",
        run=run_followers,
        says="list who follows this node's catalogue",
        example="capx followers",
    )


def run_follow(arguments: argparse.Namespace) -> Answer:
    """Find whom to follow and ask; the running node carries the request."""
    with opened(arguments) as (config, database):
        whom = asyncio.run(find_elsewhere(config, database, arguments.whom))
        follow = database.write_now(following.request_for_node, whom)
    if follow.state is FollowState.ACCEPTED:
        line = f"Already followed: {follow.followed}"
    else:
        line = f"Asked to follow {follow.followed}: {follow.state}."
    return Answer({"uri": follow.uri, "state": follow.state}, [line])


def run_unfollow(arguments: argparse.Namespace) -> Answer:
    """Stop following."""
    with opened(arguments) as (config, database):
        known = database.read_now(_known, arguments.whom)
        whom = known or asyncio.run(find_elsewhere(config, database, arguments.whom))
        follow = database.write_now(_withdraw, whom)
    return Answer({"uri": follow.uri, "state": follow.state}, [f"Left {follow.followed}."])


def _known(store: NodeStore, reference: str) -> str | None:
    """Return the URI of someone followed, by URI or handle, without asking the network."""
    follows = store.follows.list_following(store.addresses.catalogue)
    actors = store.actors.find_many(each.followed for each in follows)
    acct = reference.removeprefix("@").lower()
    found = (
        each.followed
        for each in follows
        if each.followed == reference
        or (each.followed in actors and actors[each.followed].acct.lower() == acct)
    )
    return next(found, None)


def _withdraw(store: NodeStore, whom: str) -> Follow:
    return following.withdraw(store, follower=store.addresses.catalogue, followed=whom)


def run_follows(arguments: argparse.Namespace) -> Answer:
    """List whom the catalogue follows."""
    with opened(arguments) as (_, database):
        found = database.read_now(
            lambda store: store.follows.list_following(store.addresses.catalogue)
        )
    return Answer(
        [{"uri": each.uri, "followed": each.followed, "state": each.state} for each in found],
        [f"{each.state:9} {each.followed}" for each in found] or ["Nobody yet."],
    )


def run_followers(arguments: argparse.Namespace) -> Answer:
    """List who follows the catalogue."""
    with opened(arguments) as (_, database):
        found = database.read_now(
            lambda store: store.follows.list_followers(store.addresses.catalogue)
        )
    return Answer(
        [{"uri": each.uri, "follower": each.follower, "state": each.state} for each in found],
        [each.follower for each in found] or ["Nobody yet."],
    )
