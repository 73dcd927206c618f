"""When to try again and when to stop: pure policy, named defaults.

An attempt is judged by the answer: 2xx is done; 4xx other than 401, 408, 425 and 429, and 501, will
not get better; everything else is tried again after ``n⁴ + 15`` seconds and some chance, as
Mastodon does, or when the server asks, for seven days. A server that answers 500 to the same letter
ten times stumbles over the letter: that gets no better either. A host that fails five times in a
row is left alone for a while that doubles each time; then one delivery tries the way.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from federation.model import HostState

_WORTH_RETRYING = {401, 408, 425, 429}
_HOPELESS_5XX = {501}
_STUMBLING = 500


class Verdict(Enum):
    """What an answer means for a delivery."""

    DELIVERED = auto()
    LATER = auto()
    NEVER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The numbers behind the rules. Times are seconds unless they say otherwise."""

    first_delay: float = 15.0
    longest_delay: float = 12 * 3600.0
    jitter: float = 0.25  # share of the delay that chance may add
    attempts: int = 16  # at what is fetched; a delivery is held for days
    hold: timedelta = timedelta(days=7)
    stumbles: int = 10  # answers of 500 to one delivery
    breaker_failures: int = 5
    breaker_delay: float = 60.0

    def delay(self, attempts: int, *, chance: float, asked: float | None = None) -> timedelta:
        """Return how long to wait after ``attempts`` failures; ``chance`` is 0 to 1.

        ``asked`` is the other side's Retry-After in seconds, honoured up to the longest delay.
        """
        delay = min(attempts**4 + self.first_delay, self.longest_delay)
        delay += delay * self.jitter * chance
        return timedelta(seconds=max(delay, min(asked or 0.0, self.longest_delay)))

    def is_over(self, attempts: int) -> bool:
        """Say whether this many failures are enough."""
        return attempts >= self.attempts

    def is_held_too_long(self, added: datetime, now: datetime) -> bool:
        """Say whether a delivery has waited for as long as any is held."""
        return now - added >= self.hold

    def after_failure(
        self, state: HostState, now: datetime, error: str, asked: float | None = None
    ) -> HostState:
        """Return how a host stands after one more failure."""
        failures = state.failures + 1
        closed: timedelta | None = None
        if failures >= self.breaker_failures:
            doubled = self.breaker_delay * 2 ** min(failures - self.breaker_failures, 16)
            closed = timedelta(seconds=min(doubled, self.longest_delay))
        if asked:
            wish = timedelta(seconds=min(asked, self.longest_delay))
            closed = max(closed or wish, wish)
        return replace(
            state,
            failures=failures,
            closed_until=now + closed if closed else state.closed_until,
            error=error,
        )

    def lanes(self, state: HostState, most: int) -> int:
        """Return how many requests a host may get at once: one while it is on trial."""
        return 1 if state.failures >= self.breaker_failures else most


def judge(status: int) -> Verdict:
    """Return what an HTTP status means for a delivery."""
    if 200 <= status < 300:
        return Verdict.DELIVERED
    if status in _WORTH_RETRYING or (status >= 500 and status not in _HOPELESS_5XX):
        return Verdict.LATER
    return Verdict.NEVER


def is_stumbling(status: int) -> bool:
    """Say whether an answer tells that the server broke over what was sent."""
    return status == _STUMBLING


def is_host_trouble(status: int) -> bool:
    """Say whether an answer tells of the host rather than of what was sent."""
    return status >= 500 or status in {408, 429}
