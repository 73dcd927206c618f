"""One running node for each folder, by a real second process (F20)."""

import os
import subprocess
import sys

import pytest

from node.lock import AlreadyRunningError, locked

TRY = """
import sys
from pathlib import Path
from node.lock import AlreadyRunningError, locked
try:
    with locked(Path(sys.argv[1])):
        print("mine", flush=True)
        if sys.argv[2] == "hold":
            sys.stdin.read()
except AlreadyRunningError as error:
    print(error)
    sys.exit(1)
"""


def command(path, how):
    return [sys.executable, "-c", TRY, os.fspath(path), how]


def attempt(path):
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command(path, "try"), capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.strip()


def test_second_process_is_refused_and_told_who_runs_f20(tmp_path):
    path = tmp_path / "node.lock"
    with locked(path):
        code, said = attempt(path)
    assert code == 1
    assert said == f"the node in {tmp_path} is running already (process {os.getpid()})"
    assert attempt(path) == (0, "mine")


def test_lock_ends_with_its_process_even_killed(tmp_path):
    path = tmp_path / "node.lock"
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        command(path, "hold"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "mine\n"
        with pytest.raises(AlreadyRunningError, match=str(other.pid)), locked(path):
            pass
        other.kill()
    with locked(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_lock_is_let_go_after_an_error(tmp_path):
    path = tmp_path / "node.lock"
    with pytest.raises(KeyError), locked(path):
        raise KeyError
    with locked(path):
        assert path.exists()
    assert path.stat().st_mode & 0o777 == 0o600
