"""The Digest header: H03, H05, H06."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import Unauthenticated
from federation.signatures.digest import check_digest, digest_header

# RFC 5843 2.2 gives the form, RFC 3230 4.3.2 the list; the hash is that of b"hello world\n"
BODY = b"hello world\n"
SHA256 = "qUiQTy8PR5uPgZdpSzAYSw0u0cHNKh7A+4XSmaGSpEc="
RIGHT = f"SHA-256={SHA256}"
WRONG = digest_header(b"other")
SHA512 = f"SHA-512={base64.b64encode(hashlib.sha512(BODY).digest()).decode()}"

NOT_ONE_HEADER = "There must be exactly one Digest header."
NOT_ONE_SHA256 = "The Digest must contain SHA-256 exactly once."
NOT_BASE64 = "The Digest is not base64."
NOT_A_LIST = "The Digest is not a list of algorithm=value."


def refusal(values: list[str], body: bytes = BODY) -> str:
    with pytest.raises(Unauthenticated) as caught:
        check_digest(values, body)
    return str(caught.value)


def test_digest_header_is_sha256_in_base64() -> None:
    assert digest_header(BODY) == RIGHT


@given(st.binary(max_size=200))
def test_digest_of_a_body_holds_for_it(body: bytes) -> None:
    check_digest([digest_header(body)], body)


@pytest.mark.parametrize(
    "value",
    [
        RIGHT,
        f"sha-256={SHA256}",
        f"Sha-256={SHA256}",
        f" {RIGHT} ",
        f"{SHA512},{RIGHT}",
        f"{RIGHT}, {SHA512}",
        f"md5=abc,{RIGHT}",
    ],
)
def test_digest_is_accepted(value: str) -> None:
    check_digest([value], BODY)


def test_h03_one_changed_byte_is_refused() -> None:
    assert refusal([RIGHT], b"hello world!") == "The Digest does not match the body."


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("md5=XrY7u+Ae7tCTyyK7j1rNww==", NOT_ONE_SHA256),
        (SHA512, NOT_ONE_SHA256),
        ("SHA-256=!!!!", NOT_BASE64),
        (f"SHA-256={SHA256[:-1]}", NOT_BASE64),
        (f"SHA-256={SHA256[:4]} {SHA256[4:]}", NOT_BASE64),
        (f"SHA-256={SHA256[:-2]}d=", NOT_BASE64),
        (f"SHA-256={SHA256.replace('+', '-')}", NOT_BASE64),
        (f"SHA-256 ={SHA256}", NOT_ONE_SHA256),
        (f"SHA-256= {SHA256}", NOT_BASE64),
        ("SHA-256=QUJD", "The Digest has a wrong length."),
        (SHA512.replace("512", "256"), "The Digest has a wrong length."),
        ("", NOT_A_LIST),
        ("SHA-256", NOT_A_LIST),
        ("SHA-256=", NOT_A_LIST),
        (f"={SHA256}", NOT_A_LIST),
        (f"{RIGHT},", NOT_A_LIST),
        (f",{RIGHT}", NOT_A_LIST),
    ],
)
def test_h05_digest_that_is_no_sha256_is_refused(value: str, message: str) -> None:
    assert refusal([value]) == message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([RIGHT, WRONG], NOT_ONE_HEADER),
        ([WRONG, RIGHT], NOT_ONE_HEADER),
        ([RIGHT, RIGHT], NOT_ONE_HEADER),
        ([], NOT_ONE_HEADER),
        ([f"{RIGHT},{WRONG}"], NOT_ONE_SHA256),
        ([f"{WRONG},{RIGHT}"], NOT_ONE_SHA256),
        ([f"{RIGHT},{WRONG.lower()}"], NOT_ONE_SHA256),
        ([f"{RIGHT},{RIGHT}"], NOT_ONE_SHA256),
    ],
)
def test_h06_two_digests_are_refused(values: list[str], message: str) -> None:
    assert refusal(values) == message


@given(st.lists(st.text(max_size=60) | st.text(max_size=60).map("SHA-256={}".format), max_size=3))
def test_digest_of_strangers_raises_nothing_else(values: list[str]) -> None:
    with pytest.raises(Unauthenticated):
        check_digest(values, BODY)
