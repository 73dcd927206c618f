"""What a block does, at once and in one transaction (H64).

What is already here of somebody blocked goes: listings with their matches, actors, follows in
either direction, letters not worked on yet, what is on its way to them. What they say from then on
is refused at the door. Lifting a block brings no follow back; who is followed still, because they
were silenced only or one actor of theirs was blocked, is compared with at once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from catalogue.following import left, withdraw
from catalogue.listings import forget_node
from catalogue.model import FollowState
from catalogue.policy import MEMBER
from catalogue.search import MAX_LIMIT, Query
from federation.guard import domains_of, host_of
from federation.model import HostBlock, Severity
from federation.ports import FederationStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What a block costs: whom this node follows, who follows it, and listings by their host."""

    followed: tuple[str, ...] = ()
    followers: tuple[str, ...] = ()
    listings: int = 0
    nodes: tuple[str, ...] = ()


def block_hosts(store: FederationStore, blocks: Iterable[HostBlock]) -> Loss:
    """Treat hosts as decided; return what was lost by it."""
    blocks = list(blocks)
    loss = preview(store, blocks)
    for block in blocks:
        store.blocks.put_host(block)
        if block.severity is Severity.SUSPEND:
            store.blocks.remove_allowed(block.host)
            store.deliveries.drop_host(block.host)
    _part_with_hosts(store)
    return loss


def block_actor(store: FederationStore, actor: str, *, reason: str) -> Loss:
    """Block one actor of another server; return what was lost by it."""
    party = store.parties.find(actor)
    store.blocks.put_actor(actor, at=store.clock.now(), reason=reason)
    listings = _forget_listings(store, actor)
    loss = _end_ties(store, lambda uri: uri == actor)
    store.catch_ups.finish(actor)
    store.blocks.drop_letters(actor)
    if party is not None:
        store.blocks.drop_deliveries(party.inbox)
    _forget_actor(store, actor)
    return Loss(followed=loss.followed, followers=loss.followers, listings=listings)


def lift_host(store: FederationStore, host: str) -> None:
    """Lift the block of a host, and put it on the list of those allowed."""
    store.hosts.allow(host)
    store.blocks.put_allowed(host, store.clock.now())
    _compare_soon(store, host)


def lift_actor(store: FederationStore, actor: str) -> bool:
    """Lift the block of one actor; say whether there was one."""
    if not store.blocks.remove_actor(actor):
        return False
    _compare_soon(store, host_of(actor))
    return True


def _compare_soon(store: FederationStore, host: str) -> None:
    """Have the catalogues of a host and its subdomains that are followed compared now."""
    for tie in store.follows.list_following(store.addresses.catalogue):
        there = host_of(tie.followed)
        if tie.state is FollowState.ACCEPTED and _is_among(there, {host}):
            store.comparisons.schedule(tie.followed, host=there, due=store.clock.now())


def _part_with_hosts(store: FederationStore) -> None:
    """Let go of all that is here of blocked hosts, and of the listings of silenced ones."""
    ours = store.addresses.authority
    nodes = [each for each in store.blocks.list_nodes() if each != ours]
    _end_ties(store, lambda uri: store.hosts.is_blocked(host_of(uri)))
    silent = [each for each in nodes if store.blocks.is_silenced(each)]
    for node in silent:
        forget_node(store, node)
    for actor in store.blocks.list_waiting():
        if store.hosts.is_blocked(host_of(actor)):
            store.blocks.drop_letters(actor)
    for node in silent:
        if store.hosts.is_blocked(node):
            for actor in store.blocks.list_actors_of(node):
                store.catch_ups.finish(actor)
                _forget_actor(store, actor)


def _end_ties(store: FederationStore, is_blocked: Callable[[str], bool]) -> Loss:
    """End the follows between us and those blocked; nobody is told, since nothing is sent them."""
    followed, followers = [], []
    for follower, whom in store.blocks.list_ties():
        if store.addresses.is_ours(follower) and is_blocked(whom):
            withdraw(store, follower=follower, followed=whom)
            followed.append(whom)
        elif store.addresses.is_ours(whom) and is_blocked(follower):
            tie = store.follows.find_between(follower, whom)
            if tie is not None and tie.state in {FollowState.PENDING, FollowState.ACCEPTED}:
                left(store, tie)
                followers.append(follower)
    return Loss(followed=tuple(followed), followers=tuple(followers))


def _forget_listings(store: FederationStore, actor: str) -> int:
    forgotten = 0
    query = Query(by=actor, status=None, limit=MAX_LIMIT, viewer=MEMBER)
    while hits := store.listings.search(query, store.clock.now()).hits:
        for hit in hits:
            store.listings.remove(hit.listing.id)
        forgotten += len(hits)
    return forgotten


def _forget_actor(store: FederationStore, actor: str) -> None:
    store.actors.remove(actor)
    store.parties.remove(actor)
    store.keys.put_known(actor, [])


def preview(store: FederationStore, blocks: Iterable[HostBlock]) -> Loss:
    """Return what :func:`block_hosts` would cost, and change nothing."""
    stricter = [each for each in blocks if each.severity is not Severity.NOOP]
    silenced = {each.host for each in stricter}
    blocked = {each.host for each in stricter if each.severity is Severity.SUSPEND}
    ties = store.blocks.list_ties()
    nodes = [each for each in store.blocks.list_nodes() if _is_among(each, silenced)]
    counts = {node: _count_listings(store, node) for node in nodes}
    return Loss(
        followed=tuple(whom for _, whom in ties if _is_among(host_of(whom), blocked)),
        followers=tuple(who for who, _ in ties if _is_among(host_of(who), blocked)),
        listings=sum(counts.values()),
        nodes=tuple(node for node, count in counts.items() if count),
    )


def _is_among(host: str, domains: set[str]) -> bool:
    return not domains.isdisjoint(domains_of(host))


def _count_listings(store: FederationStore, node: str) -> int:
    query = Query(node=node, status=None, limit=1, viewer=MEMBER)
    return store.listings.search(query, store.clock.now()).total
