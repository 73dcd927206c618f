"""Figures, and the table and the JSON they end in."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.targets import TARGETS, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table: medians over the rounds that counted.

    ``ratio`` is 1 where the product does as well as the limit, whichever way the unit points;
    ``cpu_ratio`` is the same for each second of the server's CPU, which other work on the machine
    disturbs less. ``other`` is what the revision given by ``--against`` reached.
    """

    name: str
    unit: str
    product: float
    limit: float | None = None
    other: float | None = None
    ratio: float | None = None
    cpu_ratio: float | None = None
    target: str | None = None
    note: str = ""

    @property
    def goal(self) -> Target | None:
        """What it is held against."""
        return TARGETS[self.target] if self.target else None

    @property
    def is_met(self) -> bool | None:
        """Say whether it reaches its target; None where it has none."""
        return self.goal.is_met(self.product, self.ratio) if self.goal else None


def markdown(figures: Iterable[Figure], against: str | None) -> str:
    """Return the table; a target that is missed has a cross."""
    heads = ["figure", "product", *([against] if against else []), "limit", "ratio", "ratio/cpu-s"]
    rows = [[*heads, "target", ""]]
    for each in figures:
        mark = {True: "✓", False: "✗", None: ""}[each.is_met]
        others = [_number(each.other, each.unit)] if against else []
        rows.append(
            [
                each.name,
                _number(each.product, each.unit),
                *others,
                _number(each.limit, each.unit),
                _ratio(each.ratio),
                _ratio(each.cpu_ratio),
                f"{each.goal} {mark}" if each.goal else "",
                each.note,
            ]
        )
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def as_json(figures: Iterable[Figure]) -> list[dict[str, Any]]:
    """Return the figures as data, each with whether it reached its target."""
    return [
        {**asdict(each), "goal": str(each.goal) if each.goal else None, "is_met": each.is_met}
        for each in figures
    ]


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    text = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{text} {unit}"


def _ratio(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if value >= 0.01 else f"1/{1 / value:,.0f}"
