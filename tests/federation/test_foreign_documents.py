"""What other servers really sent, taken by our door and our verbs as it should be.

Each file of ``tests/fixtures/activities`` is one request as it came off the wire: headers and body
to the byte, so the signatures are those that GoToSocial, snac and Takahe made. A file with
``fetched`` is what a server answered at that address.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from catalogue.addresses import Addresses
from catalogue.model import FollowState, Role
from federation.dispatcher import Dispatcher
from federation.errors import Malformed, Unauthenticated
from federation.guard import host_of
from federation.inbox import Inbox, Letter
from federation.incoming.actor import shelve_actor
from federation.mapping.actor import from_document
from federation.remote import Remote, is_activity_type
from federation.resolver import Resolver
from federation.settings import Settings
from federation.signatures.cavage import SignedRequest
from node.storage.database import Database
from node.storage.store import NodeStore
from tests.samples import NOW, TAXONOMY, FixedClock, actor, follow, new_database

FOLDER = Path(__file__).parents[1] / "fixtures" / "activities"


@dataclass(frozen=True)
class Document:
    """One file: who made it, and what it says."""

    software: str
    case: str
    raw: dict[str, Any]

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw["body"])  # type: ignore[no-any-return]


def load(path: Path) -> Document:
    return Document(path.parent.name, path.stem, json.loads(path.read_text("utf-8")))


FILES = [load(path) for path in sorted(FOLDER.glob("*/*.json"))]
SENT = [each for each in FILES if "request" in each.raw]
FETCHED = [each for each in FILES if "fetched" in each.raw]
ACTORS = {each.body["id"]: each.body for each in FETCHED if "actor" in each.case.split("_")}

# An id on our own node, said by somebody else: snac takes a Follow back so, that we have not yet
# answered.
REFUSED = {"undo_of_unanswered_follow"}
TAKEN = [each for each in SENT if each.case not in REFUSED]


def name(document: Document) -> str:
    return f"{document.software}-{document.case}"


def only(case: str) -> list[Document]:
    return [each for each in TAKEN if each.case == case]


@pytest.mark.parametrize("document", FILES, ids=name)
def test_origin_is_written_down(document):
    assert set(document.raw["origin"]) == {"software", "version", "date"}
    assert document.software == document.raw["origin"]["software"].lower()


def test_servers_said_all_that_a_reader_meets():
    said = {
        software: {each.case for each in SENT if each.software == software}
        for software in ("gotosocial", "snac", "takahe")
    }
    all_said = set.intersection(*said.values())
    assert {"follow", "accept", "undo_follow", "create_reply", "update_reply"} <= all_said
    assert {"announce", "like", "undo_like", "delete_note", "update_person"} <= all_said
    assert {"reject", "block", "flag", "move", "delete_person"} <= said["gotosocial"]


# -- our door -------------------------------------------------------------------------------------


class Home:
    """A node under the name the request was sent to, at the time it was sent."""

    def __init__(self, document: Document, database: Database[NodeStore], remote: Remote) -> None:
        headers = document.raw["request"]["headers"]
        self.document, self.database = document, database
        self.addresses = Addresses(f"https://{headers['Host']}")
        clock = database.read_now(lambda store: store.clock)
        assert isinstance(clock, FixedClock)
        clock.moment = parsedate_to_datetime(headers["Date"])
        settings = Settings(version="0")
        parts = {"addresses": self.addresses, "clock": clock, "settings": settings}
        resolver = Resolver(database, remote, **parts)
        self.inbox = Inbox(database, resolver, **parts)
        self.dispatcher = Dispatcher(
            database,
            resolver,
            clock=clock,
            settings=settings,
            chance=lambda: 0.0,
            wake=lambda: None,
        )
        database.write_now(self._settle)

    def _settle(self, store: NodeStore) -> None:
        """Know the sender by its real document, and have the affiliates it speaks of."""
        node = self.addresses.authority
        store.actors.put(actor("catalogue", node=node, role=Role.CATALOGUE))
        pattern = rf"{self.addresses.base_url}/actors/(delta\w*)"
        for handle in sorted(set(re.findall(pattern, self.document.raw["body"]))):
            store.actors.put(actor(handle, node=node))
        for each in ACTORS.values():
            shelve_actor(store, each)

    def letter(self, **changes: str) -> Letter:
        asked = self.document.raw["request"]
        body = changes.pop("body", self.document.raw["body"]).encode()
        headers = asked["headers"] | changes
        request = SignedRequest(
            method=asked["method"],
            target=asked["target"],
            host=self.addresses.authority,
            headers={key.lower(): [value] for key, value in headers.items()},
            body=body,
        )
        return Letter(content_type=headers["Content-Type"], body=body, request=request)

    async def work(self) -> tuple[str, str | None]:
        """Take the request in and work on it; return its state, and the reason if there is one."""
        assert await self.inbox.take(self.letter())
        while await self.dispatcher.work() or len(self.dispatcher._waiting):
            await asyncio.gather(*self.dispatcher._waiting._open.values())
        [row] = self.database.read_now(
            lambda store: store.listings._sql.all("SELECT state, reason FROM inbox")
        )
        return row["state"], row["reason"]

    def follows(self) -> dict[tuple[str, str], FollowState]:
        rows = self.database.read_now(
            lambda store: store.listings._sql.all("SELECT follower, followed, state FROM follow")
        )
        return {(each["follower"], each["followed"]): each["state"] for each in rows}


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Callable[[Document], Home]]:
    """Make nodes that can ask nobody."""
    made: list[Home] = []
    async with Remote(
        user_agent="capx-test", policy=Settings(version="0").policy, may_contact=lambda _: False
    ) as remote:

        def make(document: Document) -> Home:
            addresses = Addresses(f"https://{document.raw['request']['headers']['Host']}")
            database = new_database(tmp_path / f"{len(made)}.db", addresses)
            made.append(Home(document, database, remote))
            return made[-1]

        yield make
        for each in made:
            await each.dispatcher.close()
            each.database.close()


@pytest.mark.parametrize("document", TAKEN, ids=name)
async def test_signature_is_good_and_what_was_said_is_done_with(home, document):
    assert await home(document).work() == ("done", None)


@pytest.mark.parametrize("document", TAKEN, ids=name)
async def test_one_changed_letter_is_refused_h03(home, document):
    here = home(document)
    changed = document.raw["body"].replace('"type"', '"tYpe"', 1)
    for letter in (here.letter(body=changed), here.letter(Date="Fri, 20 Nov 2026 14:20:01 GMT")):
        with pytest.raises((Unauthenticated, Malformed)):
            await here.inbox.take(letter)


@pytest.mark.parametrize("document", [each for each in SENT if each.case in REFUSED], ids=name)
async def test_id_that_is_not_the_senders_is_refused(home, document):
    here = home(document)
    with pytest.raises(Unauthenticated):
        await here.inbox.take(here.letter())


# -- our verbs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", only("follow"), ids=name)
async def test_follow_is_accepted(home, document):
    here, said = home(document), document.body
    await here.work()
    assert here.follows() == {(said["actor"], said["object"]): FollowState.ACCEPTED}


@pytest.mark.parametrize("document", only("undo_follow"), ids=name)
async def test_undo_ends_the_follow(home, document):
    here, undone = home(document), document.body["object"]
    uri, pair = undone["id"], (undone["actor"], undone["object"])
    here.database.write_now(
        lambda store: store.follows.put(follow(*pair, FollowState.ACCEPTED, uri=uri))
    )
    assert here.follows() == {pair: FollowState.ACCEPTED}
    await here.work()
    assert FollowState.ACCEPTED not in here.follows().values()


@pytest.mark.parametrize(
    ("document", "state"),
    [
        *((each, FollowState.ACCEPTED) for each in only("accept")),
        *((each, FollowState.REJECTED) for each in only("reject")),
    ],
    ids=lambda value: name(value) if isinstance(value, Document) else str(value),
)
async def test_answer_to_our_follow_is_understood(home, document, state):
    here, asked = home(document), document.body["object"]
    uri, pair = asked["id"], (asked["actor"], asked["object"])
    here.database.write_now(
        lambda store: store.follows.put(follow(*pair, FollowState.PENDING, uri=uri))
    )
    await here.work()
    assert here.follows() == {pair: state}


@pytest.mark.parametrize("document", only("update_person"), ids=name)
async def test_person_is_called_anew(home, document):
    here, person = home(document), document.body["actor"]

    def called(store: NodeStore) -> str:
        known = store.actors.find_by_uri(person)
        assert known is not None
        return known.name

    here.database.write_now(
        lambda store: shelve_actor(store, {**ACTORS[person], "name": "Called before"})
    )
    assert here.database.read_now(called) == "Called before"
    await here.work()
    assert here.database.read_now(called) == document.body["object"]["name"]


@pytest.mark.parametrize("document", only("delete_person"), ids=name)
async def test_person_who_left_is_forgotten(home, document):
    here, person = home(document), document.body["actor"]
    assert here.database.read_now(lambda store: store.parties.find(person)) is not None
    await here.work()
    assert here.database.read_now(lambda store: store.parties.find(person)) is None
    assert here.database.read_now(lambda store: store.actors.find_by_uri(person)) is None


NO_LISTING = [each for each in TAKEN if each.case.startswith(("create", "update", "announce"))]


@pytest.mark.parametrize("document", NO_LISTING, ids=name)
async def test_post_is_no_listing(home, document):
    here = home(document)
    sender = document.body["actor"]
    pair = (here.addresses.catalogue, sender)
    here.database.write_now(lambda store: store.follows.put(follow(*pair, FollowState.ACCEPTED)))
    await here.work()
    assert (
        here.database.read_now(lambda store: store.listings._sql.all("SELECT uri FROM listing"))
        == []
    )


# -- our reader -----------------------------------------------------------------------------------


@pytest.mark.parametrize("document", ACTORS.values(), ids=lambda each: each["id"])
def test_actor_is_read(document):
    read = from_document(document, TAXONOMY, local_id="x", now=NOW)
    uri = document["id"]
    assert read.actor.uri == read.party.uri == uri
    assert read.actor.role is Role.OTHER
    assert read.actor.acct == f"{document['preferredUsername']}@{host_of(uri)}"
    assert read.actor.name == document["name"]
    assert read.party.inbox == document["inbox"]
    assert read.party.proposals is None
    [key] = read.keys
    assert key.owner == uri
    assert key.uri == document["publicKey"]["id"]


def test_gotosocials_page_of_a_key_is_no_actor():
    [stub] = [each.body for each in FETCHED if each.case == "key"]
    with pytest.raises(Malformed, match="inbox"):
        from_document(stub, TAXONOMY, local_id="x", now=NOW)


@pytest.mark.parametrize("document", SENT, ids=name)
def test_media_type_is_one_of_activitystreams(document):
    assert is_activity_type(document.raw["request"]["headers"]["Content-Type"])
