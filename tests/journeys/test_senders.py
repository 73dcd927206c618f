"""What real servers sign, each in its own way: all of it is understood (wire 2.1).

Each case is named for the software that was seen to send so.
"""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from catalogue.model import Visibility
from federation.signatures import cavage
from federation.signatures import rfc9421 as rfc9421_scheme
from federation.signatures.digest import digest_header
from federation.signatures.keys import new_ed25519_key
from tests.journeys.foreign import ForeignActor, ForeignServer, Json, key, signed
from tests.journeys.signing import Draft, rfc9421
from tests.journeys.world import ACTIVITY, Node, World, eventually, offer

pytestmark = pytest.mark.asyncio(loop_scope="module")

FEDIFY = ("@method", "@target-uri", "@authority", "host", "date", "content-digest")


@dataclass
class Meeting:
    """A node, and a server of other software."""

    node: Node
    server: ForeignServer

    async def says(self, by: ForeignActor, headers: Any, said: Json | None = None) -> None:
        """Send an activity whose headers ``headers(body)`` makes; it must be kept."""
        said = said or self.server.say("Like", by, self.node.catalogue)
        body = json.dumps(said).encode()
        given = {"Content-Type": ACTIVITY, **headers(body)}
        status, answer = await self.server.post(self.node.inbox, body, given)
        assert (status, answer) == (202, "")
        kept = await eventually(
            lambda: self.node.rows("SELECT actor FROM inbox WHERE uri = ?", said["id"])
        )
        assert kept == [(by.uri,)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def meeting(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Meeting]:
    world, server = World(tmp_path_factory.mktemp("senders")), ForeignServer()
    async with AsyncExitStack() as leaving:
        await server.start()
        leaving.push_async_callback(server.stop)
        leaving.push_async_callback(world.close)
        node = await world.node("node")
        await node.affiliate("guild")
        yield Meeting(node, server)


CAVAGE = {
    "Mastodon 4.6": ("host date digest content-type (request-target)", "rsa-sha256"),
    "Mastodon 4.6 to followers": (
        "host date digest content-type collection-synchronization (request-target)",
        "rsa-sha256",
    ),
    "GoToSocial 0.20": ("(request-target) host date digest", "hs2019"),
    "Mitra 5.9": ("(request-target) host date digest", "rsa-sha256"),
    "Fedify 2.3": (
        "(request-target) accept content-type date digest host user-agent",
        "rsa-sha256",
    ),
    "Pleroma": ("(request-target) content-length date digest host", "rsa-sha256"),
    "without algorithm": ("digest date host (request-target)", None),
}


@pytest.mark.parametrize("name", CAVAGE)
async def test_draft_cavage_in_every_order(meeting: Meeting, name: str) -> None:
    covered, algorithm = CAVAGE[name]
    actor = meeting.server.actor(f"c{list(CAVAGE).index(name)}", "Person")

    def headers(body: bytes) -> Json:
        others = {
            "content-type": ACTIVITY,
            "content-length": str(len(body)),
            "collection-synchronization": 'collectionId="x", url="y", digest="00"',
            "accept": "*/*",
            "user-agent": name,
        }
        extra = {each: others[each] for each in covered.split() if each in others}
        draft = Draft(
            by=actor,
            host=meeting.node.authority,
            body=body,
            covered=covered.split(),
            algorithm=algorithm,
            headers=extra,
        )
        return {each.title(): value for each, value in draft.sent().items()}

    await meeting.says(actor, headers)


@pytest.mark.parametrize(
    "covered",
    [("@method", "@target-uri", "content-digest"), FEDIFY],
    ids=["Mastodon 4.7", "Fedify 2.3"],
)
async def test_rfc9421(meeting: Meeting, covered: tuple[str, ...]) -> None:
    actor = meeting.server.actor(f"m{len(covered)}", "Person")
    await meeting.says(
        actor, lambda body: rfc9421(actor, meeting.node.inbox, body, covered=covered)
    )


async def test_gotosocial_key_at_a_path_with_a_stub_for_its_owner(meeting: Meeting) -> None:
    """The stub has the actor's id and a key, and no name or inbox: it must not become the actor."""
    server = meeting.server
    uri = f"{server.url}/users/gts"
    listed = {
        "id": f"{uri}/main-key",
        "owner": uri,
        "publicKeyPem": key(50).public().pem(),
    }
    server.actor("gts", "Person", summary="<p>whole</p>", publicKey=listed)
    stub = {"id": uri, "type": "Person", "preferredUsername": "gts", "publicKey": listed}
    server.put(stub, "/users/gts/main-key")
    actor = ForeignActor(uri, key(50))
    server.asked.clear()
    await meeting.says(
        actor,
        lambda body: signed(meeting.node.inbox, body, actor, key_uri=f"{uri}/main-key"),
    )
    assert server.asked == ["/users/gts/main-key", "/users/gts"]
    [(details,)] = meeting.node.rows("SELECT details FROM actor WHERE uri = ?", uri)
    assert "<p>whole</p>" in details
    assert meeting.node.rows("SELECT uri FROM known_key WHERE owner = ?", uri) == [
        (f"{uri}/main-key",)
    ]


async def test_bookwyrm_key_below_a_slash(meeting: Meeting) -> None:
    server = meeting.server
    uri = f"{server.url}/users/reader"
    listed = {
        "id": f"{uri}/#main-key",
        "owner": uri,
        "publicKeyPem": key(51).public().pem(),
    }
    server.actor("reader", "Person", publicKey=listed)
    server.put(server.documents["/users/reader"], "/users/reader/")
    actor = ForeignActor(uri, key(51))
    await meeting.says(
        actor,
        lambda body: signed(meeting.node.inbox, body, actor, key_uri=f"{uri}/#main-key"),
    )


async def test_list_of_public_keys(meeting: Meeting) -> None:
    server = meeting.server
    uri = f"{server.url}/users/many"
    keys = [
        {"id": f"{uri}#k{number}", "owner": uri, "publicKeyPem": key(number).public().pem()}
        for number in (60, 61)
    ]
    server.actor("many", "Person", publicKey=keys)
    for number in (60, 61):
        actor = ForeignActor(uri, key(number))
        await meeting.says(
            actor,
            lambda body, actor=actor, number=number: signed(
                meeting.node.inbox, body, actor, key_uri=f"{uri}#k{number}"
            ),
        )


async def test_ed25519_key_signs_in_both_schemes(meeting: Meeting) -> None:
    server, ed25519 = meeting.server, new_ed25519_key()
    uri = f"{server.url}/users/modern"
    key_uri = f"{uri}#ed25519-key"
    multikey = {
        "id": key_uri,
        "type": "Multikey",
        "controller": uri,
        "publicKeyMultibase": ed25519.public().multibase(),
    }
    plain = server.actor("modern", "Person", assertionMethod=[multikey])
    actor = replace(plain, key=ed25519)
    draft = Draft(
        by=actor,
        host=meeting.node.authority,
        body=b"",
        algorithm="hs2019",
        key_uri=key_uri,
    )
    await meeting.says(
        actor,
        lambda body: replace(draft, body=body, headers={"Digest": digest_header(body)}).sent(),
    )
    await meeting.says(
        actor,
        lambda body: rfc9421(actor, meeting.node.inbox, body, algorithm="ed25519", key_uri=key_uri),
    )


@pytest.mark.parametrize("target", ["?page=true", ""], ids=["with its query", "without its query"])
@pytest.mark.parametrize("sign", [cavage.sign, rfc9421_scheme.sign], ids=["draft", "RFC 9421"])
async def test_fetch_signed_with_and_without_its_query(
    meeting: Meeting, sign: Any, target: str
) -> None:
    """GoToSocial signs the one and then the other, Mitra the path alone.

    What is for the network shows that the reader was known: a stranger gets the page without it.
    """
    node, server = meeting.node, meeting.server
    peer = server.catalogue(f"peer{len(server.documents)}")
    await meeting.says(
        peer,
        lambda body: signed(node.inbox, body, peer),
        server.say("Follow", peer, node.catalogue),
    )
    await eventually(lambda: server.got("Accept"))
    await node.publish(offer("For the network", visibility=Visibility.NETWORK), by="guild")
    url = f"{node.url}/actors/guild/proposals"
    headers = sign(
        key=peer.key, key_uri=peer.key_uri, method="GET", url=url + target, date=datetime.now(UTC)
    )
    assert server._session is not None
    async with server._session.get(
        f"{url}?page=true", headers={**headers, "Accept": ACTIVITY}
    ) as response:
        assert "For the network" in await response.text()
    assert "For the network" not in (await node.get("/actors/guild/proposals?page=true")).text
