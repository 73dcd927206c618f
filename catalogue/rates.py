"""How often somebody may do something: counted in memory that stays small.

Both doors use it: for addresses, for servers that write to us, for sign-ins and look-ups. The
window slides: whatever moment one looks back from, nobody did more than ``number`` in the last
``seconds``, so the end of one window and the beginning of the next give nobody twice as much. Times
close together are counted as made at the latest of them, which keeps ``STEPS`` and a few numbers
for a name instead of one for each time, and never lets more through. What was refused is not
counted: who goes on trying does not put off the end. The time comes in as a number of seconds that
only grows (:func:`time.monotonic`), so nothing here waits or forgets by itself. What is counted is
lost at a restart, which forgives everybody once.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass

MOST_NAMES = 10_000  # names that one limiter knows; the one heard of longest ago is forgotten
STEPS = 10  # of a window, within which times count as made together


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """``number`` times in any ``seconds``, one after the other or all at once."""

    number: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How a name stands after one more time: ``wait`` is 0 while it may, else seconds until then.

    ``resets_in`` is when the whole ``limit`` is there again, if nothing more is done.
    """

    limit: int
    remaining: int
    resets_in: float
    wait: float = 0.0

    @property
    def is_used_up(self) -> bool:
        """Say whether this time was one too many."""
        return self.wait > 0


class Limiter:
    """Counts how often each name did something in the last while."""

    def __init__(self, rate: Rate, *, most_names: int = MOST_NAMES) -> None:
        self.rate = rate
        self._most_names = most_names
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def hit(self, name: str, now: float) -> Allowance:
        """Count one more time for ``name`` and say whether it may."""
        window = self._windows.setdefault(name, _Window())
        self._windows.move_to_end(name)
        while len(self._windows) > self._most_names:
            self._windows.popitem(last=False)
        return window.hit(self.rate, now)

    def forget(self, name: str) -> None:
        """Give ``name`` a fresh start: it proved to be who it said, for example."""
        self._windows.pop(name, None)


class _Window:
    """How often one name did something, step by step: oldest first, at most ``STEPS`` and two."""

    __slots__ = ("count", "steps")

    def __init__(self) -> None:
        self.count = 0
        self.steps: deque[_Step] = deque()

    def hit(self, rate: Rate, now: float) -> Allowance:
        while self.steps and self.steps[0].latest + rate.seconds <= now:
            self.count -= self.steps.popleft().count
        if self.count >= rate.number:
            return self._allowance(rate, now, wait=self.steps[0].latest + rate.seconds - now)
        if not self.steps or self.steps[-1].first + rate.seconds / STEPS <= now:
            self.steps.append(_Step(now))
        self.steps[-1].latest = now
        self.steps[-1].count += 1
        self.count += 1
        return self._allowance(rate, now)

    def _allowance(self, rate: Rate, now: float, wait: float = 0.0) -> Allowance:
        return Allowance(
            limit=rate.number,
            remaining=rate.number - self.count,
            resets_in=self.steps[-1].latest + rate.seconds - now,
            wait=wait,
        )


class _Step:
    """Times so close together that they count as one moment."""

    __slots__ = ("count", "first", "latest")

    def __init__(self, first: float) -> None:
        self.count = 0
        self.first = first
        self.latest = first


class Lately:
    """Names heard of within the last ``seconds``; the one heard of longest ago goes first."""

    def __init__(self, seconds: float, *, most_names: int = MOST_NAMES) -> None:
        self._seconds = seconds
        self._most_names = most_names
        self._until: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until)

    def note(self, name: str, now: float) -> None:
        """Remember a name from now on."""
        self._until[name] = now + self._seconds
        self._until.move_to_end(name)
        while len(self._until) > self._most_names:
            self._until.popitem(last=False)

    def knows(self, name: str, now: float) -> bool:
        """Say whether a name was noted lately."""
        until = self._until.get(name)
        return until is not None and now < until
