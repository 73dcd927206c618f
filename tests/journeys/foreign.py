"""Another server of the fediverse: no node of the exchange, with actors and keys of its own."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from federation.signatures import cavage
from federation.signatures.claim import claim_of
from federation.signatures.keys import PrivateKey, load_rsa_pem, new_rsa_key
from federation.signatures.request import SignedRequest
from tests.journeys.world import ACTIVITY, free_port

AS = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS}#Public"

Json = dict[str, Any]
Reply = Callable[["Letter"], Awaitable[web.Response]]


@cache
def key(number: int) -> PrivateKey:
    """One of the keys that tests share, because making one takes long."""
    del number
    return new_rsa_key()


@dataclass(frozen=True, slots=True)
class Letter:
    """An activity that came to one of our inboxes, and the actor whose key signed it."""

    path: str
    activity: Json
    body: bytes
    signer: str
    at: datetime

    @property
    def type(self) -> str:
        """Its verb."""
        return str(self.activity["type"])


@dataclass(frozen=True, slots=True)
class ForeignActor:
    """An actor of the server, with the key it signs by."""

    uri: str
    key: PrivateKey

    @property
    def key_uri(self) -> str:
        """Where its key is."""
        return f"{self.uri}#main-key"

    @property
    def inbox(self) -> str:
        """Where letters to it go."""
        return f"{self.uri}/inbox"


@dataclass
class ForeignServer:
    """A server that serves documents, checks the signature of every letter, and keeps them all."""

    number: int = 0
    port: int = field(default_factory=free_port)
    documents: dict[str, Json] = field(default_factory=dict)
    media_types: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    reply: Reply | None = None
    welcomes: bool = True
    held: set[str] = field(default_factory=set)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    _actors: dict[str, ForeignActor] = field(default_factory=dict)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _runner: web.AppRunner | None = None
    _session: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> "ForeignServer":
        """Start to listen."""
        app = web.Application()
        app.router.add_get("/{path:.*}", self._show)
        app.router.add_post("/{path:.*}", self._receive)
        self._session = aiohttp.ClientSession()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def stop(self) -> None:
        """Stop to listen."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        assert self._runner is not None
        assert self._session is not None
        await self._runner.cleanup()
        await self._session.close()

    # -- what is on it ------------------------------------------------------------------------

    def actor(self, name: str, type_: str = "Organization", **changes: Any) -> ForeignActor:
        """Add an actor; ``changes`` go into its document."""
        actor = ForeignActor(f"{self.url}/users/{name}", key(10 * self.number + len(self._actors)))
        self._actors[actor.uri] = actor
        document: Json = {
            "@context": [AS, "https://w3id.org/security/v1"],
            "id": actor.uri,
            "type": type_,
            "preferredUsername": name,
            "name": name,
            "inbox": actor.inbox,
            "outbox": f"{actor.uri}/outbox",
            "followers": f"{actor.uri}/followers",
            "published": "2026-01-01T00:00:00Z",
            "updated": "2026-01-01T00:00:00Z",
            "publicKey": {
                "id": actor.key_uri,
                "owner": actor.uri,
                "publicKeyPem": actor.key.public().pem(),
            },
        }
        self.put({**document, **changes})
        return actor

    def catalogue(self, name: str = "catalogue", *items: Json | str) -> ForeignActor:
        """Add an actor that looks like the catalogue of a node of the exchange."""
        collection = f"{self.url}/users/{name}/proposals"
        self.put({"@context": AS, "id": collection, "type": "Collection", "items": list(items)})
        return self.actor(name, "Service", proposals=collection)

    def put(self, document: Json, path: str | None = None, media_type: str = ACTIVITY) -> Json:
        """Serve a document, at its own id or elsewhere."""
        path = path or urlsplit(document["id"]).path
        self.documents[path], self.media_types[path] = document, media_type
        return document

    def proposal(self, by: ForeignActor, name: str = "offer", **changes: Any) -> Json:
        """Return a valid offer of an actor, with ``changes``; it is not served."""
        address = f"{self.url}/notes/{name}"
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "@context": AS,
            "id": address,
            "type": "Note",
            "purpose": "offer",
            "attributedTo": by.uri,
            "published": now,
            "to": [PUBLIC],
            "content": f"<p>{name}</p>",
            "publishes": {
                "id": f"{address}#primary",
                "type": "Intent",
                "action": "deliverService",
                "nameMap": {"en": name},
                "contentMap": {"en": f"<p>{name} is on offer.</p>"},
                "resourceConformsTo": "https://w3id.org/capacity-exchange/capacity/mediation",
                "finished": False,
            },
            **changes,
        }

    def say(self, verb: str, by: ForeignActor, content: Any, **changes: Any) -> Json:
        """Return an activity of an actor."""
        number = self.next_number()
        return {
            "@context": AS,
            "id": f"{self.url}/activities/{number}",
            "type": verb,
            "actor": by.uri,
            "object": content,
            **changes,
        }

    def next_number(self) -> int:
        """Return a number not used before."""
        self._count = getattr(self, "_count", 0) + 1
        return self._count

    # -- letters out --------------------------------------------------------------------------

    async def send(
        self, inbox: str, activity: Json | bytes, by: ForeignActor, **how: Any
    ) -> tuple[int, str]:
        """Sign and post an activity; return the status and what was said."""
        body = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
        return await self.post(inbox, body, signed(inbox, body, by, **how))

    async def post(self, url: str, body: bytes, headers: Any) -> tuple[int, str]:
        """Post bytes with exactly these headers beside the media type."""
        assert self._session is not None
        given = headers if "Content-Type" in headers else {**headers, "Content-Type": ACTIVITY}
        async with self._session.post(url, data=body, headers=given) as response:
            return response.status, await response.text()

    # -- letters in ---------------------------------------------------------------------------

    def got(self, verb: str) -> list[Json]:
        """Return the activities of one verb that came, in the order they came."""
        return [letter.activity for letter in self.letters if letter.type == verb]

    async def _show(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if request.path in self.held:
            await self.released.wait()
        if request.path in self.redirects:
            return web.Response(status=302, headers={"Location": self.redirects[request.path]})
        document = self.documents.get(request.path)
        if document is None:
            return web.json_response({"error": "not found"}, status=404)
        if list(document) == ["status"]:
            return web.Response(status=document["status"])
        headers = {"Content-Type": self.media_types[request.path]}
        return web.Response(body=json.dumps(document).encode(), headers=headers)

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        signer = await self._signer(request, body)
        letter = Letter(request.path, json.loads(body), body, signer, datetime.now(UTC))
        self.letters.append(letter)
        if letter.type == "Follow" and self.welcomes:
            self._later(self._accept(letter.activity))
        return await self.reply(letter) if self.reply else web.Response(status=202)

    async def _signer(self, request: web.Request, body: bytes) -> str:
        """Check a letter as a strict server does; a bad signature fails the test."""
        headers = {name.lower(): request.headers.getall(name) for name in request.headers}
        signed_request = SignedRequest(
            method="POST",
            target=request.raw_path,
            scheme="http",
            host=f"127.0.0.1:{self.port}",
            headers=headers,
            body=body,
        )
        claim = claim_of(signed_request)
        owner = await self._owner_of(claim.key_uri)
        assert owner["publicKey"]["id"] == claim.key_uri
        claim.check(now=datetime.now(UTC), window=timedelta(hours=1))
        claim.verify(load_rsa_pem(owner["publicKey"]["publicKeyPem"]))
        assert json.loads(body)["actor"] == owner["id"]
        return str(owner["id"])

    async def _owner_of(self, key_uri: str) -> Json:
        document = await self.fetch(key_uri.partition("#")[0])
        assert document["publicKey"]["owner"] == document["id"]
        return document

    async def fetch(self, url: str) -> Json:
        """Fetch a document of a node as every server can, unsigned."""
        assert self._session is not None
        async with self._session.get(url, headers={"Accept": ACTIVITY}) as response:
            assert response.status == 200, (url, response.status)
            found: Json = await response.json(content_type=ACTIVITY)
            return found

    async def _accept(self, follow: Json) -> None:
        actor = self._actors[follow["object"]]
        node = await self.fetch(follow["actor"])
        await self.send(node["inbox"], self.say("Accept", actor, follow), actor)

    def _later(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def signed(
    url: str,
    body: bytes | None,
    by: ForeignActor,
    *,
    method: str = "POST",
    key_uri: str | None = None,
    ago: timedelta = timedelta(0),
) -> dict[str, str]:
    """Return the headers of a request that an actor signs."""
    return cavage.sign(
        key=by.key,
        key_uri=key_uri or by.key_uri,
        method=method,
        url=url,
        date=datetime.now(UTC) - ago,
        body=body,
    )
