"""The limit of starting: a process that imports what the node stands on, and waits."""

import sys

import aiohttp.web
import cryptography.hazmat.primitives.asymmetric.rsa
import jinja2
import uvloop

LIBRARIES = (aiohttp.web, cryptography, jinja2, uvloop)

if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.read()
