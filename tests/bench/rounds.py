"""Rounds: the contenders take turns in random order, and rounds the machine disturbed do not count.

Before each round and after the last a fixed piece of work is timed. A round in which it took over
10 % longer or shorter than in the middle of all is dropped, as long as one is left.
"""

import hashlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median

DRIFT = 0.10
CALIBRATION = bytes(1 << 20)

Values = Mapping[str, float]
Contender = Callable[[], Values]


def calibrate() -> float:
    """Return how long the same mix of C and Python work takes now: the best of three."""
    return min(_work() for _ in range(3))


def _work() -> float:
    began = time.perf_counter()
    hashlib.sha256(CALIBRATION * 8).digest()
    sum(number * number for number in range(150_000))
    return time.perf_counter() - began


@dataclass(slots=True)
class Bout:
    """How long a run may take, how many rounds are wished for, and what was seen on the way."""

    rounds: int
    deadline: float
    chance: random.Random = field(default_factory=random.Random)
    calibrations: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_late(self) -> bool:
        """Say whether the time for the whole run is spent."""
        return time.monotonic() > self.deadline

    @property
    def drift(self) -> float:
        """How far the slowest calibration of the run lies above the fastest."""
        return max(self.calibrations) / min(self.calibrations) - 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """The median of every value of every contender, over the rounds that counted."""

    values: Mapping[str, Values]
    note: str

    def of(self, contender: str, name: str) -> float | None:
        """Return a value, or None where that contender did not play or has none."""
        return self.values.get(contender, {}).get(name)


def play(bout: Bout, contenders: Mapping[str, Contender]) -> Outcome:
    """Let every contender play once a round; only the first round is played when time is up.

    A contender called ``other`` may fail: an old revision does not have everything.
    """
    contenders = dict(contenders)
    seen: list[tuple[float, dict[str, Values]]] = []
    for index in range(bout.rounds):
        if index and bout.is_late:
            break
        before = calibrate()
        values = _one_round(bout, contenders)
        bout.calibrations += [before, after := calibrate()]
        seen.append((max(before, after), values))
    return _settle(seen)


def _one_round(bout: Bout, contenders: dict[str, Contender]) -> dict[str, Values]:
    values: dict[str, Values] = {}
    order = list(contenders)
    bout.chance.shuffle(order)
    for name in order:
        try:
            values[name] = contenders[name]()
        except Exception as error:
            if name != "other":
                raise
            bout.notes.append(f"the other revision cannot do this: {error}")
            del contenders[name]
    return values


def _settle(seen: list[tuple[float, dict[str, Values]]]) -> Outcome:
    middle = median(taken for taken, _ in seen)
    calm = [values for taken, values in seen if abs(taken / middle - 1) <= DRIFT]
    counted = calm or [values for _, values in seen]
    names = {name for values in counted for name in values}
    return Outcome(
        values={name: _medians([v[name] for v in counted if name in v]) for name in names},
        note=f"{len(counted)} of {len(seen)} rounds" + ("" if calm else ", unsteady"),
    )


def _medians(rounds: list[Values]) -> Values:
    return {key: median(values[key] for values in rounds) for key in rounds[0]}
