"""Regions as people type them on the command line."""

from collections.abc import Iterable

from catalogue.errors import Invalid, Problem
from node.storage.store import NodeStore


def canonical_regions(store: NodeStore, codes: Iterable[str]) -> tuple[str, ...]:
    """Return the taxonomy's ids for codes such as ``pl``, ``POL`` or ``CEECA``; raise Invalid."""
    found = {code: store.taxonomy.regions.canonical(code) for code in codes}
    unknown = [code for code, region in found.items() if region is None]
    if unknown:
        raise Invalid(
            Problem(field="region", message=f"'{code}' is neither a country nor a region")
            for code in unknown
        )
    return tuple(dict.fromkeys(region for region in found.values() if region))
