"""Who says it: signatures that are missing, spoilt, borrowed or of a bad key (H01-H22, L4-L8)."""

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from federation.signatures.digest import content_digest_header, digest_header
from federation.signatures.keys import new_ed25519_key, new_rsa_key
from tests.hostile.house import House
from tests.journeys.foreign import ForeignActor, key, signed
from tests.journeys.signing import POST, Draft, rfc9421

pytestmark = pytest.mark.asyncio(loop_scope="module")


def http_date(ahead: timedelta = timedelta(0)) -> str:
    return format_datetime(datetime.now(UTC) + ahead, usegmt=True)


@pytest.fixture
def body(house: House) -> bytes:
    """What the liar would have kept, if only it were signed as it should."""
    return json.dumps(house.lie()).encode()


@pytest.fixture
def keys(house: House) -> list[str]:
    """What may be asked for when a signature of the liar does not verify."""
    return ["/users/liar"]


async def test_what_is_signed_as_it_should_be_is_kept(house: House) -> None:
    """The other tests show nothing unless this one passes."""
    plain = json.dumps(house.lie("by-hand")).encode()
    draft = Draft(by=house.liar, host=house.node.authority, body=plain)
    assert await house.knock(draft.sent(), plain) == 202
    modern = json.dumps(house.lie("by-rfc9421")).encode()
    assert await house.knock(rfc9421(house.liar, house.node.inbox, modern), modern) == 202
    await house.rest()
    titles = await house.node.titles()
    assert {f"{house.evil.url}/notes/{name}" for name in ("by-hand", "by-rfc9421")} <= set(titles)


async def test_h01_unsigned_activity(house: House, body: bytes) -> None:
    async with house.unchanged():
        assert await house.knock({}, body) == 401
        assert await house.knock({"Authorization": 'Signature keyId="x"'}, body) == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Signature": "x"},
        {"Signature": "\x01\x02"},
        {"Signature": "ä" * 100},
        {"Signature": "x" * 64 * 1024},
        {"Signature": 'keyId="a",keyId="b",headers="host",signature="AA=="'},
        {"Signature": 'algorithm="rsa-sha256",headers="host",signature="AA=="'},
        {"Signature": 'keyId="",headers="host",signature="AA=="'},
        {"Signature": ('keyId="a",headers="host",signature="AA=="',) * 2},
        {"Signature": "sig1=:AA==:"},
        {"Signature": "sig1=:AA==:", "Signature-Input": "x"},
        {"Signature": "sig1=:AA==:", "Signature-Input": 'sig1=("@method" "@target-uri")'},
        {"Signature": "sig1=:AA==:", "Signature-Input": "sig1=()" + ";a" * 4000},
        {"Signature": "sig1=:AA==:", "Signature-Input": "sig1=" + "(" * 4000},
        {"Signature-Input": 'sig1=("@method");created=1;keyid="a"'},
        {"Signature": "a=:AA==:, b=:AA==:", "Signature-Input": "a=();created=1, b=();created=1"},
    ],
    ids=lambda headers: repr(headers)[:70],
)
async def test_h02_signature_that_cannot_be_read(
    house: House, body: bytes, headers: dict[str, Any]
) -> None:
    async with house.unchanged():
        assert await house.knock(headers, body) in {400, 401}


async def test_h03_l5_changed_body(house: House, body: bytes) -> None:
    swapped = json.dumps(house.lie("swapped")).encode()
    plain, _ = house.letter(house.lie(), house.liar)
    modern = rfc9421(house.liar, house.node.inbox, body)
    async with house.unchanged():
        for headers in (plain, modern):
            for other in (body + b" ", swapped, body[:-1], b"{}"):
                assert await house.knock(headers, other) in {400, 401}


async def test_h03_changed_body_with_its_own_digest(
    house: House, body: bytes, keys: list[str]
) -> None:
    swapped = json.dumps(house.lie("swapped")).encode()
    plain = signed(house.node.inbox, body, house.liar)
    modern = rfc9421(house.liar, house.node.inbox, body)
    async with house.unchanged(asking=keys):
        assert await house.knock({**plain, "Digest": digest_header(swapped)}, swapped) == 401
        forged = {**modern, "Content-Digest": content_digest_header(swapped)}
        assert await house.knock(forged, swapped) == 401


async def test_h04_digest_that_is_not_signed(house: House, body: bytes) -> None:
    draft = Draft(by=house.liar, host=house.node.authority, body=body, covered=POST[:3])
    async with house.unchanged():
        assert await house.knock(draft.sent(), body) == 401


