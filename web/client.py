"""Whom a request is counted for: what the node found out before it came to this door."""

from aiohttp import web

CLIENT = web.RequestKey("web_client", str)  # none for what comes from this node's own side
OWN_SIDE = "own side"


def client_of(request: web.Request) -> str:
    """Return the name to count a request by; all from this node's own side share one."""
    client: str = request.get(CLIENT, OWN_SIDE)
    return client
