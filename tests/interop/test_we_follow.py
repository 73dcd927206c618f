"""What our node does with another server's accounts: ask, be answered, be told, leave."""

import secrets

import pytest

from tests.interop.conftest import Sent
from tests.interop.hub import Hub
from tests.interop.peer import Peer
from tests.journeys.world import eventually

PAUSE = 0.3  # seconds between two questions: servers count how often they are asked


async def state_of(hub: Hub, uri: str) -> str | None:
    """Return how our catalogue's follow of an actor stands."""
    return next(
        (each["state"] for each in await hub.capx("follows") if each["followed"] == uri), None
    )


async def has_state(hub: Hub, uri: str, state: str) -> bool:
    """Say whether our catalogue's follow of an actor stands so."""
    return await state_of(hub, uri) == state


async def follow(hub: Hub, peer: Peer) -> None:
    """Follow the peer's account, which may want to be asked; wait until both sides know."""
    await hub.capx("follow", f"@{peer.acct}")
    if peer.me["locked"]:
        us = f"catalogue@{hub.rig.domain}"
        await eventually(lambda: peer.answer(us, "authorize"), pause=PAUSE)
    await eventually(lambda: has_state(hub, peer.actor, "accepted"))


async def leave(hub: Hub, peer: Peer) -> None:
    """Stop following, and wait until the peer has been told."""
    await hub.capx("unfollow", f"@{peer.acct}")

    async def nothing_waits() -> bool:
        return await hub.capx("queue", "list") == []

    await eventually(nothing_waits)


async def test_we_follow_are_told_and_leave(hub: Hub, peer: Peer, sent: Sent):
    await follow(hub, peer)
    held = await hub.capx("search", "lunch")
    already = len(await sent(1))
    post = await peer.post("We had lunch. #governance")
    await sent(already + 1)
    await peer.edit(post, "We had a long lunch. #governance")
    await sent(already + 2)
    await peer.delete(post)
    await sent(already + 3)
    assert await hub.capx("search", "lunch") == held  # a post is no listing

    name = f"Renamed {secrets.token_hex(4)}"
    await peer.ask("PATCH", "/api/v1/accounts/update_credentials", display_name=name)
    await eventually(lambda: hub.name_of(peer.actor) == name)

    await leave(hub, peer)
    assert await state_of(hub, peer.actor) != "accepted"

    async def is_left() -> bool:
        us = await peer.find(f"catalogue@{hub.rig.domain}")
        return us is not None and not (await peer.stands_with(us))["followed_by"]

    await eventually(is_left, pause=PAUSE)


async def test_being_rejected_is_taken_and_asking_again_works(hub: Hub, peer: Peer):
    if not peer.me["locked"]:
        pytest.skip("the account lets everybody follow it")
    await hub.capx("follow", f"@{peer.acct}")
    us = f"catalogue@{hub.rig.domain}"
    await eventually(lambda: peer.answer(us, "reject"), pause=PAUSE)
    await eventually(lambda: has_state(hub, peer.actor, "rejected"))
    await follow(hub, peer)  # asked again, and let in
    await leave(hub, peer)
