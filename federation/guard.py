"""Which addresses and URLs this node may dial, decided without touching a socket.

A stranger chooses the URLs we fetch, so each one is judged twice:

1. as text, by :func:`check_url`, before anything is resolved: one strict spelling, or nothing;
2. as the address a name really has, by :meth:`DialPolicy.may_dial`, at the moment of dialling.

The address lists are explicit: Python 3.11's ``ipaddress.is_global`` passes 17 special addresses,
among them ``::127.0.0.1`` and ``64:ff9b::7f00:1``. IPv6 is an allowlist, so that every way to wrap
an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) is refused by its shape alone.

:func:`origin`, :func:`same_origin` and :func:`host_of` read URIs by the same strict grammar, so
that who we judge is who we dial (FEP-fe34).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self

from yarl import URL

from federation.errors import GiveUp, Malformed

MAX_URL: Final = 2048

Network = IPv4Network | IPv6Network

# The special-purpose blocks of RFC 6890 and its IANA registry, with multicast (L15).
_V4_REFUSED: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carrier-grade NAT
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local, cloud metadata
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
_V6_GLOBAL: Final = IPv6Network("2000::/3")
_V6_REFUSED: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments, Teredo
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)
_SHORTEST_PREFIX: Final = {4: 8, 6: 7}  # 10.0.0.0/8 and fc00::/7, the widest that are private
_V4_LOOPBACK: Final = IPv4Network("127.0.0.0/8")
_V6_LOOPBACK: Final = IPv6Address("::1")

_DEFAULT_PORT: Final = {"http": 80, "https": 443}
_NOT_PLAIN: Final = re.compile(r"[^!-~]|\\")
_AUTHORITY_END: Final = re.compile(r"[/?#]")
_AUTHORITY: Final = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^:\[\]]+))(?::(?P<port>.*))?")
_NAME: Final = re.compile(
    r"(?=.{1,253}\Z)"
    r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
    r"(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_ENDS_IN_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")


def is_public(address: str | IPv4Address | IPv6Address) -> bool:
    """Say whether an address is on the public internet; what is not an address is not."""
    parsed = _address(address)
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in _V4_REFUSED)
    if parsed is None or parsed.scope_id is not None or parsed not in _V6_GLOBAL:
        return False
    return not any(parsed in network for network in _V6_REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DialPolicy:
    """What may be dialled. The default is production: https, port 443, public addresses.

    ``ports`` of ``None`` means any port. ``networks`` are the operator's own, where peers may be
    although nobody else can reach them; https and the port hold there as anywhere.
    """

    allow_http: bool = False
    allow_loopback: bool = False
    ports: frozenset[int] | None = frozenset({443})
    networks: tuple[Network, ...] = ()

    @classmethod
    def development(cls) -> Self:
        """Allow plain http and any port, on this machine and on public addresses."""
        return cls(allow_http=True, allow_loopback=True, ports=None)

    def may_dial(self, address: str | IPv4Address | IPv6Address, port: int) -> bool:
        """Judge the address and port about to be dialled: the last word (H39, H41)."""
        near = self.allow_loopback and _is_loopback(address)
        return self.may_use_port(port) and (near or is_public(address) or self._is_named(address))

    def _is_named(self, address: str | IPv4Address | IPv6Address) -> bool:
        """Say whether the operator named a network with this address: as it is spelled, unwrapped.

        A zone is part of an address and of no network, so what has one is not named.
        """
        parsed = _address(address)
        if parsed is None or (isinstance(parsed, IPv6Address) and parsed.scope_id is not None):
            return False
        return any(parsed in network for network in self.networks)

    def may_use_port(self, port: int) -> bool:
        """Judge a port alone (H43)."""
        return self.ports is None or port in self.ports


def network(text: str) -> Network:
    """Return the network that ``10.0.0.0/8`` or ``fd00::/8`` names; raises ValueError.

    A network is not the whole internet, so a slip of the pen opens one net and not all of them.
    """
    named = ip_network(text.strip())
    if named.prefixlen < _SHORTEST_PREFIX[named.version]:
        raise ValueError(f"'{text}' is wider than a private network")
    return named


def check_url(url: str, policy: DialPolicy) -> URL:
    """Parse a URL as it will be dialled: raw, host in lower case, no default port, no fragment.

    Raises GiveUp, saying what is wrong, for all a node must not dial (H30, H39, H40, H43).
    """
    try:
        parts = _parse(url)
    except Malformed as error:
        raise GiveUp(str(error)) from error
    if parts.scheme == "http" and not policy.allow_http:
        raise GiveUp("URL is not https")
    if not policy.may_use_port(parts.port):
        raise GiveUp("port not allowed")
    address = _address(parts.host)
    if address is not None and not policy.may_dial(address, parts.port):
        raise GiveUp("address not allowed")
    return _raw(parts)


def follow(current: URL, location: str, policy: DialPolicy) -> URL:
    """Resolve a redirect's Location against the URL that sent it, and check the result (H42)."""
    if len(location) > MAX_URL or _NOT_PLAIN.search(location):  # yarl would drop a tab in silence
        raise GiveUp("redirect is not a plain URL")
    try:
        target = str(current.join(URL(location, encoded=True)))  # yarl reads the port only here
    except ValueError as error:
        raise GiveUp("redirect is not a URL") from error
    return check_url(target, policy)


