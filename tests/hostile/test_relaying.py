"""Whose word counts when somebody else brings it: the actor's proof, and nothing less (H13, H14).

``author`` is an honest actor with an Ed25519 key whom the node follows; the evil server's liar and
neighbour pass on what the author said, and what the author never said.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from federation.signatures.integrity import add_proof
from federation.signatures.keys import PrivateKey, new_ed25519_key
from tests.hostile.house import TAKEN_IN, House
from tests.journeys.foreign import ForeignActor, Json

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Scene:
    """The house, an author with a key for proofs, and what it says."""

    house: House
    author: ForeignActor
    key: PrivateKey

    @property
    def key_uri(self) -> str:
        return f"{self.author.uri}#ed25519-key"

    def create(self, name: str) -> Json:
        """Return a Create of the author without a proof."""
        note = self.house.good.proposal(self.author, name)
        return {
            **self.house.good.say("Create", self.author, note),
            "@context": ["https://www.w3.org/ns/activitystreams"],
        }

    def proven(self, activity: Json, ago: timedelta = timedelta(0), **how: Any) -> Json:
        """Return an activity with a proof, the author's own unless ``how`` says another."""
        given = {"key": self.key, "key_uri": self.key_uri, **how}
        return add_proof(activity, created=datetime.now(UTC) - ago, **given)

    async def refused(self, activity: Json, by: ForeignActor | None = None, **how: Any) -> None:
        await self.house.assert_refused(activity, by or self.house.liar, **how)

    async def titles(self) -> set[str]:
        await self.house.rest()
        return set((await self.house.node.titles()).values())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(house: House) -> Scene:
    key = new_ed25519_key()
    uri = f"{house.good.url}/users/witness"
    multikey = {
        "id": f"{uri}#ed25519-key",
        "type": "Multikey",
        "controller": uri,
        "publicKeyMultibase": key.public().multibase(),
    }
    author = house.good.actor("witness", assertionMethod=[multikey])
    await house.node.follow(author.uri)
    return Scene(house, author, key)


async def test_proven_activity_may_come_by_anybodys_hand(scene: Scene) -> None:
    for number, carrier in enumerate((scene.house.author, scene.house.liar)):
        name = f"carried-{number}"
        assert await scene.house.send(scene.proven(scene.create(name)), carrier) == 202
        assert name in await scene.titles()


async def test_proven_activity_of_its_own_signer_is_kept(scene: Scene) -> None:
    assert await scene.house.send(scene.proven(scene.create("own")), scene.author) == 202
    assert "own" in await scene.titles()


async def test_carrier_must_sign_all_the_same(scene: Scene) -> None:
    body = json.dumps(scene.proven(scene.create("unsigned"))).encode()
    async with scene.house.unchanged():
        assert await scene.house.knock({}, body) == 401


async def test_h13_h14_without_a_proof_it_is_refused(scene: Scene) -> None:
    for carrier in (scene.house.author, scene.house.liar):
        await scene.refused(scene.create("bare"), carrier)


async def test_changed_activity_is_refused_whoever_signs(scene: Scene) -> None:
    proven = scene.proven(scene.create("real"))
    lies = [
        {**proven, "id": f"{proven['id']}-2"},
        {**proven, "object": {**proven["object"], "content": "<p>twisted</p>"}},
        {**proven, "added": 1},
        {**proven, "@context": ["https://www.w3.org/ns/activitystreams", {"x": "as:to"}]},
        {**proven, "type": "Delete", "object": scene.house.listing["id"]},
    ]
    for lie in lies:
        await scene.refused(lie, asking=["/users/witness"])
        await scene.refused(lie, scene.author, asking=["/users/witness"])


