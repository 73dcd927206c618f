"""What people on another server see and do: follow, read, reply, like, boost, block, leave."""

import pytest

from tests.interop.conftest import Affiliate, Sent
from tests.interop.hub import Hub
from tests.interop.peer import Json, Peer, RefusedError, text_of
from tests.journeys.world import eventually

PAUSE = 0.3  # seconds between two questions: servers count how often they are asked

TITLE = "Médiation pour débutants"
OFFER = (
    *("--kind", "offer", "--category", "skill", "--language", "fr", "--title", TITLE),
    *("--text", "Nous montrons comment *parler* quand parler est difficile."),
    *("--capacity", "governance", "--delivery-language", "fr", "--region", "SN"),
)


async def publish(hub: Hub, affiliate: Affiliate) -> Json:
    """Publish an offer."""
    listing: Json = await hub.capx("listing", "add", "--by", affiliate.handle, *OFFER)
    return listing


async def find(peer: Peer, acct: str) -> Json:
    """Find an account of our node from the peer."""
    return await eventually(lambda: peer.find(acct), pause=PAUSE)


async def follow(peer: Peer, hub: Hub, handle: str) -> Json:
    """Follow an account of our node; wait until both sides know."""
    account = await find(peer, f"{handle}@{hub.rig.domain}")
    await peer.act_on(account, "follow")
    await eventually(lambda: has_followers(hub, handle, 1))
    await eventually(lambda: peer.follows(account), pause=PAUSE)
    return account


async def has_followers(hub: Hub, handle: str, count: int) -> bool:
    """Say whether so many follow an actor of our node."""
    return await hub.followers(handle) == count


async def received(peer: Peer, hub: Hub, affiliate: Affiliate) -> tuple[Json, Json]:
    """Follow an affiliate and publish; return the listing and the post that arrived."""
    await follow(peer, hub, affiliate.handle)
    listing = await publish(hub, affiliate)
    return listing, await eventually(lambda: peer.sees(listing["uri"]), pause=PAUSE)


async def test_account_is_found_and_introduced(peer: Peer, affiliate: Affiliate):
    account = await find(peer, affiliate.acct)
    assert account["display_name"] == f"Friends of {affiliate.handle}"
    assert "<em>partageons</em>" in account["note"]
    assert not account["locked"]


async def test_profile_shows_open_listings_before_anybody_follows(
    peer: Peer, hub: Hub, affiliate: Affiliate
):
    if peer.lacks("featured"):
        pytest.skip("it does not ask what an actor features")
    listing = await publish(hub, affiliate)
    account = await find(peer, affiliate.acct)

    async def pinned() -> list[str]:
        path = f"/api/v1/accounts/{account['id']}/statuses?pinned=true"
        return [each["uri"] for each in await peer.ask("GET", path)]

    assert await eventually(pinned, pause=PAUSE) == [listing["uri"]]


async def test_follow_is_accepted_and_undone(peer: Peer, hub: Hub, affiliate: Affiliate):
    account = await follow(peer, hub, affiliate.handle)
    listing = await publish(hub, affiliate)
    await eventually(lambda: peer.sees(listing["uri"]), pause=PAUSE)  # our Accept was there before
    await peer.act_on(account, "unfollow")
    await eventually(lambda: has_followers(hub, affiliate.handle, 0))
    assert not await peer.follows(account)


async def test_offer_reads_well(peer: Peer, hub: Hub, affiliate: Affiliate):
    listing, post = await received(peer, hub, affiliate)
    text = text_of(post)
    assert TITLE in text
    assert "quand parler est difficile" in text
    assert "Sénégal" in text
    assert post["spoiler_text"] == ""
    assert post["sensitive"] is False
    assert post["visibility"] == "public"
    assert post["url"] == listing["url"]
    assert post["account"]["acct"] == affiliate.acct
    tags = {tag["name"].lower() for tag in post["tags"]}
    assert "capacityexchange" in tags
    assert len(tags) == 2


async def test_edit_shows_and_delete_removes(peer: Peer, hub: Hub, affiliate: Affiliate):
    listing, post = await received(peer, hub, affiliate)
    words = ("--language", "fr", "--title", "Médiation pour tous")
    await hub.capx("listing", "edit", listing["id"], *words)

    async def edited() -> Json | None:
        seen = await peer.sees(listing["uri"])
        return seen if seen and "Médiation pour tous" in text_of(seen) else None

    seen = await eventually(edited, pause=PAUSE)
    assert TITLE not in text_of(seen)
    assert seen["edited_at"]

    await hub.capx("listing", "delete", listing["id"])

    async def gone() -> bool:
        return await peer.sees(listing["uri"]) is None

    await eventually(gone, pause=PAUSE)
    with pytest.raises(RefusedError) as refused:
        await peer.ask("GET", f"/api/v1/statuses/{post['id']}")
    assert refused.value.status == 404


