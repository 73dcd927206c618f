"""Matching: one listing against all of the other kind, with its matches stored."""

from contextlib import ExitStack

from tests.bench.child import Child
from tests.bench.rounds import Bout, Contender, play
from tests.bench.stage import Stage
from tests.bench.table import Figure


def figures(stage: Stage, bout: Bout) -> list[Figure]:
    """Measure p50 and p99."""
    question = {"what": "match", "seconds": 5.0 if stage.is_full else 2.0}
    with ExitStack() as stack:
        contenders: dict[str, Contender] = {}
        for name, made in stage.nodes.items():
            copy = made.copy("match")
            child = Child(copy.root, "tests.bench.ask", str(copy.folder), log=stage.log)
            asked = stack.enter_context(child)
            contenders[name] = lambda asked=asked: asked.ask(question)
        outcome = play(bout, contenders)
    name = f"match one listing, {stage.size}"
    return [
        stage.figure(f"{name}, p50", outcome, "p50", unit="ms"),
        stage.figure(f"{name}, p99", outcome, "p99", unit="ms", target=f"match/{stage.size}"),
    ]
