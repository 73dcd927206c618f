"""The limit of pages: bare aiohttp that gives the bytes and headers the node gave for each address.

Called with the port and a file of JSON: for each address its headers and its body in base64.
"""

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web


async def main(port: int, answers: dict[str, Any]) -> None:
    """Serve until the process is ended."""
    app = web.Application()
    for path, (headers, body) in answers.items():
        app.router.add_get(path, _giving(headers, base64.b64decode(body)))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


def _giving(headers: dict[str, str], body: bytes) -> Any:
    async def give(_: web.Request) -> web.Response:
        return web.Response(body=body, headers=headers)

    return give


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())))
