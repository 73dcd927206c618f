"""What tests are made of: a clock and ids that obey, and actors and listings made to measure."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from catalogue import taxonomy
from catalogue.addresses import Addresses
from catalogue.language import EMPTY, LanguageMap
from catalogue.model import (
    Actor,
    Category,
    Follow,
    FollowState,
    Kind,
    Listing,
    ListingContent,
    Mode,
    Role,
    Status,
    Visibility,
    content_fields,
)
from catalogue.richtext import from_markdown, plain
from federation.model import Party
from node.storage.database import Database, connect
from node.storage.migrations import migrate
from node.storage.store import NodeStore, Surroundings

NOW = datetime(2030, 5, 3, 12, 0, tzinfo=UTC)
HERE = Addresses("https://hub.example")
SOUTH = "south.example"  # another node of the exchange
BLOG = "blog.example"  # a server that is no node of the exchange


@dataclass
class FixedClock:
    """A clock that goes on when it is told to."""

    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment

    def pass_by(self, **time: float) -> None:
        self.moment += timedelta(**time)


@dataclass
class CountedIds:
    """Ids that sort like the order they were asked for."""

    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def new(self) -> str:
        return f"id-{next(self.numbers):06}"


def surroundings(addresses: Addresses = HERE) -> Surroundings:
    return Surroundings(
        clock=FixedClock(), ids=CountedIds(), addresses=addresses, taxonomy=taxonomy.load()
    )


def new_database(path: Path, addresses: Addresses = HERE) -> Database[NodeStore]:
    """Open a fresh database that has its schema; the test closes it."""
    connection = connect(path)
    migrate(connection)
    connection.close()
    around = surroundings(addresses)
    return Database(path, lambda sql: NodeStore(sql, around))


# -- made to measure ------------------------------------------------------------------------------


def content(**changes: Any) -> ListingContent:
    """Return a valid offer, with ``changes``."""
    offer = ListingContent(
        kind=Kind.OFFER,
        category=Category.SKILL,
        title=LanguageMap({"en": "Mediation for beginners"}),
        text=LanguageMap({"en": "<p>We show you how to talk when talking is hard.</p>"}),
        capacities=("mediation",),
        delivery_languages=("en",),
    )
    return replace(offer, **changes)


def listing(number: int = 1, *, node: str = SOUTH, handle: str = "far", **changes: Any) -> Listing:
    """Return a listing of another node, numbered so that its id and address are its own."""
    address = f"https://{node}/proposals/{number}"
    given = {
        "id": f"listing-{number:04}",
        "uri": address,
        "url": address,
        "by": f"https://{node}/actors/{handle}",
        "node": node,
        "published": NOW,
        "updated": NOW,
        **content_fields(content()),
        **changes,
    }
    return Listing(**given)


def actor(handle: str = "far", *, node: str = SOUTH, **changes: Any) -> Actor:
    given = {
        "id": f"actor-{handle}-{node}",
        "uri": f"https://{node}/actors/{handle}",
        "url": f"https://{node}/@{handle}",
        "role": Role.AFFILIATE,
        "handle": handle,
        "acct": f"{handle}@{node}",
        "name": handle.title(),
        "node": node,
        "kind": "user-group",
        "published": NOW,
        "updated": NOW,
        **changes,
    }
    return Actor(**given)


def party(uri: str, **changes: Any) -> Party:
    given = {
        "uri": uri,
        "type": "Service",
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "followers": f"{uri}/followers",
        "fetched": NOW,
        **changes,
    }
    return Party(**given)


def follow(
    follower: str, followed: str, state: FollowState = FollowState.ACCEPTED, uri: str = ""
) -> Follow:
    return Follow(
        uri=uri or f"{follower}#follows/{followed}",
        follower=follower,
        followed=followed,
        state=state,
        created=NOW,
        updated=NOW,
    )


# -- made by chance -------------------------------------------------------------------------------

_SCRIPTS = (
    "abcdefghijklmnopqrstuvwxyz äéßłğıőçñ АБвгдёжэьї Ω"
    " &<>'\"-.,!#%_ العَرَبيّة हिन्दी 中文字 ไทย 한국어 𞤀𞤣"
)

PHRASES = (
    st.text(st.sampled_from(_SCRIPTS), min_size=1, max_size=40)
    .map(lambda text: " ".join(text.split()))
    .filter(lambda text: any(char.isalnum() for char in text))
)
LANGUAGES = st.sampled_from(["en", "fr", "de", "pt-BR", "ar", "uk", "zh-hant", "sw", "hi", "und"])
TAXONOMY = taxonomy.load()


def _subset(ids: list[str], most: int = 4) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(ids), unique=True, max_size=most).map(tuple)


def _maps(texts: st.SearchStrategy[str], least: int = 1) -> st.SearchStrategy[LanguageMap]:
    return st.dictionaries(LANGUAGES, texts, min_size=least, max_size=3).map(LanguageMap)


HTML = PHRASES.map(from_markdown).filter(lambda html: bool(plain(html)))
QUANTITIES = st.decimals("0.01", "999999", places=2)
CAPACITIES = [each.id for each in TAXONOMY.capacities]
METHODS = [each.id for each in TAXONOMY.methods]
REGIONS = [each.id for each in TAXONOMY.regions]


@st.composite
def contents(draw: st.DrawFn, **given: Any) -> ListingContent:
    """Return a content that holds, of any kind, in any script."""
    category = given.get("category") or draw(st.sampled_from(Category))
    has_money = category is Category.FUNDING and draw(st.booleans())
    made: dict[str, Any] = {
        "kind": st.sampled_from(Kind),
        "category": st.just(category),
        "title": _maps(PHRASES),
        "text": _maps(HTML),
        "capacities": _subset(CAPACITIES),
        "methods": _subset(METHODS),
        "delivery_languages": st.lists(LANGUAGES, unique=True, max_size=3).map(tuple),
        "regions": _subset(REGIONS),
        "mode": st.sampled_from(Mode),
        "audience": st.one_of(st.just(EMPTY), _maps(PHRASES)),
        "hours": st.none() if has_money else st.one_of(st.none(), QUANTITIES),
        "amount": QUANTITIES if has_money else st.none(),
        "currency": st.sampled_from(["EUR", "USD", "XOF"]) if has_money else st.none(),
        "until": st.one_of(
            st.none(), st.integers(1, 10**6).map(lambda n: NOW + timedelta(seconds=n))
        ),
        "visibility": st.sampled_from(Visibility),
    }
    values = {
        name: draw(given[name])
        if isinstance(given.get(name), st.SearchStrategy)
        else given[name]
        if name in given
        else draw(strategy)
        for name, strategy in made.items()
    }
    return ListingContent(**values)


@st.composite
def listings(draw: st.DrawFn, number: int = 1, **given: Any) -> Listing:
    """Return a listing of an affiliate of this node or of another, open or closed."""
    node = draw(st.sampled_from([HERE.authority, SOUTH]))
    handle = draw(st.sampled_from(["ana", "ben", "cleo"]))
    published = NOW - timedelta(seconds=draw(st.integers(0, 5)))
    return listing(
        number,
        node=node,
        handle=handle,
        **content_fields(draw(contents(**given))),
        status=draw(st.sampled_from([Status.OPEN, Status.OPEN, Status.CLOSED])),
        published=published,
        updated=published + timedelta(seconds=draw(st.integers(0, 5))),
    )


def one(text: str, language: str = "en") -> LanguageMap:
    return LanguageMap({language: text})


def hours(number: str) -> Decimal:
    return Decimal(number)


@contextmanager
def statements(store: NodeStore) -> Iterator[list[str]]:
    """Collect the statements that are run, to count them."""
    connection = store.listings._sql._connection
    asked: list[str] = []
    connection.set_trace_callback(lambda text: text.startswith("--") or asked.append(text))
    try:
        yield asked
    finally:
        connection.set_trace_callback(None)
