"""Flag: this node's stewards tell another server what is wrong there."""

from collections.abc import Sequence
from typing import Any

from catalogue.addresses import Addresses
from federation.vocabulary import SIGNED_CONTEXT


def build(address: str, about: Sequence[str], reason: str, addresses: Addresses) -> dict[str, Any]:
    """Return a Flag of the instance actor, without ``to``: it is for the server alone."""
    return {
        "@context": SIGNED_CONTEXT,
        "id": address,
        "type": "Flag",
        "actor": addresses.instance,
        "content": reason,
        "object": list(about),
    }
