"""The words of the wire: types, contexts, media types and relations, each with its source.

Contexts name only documents that every server has at hand, and define all else in line: a context
that cannot be fetched makes some servers lose the whole activity.
"""

from typing import Any, Final

ACTIVITYSTREAMS: Final = "https://www.w3.org/ns/activitystreams"
DATA_INTEGRITY: Final = "https://w3id.org/security/data-integrity/v2"  # FEP-8b32
SECURITY: Final = "https://w3id.org/security/v1"
CID: Final = "https://www.w3.org/ns/cid/v1"  # FEP-521a
WEBFINGER_CONTEXT: Final = "https://purl.archive.org/socialweb/webfinger"  # FEP-2c59

PUBLIC: Final = f"{ACTIVITYSTREAMS}#Public"  # in full: the short form loses posts at some servers
PUBLIC_FORMS: Final = frozenset({PUBLIC, "as:Public", "Public"})  # ActivityPub 5.6

ACTIVITY_JSON: Final = "application/activity+json"
LD_JSON: Final = f'application/ld+json; profile="{ACTIVITYSTREAMS}"'
JRD_JSON: Final = "application/jrd+json"  # RFC 7033

PROPOSAL_IRI: Final = "https://w3id.org/valueflows/ont/vf#Proposal"
RFC_9421: Final = "https://datatracker.ietf.org/doc/html/rfc9421"  # FEP-844e, registry
RFC_9421_ED25519: Final = f"{RFC_9421}#name-eddsa-using-curve-edwards25"
FEP_0837: Final = "https://w3id.org/fep/0837"
PROFILE_PAGE: Final = "http://webfinger.net/rel/profile-page"
SUBSCRIBE: Final = "http://ostatus.org/schema/1.0/subscribe"
INTENT: Final = "https://w3id.org/fep/3b86/"  # FEP-3b86, followed by the name of an activity
SERVICE_REL: Final = f"{ACTIVITYSTREAMS}#Service"  # FEP-d556
APPLICATION_REL: Final = f"{ACTIVITYSTREAMS}#Application"  # FEP-2677

ACTOR_TYPES: Final = frozenset({"Application", "Group", "Organization", "Person", "Service"})
AFFILIATE_TYPES: Final = frozenset({"Group", "Organization"})


def _link(iri: str, *, container: str | None = None) -> dict[str, str]:
    term = {"@id": iri, "@type": "@id"}
    return {**term, "@container": container} if container else term


PLAIN_CONTEXT: Final[list[Any]] = [ACTIVITYSTREAMS]

SIGNED_CONTEXT: Final[list[Any]] = [ACTIVITYSTREAMS, DATA_INTEGRITY]

DIGEST_CONTEXT: Final[list[Any]] = [
    ACTIVITYSTREAMS,
    {
        "digest": "https://w3id.org/capacity-exchange/terms#digest",
        "digests": {"@id": "https://w3id.org/capacity-exchange/terms#digests", "@type": "@json"},
        "buckets": _link("https://w3id.org/capacity-exchange/terms#buckets"),
    },
]

ACTOR_CONTEXT: Final[list[Any]] = [
    ACTIVITYSTREAMS,
    SECURITY,
    CID,
    WEBFINGER_CONTEXT,
    {
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "alsoKnownAs": _link("as:alsoKnownAs"),
        "movedTo": _link("as:movedTo"),
        "toot": "http://joinmastodon.org/ns#",
        "discoverable": "toot:discoverable",
        "featured": _link("toot:featured"),
        "indexable": "toot:indexable",
        "schema": "http://schema.org/",
        "PropertyValue": "schema:PropertyValue",
        "value": "schema:value",
        "additionalType": _link("schema:additionalType"),
        "areaServed": _link("schema:areaServed", container="@set"),
        "availableLanguage": {"@id": "schema:availableLanguage", "@container": "@set"},
        "implements": _link("https://w3id.org/fep/844e/implements", container="@list"),
        "proposals": _link("https://w3id.org/capacity-exchange/terms#proposals"),
    },
]

PROPOSAL_CONTEXT: Final[list[Any]] = [
    ACTIVITYSTREAMS,
    DATA_INTEGRITY,
    {
        "Hashtag": "as:Hashtag",
        "sensitive": "as:sensitive",
        "vf": "https://w3id.org/valueflows/ont/vf#",
        "om2": "http://www.ontology-of-units-of-measure.org/resource/om-2/",
        "Proposal": "vf:Proposal",
        "Intent": "vf:Intent",
        "purpose": "vf:purpose",
        "unitBased": "vf:unitBased",
        "publishes": "vf:publishes",
        "action": "vf:action",
        "provider": _link("vf:provider"),
        "receiver": _link("vf:receiver"),
        "finished": "vf:finished",
        "resourceConformsTo": _link("vf:resourceConformsTo"),
        "resourceClassifiedAs": _link("vf:resourceClassifiedAs", container="@set"),
        "resourceQuantity": "vf:resourceQuantity",
        "availableQuantity": "vf:availableQuantity",
        "minimumQuantity": "vf:minimumQuantity",
        "effortQuantity": "vf:effortQuantity",
        "hasUnit": "om2:hasUnit",
        "hasNumericalValue": "om2:hasNumericalValue",
        "schema": "http://schema.org/",
        "additionalType": _link("schema:additionalType"),
        "areaServed": _link("schema:areaServed", container="@set"),
        "availableLanguage": {"@id": "schema:availableLanguage", "@container": "@set"},
        "sameAs": _link("schema:sameAs", container="@set"),
        "targetAudience": {"@id": "schema:audience", "@container": "@language"},
        "gts": "https://gotosocial.org/ns#",
        "interactionPolicy": _link("gts:interactionPolicy"),
        "canQuote": _link("gts:canQuote"),
        "canReply": _link("gts:canReply"),
        "automaticApproval": _link("gts:automaticApproval"),
    },
]

# FEP-044f: what is said about a quote, and the consent to it.
QUOTE_CONTEXT: Final[list[Any]] = [
    ACTIVITYSTREAMS,
    DATA_INTEGRITY,
    {
        "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
        "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
        "gts": "https://gotosocial.org/ns#",
        "interactingObject": _link("gts:interactingObject"),
        "interactionTarget": _link("gts:interactionTarget"),
    },
]