async def test_closed_offer_says_so(peer: Peer, hub: Hub, affiliate: Affiliate):
    listing, before = await received(peer, hub, affiliate)
    await hub.capx("listing", "close", listing["id"])

    async def changed() -> Json | None:
        seen = await peer.sees(listing["uri"])
        return seen if seen and text_of(seen) != text_of(before) else None

    assert TITLE in text_of(await eventually(changed, pause=PAUSE))


async def test_reply_and_edit_of_it_are_taken(
    peer: Peer, hub: Hub, affiliate: Affiliate, sent: Sent
):
    _, post = await received(peer, hub, affiliate)
    already = len(await sent(1))
    words = f"@{affiliate.acct} Is this in French only?"
    reply = await peer.post(words, in_reply_to_id=post["id"])
    await sent(already + 1)
    await peer.edit(reply, f"{words} Or in Wolof too?")
    await sent(already + 2)
    await peer.edit(reply, f"{words} Or in Wolof too, perhaps?")
    await sent(already + 3)
    await peer.delete(reply)  # not every server tells those of it who do not follow the author


@pytest.mark.parametrize("verb", ["favourite", "reblog"])
async def test_like_and_boost_are_taken_and_undone(
    peer: Peer, hub: Hub, affiliate: Affiliate, sent: Sent, verb: str
):
    _, post = await received(peer, hub, affiliate)
    already = len(await sent(1))
    await peer.act_on_post(post, verb)
    await sent(already + 1)
    await peer.act_on_post(post, f"un{verb}")
    if not peer.lacks(f"un{verb}"):
        await sent(already + 2)


async def test_catalogue_boosts_what_is_published(peer: Peer, hub: Hub, affiliate: Affiliate):
    catalogue = f"catalogue@{hub.rig.domain}"
    account = await follow(peer, hub, "catalogue")
    listing = await publish(hub, affiliate)
    boosted = await eventually(lambda: peer.sees_boost(listing["uri"], catalogue), pause=PAUSE)
    assert TITLE in text_of(boosted)
    assert boosted["account"]["acct"] == affiliate.acct
    await peer.act_on(account, "unfollow")
    await eventually(lambda: has_followers(hub, "catalogue", 0))


async def test_block_ends_the_follow(peer: Peer, hub: Hub, affiliate: Affiliate):
    if peer.lacks("block"):
        pytest.skip("it tells nobody of a block")
    account = await follow(peer, hub, affiliate.handle)
    await peer.act_on(account, "block")
    await eventually(lambda: has_followers(hub, affiliate.handle, 0))
    await peer.act_on(account, "unblock")
    assert not await peer.follows(account)


async def test_report_is_taken(peer: Peer, hub: Hub, affiliate: Affiliate, sent: Sent):
    if peer.lacks("report"):
        pytest.skip("it has no reports")
    _, post = await received(peer, hub, affiliate)
    already = len(await sent(1))
    form = {"account_id": post["account"]["id"], "status_ids[]": post["id"], "forward": "true"}
    await peer.ask("POST", "/api/v1/reports", comment="This is no offer.", **form)
    await sent(already + 1)


async def test_limited_listing_is_not_shown(peer: Peer, hub: Hub, affiliate: Affiliate):
    await follow(peer, hub, affiliate.handle)
    words = ("listing", "add", "--by", affiliate.handle, *OFFER)
    limited = [
        await hub.capx(*words, "--visibility", visibility)
        for visibility in ("network", "followers", "node")
    ]
    public = await publish(hub, affiliate)
    await eventually(lambda: peer.sees(public["uri"]), pause=PAUSE)
    assert [await peer.sees(each["uri"]) for each in limited] == [None, None, None]


async def test_reply_opens_an_inquiry_and_the_answer_arrives(
    peer: Peer, hub: Hub, affiliate: Affiliate
):
    _, post = await received(peer, hub, affiliate)
    asked = await peer.post(f"@{affiliate.acct} Is this in French only?", in_reply_to_id=post["id"])

    async def opened() -> Json | None:
        inquiries = await hub.capx("inquiry", "list", "--to", affiliate.handle)
        return inquiries[0] if inquiries else None

    inquiry = await eventually(opened)
    await hub.capx("inquiry", "answer", inquiry["id"], "--text", "In Wolof, too.")

    async def answered() -> Json | None:
        thread = await peer.ask("GET", f"/api/v1/statuses/{asked['id']}/context")
        return next((each for each in thread["descendants"] if "Wolof" in text_of(each)), None)

    answer = await eventually(answered, pause=PAUSE)
    assert answer["account"]["acct"] == affiliate.acct
    assert answer["in_reply_to_id"] == asked["id"]
