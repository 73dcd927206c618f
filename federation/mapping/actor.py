"""Actors on the wire: what an affiliate, the catalogue and the instance say of themselves.

Out: one document each, with the RSA key that signs requests and the Ed25519 key (FEP-521a) that
signs documents. In: any actor type, with where it is reached and the keys it lists.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from catalogue.addresses import Addresses, Path
from catalogue.language import LanguageMap, is_language_tag
from catalogue.listings import MAX_VALUES
from catalogue.model import Actor, Role
from catalogue.people import MAX_NAME
from catalogue.richtext import clean
from catalogue.taxonomy import Taxonomy
from federation.errors import Malformed, Unauthenticated
from federation.guard import host_of, same_origin
from federation.mapping import post
from federation.mapping.values import (
    Document,
    from_moment,
    get_id,
    id_of,
    items,
    language_map,
    line,
    moment,
    string,
    types_of,
    uri,
)
from federation.model import KnownKey, Party
from federation.signatures.keys import load_key
from federation.vocabulary import (
    ACTOR_CONTEXT,
    ACTOR_TYPES,
    AFFILIATE_TYPES,
    FEP_0837,
    RFC_9421,
    RFC_9421_ED25519,
)

MAX_SUMMARY = 20_000
MAX_KEYS = 10  # of one actor
MAX_ACCT = 320  # characters of name@host

_ACCT = re.compile(r"[^\s@/?#:\x00-\x20\x7f]{1,64}@[a-z0-9_.-]{1,253}(?::[0-9]{1,5})?")

_TYPES = {
    Role.AFFILIATE: "Organization",
    Role.CATALOGUE: "Service",
    Role.INSTANCE: "Application",
    Role.TOPIC: "Service",
    Role.OTHER: "Person",
}


# FEP-844e; what an object shows by itself, such as a proof, is not to be named
_IMPLEMENTS = (
    (RFC_9421, "RFC-9421: HTTP Message Signatures"),
    (RFC_9421_ED25519, "RFC-9421 signatures using the Ed25519 algorithm"),
    (FEP_0837, "FEP-0837: Federated Marketplace"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKeys:
    """The public halves of an actor's keys, with their URIs."""

    rsa_uri: str
    rsa_pem: str
    ed25519_uri: str
    ed25519_multibase: str
    former: tuple[tuple[str, str], ...] = ()  # Ed25519 keys that were replaced a while ago


# -- out ------------------------------------------------------------------------------------------


def to_document(
    actor: Actor, keys: PublicKeys, taxonomy: Taxonomy, addresses: Addresses
) -> dict[str, Any]:
    """Return an actor of this node as its document (ActivityPub 4.1)."""
    document: dict[str, Any] = {
        "@context": ACTOR_CONTEXT,
        "id": actor.uri,
        "type": _TYPES[actor.role],
        "preferredUsername": actor.handle,
        "webfinger": actor.acct,  # FEP-2c59
        "name": actor.name,
        "summary": actor.summary.main.text,
        "url": actor.url,
        **_boxes(actor, addresses),
        "endpoints": {"sharedInbox": addresses.at(Path.SHARED_INBOX)},
        "published": from_moment(actor.published),
        "updated": from_moment(actor.updated),
        "manuallyApprovesFollowers": actor.role is Role.INSTANCE,
        "discoverable": actor.role is not Role.INSTANCE,
        "indexable": actor.role is not Role.INSTANCE,  # FEP-5feb
        # one object, never a list: several servers read no other form
        "publicKey": {"id": keys.rsa_uri, "owner": actor.uri, "publicKeyPem": keys.rsa_pem},
        "assertionMethod": [
            {
                "id": key_uri,
                "type": "Multikey",
                "controller": actor.uri,
                "publicKeyMultibase": multibase,
            }
            for key_uri, multibase in ((keys.ed25519_uri, keys.ed25519_multibase), *keys.former)
        ],
    }
    if actor.summary:
        document["summaryMap"] = dict(actor.summary)
    if actor.also_known_as:
        document["alsoKnownAs"] = list(actor.also_known_as)  # FEP-7628
    if actor.moved_to is not None:
        document["movedTo"] = actor.moved_to
    return document | _about(actor, taxonomy, addresses)


