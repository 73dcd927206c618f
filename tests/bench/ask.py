"""In a tree: opens a node's database and times calls of the product, or the bare query beside them.

Called with a node's folder; answers questions on standard input, each ``{"what": method, …}``.
"""

import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from aiohttp.test_utils import make_mocked_request

from catalogue import finding, matching
from catalogue.language import LanguageMap
from catalogue.model import Category, Kind, Mode
from catalogue.search import Query
from node.config import load
from node.setup import open_database
from node.storage.store import NodeStore
from tests.bench.child import median_of, serve_answers
from web.frame import frame_of, visit_of
from web.pages.browse import browse
from web.render import render
from web.site import Site

VARIANTS = 20  # of each kind of query

Call = Callable[[], Any]


class Answers:
    """The methods that can be asked for."""

    def __init__(self, folder: Path) -> None:
        self._config = load(folder)
        self._database = open_database(self._config)
        self._bare = sqlite3.connect(f"{self._config.database.as_uri()}?mode=ro", uri=True)

    # -- search -------------------------------------------------------------------------------

    def search(self, kind: str, seconds: float, bare: bool) -> dict[str, float]:
        """Time one kind of search."""
        questions = self._questions(kind)
        if bare:
            calls = [lambda q=q: self._bare_search(q.text) for q in questions]
        else:
            work = finding.counts if kind.startswith("facet") else finding.find
            calls = [lambda q=q: self._database.read_now(work, q) for q in questions]
        return _timed(calls, seconds)

    def _bare_search(self, text: str) -> list[Any]:
        if not text:
            return self._bare.execute(
                "SELECT seq FROM listing WHERE status = 'open'"
                " ORDER BY published_at DESC, seq DESC LIMIT 20"
            ).fetchall()
        return self._bare.execute(
            "SELECT rowid FROM listing_words WHERE listing_words MATCH ? LIMIT 20",
            [" AND ".join(f'"{word}"' for word in text.split())],
        ).fetchall()

    def _questions(self, kind: str) -> list[Query]:
        total = self._bare.execute("SELECT count(*) FROM listing").fetchone()[0]
        rare = self._words_in(10, VARIANTS)
        common = self._words_in(total // 10, 2 * VARIANTS)
        pairs = [" ".join(pair) for pair in zip(common[::2], common[1::2], strict=False)]
        match kind:
            case "one rare word":
                return [Query(text=word) for word in rare]
            case "two common words":
                return [Query(text=pair) for pair in pairs]
            case "one word in half of all":
                return [Query(text=word) for word in self._words_in(total // 2, 2)]
            case "two words and three facets":
                return [self._narrowed(pair, kind) for pair in pairs for kind in Kind]
            case "no words, the newest":
                return [Query()]
            case "facet counts, no words":
                return [Query()]
            case "facet counts, two words":
                return [Query(text=pair) for pair in pairs]
        raise ValueError(kind)

    def _narrowed(self, text: str, kind: Kind) -> Query:
        return Query(text=text, kind=kind, mode=Mode.ONLINE, category=Category.SKILL)

    def _words_in(self, listings: int, number: int) -> list[str]:
        """Return the words whose number of listings is nearest to ``listings``."""
        rows = self._bare.execute(
            "SELECT term FROM listing_vocabulary WHERE length(term) > 3"
            " ORDER BY abs(doc - ?), term LIMIT ?",
            [listings, number],
        )
        return [term for (term,) in rows]

    # -- matching -----------------------------------------------------------------------------

    def match(self, seconds: float) -> dict[str, float]:
        """Time the matching of one listing, inside its transaction."""
        ids = self._bare.execute("SELECT id FROM listing ORDER BY id").fetchall()
        step = max(1, len(ids) // 200)
        found = cycle(each for (each,) in ids[::step])
        taken: list[float] = []
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            taken.append(self._database.write_now(_rematched, next(found)))
        return _summary(taken[1:] or taken)

    # -- pages --------------------------------------------------------------------------------

    def render(self, seconds: float) -> dict[str, float]:
        """Time the rendering alone of the list page, from a view that is ready."""
        config = self._config
        site = Site(
            name=config.name,
            summary=LanguageMap(),
            addresses=config.addresses,
            languages=config.languages,
            software="bench",
        )
        visit = visit_of(make_mocked_request("GET", "/listings"), site)
        view = self._database.read_now(browse, visit)
        frame = frame_of(visit)
        return _timed([lambda: render(view, frame, visit.wording)], seconds)


def _rematched(store: NodeStore, listing_id: str) -> float:
    listing = store.listings.find(listing_id)
    assert listing is not None
    began = time.perf_counter()
    store.matches.replace(listing.id, matching.find(store, listing))
    return time.perf_counter() - began


def _timed(calls: Sequence[Call], seconds: float) -> dict[str, float]:
    """Call one after the other, again and again; a third of the time more is warm-up."""
    taken: list[float] = []
    turns: Iterator[Call] = cycle(calls)
    warm = time.perf_counter() + seconds / 3
    while time.perf_counter() < warm:
        next(turns)()
    cpu, end = time.process_time(), time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        next(turns)()
        taken.append(time.perf_counter() - began)
    return {**_summary(taken), "per_cpu": len(taken) / (time.process_time() - cpu)}


def _summary(taken: Sequence[float]) -> dict[str, float]:
    return {
        "p50": median_of(taken) * 1000,
        "p99": median_of(taken, 0.99) * 1000,
        "rate": len(taken) / sum(taken),
        "count": len(taken),
    }


if __name__ == "__main__":
    serve_answers(Answers(Path(sys.argv[1])))
