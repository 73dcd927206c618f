"""Mastodon.py, a client that knows nothing of the exchange, reads a node as it would any server."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from mastodon import Mastodon, MastodonNotFoundError, MastodonUnauthorizedError

from catalogue.language import LanguageMap
from catalogue.model import Visibility
from tests.journeys.app import PASSWORD, Phone, member
from tests.journeys.world import Node, World, eventually, need, offer

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"


def client(node: Node, **how: Any) -> Mastodon:
    """Return the client as its users make it."""
    return Mastodon(api_base_url=node.url, version_check_mode="none", **how)


async def reads(work: Any, *args: Any, **how: Any) -> Any:
    """Run a call of the client, which waits for the network, on a thread."""
    return await asyncio.to_thread(work, *args, **how)


@pytest.fixture
async def pair(world: World) -> tuple[Node, Node]:
    """A node that follows another; each has an affiliate and listings."""
    south, north = await world.pair()
    await south.affiliate("far_group", "Far Group")
    await north.affiliate("near_group", "Near Group")
    await north.publish(offer("Near mediation"), by="near_group")
    await north.publish(need("Near help", capacities=("evaluation",)), by="near_group")
    hidden = offer("Only for members", visibility=Visibility.NODE)
    await north.publish(hidden, by="near_group")
    listing = await south.publish(
        replace(offer(), title=LanguageMap({"fr": "Médiation au loin"})), by="far_group"
    )
    await eventually(lambda: north.find(listing.uri))
    return south, north


def titles(statuses: Any) -> list[str]:
    return [status.card.title for status in statuses]


def all_titles(statuses: Any) -> set[str]:
    """What came from afar has times in whole seconds, so its place among others may differ."""
    return set(titles(statuses))


async def test_app_reads_a_node_without_an_account(pair):
    south, north = pair
    app = client(north)
    instance = await reads(app.instance_v2)
    assert (instance.domain, instance.title) == (north.authority, north.config.name)
    assert instance.registrations.enabled is False
    assert (await reads(app.instance_v1)).uri == north.authority
    assert await reads(app.retrieve_mastodon_version) == "4.5.0"
    assert (await reads(app.instance_nodeinfo)).software.name == "capacity-exchange"
    assert await reads(app.custom_emojis) == []

    everything = await reads(app.timeline_public)
    assert all_titles(everything) == {"Médiation au loin", "Near help", "Near mediation"}
    assert titles(await reads(app.timeline_local)) == ["Near help", "Near mediation"]
    assert titles(await reads(app.timeline_public, remote=True)) == ["Médiation au loin"]
    assert all_titles(await reads(app.timeline_hashtag, "Mediation")) == {
        "Médiation au loin",
        "Near mediation",
    }
    assert titles(await reads(app.timeline_hashtag, "CapacityExchange")) == titles(everything)
    assert await reads(app.timeline_hashtag, "cats") == []

    far = (await reads(app.timeline_public, remote=True))[0]
    assert (far.language, far.visibility) == ("fr", "public")
    assert far.account.acct == f"far_group@{south.authority}"
    assert far.uri.startswith(south.url)
    assert "Offre: Médiation au loin" in far.content
    assert "CapacityExchange" in [tag.name for tag in far.tags]
    assert await reads(app.status, far.id) == far
    context = await reads(app.status_context, far.id)
    assert (context.ancestors, context.descendants) == ([], [])


async def test_app_reads_affiliates_and_searches(pair):
    south, north = pair
    app = client(north)
    near = await reads(app.account_lookup, "near_group")
    assert (near.acct, near.display_name, near.statuses_count) == ("near_group", "Near Group", 2)
    assert await reads(app.account, near.id) == near
    assert titles(await reads(app.account_statuses, near)) == ["Near help", "Near mediation"]
    far = await reads(app.account_lookup, f"@far_group@{south.authority}")
    assert far.acct == f"far_group@{south.authority}"
    assert [each.acct for each in await reads(app.directory)] == [far.acct, near.acct]
    assert [each.acct for each in await reads(app.account_search, "near")] == [near.acct]

    found = await reads(app.search_v2, "mediation")
    assert all_titles(found.statuses) == {"Near mediation", "Médiation au loin"}
    assert [tag.name for tag in found.hashtags] == ["Mediation"]
    found = await reads(app.search_v2, "far group")
    assert [each.acct for each in found.accounts] == [far.acct]
    listing = (await reads(app.timeline_public, remote=True))[0]
    found = await reads(app.search_v2, listing.uri, resolve=True)
    assert titles(found.statuses) == titles([listing])
    with pytest.raises(MastodonNotFoundError):
        await reads(app.account_lookup, "nobody")
    with pytest.raises(MastodonNotFoundError):
        await reads(app.status, 12345)


async def test_app_pages_through_a_timeline_both_ways(world):
    node = await world.node("node")
    await node.affiliate("group")
    names = [f"Offer {number}" for number in range(7)]
    for name in names:
        await node.publish(offer(name), by="group")
    app = client(node)
    first = await reads(app.timeline_public, limit=3)
    second = await reads(app.fetch_next, first)
    third = await reads(app.fetch_next, second)
    assert titles([*first, *second, *third]) == names[::-1]
    assert await reads(app.fetch_next, third) in ([], None)
    assert titles(await reads(app.fetch_previous, third)) == titles(second)
    assert titles(await reads(app.fetch_remaining, first)) == names[::-1]
    since = await reads(app.timeline_public, since_id=second[0].id, limit=2)
    assert titles(since) == titles(first[:2])
    after = await reads(app.timeline_public, min_id=second[0].id, limit=2)
    assert titles(after) == titles(first[1:])
    by_number = sorted([*first, *second, *third], key=lambda status: int(status.id), reverse=True)
    assert titles(by_number) == names[::-1]


async def test_app_sees_an_edit_and_a_deletion(world):
    node = await world.node("node")
    await node.affiliate("group")
    listing = await node.publish(offer("Before"), by="group")
    app = client(node)
    before = (await reads(app.timeline_public))[0]
    await node.edit(listing, title=LanguageMap({"en": "After"}))
    after = await reads(app.status, before.id)
    assert (before.edited_at, after.card.title) == (None, "After")
    assert after.edited_at - after.created_at < timedelta(minutes=1)
    await node.close_listing(listing)
    assert "Closed: After" in (await reads(app.status, before.id)).content
    assert await reads(app.timeline_public) == []
    await node.delete(listing)
    with pytest.raises(MastodonNotFoundError):
        await reads(app.status, before.id)


async def test_member_signs_in_with_an_app_that_shows_a_code(pair):
    _, north = pair
    olena = await member(north)
    client_id, secret = await reads(
        Mastodon.create_app, "Pocket", scopes=["read"], api_base_url=north.url
    )
    app = client(north, client_id=client_id, client_secret=secret)
    url = await reads(
        app.auth_request_url, scopes=["read"], redirect_uris=OUT_OF_BAND, allow_http=True
    )
    phone = Phone(north)
    shown = await phone.send_form(await phone.get(url), username="Olena", password=PASSWORD)
    assert shown.status == 200
    code = shown.text.partition('<code class="copy" dir="ltr">')[2].partition("</code>")[0]
    token = await reads(
        app.log_in, code=code, redirect_uri=OUT_OF_BAND, scopes=["read"], allow_http=True
    )

    me = await reads(app.me)
    assert (me.username, me.acct, me.display_name) == ("olena", "~olena", "The good olena")
    assert (me.id, me.role.name) == (olena.id, "member")
    assert (await reads(app.account, me.id)).acct == "~olena"
    assert (await reads(app.app_verify_credentials)).name == "Pocket"
    public = all_titles(await reads(client(north).timeline_public))
    assert public == {"Médiation au loin", "Near help", "Near mediation"}
    at_home = await reads(app.timeline_home)
    assert all_titles(at_home) == {*public, "Only for members"}
    assert titles((await reads(app.search_v2, "only for members")).statuses) == ["Only for members"]
    private = next(each for each in at_home if each.card.title == "Only for members")
    assert private.visibility == "private"
    with pytest.raises(MastodonNotFoundError):
        await reads(client(north).status, private.id)

    for empty in (app.notifications, app.lists, app.bookmarks, app.favourites, app.conversations):
        assert await reads(empty) == []
    assert await reads(app.filters) == await reads(app.follow_requests) == []
    assert (await reads(app.preferences))["posting:default:visibility"] == "private"
    near = await reads(app.account_lookup, "near_group")
    assert (await reads(app.account_relationships, near))[0].following is False
    info = await reads(app.oauth_authorization_server_info)
    assert info.issuer == north.url
    await reads(app.revoke_access_token, allow_http=True)
    with pytest.raises(MastodonUnauthorizedError):
        await reads(client(north, access_token=token).me)
