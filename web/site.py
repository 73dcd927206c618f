"""What a node says of itself."""

from dataclasses import dataclass

from catalogue.addresses import Addresses
from catalogue.language import LanguageMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A node's name and purpose, its addresses, the languages it works in, most spoken first.

    ``summary`` is safe HTML. ``software`` is the version that runs; ``source`` where its code is
    to be had (AGPL 13).
    """

    name: str
    summary: LanguageMap
    addresses: Addresses
    languages: tuple[str, ...]
    software: str
    source: str = ""
