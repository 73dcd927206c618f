"""How often somebody may try: so many times within a while, for each key, in bounded memory."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable

MOST_KEYS = 10_000


class Throttle:
    """At most ``most`` tries within ``seconds`` for each key; of the keys the latest are kept."""

    def __init__(
        self, most: int, seconds: float, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.most = most
        self.seconds = seconds
        self._now = now
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, key: str) -> int:
        """Count a try; return 0, or how many seconds to wait where there were too many."""
        now = self._now()
        tries = self._tries.setdefault(key, deque())
        self._tries.move_to_end(key)
        if len(self._tries) > MOST_KEYS:
            self._tries.popitem(last=False)
        while tries and tries[0] <= now - self.seconds:
            tries.popleft()
        if len(tries) >= self.most:
            return math.ceil(tries[0] + self.seconds - now)
        tries.append(now)
        return 0
