"""Signed activities as another node would send them, ready as bytes to put on the wire."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from federation.signatures.integrity import add_proof
from federation.signatures.keys import PrivateKey, new_ed25519_key
from tests.bench.world import Saying

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
TERMS = "https://w3id.org/capacity-exchange/"
SIGNED = "(request-target) host date digest"
COVERED = '("@method" "@target-uri" "content-digest")'


@dataclass(frozen=True, slots=True)
class Sender:
    """An affiliate of another node, with its keys for requests and for proofs."""

    uri: str
    key: rsa.RSAPrivateKey
    proving: PrivateKey

    @property
    def key_uri(self) -> str:
        """The address of its key."""
        return f"{self.uri}#main-key"

    @property
    def proving_uri(self) -> str:
        """The address of its key for proofs."""
        return f"{self.uri}#ed25519-key"

    @property
    def pem(self) -> str:
        """Its public key."""
        return (
            self.key.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode()
        )


def senders(number: int) -> list[Sender]:
    """Return affiliates, each on a node of its own."""
    return [
        Sender(
            f"https://hub{index}.example/actors/affiliate",
            rsa.generate_private_key(public_exponent=65537, key_size=2048),
            new_ed25519_key(),
        )
        for index in range(number)
    ]


Sign = Callable[[Sender, str, str, bytes], dict[str, str]]


def sign_cavage(who: Sender, host: str, path: str, body: bytes) -> dict[str, str]:
    """Return the headers of a POST signed by draft-cavage with RSA."""
    return sign(who.key, who.key_uri, host, path, body)


def sign(key: rsa.RSAPrivateKey, key_uri: str, host: str, path: str, body: bytes) -> dict[str, str]:
    """Return the headers of a signed POST (draft-cavage-http-signatures-12)."""
    headers = {
        "Host": host,
        "Date": format_datetime(datetime.now(UTC), usegmt=True),
        "Digest": f"SHA-256={base64.b64encode(hashlib.sha256(body).digest()).decode()}",
    }
    lines = [f"(request-target): post {path}"]
    lines += [f"{name.lower()}: {value}" for name, value in headers.items()]
    signature = key.sign("\n".join(lines).encode(), padding.PKCS1v15(), hashes.SHA256())
    said = base64.b64encode(signature).decode()
    headers["Signature"] = (
        f'keyId="{key_uri}",algorithm="rsa-sha256",headers="{SIGNED}",signature="{said}"'
    )
    return headers


def sign_rfc9421(who: Sender, host: str, path: str, body: bytes) -> dict[str, str]:
    """Return the headers of a POST signed by RFC 9421 with Ed25519."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    moment = int(datetime.now(UTC).timestamp())
    said = f'{COVERED};created={moment};keyid="{who.proving_uri}";alg="ed25519"'
    lines = [
        '"@method": POST',
        f'"@target-uri": http://{host}{path}',
        f'"content-digest": sha-256=:{digest}:',
        f'"@signature-params": {said}',
    ]
    signature = base64.b64encode(who.proving.sign("\n".join(lines).encode())).decode()
    return {
        "Host": host,
        "Content-Digest": f"sha-256=:{digest}:",
        "Signature-Input": f"sig1={said}",
        "Signature": f"sig1=:{signature}:",
    }


def letters(
    sayings: Iterable[Saying], who: Sequence[Sender], host: str, signed: Sign
) -> Iterator[bytes]:
    """Give one whole HTTP request for each saying: a signed Create for the shared inbox."""
    for index, saying in enumerate(sayings):
        sender = who[index % len(who)]
        said = prove(sender, create(saying, sender.uri, index))
        body = json.dumps(said, ensure_ascii=False).encode()
        headers = signed(sender, host, "/inbox", body)
        headers["Content-Type"] = "application/activity+json"
        headers["Content-Length"] = str(len(body))
        head = "\r\n".join(f"{name}: {value}" for name, value in headers.items())
        yield f"POST /inbox HTTP/1.1\r\n{head}\r\n\r\n".encode() + body


