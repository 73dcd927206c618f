"""Keys: ours come back from their text, a stranger's is judged (H17, H18)."""

import base64
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import Unauthenticated
from federation.signatures import base58
from federation.signatures.keys import (
    PrivateKey,
    PublicKey,
    load_multibase,
    load_private_key,
    load_public_pem,
    load_rsa_pem,
    new_ed25519_key,
)

NOT_ONE_BLOCK = "The public key is not one public PEM block."
UNREADABLE = "The public key cannot be read."
OTHER_KIND = "The public key is neither RSA nor Ed25519."
BAD_SIZE = "The RSA key must have 2048 to 8192 bits."
BAD_EXPONENT = "The exponent of the RSA key is not acceptable."

# FEP-8b32 and vc-di-eddsa B.3 use this pair
FEP_SEED = bytes.fromhex("c96ef9ea10c5e414c471723aff9de72c35fa5b70fae97e8832ecac7d2e2b8ed6")
FEP_PUBLIC = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"


def private_from_seed(seed: bytes) -> PrivateKey:
    native = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    pem = native.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return load_private_key(pem.decode())


def public_pem(native) -> str:
    return native.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def rsa_pem(*, bits: int, exponent: int = 65537) -> str:
    """An RSA public key that nobody holds the other half of; making a real one takes seconds."""
    return public_pem(rsa.RSAPublicNumbers(exponent, 2 ** (bits - 1) + 1).public_key())


