"""How often somebody may try."""

from web.throttle import MOST_KEYS, Throttle


class Watch:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def test_so_many_tries_within_a_while_and_then_again():
    watch = Watch()
    throttle = Throttle(3, 60, now=watch)
    assert [throttle.wait("a") for _ in range(3)] == [0, 0, 0]
    watch.time += 20
    assert throttle.wait("a") == 40
    assert throttle.wait("b") == 0
    watch.time += 40
    assert throttle.wait("a") == 0


def test_refused_tries_do_not_put_off_the_end():
    watch = Watch()
    throttle = Throttle(1, 10, now=watch)
    throttle.wait("a")
    for _ in range(9):
        watch.time += 1
        assert throttle.wait("a") > 0
    watch.time += 1
    assert throttle.wait("a") == 0


def test_memory_is_bounded_and_the_busy_are_kept():
    throttle = Throttle(2, 60, now=Watch())
    for number in range(3 * MOST_KEYS):
        throttle.wait("busy")
        throttle.wait(f"key {number}")
    assert len(throttle._tries) == MOST_KEYS
    assert throttle.wait("busy") > 0
    assert max(len(tries) for tries in throttle._tries.values()) <= 2
