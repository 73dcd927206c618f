"""``capx listing``: offers and needs of this node's affiliates."""

import argparse
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from catalogue import listings
from catalogue.errors import Invalid, Problem
from catalogue.language import EMPTY, LanguageMap
from catalogue.model import Category, Kind, Listing, ListingContent, Mode, Visibility
from catalogue.policy import MEMBER
from catalogue.richtext import from_markdown, plain
from catalogue.search import Query
from node.cli.answer import Answer, add_command, add_group, names, number
from node.cli.opened import opened
from node.cli.regions import canonical_regions
from node.storage.store import NodeStore


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands of this file."""
    group = add_group(commands, "listing", "offers and needs of this node")
    new = add_command(
        group,
        "add",
        run=run_add,
        says="publish an offer or a need",
        example="capx listing add --by delta --kind need --category skill --language fr"
        " --title 'Apprendre Lua' --text 'Nous voulons…' --capacity lua",
    )
    new.add_argument("--by", required=True, metavar="HANDLE", help="the affiliate")
    new.add_argument("--kind", required=True, choices=names(Kind))
    _add_content(new, required=True)

    edit = add_command(
        group,
        "edit",
        run=run_edit,
        says="change a listing; what is not named stays as it is",
        example="capx listing edit ID --title 'A better title' --language en",
    )
    edit.add_argument("id", metavar="ID", help="its id or address")
    _add_content(edit, required=False)

    simple = {
        "show": (run_show, "show a listing of any node"),
        "close": (run_close, "close a listing: it stays readable and matches no more"),
        "delete": (run_delete, "delete a listing here and on every node that has it"),
    }
    for name, (run, says) in simple.items():
        one = add_command(group, name, run=run, says=says, example=f"capx listing {name} ID")
        one.add_argument("id", metavar="ID", help="its id or address")

    every = add_command(
        group,
        "list",
        run=run_list,
        says="list this node's own open listings",
        example="capx listing list --kind need",
    )
    every.add_argument("--kind", choices=names(Kind))
    every.add_argument("--limit", type=number, default=50)
    every.add_argument("--cursor")


def _add_content(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument("--category", required=required, choices=names(Category))
    parser.add_argument("--title", required=required)
    parser.add_argument("--text", required=required, help="as Markdown")
    parser.add_argument(
        "--language", required=required, metavar="L", help="of title and text, such as fr"
    )
    parser.add_argument("--capacity", action="append", metavar="ID", help="such as governance")
    parser.add_argument("--method", action="append", metavar="M", help="such as mentoring")
    parser.add_argument(
        "--delivery-language", action="append", metavar="L", help="a language it happens in"
    )
    parser.add_argument("--mode", choices=names(Mode))
    parser.add_argument("--region", action="append", metavar="CODE")
    parser.add_argument("--audience", metavar="T", help="whom it is meant for")
    parser.add_argument("--hours", metavar="N")
    parser.add_argument("--amount", metavar="N", help="of money, for funding")
    parser.add_argument("--currency", metavar="C", help="such as EUR")
    parser.add_argument("--until", metavar="DATE", help="the last day, such as 2027-01-31")
    if required:
        parser.add_argument(
            "--visibility", choices=names(Visibility), default=Visibility.PUBLIC.value
        )


def run_add(arguments: argparse.Namespace) -> Answer:
    """Publish a listing."""
    said = _said(arguments)
    content = ListingContent(
        kind=Kind(arguments.kind),
        category=said.pop("category"),
        title=LanguageMap({arguments.language: arguments.title}),
        text=LanguageMap({arguments.language: from_markdown(arguments.text)}),
        audience=_in_language(arguments.language, arguments.audience),
        visibility=Visibility(arguments.visibility),
        **said,
    )
    with opened(arguments) as (_, database):
        regions = database.read_now(canonical_regions, arguments.region or ())
        content = replace(content, regions=regions)
        listing = database.write_now(listings.publish, content, by=arguments.by)
    return Answer(_address(listing), [f"Published: {listing.url}"])


def run_edit(arguments: argparse.Namespace) -> Answer:
    """Change what is named of a listing."""
    said = _said(arguments)
    if (arguments.title or arguments.text or arguments.audience) and not arguments.language:
        raise Invalid([Problem(field="language", message="say which language the text is in")])
    with opened(arguments) as (_, database):
        if arguments.region is not None:
            said["regions"] = database.read_now(canonical_regions, arguments.region)
        listing = database.write_now(_edit, arguments, said)
    return Answer(_address(listing), [f"Changed: {listing.url}"])


def _edit(store: NodeStore, arguments: argparse.Namespace, said: dict[str, Any]) -> Listing:
    listing = listings.get_own(store, arguments.id)
    content, language = listing.content, arguments.language
    if arguments.title:
        said["title"] = LanguageMap({**content.title, language: arguments.title})
    if arguments.text:
        said["text"] = LanguageMap({**content.text, language: from_markdown(arguments.text)})
    if arguments.audience:
        said["audience"] = LanguageMap({**content.audience, language: arguments.audience})
    return listings.edit(store, listing.id, replace(content, **said))


def run_show(arguments: argparse.Namespace) -> Answer:
    """Show a listing of any node."""
    with opened(arguments) as (_, database):
        listing = database.read_now(listings.get, arguments.id)
    title, text = listing.title.main, listing.text.main
    return Answer(
        describe(listing),
        [
            f"{listing.kind} · {listing.category} · {listing.status}",
            title.text,
            "",
            plain(text.text),
            "",
            f"by {listing.by} on {listing.node}",
            listing.url,
        ],
    )


def run_close(arguments: argparse.Namespace) -> Answer:
    """Close a listing."""
    with opened(arguments) as (_, database):
        listing = database.write_now(_close, arguments.id)
    return Answer({**_address(listing), "status": listing.status}, [f"Closed: {listing.url}"])


def _close(store: NodeStore, reference: str) -> Listing:
    return listings.close(store, listings.get_own(store, reference).id)


def run_delete(arguments: argparse.Namespace) -> Answer:
    """Delete a listing."""
    with opened(arguments) as (_, database):
        listing = database.write_now(_delete, arguments.id)
    return Answer({**_address(listing), "deleted": True}, [f"Deleted: {listing.uri}"])


def _delete(store: NodeStore, reference: str) -> Listing:
    listing = listings.get_own(store, reference)
    listings.delete(store, listing.id)
    return listing


def run_list(arguments: argparse.Namespace) -> Answer:
    """List this node's own open listings."""
    with opened(arguments) as (config, database):
        query = Query(
            kind=Kind(arguments.kind) if arguments.kind else None,
            node=config.addresses.authority,
            limit=arguments.limit,
            cursor=arguments.cursor,
            viewer=MEMBER,
        )
        page = database.read_now(lambda store: store.listings.search(query, store.clock.now()))
    found = [hit.listing for hit in page.hits]
    return Answer(
        {"total": page.total, "items": [describe(each) for each in found], "next": page.next},
        [f"{each.id}  {each.kind:5}  {each.title.main.text}" for each in found]
        or ["No listings yet."],
    )


