"""Who may see what: one rule, asked by every door.

=============  ==========================================================================
visibility     who sees it
=============  ==========================================================================
``public``     everyone
``network``    the nodes of the exchange that follow this one, and this node's members
``followers``  actors whose follow of its affiliate was accepted, and this node's members
``node``       this node's members
=============  ==========================================================================

A listing that a reader may not see looks to them as if it did not exist.
"""

from dataclasses import dataclass

from catalogue.model import Listing, Visibility


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who is looking: a member of this node, a peer node, a follower, or anyone.

    ``follows`` holds the URIs of the affiliates whose accepted follower the reader is.
    """

    is_member: bool = False
    is_peer: bool = False
    follows: frozenset[str] = frozenset()


ANYONE = Viewer()
MEMBER = Viewer(is_member=True)


def may_see(listing: Listing, viewer: Viewer) -> bool:
    """Say whether ``viewer`` may know of ``listing``."""
    if viewer.is_member or listing.visibility is Visibility.PUBLIC:
        return True
    if listing.visibility is Visibility.NETWORK:
        return viewer.is_peer
    return listing.visibility is Visibility.FOLLOWERS and listing.by in viewer.follows


def is_federated(visibility: Visibility) -> bool:
    """Say whether listings of this visibility leave the node at all."""
    return visibility is not Visibility.NODE
