"""This node's own keys: made in pairs, loaded once, used to sign documents and requests.

Each actor has an RSA key for requests (draft-cavage is RSA wherever it is spoken) and an Ed25519
key for the proofs in its documents (FEP-8b32). Loading an RSA key costs far more than signing with
it, so what was loaded is kept. A key that was replaced signs no more; its public half is published
for :data:`OVERLAP` beside the new one, so that what it signed can still be verified. Topics are
signed for with the catalogue's keys.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum, auto
from typing import Any

from catalogue.topics import is_topic
from federation.mapping.actor import PublicKeys
from federation.model import OwnKey
from federation.ports import FederationStore
from federation.signatures import cavage, rfc9421
from federation.signatures.integrity import add_proof
from federation.signatures.keys import (
    PrivateKey,
    load_private_key,
    new_ed25519_key,
    new_rsa_key,
)

RSA = "rsa"
ED25519 = "ed25519"

OVERLAP = timedelta(days=30)


class Way(StrEnum):
    """How a request can be signed."""

    CAVAGE = auto()
    CAVAGE_PATH = auto()  # draft-cavage over the target without its query
    RFC9421 = auto()


def new_keys(owner: str, now: datetime, *, is_first: bool = True) -> list[OwnKey]:
    """Make a pair of keys for an actor of this node; takes a fraction of a second, so do it early.

    Keys after the first have the time in their address: no address ever means another key.
    """
    ending = "" if is_first else now.astimezone(UTC).strftime("-%Y%m%dT%H%M%SZ")
    return [
        OwnKey(
            uri=f"{owner}#main-key{ending}",
            owner=owner,
            algorithm=RSA,
            pem=new_rsa_key().pem(),
            created=now,
        ),
        OwnKey(
            uri=f"{owner}#ed25519-key{ending}",
            owner=owner,
            algorithm=ED25519,
            pem=new_ed25519_key().pem(),
            created=now,
        ),
    ]


class MissingKeyError(RuntimeError):
    """An actor of this node has no key: the database was restored without them."""


class Keyring:
    """The loaded keys of this node's actors."""

    def __init__(self) -> None:
        self._loaded: dict[str, PrivateKey] = {}

    def prove(
        self, store: FederationStore, document: Mapping[str, Any], *, owner: str, at: datetime
    ) -> dict[str, Any]:
        """Return a document with its owner's proof (FEP-8b32); the same input, the same proof."""
        return self.prover(store, owner).prove(document, at=at)

    def prover(self, store: FederationStore, owner: str) -> "Prover":
        """Return what makes proofs in an actor's name, for many documents of one actor."""
        own, key = self._key(store, owner, ED25519)
        return Prover(own.uri, key)

    def request_signer(self, store: FederationStore, owner: str) -> "RequestSigner":
        """Return what signs requests in an actor's name."""
        own, key = self._key(store, owner, RSA)
        return RequestSigner(own.uri, key)

    def public_keys(self, store: FederationStore, owner: str) -> PublicKeys:
        """Return the public halves of an actor's keys, for its document."""
        rsa, rsa_key = self._key(store, owner, RSA)
        ed25519, ed25519_key = self._key(store, owner, ED25519)
        former = [
            key
            for key in store.keys.list_own(owner)
            if key.algorithm == ED25519 and is_overlapping(key, store.clock.now())
        ]
        return PublicKeys(
            rsa_uri=rsa.uri,
            rsa_pem=rsa_key.public().pem(),
            ed25519_uri=ed25519.uri,
            ed25519_multibase=ed25519_key.public().multibase(),
            former=tuple((key.uri, self._load(key).public().multibase()) for key in former),
        )

    def _key(self, store: FederationStore, owner: str, algorithm: str) -> tuple[OwnKey, PrivateKey]:
        own = store.keys.own(owner, algorithm) or _lent(store, owner, algorithm)
        if own is None:
            raise MissingKeyError(
                f"there is no {algorithm} key for {owner}; 'capx keys rotate' makes new ones"
            )
        return own, self._load(own)

    def _load(self, own: OwnKey) -> PrivateKey:
        if own.pem not in self._loaded:
            self._loaded[own.pem] = load_private_key(own.pem)
        return self._loaded[own.pem]


def is_overlapping(key: OwnKey, now: datetime) -> bool:
    """Say whether a key was replaced, and not too long ago to be published still."""
    return key.retired is not None and now - key.retired < OVERLAP


def _lent(store: FederationStore, owner: str, algorithm: str) -> OwnKey | None:
    """Return the catalogue's key under a topic's name; None for who is no topic.

    Topics are many, made of nothing and speak for the catalogue, so they have no keys of their own.
    Each publishes this one below its own address, because a key must be its owner's (L13).
    """
    if not is_topic(store, owner):
        return None
    key, catalogue = store.keys.own(store.addresses.catalogue, algorithm), store.addresses.catalogue
    return key and replace(key, uri=owner + key.uri.removeprefix(catalogue), owner=owner)


class Prover:
    """Makes proofs with one key (FEP-8b32)."""

    def __init__(self, key_uri: str, key: PrivateKey) -> None:
        self._key_uri = key_uri
        self._key = key

    def prove(self, document: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
        """Return a document with a proof."""
        return add_proof(document, key=self._key, key_uri=self._key_uri, created=at)


class RequestSigner:
    """Signs requests with one key (draft-cavage or RFC 9421)."""

    def __init__(self, key_uri: str, key: PrivateKey) -> None:
        self._key_uri = key_uri
        self._key = key

    def headers(
        self,
        method: str,
        url: str,
        *,
        date: datetime,
        body: bytes | None = None,
        way: Way = Way.CAVAGE,
    ) -> dict[str, str]:
        """Return the headers that make a request a signed one."""
        key, key_uri = self._key, self._key_uri
        if way is Way.RFC9421:
            return rfc9421.sign(
                key=key, key_uri=key_uri, method=method, url=url, date=date, body=body
            )
        return cavage.sign(
            key=key,
            key_uri=key_uri,
            method=method,
            url=url,
            date=date,
            body=body,
            with_query=way is not Way.CAVAGE_PATH,
        )
