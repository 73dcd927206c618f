"""Requests as bytes on a socket: what no client library would let through."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})")


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back until the connection was closed."""

    status: int
    head: bytes
    body: bytes


async def send(port: int, data: bytes, *, seconds: float = 20.0) -> RawAnswer:
    """Send bytes and read the answer to its end; the request must ask to close."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(seconds):
            writer.write(data)
            answer = await reader.read()
    finally:
        writer.close()
    found = _STATUS.match(answer)
    head, _, body = answer.partition(b"\r\n\r\n")
    return RawAnswer(int(found[1]) if found else 0, head, body)


def request(
    method: str,
    target: str | bytes,
    host: str,
    headers: Mapping[str, str | bytes | tuple[str | bytes, ...]] | None = None,
    body: bytes = b"",
) -> bytes:
    """Return a request with exactly this target; a header named here takes the place of ours.

    A tuple makes several lines, an empty value none.
    """
    given: dict[str, str | bytes | tuple[str | bytes, ...]] = {
        "Host": host,
        "Connection": "close",
    }
    if body or method in {"POST", "PUT", "PATCH"}:
        given["Content-Length"] = str(len(body))
    given |= headers or {}
    lines = [
        _bytes(name) + b": " + _bytes(value)
        for name, values in given.items()
        for value in (values if isinstance(values, tuple) else (values,))
        if value
    ]
    first = _bytes(method) + b" " + _bytes(target) + b" HTTP/1.1"
    return b"\r\n".join([first, *lines, b"", body])


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
