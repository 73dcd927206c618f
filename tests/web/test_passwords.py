"""Passwords: kept slowly, opened in one way, made anew when the parameters are old."""

import statistics
import time

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from catalogue.errors import Invalid
from web import passwords

GOOD = "a lake below the hills"


def test_password_opens_what_was_made_of_it_and_nothing_else():
    encoded = passwords.hashed(GOOD)
    assert passwords.opens(GOOD, encoded)
    assert not passwords.opens(GOOD + " ", encoded)
    assert not passwords.opens("", encoded)
    assert not passwords.opens(GOOD, None)
    assert not passwords.opens(GOOD * 100, encoded)


def test_same_password_is_kept_differently_each_time():
    assert passwords.hashed(GOOD) != passwords.hashed(GOOD)
    assert GOOD not in passwords.hashed(GOOD)


def test_parameters_are_those_of_today_and_older_ones_are_seen():
    assert passwords.hashed(GOOD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not passwords.is_outdated(passwords.hashed(GOOD))
    older = Argon2id(salt=b"0" * 16, length=32, iterations=1, lanes=1, memory_cost=8 * 1024)
    encoded = older.derive_phc_encoded(GOOD.encode())
    assert passwords.is_outdated(encoded)
    assert passwords.opens(GOOD, encoded)


def test_letters_that_look_the_same_are_the_same():
    assert passwords.opens("cafe\u0301 au lait", passwords.hashed("caf\u00e9 au lait"))


@pytest.mark.parametrize("weird", ["\ud800" * 12, "\0" * 12, "🐝" * 12])
def test_any_text_can_be_tried(weird):
    assert not passwords.opens(weird, passwords.hashed(GOOD))


@pytest.mark.parametrize(
    "bad", ["", "short", "x" * 9, "x" * 257, "aaaaaaaaaaaa", "olena_kovalenko"]
)
def test_password_that_nobody_should_have_is_refused(bad):
    with pytest.raises(Invalid) as raised:
        passwords.check(bad, name="Olena_Kovalenko")
    assert bad not in str(raised.value) or bad in {"", "short"}


def test_good_password_is_taken():
    passwords.check(GOOD, name="olena")


def test_unknown_name_takes_as_long_as_a_wrong_password_h68():
    encoded = passwords.hashed(GOOD)

    def seconds(against):
        began = time.perf_counter()
        assert not passwords.opens("something else", against)
        return time.perf_counter() - began

    rounds = [(seconds(encoded), seconds(None)) for _ in range(7)]
    wrong, unknown = (statistics.median(each) for each in zip(*rounds, strict=True))
    assert 0.4 < unknown / wrong < 2.5
