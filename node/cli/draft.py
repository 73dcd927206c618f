"""``capx draft``: listings that people without a place here ask for, for a steward to decide."""

import argparse
from dataclasses import dataclass
from typing import Any

from catalogue import drafts
from catalogue.correspondence import Draft, Message
from catalogue.drafts import Additions
from catalogue.errors import Conflict, NotFound
from catalogue.language import LanguageMap
from catalogue.model import Actor, Category, Listing
from catalogue.richtext import from_markdown, lines
from federation.mapping import post
from node.cli.answer import Answer, add_command, add_group, names, number
from node.cli.inquiry import give_answer
from node.cli.opened import opened
from node.storage.store import NodeStore


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands of this file."""
    group = add_group(commands, "draft", "listings that others ask for by mentioning the catalogue")
    every = add_command(
        group,
        "list",
        run=run_list,
        says="list the drafts that wait, the newest first",
        example="capx draft list",
    )
    every.add_argument("--all", action="store_true", help="those that were decided, too")
    every.add_argument("--limit", type=number, default=50)

    show = add_command(
        group, "show", run=run_show, says="show a draft", example="capx draft show ID"
    )
    show.add_argument("id", metavar="ID", help="its id")

    approve = add_command(
        group,
        "approve",
        run=run_approve,
        says="publish a draft in an affiliate's name, and tell whoever asked for it",
        example="capx draft approve ID --by delta --category service",
    )
    approve.add_argument("id", metavar="ID", help="its id")
    approve.add_argument("--by", required=True, metavar="HANDLE", help="the affiliate")
    approve.add_argument("--category", choices=names(Category), default=Category.SKILL.value)
    approve.add_argument("--capacity", action="append", metavar="ID", help="instead of those found")
    approve.add_argument("--language", metavar="L", help="of its text, where it says a wrong one")
    approve.add_argument("--silent", action="store_true", help="tell nobody")

    reject = add_command(
        group,
        "reject",
        run=run_reject,
        says="decline a draft, and say why",
        example="capx draft reject ID --reason 'We list only what groups offer.'",
    )
    reject.add_argument("id", metavar="ID", help="its id")
    reject.add_argument("--reason", default="", help="as Markdown; goes to whoever asked")
    reject.add_argument("--silent", action="store_true", help="tell nobody")


@dataclass(frozen=True, slots=True)
class Read:
    """A draft as it is shown: with the message that asked for it, and who wrote that."""

    draft: Draft
    message: Message
    author: Actor | None

    @property
    def name(self) -> str:
        """Who asked, by address when they are not known any more."""
        return f"@{self.author.acct}" if self.author else self.message.author


def run_list(arguments: argparse.Namespace) -> Answer:
    """List drafts."""
    with opened(arguments) as (_, database):
        found = database.read_now(_list, arguments.all, arguments.limit)
    return Answer(
        [_data(each) for each in found],
        [
            f"{each.draft.id}  {each.draft.state:8}  {each.draft.kind:5}  "
            f"{each.draft.title.main.text} · {each.name}"
            for each in found
        ]
        or ["No drafts wait."],
    )


def _list(store: NodeStore, every: bool, limit: int) -> list[Read]:
    return [_read(store, each) for each in store.drafts.list_newest(waiting=not every, limit=limit)]


def run_show(arguments: argparse.Namespace) -> Answer:
    """Show a draft."""
    with opened(arguments) as (_, database):
        found = database.read_now(lambda store: _read(store, drafts.get(store, arguments.id)))
    draft = found.draft
    seen = "in public" if found.message.is_public else "in private"
    return Answer(
        _data(found),
        [
            f"{draft.kind} · {draft.state} · {draft.title.main.language}",
            draft.title.main.text,
            "",
            *lines(draft.text.main.text),
            "",
            f"capacities: {', '.join(draft.capacities) or 'none found'}",
            f"asked for {seen} by {found.name}: {found.message.url}",
        ],
    )


def run_approve(arguments: argparse.Namespace) -> Answer:
    """Publish a draft."""
    with opened(arguments) as (_, database):
        listing = database.write_now(_approve, arguments)
    data = {"id": arguments.id, "listing": listing.id, "uri": listing.uri, "url": listing.url}
    return Answer(data, [f"Published: {listing.url}"])


def _approve(store: NodeStore, arguments: argparse.Namespace) -> Listing:
    additions = Additions(
        category=Category(arguments.category),
        language=arguments.language,
        capacities=tuple(arguments.capacity) if arguments.capacity else None,
    )
    message = _message_of(store, drafts.get(store, arguments.id))
    listing = drafts.approve(store, arguments.id, by=arguments.by, additions=additions)
    if not arguments.silent:
        language = listing.title.main.language
        _tell(store, message, language, post.published(language, listing.url))
    return listing


def run_reject(arguments: argparse.Namespace) -> Answer:
    """Decline a draft."""
    with opened(arguments) as (_, database):
        draft = database.write_now(_reject, arguments)
    return Answer({"id": draft.id, "state": draft.state}, [f"Rejected: {draft.title.main.text}"])


def _reject(store: NodeStore, arguments: argparse.Namespace) -> Draft:
    draft = drafts.reject(store, arguments.id, reason=arguments.reason)
    if not arguments.silent:
        language = draft.title.main.language
        reason = from_markdown(arguments.reason)
        _tell(store, _message_of(store, draft), language, post.declined(language, reason))
    return draft


def _tell(store: NodeStore, message: Message, language: str, html: str) -> None:
    """Answer whoever asked, in their language."""
    try:
        give_answer(store, message.inquiry, LanguageMap({language: html}), message.id)
    except Conflict as error:
        raise Conflict(f"{error}; use --silent") from error


def _message_of(store: NodeStore, draft: Draft) -> Message:
    found = store.inquiries.find_message(draft.message)
    if found is None:
        raise NotFound("what asked for this draft was taken back")
    return found


def _read(store: NodeStore, draft: Draft) -> Read:
    message = _message_of(store, draft)
    return Read(draft, message, store.actors.find_by_uri(message.author))


def _data(found: Read) -> dict[str, Any]:
    draft, message = found.draft, found.message
    return {
        "id": draft.id,
        "state": draft.state,
        "kind": draft.kind,
        "title": dict(draft.title),
        "text": dict(draft.text),
        "capacities": list(draft.capacities),
        "by": {
            "uri": message.author,
            "name": found.author.name if found.author else None,
            "acct": found.author.acct if found.author else None,
        },
        "uri": message.uri,
        "public": message.is_public,
        "inquiry": message.inquiry,
        "message": message.id,
        "listing": draft.listing,
        "reason": draft.reason,
        "filed": draft.filed.isoformat(),
        "updated": draft.updated.isoformat(),
    }
