"""Flag: another server's moderators say what is wrong here."""

from federation import reporting
from federation.incoming.said import Said
from federation.mapping.values import Document
from federation.ports import FederationStore


def needs(store: FederationStore, activity: Document) -> list[str]:
    """Nothing: what it is about is here, or it is not for us."""
    del store, activity
    return []


def apply(store: FederationStore, said: Said) -> None:
    """Keep it for our stewards."""
    reporting.take(store, said.activity, said.actor)
