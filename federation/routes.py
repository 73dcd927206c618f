"""One table of what is served to machines, and the one place where refusals become answers.

Each handler reads the request, asks :mod:`federation.endpoints` or the inbox, and writes JSON. A
refusal is answered as ``application/problem+json`` (RFC 9457) that says what was wrong; nothing a
stranger sends ends in a 5xx, but for 503 where the sender's own server cannot be asked for its key.
"""

import asyncio
import json
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

from aiohttp import web
from multidict import CIMultiDictProxy

from catalogue.addresses import CATALOGUE_HANDLE, Addresses, Path
from catalogue.errors import Invalid, Unavailable
from catalogue.policy import ANYONE, Viewer
from federation import endpoints
from federation.admission import Admission
from federation.errors import (
    Gone,
    Malformed,
    Overloaded,
    Refused,
    TooLarge,
    TooMany,
    TryLater,
    Unauthenticated,
    UnsupportedMedia,
)
from federation.inbox import Inbox, Letter
from federation.keyring import Keyring
from federation.mapping.values import to_bytes
from federation.ports import Database
from federation.settings import Settings
from federation.signatures.request import SignedRequest
from federation.vocabulary import ACTIVITY_JSON, JRD_JSON

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

VARY = "Accept, Signature"
RETRY_AFTER = "120"
ANYWHERE = {"Access-Control-Allow-Origin": "*"}  # RFC 7033 5; apps in a browser look here first
OVERLOADED = "30"
PRIVATE = {"Cache-Control": "private, no-store"}  # what was shown to one reader only (L32, H78)

# Shown to everybody even where a signature is asked for: what it takes to check one, so that two
# such servers do not wait for each other, and what says where to look.
UNSIGNED = frozenset(
    {
        Path.INSTANCE,
        Path.ACTOR,
        Path.PROFILE,
        Path.WEBFINGER,
        Path.HOST_META,
        Path.NODEINFO_INDEX,
        Path.NODEINFO,
    }
)

# Served where federation is off: what says so, and nothing else.
NO_FEDERATION = frozenset({Path.NODEINFO_INDEX, Path.NODEINFO})

