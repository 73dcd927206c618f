"""Parsers of strangers' bytes: what is kept in the corpus, and what chance makes of it."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import corpus
from tests.fuzz.parsers import PARSERS, try_out

EXAMPLES = int(os.environ.get("CAPX_FUZZ", "0"))  # how many, by chance; else a few, ever the same


def test_every_parser_has_a_corpus():
    kept = {path.stem for path in corpus.FOLDER.glob("*.txt")}
    assert kept == set(PARSERS)
    assert [name for name in PARSERS if not corpus.read(name)] == []


@pytest.mark.parametrize("name", PARSERS)
def test_what_is_kept_breaks_nothing(name):
    for data in corpus.read(name):
        try_out(name, data)


@pytest.mark.parametrize("name", PARSERS)
def test_what_chance_makes_of_it_breaks_nothing(name):
    kept = corpus.read(name)

    @settings(
        max_examples=EXAMPLES or 60,
        deadline=None,
        derandomize=not EXAMPLES,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.binary(max_size=200) | st.text(max_size=100).map(_bytes) | spliced(kept))
    def run(data):
        try_out(name, data)

    run()


@st.composite
def spliced(draw: st.DrawFn, kept: list[bytes]) -> bytes:
    """Give an input of the corpus with a part of another, or of chance, put into it."""
    base = draw(st.sampled_from(kept))
    part = draw(st.sampled_from(kept) | st.binary(max_size=12))
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(base))] * 2)))
    return base[:start] + part + base[end:]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
