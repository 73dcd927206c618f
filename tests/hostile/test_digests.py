"""Catalogues that lie about what they have, in short or in full (H48, L21, L10).

A lie costs a bounded number of fetches from the liar, and nothing that is another's.
"""

import hashlib
import json
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from catalogue.digest import digest_of, leaf
from federation.hints import HEADER
from federation.mapping.values import moment
from tests.journeys.foreign import AS, ForeignActor, ForeignServer, Json, signed
from tests.journeys.world import Node, World, eventually

MakeServer = Callable[[], Awaitable[ForeignServer]]

SETTINGS: dict[str, Any] = {
    "compare_items": 40,
    "compare_buckets": 30,
    "compare_fetches": 100,
    "compare_pause": timedelta(0),
    "compare_delay": timedelta(0),
}


class Liar:
    """A followed catalogue whose digests say whatever a test wants."""

    def __init__(self, node: Node, server: ForeignServer) -> None:
        self.node = node
        self.server = server
        self.author = server.actor("author")
        self.catalogue: ForeignActor = server.catalogue()
        self.collection = f"{self.catalogue.uri}/proposals"
        self.digests = f"{self.catalogue.uri}/digest"

    async def begin(self, *names: str) -> list[Json]:
        """Have the node follow it, and read these listings."""
        listings = [self.server.put(self.server.proposal(self.author, name)) for name in names]
        root: Json = {"id": self.collection, "type": "Collection", "items": listings}
        self.server.put({"@context": AS, **root})
        await self.node.follow(self.catalogue.uri)
        assert set(await self.node.titles()) == {each["id"] for each in listings}
        return listings

    def say(self, digest: Any, digests: Any = None, items: Any = None, **root: Any) -> None:
        """Say this of the whole, of each bucket, and of what is in any of them."""
        self.server.put(
            {
                "@context": AS,
                "id": self.collection,
                "type": "Collection",
                "digest": digest,
                "buckets": self.digests,
                **root,
            }
        )
        document = {"@context": AS, "id": self.digests, "type": "Collection"}
        self.server.put({**document, "digests": digests, "items": items})

    async def compare(self, passes: int = 1) -> list[str]:
        """Have the node compare; return what it asked for until it rests."""
        self.server.asked.clear()
        for _ in range(passes):
            await self.node.database.write(_make_due, self.catalogue.uri)
            await eventually(lambda: self.node.database.read(_rests, self.catalogue.uri))
        return list(self.server.asked)


def _make_due(store: Any, actor: str) -> None:
    store.comparisons.schedule(actor, host=actor.split("/")[2], due=store.clock.now())


def _rests(store: Any, actor: str) -> bool:
    found = store.comparisons.find(actor)
    return found is not None and found.due > store.clock.now() + timedelta(seconds=30)


@pytest.fixture
async def liar(world: World, abroad: MakeServer) -> Liar:
    return Liar(await world.node("node", **SETTINGS), await abroad())


def listed(*listings: Json) -> list[Json]:
    return [{"id": each["id"], "updated": each["published"]} for each in listings]


def true_digest(*listings: Json) -> str:
    return digest_of(
        leaf(each["id"], moment(each["published"]))
        for each in listings  # type: ignore[arg-type]
    ).hex()


ANY = {f"{bucket:02x}": os.urandom(32).hex() for bucket in range(256)}


async def test_h48_digests_that_always_differ_cost_a_bounded_number_of_fetches(liar: Liar) -> None:
    kept = await liar.begin("one", "two")
    lies = [
        {"id": f"{liar.server.url}/notes/no-{number}", "updated": "2026-01-01T00:00:00Z"}
        for number in range(9_000)
    ]
    liar.say("ff" * 32, ANY, [*listed(*kept), *lies])
    asked = await liar.compare(passes=12)
    assert 20 < len(asked) <= 260  # 100 in a period, each pass to its end, and each page twice
    assert len(await liar.compare()) <= 1
    assert set(await liar.node.titles()) == {each["id"] for each in kept}


async def test_h48_listings_that_are_always_new_are_taken_to_the_limit(liar: Liar) -> None:
    await liar.begin()
    many = [liar.server.put(liar.server.proposal(liar.author, f"n{n}")) for n in range(300)]
    liar.say("ee" * 32, ANY, listed(*many))
    asked = await liar.compare(passes=6)
    assert len(asked) <= 300
    assert 0 < len(await liar.node.titles()) <= 140


