"""Our activities to the letter of wire.md 3.5; every term they use is defined in their context."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from catalogue.events import ListingDeleted
from catalogue.model import FollowState, Role
from federation.keyring import Keyring, new_keys
from federation.mapping.actor import PublicKeys, to_document
from federation.outgoing import accept, announce, create, delete, follow, undo, update
from federation.signatures.integrity import proof_of, verify_proof
from federation.signatures.keys import load_multibase
from federation.vocabulary import (
    ACTIVITYSTREAMS,
    ACTOR_CONTEXT,
    DATA_INTEGRITY,
    PROPOSAL_CONTEXT,
    PUBLIC,
)
from tests.samples import HERE, NOW, TAXONOMY, actor, hours, listing, one
from tests.samples import follow as following

WIRE = Path(__file__).parents[1] / "fixtures" / "wire"
DELTA = HERE.actor("delta")
MADE = listing(
    17,
    node=HERE.authority,
    handle="delta",
    id="17",
    hours=hours("3"),
    until=NOW + timedelta(days=3),
    regions=("PL",),
    methods=("training",),
    audience=one("All"),
    updated=NOW + timedelta(seconds=90),
)
GONE = ListingDeleted(
    uri=MADE.uri, by=DELTA, kind=MADE.kind, visibility=MADE.visibility, deleted=NOW
)
CATALOGUE, PEER = HERE.catalogue, "https://peer.example/actors/catalogue"
ASKED = following(CATALOGUE, PEER, FollowState.PENDING, "https://hub.example/activities/follow/1")
CAME = following("https://m.example/ana", DELTA, uri="https://m.example/ana#follows/42")


def test_create_has_the_note_inside():
    activity = create.build(MADE, TAXONOMY, HERE)
    inside = activity.pop("object")
    assert activity == {
        "@context": PROPOSAL_CONTEXT,
        "id": "https://hub.example/proposals/17/activity",
        "type": "Create",
        "actor": DELTA,
        "published": "2030-05-03T12:00:00Z",
        "to": [PUBLIC],
        "cc": [f"{DELTA}/followers"],
    }
    assert (inside["id"], inside["attributedTo"]) == (MADE.uri, DELTA)
    assert {"@context", "proof"} & set(inside) == set()


def test_update_has_an_id_for_each_version():
    activity = update.build(MADE, TAXONOMY, HERE)
    assert activity["id"] == f"https://hub.example/proposals/17#updates/{int(NOW.timestamp()) + 90}"
    assert (activity["type"], activity["published"]) == ("Update", "2030-05-03T12:01:30Z")
    later = update.build(replace(MADE, updated=NOW + timedelta(seconds=91)), TAXONOMY, HERE)
    assert later["id"] != activity["id"]


def test_delete_leaves_a_tombstone():
    assert delete.build(GONE, HERE) == {
        "@context": [ACTIVITYSTREAMS, DATA_INTEGRITY],
        "id": "https://hub.example/proposals/17#delete",
        "type": "Delete",
        "actor": DELTA,
        "to": [PUBLIC],
        "cc": [f"{DELTA}/followers"],
        "object": {
            "id": "https://hub.example/proposals/17",
            "type": "Tombstone",
            "formerType": "Note",
            "deleted": "2030-05-03T12:00:00Z",
        },
    }


def test_announce_names_the_listing_by_its_id():
    assert announce.build(MADE, HERE) == {
        "@context": [ACTIVITYSTREAMS, DATA_INTEGRITY],
        "id": "https://hub.example/actors/catalogue/announces/17",
        "type": "Announce",
        "actor": CATALOGUE,
        "published": "2030-05-03T12:00:00Z",
        "to": [PUBLIC],
        "cc": [f"{CATALOGUE}/followers", DELTA],
        "object": "https://hub.example/proposals/17",
    }


def test_follow_and_undo_embed_it():
    asked = {
        "id": "https://hub.example/activities/follow/1",
        "type": "Follow",
        "actor": CATALOGUE,
        "object": PEER,
    }
    assert follow.build(ASKED) == {
        "@context": [ACTIVITYSTREAMS, DATA_INTEGRITY],
        **asked,
        "to": [PEER],
    }
    assert undo.build(ASKED, "https://hub.example/activities/undo/2") == {
        "@context": [ACTIVITYSTREAMS, DATA_INTEGRITY],
        "id": "https://hub.example/activities/undo/2",
        "type": "Undo",
        "actor": CATALOGUE,
        "to": [PEER],
        "object": asked,
    }


@pytest.mark.parametrize(
    ("state", "verb"), [(FollowState.ACCEPTED, "Accept"), (FollowState.REJECTED, "Reject")]
)
def test_answer_embeds_the_follow_that_came(state, verb):
    answer = accept.build(replace(CAME, state=state), "https://hub.example/activities/accept/1")
    assert answer == {
        "@context": [ACTIVITYSTREAMS, DATA_INTEGRITY],
        "id": "https://hub.example/activities/accept/1",
        "type": verb,
        "actor": DELTA,
        "to": ["https://m.example/ana"],
        "object": {
            "id": "https://m.example/ana#follows/42",
            "type": "Follow",
            "actor": "https://m.example/ana",
            "object": DELTA,
        },
    }


# -- contexts and proofs --------------------------------------------------------------------------

# Terms of ActivityStreams 2.0 and of the other contexts that are named by URL.
AS2 = {
    *("@context", "id", "type", "actor", "object", "to", "cc", "published", "updated", "content"),
    *("contentMap", "name", "nameMap", "tag", "attributedTo", "url", "replies", "endTime", "href"),
    *("formerType", "deleted", "summary", "summaryMap", "preferredUsername", "inbox", "outbox"),
    *("followers", "following", "endpoints", "sharedInbox", "generator", "Note", "Create"),
    *("Update", "Delete", "Announce", "Follow", "Undo", "Accept", "Reject", "Tombstone"),
    *("Organization", "Service", "Application", "Link"),
    *("Collection", "CollectionPage", "first", "next", "partOf", "items"),
}
OTHERS = {
    DATA_INTEGRITY: {
        *("proof", "DataIntegrityProof", "cryptosuite", "verificationMethod", "proofPurpose"),
        *("created", "proofValue"),
    },
    "https://w3id.org/security/v1": {"publicKey", "owner", "publicKeyPem"},
    "https://www.w3.org/ns/cid/v1": {
        "assertionMethod",
        "Multikey",
        "controller",
        "publicKeyMultibase",
    },
    "https://purl.archive.org/socialweb/webfinger": {"webfinger"},
    ACTIVITYSTREAMS: AS2,
}


def defined(context: list[Any]) -> set[str]:
    return {term for each in context for term in (each if isinstance(each, dict) else OTHERS[each])}


def used(value: Any, inside: str = "") -> Iterator[str]:
    """Give every term of a document, types too, but not the languages of a map."""
    if isinstance(value, list):
        for each in value:
            yield from used(each)
    elif isinstance(value, dict):
        types = value.get("type", [])
        yield from [types] if isinstance(types, str) else types
        for name, each in value.items():
            yield name
            if name != "@context" and not name.endswith("Map") and name != "targetAudience":
                yield from used(each, name)


KEYS = PublicKeys(rsa_uri="r", rsa_pem="p", ed25519_uri="e", ed25519_multibase="z")
ROLES = {
    "delta": Role.AFFILIATE,
    "catalogue": Role.CATALOGUE,
    "hub.example": Role.INSTANCE,
}
DOCUMENTS = [
    create.build(MADE, TAXONOMY, HERE),
    update.build(MADE, TAXONOMY, HERE),
    delete.build(GONE, HERE),
    delete.tombstone(MADE.uri, NOW),
    announce.build(MADE, HERE),
    follow.build(ASKED),
    undo.build(ASKED, "https://hub.example/activities/undo/2"),
    accept.build(CAME, "https://hub.example/activities/accept/1"),
    *(
        to_document(
            actor(handle, node=HERE.authority, role=role, summary=one("<p>x</p>")),
            KEYS,
            TAXONOMY,
            HERE,
        )
        for handle, role in ROLES.items()
    ),
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: str(each["type"]))
def test_every_term_is_defined_in_the_context(document):
    context = document["@context"]
    listed = context if isinstance(context, list) else [context]
    assert listed[0] == ACTIVITYSTREAMS  # pitfall 6
    assert set(used(document)) - defined(listed) == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: str(each["type"]))
def test_activity_type_is_one_string(document):
    assert isinstance(document["type"], str)  # pitfall 1


def test_terms_mean_what_wire_md_says():
    terms = PROPOSAL_CONTEXT[2]
    example = json.loads((WIRE / "proposal_note.json").read_text())["@context"][2]
    assert PROPOSAL_CONTEXT[:2] == [ACTIVITYSTREAMS, DATA_INTEGRITY]
    assert {name: terms[name] for name in terms if name in example} == {
        name: example[name] for name in terms if name in example
    }
    actor_terms = json.loads((WIRE / "actor.json").read_text())["@context"]
    assert ACTOR_CONTEXT[:4] == actor_terms[:4]


@pytest.fixture(scope="module")
def own_keys():
    return new_keys(DELTA, NOW)


def test_proof_of_our_documents_verifies_with_the_published_key(store, own_keys):
    for key in own_keys:
        store.keys.put_own(key)
    keyring = Keyring()
    public = keyring.public_keys(store, DELTA)
    key = load_multibase(public.ed25519_multibase)
    for document in (DOCUMENTS[0], DOCUMENTS[1], DOCUMENTS[2]):
        proven = keyring.prove(store, document, owner=DELTA, at=NOW)
        proof = proof_of(proven)
        assert proof is not None
        assert proof.verification_method == public.ed25519_uri == f"{DELTA}#ed25519-key"
        assert proven["proof"]["@context"] == proven["@context"]  # pitfall 17
        assert set(used(proven)) - defined(proven["@context"]) == set()
        verify_proof(proven, proof, key)
        assert keyring.prove(store, document, owner=DELTA, at=NOW) == proven
