"""Nodes as an operator runs them: processes of their own, which can be killed."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from node.config import Config
from node.setup import NodeDatabase, open_database

CAPX = (sys.executable, "-W", "error", "-m", "node.cli.main")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str


async def capx(*words: str) -> Ended:
    """Run one command to its end."""
    process = await asyncio.create_subprocess_exec(
        *CAPX, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT
    )
    out, err = await process.communicate()
    return Ended(process.returncode or 0, out.decode(), err.decode())


@dataclass
class Served:
    """A node that runs in a process of its own."""

    config: Config
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> "Served":
        """Start it, and wait until it says that it is ready."""
        with (self.config.data / "stderr").open("ab") as said:
            self.process = await asyncio.create_subprocess_exec(
                *(*CAPX, "serve", "--data", str(self.config.data)),
                stdout=asyncio.subprocess.PIPE,
                stderr=said,
                cwd=ROOT,
                env={**os.environ, "CAPX_LOG": "ERROR"},
            )
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            line = await self.process.stdout.readline()
        assert line.startswith(b"ready: "), self.said()
        return self

    async def kill(self) -> None:
        """End it without warning, in the middle of whatever it does."""
        await self._end(signal.SIGKILL)

    async def tell_to_end(self) -> int:
        """Ask it to end, as a supervisor does; return its exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
        async with asyncio.timeout(30):
            await process.communicate()
        assert process.returncode is not None
        return process.returncode

    def said(self) -> str:
        """Return what it wrote to standard error, ever: errors only."""
        return (self.config.data / "stderr").read_text()

    @contextlib.contextmanager
    def opened(self) -> Iterator[NodeDatabase]:
        """Open its database beside it, as a command does."""
        database = open_database(self.config)
        try:
            yield database
        finally:
            database.close()
