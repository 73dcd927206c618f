"""The documentation is true: what it names exists, and what exists is named."""

import argparse
import functools
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest

from catalogue.addresses import Path as Address
from catalogue.model import Listing
from federation.dispatcher import VERBS
from federation.errors import FederationError
from node import config
from node.cli.main import parser

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [*ROOT.glob("*.md"), *(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)]
)
TEXTS = {str(page.relative_to(ROOT)): page.read_text("utf-8") for page in PAGES}

FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| *(.*?) *\|$", re.MULTILINE)
SOURCE = re.compile(r"(?:catalogue|deploy|docs|federation|node|tests|web)/[\w./-]*[\w]")


# -- commands -------------------------------------------------------------------------------------


def subcommands(command: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices
    return {}


def leaves(
    command: argparse.ArgumentParser, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    below = subcommands(command)
    if not below:
        yield " ".join(path), command
    for name, each in below.items():
        yield from leaves(each, (*path, name))


COMMANDS = dict(leaves(parser()))


def flags(command: argparse.ArgumentParser) -> set[str]:
    return {flag for action in command._actions for flag in action.option_strings}


def shell_lines(text: str) -> Iterator[str]:
    """Give the lines of a text's shell blocks."""
    for _, language, body in FENCE.findall(text):
        if language == "sh":
            yield from body.replace("\\\n", " ").splitlines()


def spans(text: str) -> Iterator[str]:
    """Give what a text sets in type within its lines."""
    yield from SPAN.findall(FENCE.sub("", text))


def told(lines: Iterator[str]) -> Iterator[list[str]]:
    """Give each capx command in some lines, as words after ``capx``."""
    for line in lines:
        for part in re.split(r"\s&\s|\s&$|;|\|", line):
            if typed := re.search(r"(?:^\s*|bin/|exec node )capx\s+(.*)", part):
                yield shlex.split(typed[1], comments=True)


TYPED = [(page, words) for page, text in TEXTS.items() for words in told(shell_lines(text))]
NAMED = [(page, words) for page, text in TEXTS.items() for words in told(spans(text))]


def test_documentation_tells_many_commands():
    assert len(TYPED) > 50
    assert len(NAMED) > 20


@pytest.mark.parametrize(("page", "words"), TYPED, ids=str)
def test_commands_to_type_can_be_typed(page, words):
    assert parser().parse_args(words)


@pytest.mark.parametrize(("page", "words"), NAMED, ids=str)
def test_commands_that_are_named_exist(page, words):
    command, rest = parser(), list(words)
    while rest and rest[0] in subcommands(command):
        command = subcommands(command)[rest.pop(0)]
    assert not subcommands(command) or not rest or rest[0].startswith("-")
    used = {word.partition("=")[0] for word in rest if word.startswith("--")}
    assert used <= flags(command)


def sections(text: str) -> Mapping[str, str]:
    parts = re.split(r"^##+ capx (.*)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@functools.cache
def command_sections() -> Mapping[str, str]:
    return sections(TEXTS["docs/reference/commands.md"])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_reference_with_its_arguments(name):
    documented = set(re.findall(r"^\| `([^`]+)`", command_sections()[name], re.MULTILINE))
    actual = {
        (action.option_strings or [str(action.metavar)])[0]
        for action in COMMANDS[name]._actions
        if action.dest not in {"help", "data", "json"}
    }
    assert documented == actual


def test_reference_has_no_other_commands():
    groups = {name for name in subcommands(parser()) if name not in COMMANDS}
    assert set(command_sections()) == set(COMMANDS) | groups


# -- settings, addresses, errors, limits ----------------------------------------------------------


def first_column(page: str) -> list[str]:
    cells = [row.split("|")[0].strip() for row in ROW.findall(TEXTS[page])]
    return [cell.strip("`") for cell in cells if cell.startswith("`")]


def test_every_setting_is_documented(tmp_path):
    config.save(config.Config(data=tmp_path, base_url="https://hub.example"))
    written = tomllib.loads((tmp_path / config.FILE).read_text("utf-8"))
    documented = [name for name in first_column("docs/reference/settings.md") if name.islower()]
    assert sorted(documented) == sorted(written)


def test_every_setting_has_its_variable():
    rows = re.findall(
        r"^\| `([a-z_]+)` \| `(\w+)` \|", TEXTS["docs/reference/settings.md"], re.MULTILINE
    )
    assert rows == [(name, f"CAPX_{name.upper()}") for name, _ in rows]


def test_every_address_is_documented():
    documented = {cell.removeprefix("POST ") for cell in first_column("docs/reference/http.md")}
    assert {str(path) for path in Address} == documented


def test_listing_fields_are_documented():
    documented = first_column("docs/reference/listing-json.md")
    names = {field.name for field in fields(Listing)}
    assert set(documented) - {"public", "network", "followers", "node"} == names - {"node"}
    assert "node" in documented


def refusals(error: type[FederationError]) -> Iterator[type[FederationError]]:
    for below in error.__subclasses__():
        yield below
        yield from refusals(below)


def test_every_answer_to_machines_is_documented():
    rows = set(
        re.findall(r"^\| (\d{3}) \| `([\w-]+)`", TEXTS["docs/reference/errors.md"], re.MULTILINE)
    )
    actual = {
        (str(error.status), error.code)
        for error in refusals(FederationError)
        if error.code not in {"refused", "give-up", "vanished"}
    }
    assert actual <= rows


UNITS = {
    "": 1, "KiB": 1024, "MiB": 1024**2, "s": 1, "min": 60, "h": 3600, "days": 86400,
}  # fmt: skip

LIMITS = re.findall(
    r"^\| .* \| ([0-9 ]+?) ?(KiB|MiB|s|min|h|days)? \| `([\w.]+)` \|$",
    TEXTS["docs/reference/limits.md"],
    re.MULTILINE,
)


def actual_limit(name: str) -> float:
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            found = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            defaults = getattr(found, "__dataclass_fields__", {})
            found = defaults[part].default if part in defaults else getattr(found, part)
        return found.total_seconds() if isinstance(found, timedelta) else float(found)
    raise AssertionError(f"there is no {name}")


def test_limits_are_many():
    rows = TEXTS["docs/reference/limits.md"].count("` |")
    assert len(LIMITS) == rows
    assert rows > 30


@pytest.mark.parametrize(("value", "unit", "name"), LIMITS, ids=str)
def test_limits_are_those_of_the_code(value, unit, name):
    assert float(value.replace(" ", "")) * UNITS[unit] == actual_limit(name)


def test_weights_are_those_of_the_code():
    rows = re.findall(
        r"^\| `(\w+)` \| ([0-9.]+) \| .*[a-z]", TEXTS["docs/explanation/matching.md"], re.MULTILINE
    )
    weights = import_module("catalogue.matching").DEFAULT_WEIGHTS
    assert {name: float(value) for name, value in rows} == {
        field.name: getattr(weights, field.name) for field in fields(weights)
    }


# -- links and files ------------------------------------------------------------------------------


@pytest.mark.parametrize("page", TEXTS)
def test_links_between_files_resolve(page):
    text = FENCE.sub("", TEXTS[page])
    targets = [link.partition("#")[0] for link in LINK.findall(text) if "://" not in link]
    broken = [each for each in targets if each and not (ROOT / page).parent.joinpath(each).exists()]
    assert broken == []


GONE_WHEN_BUILT = ("docs/_build",)
TO_BE_WRITTEN = ("federation/incoming/move.py", "federation/outgoing/move.py")


@pytest.mark.parametrize("page", TEXTS)
def test_files_named_in_the_documentation_exist(page):
    named = [span for span in spans(TEXTS[page]) if SOURCE.fullmatch(span.rstrip("/"))]
    missing = [
        each
        for each in named
        if not (ROOT / each).exists()
        and not each.startswith(GONE_WHEN_BUILT)
        and each not in TO_BE_WRITTEN
    ]
    assert missing == []


def test_standards_name_a_file_in_each_row():
    text = TEXTS["docs/standards.md"].partition("## Pitfalls")[0]
    rules = [row for row in ROW.findall(text) if not row.startswith(("rule |", "---"))]
    assert [row for row in rules if ".py`" not in row] == []
    assert len(rules) > 40


def test_numbers_that_comments_name_are_in_the_threat_model():
    text = TEXTS["docs/threat-model.md"]
    sources = [
        path.read_text("utf-8")
        for floor in ("catalogue", "federation", "node", "web")
        for path in (ROOT / floor).rglob("*.py")
    ]
    named = {
        number
        for source in sources
        for number in re.findall(r"\b(?:[HF]\d{2}|L\d{1,2})\b", " ".join(_comments(source)))
    }
    assert named <= set(re.findall(r"\b(?:[HF]\d{2}|L\d{1,2})\b", text))


def _comments(source: str) -> list[str]:
    return [*re.findall(r"#.*", source), *re.findall(r'"""(.*?)"""', source, re.DOTALL)]


# -- what federation says of itself ---------------------------------------------------------------


def test_federation_names_its_feps_with_their_state():
    rows = re.findall(r"^\| (FEP-[0-9a-f]{4}.*?) \| (\w+) \|", TEXTS["FEDERATION.md"], re.MULTILINE)
    assert {state for _, state in rows} == {"implemented", "partly", "not"}
    assert len(rows) > 10
    in_code = {
        fep.lower()
        for path in (ROOT / "federation").rglob("*.py")
        for fep in re.findall(r"FEP-[0-9a-f]{4}", path.read_text("utf-8"))
    }
    named = {fep.lower() for fep in re.findall(r"FEP-[0-9a-f]{4}", TEXTS["FEDERATION.md"])}
    assert in_code <= named


def test_federation_names_every_verb_that_is_understood():
    accepted = TEXTS["FEDERATION.md"].partition("## What we accept")[2].partition("## Our")[0]
    cells = " ".join(row.split("|")[0] for row in ROW.findall(accepted))
    assert {verb for verb in VERBS if f"`{verb}`" not in cells} == set()


# -- the tasks ------------------------------------------------------------------------------------


def test_tasks_in_the_documentation_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    tasks = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    named = {
        task
        for text in TEXTS.values()
        for span in (*spans(text), *shell_lines(text))
        for task in re.findall(r"(?:^|&& )make ([a-z]+)", span)
    }
    assert named <= tasks
    assert {"run", "test", "check", "docs", "install"} <= named


def test_nothing_of_a_machine_is_in_the_documentation():
    files = [*PAGES, *(ROOT / "deploy").iterdir(), ROOT / "Makefile", ROOT / ".ci" / "run"]
    files += ROOT.glob("requirements*.lock")
    wrong = re.compile(r"/root/|/work/|/home/|index-url|find-links", re.IGNORECASE)
    assert [path.name for path in files if wrong.search(path.read_text("utf-8"))] == []