def origin(uri: str) -> str:
    """Return ``scheme://host[:port]`` in lower case without a default port (FEP-fe34).

    Raises Malformed if the URI is not a plain absolute http(s) URI (L11, H30).
    """
    parts = _parse(uri)
    return f"{parts.scheme}://{parts.authority}"


def same_origin(a: str, b: str) -> bool:
    """Say whether two URIs share scheme, host and port; raises Malformed like :func:`origin`."""
    return origin(a) == origin(b)


def host_of(uri: str) -> str:
    """Return ``host[:port]`` in lower case without a default port; raises Malformed."""
    return _parse(uri).authority


def domains_of(host: str) -> list[str]:
    """Return a host without its port, every domain above it, and the host as it is (H65)."""
    labels = host.lower().partition(":")[0].rstrip(".").split(".")
    return [*(".".join(labels[start:]) for start in range(len(labels))), host.lower()]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """An http(s) URI taken apart; ``tail`` is its path, query and fragment as written."""

    scheme: str
    host: str
    port: int
    tail: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORT[self.scheme] else f"{host}:{self.port}"


@lru_cache(maxsize=2048)  # the same few are asked about again and again
def _parse(uri: str) -> _Parts:
    """Take a URI apart by hand: yarl and urllib repair what we want to refuse (H40, H43)."""
    if len(uri) > MAX_URL:
        raise Malformed(f"URL is longer than {MAX_URL} characters")
    if _NOT_PLAIN.search(uri):
        raise Malformed("URL has a character that is not plain ASCII")
    scheme, _, rest = uri.partition("://")
    scheme = scheme.lower()
    if scheme not in _DEFAULT_PORT:
        raise Malformed("URL is not an absolute http(s) URL")
    end = _AUTHORITY_END.search(rest)
    cut = end.start() if end else len(rest)
    host, port = _host_and_port(rest[:cut].lower())
    return _Parts(scheme=scheme, host=host, port=port or _DEFAULT_PORT[scheme], tail=rest[cut:])


def _host_and_port(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise Malformed("URL has user information")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise Malformed("URL has no valid host")
    literal, name, port = match.group("v6", "name", "port")
    host = _canonical_v6(literal) if literal else _canonical_name(name)
    if port is None:
        return host, None
    if not _PORT.fullmatch(port) or int(port) > 65535:
        raise Malformed("URL has no valid port")
    return host, int(port)


def _canonical_v6(literal: str) -> str:
    if str(_address(literal)) != literal:
        raise Malformed("URL spells its IPv6 address in an odd way")
    return literal


def _canonical_name(name: str) -> str:
    """Return the name if it has its one spelling: no ``127.1``, ``0x7f.1``, trailing dot (L11)."""
    if not _NAME.fullmatch(name):
        raise Malformed("URL has no valid host name")
    if _ENDS_IN_NUMBER.fullmatch(name) and str(_address(name)) != name:
        raise Malformed("URL spells its IPv4 address in an odd way")
    return name


def _raw(parts: _Parts) -> URL:
    """Build the URL without re-quoting, so that what is signed is what is sent (pitfall 24)."""
    tail, _, _ = parts.tail.partition("#")
    try:
        url = URL(f"{parts.scheme}://{parts.authority}{tail}", encoded=True)
    except ValueError as error:
        raise GiveUp("URL is not valid") from error
    if url.raw_host != parts.host or url.port != parts.port:
        raise GiveUp("URL reads as another host")
    return url


def _address(address: str | IPv4Address | IPv6Address) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None


def _is_loopback(address: str | IPv4Address | IPv6Address) -> bool:
    parsed = _address(address)
    return parsed == _V6_LOOPBACK or (isinstance(parsed, IPv4Address) and parsed in _V4_LOOPBACK)
