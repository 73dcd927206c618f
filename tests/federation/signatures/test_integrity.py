"""Proofs of documents: the vectors of FEP-8b32, the example documents, and forgeries."""

import copy
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import Unauthenticated
from federation.signatures import base58
from federation.signatures.integrity import add_proof, proof_of, verify_proof
from federation.signatures.keys import PrivateKey, load_multibase, load_private_key, new_ed25519_key

CREATED = datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
KEY_URI = "https://server.example/users/alice#ed25519-key"

# fep-8b32.feature, «Signing a document» and «Verifying a signature»
FEP_SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
FEP_PUBLIC = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
FEP_VALUE = (
    "z42ffGu6AUKPCFcFPiabmUvnGLPJzC7e4DGWC52NUasSSH37UMa9c58tdgVszUcZfytxa4fQ5TYHaJENCxUDe9SdL"
)
FEP_HASH = (
    "cf63e2308ce7d1137667192c5c5e751ba7b1c6e3d5e746a7b717d309654ad198"
    "0793e8d97e2de4b989b2b2d7a5fae8cf941f102a03c0ecab00f03eaa2330c650"
)
# the same document as the feature had it with data-integrity/v1
FEP_VALUE_V1 = (
    "zLaewdp4H9kqtwyrLatK4cjY5oRHwVcw4gibPSUDYDMhi4M49v8pcYk3ZB6D69dNpAPbUmY8ocuJ3m9KhKJEEg7z"
)

BAD_PROOF = "The proof does not verify."
NOT_CANONICAL = "The document has no canonical form."
OTHER_CONTEXT = "The proof has another @context than the document."
OTHER_SUITE = "The proof is not an eddsa-jcs-2022 proof."
NOT_MULTIBASE = "The proofValue is not multibase base58btc."
NOT_A_DATE = "A time of the proof is not an RFC 3339 date."
NOT_A_DAY = "A time of the proof is not a day of the calendar."


def fep_document(version: str = "v2") -> dict[str, Any]:
    return {
        "@context": [
            "https://www.w3.org/ns/activitystreams",
            f"https://w3id.org/security/data-integrity/{version}",
        ],
        "id": "https://server.example/activities/1",
        "type": "Create",
        "actor": "https://server.example/users/alice",
        "object": {
            "id": "https://server.example/objects/1",
            "type": "Note",
            "attributedTo": "https://server.example/users/alice",
            "content": "Hello world",
            "location": {"type": "Place", "longitude": -71.184902, "latitude": 25.273962},
        },
    }


@pytest.fixture(scope="session")
def fep_key() -> PrivateKey:
    seed = base58.from_multibase(FEP_SECRET)[2:]  # after the prefix of ed25519-priv
    native = Ed25519PrivateKey.from_private_bytes(seed)
    pem = native.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return load_private_key(pem.decode())


@pytest.fixture
def signed(ed25519_key: PrivateKey) -> dict[str, Any]:
    return add_proof(fep_document(), key=ed25519_key, key_uri=KEY_URI, created=CREATED)


def check(document: dict[str, Any], key: PrivateKey) -> None:
    proof = proof_of(document)
    assert proof is not None
    verify_proof(document, proof, key.public())


def refusal(document: dict[str, Any], key: PrivateKey) -> str:
    with pytest.raises(Unauthenticated) as caught:
        check(document, key)
    return str(caught.value)


# ---- the vectors -----------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "value"), [("v2", FEP_VALUE), ("v1", FEP_VALUE_V1)])
def test_proof_of_the_fep_vector_is_reproduced(
    fep_key: PrivateKey, version: str, value: str
) -> None:
    document = fep_document(version)
    signed = add_proof(document, key=fep_key, key_uri=KEY_URI, created=CREATED)
    assert signed == {
        **document,
        "proof": {
            "@context": document["@context"],
            "type": "DataIntegrityProof",
            "cryptosuite": "eddsa-jcs-2022",
            "verificationMethod": KEY_URI,
            "proofPurpose": "assertionMethod",
            "created": "2023-02-24T23:36:38Z",
            "proofValue": value,
        },
    }
    assert list(signed)[-1] == "proof"
    assert list(signed["proof"])[-1] == "proofValue"


