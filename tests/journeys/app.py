"""What a Mastodon app and the person in front of it do, over real sockets."""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp

from catalogue.members import MemberDraft
from catalogue.model import Member, MemberRole
from tests.journeys.world import Node
from web import accounts, passwords

BACK = "https://app.example/back?from=there"
PASSWORD = "a lake below the hills"
HASHED = passwords.hashed(PASSWORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    text: str
    json: Any = None

    @property
    def told(self) -> dict[str, str]:
        """What a redirect tells the app."""
        return {name: each[0] for name, each in parse_qs(urlsplit(self.location).query).items()}

    @property
    def location(self) -> str:
        """Where it leads to."""
        return self.headers.get("Location", "")


@dataclass
class Phone:
    """An app on one device with its browser: it keeps cookies, and follows no redirects.

    ``address`` is what a proxy says of where it is.
    """

    node: Node
    address: str = "198.51.100.1"
    cookies: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, **how: Any) -> Heard:
        """Send one request."""
        headers = {"X-Forwarded-For": self.address, **how.pop("headers", {})}
        if token := how.pop("token", None):
            headers["Authorization"] = f"Bearer {token}"
        url = path if path.startswith("http") else self.node.url + path
        async with (
            aiohttp.ClientSession(cookies=self.cookies) as session,
            session.request(method, url, headers=headers, allow_redirects=False, **how) as response,
        ):
            text = await response.text()
            is_json = response.content_type == "application/json"
            self.cookies |= {name: each.value for name, each in response.cookies.items()}
            return Heard(
                status=response.status,
                headers={**response.headers},
                text=text,
                json=await response.json() if is_json and text else None,
            )

    async def get(self, path: str, **how: Any) -> Heard:
        """Ask for a path."""
        return await self.ask("GET", path, **how)

    async def post(self, path: str, data: Any = None, **how: Any) -> Heard:
        """Send a form."""
        return await self.ask("POST", path, data=data, **how)

    # -- signing in ---------------------------------------------------------------------------

    async def register(self, **changes: Any) -> dict[str, Any]:
        """Make an app known; return its id and secret."""
        form = {"client_name": "Pocket", "redirect_uris": BACK, "scopes": "read", **changes}
        heard = await self.post("/api/v1/apps", form)
        assert heard.status == 200, heard.text
        found: dict[str, Any] = heard.json
        return found

    async def open_form(self, app: Mapping[str, Any], **changes: str) -> Heard:
        """Open the page where one signs in."""
        query = {
            "response_type": "code",
            "client_id": app["client_id"],
            "redirect_uri": BACK,
            "scope": "read",
            "state": "s t/ä&te",
            **changes,
        }
        return await self.get(f"/oauth/authorize?{urlencode(query)}")

    async def send_form(self, page: Heard, headers: Any = None, **typed: str) -> Heard:
        """Fill in the form of a page and send it."""
        filled = {"username": "olena", "password": PASSWORD, "answer": "allow", **typed}
        return await self.post(
            "/oauth/authorize", {**hidden(page.text), **filled}, headers=headers or {}
        )

    async def redeem(self, app: Mapping[str, Any], code: str, **changes: str) -> Heard:
        """Exchange a code."""
        return await self.post(
            "/oauth/token",
            {
                "grant_type": "authorization_code",
                "client_id": app["client_id"],
                "client_secret": app["client_secret"],
                "redirect_uri": BACK,
                "code": code,
                **changes,
            },
        )

    async def sign_in(self, name: str = "olena") -> tuple[dict[str, Any], str]:
        """Go the whole way; return the app and its token."""
        app = await self.register()
        verifier = secrets.token_urlsafe(48)
        page = await self.open_form(
            app, code_challenge=challenge(verifier), code_challenge_method="S256"
        )
        sent = await self.send_form(page, username=name)
        heard = await self.redeem(app, sent.told["code"], code_verifier=verifier)
        assert heard.status == 200, heard.text
        return app, heard.json["access_token"]

    async def app_token(self, app: Mapping[str, Any]) -> str:
        """Get a token for the app by itself."""
        heard = await self.post(
            "/oauth/token",
            {
                "grant_type": "client_credentials",
                "client_id": app["client_id"],
                "client_secret": app["client_secret"],
            },
        )
        token: str = heard.json["access_token"]
        return token


def challenge(verifier: str) -> str:
    """Return what an app sends of its verifier (RFC 7636 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of a page's form."""
    form = page.partition('method="post"')[2].partition("</form>")[0]
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
    return {unescape(name): unescape(value) for name, value in fields}


async def member(node: Node, name: str = "olena", role: MemberRole = MemberRole.MEMBER) -> Member:
    """Let somebody sign in on a node, with the password of all tests."""
    draft = MemberDraft(name=name, display_name=f"The good {name}", role=role)
    return await node.database.write(accounts.admit_member, draft, HASHED)
