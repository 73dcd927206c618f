"""Running nodes in an event loop: start one, wait to be told to end."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from node.app import make_app
from node.config import Config

SHUTDOWN_SECONDS = 10.0


def runner_of(app: web.Application) -> web.AppRunner:
    """Return what runs a node's application.

    Bodies are not unpacked: a few bytes could become gigabytes, and no server of the fediverse
    sends them packed.
    """
    return web.AppRunner(
        app, access_log=None, auto_decompress=False, shutdown_timeout=SHUTDOWN_SECONDS
    )


async def start(config: Config) -> web.AppRunner:
    """Start one node in this event loop; its ``cleanup`` ends it."""
    runner = runner_of(make_app(config))
    try:
        await runner.setup()
        await web.TCPSite(runner, config.host, config.port).start()
    except BaseException:
        await runner.cleanup()
        raise
    return runner


async def told_to_end() -> None:
    """Wait for SIGTERM or Ctrl-C."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, told.set)
    await told.wait()


def run_async(work: Coroutine[Any, Any, None]) -> None:
    """Run ``work`` on the faster event loop where it is installed."""
    try:
        import uvloop  # noqa: PLC0415 - an optional extra
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)