def test_signed_data_of_the_fep_vector_is_the_combined_hash(fep_key: PrivateKey) -> None:
    config = (
        '{"@context":["https://www.w3.org/ns/activitystreams",'
        '"https://w3id.org/security/data-integrity/v2"],"created":"2023-02-24T23:36:38Z",'
        '"cryptosuite":"eddsa-jcs-2022","proofPurpose":"assertionMethod",'
        '"type":"DataIntegrityProof",'
        '"verificationMethod":"https://server.example/users/alice#ed25519-key"}'
    )
    data = bytes.fromhex(FEP_HASH)
    assert data[:32] == hashlib.sha256(config.encode()).digest()
    assert load_multibase(FEP_PUBLIC).verify(base58.from_multibase(FEP_VALUE), data) is True


def test_proof_without_a_context_of_its_own_is_verified(fep_key: PrivateKey) -> None:
    # FEP-8b32 before 2024, as bovine's tests have it
    document = {
        "@context": [
            "https://www.w3.org/ns/activitystreams",
            "https://w3id.org/security/data-integrity/v1",
        ],
        "type": "Create",
        "actor": "https://server.example/users/alice",
        "object": {"type": "Note", "content": "Hello world"},
        "proof": {
            "type": "DataIntegrityProof",
            "cryptosuite": "eddsa-jcs-2022",
            "verificationMethod": KEY_URI,
            "proofPurpose": "assertionMethod",
            "created": "2023-02-24T23:36:38Z",
            "proofValue": "z3sXaxjKs4M3BRicwWA9peyNPJvJqxtGsDmpt1jjoHCjgeUf71TRFz56osPSfDErszyLp5K"
            "s1EhYSgpDaNM977Rg2",
        },
    }
    check(document, fep_key)


@pytest.mark.parametrize(
    "name",
    [
        "create.json",
        "update.json",
        "proposal_note.json",
        "delete.json",
        "accept_agreement.json",
        "confirmation.json",
    ],
)
def test_proof_of_a_wire_example_holds(wire, name: str) -> None:
    method = wire("actor.json")["assertionMethod"][0]
    key = load_multibase(method["publicKeyMultibase"])
    document = wire(name)
    proof = proof_of(document)
    assert proof is not None
    assert proof.verification_method == method["id"]
    verify_proof(document, proof, key)
    with pytest.raises(Unauthenticated, match=r"^The proof does not verify\.$"):
        verify_proof({**document, "type": "Other"}, proof, key)


# ---- our own proofs --------------------------------------------------------------------------


def test_proof_says_who_and_when(signed: dict[str, Any]) -> None:
    proof = proof_of(signed)
    assert proof is not None
    assert proof.verification_method == KEY_URI
    assert proof.created == CREATED
    assert proof.expires is None
    assert base58.to_multibase(proof.value) == signed["proof"]["proofValue"]
    assert {**proof.config, "proofValue": signed["proof"]["proofValue"]} == signed["proof"]


def test_add_proof_leaves_the_document_as_it_was(ed25519_key: PrivateKey) -> None:
    document = fep_document()
    add_proof(document, key=ed25519_key, key_uri=KEY_URI, created=CREATED)
    assert document == fep_document()


def test_add_proof_replaces_an_older_proof_and_drops_a_signature(
    signed: dict[str, Any], ed25519_key: PrivateKey
) -> None:
    again = add_proof(
        {**signed, "signature": {"type": "RsaSignature2017"}},
        key=ed25519_key,
        key_uri=KEY_URI,
        created=CREATED,
    )
    assert again == signed


