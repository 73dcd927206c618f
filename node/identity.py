"""Where time and ids come from in a running node."""

import os
import threading
from datetime import UTC, datetime
from uuid import UUID

from catalogue.ports import Clock


class SystemClock:
    """The machine's clock, in whole milliseconds as they are stored."""

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


class TimeOrderedIds:
    """UUIDv7 (RFC 9562 5.7): sortable by time, and strictly growing within this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0

    def new(self) -> str:
        """Return an id never given before, which sorts after all earlier ones."""
        with self._lock:
            milliseconds = int(self._clock.now().timestamp() * 1000)
            fresh = (milliseconds << 74) | (int.from_bytes(os.urandom(10)) & ((1 << 74) - 1))
            self._last = max(fresh, self._last + 1)
            return str(_as_uuid7(self._last))


def _as_uuid7(value: int) -> UUID:
    """Spread 48 bits of time and 74 of chance around the version and variant bits."""
    time, chance = value >> 74, value & ((1 << 74) - 1)
    high, low = chance >> 62, chance & ((1 << 62) - 1)
    return UUID(int=(time << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low)
