"""``Digest`` and ``Content-Digest``, which tie a signature to the bytes of the body.

A signature covers header lines only; the digest is the line that speaks for the body. The steps of
a check:

1. one header line, no more (RFC 3230 4.3.2 and RFC 9651 4.2 would join several, which is where
   attacks begin);
2. SHA-256 in it exactly once (RFC 5843 2.2, RFC 9530 5); other algorithms beside it are not read;
3. canonical base64 of 32 bytes, equal to the hash of the raw body.

``Digest`` goes with draft-cavage, ``Content-Digest`` (RFC 9530 2) with RFC 9421. A
``Content-Digest`` that is no dictionary is the sender's mistake and not a lie: 400, as at Mastodon.
"""

import hashlib
import hmac
from collections.abc import Sequence

from federation.errors import Malformed, Unauthenticated
from federation.signatures import strict_base64
from federation.signatures.structured import parse_dictionary


def digest_header(body: bytes) -> str:
    """Return the value of the ``Digest`` header for a body."""
    return f"SHA-256={strict_base64.encode(hashlib.sha256(body).digest())}"


def content_digest_header(body: bytes) -> str:
    """Return the value of the ``Content-Digest`` header for a body (RFC 9530 2)."""
    return f"sha-256=:{strict_base64.encode(hashlib.sha256(body).digest())}:"


def check_digest(values: Sequence[str], body: bytes) -> None:
    """Raise Unauthenticated unless the header's one line holds for the raw body."""
    if len(values) != 1:
        raise Unauthenticated("There must be exactly one Digest header.")
    claimed = _sha256_in(values[0])
    if not hmac.compare_digest(claimed, hashlib.sha256(body).digest()):
        raise Unauthenticated("The Digest does not match the body.")


def check_content_digest(values: Sequence[str], body: bytes) -> None:
    """Raise Unauthenticated unless the header's one line holds for the raw body.

    Malformed is raised for a line that is no dictionary of byte sequences.
    """
    if len(values) != 1:
        raise Unauthenticated("There must be exactly one Content-Digest header.")
    try:
        digests = {name: each.value for name, each in parse_dictionary(values[0]).items()}
    except ValueError as error:
        raise Malformed("The Content-Digest is not a dictionary.") from error
    if not all(isinstance(value, bytes) for value in digests.values()):
        raise Malformed("The Content-Digest is not a dictionary of byte sequences.")
    claimed = digests.get("sha-256")
    if not isinstance(claimed, bytes):
        raise Unauthenticated("The Content-Digest must contain sha-256.")
    if not hmac.compare_digest(claimed, hashlib.sha256(body).digest()):
        raise Unauthenticated("The Content-Digest does not match the body.")


def _sha256_in(line: str) -> bytes:
    found = [value for algorithm, value in _instances(line) if algorithm == "sha-256"]
    if len(found) != 1:
        raise Unauthenticated("The Digest must contain SHA-256 exactly once.")
    try:
        claimed = strict_base64.decode(found[0])
    except ValueError as error:
        raise Unauthenticated("The Digest is not base64.") from error
    if len(claimed) != hashlib.sha256().digest_size:
        raise Unauthenticated("The Digest has a wrong length.")
    return claimed


def _instances(line: str) -> list[tuple[str, str]]:
    # RFC 3230 4.3.2: 1#(algorithm "=" encoded), the algorithm in any case
    instances = []
    for item in line.split(","):
        algorithm, equals, value = item.strip(" \t").partition("=")
        if not (algorithm and equals and value):
            raise Unauthenticated("The Digest is not a list of algorithm=value.")
        instances.append((algorithm.lower(), value))
    return instances
