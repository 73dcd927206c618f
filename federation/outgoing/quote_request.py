"""QuoteRequest: what is said to whoever asks to quote a listing, and the consent (FEP-044f)."""

from typing import Any

from catalogue.addresses import Addresses
from catalogue.events import QuoteAnswered
from federation.model import QuoteStamp
from federation.vocabulary import QUOTE_CONTEXT


def build(answered: QuoteAnswered, uri: str, addresses: Addresses) -> dict[str, Any]:
    """Return the Accept that names the consent, or the Reject; the request is embedded, by ids."""
    answer: dict[str, Any] = {
        "@context": QUOTE_CONTEXT,
        "id": uri,
        "type": "Reject" if answered.stamp is None else "Accept",
        "actor": answered.by,
        "to": [answered.asker],
        "object": {
            "type": "QuoteRequest",
            "id": answered.request,
            "actor": answered.asker,
            "object": answered.listing,
            "instrument": answered.quote,
        },
    }
    if answered.stamp is None:
        return answer
    return {**answer, "result": addresses.stamp(answered.stamp)}


def consent(stamp: QuoteStamp, by: str, addresses: Addresses) -> dict[str, Any]:
    """Return the consent as it is served: it names one post and one listing, and no other."""
    return {
        "@context": QUOTE_CONTEXT,
        "id": addresses.stamp(stamp.id),
        "type": "QuoteAuthorization",
        "attributedTo": by,
        "interactingObject": stamp.quote,
        "interactionTarget": stamp.listing,
    }


def withdrawal(stamp: QuoteStamp, by: str, addresses: Addresses) -> dict[str, Any]:
    """Return the Delete of a consent."""
    address = addresses.stamp(stamp.id)
    return {
        "@context": QUOTE_CONTEXT,
        "id": f"{address}#delete",
        "type": "Delete",
        "actor": by,
        "to": [stamp.asker],
        "object": address,
    }
