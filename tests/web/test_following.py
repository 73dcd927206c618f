"""Strangers may ask so often and no more, and the table of them stays small."""

from web.following import ALL, EACH, MINUTE, READERS, Pace


def test_a_client_is_stopped_and_goes_on_later():
    pace = Pace()
    assert [pace.allows("a", 1000.0) for _ in range(EACH + 2)] == [True] * EACH + [False] * 2
    assert pace.allows("b", 1000.0)
    assert not pace.allows("a", 1000.0 + MINUTE - 1)
    assert pace.allows("a", 1000.0 + MINUTE)


def test_all_together_are_stopped_however_many_they_are():
    pace = Pace()
    said = [pace.allows(str(number), 1000.0) for number in range(ALL + 5)]
    assert said == [True] * ALL + [False] * 5


def test_refusals_use_nothing_up():
    pace = Pace()
    for _ in range(1000):
        pace.allows("a", 1000.0)
    assert [pace.allows(str(number), 1000.0) for number in range(ALL - EACH + 1)] == [
        *[True] * (ALL - EACH),
        False,
    ]


def test_clients_remembered_are_bounded():
    pace = Pace()
    for number in range(READERS + 20):
        pace.allows(str(number), 1000.0)
    assert len(pace.each) == READERS
