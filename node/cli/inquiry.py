"""``capx inquiry``: what others ask of this node's affiliates, and the answers."""

import argparse
from dataclasses import dataclass
from typing import Any

from catalogue import inquiries
from catalogue.correspondence import Inquiry, Message, Standing
from catalogue.errors import Conflict
from catalogue.language import LanguageMap
from catalogue.model import Actor, Listing
from catalogue.people import get_actor
from catalogue.richtext import from_markdown, lines
from federation.guard import host_of
from node.cli.answer import Answer, add_command, add_group, names, number
from node.cli.opened import opened
from node.storage.store import NodeStore

NO_LANGUAGE = "und"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands of this file."""
    group = add_group(commands, "inquiry", "what others ask, and the answers")
    every = add_command(
        group,
        "list",
        run=run_list,
        says="list inquiries, those first in which something happened last",
        example="capx inquiry list --standing open",
    )
    every.add_argument("--to", metavar="HANDLE", help="of one affiliate, or of 'catalogue'")
    every.add_argument("--standing", choices=names(Standing))
    every.add_argument("--limit", type=number, default=50)

    show = add_command(
        group,
        "show",
        run=run_show,
        says="show an inquiry with all that was said in it",
        example="capx inquiry show ID",
    )
    show.add_argument("id", metavar="ID", help="its id")

    answer = add_command(
        group,
        "answer",
        run=run_answer,
        says="answer; as private or as public as the question was",
        example="capx inquiry answer ID --text 'Yes, on **Monday**.' --language en",
    )
    answer.add_argument("id", metavar="ID", help="of the inquiry")
    answer.add_argument("--message", metavar="ID", help="what is answered; the newest question")
    _add_text(answer)

    edit = add_command(
        group,
        "edit",
        run=run_edit,
        says="give an answer another text",
        example="capx inquiry edit MESSAGE --text 'On Tuesday.' --language en",
    )
    edit.add_argument("message", metavar="MESSAGE", help="the id of an answer")
    _add_text(edit)

    simple = {
        "retract": (run_retract, "MESSAGE", "take an answer back"),
        "close": (run_close, "ID", "close an inquiry; a new message opens it again"),
        "forget": (run_forget, "ID", "forget an inquiry and take back what was answered"),
    }
    for name, (run, what, says) in simple.items():
        one = add_command(group, name, run=run, says=says, example=f"capx inquiry {name} {what}")
        one.add_argument(what.lower(), metavar=what, help="its id")


def _add_text(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--text", required=True, help="as Markdown")
    parser.add_argument("--language", metavar="L", default=NO_LANGUAGE, help="such as fr")


@dataclass(frozen=True, slots=True)
class Read:
    """An inquiry as it is shown: with who is in it, and what it is about."""

    inquiry: Inquiry
    messages: tuple[Message, ...]
    people: dict[str, Actor]
    listing: Listing | None

    def name(self, uri: str) -> str:
        """Return how somebody is called, by address when they are not known any more."""
        return f"@{self.people[uri].acct}" if uri in self.people else uri


def run_list(arguments: argparse.Namespace) -> Answer:
    """List inquiries."""
    with opened(arguments) as (_, database):
        found = database.read_now(
            _list, arguments.to, Standing(arguments.standing) if arguments.standing else None,
            arguments.limit,
        )  # fmt: skip
    return Answer(
        [_data(each) for each in found], [_line(each) for each in found] or ["No inquiries yet."]
    )


def _list(store: NodeStore, to: str | None, standing: Standing | None, limit: int) -> list[Read]:
    asked = get_actor(store, to).uri if to else None
    found = store.inquiries.list_newest(to=asked, standing=standing, limit=limit)
    return [_read(store, each) for each in found]


def run_show(arguments: argparse.Namespace) -> Answer:
    """Show an inquiry."""
    with opened(arguments) as (_, database):
        found = database.read_now(lambda store: _read(store, inquiries.get(store, arguments.id)))
    about = found.listing.title.main.text if found.listing else found.inquiry.listing
    inquiry = found.inquiry
    who = f"{found.name(inquiry.asker)} asks {found.name(inquiry.to)}"
    body = [text for message in found.messages for text in _said(found, message)]
    return Answer(
        _data(found),
        [f"{inquiry.standing} · {who}", *([f"about: {about}"] if about else []), *body],
    )


def run_answer(arguments: argparse.Namespace) -> Answer:
    """Answer an inquiry."""
    with opened(arguments) as (_, database):
        message = database.write_now(give_answer, arguments.id, _text(arguments), arguments.message)
        found = database.read_now(_read_of, message)
    how = "in public" if message.is_public else "in private"
    return Answer(_message(found, message), [f"Answered {how}: {found.name(message.to)}"])


def give_answer(
    store: NodeStore, inquiry_id: str, text: LanguageMap, message_id: str | None
) -> Message:
    """Answer; raise Conflict where it would go to a blocked host, for nothing is sent there."""
    message = inquiries.answer(store, inquiry_id, text, message_id=message_id)
    host = host_of(message.to)
    if store.hosts.is_blocked(host):
        raise Conflict(f"{host} is blocked here, so nobody there can be told")
    return message


def run_edit(arguments: argparse.Namespace) -> Answer:
    """Give an answer another text."""
    with opened(arguments) as (_, database):
        message = database.write_now(inquiries.edit_answer, arguments.message, _text(arguments))
        found = database.read_now(_read_of, message)
    return Answer(_message(found, message), [f"Changed: {message.uri}"])


def run_retract(arguments: argparse.Namespace) -> Answer:
    """Take an answer back."""
    with opened(arguments) as (_, database):
        message = database.write_now(inquiries.delete_answer, arguments.message)
    data = {"id": message.id, "uri": message.uri, "deleted": True}
    return Answer(data, [f"Taken back: {message.uri}"])


def run_close(arguments: argparse.Namespace) -> Answer:
    """Close an inquiry."""
    with opened(arguments) as (_, database):
        inquiry = database.write_now(inquiries.close, arguments.id)
    return Answer({"id": inquiry.id, "standing": inquiry.standing}, [f"Closed: {inquiry.id}"])


def run_forget(arguments: argparse.Namespace) -> Answer:
    """Forget an inquiry."""
    with opened(arguments) as (_, database):
        inquiry = database.write_now(inquiries.forget, arguments.id)
    return Answer({"id": inquiry.id, "forgotten": True}, [f"Forgotten: {inquiry.id}"])


def _text(arguments: argparse.Namespace) -> LanguageMap:
    return LanguageMap({arguments.language: from_markdown(arguments.text)})


def _read_of(store: NodeStore, message: Message) -> Read:
    return _read(store, inquiries.get(store, message.inquiry))


def _read(store: NodeStore, inquiry: Inquiry) -> Read:
    messages = tuple(store.inquiries.messages(inquiry.id))
    uris = {inquiry.to, inquiry.asker, *(each.author for each in messages)}
    listing = store.listings.find_by_uri(inquiry.listing) if inquiry.listing else None
    return Read(inquiry, messages, store.actors.find_many(uris), listing)


def _line(found: Read) -> str:
    inquiry = found.inquiry
    about = f" · {found.listing.title.main.text}" if found.listing else ""
    return (
        f"{inquiry.id}  {inquiry.standing:8}  {found.name(inquiry.asker)} → "
        f"{found.name(inquiry.to)}{about}"
    )


def _said(found: Read, message: Message) -> list[str]:
    seen = "public" if message.is_public else "private"
    head = f"{message.id}  {found.name(message.author)} · {message.published:%Y-%m-%d %H:%M}"
    return ["", f"{head} · {seen}", *lines(message.text.main.text)]


def _data(found: Read) -> dict[str, Any]:
    inquiry = found.inquiry
    return {
        "id": inquiry.id,
        "standing": inquiry.standing,
        "to": _party(found, inquiry.to),
        "asker": _party(found, inquiry.asker),
        "listing": inquiry.listing,
        "opened": inquiry.opened.isoformat(),
        "updated": inquiry.updated.isoformat(),
        "messages": [_message(found, each) for each in found.messages],
    }


def _message(found: Read, message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "inquiry": message.inquiry,
        "uri": message.uri,
        "url": message.url,
        "author": _party(found, message.author),
        "in_reply_to": message.in_reply_to,
        "text": dict(message.text),
        "public": message.is_public,
        "published": message.published.isoformat(),
        "updated": message.updated.isoformat(),
    }


def _party(found: Read, uri: str) -> dict[str, str | None]:
    actor = found.people.get(uri)
    return {
        "uri": uri,
        "name": actor.name if actor else None,
        "acct": actor.acct if actor else None,
    }
