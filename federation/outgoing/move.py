"""Move: an affiliate of this node lives elsewhere now (FEP-7628, said by the old place)."""

from typing import Any

from federation.vocabulary import SIGNED_CONTEXT


def build(actor: str, target: str) -> dict[str, Any]:
    """Return the Move; an actor moves once, so it has one address."""
    return {
        "@context": SIGNED_CONTEXT,
        "id": f"{actor}#move",
        "type": "Move",
        "actor": actor,
        "object": actor,
        "target": target,
        "to": [f"{actor}/followers", target],
    }
