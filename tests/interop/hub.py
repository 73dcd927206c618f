"""Our node as an operator runs it: a process, the command line, and what the world can ask it."""

import asyncio
import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.interop.rig import Rig
from tests.journeys.processes import CAPX, ROOT
from tests.journeys.world import ACTIVITY, rows

READY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Taken:
    """An activity that came in: what became of it, and why if nothing did."""

    uri: str
    state: str
    reason: str | None


@dataclass
class Hub:
    """One node and its folder."""

    rig: Rig
    folder: Path
    process: subprocess.Popen[str] | None = field(default=None, repr=False)

    # -- its life -----------------------------------------------------------------------------

    def start(self) -> "Hub":
        """Make it unless it is there, run it, and wait until it is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / "capx.toml").exists():
            words = ("init", "--domain", self.rig.domain, "--listen", self.rig.listen)
            self._run(*words, "--name", "Interop hub")
        with self._errors.open("w") as said:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                [*CAPX, "serve", "--data", str(self.folder), "--listen", self.rig.listen],
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                cwd=ROOT,
                env=self.rig.environment(),
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("ready: "), self.said()
        return self

    def stop(self) -> None:
        """Ask it to end."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.communicate(timeout=READY_SECONDS)

    def said(self) -> str:
        """Return what it wrote to standard error in this run: errors only."""
        return self._errors.read_text()

    @property
    def _errors(self) -> Path:
        return self.folder / "stderr"

    # -- the command line ---------------------------------------------------------------------

    async def capx(self, *words: str) -> Any:
        """Run a command and return what it says as JSON; fail when it does."""
        return await asyncio.to_thread(self._run, *words)

    def _run(self, *words: str) -> Any:
        ended = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, *CAPX[1:], *words, "--data", str(self.folder), "--json"],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=self.rig.environment(),
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    # -- what it knows ------------------------------------------------------------------------

    def taken_from(self, server: str) -> list[Taken]:
        """Return what the actors of a server sent, oldest first."""
        sql = "SELECT uri, state, reason FROM inbox WHERE actor LIKE ? ORDER BY seq"
        return [Taken(*row) for row in rows(self.folder / "node.db", sql, f"{server}/%")]

    def name_of(self, actor: str) -> str:
        """Return how it calls an actor of another server."""
        ((name,),) = rows(self.folder / "node.db", "SELECT name FROM actor WHERE uri = ?", actor)
        return str(name)

    async def get(self, path: str) -> Any:
        """Ask for one of its documents, as the world does."""
        url = path if path.startswith("https:") else self.rig.node + path
        connector = aiohttp.TCPConnector(ssl=self.rig.tls())
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get(url, headers={"Accept": ACTIVITY}) as response,
        ):
            return await response.json(content_type=None) if response.status == 200 else None

    async def followers(self, handle: str) -> int:
        """Say how many follow one of its actors."""
        return int((await self.get(f"/actors/{handle}/followers"))["totalItems"])
