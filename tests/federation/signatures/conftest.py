"""Keys made once for all tests of this room, and the example documents."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from federation.signatures.keys import PrivateKey, new_ed25519_key, new_rsa_key

WIRE = Path(__file__).parents[2] / "fixtures" / "wire"


@pytest.fixture(scope="session")
def rsa_key() -> PrivateKey:
    return new_rsa_key()


@pytest.fixture(scope="session")
def other_rsa_key() -> PrivateKey:
    return new_rsa_key()


@pytest.fixture(scope="session")
def ed25519_key() -> PrivateKey:
    return new_ed25519_key()


@pytest.fixture(scope="session")
def wire() -> Callable[[str], dict[str, Any]]:
    def load(name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((WIRE / name).read_text())
        return document

    return load