CLIENT = web.RequestKey("client", str)  # whom a request is counted for; none for our own side


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row of the table: ``method`` at ``path`` is answered by ``handler``."""

    method: str
    path: str
    handler: Handler


def routes(
    database: Database,
    inbox: Inbox,
    keyring: Keyring,
    *,
    addresses: Addresses,
    settings: Settings,
    admission: Admission | None = None,
) -> list[Route]:
    """Return every row for machines."""
    admission = admission or Admission(settings.rates)
    door = _Door(database, inbox, keyring, addresses, settings, admission)
    gets: dict[Path, Handler] = {
        Path.INSTANCE: door.instance,
        Path.INSTANCE_OUTBOX: door.instance_outbox,
        Path.ACTOR: door.actor,
        Path.PROFILE: door.actor,
        Path.ACTOR_OUTBOX: door.outbox,
        Path.ACTOR_FOLLOWERS: partial(door.count, endpoints.followers),
        Path.ACTOR_FOLLOWING: partial(door.count, endpoints.following),
        Path.ACTOR_FEATURED: door.featured,
        Path.ACTOR_PROPOSALS: door.proposals,
        Path.NODE_PROPOSALS: door.proposals,
        Path.CATALOGUE_DIGEST: door.digest,
        Path.ACTOR_ANNOUNCE: door.activity,
        Path.ACTIVITY: door.activity,
        Path.LISTING: door.listing,
        Path.LISTING_CREATE: door.listing_create,
        Path.LISTING_REPLIES: door.replies,
        Path.MESSAGE: door.message,
        Path.MESSAGE_CREATE: door.activity,
        Path.STAMP: door.stamp,
        Path.WEBFINGER: door.webfinger,
        Path.HOST_META: door.host_meta,
        Path.HOST_META_JSON: door.host_meta_json,
        Path.NODEINFO_INDEX: door.nodeinfo_index,
        Path.NODEINFO: door.nodeinfo,
    }
    posts: dict[Path, Handler] = {
        Path.SHARED_INBOX: door.shared_inbox,
        Path.INSTANCE_INBOX: door.shared_inbox,
        Path.ACTOR_INBOX: door.actor_inbox,
    }
    return [
        *(
            Route(
                method="GET",
                path=path,
                handler=_answering(call if path in UNSIGNED else door.signed_only(call)),
            )
            for path, call in gets.items()
        ),
        *(
            Route(method="POST", path=path, handler=_answering(call))
            for path, call in posts.items()
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Door:
    """What the handlers share."""

    database: Database
    inbox: Inbox
    keyring: Keyring
    addresses: Addresses
    settings: Settings
    admission: Admission

    # -- inboxes ------------------------------------------------------------------------------

    async def shared_inbox(self, request: web.Request) -> web.StreamResponse:
        """Take an activity in for whomever it concerns (AP 7.1.3)."""
        body = await self._body(request)
        await self.inbox.take(
            Letter(
                content_type=request.headers.get("Content-Type", ""),
                body=body,
                request=_signed(request, self.addresses, body),
                client=request.get(CLIENT),
            )
        )
        return web.Response(status=202)

    async def actor_inbox(self, request: web.Request) -> web.StreamResponse:
        """Take an activity in for one actor of this node (AP 7.1)."""
        await self.database.read(endpoints.get_local, request.match_info["handle"].lower())
        return await self.shared_inbox(request)

    async def _body(self, request: web.Request) -> bytes:
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise UnsupportedMedia("send the body as it is, without Content-Encoding")
        if (request.content_length or 0) > self.settings.inbox_bytes:
            raise TooLarge(f"at most {self.settings.inbox_bytes} bytes")
        try:
            async with asyncio.timeout(self.settings.body_seconds):
                return await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except web.HTTPRequestEntityTooLarge:
            raise TooLarge(f"at most {self.settings.inbox_bytes} bytes") from None
        except web.RequestPayloadError:
            raise Malformed("the body cannot be read to its end") from None

    # -- actors -------------------------------------------------------------------------------

    async def actor(self, request: web.Request) -> web.StreamResponse:
        """Serve an actor's document."""
        handle = request.match_info["handle"].lower()
        document = await self.database.read(endpoints.actor, self.keyring, handle)
        if self.settings.authorized_fetch and await self._reader(request) is None:
            document = endpoints.stub(document)
        return _json(document)

    async def instance(self, request: web.Request) -> web.StreamResponse:
        """Serve the instance actor's document, to unsigned requests too."""
        del request
        authority = self.addresses.authority
        return _json(await self.database.read(endpoints.actor, self.keyring, authority))

    # -- collections --------------------------------------------------------------------------

    async def count(
        self, read: Callable[[Any, str], dict[str, Any]], request: web.Request
    ) -> web.StreamResponse:
        """Serve a collection that shows its size only."""
        return _json(await self.database.read(read, request.match_info["handle"].lower()))

    async def featured(self, request: web.Request) -> web.StreamResponse:
        """Serve what stands at the head of an affiliate's profile."""
        handle = request.match_info["handle"].lower()
        return _json(await self.database.read(endpoints.featured, self.keyring, handle))

    async def outbox(self, request: web.Request) -> web.StreamResponse:
        """Serve an actor's outbox."""
        return await self._outbox(request, request.match_info["handle"].lower())

    async def instance_outbox(self, request: web.Request) -> web.StreamResponse:
        """Serve the instance actor's outbox."""
        return await self._outbox(request, self.addresses.authority)

    async def _outbox(self, request: web.Request, handle: str) -> web.StreamResponse:
        document = await self.database.read(
            endpoints.outbox,
            handle,
            page="page" in request.query,
            before=request.query.get("before"),
            limit=self.settings.outbox_items,
        )
        return _json(document)

    async def proposals(self, request: web.Request) -> web.StreamResponse:
        """Serve the open listings of an actor, or of the whole node."""
        viewer = await self._viewer(request)
        document = await self.database.read(
            endpoints.proposals,
            self.keyring,
            request.match_info.get("handle", CATALOGUE_HANDLE).lower(),
            cursor=request.query.get("cursor"),
            page="page" in request.query,
            viewer=viewer,
            limit=self.settings.page_items,
        )
        return _json(document, headers=_keeping(viewer))

    async def digest(self, request: web.Request) -> web.StreamResponse:
        """Serve the digests of the catalogue's buckets, or the members of one bucket."""
        viewer, name = await self._viewer(request), request.query.get("bucket")
        if name is None:
            return _json(await self.database.read(endpoints.digests, viewer))
        return _json(await self.database.read(endpoints.bucket, name, viewer))

    # -- listings and activities --------------------------------------------------------------

    async def listing(self, request: web.Request) -> web.StreamResponse:
        """Serve a listing as its object, or the Tombstone in its place."""
        listing_id = request.match_info["id"]
        viewer = await self._viewer_of(request, listing_id)
        try:
            return _json(
                await self.database.read(endpoints.listing, self.keyring, listing_id, viewer),
                headers=_keeping(viewer),
            )
        except Gone:
            return _json(await self.database.read(endpoints.tombstone, listing_id), status=410)

    async def listing_create(self, request: web.Request) -> web.StreamResponse:
        """Serve the Create of a listing."""
        listing_id = request.match_info["id"]
        viewer = await self._viewer_of(request, listing_id)
        return _json(
            await self.database.read(endpoints.listing_create, self.keyring, listing_id, viewer),
            headers=_keeping(viewer),
        )

    async def replies(self, request: web.Request) -> web.StreamResponse:
        """Serve the replies to a listing."""
        listing_id = request.match_info["id"]
        viewer = await self._viewer_of(request, listing_id)
        page = "page" in request.query
        document = await self.database.read(endpoints.replies, listing_id, viewer, page=page)
        return _json(document, headers=_keeping(viewer))

    async def message(self, request: web.Request) -> web.StreamResponse:
        """Serve an answer as its object, or the Tombstone in its place."""
        message_id = request.match_info["id"]
        is_public = await self.database.read(endpoints.is_public_message, message_id)
        asker = _signed(request, self.addresses, None)
        reader = None if is_public else await self.inbox.reader(asker)
        try:
            document = await self.database.read(endpoints.message, self.keyring, message_id, reader)
        except Gone:
            gone = await self.database.read(endpoints.message_tombstone, message_id)
            return _json(gone, status=410)
        return _json(document, headers={} if is_public else {"Cache-Control": "no-store"})

    async def stamp(self, request: web.Request) -> web.StreamResponse:
        """Serve the consent to a quote."""
        stamp_id = request.match_info["id"]
        return _json(await self.database.read(endpoints.stamp, self.keyring, stamp_id))

    async def activity(self, request: web.Request) -> web.StreamResponse:
        """Serve a public activity as it went out."""
        uri = self.addresses.base_url + request.path
        found = await self.database.read(endpoints.activity, uri)
        return _bytes(found.body)

    async def _viewer_of(self, request: web.Request, listing_id: str) -> Viewer:
        """Return who asks for a listing; nobody looks when it is public."""
        if await self.database.read(endpoints.is_public_listing, listing_id):
            return ANYONE
        return await self._viewer(request)

    async def _viewer(self, request: web.Request) -> Viewer:
        reader = await self._reader(request)
        viewer = await self.database.read(endpoints.viewer_for, reader)
        if viewer.is_peer:
            self.admission.greet(request.get(CLIENT))
        return viewer

    async def _reader(self, request: web.Request) -> str | None:
        return await self.inbox.reader(_signed(request, self.addresses, None))

    def signed_only(self, call: Handler) -> Handler:
        """Wrap what is shown to signed requests only, where the operator wants it so."""
        if not self.settings.authorized_fetch:
            return call

        @wraps(getattr(call, "func", call))
        async def answer(request: web.Request) -> web.StreamResponse:
            if await self._reader(request) is None:
                raise Unauthenticated("this node shows this to signed requests only")
            return await call(request)

        return answer

    # -- discovery ----------------------------------------------------------------------------

    async def webfinger(self, request: web.Request) -> web.StreamResponse:
        """Answer who is meant by an address."""
        resource, rels = request.query.get("resource", ""), request.query.getall("rel", [])
        document = await self.database.read(endpoints.webfinger, resource, rels)
        return _json(document, media_type=JRD_JSON, headers=ANYWHERE)

    async def host_meta(self, request: web.Request) -> web.StreamResponse:
        """Say where WebFinger is asked."""
        del request
        text = endpoints.host_meta(self.addresses)
        return web.Response(
            text=text, content_type="application/xrd+xml", charset="utf-8", headers=ANYWHERE
        )

    async def host_meta_json(self, request: web.Request) -> web.StreamResponse:
        """Say the same as JSON."""
        del request
        document = endpoints.host_meta_json(self.addresses)
        return _json(document, media_type="application/json", headers=ANYWHERE)

    async def nodeinfo_index(self, request: web.Request) -> web.StreamResponse:
        """Say where NodeInfo is."""
        del request
        document = endpoints.nodeinfo_index(self.addresses)
        return _json(document, media_type="application/json", headers=ANYWHERE)

    async def nodeinfo(self, request: web.Request) -> web.StreamResponse:
        """Say what this node is."""
        version = request.match_info["version"]
        document = await self.database.read(endpoints.nodeinfo, version, self.settings)
        schema = f"{endpoints.NODEINFO_SCHEMA}/{version}#"
        media_type = f'application/json; profile="{schema}"'
        return _json(document, media_type=media_type, headers=ANYWHERE)


