"""``python -m tests.bench``: measure, print one table, write JSON, and judge if asked to."""

import argparse
import json
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from tests.bench import delivery, inbox, match, pages, search, start
from tests.bench.letters import senders
from tests.bench.plan import Plan, free_port, keys_of, make
from tests.bench.rounds import DRIFT, Bout
from tests.bench.stage import Stage
from tests.bench.table import Figure, as_json, markdown
from tests.bench.trees import HERE, other_tree, revision_of

FAMILIES = {
    "inbox": inbox,
    "delivery": delivery,
    "search": search,
    "match": match,
    "pages": pages,
    "start": start,
}
ONLY_LARGE = ("search", "match", "start")  # what is measured again at 100 k
QUICK_SECONDS = 110.0  # after this only one round more is played of each row
FULL_SECONDS = 40 * 60.0
SIZES = {"10k": 10_000, "100k": 100_000}
SENDERS = 8
HEAD = """{revision}, Python {python}, SQLite {sqlite}, {cores} cores, load {load_before:.1f} before
calibration {calibration_ms:.1f} ms, drift {drift:.0%}"""


def main() -> int:
    """Measure what the command line asks for; return the exit code."""
    asked = _arguments().parse_args()
    wanted = asked.only or list(FAMILIES)
    seconds = FULL_SECONDS if asked.full else QUICK_SECONDS
    bout = Bout(rounds=5 if asked.full else 3, deadline=time.monotonic() + seconds)
    load_before = os.getloadavg()[0]
    figures: list[Figure] = []
    for size in ("10k", "100k") if asked.full else ("10k",):
        families = [name for name in wanted if size == "10k" or name in ONLY_LARGE]
        if families:
            figures += _measure(size, families, bout, is_full=asked.full, against=asked.against)
    machine = {
        "revision": revision_of(HERE),
        "against": asked.against,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "cores": os.cpu_count(),
        "load_before": load_before,
        "calibration_ms": median(bout.calibrations) * 1000,
        "drift": bout.drift,
        "notes": bout.notes,
    }
    print(_report(figures, machine, asked.against))
    if asked.json:
        told = json.dumps({"machine": machine, "figures": as_json(figures)}, indent=1)
        asked.json.write_text(told + "\n")
    missed = [each.name for each in figures if each.is_met is False]
    if asked.gate and missed:
        print(f"\nmissed: {'; '.join(missed)}", file=sys.stderr)
        return 1
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--quick", action="store_true", help="three rounds at 10 k listings (default)"
    )
    size.add_argument("--full", action="store_true", help="five rounds, and again at 100 k")
    parser.add_argument("--gate", action="store_true", help="end with 1 when a target is missed")
    parser.add_argument("--against", metavar="REV", help="measure another revision beside this one")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there too")
    parser.add_argument("--only", action="append", choices=FAMILIES, help="one family of rows")
    return parser


def _measure(
    size: str, families: list[str], bout: Bout, *, is_full: bool, against: str | None
) -> list[Figure]:
    with _stage(size, is_full=is_full, against=against) as stage:
        figures: list[Figure] = []
        for name in families:
            began = time.monotonic()
            figures += FAMILIES[name].figures(stage, bout)
            _say(f"{name}, {size}: {time.monotonic() - began:.0f} s")
        return figures


@contextmanager
def _stage(size: str, *, is_full: bool, against: str | None) -> Iterator[Stage]:
    """Make the nodes that are measured, in a folder that goes away."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="capx-bench-")))
        trees = {"product": HERE}
        if against:
            trees["other"] = stack.enter_context(other_tree(against, folder))
        who = senders(SENDERS)
        made = {}
        for name, tree in trees.items():
            began = time.monotonic()
            plan = Plan(
                folder=str(folder / f"node-{name}"),
                port=free_port(),
                listings=SIZES[size],
                senders=keys_of(who),
            )
            made[name] = make(tree, plan)
            _say(f"made {size} listings for {name}: {time.monotonic() - began:.0f} s")
        yield Stage(
            folder=folder,
            is_full=is_full,
            trees=trees,
            senders=who,
            made=made["product"],
            other=made.get("other"),
            size=size,
        )


def _report(figures: list[Figure], machine: dict[str, object], against: str | None) -> str:
    drift = float(str(machine["drift"]))
    busy = " (this machine is busy: trust the ratios per CPU second)" if drift > DRIFT else ""
    lines = [HEAD.format_map(machine) + busy]
    notes = machine["notes"]
    assert isinstance(notes, list)
    return "\n".join([*lines, "", markdown(figures, against), *notes])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
