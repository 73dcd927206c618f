"""The door for activities: real signatures and a real server behind the key (H01 to H19, H31)."""

from datetime import timedelta
from typing import Any

import pytest

from federation.errors import (
    Forbidden,
    Malformed,
    Refused,
    TooLarge,
    TryLater,
    Unauthenticated,
    UnsupportedMedia,
)
from federation.inbox import Letter
from federation.vocabulary import ACTIVITY_JSON
from tests.federation.foreign import foreign_server, listed, signed_get, signed_letter
from tests.samples import HERE, NOW


@pytest.fixture
def ana(foreign, their_key):
    """An actor of the other server, whose key it serves."""
    uri = foreign.at("/users/ana")
    foreign.serve_actor("ana", publicKey=listed(uri, their_key.public()))
    return uri


def activity(by: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"{by}/activities/{number}",
        "type": "Like",
        "actor": by,
        "object": HERE.catalogue,
        **changes,
    }


@pytest.fixture
def letter(ana, their_key):
    def write(said=None, **how):
        given_ = {"key": their_key, "key_uri": f"{ana}#main-key", **how}
        return signed_letter(said if said is not None else activity(ana), **given_)

    return write


async def kept(house):
    return await house.read(lambda store: store.inbox.next_due(NOW + timedelta(days=9), 99, ()))


async def test_signed_activity_is_kept(inbox, house, letter, ana):
    assert await inbox.take(letter())
    [received] = await kept(house)
    assert (received.uri, received.actor) == (f"{ana}/activities/1", ana)
    assert received.body == letter().body


async def test_repeated_activity_is_no_error_and_kept_once_h10(inbox, house, letter):
    assert await inbox.take(letter())
    assert not await inbox.take(letter())
    assert len(await kept(house)) == 1


async def test_second_edit_under_one_id_is_kept_and_a_repeat_of_it_is_not(
    inbox, house, letter, ana
):
    first = activity(ana, type="Update", object={"id": f"{ana}/posts/1", "content": "one"})
    second = {**first, "object": {"id": f"{ana}/posts/1", "content": "two"}}
    assert await inbox.take(letter(first))
    assert await inbox.take(letter(second))
    assert not await inbox.take(letter(first))
    assert not await inbox.take(letter(second))
    assert not await inbox.take(letter(letter(second).body.replace(b",", b" , ")))
    assert [each.body for each in await kept(house)] == [
        letter(first).body,
        letter(second).body,
    ]


async def test_update_with_a_number_that_has_no_canonical_form_is_refused(
    inbox, house, letter, ana
):
    with pytest.raises(Malformed):
        await inbox.take(letter(activity(ana, type="Update", object={"size": 2**53})))
    assert await kept(house) == []


async def test_other_words_under_one_id_are_a_repeat_h10(inbox, house, letter, ana):
    said = activity(ana, type="Create", object={"id": f"{ana}/posts/1", "content": "one"})
    assert await inbox.take(letter(said))
    assert not await inbox.take(letter({**said, "object": {"id": f"{ana}/posts/1"}}))
    assert len(await kept(house)) == 1


async def test_host_that_speaks_is_heard(inbox, house, letter, foreign):
    await inbox.take(letter())
    state = await house.read(lambda store: store.hosts.find(foreign.host))
    assert state.heard == NOW


async def test_unsigned_activity_is_refused_h01(inbox, house, letter):
    bare = letter()
    bare.request.headers.pop("signature")
    with pytest.raises(Unauthenticated):
        await inbox.take(bare)
    assert await kept(house) == []


async def test_changed_body_is_refused_h03(inbox, house, letter, ana):
    signed, other = letter(), letter(activity(ana, 2))
    swapped = Letter(
        content_type=ACTIVITY_JSON,
        body=other.body,
        request=signed.request.__class__(
            method="POST",
            target="/inbox",
            host=HERE.authority,
            headers=signed.request.headers,
            body=other.body,
        ),
    )
    with pytest.raises(Unauthenticated):
        await inbox.take(swapped)
    assert await kept(house) == []


