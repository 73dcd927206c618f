"""From where a request comes: the peer's address, or what a trusted proxy says before it."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

Network = IPv4Network | IPv6Network

UNKNOWN = "unknown"


def client_of(request: web.Request, trusted: Sequence[Network]) -> str:
    """Return the key of whoever asks: an IPv4 address, or the /64 of an IPv6 address.

    ``X-Forwarded-For`` is read from its end, and only as far as each who added to it is trusted:
    what stands further left was written by a stranger.
    """
    address = _address(request.remote or "")
    said = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    while address is not None and said and _is_within(address, trusted):
        before = _address(said.pop().strip())
        if before is None:
            break
        address = before
    return UNKNOWN if address is None else _key(address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_within(address: IPv4Address | IPv6Address, networks: Iterable[Network]) -> bool:
    return any(address.version == each.version and address in each for each in networks)


def _key(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address) >> 64 << 64, 64)))