def prove(who: Sender, document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with its author's proof, as every node of the exchange sends it."""
    return add_proof(document, key=who.proving, key_uri=who.proving_uri, created=datetime.now(UTC))


def create(saying: Saying, actor: str, index: int) -> dict[str, Any]:
    """Return the Create of a listing, shaped as in the wire examples."""
    uri = f"{actor.rpartition('/actors/')[0]}/proposals/bench-{index}"
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    to, cc = [PUBLIC], [f"{actor}/followers"]
    note = _note(saying, actor, uri, now)
    return {
        "@context": CONTEXT,
        "id": f"{uri}/activity",
        "type": "Create",
        "actor": actor,
        "published": now,
        "to": to,
        "cc": cc,
        "object": {**note, "to": to, "cc": cc},
    }


def _note(saying: Saying, actor: str, uri: str, now: str) -> dict[str, Any]:
    main = next(iter(saying.title))
    posts = {
        tag: f"<p><strong>{title}</strong></p>{saying.text[tag]}"
        for tag, title in saying.title.items()
    }
    return {
        "id": uri,
        "type": "Note",
        "additionalType": "https://w3id.org/valueflows/ont/vf#Proposal",
        "purpose": "offer" if saying.kind == "offer" else "request",
        "attributedTo": actor,
        "url": uri,
        "published": now,
        "content": posts[main],
        "contentMap": posts,
        "sensitive": False,
        "tag": [
            {"type": "Hashtag", "name": f"#{each}", "href": f"{TERMS}tags/{each}"}
            for each in saying.capacities
        ],
        "areaServed": [f"{TERMS}region/{each}" for each in saying.regions],
        "availableLanguage": list(saying.languages),
        "publishes": _intent(saying, actor, uri, main),
        "replies": {
            "id": f"{uri}/replies",
            "type": "Collection",
            "first": {
                "type": "CollectionPage",
                "next": f"{uri}/replies?page=true",
                "partOf": f"{uri}/replies",
                "items": [],
            },
        },
        "interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}},
    }


def _intent(saying: Saying, actor: str, uri: str, main: str) -> dict[str, Any]:
    about = [f"{TERMS}capacity/{each}" for each in saying.capacities]
    return {
        "id": f"{uri}#primary",
        "type": "Intent",
        "name": saying.title[main],
        "nameMap": saying.title,
        "content": saying.text[main],
        "contentMap": saying.text,
        "action": "deliverService",
        "provider" if saying.kind == "offer" else "receiver": actor,
        "resourceConformsTo": about[0],
        "resourceClassifiedAs": [
            *about[1:],
            f"{TERMS}category/{saying.category}",
            *(f"{TERMS}method/{each}" for each in saying.methods),
            f"{TERMS}mode/{saying.mode}",
        ],
        "resourceQuantity": {"hasUnit": "hour", "hasNumericalValue": str(saying.hours)},
        "finished": False,
    }


def _link(iri: str) -> dict[str, str]:
    return {"@id": iri, "@type": "@id"}


CONTEXT = [
    "https://www.w3.org/ns/activitystreams",
    "https://w3id.org/security/data-integrity/v2",
    {
        "Hashtag": "as:Hashtag",
        "sensitive": "as:sensitive",
        "vf": "https://w3id.org/valueflows/ont/vf#",
        "om2": "http://www.ontology-of-units-of-measure.org/resource/om-2/",
        **{
            term: f"vf:{term}"
            for term in ("Proposal", "Intent", "purpose", "publishes", "action", "finished")
        },
        **{
            term: _link(f"vf:{term}")
            for term in ("provider", "receiver", "resourceConformsTo", "resourceClassifiedAs")
        },
        "resourceQuantity": "vf:resourceQuantity",
        "hasUnit": "om2:hasUnit",
        "hasNumericalValue": "om2:hasNumericalValue",
        "schema": "http://schema.org/",
        "additionalType": _link("schema:additionalType"),
        "areaServed": _link("schema:areaServed"),
        "availableLanguage": {"@id": "schema:availableLanguage", "@container": "@set"},
        "gts": "https://gotosocial.org/ns#",
        "interactionPolicy": _link("gts:interactionPolicy"),
        "canQuote": _link("gts:canQuote"),
        "automaticApproval": _link("gts:automaticApproval"),
    },
]
