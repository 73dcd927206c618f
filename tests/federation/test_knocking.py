"""Which signature goes first: tried at a server that reads one scheme only, over real HTTP."""

from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from federation.errors import GiveUp, Refused, TryLater
from federation.keyring import Way
from federation.knocking import MEMORY, Knocker, ways
from federation.remote import Remote
from federation.signatures.claim import claim_of
from federation.signatures.keys import load_rsa_pem
from federation.signatures.request import SignedRequest
from federation.vocabulary import ACTIVITY_JSON
from tests.federation.world import CATALOGUE
from tests.samples import NOW, FixedClock

HOUR = timedelta(hours=1)


class Picky:
    """A server that verifies what it is sent as a strict one does, and accepts some ways only."""

    def __init__(self, host, key, clock):
        self.host, self._key, self._clock = host, key, clock
        self.reads = {Way.CAVAGE}
        self.status = 202
        self.knocks = []

    async def answer(self, request):
        way = self._way_of(request, await request.read())
        self.knocks.append(way)
        if way not in self.reads:
            return web.Response(status=401, text="bad signature")
        body = b'{"id": "x"}' if request.method == "GET" else None
        return web.Response(status=self.status, body=body, content_type=ACTIVITY_JSON)

    def _way_of(self, request, body):
        """Verify the signature and say how it was made; what does not verify fails the test."""
        lines = {name.lower(): request.headers.getall(name) for name in request.headers}
        seen = SignedRequest(
            method=request.method,
            target=request.raw_path,
            scheme="http",
            host=self.host,
            headers=lines,
            body=body if request.method == "POST" else None,
        )
        claim = claim_of(seen)
        assert claim.key_uri == f"{CATALOGUE}#main-key"
        claim.check(now=self._clock.now(), window=HOUR)
        if "signature-input" in lines:
            claim.verify(self._key)
            return Way.RFC9421
        return Way.CAVAGE if self._covers_query(claim, seen) else Way.CAVAGE_PATH

    def _covers_query(self, claim, seen):
        path = seen.target.partition("?")[0]
        if path == seen.target:
            claim.verify(self._key)
            return True
        only_path = replace(claim, request=replace(seen, target=path))
        try:
            only_path.verify(self._key)
        except Refused:
            claim.verify(self._key)
            return True
        return False


@pytest.fixture
async def picky(house, keyring, clock, aiohttp_server):
    key = load_rsa_pem(house.read_now(keyring.public_keys, CATALOGUE).rsa_pem)
    server = Picky("", key, clock)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    running = await aiohttp_server(app)
    server.host = f"127.0.0.1:{running.port}"
    return server


@pytest.fixture
def knocker(house, keyring, clock):
    return Knocker(house, keyring, clock=clock)


@pytest.fixture
def post(knocker, remote, picky):
    async def send():
        url = f"http://{picky.host}/inbox"
        body = b"{}"
        answer = await knocker.knock(
            CATALOGUE, "POST", url, lambda headers: remote.post(url, body, headers), body=body
        )
        knocks, picky.knocks = picky.knocks, []
        return answer.status, knocks

    return send


@pytest.fixture
async def get(knocker, picky, federating, clock):
    async def signer(url, send):
        return await knocker.knock(CATALOGUE, "GET", url, send)

    async with Remote(
        user_agent="capx-test", policy=federating.policy, signer=signer, now=clock.now
    ) as remote:

        async def ask(target="/c?page=true"):
            try:
                await remote.get_object(f"http://{picky.host}{target}")
                found = "found"
            except (GiveUp, TryLater) as error:
                found = str(error).rpartition(" ")[2]
            knocks, picky.knocks = picky.knocks, []
            return found, knocks

        yield ask


def wants(house, picky, clock: FixedClock):
    return house.read_now(lambda store: store.hosts.wants_rfc9421(picky.host, clock.now()))


@pytest.mark.parametrize(
    ("method", "url", "wants_it", "order"),
    [
        ("POST", "https://a.example/inbox", False, [Way.CAVAGE, Way.RFC9421]),
        ("POST", "https://a.example/inbox", True, [Way.RFC9421, Way.CAVAGE]),
        ("POST", "https://a.example/inbox?x", False, [Way.CAVAGE, Way.RFC9421]),
        ("GET", "https://a.example/a", False, [Way.CAVAGE, Way.RFC9421]),
        ("GET", "https://a.example/a?b", False, [Way.CAVAGE, Way.CAVAGE_PATH, Way.RFC9421]),
        ("GET", "https://a.example/a?b", True, [Way.RFC9421, Way.CAVAGE, Way.CAVAGE_PATH]),
    ],
)
def test_order_of_the_ways(method, url, wants_it, order):
    assert list(ways(method, url, wants_rfc9421=wants_it)) == order


async def test_server_that_reads_the_draft_is_knocked_at_once(post, get, house, picky, clock):
    assert await post() == (202, [Way.CAVAGE])
    picky.status = 200
    assert await get() == ("found", [Way.CAVAGE])
    assert not wants(house, picky, clock)


async def test_server_that_reads_rfc9421_is_remembered(post, get, house, picky, clock):
    picky.reads = {Way.RFC9421}
    assert await post() == (202, [Way.CAVAGE, Way.RFC9421])
    assert await post() == (202, [Way.RFC9421])
    picky.status = 200
    assert await get() == ("found", [Way.RFC9421])
    clock.pass_by(days=MEMORY.days)
    assert await get() == ("found", [Way.CAVAGE, Way.CAVAGE_PATH, Way.RFC9421])
    assert wants(house, picky, clock)


async def test_server_that_changed_its_mind_is_forgotten_at_once(post, house, picky, clock):
    house.write_now(lambda store: store.hosts.remember_rfc9421(picky.host, NOW + MEMORY))
    assert await post() == (202, [Way.RFC9421, Way.CAVAGE])
    assert not wants(house, picky, clock)
    assert await post() == (202, [Way.CAVAGE])


async def test_server_that_refuses_both_is_not_remembered(post, house, picky, clock):
    picky.reads = set()
    assert await post() == (401, [Way.CAVAGE, Way.RFC9421])
    house.write_now(lambda store: store.hosts.remember_rfc9421(picky.host, NOW + MEMORY))
    assert await post() == (401, [Way.RFC9421, Way.CAVAGE])
    assert not wants(house, picky, clock)


async def test_server_that_takes_the_target_without_its_query(get, house, picky, clock):
    picky.reads, picky.status = {Way.CAVAGE_PATH}, 200
    assert await get() == ("found", [Way.CAVAGE, Way.CAVAGE_PATH])
    assert not wants(house, picky, clock)


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
async def test_other_refusals_are_no_matter_of_the_signature(post, house, picky, clock, status):
    picky.status = status
    assert await post() == (status, [Way.CAVAGE])
    picky.reads = {Way.RFC9421}
    assert await post() == (status, [Way.CAVAGE, Way.RFC9421])
    assert not wants(house, picky, clock)  # nothing shows yet that it was the way in


async def test_breaker_and_memory_of_a_host_leave_each_other_alone(house, picky, clock):
    house.write_now(lambda store: store.hosts.remember_rfc9421(picky.host, NOW + MEMORY))
    house.write_now(lambda store: store.hosts.put(store.hosts.find(picky.host)))
    house.write_now(lambda store: store.hosts.heard(picky.host, NOW))
    assert wants(house, picky, clock)
    house.write_now(lambda store: store.hosts.forget_rfc9421(picky.host))
    assert house.read_now(lambda store: store.hosts.find(picky.host)).heard == NOW
