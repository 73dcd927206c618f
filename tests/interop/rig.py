"""Where the two servers of an interop run are: all of it from the environment.

``docs/how-to/test-against-another-server.md`` says how to set them up.
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

NEEDED = ("INTEROP_PEER", "INTEROP_TOKEN", "INTEROP_CA", "INTEROP_NODE", "INTEROP_LISTEN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A foreign server with an account on it, and the name under which it reaches our node.

    ``folder`` keeps our node from run to run: servers remember the keys of a name they met.
    """

    peer: str
    token: str
    authorities: Path
    node: str
    listen: str
    folder: Path | None

    @classmethod
    def given(cls, environment: Mapping[str, str]) -> Self | None:
        """Read it; None when no peer is given. Raises ValueError for one given by half."""
        if not environment.get("INTEROP_PEER"):
            return None
        if missing := [name for name in NEEDED if not environment.get(name)]:
            raise ValueError(f"INTEROP_PEER is given, but not {', '.join(missing)}")
        folder = environment.get("INTEROP_DATA")
        return cls(
            peer=environment["INTEROP_PEER"].rstrip("/"),
            token=environment["INTEROP_TOKEN"],
            authorities=Path(environment["INTEROP_CA"]),
            node=environment["INTEROP_NODE"].rstrip("/"),
            listen=environment["INTEROP_LISTEN"],
            folder=Path(folder) if folder else None,
        )

    @property
    def domain(self) -> str:
        """What the peer calls our node."""
        return urlsplit(self.node).netloc

    def tls(self) -> ssl.SSLContext:
        """Trust the rig's authorities and nobody else."""
        return ssl.create_default_context(cafile=str(self.authorities))

    def environment(self) -> dict[str, str]:
        """How our node is run: it trusts the same authorities and may dial this machine."""
        return {
            **os.environ,
            "SSL_CERT_FILE": str(self.authorities),
            "CAPX_ALLOW_NETWORKS": "127.0.0.0/8,::1/128",
            "CAPX_LOG": "error",
        }
