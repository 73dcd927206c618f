"""Who is let in, and how often: every rule about strangers that the doors ask before they work.

What is counted is kept in memory and bounded. What is decided by the operator (blocks, the list of
those allowed) is on disk, so that a command is obeyed by the running node at once.

====================================  =====================================  ==================
who                                   how often in one window                 else
====================================  =====================================  ==================
an address, at each group of routes   ``address_requests``                    429
an address where a peer lives         ``peer_requests``                       429
a server that signs letters           ``host_letters``; a peer's only by      429
                                      ``peer_requests``
an actor that follows and leaves      ``actor_follows``                       429
keys sought at one domain             ``domain_keys``, and ``keys`` in all    429
keys sought at one host of a peer     ``peer_keys``                           429
letters that wait here                ``backlog``, ``at_once``                503
====================================  =====================================  ==================

A peer is a server that this node follows, or a node of the exchange that follows it: what they send
is asked for, and may be much.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from multidict import MultiMapping

from catalogue.model import FollowState, Role
from catalogue.rates import Allowance, Lately, Limiter, Rate
from federation.errors import Forbidden, Malformed, Overloaded, TooMany
from federation.guard import host_of
from federation.incoming.listing import is_wanted
from federation.ports import FederationStore
from federation.settings import Rates

PEER_SECONDS = 3600.0  # how long an address is a peer's after a peer proved to be there
MAX_SIGNERS = 8  # key ids looked at in the headers of one request
_KEY_ID = re.compile(r"keyid\s*=\s*\"([^\"]{1,2048})\"", re.IGNORECASE)
_SIGNATURES = ("signature", "signature-input", "authorization")
_TWO_PART_ENDS = frozenset({"ac", "co", "com", "edu", "gob", "gov", "gouv", "go", "mil", "net"})
_TWO_PART_ENDS |= frozenset({"ne", "nom", "or", "org", "sch"})


class Admission:
    """Counts who came how often; one for each running node."""

    def __init__(self, rates: Rates, *, now: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        self._now = now
        self._addresses = self._limiter(rates.address_requests)
        self._peers = self._limiter(rates.peer_requests)
        self._hosts = self._limiter(rates.host_letters)
        self._follows = self._limiter(rates.actor_follows)
        self._keys = self._limiter(rates.domain_keys)
        self._all_keys = self._limiter(rates.keys)
        self._peer_keys = self._limiter(rates.peer_keys)
        self._near = Lately(PEER_SECONDS)
        self._inside = 0

    def _limiter(self, number: int) -> Limiter | None:
        seconds = self._rates.window.total_seconds()
        return Limiter(Rate(number=number, seconds=seconds)) if number else None

    # -- addresses ----------------------------------------------------------------------------

    def knock(self, address: str, group: str) -> Allowance | None:
        """Count a request of an address at a group of routes; None where nothing is limited."""
        is_peer = self._near.knows(address, self._now())
        limiter = self._peers if is_peer else self._addresses
        return None if limiter is None else limiter.hit(f"{group} {address}", self._now())

    def greet(self, address: str | None) -> None:
        """Note that a peer has proven to be at this address."""
        if address is not None:
            self._near.note(address, self._now())

    # -- letters ------------------------------------------------------------------------------

    @property
    def inside(self) -> int:
        """How many letters are being looked at now."""
        return self._inside

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Hold a place for a letter while it is looked at; raise Overloaded when none is left."""
        if self._rates.at_once and self._inside >= self._rates.at_once:
            raise Overloaded("this node is looking at as many letters as it can")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    def letter(self, actor: str, verb: str, *, is_peer: bool) -> None:
        """Count a letter whose signature held; raise TooMany for one over the limit.

        Only then, so that nobody uses up what is another's by claiming to be them.
        """
        if verb in {"Follow", "Undo", "Block"} and not is_peer:
            self._count(self._follows, actor, "this actor follows and leaves too often")
        limiter = self._peers if is_peer else self._hosts
        self._count(limiter, f"from {host_of(actor)}", "your server sends too much")

    def seek_key(self, host: str, *, is_peer: bool) -> None:
        """Count a search for a key at a host; raise TooMany for one over the limit (H61).

        Strangers' by domain, since names below one's own domain, ports and actors cost nothing. A
        peer's are many, but counted as well: a key has as many names as a stranger can make up.
        """
        if is_peer:
            self._count(self._peer_keys, host, "too many keys of your server are new here")
            return
        self._count(self._keys, domain_of(host), "too many keys of your domain are new here")
        self._count(self._all_keys, "all", "too many keys are new here")

    def _count(self, limiter: Limiter | None, name: str, why: str) -> None:
        if limiter is None:
            return
        allowance = limiter.hit(name, self._now())
        if allowance.is_used_up:
            raise TooMany(why, retry_after=allowance.wait)


def domain_of(host: str) -> str:
    """Return the domain that somebody registered to have this host, as far as its name tells.

    The two last labels, or three below a country's ``co.uk`` and its like; an address is its own
    domain. Guessing wrong makes neighbours share a limit, and nothing else.
    """
    name = host if host.startswith("[") else host.partition(":")[0]
    labels = name.split(".")
    if name.startswith("[") or labels[-1].isdigit():
        return name
    is_below_country = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _TWO_PART_ENDS
    return ".".join(labels[-3:] if is_below_country else labels[-2:])


def is_peer(store: FederationStore, actor: str) -> bool:
    """Say whether an actor is one this node follows, or of a node that shares its catalogue."""
    if is_wanted(store, actor):
        return True
    host = host_of(actor)
    catalogues = store.actors.list_by_role(Role.CATALOGUE, host)
    tie = (store.follows.find_between(each.uri, store.addresses.catalogue) for each in catalogues)
    return any(each is not None and each.state is FollowState.ACCEPTED for each in tie)


# -- blocks ---------------------------------------------------------------------------------------


def is_blocked(store: FederationStore, actor: str) -> bool:
    """Say whether an actor is blocked here, or its host, or whether that host is not allowed."""
    return store.hosts.is_blocked(host_of(actor)) or store.blocks.is_blocked(actor)


def refuse_blocked(store: FederationStore, actor: str) -> None:
    """Raise Forbidden for an actor that is blocked here."""
    if is_blocked(store, actor):
        raise Forbidden("this node does not take anything from you")


def refuse_signers(store: FederationStore, signers: Sequence[str]) -> None:
    """Raise Forbidden where one of the keys a request names is of somebody blocked (H64, L32).

    The signature is not checked: whoever claims to be somebody blocked is treated like them.
    """
    for key_uri in signers:
        refuse_blocked(store, key_uri.partition("#")[0])


def signers_of(headers: MultiMapping[str]) -> list[str]:
    """Return the key ids that the signature headers of a request name, however it is signed."""
    named = [
        found
        for name in _SIGNATURES
        for line in headers.getall(name, [])
        for found in _KEY_ID.findall(line)
    ]
    return [each for each in dict.fromkeys(named[:MAX_SIGNERS]) if _has_host(each)]


def _has_host(address: str) -> bool:
    try:
        host_of(address)
    except Malformed:
        return False
    return True