@pytest.mark.parametrize(
    "digest",
    [
        "md5=1B2M2Y8AsgTpgAmY7PhCfg==",
        "SHA-512=z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6",
        "SHA-256=!!!!",
        "SHA-256=AAAA",
        "SHA-256=",
        "SHA-256",
        "",
        "x",
    ],
)
async def test_h05_digest_that_is_weak_or_no_digest(house: House, body: bytes, digest: str) -> None:
    draft = Draft(
        by=house.liar,
        host=house.node.authority,
        body=body,
        headers={"Digest": digest},
        signed={"digest": digest},
    )
    async with house.unchanged():
        assert await house.knock(draft.sent(), body) == 401


@pytest.mark.parametrize("is_first_right", [True, False])
@pytest.mark.parametrize("is_one_line", [True, False])
async def test_h06_l6_two_digests(
    house: House, body: bytes, is_first_right: bool, is_one_line: bool
) -> None:
    values = (digest_header(body), digest_header(b"other"))
    values = values if is_first_right else values[::-1]
    draft = Draft(
        by=house.liar,
        host=house.node.authority,
        body=body,
        signed={"digest": ", ".join(values)},
    )
    lines = (", ".join(values),) if is_one_line else values
    async with house.unchanged():
        assert await house.knock({**draft.sent(), "Digest": lines}, body) == 401


@pytest.mark.parametrize(
    "covered",
    [
        ("date",),
        ("date", "host"),
        ("date", "digest"),
        ("(request-target)", "host", "digest"),
        ("(request-target)", "date", "digest"),
        ("host", "date", "digest"),
    ],
    ids=" ".join,
)
async def test_h07_l6_signature_over_too_little(
    house: House, body: bytes, covered: tuple[str, ...]
) -> None:
    draft = Draft(by=house.liar, host=house.node.authority, body=body, covered=covered)
    async with house.unchanged():
        assert await house.knock(draft.sent(), body) == 401


async def test_h08_signature_for_another_inbox(house: House, body: bytes, keys: list[str]) -> None:
    plain = signed(house.node.inbox, body, house.liar)
    modern = rfc9421(house.liar, house.node.inbox, body)
    async with house.unchanged(asking=keys):
        for headers in (plain, modern):
            assert await house.knock(headers, body, target="/actors/guild/inbox") == 401
            assert await house.knock(headers, body, target="/actor/inbox") == 401


async def test_h09_l5_l6_signature_for_another_host(
    house: House, body: bytes, keys: list[str]
) -> None:
    elsewhere = f"{house.good.url}/inbox"
    async with house.unchanged(asking=keys):
        for headers in (signed(elsewhere, body, house.liar), rfc9421(house.liar, elsewhere, body)):
            assert await house.knock({**headers, "Host": house.node.authority}, body) == 401
            there = house.good.url.partition("//")[2]
            assert await house.knock({**headers, "Host": there}, body) == 421


async def test_h10_same_request_twice(house: House) -> None:
    headers, body = house.letter(house.lie("once"), house.liar)
    assert await house.knock(headers, body) == 202
    async with house.unchanged(but=("host", "sqlite_sequence")):  # when it was last heard
        assert await house.knock(headers, body) == 202


@pytest.mark.parametrize(
    "date",
    [
        http_date(timedelta(hours=-13)),
        http_date(timedelta(hours=-2)),
        http_date(timedelta(hours=2)),
        "",
        "Sun Nov  6 08:49:37 1994",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun, 06 Nov 99999 08:49:37 GMT",
        "Thu, 31 Feb 2026 08:49:37 GMT",
        "now",
        str(int(time.time())),
    ],
)
async def test_h11_date_that_is_old_ahead_or_none(house: House, body: bytes, date: str) -> None:
    draft = Draft(
        by=house.liar,
        host=house.node.authority,
        body=body,
        headers={"Date": date},
        signed={"date": date},
    )
    async with house.unchanged():
        assert await house.knock(draft.sent(), body) == 401


@pytest.mark.parametrize("hours", [-13, -2, 2])
async def test_h11_created_of_rfc9421_that_is_old_or_ahead(
    house: House, body: bytes, hours: int
) -> None:
    created = int(time.time()) + hours * 3600
    headers = rfc9421(house.liar, house.node.inbox, body, created=created)
    async with house.unchanged():
        assert await house.knock(headers, body) == 401


@pytest.mark.parametrize(("created", "expires"), [(-60, -1), (-13 * 3600, 60), (7200, 9000)])
async def test_h12_expired_signature(house: House, body: bytes, created: int, expires: int) -> None:
    now = int(time.time())
    draft = Draft(
        by=house.liar,
        host=house.node.authority,
        body=body,
        covered=("(request-target)", "host", "(created)", "(expires)", "digest"),
        algorithm="hs2019",
        created=now + created,
        expires=now + expires,
    )
    async with house.unchanged():
        assert await house.knock(draft.sent(), body) == 401


