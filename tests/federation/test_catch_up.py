"""Reading a peer's catalogue page by page over real HTTP (H48, L21)."""

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest

from catalogue.addresses import Addresses
from catalogue.model import Role
from federation.catch_up import Reader
from federation.mapping.proposal import to_note
from federation.model import KnownKey
from federation.signatures.integrity import add_proof
from federation.signatures.keys import new_ed25519_key
from federation.vocabulary import PROPOSAL_CONTEXT
from tests.federation.world import CATALOGUE, let_follow
from tests.samples import NOW, TAXONOMY, actor, listing, party


@pytest.fixture(scope="module")
def their_proof_key():
    return new_ed25519_key()


@pytest.fixture
async def reader(house, resolver, clock, federating):
    made = Reader(
        house,
        resolver,
        clock=clock,
        settings=replace(federating, catch_up_pages=5),
        chance=lambda: 0.0,
        wake=lambda: None,
    )
    yield made
    await made.close()


class Peer:
    """Another node: its catalogue, one affiliate, and its listings."""

    def __init__(self, foreign, key):
        self.foreign = foreign
        self.key = key
        self.catalogue = foreign.at("/actors/catalogue")
        self.far = foreign.at("/actors/far")
        self.first = f"{self.catalogue}/proposals"

    def known_to(self, store):
        store.actors.put(
            actor("catalogue", node=self.foreign.host, uri=self.catalogue, role=Role.CATALOGUE)
        )
        store.parties.put(party(self.catalogue, proposals=self.first))
        store.actors.put(actor("far", node=self.foreign.host, uri=self.far))
        store.keys.put_known(
            self.far,
            [
                KnownKey(
                    uri=f"{self.far}#e",
                    owner=self.far,
                    material=self.key.public().multibase(),
                    fetched=NOW,
                )
            ],
        )
        let_follow(store, CATALOGUE, self.catalogue)
        store.catch_ups.start(self.catalogue, page=self.first, at=NOW)

    def note(self, number: int, *, proven: bool = True, **changes: Any) -> dict[str, Any]:
        uri = self.foreign.at(f"/proposals/{number}")
        made = listing(
            number, node=self.foreign.host, id=str(number), uri=uri, url=uri, by=self.far
        )
        plain = to_note(made, TAXONOMY, Addresses(self.foreign.base))
        document = {"@context": PROPOSAL_CONTEXT, **plain, **changes}
        if not proven:
            return document
        return add_proof(document, key=self.key, key_uri=f"{self.far}#e", created=NOW)

    def page(self, path: str, items: Any, **changes: Any) -> None:
        self.foreign.serve(
            path,
            {
                "id": self.foreign.at(path),
                "type": "OrderedCollectionPage",
                "orderedItems": items,
                **changes,
            },
        )


@pytest.fixture
def peer(house, foreign, their_proof_key):
    made = Peer(foreign, their_proof_key)
    house.write_now(made.known_to)
    return made


PAGE = "/actors/catalogue/proposals"


async def read(reader):
    while await reader.work() or len(reader._reading):
        await asyncio.gather(*reader._reading._open.values())


def held(house, foreign):
    rows = house.read_now(
        lambda store: store.listings._sql.all("SELECT uri FROM listing ORDER BY uri")
    )
    return [row["uri"].removeprefix(foreign.base) for row in rows]


def waiting(house):
    rows = house.read_now(lambda store: store.listings._sql.all("SELECT * FROM catch_up"))
    return [(row["pages"], row["attempts"]) for row in rows]


async def test_every_page_is_read_and_nothing_more_is_fetched(reader, peer, house, foreign):
    foreign.serve(
        PAGE, {"id": peer.first, "type": "OrderedCollection", "first": foreign.at("/p/1")}
    )
    peer.page("/p/1", [peer.note(1), peer.note(2)], next=foreign.at("/p/2"))
    peer.page("/p/2", [peer.note(3)])
    await read(reader)
    assert held(house, foreign) == ["/proposals/1", "/proposals/2", "/proposals/3"]
    assert foreign.asked == {PAGE: 1, "/p/1": 1, "/p/2": 1}
    assert waiting(house) == []


async def test_listing_without_a_proof_is_fetched_from_its_address(reader, peer, house, foreign):
    peer.page(PAGE, [peer.note(1, proven=False), foreign.at("/proposals/2")])
    for number in (1, 2):
        foreign.serve(f"/proposals/{number}", peer.note(number, proven=False))
    await read(reader)
    assert held(house, foreign) == ["/proposals/1", "/proposals/2"]
    assert foreign.asked == {PAGE: 1, "/proposals/1": 1, "/proposals/2": 1}


async def test_changed_listing_is_not_believed(reader, peer, house, foreign):
    forged = {**peer.note(1), "attributedTo": peer.far, "published": "2029-01-01T00:00:00Z"}
    peer.page(PAGE, [forged])
    await read(reader)  # its own address says 404
    assert held(house, foreign) == []


