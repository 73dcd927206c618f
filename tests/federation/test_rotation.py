"""New keys beside the old: what is published, what is told, and that nothing is left unproven."""

import json

import pytest

from catalogue import listings, moving
from catalogue.errors import Conflict
from catalogue.events import ActorChanged
from federation import endpoints
from federation.keyring import OVERLAP, Keyring, new_keys
from federation.publisher import tell_pending
from federation.rotation import BATCH, rotate, tidy_keys
from federation.signatures.integrity import proof_of, verify_proof
from federation.signatures.keys import load_multibase
from tests.federation.world import DELTA, know_node, let_follow
from tests.samples import content


def document(house, handle="delta"):
    return house.read_now(endpoints.actor, Keyring(), handle)


def listed(house):
    return {each["id"]: each["publicKeyMultibase"] for each in document(house)["assertionMethod"]}


def change(house, clock, **how):
    clock.pass_by(minutes=1)
    fresh = new_keys(DELTA, clock.now(), is_first=False)
    house.write_now(rotate, DELTA, fresh, **how)
    return fresh


def published(house, count=1):
    """Publish listings and tell of them; return the addresses of what was said."""

    def work(store):
        made = [listings.publish(store, content(), by="delta") for _ in range(count)]
        return [store.addresses.listing_create(each.id) for each in made]

    uris = house.write_now(work)
    tell(house)
    return uris


def tell(house):
    keyring = Keyring()
    while house.write_now(tell_pending, keyring):
        pass


def prover(house, uri):
    """Return the key by which an activity is proven, after verifying it by the actor's document."""
    sent = house.read_now(endpoints.activity, uri)
    said = json.loads(sent.body)
    proof = proof_of(said)
    verify_proof(said, proof, load_multibase(listed(house)[proof.verification_method]))
    return proof.verification_method


async def test_new_keys_have_new_addresses_and_the_old_proofs_hold(house, clock):
    [before] = published(house)
    old = prover(house, before)
    rsa, ed25519 = change(house, clock)
    said = document(house)
    assert isinstance(said["publicKey"], dict)
    assert said["publicKey"]["id"] == rsa.uri
    assert list(listed(house)) == [ed25519.uri, old]
    assert {rsa.uri, ed25519.uri} & {f"{DELTA}#main-key", f"{DELTA}#ed25519-key"} == set()
    assert prover(house, before) == old
    [after] = published(house)
    assert prover(house, after) == ed25519.uri
    assert house.read_now(Keyring().request_signer, DELTA)._key_uri == rsa.uri


async def test_followers_are_told(house, clock):
    node = house.write_now(know_node)
    house.write_now(let_follow, node, DELTA)
    rsa, ed25519 = change(house, clock)
    assert house.read_now(lambda store: store.events.next_pending(9))[0][1] == ActorChanged(
        actor=DELTA
    )
    tell(house)
    [item] = house.read_now(lambda store: store.deliveries.list_items(9))
    assert item.inbox == f"{node}/inbox"
    said = json.loads(house.read_now(endpoints.activity, item.activity).body)
    assert (said["type"], said["actor"]) == ("Update", DELTA)
    assert said["object"]["publicKey"]["id"] == rsa.uri
    assert "@context" not in said["object"]
    assert prover(house, item.activity) == ed25519.uri


async def test_old_key_goes_after_the_overlap_and_proofs_are_made_anew(house, clock):
    uris = published(house, BATCH + 3)
    old = prover(house, uris[0])
    _, ed25519 = change(house, clock)
    clock.moment += OVERLAP
    clock.pass_by(seconds=-1)
    await tidy_keys(house, Keyring())
    assert list(listed(house)) == [ed25519.uri, old]
    clock.pass_by(seconds=1)
    assert list(listed(house)) == [ed25519.uri]
    await tidy_keys(house, Keyring())
    assert {prover(house, uri) for uri in uris} == {ed25519.uri}
    keys = house.read_now(lambda store: store.keys.list_own(DELTA))
    assert sorted(key.uri for key in keys) == sorted(key.uri for key in keys if key.retired is None)
    assert len(keys) == 2


async def test_stolen_key_is_not_published_any_more(house, clock):
    [before] = published(house)
    change(house, clock)
    _, ed25519 = change(house, clock, overlap=OVERLAP * 0)
    assert list(listed(house)) == [ed25519.uri]  # the one before the stolen one is gone, too
    await tidy_keys(house, Keyring())
    assert prover(house, before) == ed25519.uri
    assert len(house.read_now(lambda store: store.keys.list_own(DELTA))) == 2


async def test_other_actors_keep_their_keys(house, clock):
    before = document(house, "catalogue")
    change(house, clock, overlap=OVERLAP * 0)
    await tidy_keys(house, Keyring())
    assert document(house, "catalogue") == before


async def test_two_rotations_in_one_second_are_refused_and_change_nothing(house, clock):
    fresh = change(house, clock)
    with pytest.raises(Conflict):
        house.write_now(rotate, DELTA, fresh)
    assert document(house)["publicKey"]["id"] == fresh[0].uri
    assert len(house.read_now(lambda store: store.keys.list_own(DELTA))) == 4


async def test_new_proof_makes_nothing_newer_than_it_was(house, clock):
    """Whoever passes on what is proven must bring a recent proof: old news stay old."""
    [uri] = published(house)
    before = proof_of(json.loads(house.read_now(endpoints.activity, uri).body))
    _, ed25519 = change(house, clock, overlap=OVERLAP * 0)
    clock.pass_by(minutes=60 * 24 * 30)
    await tidy_keys(house, Keyring())
    after = proof_of(json.loads(house.read_now(endpoints.activity, uri).body))
    assert after.verification_method == ed25519.uri
    assert after.created == before.created


async def test_two_changes_in_one_second_are_both_told(house, clock):
    house.write_now(let_follow, house.write_now(know_node), DELTA)
    fresh = new_keys(DELTA, clock.now(), is_first=False)
    house.write_now(moving.add_alias, "delta", "https://south.example/actors/delta")
    tell(house)
    house.write_now(rotate, DELTA, fresh)
    tell(house)
    items = house.read_now(lambda store: store.deliveries.list_items(9))
    said = [json.loads(house.read_now(endpoints.activity, each.activity).body) for each in items]
    assert {each["object"]["publicKey"]["id"] for each in said} >= {fresh[0].uri}
    assert len({each["object"]["updated"] for each in said}) == 2
