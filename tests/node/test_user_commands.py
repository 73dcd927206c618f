"""``capx user``: who signs in, as people and scripts manage it."""

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from node.cli.main import main
from node.config import load
from node.setup import open_database
from web import passwords

GOOD = "a lake below the hills"


@pytest.fixture
def capx(tmp_path, capsys, monkeypatch):
    """Run a command on a node; return its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text(f"{GOOD}\nsecond line\n", "utf-8")

    def run(*words):
        try:
            code = main([*words, "--data", "hub"])
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return code, said.out, said.err

    run("init", "--domain", "hub.example")
    return run


@pytest.fixture
def user(capx):
    """Run a user command that must succeed; return its JSON."""

    def run(*words):
        code, out, err = capx("user", *words, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    return run


def kept(name):
    """Return what is kept of a member's password."""
    database = open_database(load(Path("hub"), {}))
    try:
        return database.read_now(
            lambda store: store.passwords.find(store.members.find_by_name(name).id)
        )
    finally:
        database.close()


def test_member_is_added_listed_changed_and_shut_out(user):
    added = user("add", "Olena", "--display-name", "О. К.", "--password-file", "secret")
    assert {name: added[name] for name in added if name != "created"} == {
        "name": "olena",
        "display_name": "О. К.",
        "role": "member",
        "is_disabled": False,
    }
    assert passwords.opens(GOOD, kept("olena"))
    assert user("role", "olena", "steward") == added | {"role": "steward"}
    assert user("disable", "olena")["is_disabled"] is True
    assert user("list") == [added | {"role": "steward", "is_disabled": True}]
    assert user("enable", "olena")["is_disabled"] is False


def test_password_comes_from_a_pipe(user, monkeypatch):
    def pipe(text):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    pipe(f"{GOOD}\r\n")
    user("add", "olena", "--password-stdin")
    assert passwords.opens(GOOD, kept("olena"))
    pipe("another lake, another hill")
    user("password", "olena", "--password-stdin")
    assert passwords.opens("another lake, another hill", kept("olena"))


def test_password_is_asked_for_twice_at_a_terminal_and_not_shown(capx, tmp_path):
    def typed(first, second):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "node.cli.main", "user", "add", "olena", "--data", "hub"],
            stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path,
            start_new_session=True, env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
        )  # fmt: skip
        with open(ours, "wb", buffering=0) as keys:  # noqa: PTH123 - a terminal
            said = b""
            for prompt, line in ((b"Password: ", first), (b"again: ", second)):
                while not said.endswith(prompt):  # what is typed before it is thrown away
                    said += os.read(process.stderr.fileno(), 100)
                keys.write(f"{line}\n".encode())
            out, err = process.communicate(timeout=60)
        return process.returncode, out.decode(), (said + err).decode()

    code, out, err = typed(GOOD, "something else entirely")
    assert (code, "two different" in err, GOOD in out + err) == (1, True, False)
    code, out, err = typed(GOOD, GOOD)
    assert (code, "olena may sign in" in out, GOOD in out + err) == (0, True, False)
    assert passwords.opens(GOOD, kept("olena"))


@pytest.mark.parametrize(
    ("words", "word", "expected"),
    [
        (["add", "olena"], "--password-file", 1),
        (["add", "a b", "--password-file", "secret"], "name", 1),
        (["add", "olena", "--password-file", "nothing"], "nothing", 1),
        (
            ["add", "olena", "--password-file", "x", "--password-stdin"],
            "not allowed",
            2,
        ),
        (["add", "olena", "--role", "king", "--password-file", "secret"], "king", 2),
        (["add", "olena", "--password", GOOD], "--password", 2),
        (["role", "nobody", "admin"], "nobody", 1),
        (["disable", "nobody"], "nobody", 1),
        (["password", "nobody", "--password-file", "secret"], "nobody", 1),
    ],
)
def test_command_that_cannot_be_says_why(capx, words, word, expected, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    code, out, err = capx("user", *words)
    assert (code, out, word in err) == (expected, "", True)


def test_name_that_is_taken_and_password_that_is_weak_are_refused(capx, user, tmp_path):
    user("add", "olena", "--password-file", "secret")
    code, _, err = capx("user", "add", "OLENA", "--password-file", "secret")
    assert (code, "taken" in err) == (1, True)
    (tmp_path / "weak").write_text("short\n")
    code, _, err = capx("user", "password", "olena", "--password-file", "weak")
    assert (code, "at least 10" in err, "short" in err) == (1, True, False)
    assert passwords.opens(GOOD, kept("olena"))