async def test_proof_of_somebody_else_is_refused(scene: Scene) -> None:
    house = scene.house
    said = scene.create("forged")
    own = f"{house.liar.uri}#ed25519-key"
    for how in (
        {"key_uri": own},  # another server's key
        {"key_uri": f"{house.author.uri}#ed25519-key"},  # a neighbour's, who has none
        {"key": new_ed25519_key()},  # a key that the author does not have
        {"key_uri": house.author.key_uri},  # a neighbour's key for requests
        {"key_uri": scene.author.key_uri},  # the author's key for requests is not for proofs
    ):
        forged = scene.proven(said, **how)
        asking = ["/users/witness", "/users/author"]
        await scene.refused(forged, asking=asking)
        await scene.refused(forged, scene.author, asking=asking)


@pytest.mark.parametrize(
    "changes",
    [
        {"proofValue": "z"},
        {"proofValue": "x"},
        {"proofValue": None},
        {"proofPurpose": "authentication"},
        {"verificationMethod": None},
        {"verificationMethod": "https://["},
        {"created": "yesterday"},
        {"expires": "2020-01-01T00:00:00Z"},
        {"created": "2999-01-01T00:00:00Z"},
    ],
    ids=str,
)
async def test_malformed_proof_is_refused(scene: Scene, changes: Json) -> None:
    proven = scene.proven(scene.create("malformed"))
    lie = {**proven, "proof": {**proven["proof"], **changes}}
    await scene.refused(lie, asking=["/users/witness"])
    await scene.refused(lie, scene.author, asking=["/users/witness"])


async def test_old_proof_does_not_stand_in_for_a_signature(scene: Scene) -> None:
    old = scene.proven(scene.create("old"), timedelta(days=8))
    await scene.refused(old)
    undated = scene.proven(scene.create("undated"))
    del undated["proof"]["created"]
    await scene.refused(undated)
    assert await scene.house.send(old, scene.author) == 202  # its own signature is fresh
    assert "old" in await scene.titles()


@pytest.mark.parametrize(
    "proof",
    [
        {"type": "DataIntegrityProof", "cryptosuite": "ecdsa-rdfc-2019", "proofValue": "z1"},
        {"type": "MitraJcsRsaSignature2022", "proofValue": "z1"},
        [],
        None,
        7,
        "https://good.example/proof",
    ],
    ids=str,
)
async def test_proof_that_is_not_spoken_here_says_nothing(scene: Scene, proof: Any) -> None:
    said = {**scene.create(f"suite-{proof}"[:20]), "proof": proof}
    await scene.refused(said)
    assert await scene.house.send(said, scene.author) == 202


async def test_one_of_several_proofs_is_enough(scene: Scene) -> None:
    proven = scene.proven(scene.create("several"))
    other = {"type": "DataIntegrityProof", "cryptosuite": "ecdsa-jcs-2019", "proofValue": "z1"}
    said = {**proven, "proof": [other, proven["proof"]]}
    assert await scene.house.send(said, scene.house.liar) == 202
    assert "several" in await scene.titles()


async def test_l8_signature_of_linked_data_beside_a_proof_changes_nothing(scene: Scene) -> None:
    proven = scene.proven(scene.create("both"))
    said = {**proven, "signature": {"type": "RsaSignature2017", "signatureValue": "AAAA"}}
    assert await scene.house.send(said, scene.house.liar) == 202
    assert "both" in await scene.titles()


async def test_blocked_carrier_and_blocked_author_are_not_heard(scene: Scene) -> None:
    house = scene.house
    database = house.node.database
    proven = scene.proven(scene.create("blocked"))
    for server in (house.evil, house.good):
        host = server.url.partition("//")[2]
        await database.write(
            lambda store, host=host: store.hosts.block(host, at=store.clock.now(), reason="")
        )
        await scene.refused(proven, status=403)
        await database.write(lambda store, host=host: store.hosts.allow(host))


async def test_carrier_is_heard_and_not_the_author(scene: Scene) -> None:
    heard = "SELECT heard_at FROM host WHERE host = ?"
    host = scene.house.good.url.partition("//")[2]
    before = scene.house.node.rows(heard, host)
    said = scene.proven({**scene.create("x"), "type": "Like", "object": scene.house.listing["id"]})
    async with scene.house.unchanged(but=TAKEN_IN):
        assert await scene.house.send(said, scene.house.liar) == 202
    assert scene.house.node.rows(heard, host) == before
