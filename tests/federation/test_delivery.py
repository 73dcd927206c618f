"""Activities to their inboxes over real HTTP: judged, put off, given up (F10, F12 to F14)."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web

from federation.delivery import Courier, _one_of_each
from federation.model import Delivery, Sent
from federation.settings import Settings
from federation.signatures import cavage
from federation.signatures.keys import load_rsa_pem
from federation.signatures.request import SignedRequest
from node.app import tidy
from tests.federation.world import CATALOGUE
from tests.samples import HERE, NOW


@pytest.fixture
async def courier(house, remote, keyring, clock, federating):
    made = Courier(
        house,
        remote,
        keyring,
        clock=clock,
        settings=federating,
        chance=lambda: 0.0,
        wake=lambda: None,
    )
    yield made
    await made.close()


@pytest.fixture
def send(house, foreign):
    def put(number=1, path="/inbox"):
        uri = HERE.activity("x", str(number))
        sent = Sent(
            uri=uri,
            actor=CATALOGUE,
            body=f'{{"id":"{uri}"}}'.encode(),
            published=NOW,
            is_public=True,
        )

        def add(store):
            store.activities.put(sent)
            store.deliveries.add(uri, actor=CATALOGUE, inboxes=[foreign.at(path)], at=NOW)

        house.write_now(add)
        return sent

    return put


async def carry(courier):
    while await courier.work() or len(courier._lanes):
        await asyncio.gather(*courier._lanes._open.values())


def queue(house):
    items = house.read_now(lambda store: store.deliveries.list_items(99))
    return [(item.state, item.attempts, item.reason) for item in items]


def host(house, foreign):
    return house.read_now(lambda store: store.hosts.find(foreign.host))


async def test_activity_is_delivered_signed_by_its_actor(courier, house, foreign, send, keyring):
    foreign.serve("/inbox", 202)
    sent = send()
    await carry(courier)
    [(path, body, headers)] = foreign.posted
    assert (path, body) == ("/inbox", sent.body)
    lines = {name.lower(): [value] for name, value in headers.items()}
    assert lines["content-type"] == ["application/activity+json"]
    request = SignedRequest(
        method="POST", target="/inbox", host=foreign.host, headers=lines, body=body
    )
    params = cavage.signature_of(lines)
    assert params.key_uri == f"{CATALOGUE}#main-key"
    key = load_rsa_pem(house.read_now(keyring.public_keys, CATALOGUE).rsa_pem)
    cavage.verify(params, request, key, now=NOW, window=timedelta(hours=1))
    assert queue(house) == []
    assert host(house, foreign).heard == NOW


@pytest.mark.parametrize(
    ("status", "state", "failures"),
    [
        (404, "dead", 0),
        (410, "dead", 0),
        (400, "dead", 0),
        (501, "dead", 0),
        (302, "dead", 0),
        (401, "pending", 0),
        (500, "pending", 1),
        (503, "pending", 1),
        (429, "pending", 1),
    ],
)
async def test_refused_delivery_is_judged_f12_f13(
    courier, house, foreign, send, status, state, failures
):
    foreign.serve("/inbox", web.Response(status=status, text="no\x1b[31m thanks"))
    send()
    await carry(courier)
    [(now, attempts, reason)] = queue(house)
    assert (now, attempts) == (state, 1)
    assert reason.startswith(str(status))
    assert "\x1b" not in reason
    assert host(house, foreign).failures == failures


async def test_wish_to_wait_is_honoured_f13(courier, house, foreign, send):
    foreign.serve("/inbox", web.Response(status=429, headers={"Retry-After": "3600"}))
    send()
    await carry(courier)
    assert house.read_now(lambda store: store.deliveries.next_due_at()) == NOW + timedelta(hours=1)
    assert host(house, foreign).closed_until == NOW + timedelta(hours=1)


async def test_delivery_succeeds_when_the_host_is_back_f14(courier, house, foreign, send, clock):
    foreign.serve("/inbox", 503)
    send()
    await carry(courier)
    foreign.serve("/inbox", 202)
    await carry(courier)
    assert len(foreign.posted) == 1  # not before its time
    clock.pass_by(seconds=16)
    await carry(courier)
    assert len(foreign.posted) == 2
    assert queue(house) == []
    assert host(house, foreign).failures == 0


async def test_host_that_fails_again_and_again_is_left_alone_f10(
    courier, house, foreign, send, caplog
):
    foreign.serve("/inbox", 503)
    for number in range(20):
        send(number)
    await carry(courier)
    state = host(house, foreign)
    assert state.failures >= 5
    assert state.closed_until > NOW
    assert len(foreign.posted) <= 8  # two rounds of four lanes
    assert len(queue(house)) == 20


async def test_host_on_trial_gets_one_request_f14(courier, house, foreign, send, clock, caplog):
    foreign.serve("/inbox", 503)
    for number in range(20):
        send(number)
    await carry(courier)
    before = len(foreign.posted)
    clock.moment = host(house, foreign).closed_until
    await carry(courier)
    assert len(foreign.posted) == before + 1


async def test_refused_connection_is_put_off_f10(courier, house, foreign, send):
    send(path="/inbox")
    await house.write(
        lambda store: store.listings._sql.run(
            "UPDATE delivery SET inbox = 'http://127.0.0.1:1/inbox', host = '127.0.0.1:1'"
        )
    )
    await carry(courier)
    [(state, attempts, _)] = queue(house)
    assert (state, attempts) == ("pending", 1)


async def test_delivery_is_held_for_seven_days_and_laid_aside_with_the_reason_f11(
    courier, house, foreign, send, clock, federating, caplog
):
    foreign.serve("/inbox", 503)
    send()
    while clock.now() < NOW + timedelta(days=8) and queue(house)[0][0] == "pending":
        await carry(courier)
        clock.moment = max(clock.now() + timedelta(minutes=1), house.read_now(due_at) or NOW)
    [(state, attempts, reason)] = queue(house)
    assert (state, reason) == ("dead", "503")
    assert 16 < attempts <= 40
    assert attempts == len(foreign.posted)
    assert timedelta(days=7) <= clock.now() - NOW < timedelta(days=8)


def due_at(store):
    return store.deliveries.next_due_at()


async def test_what_was_never_tried_is_laid_aside_too_and_later_forgotten(house, send):
    send()
    settings = Settings(version="0")
    for days, expected in ((6.9, "pending"), (7.1, "dead")):
        house.read_now(lambda store: store.clock).moment = NOW + timedelta(days=days)
        house.write_now(tidy, settings)
        assert [state for state, _, _ in queue(house)] == [expected]
    assert queue(house)[0][2] == "held for too long; at last: the host was away"
    house.write_now(lambda store: store.deliveries.retry(None, store.clock.now()))
    house.write_now(tidy, settings)
    assert queue(house) == [("pending", 0, "held for too long; at last: the host was away")]
    house.read_now(lambda store: store.clock).pass_by(days=7.1)
    house.write_now(tidy, settings)
    house.read_now(lambda store: store.clock).pass_by(days=23)
    house.write_now(tidy, settings)
    assert queue(house) == []


async def test_letter_over_which_a_server_stumbles_is_not_sent_for_ever(
    courier, house, foreign, send, clock, federating, caplog
):
    foreign.serve("/inbox", 500)
    send()
    while queue(house)[0][0] == "pending":
        await carry(courier)
        clock.moment = max(clock.now() + timedelta(seconds=1), house.read_now(due_at) or NOW)
    assert queue(house) == [("dead", federating.retry.stumbles, "500")]
    assert len(foreign.posted) == federating.retry.stumbles
    assert clock.now() - NOW < timedelta(days=1)


async def test_what_follows_on_a_letter_waits_as_long(courier, house, foreign, clock):
    """An Update must not overtake its Create while that is tried again, nor one that comes then."""
    one = HERE.listing("1")
    foreign.serve("/inbox", 503)

    def add(store, uri, path="/inbox"):
        store.activities.put(
            Sent(uri=uri, actor=CATALOGUE, body=b"{}", published=NOW, is_public=True)
        )
        store.deliveries.add(uri, actor=CATALOGUE, inboxes=[foreign.at(path)], at=NOW)

    house.write_now(add, f"{one}/activity")
    house.write_now(add, f"{one}#updates/1")
    await carry(courier)
    house.write_now(add, f"{one}#delete")
    await carry(courier)
    assert len(foreign.posted) == 1
    items = house.read_now(lambda store: store.deliveries.list_items(9))
    assert [each.attempts for each in items] == [1, 0, 0]
    assert {each.due for each in items} == {NOW + timedelta(seconds=16)}


async def test_f12_inbox_that_is_gone_is_asked_about(courier, house, foreign, send):
    asked = []
    courier._when_gone = asked.append
    for path, status in (("/inbox", 410), ("/old", 404), ("/busy", 503), ("/no", 403)):
        foreign.serve(path, status)
        send(number=len(asked) + status, path=path)
        await carry(courier)
    assert asked == [foreign.at("/inbox"), foreign.at("/old")]


async def test_slow_host_holds_up_only_itself_f16(courier, house, foreign, send):
    """Each host has a lane of its own; what is under way is not sent twice."""
    foreign.serve("/inbox", 202)
    send(1)
    assert await courier.work() == 1
    assert await courier.work() == 0
    await carry(courier)
    assert len(foreign.posted) == 1


def test_only_one_delivery_about_a_listing_is_under_way_at_once():
    def about(seq, activity):
        return Delivery(
            seq=seq,
            activity=activity,
            actor=CATALOGUE,
            inbox="",
            host="",
            body=b"",
            attempts=0,
            added=NOW,
        )

    one, two = HERE.listing("1"), HERE.listing("2")
    batch = [
        about(1, f"{one}/activity"),
        about(2, f"{one}#updates/17"),
        about(3, f"{two}/activity"),
        about(4, f"{one}#delete"),
    ]
    assert [each.seq for each in _one_of_each(batch)] == [1, 3]