def pkcs1_pem(*, modulus: int, exponent: int) -> str:
    """A PKCS#1 block written by hand, for numbers the library would not write."""
    numbers = _der(2, _der_int(modulus)) + _der(2, _der_int(exponent))
    text = base64.encodebytes(_der(0x30, numbers)).decode()
    return f"-----BEGIN RSA PUBLIC KEY-----\n{text}-----END RSA PUBLIC KEY-----\n"


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def _der_int(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big")


def refusal(pem: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        load_public_pem(pem)
    return str(caught.value)


def multibase_refusal(text: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        load_multibase(text)
    return str(caught.value)


# ---- our own keys ----------------------------------------------------------------------------


@pytest.fixture(params=["rsa", "ed25519"])
def key(request: pytest.FixtureRequest) -> PrivateKey:
    found: PrivateKey = request.getfixturevalue(f"{request.param}_key")
    assert found.algorithm == request.param
    return found


def test_key_signs_what_its_public_half_verifies(key: PrivateKey) -> None:
    signature = key.sign(b"data")
    assert key.public().verify(signature, b"data") is True
    assert key.public().verify(signature, b"dat4") is False
    assert key.public().verify(bytes([signature[0] ^ 1]) + signature[1:], b"data") is False


def test_key_comes_back_from_its_pem(key: PrivateKey) -> None:
    loaded = load_private_key(key.pem())
    assert loaded.algorithm == key.algorithm
    assert loaded.public() == key.public()
    assert key.public().verify(loaded.sign(b"data"), b"data") is True


def test_public_key_comes_back_from_its_pem(key: PrivateKey) -> None:
    loaded = load_public_pem(key.public().pem())
    assert loaded.algorithm == key.algorithm
    assert loaded == key.public()


@pytest.mark.parametrize("signature", [b"", b"x", bytes(64), bytes(256), bytes(5000)])
def test_signature_of_any_length_is_false_and_no_error(key: PrivateKey, signature: bytes) -> None:
    assert key.public().verify(signature, b"data") is False


def test_signature_of_another_key_is_false(
    rsa_key: PrivateKey, other_rsa_key: PrivateKey, ed25519_key: PrivateKey
) -> None:
    assert other_rsa_key.public().verify(rsa_key.sign(b"data"), b"data") is False
    assert new_ed25519_key().public().verify(ed25519_key.sign(b"data"), b"data") is False
    assert rsa_key.public().verify(ed25519_key.sign(b"data"), b"data") is False


def test_new_rsa_key_has_2048_bits(rsa_key: PrivateKey) -> None:
    assert len(rsa_key.sign(b"data")) == 2048 // 8


def test_rsa_signature_is_pkcs1_and_so_always_the_same(rsa_key: PrivateKey) -> None:
    assert rsa_key.sign(b"data") == rsa_key.sign(b"data")


def test_keys_do_not_show_themselves(key: PrivateKey) -> None:
    assert repr(key) == "PrivateKey()"
    assert repr(key.public()) == "PublicKey()"


def test_private_key_is_pkcs8_without_password(key: PrivateKey) -> None:
    assert key.pem().startswith("-----BEGIN PRIVATE KEY-----\n")


def test_own_rsa_key_loads_without_validation(rsa_key: PrivateKey) -> None:
    pem = rsa_key.pem()
    start = time.perf_counter()
    for _ in range(20):
        load_private_key(pem)
    assert time.perf_counter() - start < 20 * 0.010  # validation would take 0.030 each


def test_own_key_that_is_broken_is_a_value_error(rsa_key: PrivateKey) -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    locked = curve.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    plain = curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for pem in ("", "é", rsa_key.public().pem(), locked.decode()):
        with pytest.raises(ValueError, match=r"^the stored private key cannot be read$"):
            load_private_key(pem)
    with pytest.raises(ValueError, match=r"^the stored private key is neither RSA nor Ed25519$"):
        load_private_key(plain.decode())


# ---- multibase, FEP-521a ---------------------------------------------------------------------


def test_multibase_of_the_fep_8b32_key() -> None:
    public = private_from_seed(FEP_SEED).public()
    assert public.multibase() == FEP_PUBLIC
    assert load_multibase(FEP_PUBLIC) == public


def test_multibase_comes_back(ed25519_key: PrivateKey) -> None:
    assert load_multibase(ed25519_key.public().multibase()) == ed25519_key.public()


def test_multibase_is_for_ed25519_only(rsa_key: PrivateKey) -> None:
    with pytest.raises(ValueError, match=r"^only Ed25519 is published as multibase$"):
        rsa_key.public().multibase()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The multibase key is not base58btc."),
        (FEP_PUBLIC[1:], "The multibase key is not base58btc."),
        (FEP_PUBLIC + "\n", "The multibase key is not base58btc."),
        ("u" + FEP_PUBLIC[1:], "The multibase key is not base58btc."),
        ("z" + "0" * 47, "The multibase key is not base58btc."),
        ("z" + "2" * 1_000_000, "The multibase key is not base58btc."),
        ("z", "The multibase key is not an Ed25519 key."),
        (base58.to_multibase(bytes(34)), "The multibase key is not an Ed25519 key."),
        (base58.to_multibase(b"\xec\x01" + bytes(32)), "The multibase key is not an Ed25519 key."),
        (base58.to_multibase(b"\xe7\x01" + bytes(33)), "The multibase key is not an Ed25519 key."),
        (base58.to_multibase(b"\xed\x01"), "The multibase key has a wrong length."),
        (base58.to_multibase(b"\xed\x01" + bytes(31)), "The multibase key has a wrong length."),
        (base58.to_multibase(b"\xed\x01" + bytes(33)), "The multibase key has a wrong length."),
    ],
)
def test_multibase_of_something_else_is_refused(text: str, message: str) -> None:
    assert multibase_refusal(text) == message


@given(st.text() | st.text().map("z{}".format) | st.binary(max_size=128).map(base58.to_multibase))
def test_multibase_of_strangers_raises_nothing_else(text: str) -> None:
    try:
        key = load_multibase(text)
    except Unauthenticated:
        return
    assert key.multibase() == text


# ---- a stranger's PEM ------------------------------------------------------------------------


def test_pem_in_pkcs1_form_is_accepted(rsa_key: PrivateKey) -> None:
    native = rsa_key.public()._native
    pem = native.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
    assert pem.startswith("-----BEGIN RSA PUBLIC KEY-----")
    assert load_public_pem(pem) == rsa_key.public()


@pytest.mark.parametrize(
    "change",
    [
        str.strip,
        lambda pem: f"\n  {pem}\n\n",
        lambda pem: pem.replace("\n", "\r\n"),
    ],
)
def test_pem_may_have_other_white_space(rsa_key: PrivateKey, change) -> None:
    assert load_public_pem(change(rsa_key.public().pem())) == rsa_key.public()


def test_pem_of_the_wire_example_is_read(wire) -> None:
    actor = wire("actor.json")
    assert load_rsa_pem(actor["publicKey"]["publicKeyPem"]).algorithm == "rsa"
    assert load_multibase(actor["assertionMethod"][0]["publicKeyMultibase"]).algorithm == "ed25519"


@pytest.mark.parametrize(
    "native",
    [
        ec.generate_private_key(ec.SECP256R1()).public_key(),
        ec.generate_private_key(ec.SECP256K1()).public_key(),
        ed448.Ed448PrivateKey.generate().public_key(),
        x25519.X25519PrivateKey.generate().public_key(),
        x448.X448PrivateKey.generate().public_key(),
        dsa.generate_private_key(1024).public_key(),  # noqa: S505
    ],
    ids=lambda native: type(native).__name__,
)
def test_h17_key_of_another_kind_is_refused(native) -> None:
    assert refusal(public_pem(native)) == OTHER_KIND


def test_h17_ed25519_is_refused_as_public_key_pem(
    rsa_key: PrivateKey, ed25519_key: PrivateKey
) -> None:
    with pytest.raises(Unauthenticated, match=r"^The publicKeyPem is not an RSA key\.$"):
        load_rsa_pem(ed25519_key.public().pem())
    assert load_rsa_pem(rsa_key.public().pem()) == rsa_key.public()


def test_h17_private_key_is_refused(key: PrivateKey) -> None:
    assert refusal(key.pem()) == NOT_ONE_BLOCK


def test_h17_two_blocks_are_refused(rsa_key: PrivateKey, other_rsa_key: PrivateKey) -> None:
    one, other = rsa_key.public().pem(), other_rsa_key.public().pem()
    for pem in (one + other, one + one, one + rsa_key.pem(), rsa_key.pem() + one):
        assert refusal(pem) == NOT_ONE_BLOCK


def test_h17_a_megabyte_is_refused_at_once(rsa_key: PrivateKey) -> None:
    pem = rsa_key.public().pem()
    start = time.perf_counter()
    assert refusal(pem + "\n" * 1_000_000) == NOT_ONE_BLOCK
    assert refusal(pem.replace("\n", "\n" * 200_000, 1)) == NOT_ONE_BLOCK
    assert refusal(rsa_pem(bits=120_000)) == NOT_ONE_BLOCK
    assert time.perf_counter() - start < 0.25


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda _: "-----BEGIN PUBLIC KEY-----",
        lambda _: "-----BEGIN PUBLIC KEY-----END PUBLIC KEY-----",
        lambda pem: f"hello\n{pem}",
        lambda pem: f"{pem}hello",
        lambda pem: pem.replace("PUBLIC KEY", "CERTIFICATE"),
        lambda pem: pem.replace("BEGIN PUBLIC KEY", "BEGIN RSA PUBLIC KEY"),
        lambda pem: pem.replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n", 1),
        lambda pem: pem.replace("A", "é", 1),
    ],
)
def test_h17_text_around_or_inside_the_block_is_refused(rsa_key: PrivateKey, change) -> None:
    assert refusal(change(rsa_key.public().pem())) == NOT_ONE_BLOCK