async def test_h13_key_of_a_neighbour_on_the_same_host(house: House) -> None:
    said = house.evil.say("Create", house.neighbour, house.evil.proposal(house.neighbour))
    await house.assert_refused(said, house.liar)


async def test_h14_l4_key_of_another_host(house: House) -> None:
    forged = house.good.say("Create", house.author, house.good.proposal(house.author, "forged"))
    await house.assert_refused(forged, house.liar)
    await house.assert_refused(
        forged, house.liar, key_uri=house.author.key_uri, asking=["/users/author"]
    )


async def test_h15_l13_key_document_that_claims_a_victim(house: House) -> None:
    pem = house.liar.key.public().pem()
    for number, victim in enumerate((house.author, house.neighbour)):
        address = f"{house.evil.url}/keys/{number}"
        house.evil.put({"id": address, "owner": victim.uri, "publicKeyPem": pem})
        said = house.server_of(victim).say("Like", victim, house.listing["id"])
        await house.assert_refused(
            said, house.liar, key_uri=address, asking=[f"/keys/{number}", "/users/neighbour"]
        )


async def test_l13_actor_that_lists_a_key_of_somebody_else(house: House) -> None:
    stolen = {
        "id": house.author.key_uri,
        "owner": f"{house.evil.url}/users/thief",
        "publicKeyPem": key(77).public().pem(),
    }
    thief = ForeignActor(house.evil.actor("thief", publicKey=stolen).uri, key(77))
    forged = house.good.say("Like", house.author, house.listing["id"])
    liked = house.evil.say("Like", thief, house.listing["id"])
    async with house.unchanged(asking=["/users/thief", "/users/author"], but=("actor", "party")):
        assert await house.send(liked, thief) == 401
        assert await house.send(liked, thief, key_uri=house.author.key_uri) == 401
        assert await house.send(forged, thief, key_uri=house.author.key_uri) == 401


async def test_h16_key_on_our_own_host(house: House) -> None:
    own = f"{house.node.url}/actors/guild"
    for key_uri in (f"{own}#main-key", f"{house.node.url}/actor#main-key", own):
        house.node.asked.clear()
        await house.assert_refused(house.lie(), house.liar, key_uri=key_uri)
        asked = [each.path for each in house.node.asked if each.path != "/readyz"]
        assert asked == ["/inbox"]  # and it did not ask itself
    said = {**house.lie(), "actor": own, "id": f"{own}/1"}
    await house.assert_refused(said, house.liar, key_uri=f"{own}#main-key")


def pem_of(public: Any) -> str:
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


BAD_KEYS = {
    "h17 elliptic curve": pem_of(ec.generate_private_key(ec.SECP256R1()).public_key()),
    "h17 Ed25519 as PEM": new_ed25519_key().public().pem(),
    "h17 X25519": pem_of(x25519.X25519PrivateKey.generate().public_key()),
    "h17 private key": new_rsa_key().pem(),
    "h17 two blocks": new_rsa_key().public().pem() * 2,
    "h17 a megabyte": new_rsa_key().public().pem() + "x" * 2**19,
    "h17 empty": "",
    "h17 no PEM": "hello",
    "h18 RSA 1024": pem_of(rsa.generate_private_key(65537, 1024).public_key()),  # noqa: S505
    "h18 RSA 16384": pem_of(rsa.RSAPublicNumbers(65537, 2**16383 + 1).public_key()),
    "h18 large exponent": pem_of(
        rsa.RSAPublicNumbers(2**33 + 1, key(0).public()._native.public_numbers().n).public_key()
    ),
}


