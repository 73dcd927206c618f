"""What a node is to hold, and having a tree make it."""

import json
import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.bench.child import Child, run
from tests.bench.letters import Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A node in ``folder`` that listens on ``port``.

    ``senders`` maps affiliates elsewhere, which it follows, to their keys by address. It published
    ``publish`` listings of its own, whose deliveries to all ``followers`` (inboxes) wait in the
    queue.
    """

    folder: str
    port: int
    listings: int = 0
    senders: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    followers: Sequence[str] = ()
    publish: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """A folder with a node in it, of one tree."""

    root: Path
    folder: Path
    port: int

    def copy(self, name: str) -> "Made":
        """Return a copy that may be written to, in the place of an earlier one."""
        folder = self.folder.with_name(f"{self.folder.name}-{name}")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        return Made(self.root, folder, self.port)

    def serve(self) -> Child:
        """Return the node of this folder as a process to start."""
        log = self.folder.with_suffix(".log")
        return Child(self.root, "node.cli.main", "serve", "--data", str(self.folder), log=log)

    @property
    def database(self) -> Path:
        """Its database file."""
        return self.folder / "node.db"


def make(root: Path, plan: Plan) -> Made:
    """Have a tree make the node of a plan."""
    file = Path(plan.folder).with_suffix(".json")
    file.write_text(json.dumps(asdict(plan)))
    run(root, "tests.bench.fill", str(file))
    return Made(root, Path(plan.folder), plan.port)


def keys_of(who: Sequence[Sender]) -> dict[str, dict[str, str]]:
    """Return senders as a plan names them."""
    return {
        each.uri: {each.key_uri: each.pem, each.proving_uri: each.proving.public().multibase()}
        for each in who
    }


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
