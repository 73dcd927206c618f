from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from node.identity import SystemClock, TimeOrderedIds
from tests.samples import NOW, FixedClock


def test_clock_tells_utc_in_whole_milliseconds():
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0


def test_id_is_a_uuid_of_version_7_that_tells_its_time():
    found = UUID(TimeOrderedIds(FixedClock()).new())
    assert (found.version, found.variant) == (7, "specified in RFC 4122")
    assert found.int >> 80 == int(NOW.timestamp() * 1000)


@given(st.lists(st.integers(-10_000, 10_000), max_size=50))
def test_ids_grow_whatever_the_clock_says_f09(leaps):
    clock = FixedClock()
    ids = TimeOrderedIds(clock)
    made = [ids.new()]
    for leap in leaps:
        clock.pass_by(milliseconds=leap)
        made.append(ids.new())
    assert made == sorted(set(made))
    assert {UUID(each).version for each in made} == {7}


def test_ids_of_many_threads_are_all_different():
    ids = TimeOrderedIds(FixedClock())
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ids.new(), range(4000)))
    assert len(set(made)) == 4000


def test_ids_of_two_processes_at_one_time_differ():
    first, second = TimeOrderedIds(FixedClock()), TimeOrderedIds(FixedClock())
    assert first.new() != second.new()
    later = FixedClock(NOW + timedelta(milliseconds=1))
    assert first.new() < TimeOrderedIds(later).new()