@pytest.mark.parametrize("name", BAD_KEYS)
async def test_h17_h18_key_that_is_no_good(house: House, name: str) -> None:
    path = f"weak-{list(BAD_KEYS).index(name)}"
    uri = f"{house.evil.url}/users/{path}"
    listed = {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": BAD_KEYS[name]}
    weak = house.evil.actor(path, publicKey=listed)
    said = house.evil.say("Like", weak, house.listing["id"])
    # who the actor is may be kept, as for any actor; its key may not
    async with house.unchanged(asking=[f"/users/{path}"], but=("actor", "party")):
        assert await house.send(said, weak) == 401
    assert house.node.rows("SELECT * FROM known_key WHERE owner = ?", uri) == []


async def test_h19_rotated_key(house: House) -> None:
    forgetful = house.good.actor("forgetful")
    await house.node.follow(forgetful.uri)
    renewed = ForeignActor(forgetful.uri, key(99))
    document = house.good.documents["/users/forgetful"]
    document["publicKey"]["publicKeyPem"] = renewed.key.public().pem()
    house.good.asked.clear()
    like = house.listing["id"]
    assert await house.send(house.good.say("Like", renewed, like), renewed) == 202
    assert house.good.asked == ["/users/forgetful"]  # its key and its owner in one
    async with house.unchanged():  # no fetch within five minutes
        for _ in range(3):
            assert await house.send(house.good.say("Like", forgetful, like), forgetful) == 401


@pytest.mark.parametrize("algorithm", ["hmac-sha256", "none", "ed25519", "rsa-sha512", ""])
async def test_h20_algorithm_that_is_not_the_keys(
    house: House, body: bytes, keys: list[str], algorithm: str
) -> None:
    draft = Draft(by=house.liar, host=house.node.authority, body=body, algorithm=algorithm)
    modern = rfc9421(house.liar, house.node.inbox, body, algorithm=algorithm)
    async with house.unchanged(asking=keys):
        assert await house.knock(draft.sent(), body) == 401
        assert await house.knock(modern, body) == 401


@pytest.mark.parametrize(
    ("digest", "status"),
    [
        ("sha-256=abc", 400),
        ("sha-256=:not base64:", 400),
        ("sha-256", 400),
        (":AAAA:", 400),
        ("sha-512=:AAAA:", 401),
        ("sha-256=:AAAA:", 401),
        (content_digest_header(b"other"), 401),
    ],
)
async def test_h21_content_digest_that_is_no_good(
    house: House, body: bytes, digest: str, status: int
) -> None:
    headers = rfc9421(house.liar, house.node.inbox, body, digest=digest)
    async with house.unchanged():
        assert await house.knock(headers, body) == status


async def test_h21_rfc9421_without_content_digest(house: House, body: bytes) -> None:
    short = rfc9421(house.liar, house.node.inbox, body, covered=("@method", "@target-uri"))
    full = rfc9421(house.liar, house.node.inbox, body)
    async with house.unchanged():
        assert await house.knock(short, body) == 401
        assert await house.knock({**short, "Content-Digest": ""}, body) == 401
        assert await house.knock({**full, "Content-Digest": ""}, body) == 401
        twice = (full["Content-Digest"], content_digest_header(b"other"))
        assert await house.knock({**full, "Content-Digest": twice}, body) == 401


async def test_h22_post_whose_query_is_not_signed(
    house: House, body: bytes, keys: list[str]
) -> None:
    plain = signed(house.node.inbox, body, house.liar)
    modern = rfc9421(house.liar, house.node.inbox, body)
    async with house.unchanged(asking=keys):
        for headers in (plain, modern):
            assert await house.knock(headers, body, target="/inbox?as=admin") == 401


async def test_h22_get_whose_query_is_not_signed_is_answered(house: House) -> None:
    target = "/actors/guild/proposals?page=true"
    signed_path = f"{house.node.url}/actors/guild/proposals"
    headers = signed(signed_path, None, house.author, method="GET")
    async with house.unchanged():
        assert await house.knock(headers, b"", target=target, method="GET") == 200


async def test_l8_linked_data_signature_counts_for_nothing(house: House) -> None:
    forged = {
        **house.good.say("Create", house.author, house.good.proposal(house.author, "forged")),
        "signature": {
            "type": "RsaSignature2017",
            "creator": house.author.key_uri,
            "created": "2026-11-20T09:30:00Z",
            "signatureValue": "AAAA",
        },
    }
    graph = {"@graph": [house.listing], "@included": [forged], "@reverse": {"actor": forged}}
    async with house.unchanged():
        assert await house.knock({}, json.dumps(forged).encode()) == 401
        assert await house.send(forged, house.liar) == 401
        assert await house.send({**forged, **graph}, house.liar) == 401
    await house.assert_ignored({**house.evil.say("Like", house.liar, "x:"), **graph}, house.liar)


async def test_l18_dead_key_is_looked_for_once(house: House) -> None:
    nobody = ForeignActor(f"{house.evil.url}/users/nobody", key(78))
    async with house.unchanged(asking=["/users/nobody"]):
        for number in range(100):
            said = house.evil.say("Like", nobody, f"{house.listing['id']}?{number}")
            assert await house.send(said, nobody) == 401
        assert house.evil.asked == ["/users/nobody"]


async def test_l18_key_that_redirects_to_itself_is_left_at_once(house: House) -> None:
    circle = ForeignActor(f"{house.evil.url}/users/circle", key(78))
    house.evil.redirects["/users/circle"] = circle.uri
    async with house.unchanged(asking=["/users/circle"]):
        for _ in range(5):
            said = house.evil.say("Like", circle, house.listing["id"])
            assert await house.send(said, circle) == 401
        assert house.evil.asked == ["/users/circle"]


async def test_relayed_farewell_of_a_stranger_is_dropped_without_asking(house: House) -> None:
    gone = f"{house.good.url}/users/gone"
    said = {**house.good.say("Delete", house.author, gone), "actor": gone}
    async with house.unchanged():
        assert await house.send(said, house.liar) == 202
