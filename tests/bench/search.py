"""Search: kinds of queries through the catalogue, beside the barest query of the same words."""

from contextlib import ExitStack

from tests.bench.child import Child
from tests.bench.rounds import Bout, Contender, play
from tests.bench.stage import Stage
from tests.bench.table import Figure

KINDS = (
    "one rare word",
    "two common words",
    "one word in half of all",
    "two words and three facets",
    "no words, the newest",
    "facet counts, no words",
    "facet counts, two words",
)


def figures(stage: Stage, bout: Bout) -> list[Figure]:
    """Measure p50 and p99 of each kind."""
    seconds = 2.0 if stage.is_full else 0.6
    found: list[Figure] = []
    with ExitStack() as stack:
        asked = {
            name: stack.enter_context(
                Child(made.root, "tests.bench.ask", str(made.folder), log=stage.log)
            )
            for name, made in stage.nodes.items()
        }
        for kind in KINDS:
            question = {"what": "search", "kind": kind, "seconds": seconds}
            contenders: dict[str, Contender] = {
                name: lambda child=child, question=question: child.ask({**question, "bare": False})
                for name, child in asked.items()
            }
            outcome = play(
                bout,
                {
                    "limit": lambda question=question: asked["product"].ask(
                        {**question, "seconds": seconds / 3, "bare": True}
                    ),
                    **contenders,
                },
            )
            name = f"search {stage.size}, {kind}"
            found += [
                stage.figure(f"{name}, p50", outcome, "p50", unit="ms"),
                stage.figure(
                    f"{name}, p99", outcome, "p99", unit="ms", target=f"search/{stage.size}"
                ),
            ]
    return found
