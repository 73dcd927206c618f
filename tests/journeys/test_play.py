"""The playground as a command: three real nodes agree, say what they hold, and can be kept."""

import asyncio
import json
import socket
import sys
from pathlib import Path

from node.playground import sample_world
from tests.journeys.world import free_port

WORLD = sum(len(each["listings"]) for node in sample_world() for each in node["affiliates"])


async def play(*words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "node.cli.main", "play", "--once", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


def row_of_ports(length: int) -> int:
    """Return the first of some ports in a row that are all free."""
    while True:
        first = free_port()
        if all(map(_is_free, range(first + 1, first + length))):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) != 0


async def test_three_nodes_agree_and_say_what_they_hold() -> None:
    code, out, err = await play("--json", "--port", str(row_of_ports(3)))
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert set(said) == {"nodes", "converged", "seconds", "matches", "sign_in"}
    assert said["converged"] is True
    assert [node["listings"] for node in said["nodes"]] == [WORLD] * 3
    assert {len(node) for node in said["nodes"]} == {4}
    abroad = [
        need
        for need in said["matches"]
        if any(offer["node"] != need["node"] for offer in need["offers"])
    ]
    assert 2 * len(abroad) >= len(said["matches"]) > 0
    assert all(offer["reasons"] for need in abroad for offer in need["offers"])


async def test_a_kept_world_comes_back_as_it_was_and_stays_where_it_is(tmp_path: Path) -> None:
    port = row_of_ports(2)
    keep = ("--nodes", "2", "--data", str(tmp_path))
    first = await play(*keep, "--json", "--port", str(port))
    again = await play(*keep, "--json")
    elsewhere = await play(*keep, "--port", str(port + 1))
    assert (first[0], again[0], elsewhere[0]) == (0, 0, 1)
    assert json.loads(again[1])["nodes"] == json.loads(first[1])["nodes"]
    assert elsewhere[2] == (
        f"capx: the node kept in {tmp_path}/node1 is at port {port}, not at {port + 1}\n"
    )
