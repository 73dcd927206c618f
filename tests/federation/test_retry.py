"""The retry policy as a table (F10 to F15)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.model import HostState
from federation.retry import RetryPolicy, Verdict, is_host_trouble, judge
from tests.samples import NOW, SOUTH

POLICY = RetryPolicy()
HALF_DAY = 12 * 3600


@pytest.mark.parametrize(
    ("status", "verdict", "blames_host"),
    [
        (200, Verdict.DELIVERED, False),
        (202, Verdict.DELIVERED, False),
        (204, Verdict.DELIVERED, False),
        (301, Verdict.NEVER, False),
        (400, Verdict.NEVER, False),
        (401, Verdict.LATER, False),
        (403, Verdict.NEVER, False),
        (404, Verdict.NEVER, False),
        (408, Verdict.LATER, True),
        (410, Verdict.NEVER, False),  # F12
        (413, Verdict.NEVER, False),
        (422, Verdict.NEVER, False),
        (425, Verdict.LATER, False),
        (429, Verdict.LATER, True),  # F13
        (500, Verdict.LATER, True),
        (501, Verdict.NEVER, True),
        (502, Verdict.LATER, True),
        (503, Verdict.LATER, True),
        (599, Verdict.LATER, True),
    ],
)
def test_answer_is_judged(status, verdict, blames_host):
    assert judge(status) is verdict
    assert is_host_trouble(status) is blames_host


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 16), (2, 31), (3, 96), (5, 640), (10, 10_015), (16, HALF_DAY)]
)
def test_delay_grows_to_its_bound(attempts, seconds):
    assert POLICY.delay(attempts, chance=0) == timedelta(seconds=seconds)
    assert POLICY.delay(attempts, chance=1) == timedelta(seconds=seconds * 1.25)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(None, 16), (0, 16), (5, 16), (3600, 3600), (10**9, HALF_DAY), (float("inf"), HALF_DAY)],
)
def test_wish_of_the_other_side_is_honoured_within_bounds_f13(asked, seconds):
    assert POLICY.delay(1, chance=0, asked=asked) == timedelta(seconds=seconds)


@given(st.integers(1, 10**6), st.floats(0, 1), st.none() | st.floats(0, 1e9))
def test_delay_is_always_bearable(attempts, chance, asked):
    delay = POLICY.delay(attempts, chance=chance, asked=asked).total_seconds()
    assert 16 <= delay <= HALF_DAY * 1.25


def test_sixteen_failures_are_enough():
    assert [POLICY.is_over(number) for number in (1, 15, 16, 17)] == [False, False, True, True]


def test_eight_days_of_silence_cost_few_attempts_f11():
    waited, attempts = timedelta(), 0
    while not POLICY.is_held_too_long(NOW, NOW + waited):
        attempts += 1
        waited += POLICY.delay(attempts, chance=0.5)
    assert attempts <= 40


def failed(state=None, times=1, asked=None):
    state = state or HostState(host=SOUTH)
    for _ in range(times):
        state = POLICY.after_failure(state, NOW, "503", asked)
    return state


@pytest.mark.parametrize(
    ("times", "minutes"),
    [(1, None), (4, None), (5, 1), (6, 2), (7, 4), (10, 32), (30, 720), (500, 720)],
)
def test_breaker_opens_after_five_and_doubles(times, minutes):
    state = failed(times=times)
    expected = None if minutes is None else NOW + timedelta(minutes=minutes)
    assert (state.failures, state.closed_until, state.error) == (times, expected, "503")


@pytest.mark.parametrize(
    ("times", "asked", "seconds"),
    [(1, 90, 90), (1, 10**9, HALF_DAY), (5, 10, 60), (5, 900, 900), (1, 0, None)],
)
def test_breaker_honours_a_wish_f13(times, asked, seconds):
    state = failed(failed(times=times - 1) if times > 1 else None, asked=asked)
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert state.closed_until == expected


def test_host_keeps_what_else_is_known_of_it():
    assert failed(HostState(host=SOUTH, heard=NOW)).heard == NOW


def test_host_on_trial_gets_one_request_at_once_f14():
    assert POLICY.lanes(HostState(host=SOUTH), 4) == 4
    assert POLICY.lanes(failed(times=4), 4) == 4
    assert POLICY.lanes(failed(times=5), 4) == 1
