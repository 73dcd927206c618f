"""Simulated nodes that follow one another, made once and copied for each test."""

from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path

import pytest

from tests.convergence.world import Beginning, World

NAMES = ("north", "south", "west")


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Beginning:
    """Three nodes that follow one another, kept as files."""
    return Beginning(tmp_path_factory.mktemp("three") / "nodes", NAMES)


@pytest.fixture
async def world(three: Beginning, tmp_path: Path) -> AsyncIterator[World]:
    """Three running nodes that follow one another."""
    made = await three.copy(tmp_path / "world")
    yield made
    await made.close()


@pytest.fixture
def folders(tmp_path: Path) -> Callable[[], Path]:
    """Folders that are not there yet."""
    numbers = count()
    return lambda: tmp_path / str(next(numbers))
