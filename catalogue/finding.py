"""Searching the catalogue: what is meant by a query, spelled out before the shelf is asked.

Asking for a capacity means what is narrower too; asking for a region means its countries.
"""

from collections.abc import Iterable
from dataclasses import replace

from catalogue.ports import Store
from catalogue.search import Counts, Page, Query
from catalogue.taxonomy import Scheme


def find(store: Store, query: Query) -> Page:
    """Return one page of the listings that a query means."""
    return store.listings.search(_spelled_out(store, query), store.clock.now())


def counts(store: Store, query: Query) -> Counts:
    """Return, by facet, how many listings each further choice would leave."""
    return store.listings.counts(_spelled_out(store, query), store.clock.now())


def _spelled_out(store: Store, query: Query) -> Query:
    return replace(
        query,
        capacities=_with_narrower(store.taxonomy.capacities, query.capacities),
        regions=_with_narrower(store.taxonomy.regions, query.regions),
    )


def _with_narrower(scheme: Scheme, ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for one in ids for each in (one, *scheme.below(one))))
