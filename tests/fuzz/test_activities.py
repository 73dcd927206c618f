"""Whatever a known actor signs: it is answered, it ends, and it harms nobody else's listings."""

import asyncio
import json
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.inquiries import PER_ASKER
from tests.journeys.foreign import PUBLIC, ForeignActor, ForeignServer, Json
from tests.journeys.world import IMPATIENT, Node, World, eventually, offer

EXAMPLES = int(os.environ.get("CAPX_FUZZ", "0"))  # how many, by chance; else a few, ever the same
FUZZ = settings(
    max_examples=EXAMPLES or 120,
    deadline=None,
    derandomize=not EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@dataclass(repr=False)
class Arena:
    """A node that follows two authors, of whom one says whatever comes to mind."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    node: Node
    server: ForeignServer
    fool: ForeignActor
    others: ForeignActor

    def filled(self, said: Any) -> bytes:
        """Return JSON with the addresses of this arena in the places that were left for them."""
        ((own,),) = self.node.rows("SELECT uri FROM listing WHERE document IS NULL")
        ((follow,),) = self.node.rows("SELECT uri FROM follow WHERE followed = ?", self.fool.uri)
        text = json.dumps(said)
        for hole, address in (
            ("%own%", own),
            ("%follow%", follow),
            ("%server%", self.server.url),
            ("%node%", self.node.url),
            ("%number%", str(next(_numbers))),
        ):
            text = text.replace(hole, address)
        return text.encode()

    def theirs(self) -> list[tuple[Any, ...]]:
        """Return the listings of everybody but the fool, whole."""
        return self.node.rows(
            "SELECT uri, content, status, visibility, updated_at FROM listing"
            " WHERE by_uri != ? ORDER BY uri",
            self.fool.uri,
        )

    async def say(self, body: bytes) -> int:
        """Send it, well signed; return the status when nothing waits any more."""
        status, answer = await self.server.send(self.node.inbox, body, self.fool)
        assert status < 500, answer
        assert status == 202 or answer
        await eventually(self.node.is_at_rest)
        return status


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with asyncio.Runner() as runner:
        leaving = AsyncExitStack()

        async def open_arena() -> Arena:
            world, server = World(tmp_path_factory.mktemp("fuzz")), ForeignServer()
            await server.start()
            leaving.push_async_callback(server.stop)
            leaving.push_async_callback(world.close)
            node = await world.node("node", inbox_attempts=3, retry=IMPATIENT)
            await node.affiliate("guild")
            await node.publish(offer("Our own"), by="guild")
            fool, others = server.actor("fool"), server.actor("others")
            for actor in (fool, others):
                await node.follow(actor.uri)
            for number in range(3):
                theirs = server.put(server.proposal(others, f"theirs-{number}"))
                said = server.say("Create", others, theirs)
                assert (await server.send(node.inbox, said, others))[0] == 202
            await eventually(lambda: len(node.rows("SELECT * FROM listing")) == 4)
            return Arena(runner.run, node, server, fool, others)

        arena = runner.run(open_arena())
        yield arena
        runner.run(leaving.aclose())


# -- what may be said -----------------------------------------------------------------------------

VERBS = (
    *("Accept", "Announce", "Create", "Delete", "Follow", "Reject", "Undo", "Update"),
    *("Like", "Move", "Flag", "Offer", "Block", "Add", "QuoteRequest", "Note", "", "create"),
)
NAMES = (
    *("id", "type", "object", "actor", "to", "cc", "attributedTo", "purpose", "publishes", "url"),
    *("published", "updated", "endTime", "content", "contentMap", "name", "nameMap", "finished"),
    *("action", "resourceConformsTo", "resourceClassifiedAs", "resourceQuantity", "hasUnit"),
    *("hasNumericalValue", "availableQuantity", "areaServed", "availableLanguage", "proof"),
    *("targetAudience", "inbox", "publicKey", "assertionMethod", "endpoints", "proposals", "tag"),
    *("inReplyTo", "instrument", "href", "replies", "sensitive"),
    *("preferredUsername", "summary", "@context", "verificationMethod", "proofValue", "created"),
)
WORDS = (
    *("offer", "request", "Note", "Proposal", "Intent", "Follow", "Tombstone", "Organization"),
    *("2026-05-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "yesterday"),
    *("transfer", "use", "hour", "one", "1", "-1", "1e9", "NaN", "Infinity", "0.0000001", "en"),
    *("https://w3id.org/capacity-exchange/capacity/mediation", "https://evil.example/x", "urn:x"),
    *("https://w3id.org/capacity-exchange/currency/EUR", "javascript:alert(1)", "http://[::1", " "),
    *("Mention", "Hashtag", "<p>@catalogue #need</p>", "#offer", "<p>#offer<br>&#27;[31m</p>"),
    *("DataIntegrityProof", "eddsa-jcs-2022", "assertionMethod", "z" * 60, "<b>x", "\u202e", "'--"),
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
)


addresses = st.sampled_from(
    (
        *("%own%", "%follow%", "%node%/actor", "%node%/actors/catalogue", "%node%/actors/guild"),
        *("%server%/users/fool", "%server%/users/others", "%server%/users/nobody", PUBLIC),
        *(f"%server%/notes/theirs-{n}" for n in range(3)),
        *(f"%server%/notes/n{n}" for n in range(4)),
    )
)
# any JSON value, with addresses and names that mean something here among them
values = st.recursive(
    scalars | addresses,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), inner, max_size=6)
    ),
    max_leaves=12,
)


@st.composite
def mutated(draw: st.DrawFn, document: Json) -> Json:
    """Give a document that makes sense, with a few of its parts replaced or left out."""
    document = json.loads(json.dumps(document))
    for _ in range(draw(st.integers(0, 4))):
        place = document
        while isinstance(place.get("publishes"), dict) and draw(st.booleans()):
            place = place["publishes"]
        name = draw(st.sampled_from([*place, *NAMES]))
        if draw(st.integers(0, 4)):
            place[name] = draw(values)
        else:
            place.pop(name, None)
    return document


def said(verb: str, content: Any) -> Json:
    """Return an activity of the fool."""
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": "%server%/said/%number%",
        "type": verb,
        "actor": "%server%/users/fool",
        "object": content,
    }


PROPOSAL: Json = {
    "@context": "https://www.w3.org/ns/activitystreams",
    "id": "%server%/notes/n0",
    "type": "Note",
    "purpose": "offer",
    "attributedTo": "%server%/users/fool",
    "published": "2026-05-01T00:00:00Z",
    "updated": "2026-05-02T00:00:00Z",
    "to": [PUBLIC],
    "content": "<p>Whatever</p>",
    "publishes": {
        "id": "%server%/notes/n0#primary",
        "type": "Intent",
        "action": "deliverService",
        "nameMap": {"en": "Whatever"},
        "contentMap": {"en": "<p>Whatever is on offer.</p>"},
        "resourceConformsTo": "https://w3id.org/capacity-exchange/capacity/mediation",
        "resourceQuantity": {"hasUnit": "hour", "hasNumericalValue": "2"},
        "finished": False,
    },
}
POST: Json = {
    "@context": "https://www.w3.org/ns/activitystreams",
    "id": "%server%/posts/%number%",
    "type": "Note",
    "attributedTo": "%server%/users/fool",
    "inReplyTo": "%own%",
    "published": "2026-05-01T00:00:00Z",
    "to": [PUBLIC],
    "cc": ["%node%/actors/catalogue"],
    "content": "<p>@catalogue #offer A room</p>",
    "contentMap": {"en": "<p>@catalogue #offer A room</p>"},
    "tag": [{"type": "Mention", "href": "%node%/actors/catalogue", "name": "@catalogue"}],
}
ACTOR: Json = {
    "@context": "https://www.w3.org/ns/activitystreams",
    "id": "%server%/users/fool",
    "type": "Organization",
    "preferredUsername": "fool",
    "name": "fool",
    "inbox": "%server%/users/fool/inbox",
    "endpoints": {"sharedInbox": "%server%/inbox"},
}

_numbers = count()


@FUZZ
@given(
    verb=st.sampled_from(VERBS),
    content=values | mutated(PROPOSAL),
    more=st.dictionaries(st.sampled_from(("to", "cc", "target", "result")), scalars),
)
def test_any_object_under_any_verb(arena: Arena, verb: str, content: Any, more: Json) -> None:
    before = arena.theirs()
    status = arena.run(arena.say(arena.filled(said(verb, content) | more)))
    assert status in {202, 400}
    assert arena.theirs() == before


@FUZZ
@given(
    verb=st.sampled_from(("Create", "Update", "Delete")),
    content=mutated(POST),
    more=st.dictionaries(st.sampled_from(("to", "cc", "instrument")), scalars),
)
def test_any_post(arena: Arena, verb: str, content: Json, more: Json) -> None:
    before = arena.theirs()
    assert arena.run(arena.say(arena.filled(said(verb, content) | more))) in {202, 400}
    assert arena.theirs() == before
    counted = arena.node.rows("SELECT count(*) FROM message WHERE author = ?", arena.fool.uri)
    assert counted[0][0] <= PER_ASKER


@FUZZ
@given(asked=values, instrument=values | mutated(POST))
def test_any_request_to_quote(arena: Arena, asked: Any, instrument: Any) -> None:
    request = said("QuoteRequest", asked) | {"instrument": instrument}
    assert arena.run(arena.say(arena.filled(request))) in {202, 400}
    foreign = "SELECT * FROM quote_stamp WHERE quote_uri NOT LIKE ?"
    assert arena.node.rows(foreign, f"{arena.server.url}/%") == []


@FUZZ
@given(body=st.dictionaries(st.sampled_from(NAMES), values, max_size=8))
def test_any_object_at_all(arena: Arena, body: Json) -> None:
    before = arena.theirs()
    inbox = arena.node.rows("SELECT count(*) FROM inbox")
    status = arena.run(arena.say(arena.filled(body)))
    assert status in {202, 400, 401}
    assert status == 202 or arena.node.rows("SELECT count(*) FROM inbox") == inbox
    assert arena.theirs() == before


@FUZZ
@given(body=st.binary(max_size=400))
def test_any_bytes(arena: Arena, body: bytes) -> None:
    before = arena.node.belief()
    assert arena.run(arena.say(body)) in {400, 401}
    assert arena.node.belief() == before


@FUZZ
@given(document=mutated(PROPOSAL) | st.dictionaries(st.sampled_from(NAMES), scalars))
def test_any_document_that_is_fetched(arena: Arena, document: Json) -> None:
    before = arena.theirs()
    name = f"fetched-{next(_numbers)}"
    served = json.loads(arena.filled(document).replace(b"/notes/n0", f"/notes/{name}".encode()))
    arena.server.put(served, f"/notes/{name}")
    announce = said("Announce", f"%server%/notes/{name}")
    assert arena.run(arena.say(arena.filled(announce))) == 202
    assert arena.theirs() == before


@FUZZ
@given(document=mutated(ACTOR))
def test_any_version_of_the_actor_itself(arena: Arena, document: Json) -> None:
    before = arena.theirs()
    pem = arena.fool.key.public().pem()
    key = {"id": arena.fool.key_uri, "owner": arena.fool.uri, "publicKeyPem": pem}
    changed = {"publicKey": key} | document  # without its key nothing more would be heard of it
    assert arena.run(arena.say(arena.filled(said("Update", changed)))) in {202, 400}
    assert arena.theirs() == before


def test_after_all_that_the_node_is_well(arena: Arena) -> None:
    assert arena.run(arena.node.get("/readyz")).status == 200
    stumbled = "SELECT reason FROM inbox WHERE state = 'dead' AND reason NOT LIKE '% %'"
    assert arena.node.rows(stumbled) == []
    assert arena.node.rows("SELECT * FROM listing WHERE by_uri = ?", arena.fool.uri) != []
    assert arena.node.rows("SELECT * FROM message WHERE author = ?", arena.fool.uri) != []
    for path in ("/", "/listings", "/affiliates", "/actors/catalogue/proposals?page=true"):
        assert arena.run(arena.node.get(path, "text/html")).status == 200
    for (listing_id,) in arena.node.rows("SELECT id FROM listing WHERE visibility = 'public'"):
        assert arena.run(arena.node.get(f"/proposals/{listing_id}", "text/html")).status == 200