async def test_place_is_kept_when_a_server_is_down(reader, peer, house, foreign, clock):
    peer.page(PAGE, [peer.note(1)], next=foreign.at("/p/2"))
    foreign.serve("/p/2", 503)
    await read(reader)
    assert (held(house, foreign), waiting(house)) == (["/proposals/1"], [(1, 1)])
    peer.page("/p/2", [peer.note(2)])
    clock.pass_by(minutes=1)
    await read(reader)
    assert held(house, foreign) == ["/proposals/1", "/proposals/2"]
    assert foreign.asked[PAGE] == 1


async def test_server_that_stays_down_is_given_up(reader, peer, house, foreign, clock, federating):
    foreign.serve(PAGE, 503)
    for _ in range(30):
        await read(reader)
        clock.pass_by(days=1)
    assert waiting(house) == []
    assert foreign.asked[PAGE] == federating.retry.attempts


@pytest.mark.parametrize("circle", [["/p/1"], ["/p/1", "/p/2"], [PAGE, "/p/1"]], ids=len)
async def test_pages_in_a_circle_end_h48_l21(reader, peer, house, foreign, circle):
    peer.page(PAGE, [peer.note(1)], next=foreign.at("/p/1"))
    for place, path in enumerate(circle):
        following = circle[(place + 1) % len(circle)]
        peer.page(path, [peer.note(2)], next=foreign.at(following))
    await read(reader)
    assert waiting(house) == []
    assert sum(foreign.asked.values()) <= 5


@pytest.mark.parametrize(
    "following",
    ["https://evil.example/p/2", "http://hub.example/p", 7, [], {"id": "x"}, "javascript:x"],
    ids=str,
)
async def test_reading_never_leaves_the_catalogues_origin_h48(
    reader, peer, house, foreign, following, caplog
):
    caplog.set_level(logging.CRITICAL)
    peer.page(PAGE, [peer.note(1)], next=following)
    await read(reader)
    assert waiting(house) == []
    assert foreign.asked == {PAGE: 1}


@pytest.mark.parametrize(
    "document",
    [
        {"type": "Note"},
        {"type": "OrderedCollection", "orderedItems": "x"},
        {"type": "OrderedCollection", "orderedItems": [7, None, [], {}, {"purpose": []}]},
        {"type": "OrderedCollection", "orderedItems": [{"purpose": "offer", "type": "Note"}]},
        {"type": "OrderedCollection", "first": {"type": "OrderedCollectionPage"}},
        {"type": "OrderedCollection", "totalItems": -1},
    ],
    ids=str,
)
async def test_page_without_sense_ends_the_reading(reader, peer, house, foreign, document, caplog):
    caplog.set_level(logging.CRITICAL)
    foreign.serve(PAGE, {"id": peer.first, **document})
    await read(reader)
    assert waiting(house) == []
    assert held(house, foreign) == []


async def test_bad_listing_does_not_spoil_the_page(reader, peer, house, foreign):
    bad = peer.note(1, publishes={}, content="", contentMap={})
    peer.page(PAGE, [bad, peer.note(2)])
    await read(reader)
    assert held(house, foreign) == ["/proposals/2"]


async def test_author_that_is_unknown_is_fetched_once(reader, peer, house, foreign):
    new = foreign.at("/actors/new")
    multikey = {
        "id": f"{new}#e",
        "type": "Multikey",
        "controller": new,
        "publicKeyMultibase": peer.key.public().multibase(),
    }
    foreign.serve(
        "/actors/new",
        {
            "id": new,
            "type": "Organization",
            "inbox": f"{new}/inbox",
            "assertionMethod": [multikey],
        },
    )
    notes = []
    for number in range(3):
        document = {**peer.note(number, proven=False), "attributedTo": new}
        notes.append(add_proof(document, key=peer.key, key_uri=f"{new}#e", created=NOW))
    peer.page(PAGE, notes)
    await read(reader)
    assert len(held(house, foreign)) == 3
    assert foreign.asked == {PAGE: 1, "/actors/new": 1}


async def test_listing_of_another_host_is_not_taken_from_a_page_h48(reader, peer, house, foreign):
    other = {**peer.note(1), "id": "https://victim.example/proposals/1"}
    peer.page(PAGE, [other, "https://victim.example/proposals/2"])
    await read(reader)
    assert held(house, foreign) == []
    assert foreign.asked == {PAGE: 1}


async def test_two_catalogues_are_read_side_by_side(reader, peer, house, foreign):
    peer.page(PAGE, [peer.note(1)])
    await house.write(
        lambda store: store.catch_ups.start("https://x.example/c", page=foreign.at("/x"), at=NOW)
    )
    assert await reader.work() == 2
    assert await reader.work() == 0
    await read(reader)
    assert waiting(house) == []
