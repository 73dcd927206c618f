"""``capx search`` and ``capx match``: finding who can help whom."""

import argparse
from collections.abc import Iterable
from typing import Any

from catalogue import listings, matching
from catalogue.errors import Invalid, Problem
from catalogue.finding import find
from catalogue.model import Category, Kind, Listing, Match
from catalogue.policy import MEMBER
from catalogue.search import Page, Query
from node.cli.answer import Answer, add_command, names, number
from node.cli.opened import opened
from node.cli.regions import canonical_regions
from node.storage.store import NodeStore
from web.i18n.wording import wording
from web.reasons import say


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands of this file."""
    search = add_command(
        commands,
        "search",
        run=run_search,
        says="search the shared catalogue",
        example="capx search gouvernance --kind offer --language fr",
    )
    search.add_argument("words", metavar="WORDS", nargs="*")
    search.add_argument("--kind", choices=names(Kind))
    search.add_argument("--category", choices=names(Category))
    search.add_argument("--capacity", action="append", metavar="ID")
    search.add_argument("--method", action="append", metavar="M")
    search.add_argument("--language", action="append", metavar="L")
    search.add_argument("--region", action="append", metavar="CODE")
    search.add_argument("--node", metavar="HOST")
    search.add_argument("--limit", type=number, default=20, metavar="N")
    search.add_argument("--cursor", metavar="C")
    match = add_command(
        commands,
        "match",
        run=run_match,
        says="show what could meet a need, or what an offer could meet, and why",
        example="capx match ID --limit 5",
    )
    match.add_argument("listing", metavar="LISTING-URI-OR-ID")
    match.add_argument("--limit", type=number, default=10, metavar="N")


def run_search(arguments: argparse.Namespace) -> Answer:
    """Search the shared catalogue."""
    with opened(arguments) as (_, database):
        database.read_now(_check_capacities, arguments.capacity or ())
        query = Query(
            text=" ".join(arguments.words),
            kind=Kind(arguments.kind) if arguments.kind else None,
            category=Category(arguments.category) if arguments.category else None,
            capacities=tuple(arguments.capacity or ()),
            methods=tuple(arguments.method or ()),
            languages=tuple(arguments.language or ()),
            regions=database.read_now(canonical_regions, arguments.region or ()),
            node=arguments.node,
            limit=arguments.limit,
            cursor=arguments.cursor,
            viewer=MEMBER,
        )
        page: Page = database.read_now(find, query)
    items = [{**_line(hit.listing), "score": hit.score} for hit in page.hits]
    return Answer(
        {"total": page.total, "items": items, "next": page.next},
        [f"{item['kind']:5}  {item['title']}  ({item['node']})" for item in items]
        or ["Nothing found."],
    )


def _check_capacities(store: NodeStore, capacities: Iterable[str]) -> None:
    """Refuse what is neither in the taxonomy nor the address of a peer's concept."""
    unknown = [
        each for each in capacities if each not in store.taxonomy.capacities and "://" not in each
    ]
    if unknown:
        raise Invalid(
            Problem(field="capacity", message=f"'{each}' is not in the taxonomy")
            for each in unknown
        )


def run_match(arguments: argparse.Namespace) -> Answer:
    """Show the best matches of a listing with their reasons."""
    with opened(arguments) as (_, database):
        items = database.read_now(match_items, arguments.listing, arguments.limit)
    return Answer(
        {"items": items}, [line for item in items for line in _lines(item)] or ["No match yet."]
    )


def match_items(store: NodeStore, reference: str, limit: int) -> list[dict[str, Any]]:
    """Return the best matches of a listing as scripts read them, reasons in English."""
    listing = listings.get(store, reference)
    found = matching.best_of(store, listing, viewer=MEMBER, limit=limit)
    return [_match(store, match, other) for match, other in found]


def _match(store: NodeStore, match: Match, other: Listing) -> dict[str, Any]:
    english = wording("en")
    return {
        **_line(other),
        "score": match.score,
        "reasons": [
            {
                "term": reason.term,
                "text": say(reason, english, store.taxonomy),
                "weight": reason.weight,
                "value": reason.value,
            }
            for reason in match.reasons
        ],
    }


def _lines(item: dict[str, Any]) -> list[str]:
    reasons = [f"       {_sign(each['value'])} {each['text']}" for each in item["reasons"]]
    return [f"{item['score']:.2f}  {item['title']}  ({item['node']})", *reasons]


def _sign(value: float) -> str:
    return "+" if value >= 0.75 else "~" if value > 0 else "-"


def _line(listing: Listing) -> dict[str, Any]:
    return {
        "uri": listing.uri,
        "title": listing.title.main.text,
        "kind": listing.kind,
        "node": listing.node,
        "by": listing.by,
    }