def _boxes(actor: Actor, addresses: Addresses) -> dict[str, str]:
    if actor.role is Role.INSTANCE:
        return {
            "inbox": addresses.at(Path.INSTANCE_INBOX),
            "outbox": addresses.at(Path.INSTANCE_OUTBOX),
        }
    names = {
        "inbox": Path.ACTOR_INBOX,
        "outbox": Path.ACTOR_OUTBOX,
        "followers": Path.ACTOR_FOLLOWERS,
        "following": Path.ACTOR_FOLLOWING,
        "featured": Path.ACTOR_FEATURED,
    }
    return {name: addresses.at(path, handle=actor.handle) for name, path in names.items()}


def _about(actor: Actor, taxonomy: Taxonomy, addresses: Addresses) -> dict[str, Any]:
    """Return what only one role says."""
    implements = [{"type": "Link", "href": href, "name": name} for href, name in _IMPLEMENTS]
    match actor.role:
        case Role.AFFILIATE:
            return {
                "additionalType": taxonomy.affiliations.iri_of(actor.kind),
                "areaServed": [taxonomy.regions.iri_of(region) for region in actor.regions],
                "availableLanguage": list(actor.languages),
                "proposals": addresses.at(Path.ACTOR_PROPOSALS, handle=actor.handle),
                "generator": {"type": "Application", "implements": implements},  # FEP-844e
            }
        case Role.CATALOGUE:
            return {
                "proposals": addresses.at(Path.ACTOR_PROPOSALS, handle=actor.handle),
                "generator": {"type": "Application", "implements": implements},
            }
        case Role.INSTANCE:
            return {"implements": implements}
        case Role.TOPIC:
            language = next(iter(actor.languages), "en")
            summary = post.topic_summary(actor.name, language, addresses)
            return {
                "summary": summary,
                "summaryMap": {language: summary},
                "generator": {"type": "Application", "implements": implements},
            }
        case Role.OTHER:
            return {}


# -- in -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """All that an actor's document tells: who it is, where it is reached, its keys.

    ``wants_rfc9421`` is a hint for the whole server, not a promise.
    """

    actor: Actor
    party: Party
    keys: tuple[KnownKey, ...]
    wants_rfc9421: bool


def from_document(
    document: Document,
    taxonomy: Taxonomy,
    *,
    local_id: str,
    now: datetime,
    acct: str | None = None,
) -> Introduction:
    """Return what another server's actor says of itself; ``local_id`` names it here.

    ``acct`` is what it says to be called, where WebFinger was asked and agrees (FEP-2c59).
    Raises Malformed when it has no id or inbox, or one at another origin (FEP-fe34).
    """
    address = get_id(document)
    if not types_of(document) & ACTOR_TYPES:
        raise Malformed("the document is not an actor")
    proposals = _own(document, "proposals", address)
    published = min(moment(document.get("published")) or now, now)
    handle = line(string(document.get("preferredUsername"), 64), 64).lower() or "unnamed"
    actor = Actor(
        id=local_id,
        uri=address,
        url=_own(document, "url", address) or address,
        role=_role(document, proposals),
        handle=handle,
        acct=acct or f"{handle}@{host_of(address)}",
        name=line(string(document.get("name"), MAX_NAME), MAX_NAME) or handle,
        node=host_of(address),
        kind=_kind(document, taxonomy),
        summary=_summary(document),
        regions=_concepts(document.get("areaServed"), taxonomy),
        languages=tuple(
            tag
            for tag in items(document.get("availableLanguage"))
            if isinstance(tag, str) and is_language_tag(tag)
        )[:MAX_VALUES],
        also_known_as=tuple(
            found for each in items(document.get("alsoKnownAs")) if (found := uri(each))
        )[:MAX_VALUES],
        moved_to=uri(document.get("movedTo")),
        published=published,
        updated=max(published, min(moment(document.get("updated")) or now, now)),
    )
    return Introduction(
        actor=actor,
        party=_party(document, address, proposals, now),
        keys=tuple(islice(_keys(document, address, now), MAX_KEYS)),
        wants_rfc9421=_implements(document, RFC_9421),
    )


def claimed_acct(document: Document) -> str | None:
    """Return the ``name@host`` that an actor claims beyond its ``preferredUsername`` (FEP-2c59).

    None where it claims none, or the one that goes without saying. A claim is to be checked: only
    the host in it can say that the name is the actor's.
    """
    claimed = string(document.get("webfinger"), MAX_ACCT).lower().removeprefix("acct:")
    parts = _ACCT.fullmatch(claimed)
    if parts is None:
        return None
    handle = string(document.get("preferredUsername"), 64).lower() or "unnamed"
    return claimed if claimed != f"{handle}@{host_of(get_id(document))}" else None


def _party(document: Document, address: str, proposals: str | None, now: datetime) -> Party:
    inbox = _own(document, "inbox", address)
    if inbox is None:
        raise Malformed("the actor has no inbox at its own origin")
    endpoints = document.get("endpoints")
    shared = endpoints if isinstance(endpoints, dict) else {}
    return Party(
        uri=address,
        type=next(iter(types_of(document) & ACTOR_TYPES)),
        inbox=inbox,
        shared_inbox=_own(shared, "sharedInbox", address),
        outbox=_own(document, "outbox", address),
        followers=_own(document, "followers", address),
        proposals=proposals,
        fetched=now,
    )


def _implements(document: Document, capability: str) -> bool:
    """Say whether an application, or the one an actor is made by, names a capability (FEP-844e)."""
    applications = [document, *items(document.get("generator"))]
    return any(
        id_of(link) == capability or (isinstance(link, dict) and link.get("href") == capability)
        for application in applications
        if isinstance(application, dict) and "Application" in types_of(application)
        for link in items(application.get("implements"))
    )


def _own(document: Document, name: str, address: str) -> str | None:
    """Return a URI of the document that has the actor's own origin, else None (FEP-fe34)."""
    found = next((each for value in items(document.get(name)) if (each := uri(value))), None)
    return found if found and same_origin(found, address) else None


