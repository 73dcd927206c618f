"""Counting how often somebody does something."""

from hypothesis import given
from hypothesis import strategies as st

from catalogue.rates import Allowance, Lately, Limiter, Rate

THREE = Rate(number=3, seconds=10.0)


def test_the_first_times_are_allowed_and_counted_down():
    limiter = Limiter(THREE)
    assert [limiter.hit("ana", 0.0).remaining for _ in range(3)] == [2, 1, 0]
    assert limiter.hit("ana", 4.0) == Allowance(limit=3, remaining=0, resets_in=6.0, wait=6.0)
    assert limiter.hit("ana", 4.0).is_used_up


def test_everybody_is_counted_apart():
    limiter = Limiter(Rate(number=1, seconds=10.0))
    assert not limiter.hit("ana", 0.0).is_used_up
    assert not limiter.hit("ben", 0.0).is_used_up
    assert limiter.hit("ana", 1.0).is_used_up


def test_a_window_ends_and_another_begins():
    limiter = Limiter(THREE)
    for _ in range(5):
        limiter.hit("ana", 0.0)
    assert limiter.hit("ana", 9.9).is_used_up
    assert limiter.hit("ana", 10.0) == Allowance(limit=3, remaining=2, resets_in=10.0)


def test_a_fresh_start():
    limiter = Limiter(Rate(number=1, seconds=10.0))
    limiter.hit("ana", 0.0)
    limiter.forget("ana")
    limiter.forget("nobody")
    assert not limiter.hit("ana", 1.0).is_used_up


def test_names_known_are_few_and_the_busy_ones_stay():
    limiter = Limiter(Rate(number=2, seconds=10.0), most_names=3)
    for number in range(100):
        limiter.hit(f"stranger {number}", 0.0)
        limiter.hit("busy", 0.0)
    assert len(limiter) == 3
    assert limiter.hit("busy", 1.0).is_used_up


@given(st.lists(st.floats(0, 50), max_size=60))
def test_a_window_of_its_first_time_never_holds_more_than_the_number(moments):
    limiter = Limiter(THREE)
    windows, ends = [], 0.0
    for now in sorted(moments):
        if now >= ends:
            windows, ends = [*windows, 0], now + THREE.seconds
        windows[-1] += not limiter.hit("ana", now).is_used_up
    assert all(0 < allowed <= THREE.number for allowed in windows)


def test_names_of_late_are_known_for_a_while():
    lately = Lately(10.0, most_names=2)
    lately.note("ana", 0.0)
    assert lately.knows("ana", 9.9)
    assert not lately.knows("ana", 10.0)
    assert not lately.knows("ben", 0.0)
    for name in ("ben", "cleo"):
        lately.note(name, 5.0)
    assert not lately.knows("ana", 5.0)
    assert len(lately) == 2