@pytest.mark.parametrize(
    "how",
    [
        {"host": "other.example"},
        {"date": NOW - timedelta(hours=2)},
        {"date": NOW + timedelta(hours=2)},
    ],
    ids=["other host", "old", "future"],
)
async def test_signature_for_another_place_or_time_is_refused_h09_h11(inbox, house, letter, how):
    with pytest.raises(Unauthenticated):
        await inbox.take(letter(**how))
    assert await kept(house) == []


async def test_signature_of_another_key_is_refused(inbox, house, letter, other_key):
    with pytest.raises(Unauthenticated):
        await inbox.take(letter(key=other_key))
    assert await kept(house) == []


async def test_signer_of_the_same_host_is_not_the_actor_h13(inbox, house, foreign, ana, other_key):
    ben = foreign.at("/users/ben")
    foreign.serve_actor("ben", publicKey=listed(ben, other_key.public()))
    forged = signed_letter(activity(ana), other_key, f"{ben}#main-key")
    with pytest.raises(Unauthenticated):
        await inbox.take(forged)
    assert await kept(house) == []


async def test_signer_of_another_host_is_not_the_actor_h14_l4(inbox, house, ana, other_key):
    async with foreign_server() as evil:
        eve = evil.at("/users/eve")
        evil.serve_actor("eve", publicKey=listed(eve, other_key.public()))
        forged = signed_letter(activity(ana), other_key, f"{eve}#main-key")
        with pytest.raises(Unauthenticated):
            await inbox.take(forged)
        assert evil.asked == {}  # refused before anyone is asked
    assert await kept(house) == []


async def test_key_that_claims_the_actor_is_not_the_actors_h15(
    inbox, house, foreign, ana, other_key
):
    claimed = {"id": foreign.at("/k"), "owner": ana, "publicKeyPem": other_key.public().pem()}
    foreign.serve("/k", claimed)
    with pytest.raises(Unauthenticated):
        await inbox.take(signed_letter(activity(ana), other_key, foreign.at("/k")))
    assert await kept(house) == []


@pytest.mark.parametrize("actor", [HERE.catalogue, HERE.instance])
async def test_nobody_speaks_as_ourselves_h16(inbox, house, their_key, actor):
    forged = signed_letter(activity(actor), their_key, f"{actor}#main-key")
    with pytest.raises(Unauthenticated):
        await inbox.take(forged)
    assert await kept(house) == []


async def test_id_of_another_host_is_refused_h23(inbox, house, letter, ana, foreign):
    for uri in ("https://victim.example/1", HERE.activity("follow", "1"), "https://127.0.0.1/1"):
        with pytest.raises(Unauthenticated):
            await inbox.take(letter(activity(ana, id=uri)))
    assert await kept(house) == []
    assert foreign.asked == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": ["https://a.example/1"]},
        {"id": 7},
        {"id": "urn:x"},
        {"id": "javascript:alert(1)"},
        {"id": "https://a.example/" + "x" * 10_000},
        {"id": "https://a.example/\x00"},
        {"actor": None},
        {"actor": []},
        {"actor": "acct:ana@blog.example"},
        {"type": None},
        {"type": ["Like", "Delete"]},  # H33
        {"type": {"Like": 1}},
    ],
    ids=lambda each: str(each)[:40],
)
async def test_activity_without_sense_is_malformed_h31_h33(inbox, house, letter, ana, changes):
    with pytest.raises(Malformed):
        await inbox.take(letter(activity(ana, **changes)))
    assert await kept(house) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"id": 1, "id": 2}',
        b'{"a": NaN}',
        b"[" * 100_000,
        b"\xff\xfe{}",
        b'{"a": "\\ud800"}',
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda each: ascii(each)[:24],
)
async def test_body_that_is_no_json_object_is_malformed_h32_h50(inbox, house, letter, body):
    with pytest.raises(Malformed):
        await inbox.take(letter(body))
    assert await kept(house) == []


async def test_too_large_a_body_is_refused_before_it_is_read_h49(inbox, federating, letter):
    with pytest.raises(TooLarge):
        await inbox.take(letter(b"x" * (federating.inbox_bytes + 1)))


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", "application/ld+json"])
async def test_other_media_types_are_refused(inbox, letter, kind):
    signed = letter()
    with pytest.raises(UnsupportedMedia):
        await inbox.take(Letter(content_type=kind, body=signed.body, request=signed.request))


