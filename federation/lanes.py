"""Work that waits for other servers, side by side: one task for each host or actor.

Whatever is slow holds up only its own lane. A lane that ends calls for more work, because some may
have come while it was open.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any


class Lanes:
    """Open tasks by what they are for."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """Build it; ``wake`` is called when a lane ends."""
        self._wake = wake
        self._open: dict[str, asyncio.Task[None]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._open

    def __len__(self) -> int:
        return len(self._open)

    def keys(self) -> list[str]:
        """Return what lanes are open for."""
        return list(self._open)

    def open(self, key: str, work: Coroutine[Any, Any, None]) -> None:
        """Open a lane for ``key``; there is none yet."""
        task = asyncio.create_task(work, name=key)
        self._open[key] = task
        task.add_done_callback(partial(self._end, key))

    async def close(self) -> None:
        """End every lane where it stands; what it was doing is done again later."""
        tasks = list(self._open.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _end(self, key: str, task: asyncio.Task[None]) -> None:
        del self._open[key]
        if not task.cancelled():
            task.result()  # a lane catches what it can; anything else is a bug to be heard of
        self._wake()
