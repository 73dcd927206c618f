"""``capx user``: the people who sign in on this node."""

import argparse
import sys
from getpass import getpass
from pathlib import Path
from typing import Any

from catalogue import members
from catalogue.members import MemberDraft
from catalogue.model import Member, MemberRole
from node.cli.answer import Answer, add_command, add_group, names
from node.cli.opened import opened
from node.config import ConfigError
from web import accounts, passwords

MOST_BYTES = 4096  # read of a file with a password


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the commands of this file."""
    group = add_group(commands, "user", "the people who sign in on this node")
    new = add_command(
        group,
        "add",
        run=run_add,
        says="let a person sign in",
        example="capx user add olena --role steward",
    )
    new.add_argument("name", metavar="NAME", help="what they sign in with: a-z, 0-9 and _")
    new.add_argument("--display-name", metavar="N", default="", help="how they are called")
    new.add_argument("--role", choices=names(MemberRole), default=MemberRole.MEMBER.value)
    _add_password(new)
    add_command(
        group,
        "list",
        run=run_list,
        says="list who may sign in",
        example="capx user list --json",
    )
    role = add_command(
        group,
        "role",
        run=run_role,
        says="say what a person may do",
        example="capx user role olena admin",
    )
    role.add_argument("name", metavar="NAME")
    role.add_argument("role", metavar="ROLE", choices=names(MemberRole))
    for name, run, says in (
        ("disable", run_disable, "shut a person out, and sign them out everywhere"),
        ("enable", run_enable, "let a person sign in again"),
    ):
        each = add_command(group, name, run=run, says=says, example=f"capx user {name} olena")
        each.add_argument("name", metavar="NAME")
    password = add_command(
        group,
        "password",
        run=run_password,
        says="give a person another password, and sign them out everywhere",
        example="capx user password olena",
    )
    password.add_argument("name", metavar="NAME")
    _add_password(password)


def _add_password(parser: argparse.ArgumentParser) -> None:
    """Let a password come from a file or a pipe: on a command line everybody could read it."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--password-file", metavar="FILE", help="read the password from a file")
    source.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )


def run_add(arguments: argparse.Namespace) -> Answer:
    """Take a person in."""
    draft = MemberDraft(
        name=arguments.name,
        display_name=arguments.display_name,
        role=MemberRole(arguments.role),
    )
    with opened(arguments) as (config, database):
        encoded = passwords.hashed(_password(arguments))
        member = database.write_now(accounts.admit_member, draft, encoded)
    return Answer(
        _data(member), [f"{member.name} may sign in at {config.base_url} as {member.role}."]
    )


def run_list(arguments: argparse.Namespace) -> Answer:
    """List who may sign in."""
    with opened(arguments) as (_, database):
        found = database.read_now(lambda store: store.members.list_all())
    return Answer(
        [_data(each) for each in found], [_line(each) for each in found] or ["Nobody yet."]
    )


def run_role(arguments: argparse.Namespace) -> Answer:
    """Give a person another role."""
    with opened(arguments) as (_, database):
        role = MemberRole(arguments.role)
        member = database.write_now(members.set_role, arguments.name, role)
    return Answer(_data(member), [f"{member.name} is {member.role} now."])


def run_disable(arguments: argparse.Namespace) -> Answer:
    """Shut a person out."""
    with opened(arguments) as (_, database):
        member = database.write_now(accounts.disable, arguments.name)
    return Answer(_data(member), [f"{member.name} is signed out and cannot sign in any more."])


def run_enable(arguments: argparse.Namespace) -> Answer:
    """Let a person in again."""
    with opened(arguments) as (_, database):
        member = database.write_now(members.set_disabled, arguments.name, is_disabled=False)
    return Answer(_data(member), [f"{member.name} may sign in again."])


def run_password(arguments: argparse.Namespace) -> Answer:
    """Give a person another password."""
    with opened(arguments) as (_, database):
        database.read_now(members.get_member, arguments.name)
        encoded = passwords.hashed(_password(arguments))
        member = database.write_now(accounts.set_password, arguments.name, encoded)
    return Answer(_data(member), [f"{member.name} has another password and is signed out."])


def _password(arguments: argparse.Namespace) -> str:
    """Return the password that was given; raise Invalid for one that nobody should have."""
    if arguments.password_file:
        password = _first_line(Path(arguments.password_file).read_bytes()[:MOST_BYTES])
    elif arguments.password_stdin:
        password = _first_line(sys.stdin.buffer.read(MOST_BYTES))
    elif sys.stdin.isatty():
        password = getpass("Password: ")
        if getpass("The same again: ") != password:
            raise ConfigError("these were two different passwords")
    else:
        raise ConfigError("give a password: --password-file FILE or --password-stdin")
    passwords.check(password, name=arguments.name)
    return password


def _first_line(read: bytes) -> str:
    try:
        return (read.decode("utf-8").splitlines() or [""])[0]
    except UnicodeDecodeError:
        raise ConfigError("the password is not text in UTF-8") from None


def _data(member: Member) -> dict[str, Any]:
    return {
        "name": member.name,
        "display_name": member.display_name,
        "role": member.role.value,
        "is_disabled": member.is_disabled,
        "created": member.created.isoformat(),
    }


def _line(member: Member) -> str:
    state = "  (disabled)" if member.is_disabled else ""
    return f"{member.name:24} {member.role:8} {member.display_name}{state}"
