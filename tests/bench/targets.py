"""What the figures are held against: the table of performance.md, as named data."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """``least`` for a ratio to the limit, ``most`` for a value in the figure's own unit."""

    least: float | None = None
    most: float | None = None

    def is_met(self, value: float, ratio: float | None) -> bool | None:
        """Say whether a figure reaches it; None where its limit was not measured."""
        if self.most is not None:
            return value <= self.most
        return None if ratio is None or self.least is None else ratio >= self.least

    def __str__(self) -> str:
        return f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:.2f} of limit"


TARGETS: Mapping[str, Target] = {
    "inbox/accepted": Target(least=0.60),
    "inbox/rfc9421": Target(least=0.60),
    "inbox/indexed": Target(least=0.35),
    "inbox/matched": Target(least=0.35),
    "delivery/queue": Target(least=0.80),
    "delivery/hanging": Target(least=0.90),
    "delivery/many-hanging": Target(least=0.90),
    "search/10k": Target(most=10.0),  # p99 in ms; the target is for 100 k
    "search/100k": Target(most=10.0),
    "match/10k": Target(most=5.0),
    "match/100k": Target(most=5.0),
    "pages/uncached": Target(least=0.60),
    "pages/cached": Target(least=0.85),
    "start/cold": Target(most=0.5),  # s
    "start/idle": Target(most=64.0),  # MB
    "start/10k": Target(most=160.0),  # the target is for 100 k
    "start/100k": Target(most=160.0),
    "fill/10k": Target(most=13.0),  # MB on disk
    "fill/100k": Target(most=130.0),
}
