"""From the inbox to its effect: order, retries, poison that harms nobody else (H33, H62, F29)."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from catalogue.addresses import Addresses
from catalogue.model import Listing, Status, Visibility
from federation import dispatcher as dispatching
from federation.dispatcher import BUGS, Dispatcher, Verb
from federation.errors import Refused
from federation.incoming import plain
from federation.incoming.said import Said
from federation.mapping.proposal import to_note
from federation.mapping.values import to_bytes
from federation.model import HostBlock, Severity
from node.storage.store import NodeStore
from tests.federation.world import (
    CATALOGUE,
    FAN,
    FAR,
    THEIR_CATALOGUE,
    know_affiliate,
    know_node,
    know_person,
    let_follow,
    settle,
)
from tests.samples import HERE, NOW, SOUTH, TAXONOMY, listing, one


@pytest.fixture
async def dispatcher(house, resolver, clock, federating):
    made = Dispatcher(
        house,
        resolver,
        clock=clock,
        settings=federating,
        chance=lambda: 0.0,
        wake=lambda: None,
    )
    yield made
    await made.close()


@pytest.fixture
def arrives(house):
    """Put an activity into the inbox as if its sender had signed it."""
    numbers = count(1)

    def arrive(verb: str, content: Any, by: str = FAR, **changes: Any) -> str:
        uri = f"{by}/activities/{next(numbers)}"
        said = {"id": uri, "type": verb, "actor": by, "object": content, **changes}
        body = changes["body"] if "body" in changes else to_bytes(said)
        house.write_now(
            lambda store: store.inbox.remember(uri, actor=by, body=body, at=store.clock.now())
        )
        return uri

    return arrive


@pytest.fixture
def near(house):
    def meet(store):
        know_node(store)
        know_affiliate(store)
        know_person(store)
        let_follow(store, CATALOGUE, THEIR_CATALOGUE)

    house.write_now(meet)
    return house


async def work(dispatcher):
    """Work until there is nothing left that is due."""
    while await dispatcher.work() or len(dispatcher._waiting):
        await asyncio.gather(*dispatcher._waiting._open.values())


def states(house):
    rows = house.read_now(
        lambda store: store.listings._sql.all("SELECT uri, state, attempts, reason FROM inbox")
    )
    return {row["uri"]: (row["state"], row["attempts"], row["reason"]) for row in rows}


def title(house, number):
    found = house.read_now(
        lambda store: store.listings.find_by_uri(f"https://{SOUTH}/proposals/{number}")
    )
    return found and found.title.main.text


def note(number=1, seconds=0, text="First"):
    made = listing(
        number, id=str(number), title=one(text), updated=NOW + timedelta(seconds=seconds)
    )
    return to_note(made, TAXONOMY, Addresses(f"https://{SOUTH}"))


async def test_activity_has_its_effect_and_is_done(dispatcher, near, arrives):
    uri = arrives("Create", note())
    await work(dispatcher)
    assert title(near, 1) == "First"
    assert states(near) == {uri: ("done", 0, None)}


TELLING = (
    "SELECT uri, by_uri, bucket, status, updated_at, content, words, document FROM listing",
    "SELECT * FROM catalogue_digest",
    "SELECT uri, facet, value FROM listing_facet JOIN listing ON seq = listing_seq",
    "SELECT uri FROM match_due JOIN listing ON id = listing_id",
    "SELECT name, replace(details, id, uri) FROM event JOIN listing ON details LIKE '%'||id||'%'",
    "SELECT * FROM tombstone",
    "SELECT uri, state, reason FROM inbox",
)


def said(verb: str, content: Any, by: str) -> dict[str, Any]:
    uri = f"{by}/says/{hash(str(content))}"
    return {"id": uri, "type": verb, "actor": by, "object": content}


def post(made: Listing) -> dict[str, Any]:
    return to_note(made, TAXONOMY, Addresses(f"https://{made.node}"))


def mixed_post(store: NodeStore) -> list[dict[str, Any]]:
    """Letters of all kinds, and a node that has reasons to treat each in its own way."""
    silent, away, shut = "silent.example", "away.example", "https://south.example/actors/shut"
    for node in (SOUTH, silent, away):
        know_node(store, node)
        know_affiliate(store, f"https://{node}/actors/far")
        let_follow(store, CATALOGUE, f"https://{node}/actors/catalogue")
    for author in (f"https://{SOUTH}/actors/other", shut, "https://stranger.example/actors/far"):
        know_affiliate(store, author)
    know_person(store)
    let_follow(store, FAN, HERE.actor("governance"))
    store.listings.put(listing(2), words="before", document=b"before")
    store.tombstones.bury(listing(3).uri, by=FAR, at=NOW)
    store.blocks.put_host(HostBlock(host=silent, severity=Severity.SILENCE, at=NOW))
    store.hosts.block(away, at=NOW, reason="")
    store.blocks.put_actor(shut, at=NOW, reason="")
    made = [
        listing(1),
        listing(2, updated=NOW + timedelta(minutes=1), title=one("Second")),
        listing(3),
        listing(5, status=Status.CLOSED),
        listing(6, until=NOW - timedelta(days=1)),
        listing(7, visibility=Visibility.NETWORK),
        listing(8, published=NOW - timedelta(days=9), updated=NOW - timedelta(days=8)),
        listing(9, capacities=("governance",)),
        listing(10, handle="shut"),
        *(listing(11, node=node) for node in (silent, away, "stranger.example")),
        listing(12, handle="other", capacities=("governance",)),
        listing(13, capacities=("governance",)),
        listing(4, updated=NOW + timedelta(hours=2)),
        listing(17, handle="other", same_as=(listing(1).uri,)),
    ]
    return [
        *(said("Create", post(each), each.by) for each in made),
        said("Delete", listing(13).uri, FAR),
        said("Update", post(replace(made[1], updated=NOW + timedelta(minutes=5))), FAR),
        said("Create", {**post(listing(14)), "publishes": {}}, FAR),
        said("Create", post(listing(15)), f"https://{SOUTH}/actors/other"),
        said("Create", post(listing(16)), FAR),
    ]


def what_came_of(store: NodeStore, *, together: bool) -> list[list[str]]:
    for letter in mixed_post(store):
        uri, by = letter["id"], letter["actor"]
        store.inbox.remember(uri, actor=by, body=to_bytes(letter), at=NOW)
    most = 0
    while due := dispatching._next_due(store, NOW, ()):
        taken = dispatching._first_of_each(due) if together else {}
        most = max(most, len(taken))
        done = dispatching._take_in(store, taken) if taken else set()
        left = [each.received for each in due if each.received.seq not in done]
        for task in dispatching._tasks(store, left):
            assert task.verb
            what = Said(activity=task.activity, actor=task.received.actor, fetched={}, received=NOW)
            try:
                dispatching._apply(store, task.verb, what, task.received.seq)
            except Refused as error:
                store.inbox.bury(task.received.seq, reason=str(error))
    assert most == (14 if together else 0)
    ask = store.listings._sql.all
    return [sorted(repr(tuple(row)) for row in ask(question)) for question in TELLING]


def test_letters_taken_in_together_have_the_effect_that_each_has_by_itself(new_store, own_keys):
    outcomes = []
    for together in (True, False):
        with new_store() as store:
            settle(store, own_keys)
            outcomes.append(what_came_of(store, together=together))
    assert outcomes[0] == outcomes[1]
    held, digests, _, due, events, *_ = outcomes[0]
    assert all((held, digests, due, events))
    assert (len(held), len(events)) == (11, 2)


async def test_unknown_verb_is_done_without_effect_h33(dispatcher, near, arrives):
    for verb in ("Like", "EmojiReact", "create", ""):
        arrives(verb, note())
    await work(dispatcher)
    assert {state for state, *_ in states(near).values()} == {"done"}
    assert title(near, 1) is None


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"type": 7, "id": 1}'])
async def test_row_that_cannot_be_read_is_laid_aside_f29(dispatcher, near, arrives, body):
    bad = arrives("Create", None, body=body)
    good = arrives("Create", note())
    await work(dispatcher)
    assert states(near)[good] == ("done", 0, None)
    assert states(near)[bad][0] == ("done" if b"type" in body else "dead")
    assert title(near, 1) == "First"


async def test_malformed_listing_is_laid_aside_with_the_reason(dispatcher, near, arrives):
    uri = arrives("Create", {**note(), "publishes": {}, "content": "", "contentMap": {}})
    await work(dispatcher)
    state, attempts, reason = states(near)[uri]
    assert (state, attempts) == ("dead", 1)
    assert "neither title nor text" in reason


def nothing(store, said):
    return []


@pytest.fixture
def poison(monkeypatch):
    """A verb with a bug in it; says when it was tried."""
    tried = []

    def stumble(store, said):
        tried.append(store.clock.now())
        store.tombstones.bury("https://half.example/effect", by="x", at=NOW)
        raise RuntimeError("a bug")

    verb = Verb(nothing, stumble)
    monkeypatch.setitem(dispatching.VERBS, "Poison", verb)
    return tried


async def test_poison_is_tried_three_times_and_laid_aside_h62(
    dispatcher, near, arrives, clock, poison, caplog
):
    caplog.set_level(logging.CRITICAL)
    bad = arrives("Poison", None)
    good = arrives("Create", note(), by=FAR)
    await work(dispatcher)
    assert states(near) == {bad: ("pending", 1, "RuntimeError"), good: ("done", 0, None)}
    for _ in range(10):
        clock.pass_by(days=1)
        await work(dispatcher)
    assert len(poison) == BUGS == 3
    assert states(near)[bad] == ("dead", 3, "RuntimeError")


async def test_poison_leaves_no_half_effect_h62(dispatcher, near, arrives, poison, caplog):
    caplog.set_level(logging.CRITICAL)
    arrives("Poison", None)
    await work(dispatcher)
    half = await near.read(lambda store: store.tombstones.deleted_at("https://half.example/effect"))
    assert half is None


async def test_poison_waits_longer_each_time(dispatcher, near, arrives, clock, poison, caplog):
    caplog.set_level(logging.CRITICAL)
    arrives("Poison", None)
    await work(dispatcher)
    assert await near.read(lambda store: store.inbox.next_due_at()) == NOW + timedelta(seconds=16)
    clock.pass_by(seconds=16)
    await work(dispatcher)
    assert await near.read(lambda store: store.inbox.next_due_at()) == NOW + timedelta(seconds=47)


async def test_bug_in_what_is_needed_is_poison_too_h62(
    dispatcher, near, arrives, clock, monkeypatch, caplog
):
    caplog.set_level(logging.CRITICAL)

    def stumble(store, activity):
        raise KeyError("a bug")

    monkeypatch.setitem(dispatching.VERBS, "Poison", Verb(stumble, nothing))
    bad, good = arrives("Poison", None), arrives("Create", note(), by=FAR)
    await work(dispatcher)
    assert states(near) == {bad: ("pending", 1, "KeyError"), good: ("done", 0, None)}


async def test_effects_come_in_the_order_of_arrival(dispatcher, arrives, monkeypatch):
    seen = []

    def note_order(store, said):
        seen.append(said.activity["id"])

    monkeypatch.setitem(dispatching.VERBS, "Update", Verb(nothing, note_order))
    sent = [arrives("Update", note(1, seconds=1)) for _ in range(10)]
    await work(dispatcher)
    assert seen == sent


# -- plain listings, many together ----------------------------------------------------------------


@pytest.fixture
def transactions(near, monkeypatch):
    """Count what is written."""
    done = []
    write = near.write

    async def counted(work, *args, **kwargs):
        done.append(work.__name__)
        return await write(work, *args, **kwargs)

    monkeypatch.setattr(near, "write", counted)
    return done


async def test_plain_listings_are_one_transaction(dispatcher, near, arrives, transactions):
    for number in range(1, 41):
        arrives("Create", note(number))
    await work(dispatcher)
    assert transactions == ["_take_in"]
    assert [title(near, number) for number in (1, 40)] == ["First", "First"]
    assert {state for state, *_ in states(near).values()} == {"done"}


async def test_order_of_one_actor_holds_across_plain_and_other_letters(dispatcher, near, arrives):
    address = note(1)["id"]
    arrives("Create", note(1))
    arrives("Create", note(2))
    arrives("Delete", address)
    arrives("Create", note(1, seconds=9, text="Back again"))
    arrives("Update", note(2, seconds=5, text="Second"))
    arrives("Update", note(2, seconds=7, text="Third"))
    await work(dispatcher)
    assert (title(near, 1), title(near, 2)) == (None, "Third")
    assert {state for state, *_ in states(near).values()} == {"done"}


async def test_plain_listing_of_whom_nobody_wants_is_done_without_effect(dispatcher, near, arrives):
    stranger = "https://stranger.example/actors/far"
    await near.write(know_affiliate, stranger)
    unwanted = {**note(1), "id": "https://stranger.example/proposals/1", "attributedTo": stranger}
    arrives("Create", unwanted, by=stranger)
    arrives("Create", note(2))
    await work(dispatcher)
    assert {state for state, *_ in states(near).values()} == {"done"}
    found = await near.read(lambda store: store.listings.find_by_uri(unwanted["id"]))
    assert (found, title(near, 2)) == (None, "First")


async def test_plain_listing_of_a_blocked_host_is_done_without_effect_h64(
    dispatcher, near, arrives
):
    arrives("Create", note(1))
    await near.write(lambda store: store.hosts.block(SOUTH, at=NOW, reason="spam"))
    await work(dispatcher)
    assert title(near, 1) is None
    assert {state for state, *_ in states(near).values()} == {"done"}


async def test_plain_listing_in_somebody_elses_name_has_no_effect_h33(dispatcher, near, arrives):
    await near.write(know_affiliate, f"https://{SOUTH}/actors/other")
    arrives("Create", note(1), by=f"https://{SOUTH}/actors/other")
    await work(dispatcher)
    assert title(near, 1) is None


async def test_trouble_with_many_is_handled_one_by_one_h62(
    dispatcher, near, arrives, monkeypatch, caplog
):
    caplog.set_level(logging.CRITICAL)

    def stumble(store, arrivals):
        take_in_all(store, arrivals)
        raise RuntimeError("a bug")

    take_in_all = plain.take_in_all
    monkeypatch.setattr(plain, "take_in_all", stumble)
    for number in (1, 2):
        arrives("Create", note(number))
    await work(dispatcher)
    assert (title(near, 1), title(near, 2)) == ("First", "First")
    assert {state for state, *_ in states(near).values()} == {"done"}


async def test_crowd_at_the_door_is_made_way_for(house, resolver, clock, federating, near, arrives):
    asked = []
    made = Dispatcher(
        house,
        resolver,
        clock=clock,
        settings=federating,
        chance=lambda: 0.0,
        wake=lambda: None,
        is_crowded=lambda: asked.append(1) is None,
    )
    arrives("Create", note(1))
    await work(made)
    assert title(near, 1) == "First"  # it goes on all the same
    assert asked == [1]


async def test_server_that_is_down_is_tried_again_and_given_up(
    dispatcher, near, arrives, foreign, clock, federating
):
    await near.write(lambda store: let_follow(store, CATALOGUE, foreign.at("/users/ana")))
    ana = foreign.serve_actor("ana")["id"]
    foreign.serve("/notes/1", 503)
    uri = arrives("Create", foreign.at("/notes/1"), by=ana)
    await work(dispatcher)
    assert states(near)[uri][:2] == ("pending", 1)
    for _ in range(20):
        clock.pass_by(days=1)
        await work(dispatcher)
    assert states(near)[uri][:2] == ("dead", federating.inbox_attempts)
    assert foreign.asked["/notes/1"] == federating.inbox_attempts


async def test_object_by_its_id_is_fetched_with_its_author(dispatcher, near, arrives, foreign):
    ana = foreign.serve_actor("ana", type="Organization")["id"]
    await near.write(lambda store: let_follow(store, CATALOGUE, ana))
    base = Addresses(foreign.base)
    made = listing(1, id="1", node=foreign.host, uri=foreign.at("/notes/1"), by=ana)
    foreign.serve("/notes/1", to_note(made, TAXONOMY, base))
    uri = arrives("Create", foreign.at("/notes/1"), by=ana)
    await work(dispatcher)
    assert states(near)[uri] == ("done", 0, None)
    found = await near.read(lambda store: store.listings.find_by_uri(foreign.at("/notes/1")))
    assert found.by == ana


async def test_what_cannot_be_had_for_good_is_done_without_it(dispatcher, near, arrives, foreign):
    ana = foreign.serve_actor("ana")["id"]
    await near.write(lambda store: let_follow(store, CATALOGUE, ana))
    foreign.serve("/notes/1", 410)
    uri = arrives("Create", foreign.at("/notes/1"), by=ana)
    await work(dispatcher)
    assert states(near)[uri] == ("done", 0, None)


async def test_follower_that_is_unknown_is_fetched_then_welcome(dispatcher, near, arrives, foreign):
    ana = foreign.serve_actor("ana")["id"]
    arrives("Follow", CATALOGUE, by=ana)
    await work(dispatcher)
    followers = await near.read(lambda store: store.follows.list_followers(CATALOGUE))
    assert [each.follower for each in followers] == [ana]


async def test_slow_server_holds_up_only_its_own_actor(dispatcher, near, arrives, foreign):
    """What waits for another server is worked on beside, in the order of its actor."""
    ana = foreign.serve_actor("ana")["id"]
    first, second = arrives("Follow", CATALOGUE, by=ana), arrives("Like", None, by=ana)
    other = arrives("Create", note())
    await dispatcher.work()
    assert states(near)[other][0] == "done"
    assert states(near)[second][0] == "pending"
    await work(dispatcher)
    assert states(near)[first][0] == states(near)[second][0] == "done"


async def test_batch_is_bounded(dispatcher, near, arrives):
    for _ in range(dispatching.BATCH + 5):
        arrives("Like", None, by=FAN)
    assert await dispatcher.work() == dispatching.BATCH
    assert await dispatcher.work() == 5
    assert await dispatcher.work() == 0