def test_add_proof_writes_the_time_in_utc(ed25519_key: PrivateKey) -> None:
    there = datetime(2023, 2, 25, 1, 36, 38, 999999, tzinfo=timezone(timedelta(hours=2)))
    signed = add_proof(fep_document(), key=ed25519_key, key_uri=KEY_URI, created=there)
    assert signed["proof"]["created"] == "2023-02-24T23:36:38Z"


@pytest.mark.parametrize("context", [None, "https://www.w3.org/ns/activitystreams", {}])
def test_add_proof_needs_a_list_as_context(ed25519_key: PrivateKey, context: object) -> None:
    document = {**fep_document(), "@context": context}
    with pytest.raises(ValueError, match=r"^a document with a proof needs a list as @context$"):
        add_proof(document, key=ed25519_key, key_uri=KEY_URI, created=CREATED)


def test_add_proof_needs_ed25519_and_a_zone(rsa_key: PrivateKey, ed25519_key: PrivateKey) -> None:
    naive = CREATED.replace(tzinfo=None)
    for key, created in ((rsa_key, CREATED), (ed25519_key, naive)):
        with pytest.raises(ValueError, match=r"^a proof needs an Ed25519 key and a time that"):
            add_proof(fep_document(), key=key, key_uri=KEY_URI, created=created)


def test_proof_survives_another_order_and_a_linked_data_signature(
    signed: dict[str, Any], ed25519_key: PrivateKey
) -> None:
    turned = dict(reversed(signed.items()))
    turned["signature"] = {"type": "RsaSignature2017"}  # docs/standards.md, pitfall 18
    check(turned, ed25519_key)


# ---- forgeries -------------------------------------------------------------------------------


def test_document_without_a_proof_has_none() -> None:
    assert proof_of(fep_document()) is None
    assert proof_of({**fep_document(), "proof": None}) is None


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Update"},
        {"actor": "https://server.example/users/mallory"},
        {"more": None},
        {"id": None},
    ],
)
def test_changed_document_is_refused(
    signed: dict[str, Any], ed25519_key: PrivateKey, change: dict[str, Any]
) -> None:
    assert refusal({**signed, **change}, ed25519_key) == BAD_PROOF


def test_document_changed_deep_inside_is_refused(
    signed: dict[str, Any], ed25519_key: PrivateKey
) -> None:
    changed = copy.deepcopy(signed)
    changed["object"]["location"]["latitude"] = 25.273963
    assert refusal(changed, ed25519_key) == BAD_PROOF


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("verificationMethod", "https://server.example/users/mallory#ed25519-key"),
        ("created", "2023-02-24T23:36:39Z"),
        ("expires", "2033-02-24T23:36:38Z"),
        ("nonce", "x"),
    ],
)
def test_changed_configuration_is_refused(
    signed: dict[str, Any], ed25519_key: PrivateKey, name: str, value: str
) -> None:
    changed = {**signed, "proof": {**signed["proof"], name: value}}
    assert refusal(changed, ed25519_key) == BAD_PROOF


def test_configuration_without_its_time_is_refused(
    signed: dict[str, Any], ed25519_key: PrivateKey
) -> None:
    proof = {name: value for name, value in signed["proof"].items() if name != "created"}
    assert refusal({**signed, "proof": proof}, ed25519_key) == BAD_PROOF


def test_proof_of_another_key_is_refused(signed: dict[str, Any]) -> None:
    assert refusal(signed, new_ed25519_key()) == BAD_PROOF


def test_proof_is_refused_for_an_rsa_key(signed: dict[str, Any], rsa_key: PrivateKey) -> None:
    assert refusal(signed, rsa_key) == "The key of the proof is not an Ed25519 key."


def test_proof_of_another_document_is_refused(
    signed: dict[str, Any], ed25519_key: PrivateKey
) -> None:
    other = {**fep_document(), "id": "https://server.example/activities/2"}
    assert refusal({**other, "proof": signed["proof"]}, ed25519_key) == BAD_PROOF