# -- requests and answers -------------------------------------------------------------------------


def _signed(request: web.Request, addresses: Addresses, body: bytes | None) -> SignedRequest:
    """Return a request as far as a signature can cover it, with our own name for the host."""
    return SignedRequest(
        method=request.method,
        target=request.raw_path,
        scheme=addresses.base_url.partition("://")[0],
        host=addresses.authority,
        headers=_lines(request.headers),
        body=body,
    )


def _lines(headers: CIMultiDictProxy[str]) -> Mapping[str, list[str]]:
    lines: dict[str, list[str]] = {}
    for name, value in headers.items():
        lines.setdefault(name.lower(), []).append(value)
    return lines


def _keeping(viewer: Viewer) -> Mapping[str, str] | None:
    """Return who may keep an answer: nobody, when it was made for one reader."""
    return None if viewer == ANYONE else PRIVATE


def _json(
    document: Mapping[str, Any],
    *,
    status: int = 200,
    media_type: str = ACTIVITY_JSON,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    return _bytes(to_bytes(document), status=status, media_type=media_type, headers=headers)


def _bytes(
    body: bytes,
    *,
    status: int = 200,
    media_type: str = ACTIVITY_JSON,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    return web.Response(
        body=body,
        status=status,
        headers={"Content-Type": f"{media_type}; charset=utf-8", "Vary": VARY, **(headers or {})},
    )


def _answering(call: Handler) -> Handler:
    """Wrap a handler so that refusals become answers."""

    @wraps(getattr(call, "func", call))
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await call(request)
        except TooMany as many:
            again = {"Retry-After": str(math.ceil(many.retry_after))}
            return problem(many.status, many.code, str(many), again)
        except Refused as refused:
            log.info("refused", extra={"path": request.path, "code": refused.code})
            anywhere = ANYWHERE if request.path == Path.WEBFINGER else None
            return problem(refused.status, refused.code, str(refused), anywhere)
        except Overloaded as later:
            return problem(later.status, later.code, str(later), {"Retry-After": OVERLOADED})
        except TryLater as later:
            log.info("put off", extra={"path": request.path, "reason": str(later)})
            return problem(later.status, later.code, str(later), {"Retry-After": RETRY_AFTER})
        except Invalid as invalid:
            return problem(400, invalid.code, str(invalid))
        except Unavailable as error:
            # the cause was logged with its trace where the database refused
            log.error("cannot answer", extra={"path": request.path, "reason": str(error)})  # noqa: TRY400
            detail = "this node cannot reach its database now; nothing was done"
            return problem(503, error.code, detail, {"Retry-After": RETRY_AFTER})

    return answer


def problem(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return an error as RFC 9457 has it: what went wrong, in words that are safe to send."""
    return web.Response(
        status=status,
        body=json.dumps({"title": code, "status": status, "detail": detail}).encode(),
        headers={"Content-Type": "application/problem+json", "Vary": VARY, **(headers or {})},
    )
