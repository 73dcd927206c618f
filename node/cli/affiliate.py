"""``capx affiliate``: who offers and needs on this node."""

import argparse
from datetime import UTC, datetime

from catalogue.language import EMPTY, LanguageMap
from catalogue.model import Actor, Role
from catalogue.people import AffiliateDraft
from catalogue.richtext import from_markdown
from federation.keyring import new_keys
from node.cli import moving
from node.cli.answer import Answer, add_command, add_group
from node.cli.opened import opened
from node.cli.regions import canonical_regions
from node.setup import admit
from node.storage.store import NodeStore


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands of this file."""
    group = add_group(commands, "affiliate", "affiliates of this node")
    new = add_command(
        group,
        "add",
        run=run_add,
        says="give an affiliate its place on this node",
        example="capx affiliate add delta --name 'Friends of the Delta' --region SN --language fr",
    )
    new.add_argument("handle", metavar="HANDLE", help="its short name: a-z, 0-9 and _")
    new.add_argument("--name", required=True)
    new.add_argument(
        "--kind",
        default="user-group",
        help="chapter, user-group, thematic, hub, informal or partner",
    )
    new.add_argument("--region", action="append", metavar="CODE", help="a country or region")
    new.add_argument("--language", action="append", metavar="L", help="a language it works in")
    new.add_argument("--summary", default="", help="what it is, as Markdown")
    add_command(
        group,
        "list",
        run=run_list,
        says="list the affiliates of this node",
        example="capx affiliate list --json",
    )
    moving.add(group)


def run_add(arguments: argparse.Namespace) -> Answer:
    """Add an affiliate and its keys."""
    languages = tuple(arguments.language or ())
    summary = LanguageMap({(languages or ("und",))[0]: from_markdown(arguments.summary)})
    with opened(arguments) as (config, database):
        draft = AffiliateDraft(
            handle=arguments.handle,
            name=arguments.name,
            kind=arguments.kind,
            summary=summary if arguments.summary else EMPTY,
            regions=database.read_now(canonical_regions, arguments.region or ()),
            languages=languages,
        )
        keys = new_keys(config.addresses.actor(draft.handle), datetime.now(UTC))
        affiliate = database.write_now(admit, draft, keys)
    return Answer(
        _data(affiliate),
        [
            f"Added {affiliate.name}.",
            f"It can be followed as @{affiliate.acct}; its page is {affiliate.url}",
        ],
    )


def run_list(arguments: argparse.Namespace) -> Answer:
    """List the affiliates."""
    with opened(arguments) as (_, database):
        found = database.read_now(_affiliates)
    return Answer(
        [{**_data(each), "name": each.name, "kind": each.kind} for each in found],
        [f"{each.handle:24} {each.name}" for each in found] or ["No affiliates yet."],
    )


def _affiliates(store: NodeStore) -> list[Actor]:
    return store.actors.list_by_role(Role.AFFILIATE, store.addresses.authority)


def _data(affiliate: Actor) -> dict[str, str]:
    return {"handle": affiliate.handle, "uri": affiliate.uri, "acct": affiliate.acct}
