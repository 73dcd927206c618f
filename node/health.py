"""Whether the process lives and whether it can work, for whoever watches over it."""

from aiohttp import web

from node.storage.database import Database
from node.storage.sql import StorageError
from node.storage.store import NodeStore
from node.worker import Worker


class Health:
    """Answers for ``/livez`` and ``/readyz``."""

    def __init__(self, database: Database[NodeStore], worker: Worker) -> None:
        self._database = database
        self._worker = worker

    async def live(self, _: web.Request) -> web.Response:
        """Say that the process answers."""
        return web.Response(text="alive\n")

    async def ready(self, _: web.Request) -> web.Response:
        """Say whether the database can be read and the worker runs."""
        try:
            await self._database.read(lambda store: store.listings.find(""))
        except StorageError:
            return web.Response(status=503, text="the database cannot be read\n")
        if not self._worker.is_alive:
            return web.Response(status=503, text="the worker does not run\n")
        return web.Response(text="ready\n")
