"""The inputs that are kept: one file a parser, one line an input, as a Python literal of bytes.

Lines are what reached code that no other line reaches, and what once broke something. They are
readable, so that a change of one can be reviewed.
"""

import ast
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"


def read(parser: str) -> list[bytes]:
    """Return the inputs kept for a parser, none where there is no file yet."""
    path = FOLDER / f"{parser}.txt"
    if not path.exists():
        return []
    return [ast.literal_eval(line) for line in path.read_text("ascii").splitlines()]


def write(parser: str, inputs: Iterable[bytes]) -> None:
    """Keep these inputs for a parser in the place of all before, shortest first."""
    lines = sorted({repr(each) for each in inputs}, key=lambda line: (len(line), line))
    (FOLDER / f"{parser}.txt").write_text("\n".join(lines) + "\n", "ascii")
