"""How two nodes learn whether they hold the same listings without telling each other all of them.

The *leaf* of a listing is the SHA-256 of its address, a blank, and ``updated`` in whole seconds.
The digest of a set is the XOR of its leaves, so it knows no order and one change costs one step.
Sets are parted into 256 *buckets* by the first byte of the SHA-256 of the address alone, so that a
listing stays in its bucket when it changes. A set is kept for each *audience*, because a reader may
hear only of what is for them; the digest for a reader is the XOR over the audiences they are of.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256

from catalogue.model import Visibility
from catalogue.policy import Viewer

BUCKETS = 256
NOTHING = bytes(32)  # the digest of no listings


def leaf(uri: str, updated: datetime) -> bytes:
    """Return the digest of one listing in one version."""
    return sha256(f"{uri} {updated.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}".encode()).digest()


def bucket_of(uri: str) -> int:
    """Return the bucket that a listing is in, whatever its version."""
    return sha256(uri.encode()).digest()[0]


def combine(one: bytes, other: bytes) -> bytes:
    """Return the digest of two sets together; a set combined with itself is nothing."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(32)


def digest_of(leaves: Iterable[bytes]) -> bytes:
    """Return the digest of a set from its leaves."""
    total = 0
    for each in leaves:
        total ^= int.from_bytes(each)
    return total.to_bytes(32)


def audience_of(visibility: Visibility, by: str) -> str | None:
    """Return the name of the set that a listing is in; None for one that leaves no node."""
    match visibility:
        case Visibility.PUBLIC | Visibility.NETWORK:
            return visibility.value
        case Visibility.FOLLOWERS:
            return f"{visibility.value} {by}"
        case Visibility.NODE:
            return None


def audiences_of(viewer: Viewer) -> list[str]:
    """Return the names of the sets that another node may hear of."""
    names = [Visibility.PUBLIC.value]
    if viewer.is_peer:
        names.append(Visibility.NETWORK.value)
    return [*names, *sorted(f"{Visibility.FOLLOWERS.value} {by}" for by in viewer.follows)]