@pytest.mark.parametrize(
    "context",
    [
        None,
        [],
        "https://www.w3.org/ns/activitystreams",
        ["https://www.w3.org/ns/activitystreams"],
        list(reversed(fep_document()["@context"])),
        [*fep_document()["@context"], {"x": "https://evil.example/"}],
    ],
)
def test_proof_with_another_context_is_refused(
    signed: dict[str, Any], ed25519_key: PrivateKey, context: object
) -> None:
    elsewhere = {**signed, "proof": {**signed["proof"], "@context": context}}
    assert refusal(elsewhere, ed25519_key) == OTHER_CONTEXT
    assert refusal({**signed, "@context": context}, ed25519_key) == OTHER_CONTEXT


@pytest.mark.parametrize(
    "value",
    [2**53, -(2**70), float("nan"), float("inf"), "\ud800", {"\ud800": 1}, object(), {1: 2}],
)
def test_document_without_canonical_form_is_refused(
    signed: dict[str, Any], ed25519_key: PrivateKey, value: object
) -> None:
    assert refusal({**signed, "more": value}, ed25519_key) == NOT_CANONICAL
    in_proof = {**signed, "proof": {**signed["proof"], "more": value}}
    assert refusal(in_proof, ed25519_key) == NOT_CANONICAL


def test_document_of_endless_depth_is_refused(
    signed: dict[str, Any], ed25519_key: PrivateKey
) -> None:
    assert refusal({**signed, "more": nested(5000)}, ed25519_key) == NOT_CANONICAL
    proof = {**signed["proof"], "@context": nested(5000)}
    document = {**signed, "@context": nested(5000), "proof": proof}
    assert refusal(document, ed25519_key) == NOT_CANONICAL