@pytest.mark.parametrize("inside", ["", "!!!!", "AAAA", "MIIB"])
def test_h17_block_without_a_key_is_refused(inside: str) -> None:
    pem = f"-----BEGIN PUBLIC KEY-----\n{inside}\n-----END PUBLIC KEY-----\n"
    assert refusal(pem) == UNREADABLE


@pytest.mark.parametrize("bits", [512, 1024, 2047, 8193, 16384])
def test_h18_rsa_of_a_wrong_size_is_refused(bits: int) -> None:
    assert refusal(rsa_pem(bits=bits)) == BAD_SIZE


@pytest.mark.parametrize("bits", [2048, 3072, 4096, 8192])
def test_h18_rsa_of_a_right_size_is_accepted(bits: int) -> None:
    assert load_public_pem(rsa_pem(bits=bits)).algorithm == "rsa"


@pytest.mark.parametrize("exponent", [2**32 + 1, 2**40 + 1, 2**512 + 1])
def test_h18_huge_exponent_is_refused(exponent: int) -> None:
    assert refusal(rsa_pem(bits=2048, exponent=exponent)) == BAD_EXPONENT


@pytest.mark.parametrize("exponent", [3, 17, 65537, 2**32 - 1])
def test_h18_usual_exponent_is_accepted(exponent: int) -> None:
    assert load_public_pem(rsa_pem(bits=2048, exponent=exponent)).algorithm == "rsa"
    assert load_public_pem(pkcs1_pem(modulus=2**2047 + 1, exponent=exponent)).algorithm == "rsa"


@pytest.mark.parametrize("exponent", [0, 1, 2, 65536])
def test_h18_even_or_tiny_exponent_is_refused(exponent: int) -> None:
    # cryptography already refuses these; the rule stays ours should that change
    assert refusal(pkcs1_pem(modulus=2**2047 + 1, exponent=exponent)) == UNREADABLE


def _pem_of(der: bytes) -> str:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n"


ED25519_DER = bytes.fromhex("302a300506032b6570032100") + bytes(range(32))


@st.composite
def spoiled_ders(draw: st.DrawFn) -> bytes:
    der = bytearray(ED25519_DER)
    for _ in range(draw(st.integers(0, 3))):
        der[draw(st.integers(0, len(der) - 1))] = draw(st.integers(0, 255))
    return bytes(der[: draw(st.integers(0, len(der)))]) if draw(st.booleans()) else bytes(der)


@given(st.text() | st.binary(max_size=200).map(_pem_of) | spoiled_ders().map(_pem_of))
def test_pem_of_strangers_raises_nothing_else(pem: str) -> None:
    try:
        key = load_public_pem(pem)
    except Unauthenticated:
        return
    assert isinstance(key, PublicKey)
    assert key.verify(bytes(64), b"data") is False
