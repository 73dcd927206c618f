"""The limit of the inbox: bare aiohttp that checks digest and RSA signature, and keeps nothing.

Called with the port and a file of JSON that maps the addresses of keys to PEM.
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
from cryptography.hazmat.primitives.asymmetric import padding, rsa


class Door:
    """Verifies what is posted."""

    def __init__(self, keys: dict[str, str]) -> None:
        self._keys: dict[str, rsa.RSAPublicKey] = {}
        for uri, pem in keys.items():
            key = serialization.load_pem_public_key(pem.encode())
            assert isinstance(key, rsa.RSAPublicKey)
            self._keys[uri] = key

    async def take(self, request: web.Request) -> web.Response:
        """Answer 202 for a request whose digest and signature hold (draft-cavage 2.5)."""
        body = await request.read()
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
            self._keys[said["keyId"].strip('"')].verify(
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
