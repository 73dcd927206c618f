"""Counting how often somebody does something."""

from hypothesis import given
from hypothesis import strategies as st

from catalogue.rates import STEPS, Allowance, Lately, Limiter, Rate

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


def test_what_was_done_is_forgotten_after_the_window():
    limiter = Limiter(THREE)
    for _ in range(5):
        limiter.hit("ana", 0.0)
    assert limiter.hit("ana", 9.9).is_used_up
    assert limiter.hit("ana", 10.0) == Allowance(limit=3, remaining=2, resets_in=10.0)


def test_the_end_of_a_window_and_the_next_one_give_nobody_twice_as_much():
    limiter = Limiter(THREE)
    assert not any(limiter.hit("ana", now).is_used_up for now in (0.0, 8.0, 9.0))
    assert not limiter.hit("ana", 10.0).is_used_up
    assert limiter.hit("ana", 10.5) == Allowance(limit=3, remaining=0, resets_in=9.5, wait=7.5)


def test_refused_tries_do_not_put_off_the_end():
    limiter = Limiter(Rate(number=1, seconds=10.0))
    limiter.hit("ana", 0.0)
    assert all(limiter.hit("ana", float(now)).is_used_up for now in range(1, 10))
    assert not limiter.hit("ana", 10.0).is_used_up


def test_what_is_kept_of_a_busy_name_is_little():
    limiter = Limiter(Rate(number=1000, seconds=10.0))
    for number in range(30_000):
        limiter.hit("busy", number / 1000)
    [window] = limiter._windows.values()
    assert len(window.steps) <= STEPS + 2
    assert window.count == sum(step.count for step in window.steps) <= 1000


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
def test_no_window_wherever_it_begins_holds_more_than_the_number(moments):
    limiter = Limiter(THREE)
    allowed = [now for now in sorted(moments) if not limiter.hit("ana", now).is_used_up]
    for last in allowed:
        assert sum(1 for now in allowed if now <= last < now + THREE.seconds) <= THREE.number


@given(st.lists(st.floats(0, 50), max_size=60))
def test_who_waits_as_told_may_go_on(moments):
    limiter = Limiter(THREE)
    for now in sorted(moments):
        allowance = limiter.hit("ana", now)
    if moments and allowance.is_used_up:
        assert not limiter.hit("ana", now + allowance.wait + 1e-6).is_used_up


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
