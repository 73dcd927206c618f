"""Source trees: this one, and another revision in a git worktree with this benchmark laid over."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]


@contextmanager
def other_tree(revision: str, folder: Path) -> Iterator[Path]:
    """Give a worktree of ``revision`` that measures with this benchmark; take it away after."""
    tree = folder / "other"
    _git("worktree", "add", "--detach", "--force", str(tree), revision)
    try:
        bench = tree / "tests" / "bench"
        shutil.rmtree(bench, ignore_errors=True)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(HERE / "tests" / "bench", bench, ignore=ignored)
        yield tree
    finally:
        _git("worktree", "remove", "--force", str(tree))


def revision_of(tree: Path) -> str:
    """Return how git names what is checked out in ``tree``."""
    return _git("describe", "--always", "--dirty", where=tree).strip()


def _git(*words: str, where: Path = HERE) -> str:
    return subprocess.run(  # noqa: S603 - git, with our words
        ["git", "-C", str(where), *words],  # noqa: S607 - wherever git is installed
        check=True,
        capture_output=True,
        text=True,
    ).stdout
