"""The few files that pages load: read once, named by what is in them, served for a year.

A name that is not in the table made at start is not there, whatever it looks like.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from catalogue.addresses import Path, local

TYPES: Mapping[str, str] = {"css": "text/css", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file as it is sent; ``name`` has the beginning of its SHA-256 before the ending."""

    name: str
    content_type: str
    body: bytes
    packed: bytes


class Assets:
    """The files of ``web/static`` by the name they are served under."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        made = {plain: _asset(plain, body) for plain, body in files.items()}
        self._names = {plain: asset.name for plain, asset in made.items()}
        self._assets = {asset.name: asset for asset in made.values()}

    def href(self, plain: str) -> str:
        """Return the address of a file of this package."""
        return local(Path.STATIC, name=self._names[plain])

    def find(self, name: str) -> Asset | None:
        """Return the file served under ``name``, or None."""
        return self._assets.get(name)


@lru_cache(maxsize=1)
def load() -> Assets:
    """Read the files that this version ships."""
    folder = resources.files("web").joinpath("static")
    return Assets({file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()})


def _asset(plain: str, body: bytes) -> Asset:
    stem, _, ending = plain.rpartition(".")
    return Asset(
        name=f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{ending}",
        content_type=TYPES[ending],
        body=body,
        packed=gzip.compress(body, mtime=0),
    )
