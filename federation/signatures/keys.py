"""Keys that sign and keys that verify; the library behind them stays in this file.

Two kinds are spoken here, and no third: RSA with PKCS#1 v1.5 and SHA-256, which every server knows
(RFC 8017 8.2), and Ed25519 (RFC 8032). A stranger's key is read in steps:

1. a text of bearable size that is one public PEM block, or one multibase text (FEP-521a);
2. a kind that is spoken here: an elliptic curve or a key for encryption is not;
3. an RSA key of 2048 to 8192 bits whose exponent is odd, at least 3 and at most 2^32, so that it
   is neither breakable nor slow to verify.
"""

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from federation.errors import Unauthenticated
from federation.signatures import base58

Algorithm: TypeAlias = Literal["rsa", "ed25519"]

MAX_PEM_LENGTH: Final = 16 * 1024
MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
MAX_RSA_EXPONENT: Final = 2**32

_PEM_LABELS: Final = ("PUBLIC KEY", "RSA PUBLIC KEY")
_ED25519_PREFIX: Final = b"\xed\x01"  # multicodec ed25519-pub as a varint, FEP-521a


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A key that verifies."""

    _native: RSAPublicKey | Ed25519PublicKey = field(repr=False)

    @property
    def algorithm(self) -> Algorithm:
        """Say which of the two kinds it is."""
        return "rsa" if isinstance(self._native, RSAPublicKey) else "ed25519"

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Tell whether the signature over the data was made with this key's other half."""
        try:
            if isinstance(self._native, RSAPublicKey):
                self._native.verify(signature, data, PKCS1v15(), SHA256())
            else:
                self._native.verify(signature, data)
        except InvalidSignature:
            return False
        return True

    def pem(self) -> str:
        """Write it as a SubjectPublicKeyInfo PEM block, the form of ``publicKeyPem``."""
        form = PublicFormat.SubjectPublicKeyInfo
        return self._native.public_bytes(Encoding.PEM, form).decode("ascii")

    def multibase(self) -> str:
        """Write an Ed25519 key as ``publicKeyMultibase``; ValueError for an RSA key."""
        if isinstance(self._native, RSAPublicKey):
            raise ValueError("only Ed25519 is published as multibase")  # noqa: TRY004
        # FEP-521a: base58btc of the multicodec prefix and the 32 bytes
        return base58.to_multibase(_ED25519_PREFIX + self._native.public_bytes_raw())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrivateKey:
    """A key that signs. It is never shown: neither its repr nor an error contains it."""

    _native: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    @property
    def algorithm(self) -> Algorithm:
        """Say which of the two kinds it is."""
        return "rsa" if isinstance(self._native, RSAPrivateKey) else "ed25519"

    def sign(self, data: bytes) -> bytes:
        """Sign with RSA PKCS#1 v1.5 and SHA-256, or with Ed25519."""
        if isinstance(self._native, RSAPrivateKey):
            return self._native.sign(data, PKCS1v15(), SHA256())
        return self._native.sign(data)

    def public(self) -> PublicKey:
        """Return the half that may be published."""
        return PublicKey(_native=self._native.public_key())

    def pem(self) -> str:
        """Write it as an unencrypted PKCS#8 PEM block, for the node's own shelf only."""
        pem = self._native.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return pem.decode("ascii")


def new_rsa_key() -> PrivateKey:
    """Make an RSA key of 2048 bits, the size every server accepts."""
    return PrivateKey(_native=generate_private_key(public_exponent=65537, key_size=2048))


def new_ed25519_key() -> PrivateKey:
    """Make an Ed25519 key."""
    return PrivateKey(_native=Ed25519PrivateKey.generate())


def load_private_key(pem: str) -> PrivateKey:
    """Read a key that this node wrote itself; ValueError when it is anything else."""
    try:
        # Validation costs 30 to 40 ms for each RSA key, and this one is our own.
        native = load_pem_private_key(
            pem.encode("ascii"), password=None, unsafe_skip_rsa_key_validation=True
        )
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("the stored private key cannot be read") from error
    if not isinstance(native, RSAPrivateKey | Ed25519PrivateKey):
        raise ValueError("the stored private key is neither RSA nor Ed25519")  # noqa: TRY004
    return PrivateKey(_native=native)


def load_public_pem(pem: str) -> PublicKey:
    """Read one PEM block holding an RSA or Ed25519 public key; else raise Unauthenticated."""
    block = _single_block(pem)
    try:
        native = load_pem_public_key(block)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Unauthenticated("The public key cannot be read.") from error
    if isinstance(native, RSAPublicKey):
        _check_rsa_strength(native)
        return PublicKey(_native=native)
    if isinstance(native, Ed25519PublicKey):
        return PublicKey(_native=native)
    raise Unauthenticated("The public key is neither RSA nor Ed25519.")


def load_rsa_pem(pem: str) -> PublicKey:
    """Read an actor's ``publicKeyPem``, which is RSA by custom; else raise Unauthenticated.

    An Ed25519 key is announced as a Multikey under ``assertionMethod`` (FEP-521a), not here.
    """
    key = load_public_pem(pem)
    if key.algorithm != "rsa":
        raise Unauthenticated("The publicKeyPem is not an RSA key.")
    return key


def load_key(material: str) -> PublicKey:
    """Read another actor's key as its document has it, PEM or multibase; else Unauthenticated."""
    is_pem = material.lstrip().startswith("-----")
    return load_rsa_pem(material) if is_pem else load_multibase(material)


def load_multibase(text: str) -> PublicKey:
    """Read ``publicKeyMultibase`` of an Ed25519 Multikey; else raise Unauthenticated."""
    # FEP-521a: 'z' says base58btc, the first two bytes say Ed25519
    try:
        data = base58.from_multibase(text)
    except ValueError as error:
        raise Unauthenticated("The multibase key is not base58btc.") from error
    if not data.startswith(_ED25519_PREFIX):
        raise Unauthenticated("The multibase key is not an Ed25519 key.")
    raw = data.removeprefix(_ED25519_PREFIX)
    if len(raw) != 32:
        raise Unauthenticated("The multibase key has a wrong length.")
    return PublicKey(_native=Ed25519PublicKey.from_public_bytes(raw))


def _single_block(pem: str) -> bytes:
    # The library reads the first block it finds and forgives text around it, so a second key
    # could hide behind the one that is shown.
    text = pem.strip() if len(pem) <= MAX_PEM_LENGTH else ""
    for label in _PEM_LABELS:
        begin, end = f"-----BEGIN {label}-----", f"-----END {label}-----"
        if text.startswith(begin) and text.endswith(end) and text.isascii():
            inside = text.removeprefix(begin).removesuffix(end)
            if "-" not in inside:
                return text.encode("ascii") + b"\n"
    raise Unauthenticated("The public key is not one public PEM block.")


def _check_rsa_strength(key: RSAPublicKey) -> None:
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise Unauthenticated("The RSA key must have 2048 to 8192 bits.")
    exponent = key.public_numbers().e
    if not (3 <= exponent <= MAX_RSA_EXPONENT and exponent % 2 == 1):
        raise Unauthenticated("The exponent of the RSA key is not acceptable.")