def nested(depth: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(depth):
        made = [made]
    return made


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "Ed25519Signature2020"}, OTHER_SUITE),
        ({"type": ["DataIntegrityProof"]}, OTHER_SUITE),
        ({"type": None}, OTHER_SUITE),
        ({"cryptosuite": "eddsa-rdfc-2022"}, OTHER_SUITE),
        ({"cryptosuite": None}, OTHER_SUITE),
        ({"cryptosuite": {}}, OTHER_SUITE),
        ({"proofPurpose": "authentication"}, "The proof has another purpose than assertionMethod."),
        ({"proofPurpose": None}, "The proof has another purpose than assertionMethod."),
        ({"verificationMethod": None}, "The proof names no verificationMethod."),
        ({"verificationMethod": ""}, "The proof names no verificationMethod."),
        ({"verificationMethod": {"id": KEY_URI}}, "The proof names no verificationMethod."),
        ({"verificationMethod": "x" * 2049}, "The proof names no verificationMethod."),
        ({"proofValue": None}, NOT_MULTIBASE),
        ({"proofValue": 7}, NOT_MULTIBASE),
        ({"proofValue": ""}, NOT_MULTIBASE),
        ({"proofValue": FEP_VALUE[1:]}, NOT_MULTIBASE),
        ({"proofValue": "u" + FEP_VALUE[1:]}, NOT_MULTIBASE),
        ({"proofValue": FEP_VALUE + "0"}, NOT_MULTIBASE),
        ({"proofValue": "z" + "2" * 1_000_000}, NOT_MULTIBASE),
        ({"proofValue": "z"}, "The proofValue has a wrong length."),
        ({"proofValue": base58.to_multibase(bytes(63))}, "The proofValue has a wrong length."),
        ({"proofValue": base58.to_multibase(bytes(65))}, "The proofValue has a wrong length."),
        ({"created": 1677281798}, NOT_A_DATE),
        ({"created": ""}, NOT_A_DATE),
        ({"created": "2023-02-24"}, NOT_A_DATE),
        ({"created": "2023-02-24T23:36:38"}, NOT_A_DATE),
        ({"created": "20230224T233638Z"}, NOT_A_DATE),
        ({"created": "2023-02-24T23:36:38Z\n"}, NOT_A_DATE),
        ({"created": "99999-02-24T23:36:38Z"}, NOT_A_DATE),
        ({"created": "2023-02-30T23:36:38Z"}, NOT_A_DAY),
        ({"created": "0000-01-01T00:00:00Z"}, NOT_A_DAY),
        ({"created": "0001-01-01T00:00:00+23:59"}, NOT_A_DAY),
        ({"created": "9999-12-31T23:59:59-23:59"}, NOT_A_DAY),
        ({"created": "2023-02-24T23:36:38+99:99"}, NOT_A_DAY),
        ({"expires": "soon"}, NOT_A_DATE),
    ],
)
def test_malformed_proof_is_refused(
    signed: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    with pytest.raises(Unauthenticated) as caught:
        proof_of({**signed, "proof": {**signed["proof"], **change}})
    assert str(caught.value) == message


@pytest.mark.parametrize("shape", [[], "x", 7, True, False])
def test_proof_that_is_no_object_is_refused(signed: dict[str, Any], shape: object) -> None:
    for proof in (shape, [signed["proof"]]):
        with pytest.raises(Unauthenticated, match=r"^The proof is not one object\.$"):
            proof_of({**signed, "proof": proof})


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023-02-24T23:36:38Z", CREATED),
        ("2023-02-24T23:36:38.5Z", CREATED.replace(microsecond=500000)),
        ("2023-02-24T23:36:38.123456789Z", CREATED.replace(microsecond=123456)),
        ("2023-02-25T01:36:38+02:00", CREATED),
        (None, None),
    ],
)
def test_times_of_a_proof_are_read_as_utc(
    signed: dict[str, Any], text: str | None, moment: datetime | None
) -> None:
    proof = proof_of({**signed, "proof": {**signed["proof"], "created": text, "expires": text}})
    assert proof is not None
    assert (proof.created, proof.expires) == (moment, moment)
    if proof.created is not None:
        assert proof.created.tzinfo is UTC


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(extra=st.dictionaries(st.text(), JSON, max_size=4))
def test_any_json_comes_back_signed_or_is_a_value_error(
    ed25519_key: PrivateKey, extra: dict[str, Any]
) -> None:
    document = {**extra, **fep_document()}
    try:
        signed = add_proof(document, key=ed25519_key, key_uri=KEY_URI, created=CREATED)
    except ValueError:  # an infinite number, or half of a surrogate pair
        return
    check(signed, ed25519_key)


@given(
    proof=JSON
    | st.fixed_dictionaries(
        {},
        optional={
            "@context": JSON,
            "type": st.just("DataIntegrityProof") | JSON,
            "cryptosuite": st.just("eddsa-jcs-2022") | JSON,
            "proofPurpose": st.just("assertionMethod") | JSON,
            "verificationMethod": st.just(KEY_URI) | JSON,
            "created": st.just("2023-02-24T23:36:38Z") | JSON,
            "proofValue": st.just(FEP_VALUE) | st.text().map("z{}".format) | JSON,
        },
    )
)
def test_proof_of_strangers_raises_nothing_else(ed25519_key: PrivateKey, proof: object) -> None:
    document = {**fep_document(), "proof": proof}
    try:
        found = proof_of(document)
    except Unauthenticated:
        return
    if found is None:
        assert proof is None
        return
    with pytest.raises(Unauthenticated):
        verify_proof(document, found, ed25519_key.public())


def test_verify_uses_the_proof_it_was_given(
    signed: dict[str, Any], ed25519_key: PrivateKey
) -> None:
    proof = proof_of(signed)
    assert proof is not None
    with pytest.raises(Unauthenticated, match=r"^The proof does not verify\.$"):
        verify_proof(signed, replace(proof, value=bytes(64)), ed25519_key.public())
