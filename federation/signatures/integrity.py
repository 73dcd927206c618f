"""Proofs inside a document, which hold wherever it travels: FEP-8b32 with ``eddsa-jcs-2022``.

1. The document is everything but ``proof`` and ``signature`` (a linked-data signature that this
   node neither makes nor reads).
2. The configuration is the proof without its ``proofValue``; it repeats the document's
   ``@context`` word for word (docs/standards.md, pitfall 17).
3. What is signed is SHA-256 of the canonical configuration (RFC 8785) followed by SHA-256 of the
   canonical document (vc-di-eddsa 3.3.4).
4. The ``proofValue`` is multibase base58btc of the 64 bytes of an Ed25519 signature.

Whether the key may speak for the document is asked by whoever knows the owner (FEP-fe34);
:func:`proof_by` finds the one proof that is to be taken for the owner's.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from federation.errors import Malformed, Unauthenticated
from federation.guard import same_origin
from federation.signatures import base58
from federation.signatures.canonical import canonical
from federation.signatures.keys import PrivateKey, PublicKey

PROOF_TYPE: Final = "DataIntegrityProof"
CRYPTOSUITE: Final = "eddsa-jcs-2022"
PURPOSE: Final = "assertionMethod"
MAX_KEY_URI_LENGTH: Final = 2048
MAX_PROOFS: Final = 8
SKEW: Final = timedelta(hours=1)  # how far a proof may lie ahead: the clocks of others

_NOT_SIGNED: Final = frozenset({"proof", "signature"})
_RFC3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a document's proof claims; nothing of it is proven yet.

    ``config`` is the raw proof without its value, ``value`` the 64 bytes of the signature.
    """

    verification_method: str
    created: datetime | None
    expires: datetime | None
    value: bytes
    config: Mapping[str, Any]


def add_proof(
    document: Mapping[str, Any], *, key: PrivateKey, key_uri: str, created: datetime
) -> dict[str, Any]:
    """Return the document with a proof as its last member.

    An older ``proof`` or ``signature`` is left out. Raises ValueError for a document of our own
    that has no list as ``@context`` or no canonical form, or for a key that is not Ed25519.
    """
    context = document.get("@context")
    if not isinstance(context, list):
        raise ValueError("a document with a proof needs a list as @context")  # noqa: TRY004
    if key.algorithm != "ed25519" or created.tzinfo is None:
        raise ValueError("a proof needs an Ed25519 key and a time that knows its zone")
    config = {
        "@context": context,
        "type": PROOF_TYPE,
        "cryptosuite": CRYPTOSUITE,
        "verificationMethod": key_uri,
        "proofPurpose": PURPOSE,
        "created": created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    unsigned = _without_proof(document)
    value = base58.to_multibase(key.sign(_hash_data(config, unsigned)))
    return {**unsigned, "proof": {**config, "proofValue": value}}


def proof_of(document: Mapping[str, Any]) -> Proof | None:
    """Read the proof of a document, or None when it has none.

    A proof that is malformed or of another cryptosuite raises Unauthenticated.
    """
    proof = document.get("proof")
    if proof is None:
        return None
    if not isinstance(proof, dict):
        raise Unauthenticated("The proof is not one object.")
    _check_suite(proof)
    return Proof(
        verification_method=_verification_method(proof.get("verificationMethod")),
        created=_moment(proof.get("created")),
        expires=_moment(proof.get("expires")),
        value=_proof_value(proof.get("proofValue")),
        config={name: value for name, value in proof.items() if name != "proofValue"},
    )


def proof_by(document: Mapping[str, Any], owner: str) -> Proof | None:
    """Find the proof that speaks for a document's owner, or None where none is to be judged here.

    That is the first ``eddsa-jcs-2022`` proof; a document may carry others beside it. One of
    another suite, or by a key that has no http address, says nothing to us. Raises Unauthenticated
    for one that is malformed, or by a key of another origin than the owner's (FEP-8b32).
    """
    proofs = document.get("proof")
    listed = proofs[:MAX_PROOFS] if isinstance(proofs, list) else [proofs]
    ours = [each for each in listed if isinstance(each, dict) and _is_spoken_here(each)]
    if not ours:
        return None
    proof = proof_of({"proof": ours[0]})
    if proof is None or not proof.verification_method.startswith(("https://", "http://")):
        return None
    try:
        is_near = same_origin(proof.verification_method, owner)
    except Malformed as error:
        raise Unauthenticated("The key of the proof has no proper address.") from error
    if not is_near:
        raise Unauthenticated("The key of the proof belongs to another server than the actor.")
    return proof


def _is_spoken_here(proof: Mapping[str, Any]) -> bool:
    return proof.get("type") == PROOF_TYPE and proof.get("cryptosuite") == CRYPTOSUITE


def check_moment(proof: Proof, *, now: datetime, oldest: timedelta | None = None) -> None:
    """Raise Unauthenticated unless a proof was made by now and holds still (vc-data-integrity 4.3).

    With ``oldest`` it must say when it was made, and not longer ago than that.
    """
    if proof.created is not None and proof.created > now + SKEW:
        raise Unauthenticated("The proof is dated in the future.")
    if proof.expires is not None and proof.expires <= now:
        raise Unauthenticated("The proof has expired.")
    if oldest is not None and (proof.created is None or now - proof.created > oldest):
        raise Unauthenticated("The proof is too old to stand in for a signature.")


def verify_proof(document: Mapping[str, Any], proof: Proof, key: PublicKey) -> None:
    """Raise Unauthenticated unless the key signed this very document with this proof."""
    if key.algorithm != "ed25519":
        raise Unauthenticated("The key of the proof is not an Ed25519 key.")
    context = document.get("@context")
    try:
        same_context = proof.config.get("@context", context) == context
        data = _hash_data(proof.config, _without_proof(document))
    except (ValueError, RecursionError) as error:
        raise Unauthenticated("The document has no canonical form.") from error
    if not same_context:
        raise Unauthenticated("The proof has another @context than the document.")
    if not key.verify(proof.value, data):
        raise Unauthenticated("The proof does not verify.")


def _without_proof(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in _NOT_SIGNED}


def _hash_data(config: Mapping[str, Any], document: Mapping[str, Any]) -> bytes:
    # vc-di-eddsa 3.3.4: the configuration comes first
    return _canonical_hash(config) + _canonical_hash(document)


def _canonical_hash(value: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(canonical(dict(value))).digest()


def _check_suite(proof: Mapping[str, Any]) -> None:
    if proof.get("type") != PROOF_TYPE or proof.get("cryptosuite") != CRYPTOSUITE:
        raise Unauthenticated("The proof is not an eddsa-jcs-2022 proof.")
    if proof.get("proofPurpose") != PURPOSE:
        raise Unauthenticated("The proof has another purpose than assertionMethod.")


def _verification_method(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_KEY_URI_LENGTH:
        raise Unauthenticated("The proof names no verificationMethod.")
    return value


def _proof_value(value: object) -> bytes:
    try:
        signature = base58.from_multibase(value if isinstance(value, str) else "")
    except ValueError as error:
        raise Unauthenticated("The proofValue is not multibase base58btc.") from error
    if len(signature) != 64:
        raise Unauthenticated("The proofValue has a wrong length.")
    return signature


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise Unauthenticated("A time of the proof is not an RFC 3339 date.")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unauthenticated("A time of the proof is not a day of the calendar.") from error
