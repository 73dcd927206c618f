"""Another server: real HTTP on this machine, with what it serves and what it was asked for."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from federation.inbox import Letter
from federation.mapping.values import to_bytes
from federation.signatures import cavage
from federation.signatures.keys import PrivateKey, PublicKey
from federation.signatures.request import SignedRequest
from federation.vocabulary import ACTIVITY_JSON
from tests.samples import HERE, NOW


@dataclass
class Foreign:
    """A server whose ``pages`` are documents by path, or statuses; ``asked`` counts requests."""

    pages: dict[str, Any] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    posted: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    base: str = ""

    @property
    def host(self) -> str:
        return self.base.removeprefix("http://")

    def at(self, path: str) -> str:
        return self.base + path

    def serve(self, path: str, document: Any) -> None:
        self.pages[path] = document

    def serve_actor(self, name: str = "ana", **changes: Any) -> dict[str, Any]:
        """Serve an actor at ``/users/NAME``; return its document."""
        uri = self.at(f"/users/{name}")
        document = {
            "id": uri,
            "type": "Person",
            "preferredUsername": name,
            "inbox": f"{uri}/inbox",
            **changes,
        }
        self.pages[f"/users/{name}"] = document
        return document

    async def answer(self, request: web.Request) -> web.Response:
        self.asked[request.path] += 1
        if request.method == "POST":
            self.posted.append((request.path, await request.read(), dict(request.headers)))
        page = self.pages.get(request.path, 404)
        if isinstance(page, web.Response):
            return web.Response(status=page.status, body=page.body, headers=page.headers)
        if isinstance(page, int):
            return web.Response(status=page)
        return web.Response(body=json.dumps(page).encode(), content_type=ACTIVITY_JSON)


@asynccontextmanager
async def foreign_server() -> AsyncIterator[Foreign]:
    foreign = Foreign()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", foreign.answer)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    foreign.base = str(server.make_url("")).rstrip("/")
    try:
        yield foreign
    finally:
        await server.close()


def listed(owner: str, key: PublicKey, name: str = "main-key", **changes: Any) -> dict[str, Any]:
    """Return a key as an actor's document lists it."""
    return {"id": f"{owner}#{name}", "owner": owner, "publicKeyPem": key.pem(), **changes}


def signed_letter(
    activity: dict[str, Any] | bytes,
    key: PrivateKey,
    key_uri: str,
    *,
    date: datetime = NOW,
    path: str = "/inbox",
    host: str = HERE.authority,
    **headers: str,
) -> Letter:
    body = activity if isinstance(activity, bytes) else to_bytes(activity)
    signed = cavage.sign(
        key=key, key_uri=key_uri, method="POST", url=f"https://{host}{path}", date=date, body=body
    )
    lines = {name.lower(): [value] for name, value in {"Host": host, **signed}.items()}
    lines |= {name.replace("_", "-"): [value] for name, value in headers.items()}
    request = SignedRequest(
        method="POST", target=path, host=HERE.authority, headers=lines, body=body
    )
    return Letter(content_type=ACTIVITY_JSON, body=body, request=request)


def signed_get(key: PrivateKey, key_uri: str, path: str) -> SignedRequest:
    signed = cavage.sign(
        key=key, key_uri=key_uri, method="GET", url=HERE.base_url + path, date=NOW, body=None
    )
    lines = {name.lower(): [value] for name, value in {"Host": HERE.authority, **signed}.items()}
    return SignedRequest(method="GET", target=path, host=HERE.authority, headers=lines, body=None)
