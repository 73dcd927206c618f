"""Delivery: listings of a node, waiting in its queue, to the inboxes of many hosts."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.child import Child, run
from tests.bench.plan import Made, Plan, free_port, make
from tests.bench.rounds import Bout, Contender, Outcome, Values, play
from tests.bench.sink import inboxes
from tests.bench.stage import Stage
from tests.bench.table import Figure
from tests.bench.trees import HERE

BODY = 8000  # bytes, about those of a Create
PATIENCE = 12.0  # seconds for a queue to empty


def figures(stage: Stage, bout: Bout) -> list[Figure]:
    """Measure the queue to healthy hosts, and with one host in ten that never answers."""
    found = [
        _scene(stage, bout, hosts=20, listings=60),
        _scene(stage, bout, hosts=200, listings=6),
    ]
    few, many = found
    return [
        stage.figure("delivery to 20 hosts", few[0], "rate", unit="/s", target="delivery/queue"),
        stage.figure(
            "the same beside 2 that hang", few[1], "rate", unit="/s", target="delivery/hanging"
        ),
        stage.figure("delivery to 200 hosts", many[0], "rate", unit="/s"),
        stage.figure(
            "the same beside 30 that hang",
            many[1],
            "rate",
            unit="/s",
            target="delivery/many-hanging",
        ),
    ]


def _scene(stage: Stage, bout: Bout, *, hosts: int, listings: int) -> tuple[Outcome, Outcome]:
    """Return how deliveries went to healthy hosts beside the limit, and beside hanging ones."""
    hanging = hosts // 10 if hosts < 100 else 30
    port, ports = free_port(), {name: free_port() for name in stage.trees}
    total = hosts + hanging
    with Child(
        HERE, "tests.bench.sink", str(port), str(total), str(hanging), log=stage.log
    ) as sink:

        def node(name: str, number: int) -> Callable[[], Values]:
            made = make(
                stage.trees[name],
                Plan(
                    folder=str(stage.folder / f"delivery-{name}-{number}"),
                    port=ports[name],
                    followers=inboxes(port, total)[:number],
                    publish=listings,
                ),
            )
            return lambda: _node(made, sink, hosts * listings)

        healthy: dict[str, Contender] = {name: node(name, hosts) for name in stage.trees}
        troubled: dict[str, Contender] = {name: node(name, total) for name in stage.trees}

        def bare() -> Values:
            return _limit(HERE, sink, port, hosts, listings)

        alone = play(bout, {"limit": bare, **healthy})
        among = play(bout, {"limit": healthy["product"], **troubled})
    return alone, among


def _limit(root: Path, sink: Child, port: int, hosts: int, listings: int) -> Values:
    sink.ask("reset")
    words = map(str, (port, hosts, listings, BODY))
    began, cpu = json.loads(run(root, "tests.bench.bare_courier", *words))
    told = sink.ask("tell")
    return {"rate": told["count"] / (told["last"] - began), "rate_cpu": told["count"] / cpu}


def _node(made: Made, sink: Child, expected: int) -> Values:
    """Start a node on its queue and wait until the healthy hosts have everything, or too long."""
    copy = made.copy("run")
    sink.ask("reset")
    with copy.serve() as node:
        began, cpu, before = time.perf_counter(), node.cpu(), sink.ask("tell")["count"]
        told = sink.ask("tell")
        while told["count"] < expected and time.perf_counter() < began + PATIENCE:
            time.sleep(0.05)
            told = sink.ask("tell")
        used = node.cpu() - cpu
    arrived = told["count"] - before
    seconds = told["last"] - began if told["count"] >= expected else PATIENCE
    return {"rate": arrived / seconds, "rate_cpu": arrived / max(used, 0.01)}