def _role(document: Document, proposals: str | None) -> Role:
    types = types_of(document)
    if types & AFFILIATE_TYPES:
        return Role.AFFILIATE
    if proposals is not None:
        return Role.CATALOGUE
    return Role.INSTANCE if "Application" in types else Role.OTHER


def _kind(document: Document, taxonomy: Taxonomy) -> str:
    for value in items(document.get("additionalType")):
        if (iri := uri(value)) and (kind := taxonomy.affiliations.id_of(iri)) != iri:
            return kind
    return ""


def _summary(document: Document) -> LanguageMap:
    texts = language_map(document, "summary", MAX_SUMMARY)
    return LanguageMap({language: clean(text) for language, text in texts.items()})


def _concepts(value: Any, taxonomy: Taxonomy) -> tuple[str, ...]:
    iris = (found for each in items(value) if (found := uri(each)))
    return tuple(dict.fromkeys(map(taxonomy.regions.id_of, iris)))[:MAX_VALUES]


def _keys(document: Document, owner: str, now: datetime) -> Iterable[KnownKey]:
    """Give the keys that the actor lists as its own (FEP-fe34: owner and origin must be its)."""
    listed = [
        *((key, "owner", "publicKeyPem") for key in items(document.get("publicKey"))),
        *(
            (key, "controller", "publicKeyMultibase")
            for key in items(document.get("assertionMethod"))
        ),
    ]
    for key, whose, what in listed:
        if not isinstance(key, dict) or id_of(key.get(whose)) != owner:
            continue
        address, material = uri(key), string(key.get(what), 16_384)
        if address and _is_below(address, owner) and _is_usable(material):
            yield KnownKey(uri=address, owner=owner, material=material, fetched=now)


def _is_usable(material: str) -> bool:
    """Say whether a key can ever verify something here; one that cannot is not kept (H17, H18)."""
    try:
        load_key(material)
    except Unauthenticated:
        return False
    return True


def _is_below(address: str, owner: str) -> bool:
    """Say whether a key's address is its owner's with a fragment or more path (L13).

    GoToSocial's is ``/users/x/main-key``, everybody else's ``…#main-key``.
    """
    return address.partition("#")[0] == owner or address.startswith(f"{owner}/")
