"""Passwords: hashed with Argon2id (RFC 9106); the one file of this door that knows cryptography.

What is kept is a PHC string, which says its own parameters, so that a password hashed with older
ones still opens and is hashed anew when its owner signs in.
"""

import os
import unicodedata

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from catalogue.errors import Invalid, Problem

MIN_LENGTH = 10  # characters
MAX_LENGTH = 256
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
SALT_BYTES = 16
HASH_BYTES = 32

_PARAMETERS = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$"


def check(password: str, *, name: str) -> None:
    """Raise Invalid for a password that nobody should have."""
    problems = []
    if len(password) < MIN_LENGTH:
        problems.append(f"must have at least {MIN_LENGTH} characters")
    if len(password) > MAX_LENGTH:
        problems.append(f"must have at most {MAX_LENGTH} characters")
    if name.lower() == password.lower() or len(set(password)) < 4:
        problems.append("is too easy to guess")
    if problems:
        raise Invalid([Problem(field="password", message=each) for each in problems])


def hashed(password: str) -> str:
    """Return what is kept of a password; takes about 40 ms and 19 MiB."""
    return _hasher(os.urandom(SALT_BYTES)).derive_phc_encoded(_bytes(password))


def opens(password: str, encoded: str | None) -> bool:
    """Say whether a password is the one that was hashed, in a time that tells nothing.

    Where there is none to compare with, one is hashed all the same.
    """
    if encoded is None or len(password) > MAX_LENGTH:
        hashed(password[:MAX_LENGTH])
        return False
    try:
        Argon2id.verify_phc_encoded(_bytes(password), encoded)
    except InvalidKey:
        return False
    return True


def is_outdated(encoded: str) -> bool:
    """Say whether a kept hash was made with other parameters than today's."""
    return not encoded.startswith(_PARAMETERS)


def _hasher(salt: bytes) -> Argon2id:
    return Argon2id(
        salt=salt, length=HASH_BYTES, iterations=PASSES, lanes=LANES, memory_cost=MEMORY_KIB
    )


def _bytes(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace")
