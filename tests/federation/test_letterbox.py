"""Letters kept together: each is told its own fate, and only once it is on disk (H64)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from federation import letterbox as letterboxes
from federation.errors import Forbidden
from federation.hints import Hint
from federation.letterbox import Kept, Letterbox
from tests.federation.world import THEIR_CATALOGUE, know_node
from tests.samples import NOW, SOUTH


@pytest.fixture
def letterbox(house, clock, federating):
    return Letterbox(house, clock, federating)


def kept(number: int, host: str = "a.example") -> Kept:
    actor = f"https://{host}/actors/x"
    return Kept(uri=f"{actor}/{number}", actor=actor, signer=actor, body=b"%d" % number)


def on_disk(house):
    return [each.uri for each in house.read_now(lambda store: store.inbox.next_due(NOW, 999, ()))]


async def test_each_letter_is_told_whether_it_is_new(letterbox, house):
    await letterbox.keep(kept(1))
    letters = [kept(1), kept(2), kept(2), kept(3)]
    told = await asyncio.gather(*map(letterbox.keep, letters))
    assert told == [False, True, False, True]
    assert on_disk(house) == [kept(number).uri for number in (1, 2, 3)]


async def test_letters_that_come_during_a_commit_share_the_next(letterbox, house):
    commits = []
    house.when_committed(lambda: commits.append(1))
    told = await asyncio.gather(*(letterbox.keep(kept(number)) for number in range(100)))
    assert told == [True] * 100
    assert len(commits) <= 2


async def test_blocked_host_is_told_so_beside_others_h64(letterbox, house):
    await house.write(lambda store: store.hosts.block("bad.example", at=NOW, reason=""))
    letters = [kept(1), kept(1, "bad.example"), kept(2)]
    told = await asyncio.gather(*map(letterbox.keep, letters), return_exceptions=True)
    assert [type(each) for each in told] == [bool, Forbidden, bool]
    assert on_disk(house) == [kept(1).uri, kept(2).uri]
    heard = await house.read(lambda store: store.hosts.find("bad.example").heard)
    assert heard is None


async def test_blocked_actor_is_told_so_whether_it_signed_or_speaks_h64(letterbox, house):
    bad = kept(1, "bad.example").actor
    await house.write(lambda store: store.blocks.put_actor(bad, at=NOW, reason=""))
    letters = [replace(kept(1), signer=bad), replace(kept(2), actor=bad), kept(3)]
    told = await asyncio.gather(*map(letterbox.keep, letters), return_exceptions=True)
    assert [type(each) for each in told] == [Forbidden, Forbidden, bool]
    assert on_disk(house) == [kept(3).uri]


async def test_letter_that_makes_us_stumble_harms_no_other_h62(letterbox, house, monkeypatch):
    def stumble(store, host, hint, **times):
        raise RuntimeError("a bug")

    monkeypatch.setattr(letterboxes, "note_hint", stumble)
    hint = Hint(collection=THEIR_CATALOGUE, digest=bytes(32))
    letters = [kept(0), kept(1), replace(kept(2), hint=hint), kept(3)]
    told = await asyncio.gather(*map(letterbox.keep, letters), return_exceptions=True)
    assert [type(each) for each in told] == [bool, bool, RuntimeError, bool]
    assert on_disk(house) == [kept(number).uri for number in (0, 1, 3)]


async def test_hints_of_letters_kept_together_are_noted(letterbox, house, federating):
    def follow(store):
        know_node(store)
        store.comparisons.schedule(THEIR_CATALOGUE, host=SOUTH, due=NOW + timedelta(days=1))

    await house.write(follow)
    hint = Hint(collection=f"{THEIR_CATALOGUE}/proposals", digest=b"d" * 32)
    letters = [kept(1), replace(kept(2), signer=THEIR_CATALOGUE, hint=hint), kept(3)]
    assert await asyncio.gather(*map(letterbox.keep, letters)) == [True] * 3
    due = await house.read(lambda store: store.comparisons.next_due_at())
    assert due == NOW + federating.compare_delay


async def test_letter_is_kept_though_its_sender_has_gone(letterbox, house):
    gone = asyncio.create_task(letterbox.keep(kept(1)))
    await asyncio.sleep(0)
    gone.cancel()
    assert await letterbox.keep(kept(2))
    assert on_disk(house) == [kept(1).uri, kept(2).uri]


async def test_everybody_hears_that_nothing_could_be_written(letterbox, house):
    refuse = "CREATE TRIGGER refuse BEFORE INSERT ON inbox BEGIN SELECT raise(ABORT, 'full'); END"
    await house.write(lambda store: store.listings._sql.run(refuse))
    told = await asyncio.gather(*map(letterbox.keep, map(kept, range(3))), return_exceptions=True)
    assert ["full" in str(each) for each in told] == [True] * 3
    await house.write(lambda store: store.listings._sql.run("DROP TRIGGER refuse"))
    assert await letterbox.keep(kept(1))
