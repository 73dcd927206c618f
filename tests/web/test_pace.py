"""Strangers may ask so often and no more, and the table of them stays small."""

from dataclasses import dataclass

from web import pace
from web.pace import Pace


@dataclass
class Time:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_client_is_stopped_and_goes_on_later():
    time = Time()
    guard = Pace(time)
    assert [guard.allows("a") for _ in range(pace.EACH + 2)] == [True] * pace.EACH + [False] * 2
    assert guard.allows("b")
    time.seconds += pace.MINUTE / pace.EACH
    assert [guard.allows("a") for _ in range(2)] == [True, False]


def test_all_together_are_stopped_however_many_they_are():
    guard = Pace(Time())
    said = [guard.allows(str(number)) for number in range(pace.ALL + 5)]
    assert said == [True] * pace.ALL + [False] * 5


def test_refusals_use_nothing_up():
    time = Time()
    guard = Pace(time)
    for _ in range(1000):
        guard.allows("a")
    assert [guard.allows(str(number)) for number in range(pace.ALL - pace.EACH + 1)] == [
        *[True] * (pace.ALL - pace.EACH),
        False,
    ]


def test_clients_remembered_are_bounded(monkeypatch):
    monkeypatch.setattr(pace, "CLIENTS", 3)
    guard = Pace(Time())
    for number in range(20):
        guard.allows(str(number))
    assert list(guard._each) == ["17", "18", "19"]