def describe(listing: Listing) -> dict[str, Any]:
    """Return a listing as scripts read it."""
    return {
        "id": listing.id,
        "uri": listing.uri,
        "url": listing.url,
        "kind": listing.kind,
        "category": listing.category,
        "title": dict(listing.title),
        "text": dict(listing.text),
        "by": listing.by,
        "node": listing.node,
        "capacities": list(listing.capacities),
        "methods": list(listing.methods),
        "delivery_languages": list(listing.delivery_languages),
        "regions": list(listing.regions),
        "mode": listing.mode,
        "audience": dict(listing.audience),
        "hours": None if listing.hours is None else float(listing.hours),
        "amount": None if listing.amount is None else float(listing.amount),
        "currency": listing.currency,
        "until": listing.until.isoformat() if listing.until else None,
        "visibility": listing.visibility,
        "status": listing.status,
        "published": listing.published.isoformat(),
        "updated": listing.updated.isoformat(),
    }


def _address(listing: Listing) -> dict[str, str]:
    return {"id": listing.id, "uri": listing.uri, "url": listing.url}


def _said(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the fields of the content that the command line names, but for its texts."""
    several = {
        "capacities": arguments.capacity,
        "methods": arguments.method,
        "delivery_languages": arguments.delivery_language,
    }
    single: dict[str, Any] = {
        "category": Category(arguments.category) if arguments.category else None,
        "mode": Mode(arguments.mode) if arguments.mode else None,
        "hours": _number("hours", arguments.hours),
        "amount": _number("amount", arguments.amount),
        "currency": arguments.currency,
        "until": _last_moment(arguments.until),
    }
    said = {name: tuple(values) for name, values in several.items() if values is not None}
    return said | {name: value for name, value in single.items() if value is not None}


def _in_language(language: str, text: str | None) -> LanguageMap:
    return LanguageMap({language: text}) if text else EMPTY


def _number(field: str, text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise Invalid([Problem(field=field, message=f"'{text}' is no number")])
    return number


def _last_moment(text: str | None) -> datetime | None:
    """Return the end of a day, which is still part of it (UTC)."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        problem = Problem(field="until", message=f"'{text}' is no date such as 2027-01-31")
        raise Invalid([problem]) from None
    return datetime.combine(day, time(23, 59, 59), UTC)
