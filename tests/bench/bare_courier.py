"""The limit of delivery: sign and POST over kept-alive connections, with no queue and no checks.

Called with the port of the sink, the number of hosts, how many bodies each gets and their size.
"""

import asyncio
import json
import resource
import sys
import time

import aiohttp
import uvloop
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.bench.letters import sign
from tests.bench.sink import addresses

LANES = 4  # requests under way to one host, as in the node


async def main(port: int, hosts: int, bodies: int, size: int) -> None:
    """Send everything, and print when it began and the seconds of CPU that it took."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=LANES)
    async with aiohttp.ClientSession(connector=connector) as session:
        began, before = time.perf_counter(), _cpu()
        async with asyncio.TaskGroup() as lanes:
            for address in addresses(hosts):
                waiting = iter([bytes([index % 256]) * size for index in range(bodies)])
                for _ in range(LANES):
                    lanes.create_task(_lane(session, key, f"{address}:{port}", waiting))
        print(json.dumps([began, _cpu() - before]))


async def _lane(session: aiohttp.ClientSession, key: rsa.RSAPrivateKey, host: str, waiting) -> None:
    for body in waiting:
        headers = sign(key, "https://bench.example/actor#main-key", host, "/inbox", body)
        headers["Content-Type"] = "application/activity+json"
        async with session.post(f"http://{host}/inbox", data=body, headers=headers) as answer:
            await answer.read()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    uvloop.run(main(*map(int, sys.argv[1:5])))
