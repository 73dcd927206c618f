"""A foreign server with one account on it, spoken to by the Mastodon client API.

Only what GoToSocial, snac, Takahe, Mitra and Mastodon all have is used.
"""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

Json = dict[str, Any]

# What a server does not do, or tells nobody of; seen on the versions named in
# docs/how-to/test-against-another-server.md.
LACKS = {
    "snac": {"block", "report", "featured"},
    "takahe": {"report", "unreblog"},
}

_TAGS = re.compile(r"<[^>]*>")


class RefusedError(AssertionError):
    """The peer answered a request of the client API with an error."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status}: {said[:500]}")
        self.status = status


@dataclass(kw_only=True)
class Peer:
    """The account that the token is for, and what it does."""

    url: str
    session: aiohttp.ClientSession
    me: Json
    actor: str
    software: str

    @classmethod
    async def meet(cls, url: str, session: aiohttp.ClientSession) -> Self:
        """Learn whose token it is, and its actor by WebFinger."""
        peer = cls(url=url, session=session, me={}, actor="", software="")
        peer.me = await peer.ask("GET", "/api/v1/accounts/verify_credentials")
        found = await peer.ask("GET", f"/.well-known/webfinger?resource=acct:{peer.acct}")
        peer.actor = next(
            link["href"]
            for link in found["links"]
            if link["rel"] == "self" and "activity" in link.get("type", "")
        )
        links = (await peer.ask("GET", "/.well-known/nodeinfo"))["links"]
        info = await peer.ask("GET", urlsplit(links[0]["href"]).path)
        peer.software = "{name} {version}".format(**info["software"])
        return peer

    def lacks(self, what: str) -> bool:
        """Say whether this kind of server is known not to do something."""
        return what in LACKS.get(self.software.partition(" ")[0], ())

    @property
    def acct(self) -> str:
        """Its handle with its host."""
        return f"{self.me['username']}@{urlsplit(self.url).netloc}"

    async def ask(self, method: str, path: str, **form: str) -> Any:
        """Send one request; raise RefusedError for an answer that is none."""
        async with self.session.request(
            method, self.url + path, data=form or None, headers={"Accept": "application/json"}
        ) as response:
            if response.status >= 300:
                raise RefusedError(response.status, await response.text())
            return await response.json(content_type=None)

    # -- accounts -----------------------------------------------------------------------------

    async def find(self, acct: str) -> Json | None:
        """Look an account of another server up, as its search box does."""
        path = f"/api/v2/search?q=@{acct}&resolve=true&type=accounts"
        found: list[Json] = (await self.ask("GET", path))["accounts"]
        return next((each for each in found if each["acct"] == acct), None)

    async def act_on(self, account: Json, verb: str) -> Json:
        """Follow, unfollow, block or unblock somebody."""
        answer: Json = await self.ask("POST", f"/api/v1/accounts/{account['id']}/{verb}")
        return answer

    async def stands_with(self, account: Json) -> Json:
        """Return how the account stands with another."""
        path = f"/api/v1/accounts/relationships?id[]={account['id']}"
        return (await self.ask("GET", path))[0]  # type: ignore[no-any-return]

    async def follows(self, account: Json) -> bool:
        """Say whether a follow was accepted."""
        return bool((await self.stands_with(account))["following"])

    async def answer(self, acct: str, verb: str) -> bool:
        """Authorize or reject who asks to follow; return False while they do not ask."""
        waiting = await self.ask("GET", "/api/v1/follow_requests")
        asks = [each["id"] for each in waiting if each["acct"] == acct]
        for each in asks:
            await self.ask("POST", f"/api/v1/follow_requests/{each}/{verb}")
        return bool(asks)

    # -- posts --------------------------------------------------------------------------------

    async def home(self) -> list[Json]:
        """Return the newest posts of those it follows."""
        return await self.ask("GET", "/api/v1/timelines/home?limit=40")  # type: ignore[no-any-return]

    async def sees(self, uri: str) -> Json | None:
        """Return a post as its home timeline shows it, also where somebody boosted it."""
        for each in await self.home():
            post = each.get("reblog") or each
            if post["uri"] == uri:
                return post  # type: ignore[no-any-return]
        return None

    async def sees_boost(self, uri: str, by: str) -> Json | None:
        """Return a post that somebody named by their handle boosted."""
        return next(
            (
                each["reblog"]
                for each in await self.home()
                if each.get("reblog") and each["reblog"]["uri"] == uri
                if each["account"]["acct"] == by
            ),
            None,
        )

    async def post(self, text: str, **more: str) -> Json:
        """Say something."""
        form = {"status": text, "visibility": "public"} | more
        return await self.ask("POST", "/api/v1/statuses", **form)  # type: ignore[no-any-return]

    async def edit(self, post: Json, text: str) -> Json:
        """Say it in other words."""
        path = f"/api/v1/statuses/{post['id']}"
        return await self.ask("PUT", path, status=text)  # type: ignore[no-any-return]

    async def delete(self, post: Json) -> None:
        """Take it back."""
        await self.ask("DELETE", f"/api/v1/statuses/{post['id']}")

    async def act_on_post(self, post: Json, verb: str) -> None:
        """Favourite, unfavourite, reblog or unreblog a post."""
        await self.ask("POST", f"/api/v1/statuses/{post['id']}/{verb}")


def text_of(post: Json) -> str:
    """Return what a reader sees of a post, without its markup."""
    return unescape(_TAGS.sub(" ", post["content"]))