async def test_h48_items_of_others_are_not_asked_for_and_not_lost(
    liar: Liar, world: World, abroad: MakeServer
) -> None:
    await liar.begin()
    honest = Liar(liar.node, await abroad())
    theirs = [honest.server.put(honest.server.proposal(honest.author, "theirs"))]
    honest.server.put({"id": honest.collection, "type": "Collection", "items": theirs})
    await liar.node.follow(honest.catalogue.uri)
    honest.server.asked.clear()
    liar.node.asked.clear()
    own = f"{liar.node.url}/proposals/1"
    liar.say("dd" * 32, ANY, [*listed(*theirs), {"id": own, "updated": "2026-01-01T00:00:00Z"}])
    await liar.compare()
    assert honest.server.asked == []
    assert [each.path for each in liar.node.asked if each.path.startswith("/proposals")] == []
    assert list(await liar.node.titles()) == [theirs[0]["id"]]


@pytest.mark.parametrize(
    ("answer", "stays", "is_buried"),
    [(None, False, False), (410, False, True), (503, True, False), (403, True, False)],
)
async def test_h48_what_is_not_listed_goes_only_when_its_own_address_says_so(
    liar: Liar, answer: int | None, stays: bool, is_buried: bool
) -> None:
    (one, two) = await liar.begin("one", "two")
    if answer is None:
        del liar.server.documents["/notes/two"]
    else:
        liar.server.documents["/notes/two"] = {"status": answer}
    liar.say(true_digest(one), {}, listed(one))
    await liar.node.database.write(_make_due, liar.catalogue.uri)
    if answer == 503:
        await eventually(lambda: "/notes/two" in liar.server.asked)
        await eventually(
            lambda: liar.node.rows("SELECT reason FROM comparison WHERE reason LIKE '%503%'")
        )
    else:
        await eventually(lambda: liar.node.database.read(_rests, liar.catalogue.uri))
    assert (two["id"] in await liar.node.titles()) is stays
    assert one["id"] in await liar.node.titles()
    buried = [(two["id"],)] if is_buried else []
    assert liar.node.rows("SELECT uri FROM tombstone") == buried


async def test_h48_list_without_a_listing_that_is_there_takes_nothing_away(liar: Liar) -> None:
    kept = await liar.begin("one", "two")
    liar.say("cc" * 32, {}, [])
    asked = await liar.compare(passes=3)
    assert set(await liar.node.titles()) == {each["id"] for each in kept}
    assert len(asked) <= 30


@pytest.mark.parametrize(
    "said",
    [
        {"digest": 7},
        {"digest": "f" * 63},
        {"digest": ["ff" * 32]},
        {"digest": "ff" * 32, "buckets": "https://elsewhere.example/digest"},
        {"digest": "ff" * 32, "buckets": "http://127.0.0.1/x?y=z"},
        {"digest": "ff" * 32, "buckets": None},
        {"digest": "ff" * 32, "digests": ["ff"]},
        {"digest": "ff" * 32, "digests": {"00": 1, "zz": "ff" * 32, "01": "g" * 64}},
        {"digest": "ff" * 32, "digests": {"00": "ff" * 32}, "items": {"id": "x"}},
        {"digest": "ff" * 32, "digests": {"00": "ff" * 32}, "items": [None, 7, [], {"id": 1}]},
        {"digest": "ff" * 32, "digests": {"00": "ff" * 32}, "items": ["x"] * 20_000},
        {"digest": "ff" * 32, "digests": {str(n): "ff" * 32 for n in range(50_000)}},
        {"digest": "ff" * 32, "totalItems": 10**15, "digests": {}},
        {"digest": "ff" * 32, "totalItems": -1, "digests": {}},
    ],
    ids=lambda said: hashlib.sha256(repr(said).encode()).hexdigest()[:6],
)
async def test_h48_digests_of_no_sense_change_nothing(liar: Liar, said: Json) -> None:
    kept = await liar.begin("one")
    root = {name: said[name] for name in ("buckets", "totalItems") if name in said}
    liar.say(said["digest"], said.get("digests"), said.get("items"), **root)
    asked = await liar.compare()
    assert len(asked) <= 20
    assert list(await liar.node.titles()) == [kept[0]["id"]]
    assert (await liar.node.get("/readyz")).status == 200


async def test_h48_hints_that_lie_have_the_catalogue_asked_once_in_a_while(
    liar: Liar,
) -> None:
    (one,) = await liar.begin("one")
    liar.say(true_digest(one), {}, listed(one))
    assert await liar.compare() == ["/users/catalogue/proposals"]
    liar.server.asked.clear()
    for _ in range(30):
        hint = f'collectionId="{liar.collection}", url="x", digest="{os.urandom(32).hex()}"'
        activity = liar.server.say("Like", liar.author, one["id"])
        body = json.dumps(activity).encode()
        headers = {**signed(liar.node.inbox, body, liar.author), HEADER: hint}
        assert await liar.server.post(liar.node.inbox, body, headers) == (202, "")
    await eventually(liar.node.is_at_rest)
    due = liar.node.rows("SELECT due_at - asked_at FROM comparison")
    assert due == [(liar.node.settings.compare_rest.total_seconds() * 1000,)]
    assert liar.server.asked == []
