"""Actors on the wire and back; what an actor may say of itself and no more (L9, L13, H15, H17)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.language import LanguageMap
from catalogue.model import Actor, Role
from catalogue.people import MAX_NAME
from federation.errors import Malformed
from federation.mapping.actor import (
    MAX_KEYS,
    Introduction,
    PublicKeys,
    from_document,
    to_document,
)
from federation.mapping.values import to_bytes
from federation.signatures.keys import new_ed25519_key, new_rsa_key
from federation.strictjson import parse_object
from federation.vocabulary import ACTOR_CONTEXT
from tests.federation.strategies import JSON
from tests.samples import HERE, HTML, LANGUAGES, NOW, PHRASES, REGIONS, TAXONOMY, actor, one

DELTA = actor("delta", node=HERE.authority, id="local")
KEYS = PublicKeys(
    rsa_uri=f"{DELTA.uri}#main-key",
    rsa_pem="-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n",
    ed25519_uri=f"{DELTA.uri}#ed25519-key",
    ed25519_multibase="z6Mk",
)
PEM = new_rsa_key().public().pem()
MULTIBASE = new_ed25519_key().public().multibase()
RFC_9421 = "https://datatracker.ietf.org/doc/html/rfc9421"


def document(of: Actor = DELTA, **changes: Any) -> dict[str, Any]:
    return {**to_document(of, KEYS, TAXONOMY, HERE), **changes}


def read(said: dict[str, Any]) -> Introduction:
    return from_document(said, TAXONOMY, local_id="local", now=NOW + timedelta(days=1))


AFFILIATES = st.builds(
    lambda **changes: replace(DELTA, **changes),
    name=PHRASES,
    kind=st.sampled_from([each.id for each in TAXONOMY.affiliations]),
    summary=st.dictionaries(LANGUAGES, HTML, max_size=3).map(LanguageMap),
    regions=st.lists(st.sampled_from(REGIONS), unique=True, max_size=5).map(tuple),
    languages=st.lists(LANGUAGES, unique=True, max_size=5).map(tuple),
    updated=st.integers(0, 10**4).map(lambda seconds: NOW + timedelta(seconds=seconds)),
)


@given(AFFILIATES)
def test_affiliate_comes_back_as_it_went_out(affiliate):
    there = parse_object(to_bytes(document(affiliate)))
    assert read(there).actor == affiliate


def test_document_of_an_affiliate():
    full = replace(
        DELTA,
        name="Friends of the Delta",
        summary=LanguageMap({"fr": "<p>Bonjour</p>", "en": "<p>Hello</p>"}),
        regions=("SN",),
        languages=("fr", "en"),
        updated=NOW + timedelta(minutes=1),
    )
    assert document(full) == {
        "@context": ACTOR_CONTEXT,
        "id": "https://hub.example/actors/delta",
        "type": "Organization",
        "preferredUsername": "delta",
        "webfinger": "delta@hub.example",
        "name": "Friends of the Delta",
        "summary": "<p>Bonjour</p>",
        "summaryMap": {"fr": "<p>Bonjour</p>", "en": "<p>Hello</p>"},
        "url": "https://hub.example/@delta",
        "inbox": "https://hub.example/actors/delta/inbox",
        "outbox": "https://hub.example/actors/delta/outbox",
        "followers": "https://hub.example/actors/delta/followers",
        "following": "https://hub.example/actors/delta/following",
        "featured": "https://hub.example/actors/delta/featured",
        "endpoints": {"sharedInbox": "https://hub.example/inbox"},
        "published": "2030-05-03T12:00:00Z",
        "updated": "2030-05-03T12:01:00Z",
        "manuallyApprovesFollowers": False,
        "discoverable": True,
        "indexable": True,
        "publicKey": {
            "id": "https://hub.example/actors/delta#main-key",
            "owner": "https://hub.example/actors/delta",
            "publicKeyPem": KEYS.rsa_pem,
        },
        "assertionMethod": [
            {
                "id": "https://hub.example/actors/delta#ed25519-key",
                "type": "Multikey",
                "controller": "https://hub.example/actors/delta",
                "publicKeyMultibase": "z6Mk",
            }
        ],
        "additionalType": "https://w3id.org/capacity-exchange/affiliation/user-group",
        "areaServed": ["https://w3id.org/capacity-exchange/region/SN"],
        "availableLanguage": ["fr", "en"],
        "proposals": "https://hub.example/actors/delta/proposals",
        "generator": {
            "type": "Application",
            "implements": [
                {
                    "type": "Link",
                    "href": RFC_9421,
                    "name": "RFC-9421: HTTP Message Signatures",
                },
                {
                    "type": "Link",
                    "href": f"{RFC_9421}#name-eddsa-using-curve-edwards25",
                    "name": "RFC-9421 signatures using the Ed25519 algorithm",
                },
                {
                    "type": "Link",
                    "href": "https://w3id.org/fep/0837",
                    "name": "FEP-0837: Federated Marketplace",
                },
            ],
        },
    }


def test_catalogue_is_a_service_with_its_proposals():
    said = document(actor("catalogue", node=HERE.authority, role=Role.CATALOGUE))
    assert said["type"] == "Service"
    assert said["proposals"] == "https://hub.example/actors/catalogue/proposals"
    found = read(said)
    assert found.actor.role is Role.CATALOGUE
    assert found.party.proposals == said["proposals"]
    assert found.party.is_exchange


def test_instance_is_an_application_nobody_follows():
    instance = actor("hub.example", node=HERE.authority, uri=HERE.instance, role=Role.INSTANCE)
    said = document(instance)
    assert said["type"] == "Application"
    assert (said["inbox"], said["outbox"]) == (
        "https://hub.example/actor/inbox",
        "https://hub.example/actor/outbox",
    )
    assert {"followers", "following", "featured", "proposals"} & set(said) == set()
    assert (said["discoverable"], said["indexable"], said["manuallyApprovesFollowers"]) == (
        False,
        False,
        True,
    )
    assert read(said).actor.role is Role.INSTANCE


# -- theirs ---------------------------------------------------------------------------------------

ANA = {
    "id": "https://social.example/users/ana",
    "type": "Person",
    "inbox": "https://social.example/users/ana/inbox",
}


def test_least_that_an_actor_says_is_enough():
    found = read(ANA)
    assert found.actor == Actor(
        id="local",
        uri=ANA["id"],
        url=ANA["id"],
        role=Role.OTHER,
        handle="unnamed",
        acct="unnamed@social.example",
        name="unnamed",
        node="social.example",
        published=NOW + timedelta(days=1),
        updated=NOW + timedelta(days=1),
    )
    assert found.party.best_inbox == ANA["inbox"]
    assert not found.party.is_exchange
    assert found.keys == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Note"},
        {"type": []},
        {"type": {"Person": 1}},
        {"id": None},
        {"id": "acct:ana@social.example"},
        {"inbox": None},
        {"inbox": "/users/ana/inbox"},
        {"inbox": "https://evil.example/inbox"},
        {"inbox": "http://social.example/users/ana/inbox"},
        {"inbox": "https://social.example:8443/inbox"},
        {"inbox": {"id": "https://evil.example/inbox"}},
    ],
    ids=str,
)
def test_what_is_no_actor_is_malformed(changes):
    with pytest.raises(Malformed):
        read({**ANA, **changes})


@pytest.mark.parametrize("name", ["outbox", "followers", "proposals", "url"])
def test_address_at_another_origin_is_left_out_l9(name):
    found = read({**ANA, name: "https://evil.example/x"})
    given_ = {
        "outbox": found.party.outbox,
        "followers": found.party.followers,
        "proposals": found.party.proposals,
        "url": None if found.actor.url == ANA["id"] else found.actor.url,
    }
    assert given_[name] is None
    near = read({**ANA, name: "https://social.example/x"})
    assert "https://social.example/x" in (
        near.party.outbox,
        near.party.followers,
        near.party.proposals,
        near.actor.url,
    )


def test_shared_inbox_at_another_origin_is_left_out():
    far = read({**ANA, "endpoints": {"sharedInbox": "https://evil.example/inbox"}})
    near = read({**ANA, "endpoints": {"sharedInbox": "https://social.example/inbox"}})
    assert far.party.best_inbox == ANA["inbox"]
    assert near.party.best_inbox == "https://social.example/inbox"


@pytest.mark.parametrize(
    ("types", "role"),
    [
        ("Organization", Role.AFFILIATE),
        ("Group", Role.AFFILIATE),
        ("Application", Role.INSTANCE),
        ("Service", Role.OTHER),
        ("Person", Role.OTHER),
        (["Person", "Organization"], Role.AFFILIATE),
    ],
)
def test_role_is_read_from_the_type(types, role):
    assert read({**ANA, "type": types}).actor.role is role


def key(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {"id": f"{ANA['id']}#k{number}", "owner": ANA["id"], "publicKeyPem": PEM, **changes}


def test_keys_that_an_actor_lists_as_its_own_are_read():
    multi = {
        "id": f"{ANA['id']}#ed",
        "type": "Multikey",
        "controller": ANA["id"],
        "publicKeyMultibase": MULTIBASE,
    }
    found = read({**ANA, "publicKey": key(), "assertionMethod": [multi]}).keys
    assert [(each.uri, each.owner, each.material) for each in found] == [
        (f"{ANA['id']}#k1", ANA["id"], PEM),
        (f"{ANA['id']}#ed", ANA["id"], MULTIBASE),
    ]
    assert len(read({**ANA, "publicKey": [key(1), key(2)]}).keys) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"owner": "https://social.example/users/ben"},
        {"owner": None},
        {"owner": [ANA["id"]]},
        {"id": "https://evil.example/key"},
        {"id": None},
        {"publicKeyPem": ""},
        {"publicKeyPem": [PEM]},
        {"publicKeyPem": None},
    ],
    ids=str,
)
def test_key_that_is_not_its_own_is_left_out_l13_h15(changes):
    assert read({**ANA, "publicKey": key(**changes)}).keys == ()
    assert read({**ANA, "publicKey": f"{ANA['id']}#k1"}).keys == ()


def test_keys_and_their_length_are_limited_h17():
    many = read({**ANA, "publicKey": [key(number) for number in range(100)]}).keys
    assert len(many) == MAX_KEYS
    assert read({**ANA, "publicKey": key(publicKeyPem=PEM + "x" * 10**6)}).keys == ()


@pytest.mark.parametrize("material", ["x", MULTIBASE[:-1], new_ed25519_key().public().pem()])
def test_key_that_can_never_verify_is_left_out_h17_h18(material):
    unusable = key(publicKeyPem=material)
    assert [each.uri for each in read({**ANA, "publicKey": [unusable, key(2)]}).keys] == [
        f"{ANA['id']}#k2"
    ]


def test_keys_that_were_replaced_are_listed_beside_the_new_one():
    former = (f"{DELTA.uri}#ed25519-key-old", "z6Old")
    said = to_document(DELTA, replace(KEYS, former=(former,)), TAXONOMY, HERE)
    assert [(each["id"], each["publicKeyMultibase"]) for each in said["assertionMethod"]] == [
        (KEYS.ed25519_uri, KEYS.ed25519_multibase),
        former,
    ]
    assert said["publicKey"]["id"] == KEYS.rsa_uri


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, False),
        ({"generator": {"type": "Application", "implements": [{"href": RFC_9421}]}}, True),
        ({"generator": {"type": "Application", "implements": [RFC_9421]}}, True),
        ({"type": "Application", "implements": {"href": RFC_9421}}, True),
        ({"generator": {"type": "Application", "implements": [{"href": "https://x/"}]}}, False),
        ({"generator": {"type": "Note", "implements": [{"href": RFC_9421}]}}, False),
        ({"implements": [{"href": RFC_9421}]}, False),  # a person implements nothing
        ({"generator": "https://social.example/app", "implements": 7}, False),
        ({"generator": {"type": "Application", "implements": {"href": [RFC_9421]}}}, False),
    ],
    ids=str,
)
def test_capabilities_of_the_application_are_a_hint_844e(changes, wanted):
    assert read({**ANA, **changes}).wants_rfc9421 is wanted


def test_words_of_strangers_are_held_to_their_place_h52():
    found = read(
        {
            **ANA,
            "preferredUsername": "ANA" + "x" * 100,
            "name": "<script>alert(1)</script>" + "n" * 1000,
            "summary": "<p onclick=x>hi<script>alert(1)</script></p>",
        }
    ).actor
    assert found.handle == "ana" + "x" * 61
    assert len(found.name) <= MAX_NAME
    assert found.summary == one("<p>hi</p>", "und")


def test_times_do_not_lie_ahead_h59():
    found = read({**ANA, "published": "9998-01-01T00:00:00Z", "updated": "1980-01-01T00:00:00Z"})
    assert found.actor.published == found.actor.updated == NOW + timedelta(days=1)


NAMES = ["id", "type", "inbox", "outbox", "followers", "proposals", "url", "endpoints", "name"]
NAMES += ["preferredUsername", "summary", "summaryMap", "published", "updated", "publicKey"]
NAMES += ["assertionMethod", "additionalType", "areaServed", "availableLanguage"]


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_any_actor_is_read_or_malformed(changes):
    try:
        found = read({**document(), **changes})
    except Malformed:
        return
    assert found.actor.name
    assert found.party.inbox


def test_handle_is_one_line_h58():
    document = {
        "id": "https://x.example/users/ana",
        "type": "Person",
        "preferredUsername": "Ana\x1b[31m\n x",
        "inbox": "https://x.example/users/ana/inbox",
    }
    known = from_document(document, TAXONOMY, local_id="1", now=NOW)
    assert known.actor.handle == "ana [31m x"
