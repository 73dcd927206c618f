"""Other nodes' inboxes: a server on many loopback addresses that takes everything, or hangs.

Called with a port, a number of hosts and how many of the last of them hang: those read what is sent
and never answer. Asked on standard input, it tells how much came and when.
"""

import asyncio
import json
import socket
import sys
import time

import uvloop

ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


def addresses(number: int) -> list[str]:
    """Return addresses of this machine alone, each a host of its own."""
    return [f"127.0.{1 + index // 200}.{1 + index % 200}" for index in range(number)]


def inboxes(port: int, number: int) -> list[str]:
    """Return the inboxes of so many hosts."""
    return [f"http://{address}:{port}/inbox" for address in addresses(number)]


class Tally:
    """How many requests came whole to healthy hosts, and when the last one did."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.count, self.last = 0, 0.0

    def note(self) -> None:
        self.last = time.perf_counter()
        self.count += 1

    def as_json(self) -> str:
        return json.dumps({"count": self.count, "last": self.last})


class Host(asyncio.Protocol):
    """One connection; a request is its head and as many bytes as it says."""

    def __init__(self, tally: Tally | None) -> None:
        self._tally = tally
        self._got = bytearray()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._tally is None:
            return
        self._got += data
        while (size := self._whole()) is not None:
            del self._got[:size]
            self._tally.note()
            self._transport.write(ANSWER)

    def _whole(self) -> int | None:
        """Return the length of the first request, None while it is not here whole."""
        end = self._got.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = bytes(self._got[:end]).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r")[0])
        size = end + 4 + length
        return size if len(self._got) >= size else None


async def main(port: int, hosts: int, hanging: int) -> None:
    """Serve and answer questions until standard input ends."""
    loop, tally = asyncio.get_running_loop(), Tally()
    for index, address in enumerate(addresses(hosts)):
        its = tally if index < hosts - hanging else None
        await loop.create_server(
            lambda its=its: Host(its), address, port, family=socket.AF_INET, backlog=1024
        )
    print("ready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if json.loads(line) == "reset":
            tally.reset()
        print(tally.as_json(), flush=True)


if __name__ == "__main__":
    uvloop.run(main(*map(int, sys.argv[1:4])))
