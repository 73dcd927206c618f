"""Starting, and memory: how soon a node is ready, and how much it holds idle and at work."""

import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bench.child import Child
from tests.bench.plan import Made, Plan, free_port, make
from tests.bench.rounds import Bout, Contender, Values, play
from tests.bench.stage import Stage
from tests.bench.table import Figure
from tests.bench.trees import HERE

SETTLE = 0.5  # seconds
PAGES = ("/", "/listings", "/capacities", "/affiliates")


def figures(stage: Stage, bout: Bout) -> list[Figure]:
    """Measure an empty node, and one with listings whose pages have been looked at."""
    empty = {
        name: make(tree, Plan(folder=str(stage.folder / f"empty-{name}"), port=free_port()))
        for name, tree in stage.trees.items()
    }
    cold = play(bout, {"limit": lambda: _imports(stage), **_each(empty, _started)})
    full = play(bout, _each(stage.nodes, _visited))
    return [
        stage.figure("cold start", cold, "seconds", unit="s", target="start/cold"),
        stage.figure("memory, idle", cold, "megabytes", unit="MB", target="start/idle"),
        stage.figure(
            f"memory, {stage.size}, visited",
            full,
            "megabytes",
            unit="MB",
            target=f"start/{stage.size}",
        ),
        stage.figure(
            f"database, {stage.size}", full, "disk", unit="MB", target=f"fill/{stage.size}"
        ),
    ]


def _each(nodes: dict[str, Made], measure: Callable[[Made], Values]) -> dict[str, Contender]:
    return {name: partial(measure, made) for name, made in nodes.items()}


def _started(made: Made) -> Values:
    with made.serve() as node:
        time.sleep(SETTLE)
        return {"seconds": node.seconds_to_ready, "megabytes": node.megabytes()}


def _visited(made: Made) -> Values:
    copy = made.copy("visited")
    with copy.serve() as node:
        for path in PAGES:
            with urllib.request.urlopen(f"http://127.0.0.1:{made.port}{path}") as answer:
                answer.read()
        time.sleep(SETTLE)
        return {"megabytes": node.megabytes(), "disk": _megabytes(copy.database)}


def _imports(stage: Stage) -> Values:
    """Start the limit: a process that has imported what the node stands on and does nothing."""
    with Child(HERE, "tests.bench.bare_start", log=stage.log) as bare:
        time.sleep(SETTLE)
        return {"seconds": bare.seconds_to_ready, "megabytes": bare.megabytes()}


def _megabytes(file: Path) -> float:
    return file.stat().st_size / 1e6