async def test_blocked_host_is_refused_without_asking_it_h64(inbox, house, letter, foreign):
    await house.write(lambda store: store.hosts.block("127.0.0.1", at=NOW, reason=""))
    with pytest.raises(Refused):
        await inbox.take(letter())
    assert foreign.asked == {}
    assert await kept(house) == []


async def test_blocked_host_whose_key_is_known_is_forbidden_h64(inbox, house, letter, ana, foreign):
    await inbox.take(letter())
    await house.write(lambda store: store.hosts.block("127.0.0.1", at=NOW, reason=""))
    asked = foreign.asked.copy()
    with pytest.raises(Forbidden):
        await inbox.take(letter(activity(ana, 2)))
    assert foreign.asked == asked
    assert len(await kept(house)) == 1


async def test_farewell_of_a_stranger_is_dropped_without_asking_anyone(
    inbox, house, foreign, letter
):
    gone = foreign.at("/users/gone")
    said = activity(gone, type="Delete", object=gone)
    assert not await inbox.take(letter(said, key_uri=f"{gone}#main-key"))
    assert foreign.asked == {}
    assert await kept(house) == []


async def test_farewell_of_somebody_known_needs_a_signature(inbox, house, letter, ana, other_key):
    await inbox.take(letter())  # now she is known
    said = activity(ana, 2, type="Delete", object=ana)
    with pytest.raises(Unauthenticated):
        await inbox.take(letter(said, key=other_key))
    assert await inbox.take(letter(said))
    assert len(await kept(house)) == 2


async def test_changed_key_is_fetched_once_then_accepted_h19(
    inbox, house, foreign, letter, ana, other_key, clock
):
    await inbox.take(letter())
    foreign.serve_actor("ana", publicKey=listed(ana, other_key.public()))
    clock.pass_by(minutes=6)
    assert await inbox.take(letter(activity(ana, 2), key=other_key, date=clock.now()))
    before = foreign.asked["/users/ana"]
    with pytest.raises(Unauthenticated):  # within five minutes nobody is asked again
        await inbox.take(letter(activity(ana, 3), date=clock.now()))
    assert foreign.asked["/users/ana"] == before
    assert len(await kept(house)) == 2


async def test_dead_key_costs_one_fetch_l18(inbox, foreign, letter, their_key):
    nobody = foreign.at("/users/nobody")
    for number in range(30):
        forged = signed_letter(activity(nobody, number), their_key, f"{nobody}#main-key")
        with pytest.raises(Unauthenticated):
            await inbox.take(forged)
    assert foreign.asked == {"/users/nobody": 1}


async def test_server_of_the_key_that_is_down_is_no_refusal(inbox, foreign, letter):
    foreign.serve("/users/ana", 503)
    with pytest.raises(TryLater):
        await inbox.take(letter())


# -- who reads ------------------------------------------------------------------------------------


async def test_reader_is_who_signed_the_get(inbox, foreign, ana, their_key):
    assert await inbox.reader(signed_get(their_key, f"{ana}#main-key", "/proposals/1")) == ana


@pytest.mark.parametrize("how", ["unsigned", "other key", "other path", "ours", "nobody"])
async def test_reader_that_did_not_sign_well_is_a_stranger_h08(
    inbox, foreign, ana, their_key, other_key, how
):
    request = signed_get(
        other_key if how == "other key" else their_key,
        {
            "ours": f"{HERE.catalogue}#main-key",
            "nobody": foreign.at("/users/nobody#main-key"),
        }.get(how, f"{ana}#main-key"),
        "/elsewhere" if how == "other path" else "/proposals/1",
    )
    headers = dict(request.headers)
    if how == "unsigned":
        headers.pop("signature")
    seen = request.__class__(
        method="GET", target="/proposals/1", host=HERE.authority, headers=headers, body=None
    )
    assert await inbox.reader(seen) is None


async def test_refusals_are_safe_to_show(inbox, letter, ana):
    with pytest.raises(Refused) as raised:
        await inbox.take(letter(activity(ana, actor="javascript:<script>")))
    assert "<" not in str(raised.value)
