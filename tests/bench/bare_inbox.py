"""The limit of the inbox: bare aiohttp that checks digest and signature, and keeps nothing.

By RSA and draft-cavage, or by Ed25519 and RFC 9421 where that is how a request is signed. Called
with the port and a file of JSON that maps the addresses of keys to PEM.
"""

import asyncio
import base64
import hashlib
import json
import sys
from pathlib import Path

import uvloop
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa


class Door:
    """Verifies what is posted."""

    def __init__(self, keys: dict[str, str]) -> None:
        self._rsa: dict[str, rsa.RSAPublicKey] = {}
        self._ed25519: dict[str, ed25519.Ed25519PublicKey] = {}
        for uri, pem in keys.items():
            key = serialization.load_pem_public_key(pem.encode())
            if isinstance(key, rsa.RSAPublicKey):
                self._rsa[uri] = key
            else:
                assert isinstance(key, ed25519.Ed25519PublicKey)
                self._ed25519[uri] = key

    async def take(self, request: web.Request) -> web.Response:
        """Answer 202 for a request whose digest and signature hold."""
        body = await request.read()
        if "Signature-Input" in request.headers:
            return self._rfc9421(request, body)
        return self._cavage(request, body)

    def _rfc9421(self, request: web.Request, body: bytes) -> web.Response:
        """Check the components that our letters cover, in their order (RFC 9421 2.5)."""
        digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        if request.headers["Content-Digest"] != digest:
            return web.Response(status=401)
        params = request.headers["Signature-Input"].removeprefix("sig1=")
        key_uri = params.partition('keyid="')[2].partition('"')[0]
        lines = [
            f'"@method": {request.method}',
            f'"@target-uri": http://{request.headers["Host"]}{request.raw_path}',
            f'"content-digest": {digest}',
            f'"@signature-params": {params}',
        ]
        signature = request.headers["Signature"].removeprefix("sig1=:").removesuffix(":")
        try:
            self._ed25519[key_uri].verify(base64.b64decode(signature), "\n".join(lines).encode())
        except InvalidSignature:
            return web.Response(status=401)
        return web.Response(status=202)

    def _cavage(self, request: web.Request, body: bytes) -> web.Response:
        """Check the headers that our letters sign (draft-cavage 2.5)."""
        digest = f"SHA-256={base64.b64encode(hashlib.sha256(body).digest()).decode()}"
        if request.headers["Digest"] != digest:
            return web.Response(status=401)
        given = request.headers["Signature"].split(",")
        said = dict(pair.split("=", 1) for pair in given)
        lines = [f"(request-target): post {request.raw_path}"]
        lines += [
            f"{name}: {request.headers[name]}" for name in said["headers"].strip('"').split()[1:]
        ]
        try:
            self._rsa[said["keyId"].strip('"')].verify(
                base64.b64decode(said["signature"].strip('"')),
                "\n".join(lines).encode(),
                padding.PKCS1v15(),
                hashes.SHA256(),
            )
        except InvalidSignature:
            return web.Response(status=401)
        return web.Response(status=202)


async def main(port: int, keys: dict[str, str]) -> None:
    """Serve until the process is ended."""
    app = web.Application(client_max_size=1 << 20)
    app.router.add_post("/inbox", Door(keys).take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())))
