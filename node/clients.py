"""Who is at the other end of a request, when proxies stand between.

The socket says who knocked. Only a proxy that the operator trusts is believed about whom it speaks
for, and its word is read from the right: each proxy appends whom it saw, so what stands left of the
first address that is not trusted is that stranger's own invention (H69).
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web

FORWARDED = "X-Forwarded-For"
HOPS = 10  # of a chain of proxies that are looked at
_V6_HOME = 64  # bits of an IPv6 address that one customer has to themselves


class Proxies:
    """The addresses that are believed when they say whom they speak for."""

    def __init__(self, networks: Iterable[str | IPv4Network | IPv6Network]) -> None:
        self._networks = [ip_network(each) for each in networks]

    def trusts(self, address: str) -> bool:
        """Say whether an address is one of ours; what is no address is not."""
        found = _parsed(address)
        return found is not None and any(found in network for network in self._networks)

    def client_of(self, request: web.Request) -> str | None:
        """Return whom to count a request for; None for what comes from this node's own side."""
        return self.client(request.remote, request.headers.getall(FORWARDED, []))

    def client(self, remote: str | None, lines: Sequence[str]) -> str | None:
        """Return whom to count, by the address that knocked and what it says of others.

        IPv6 counts by the network that one customer has, or a limit would be no limit.
        """
        if remote is None or not self.trusts(remote):
            return _counted(remote or "")
        return self._named(lines)

    def _named(self, lines: Sequence[str]) -> str | None:
        hops = [hop.strip() for line in lines for hop in line.split(",")]
        for hop in reversed(hops[-HOPS:]):
            address = _without_port(hop)
            if not self.trusts(address):
                return _counted(address)
        return None


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _counted(address: str) -> str:
    found = _parsed(address)
    if found is None:
        return "unknown"
    if isinstance(found, IPv6Address):
        return str(IPv6Network((found, _V6_HOME), strict=False))
    return str(found)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(address)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
