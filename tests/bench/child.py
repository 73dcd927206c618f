"""Other processes: each is started, waited for, asked, measured and ended by its own handle."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

READY_SECONDS = 60.0
END_SECONDS = 12.0
TICKS = os.sysconf("SC_CLK_TCK")


class Child:
    """A Python module running in a process of its own, as a context manager.

    ``root`` is the tree whose product it imports. It says it is ready by its first line on standard
    output. The log it writes is shown when it fails.
    """

    def __init__(self, root: Path, module: str, *words: str, log: Path) -> None:
        self._command = [sys.executable, "-m", module, *words]
        self._root = root
        self._log = log
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        began = time.perf_counter()
        with self._log.open("a") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own modules
                self._command,
                cwd=self._root,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment(self._root),
            )
        try:
            self.greeting = self._line(READY_SECONDS)
        except BaseException:
            self.end()
            raise
        self.seconds_to_ready = time.perf_counter() - began
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    @property
    def process(self) -> "subprocess.Popen[str]":
        """The handle of the running process."""
        if self._process is None:
            raise RuntimeError("the child has not been started")
        return self._process

    def ask(self, question: Any, seconds: float = 120.0) -> Any:
        """Send one line of JSON and return the line of JSON that answers it."""
        stdin = self.process.stdin
        assert stdin is not None
        stdin.write(json.dumps(question) + "\n")
        stdin.flush()
        return json.loads(self._line(seconds))

    def cpu(self) -> float:
        """Return the seconds of CPU it has used, in user and system time, with all its threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def megabytes(self) -> float:
        """Return its resident memory."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("this system does not say how much memory a process has")

    def end(self) -> None:
        """End it: politely, then at once."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def _line(self, seconds: float) -> str:
        """Return its next line; raise what it logged when there is none."""
        stdout = self.process.stdout
        assert stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            line = stdout.readline() if selector.select(seconds) else ""
        if not line:
            tail = "\n".join(self._log.read_text().splitlines()[-15:])
            raise RuntimeError(f"{self._command[2]} said nothing; its log ends with:\n{tail}")
        return line


def run(root: Path, module: str, *words: str) -> str:
    """Run a module of a tree to its end and return what it printed."""
    return subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, "-m", module, *words],
        cwd=root,
        env=environment(root),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def environment(root: Path) -> dict[str, str]:
    """Return the environment in which ``root`` is where the product is imported from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CAPX_")}
    return {**kept, "PYTHONPATH": str(root), "CAPX_LOG": "ERROR"}


def serve_answers(answers: Any) -> None:
    """In a child: say ready, then answer each line of JSON by the method it names."""
    print("ready", flush=True)
    for line in sys.stdin:
        question: dict[str, Any] = json.loads(line)
        print(json.dumps(getattr(answers, question.pop("what"))(**question)), flush=True)


def median_of(numbers: Sequence[float], share: float = 0.5) -> float:
    """Return the number below which a share of the others lies."""
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
