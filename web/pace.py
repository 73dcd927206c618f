"""How often strangers may make this node ask another server: each of them, and all together.

Token buckets in memory: each holds as many tokens as may be used at once and gains them back over a
minute. The table of clients is bounded; who was seen longest ago is forgotten first.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

EACH = 6  # times a minute, one client
ALL = 60  # times a minute, all together
CLIENTS = 4096  # remembered
MINUTE = 60.0  # seconds


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Pace:
    """Says who may go on now."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._all = _Bucket(ALL, now())
        self._each: OrderedDict[str, _Bucket] = OrderedDict()

    def allows(self, client: str) -> bool:
        """Count one more time by a client; say whether that is not too often."""
        now = self._now()
        own = self._each.pop(client, None) or _Bucket(EACH, now)
        self._each[client] = own
        while len(self._each) > CLIENTS:
            self._each.popitem(last=False)
        _refill(own, EACH, now)
        _refill(self._all, ALL, now)
        if own.tokens < 1 or self._all.tokens < 1:
            return False
        own.tokens -= 1
        self._all.tokens -= 1
        return True


def _refill(bucket: _Bucket, most: int, now: float) -> None:
    bucket.tokens = min(most, bucket.tokens + (now - bucket.at) * most / MINUTE)
    bucket.at = now
