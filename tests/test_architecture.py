"""What holds the house together and no type checker sees."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from catalogue.addresses import Path as Address

ROOT = Path(__file__).parents[1]
FLOORS = ("catalogue", "federation", "node", "web")
FILES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def trees(*apart: str) -> Iterator[tuple[str, ast.Module]]:
    """Give every file with its syntax tree, but for those below ``apart``."""
    for path in FILES:
        if not named(path).startswith(apart):
            yield named(path), ast.parse(path.read_text("utf-8"))


def test_there_is_a_house():
    assert {named(path).partition("/")[0] for path in FILES} == set(FLOORS)
    assert len(FILES) > 90


def locked() -> list[str]:
    names = set()
    for lock in ROOT.glob("requirements*.lock"):
        names |= set(re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", lock.read_text(), re.MULTILINE))
    return sorted(names)


def test_no_package_we_depend_on_is_called_like_a_floor():
    clashes = []
    for name in locked():
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # of another platform or group
        tops = {Path(str(file)).parts[0].removesuffix(".py") for file in found.files or ()}
        clashes += [(name, floor) for floor in (*FLOORS, "tests") if floor in tops]
    assert locked()
    assert clashes == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_file_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


SQL = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE|PRAGMA)\b",
    re.DOTALL,
)


def texts(tree: ast.AST) -> Iterator[str]:
    """Give every string of a file but its docstrings, the fixed parts of f-strings together."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                part.value if isinstance(part, ast.Constant) else "x" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from [] if id(node) in documentation else [node.value]


def test_sql_is_written_in_storage_alone_l23():
    found = [
        (name, text[:60])
        for name, tree in trees("node/storage/")
        for text in texts(tree)
        if SQL.search(text)
    ]
    assert found == []


def is_given_by_name(call: ast.Call) -> bool:
    """Say whether SQL is formatted only with names of fixed pieces: never with % or .format."""
    text = call.args[0] if call.args else None
    if isinstance(text, ast.BinOp):
        return not isinstance(text.op, ast.Mod)
    return not (
        isinstance(text, ast.Call)
        and isinstance(text.func, ast.Attribute)
        and text.func.attr == "format"
    )


def test_sql_is_never_filled_in_by_format_or_percent_l23():
    calls = [
        (named(path), node)
        for path in FILES
        if named(path).startswith("node/storage/")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"execute", "executemany", "executescript", "all", "one", "run"}
    ]
    assert len(calls) > 50
    assert [(name, node.lineno) for name, node in calls if not is_given_by_name(node)] == []


# What a statement may be put together from, beside its fixed text: named pieces, never a value.
PIECES = re.compile(
    r"names|value|facet\.value|source|rank|order|column|side|facet|self\._table|plan\.\w+(\(.*\))?|_quoted.*"
)


def test_pieces_of_sql_are_fixed_ones_l23():
    found = [
        (named(path), ast.unparse(part.value))
        for path in FILES
        if named(path).startswith("node/storage/")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.JoinedStr) and SQL.search(next(iter(texts(node)), ""))
        for part in node.values
        if isinstance(part, ast.FormattedValue)
    ]
    assert found
    assert [(name, piece) for name, piece in found if not PIECES.fullmatch(piece)] == []


DIALLING = re.compile(
    r"\b(ClientSession|TCPConnector|socket\.socket|create_connection|open_connection|urlopen"
    r"|http\.client|HTTPSConnection|HTTPConnection)\b"
)


def test_strangers_are_dialled_in_one_room_l16():
    found = {
        name
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call | ast.Import | ast.ImportFrom)
        if DIALLING.search(
            ast.unparse(node.func) if isinstance(node, ast.Call) else ast.unparse(node)
        )
    }
    assert found == {"federation/remote.py"}


def prefixes() -> list[str]:
    """Return the first parts of the paths that this node answers at, but for the root."""
    return sorted({f"/{path.split('/')[1]}" for path in Address if path != "/"})


def test_paths_are_minted_in_one_place():
    starts = re.compile(
        "|".join(
            rf"{re.escape(start.partition('{')[0])}(?:[/?#{{]|$|(?<=@))" for start in prefixes()
        )
    )
    found = [
        (name, text)
        for name, tree in trees("catalogue/addresses.py")
        for text in texts(tree)
        if starts.match(text)
    ]
    assert found == []


def test_import_contracts_hold():
    if not (ROOT / ".importlinter").exists():
        pytest.skip("there are no contracts")
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(  # noqa: S603 - our own tool
        [lint], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
