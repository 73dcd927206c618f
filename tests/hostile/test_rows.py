"""Every row of the threat list is tried against a running node by a test that has its number."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
ROWS = {
    *(f"L{number}" for number in range(1, 51)),
    *(f"H{number}" for number in (*range(1, 66), *range(75, 79))),
    "H76B",
}


def rows_tried() -> set[str]:
    """Return the rows that the names of the tests beside this file carry: ``_h09_`` is H9."""
    names = [
        node.name
        for file in HERE.glob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return {
        f"{letter}{number}".upper()
        for name in names
        if name.startswith("test_")
        for letter, number in re.findall(r"_([lh])0*([1-9][0-9]*b?)(?=_|$)", name)
    }


def test_every_row_is_tried_against_a_running_node():
    assert sorted(ROWS - rows_tried()) == []
