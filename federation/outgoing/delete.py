"""Delete: a listing or an answer is gone, and a Tombstone stands in its place (AP 6.4)."""

from datetime import datetime
from typing import Any

from catalogue.addresses import Addresses
from catalogue.events import AnswerDeleted, ListingDeleted
from federation.mapping import note
from federation.mapping.proposal import audience
from federation.mapping.values import from_moment
from federation.vocabulary import ACTIVITYSTREAMS, SIGNED_CONTEXT


def build(event: ListingDeleted, addresses: Addresses) -> dict[str, Any]:
    """Return the Delete, addressed as the listing was."""
    return _delete(event, audience(event.visibility, event.by, addresses))


def answer(event: AnswerDeleted) -> dict[str, Any]:
    """Return the Delete of an answer, addressed as it was."""
    return _delete(event, note.audience(event.to, is_public=event.is_public))


def _delete(
    event: ListingDeleted | AnswerDeleted, told: tuple[list[str], list[str]]
) -> dict[str, Any]:
    to, cc = told
    return {
        "@context": SIGNED_CONTEXT,
        "id": f"{event.uri}#delete",
        "type": "Delete",
        "actor": event.by,
        "to": to,
        "cc": cc,
        "object": _tombstone(event.uri, event.deleted),
    }


def tombstone(uri: str, deleted: datetime) -> dict[str, Any]:
    """Return what is served, with 410, where a listing was (AS2 Vocabulary Tombstone)."""
    return {"@context": ACTIVITYSTREAMS, **_tombstone(uri, deleted)}


def _tombstone(uri: str, deleted: datetime) -> dict[str, Any]:
    return {
        "id": uri,
        "type": "Tombstone",
        "formerType": "Note",
        "deleted": from_moment(deleted),
    }
