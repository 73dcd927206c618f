"""What an operator sets: flags over ``CAPX_*`` environment over ``capx.toml`` in the folder."""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from catalogue.addresses import Addresses
from catalogue.language import is_language_tag
from federation.errors import Malformed
from federation.guard import Network, network, origin
from federation.model import Openness

FILE = "capx.toml"
DATABASE = "node.db"
LOCK = "node.lock"


class ConfigError(Exception):
    """A setting is missing or has no sense; the message says which and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """How one node runs. ``base_url`` is what peers call it, without a slash at the end.

    ``source`` is where the code that runs is to be had (AGPL 13), for a node that changed it.
    ``trusted_proxies`` may say with ``X-Forwarded-For`` for whom they ask.
    ``allow_networks`` are private networks where peers may be; without them, only public addresses.
    """

    data: Path
    base_url: str
    host: str = "127.0.0.1"
    port: int = 8080
    name: str = "Capacity Exchange"
    summary: str = ""
    languages: tuple[str, ...] = ("en",)
    source: str = ""
    dev: bool = False
    federation: Openness = Openness.OPEN
    authorized_fetch: bool = False
    rate_limit: int = 300
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = (
        IPv4Network("127.0.0.0/8"),
        IPv6Network("::1"),
    )
    allow_networks: tuple[Network, ...] = ()

    @property
    def database(self) -> Path:
        """The database file."""
        return self.data / DATABASE

    @property
    def addresses(self) -> Addresses:
        """The URLs this node mints."""
        return Addresses(self.base_url)

    def check(self) -> "Config":
        """Return this configuration; raise ConfigError for what cannot run."""
        address = self.base_url.lower()
        if _origin(address) != address:
            raise ConfigError(f"base_url '{self.base_url}' must look like https://hub.example")
        if address.startswith("http:") and not self.dev:
            raise ConfigError("base_url must be https; for trying things out use --dev")
        if self.base_url != address:
            raise ConfigError(f"base_url '{self.base_url}' must be in lower case")
        if not 0 < self.port < 65536:
            raise ConfigError(f"listen: {self.port} is no port")
        for language in self.languages:
            if not is_language_tag(language):
                raise ConfigError(f"languages: '{language}' is no language tag")
        return self


def software_version() -> str:
    """Return the version of this software."""
    return version("capacity-exchange")


def load(data: Path, environment: Mapping[str, str] | None = None) -> Config:
    """Read the configuration of the node in ``data``; raise ConfigError, saying what is wrong."""
    environment = os.environ if environment is None else environment
    path = data / FILE
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"there is no node in {data}: make one with 'capx init --data {data} --domain DOMAIN'"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    unknown = sorted(set(raw) - set(_READERS))
    if unknown:
        raise ConfigError(f"{path}: there is no setting '{unknown[0]}'")
    said = _from_environment(environment)
    given = raw | said
    if "base_url" not in given:
        raise ConfigError(f"{path}: base_url is missing")
    values: dict[str, Any] = {}
    for name, value in given.items():
        try:
            values |= _READERS[name](value)
        except (TypeError, ValueError) as error:
            where = path if name not in said else f"CAPX_{name.upper()}"
            raise ConfigError(f"{where}: {error}") from error
    return Config(data=data, **values).check()


def save(config: Config) -> None:
    """Write a configuration where ``load`` reads it."""
    lines = [
        "# A node of the Capacity Exchange. Environment variables CAPX_… and flags go before this.",
        f"base_url = {_toml(config.base_url)}",
        f"listen = {_toml(f'{config.host}:{config.port}')}",
        f"name = {_toml(config.name)}",
        f"summary = {_toml(config.summary)}",
        f"languages = [{', '.join(map(_toml, config.languages))}]",
        f"source = {_toml(config.source)}",
        f"dev = {_toml_truth(config.dev)}",
        f"federation = {_toml(config.federation)}",
        f"authorized_fetch = {_toml_truth(config.authorized_fetch)}",
        f"rate_limit = {config.rate_limit}",
        f"trusted_proxies = [{', '.join(_toml(str(each)) for each in config.trusted_proxies)}]",
        f"allow_networks = [{', '.join(_toml(str(each)) for each in config.allow_networks)}]",
    ]
    (config.data / FILE).write_text("\n".join(lines) + "\n", "utf-8")


def listening_on(config: Config, listen: str) -> Config:
    """Return the configuration with another ``HOST:PORT`` to listen on; raise ConfigError."""
    try:
        return replace(config, **dict(_listen(listen))).check()
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _origin(address: str) -> str | None:
    """Return the origin of an address as peers read it, None for what is no address."""
    try:
        return origin(address)
    except Malformed:
        return None


def _toml(text: str) -> str:
    """Return a TOML basic string: a JSON string with DEL escaped too (TOML 1.0 String)."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml_truth(value: object) -> str:
    return "true" if value else "false"


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found = {name: environment.get(f"CAPX_{name.upper()}") for name in _READERS}
    return {name: value for name, value in found.items() if value is not None}


def _text(key: str) -> Any:
    def read(value: Any) -> list[tuple[str, Any]]:
        if not isinstance(value, str):
            raise TypeError(f"{key} must be text")
        return [(key, value)]

    return read


def _listen(value: Any) -> list[tuple[str, Any]]:
    host, separator, port = str(value).rpartition(":")
    if not separator or not (port.isascii() and port.isdigit()):
        raise ValueError(f"listen '{value}' must look like 127.0.0.1:8080")
    return [("host", host.strip("[]")), ("port", int(port))]


def _languages(value: Any) -> list[tuple[str, Any]]:
    tags = value.split(",") if isinstance(value, str) else value
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise TypeError("languages must be a list of language tags")
    return [("languages", tuple(tag.strip() for tag in tags if tag.strip()))]


def _truth(key: str) -> Any:
    def read(value: Any) -> list[tuple[str, Any]]:
        if value not in (True, False, "true", "false", "1", "0"):  # a list cannot be in a set
            raise ValueError(f"{key} must be true or false")
        return [(key, value in (True, "true", "1"))]

    return read


def _federation(value: Any) -> list[tuple[str, Any]]:
    try:
        return [("federation", Openness(value))]
    except ValueError:
        raise ValueError("federation must be open, allowlist or off") from None


def _rate_limit(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, bool) or not str(value).isdecimal():
        raise ValueError("rate_limit must be a number of requests, or 0 for no limit")
    return [("rate_limit", int(value))]


def _trusted_proxies(value: Any) -> list[tuple[str, Any]]:
    named = value.split(",") if isinstance(value, str) else value
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise TypeError("trusted_proxies must be a list of addresses or networks")
    try:
        networks = [ip_network(each.strip()) for each in named if each.strip()]
    except ValueError as error:
        raise ValueError(f"trusted_proxies: {error}") from error
    return [("trusted_proxies", tuple(networks))]


def _networks(value: Any) -> list[tuple[str, Any]]:
    named = value.split(",") if isinstance(value, str) else value
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise TypeError("allow_networks must be a list of networks")
    try:
        found = tuple(network(each) for each in named if each.strip())
    except ValueError as error:
        raise ValueError(f"allow_networks: {error}") from error
    return [("allow_networks", found)]


_READERS = {
    "base_url": _text("base_url"),
    "listen": _listen,
    "name": _text("name"),
    "summary": _text("summary"),
    "source": _text("source"),
    "languages": _languages,
    "dev": _truth("dev"),
    "federation": _federation,
    "authorized_fetch": _truth("authorized_fetch"),
    "rate_limit": _rate_limit,
    "trusted_proxies": _trusted_proxies,
    "allow_networks": _networks,
}
