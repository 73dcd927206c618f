"""How often somebody may do something: counting in windows, in memory that stays small.

Both doors use it: for addresses, for servers that write to us, for sign-ins. The time comes in as a
number of seconds that only grows (:func:`time.monotonic`), so nothing here waits or forgets by
itself. What is counted is lost at a restart, which forgives everybody once.
"""

from collections import OrderedDict
from dataclasses import dataclass

MOST_NAMES = 10_000  # names that one limiter knows; the one heard of longest ago is forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """``number`` times in ``seconds``, and after that not before the window ends."""

    number: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How a name stands after one more time: ``wait`` is 0 while it may, else seconds until then.

    ``resets_in`` is when the window ends and the whole ``limit`` is there again.
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
    """Counts how often each name did something; a name's window begins with its first time."""

    def __init__(self, rate: Rate, *, most_names: int = MOST_NAMES) -> None:
        self.rate = rate
        self._most_names = most_names
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def hit(self, name: str, now: float) -> Allowance:
        """Count one more time for ``name`` and say whether it may."""
        window = self._windows.get(name)
        if window is None or window.ends <= now:
            window = self._windows[name] = _Window(now + self.rate.seconds)
        self._windows.move_to_end(name)
        while len(self._windows) > self._most_names:
            self._windows.popitem(last=False)
        window.count += 1
        left = window.ends - now
        return Allowance(
            limit=self.rate.number,
            remaining=max(0, self.rate.number - window.count),
            resets_in=left,
            wait=left if window.count > self.rate.number else 0.0,
        )

    def forget(self, name: str) -> None:
        """Give ``name`` a fresh start: it proved to be who it said, for example."""
        self._windows.pop(name, None)


class _Window:
    """How often within one window."""

    __slots__ = ("count", "ends")

    def __init__(self, ends: float) -> None:
        self.count = 0
        self.ends = ends


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
