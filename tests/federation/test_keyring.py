from datetime import timedelta

import pytest

from federation.keyring import Keyring, MissingKeyError, new_keys
from federation.signatures import cavage
from federation.signatures.keys import load_multibase, load_rsa_pem
from federation.signatures.request import SignedRequest
from tests.samples import HERE, NOW

OWNER = HERE.actor("delta")


@pytest.fixture(scope="module")
def pair():
    return new_keys(OWNER, NOW)


@pytest.fixture
def keyed(store, pair):
    for key in pair:
        store.keys.put_own(key)
    return store


def test_new_keys_are_one_of_each_kind(pair):
    assert [(key.uri, key.owner, key.algorithm, key.created) for key in pair] == [
        (f"{OWNER}#main-key", OWNER, "rsa", NOW),
        (f"{OWNER}#ed25519-key", OWNER, "ed25519", NOW),
    ]
    assert "PRIVATE" not in repr(Keyring())


def test_public_halves_can_be_read(keyed):
    public = Keyring().public_keys(keyed, OWNER)
    assert load_rsa_pem(public.rsa_pem).algorithm == "rsa"
    assert load_multibase(public.ed25519_multibase).algorithm == "ed25519"
    assert "PRIVATE" not in public.rsa_pem


def test_signed_request_verifies(keyed):
    keyring = Keyring()
    signer = keyring.request_signer(keyed, OWNER)
    headers = signer.headers("POST", "https://peer.example/inbox", date=NOW, body=b"{}")
    lines = {name.lower(): [value] for name, value in headers.items()}
    lines.setdefault("host", ["peer.example"])
    request = SignedRequest(
        method="POST", target="/inbox", host="peer.example", headers=lines, body=b"{}"
    )
    params = cavage.signature_of(request.headers)
    assert params.key_uri == f"{OWNER}#main-key"
    key = load_rsa_pem(keyring.public_keys(keyed, OWNER).rsa_pem)
    cavage.check_request(params, request, now=NOW, window=timedelta(hours=1))
    cavage.verify(params, request, key, now=NOW, window=timedelta(hours=1))


def test_actor_without_keys_is_an_error_f22(store):
    keyring = Keyring()
    for attempt in (
        lambda: keyring.request_signer(store, OWNER),
        lambda: keyring.public_keys(store, OWNER),
        lambda: keyring.prove(store, {"@context": []}, owner=OWNER, at=NOW),
    ):
        with pytest.raises(MissingKeyError, match="delta"):
            attempt()
