"""The command ``capx``: reads the command line, does what it says, ends with its exit code.

0 done, 1 it failed, with one line on standard error that says why, 2 wrong usage.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence

from catalogue.errors import CatalogueError
from federation.errors import FederationError
from federation.keyring import MissingKeyError
from node import log
from node.cli import (
    affiliate,
    draft,
    finding,
    following,
    inquiry,
    keys,
    listing,
    members,
    moderating,
    operating,
    playing,
    relaying,
    running,
    topic,
)
from node.cli.answer import Answer
from node.config import ConfigError, software_version
from node.lock import AlreadyRunningError

FAILURES = (
    CatalogueError,
    ConfigError,
    FederationError,
    AlreadyRunningError,
    MissingKeyError,
    OSError,
)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    said = sys.argv[1:] if words is None else list(words)
    if any(not _is_text(word) for word in said):
        print("capx: an argument is not text in UTF-8", file=sys.stderr)
        return 2
    arguments = parser().parse_args(said)
    log.configure()
    try:
        answer = arguments.run(arguments)
    except FAILURES as error:
        print(f"capx: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if answer is not None:
        return show(answer, as_json=arguments.json)
    return 0


def _is_text(word: str) -> bool:
    """Say whether an argument is text: bytes that are none reach Python as lone surrogates."""
    return word.isascii() or not any("\ud800" <= char <= "\udfff" for char in word)


def show(answer: Answer, *, as_json: bool) -> int:
    """Print what a command has to say; return the exit code, 1 when nobody reads to the end."""
    text = json.dumps(answer.data, ensure_ascii=False, indent=2)
    try:
        print(text if as_json else "\n".join(answer.lines), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the whole command line."""
    top = argparse.ArgumentParser(
        prog="capx",
        description="A node of the Capacity Exchange: offers and needs of Wikimedia affiliates.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"capx {software_version()}")
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="command")
    groups = (
        running,
        playing,
        affiliate,
        listing,
        inquiry,
        draft,
        following,
        topic,
        relaying,
        finding,
        keys,
        operating,
        members,
        moderating,
    )
    for group in groups:
        group.add(commands)
    return top


if __name__ == "__main__":
    sys.exit(main())
