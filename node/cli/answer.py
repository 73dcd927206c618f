"""What a command has to say: one JSON document for scripts, a few lines for people."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """``data`` is printed with ``--json``, ``lines`` without it."""

    data: Any
    lines: Sequence[str] = ()


Run = Callable[[argparse.Namespace], Answer | None]


def names(kinds: Iterable[StrEnum]) -> list[str]:
    """Return the values of an enumeration, as they are typed."""
    return [each.value for each in kinds]


def number(text: str) -> int:
    """Return a positive number that the database can hold; for argparse's ``type``."""
    value = int(text)
    if not 0 < value < 2**63:
        raise argparse.ArgumentTypeError(f"{text} is out of range")
    return value


def add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    *,
    run: Run,
    says: str,
    example: str,
    data_help: str = "the node's folder (default: $CAPX_DATA, else ./capx-data)",
) -> argparse.ArgumentParser:
    """Add a command with its help, an example, and what every command takes."""
    parser = commands.add_parser(
        name,
        help=says,
        description=f"{says[0].upper()}{says[1:]}.",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--data", metavar="DIR", help=data_help)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)
    return parser


def add_group(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, says: str
) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    """Add a group of commands, such as ``capx listing …``."""
    parser = commands.add_parser(
        name, help=says, description=f"{says[0].upper()}{says[1:]}.", allow_abbrev=False
    )
    return parser.add_subparsers(required=True, metavar="COMMAND", dest="subcommand")
