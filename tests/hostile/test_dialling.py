"""Whom a node can be made to ask: nobody that a stranger chooses (H38-H43, L14-L17, L22)."""

from typing import Any

import pytest

from federation.errors import FederationError
from node.app import RESOLVER
from tests.hostile.fort import PEER, Fort

pytestmark = pytest.mark.asyncio(loop_scope="module")

SPECIAL = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::1]",
    "[100::1]",
    "[2001:db8::1]",
    "[2002:7f00:1::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[fc00::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
]

SPELLINGS = [
    "①②⑦.0.0.1",
    "127。0。0。1",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "127.1",
    "0177.0.0.1",
    "127.0.0.1.",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]",
]

TRICKS = [
    "https://good.example@127.0.0.1/",
    "https://good.example\\@127.0.0.1/",
    "https://127.0.0.1\\.good.example/",
    "https://127.0.0.1\t.good.example/",
    "https://good%2eexample/",
    "https://127.0.0.1#@good.example/",
    "https://127.0.0.1:22/",
    "https://8.8.8.8:22/",
    "http://8.8.8.8/",
    "//127.0.0.1/",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "ftp://127.0.0.1/",
    "unix:///var/run/docker.sock",
]


async def offered(fort: Fort, address: Any) -> None:
    """Name an address in every place of an activity that is ever fetched."""
    for verb, content in (
        ("Announce", address),
        ("Announce", {"id": address, "type": "Note", "purpose": "offer"}),
        ("Create", address),
        ("Update", {"id": address}),
        ("Move", PEER),
    ):
        assert await fort.send(fort.say(verb, content, target=address)) in {202, 400}


@pytest.mark.parametrize("host", SPECIAL)
async def test_h39_l15_special_address_is_not_dialled(fort: Fort, host: str) -> None:
    with fort.dialling_nobody():
        await offered(fort, f"https://{host}/notes/1")


@pytest.mark.parametrize("host", SPELLINGS)
async def test_h40_l11_other_spelling_of_an_address_is_not_dialled(fort: Fort, host: str) -> None:
    with fort.dialling_nobody():
        await offered(fort, f"https://{host}/notes/1")


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "localhost."])
async def test_h41_name_that_leads_to_a_private_address_is_not_dialled(
    fort: Fort, name: str
) -> None:
    """The system's own resolver answers; names that change their answer are in test_remote."""
    with fort.dialling_nobody():
        await offered(fort, f"https://{name}/notes/1")


@pytest.mark.parametrize("address", TRICKS)
async def test_h43_tricky_address_is_not_dialled(fort: Fort, address: str) -> None:
    with fort.dialling_nobody():
        await offered(fort, address)


async def test_l14_l17_names_and_addresses_of_commands_are_judged_too(fort: Fort) -> None:
    resolver = fort.node.app[RESOLVER]
    hosts = [*SPECIAL, *SPELLINGS]
    with fort.dialling_nobody():
        for reference in (*(f"@ana@{host}" for host in hosts), *TRICKS, *SPECIAL):
            with pytest.raises(FederationError):
                await resolver.find_actor(reference)


async def test_l16_l22_addresses_inside_a_document_are_not_followed(fort: Fort) -> None:
    """Whatever hangs on a listing or an actor is not fetched: nothing shows it but as a link."""
    inner = "https://127.0.0.1/x"
    note = fort.proposal(
        url=inner,
        image=inner,
        icon={"type": "Image", "url": inner},
        attachment=[{"type": "Document", "url": inner}, {"type": "Link", "href": inner}],
        tag=[{"type": "Mention", "href": inner}, {"type": "Emoji", "icon": {"url": inner}}],
        replies=inner,
        context=inner,
        inReplyTo=inner,
        quote=inner,
        preview=inner,
        to=["https://www.w3.org/ns/activitystreams#Public", inner],
    )
    _, sent = note, await fort.send(fort.say("Create", note))
    assert sent == 202
    changed = {**note, "updated": "2027-01-01T00:00:00Z"}
    with fort.dialling_nobody():
        assert await fort.send(fort.say("Announce", {**note, "id": inner})) == 202
        assert await fort.send(fort.say("Like", inner)) == 202
    assert await fort.send(fort.say("Update", changed)) == 202


async def test_l16_inbox_at_a_special_address_is_not_delivered_to(fort: Fort) -> None:
    document = {
        "id": PEER,
        "type": "Service",
        "preferredUsername": "catalogue",
        "inbox": "https://127.0.0.1/inbox",
        "proposals": f"{PEER}/proposals",
        "endpoints": {"sharedInbox": "https://[::1]/inbox"},
    }
    with fort.dialling_nobody():
        assert await fort.send(fort.say("Update", document)) in {202, 400}
    inboxes = fort.node.rows("SELECT inbox, shared_inbox FROM party WHERE uri = ?", PEER)
    assert inboxes == [(f"{PEER}/inbox", None)]


async def test_h30_own_address_is_not_asked_for(fort: Fort) -> None:
    fort.node.asked.clear()
    with fort.dialling_nobody():
        await offered(fort, f"{fort.node.url}/actors/guild")
    assert {each.method for each in fort.node.asked} == {"POST"}
