"""OAuth for apps: registering, exchanging a code for a token, taking a token back.

RFC 6749 with RFC 7636 (PKCE, S256 only), RFC 7009 (revoking) and RFC 8414 (metadata), in the forms
that Mastodon gave them. Every app has a secret and shows it. One scope is given, ``read``, whatever
is asked for, and the answer says so.
"""

import base64
import hashlib
import re
from binascii import Error as NotBase64
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web

from catalogue.addresses import ApiPath
from catalogue.language import is_one_line
from web import accounts
from web.accounts import AccountStore, App
from web.mastodon.answers import Handler, answered, answering
from web.mastodon.desk import Desk, sent
from web.mastodon.errors import ApiError
from web.mastodon.params import Params
from web.mastodon.redirects import MAX_URIS, is_acceptable
from web.prose import host_of

READ = "read"
MAX_NAME = 120  # characters of an app's name
MAX_WEBSITE = 2000
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC 7636 4.2

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 4.1
_KNOWN = re.compile(r"(?:read|write|follow|push|profile|admin:(?:read|write))(?::[a-z_:]{1,40})?")


def metadata(desk: Desk) -> Handler:
    """Say where signing in is and what it knows (RFC 8414)."""

    async def answer(request: web.Request) -> web.StreamResponse:
        del request
        at = desk.site.addresses.at
        return answered(
            {
                "issuer": desk.site.addresses.base_url,
                "authorization_endpoint": at(ApiPath.AUTHORIZE),
                "token_endpoint": at(ApiPath.TOKEN),
                "revocation_endpoint": at(ApiPath.REVOKE),
                "userinfo_endpoint": at(ApiPath.USERINFO),
                "app_registration_endpoint": at(ApiPath.APPS),
                "scopes_supported": [READ],
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "client_credentials"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                ],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            },
            is_private=False,
        )

    return answering(answer)


# -- registering ----------------------------------------------------------------------------------


def register(desk: Desk) -> Handler:
    """Take in an app that makes itself known."""

    async def answer(request: web.Request) -> web.StreamResponse:
        desk.slow_down(request, desk.limits.apps)
        params = await sent(request)
        uris = _redirect_uris(params)
        check_scope(params.first("scopes"))
        app, secret = await desk.keeper.write(
            accounts.add_app,
            name=_name(params),
            website=_website(params),
            redirect_uris=uris,
            scope=READ,
        )
        return answered(_registered(app, secret))

    return answering(answer)


def _registered(app: App, secret: str) -> dict[str, Any]:
    return {
        "id": app.id,
        "name": app.name,
        "website": app.website or None,
        "scopes": [READ],
        "redirect_uris": list(app.redirect_uris),
        "redirect_uri": "\n".join(app.redirect_uris),
        "client_id": app.id,
        "client_secret": secret,
        "client_secret_expires_at": 0,
        "vapid_key": "",
    }


def _name(params: Params) -> str:
    name = params.first("client_name").strip()
    if not name or len(name) > MAX_NAME or not is_one_line(name):
        raise ApiError(f"client_name must be one line of at most {MAX_NAME} letters", status=422)
    return name


def _website(params: Params) -> str:
    website = params.first("website").strip()
    if website and (len(website) > MAX_WEBSITE or not host_of(website)):
        raise ApiError("website must be an address on the web", status=422)
    return website


def _redirect_uris(params: Params) -> tuple[str, ...]:
    uris = tuple(dict.fromkeys(" ".join(params.every("redirect_uris")).split()))
    if not uris or len(uris) > MAX_URIS:
        raise ApiError(f"redirect_uris must name 1 to {MAX_URIS} addresses", status=422)
    if not all(map(is_acceptable, uris)):
        raise ApiError(
            "redirect_uris must be https, loopback, or of a scheme of the app's own", status=422
        )
    return uris


def check_scope(text: str) -> None:
    """Raise ApiError for scopes that Mastodon does not know, or without anything to read."""
    scopes = text.split()
    is_known = all(_KNOWN.fullmatch(each) for each in scopes)
    if scopes and not (is_known and any(each.startswith((READ, "profile")) for each in scopes)):
        raise ApiError(
            "invalid_scope", description="only what begins with 'read' is given here", status=400
        )


# -- tokens ---------------------------------------------------------------------------------------


def token(desk: Desk) -> Handler:
    """Give a token for a code, or to an app by itself."""

    async def answer(request: web.Request) -> web.StreamResponse:
        desk.slow_down(request, desk.limits.tokens)
        params = await sent(request)
        app_id, secret = _credentials(request, params)
        given, created = await desk.keeper.write(_give, params, app_id, secret)
        if given is None:
            raise ApiError("invalid_grant", description="this code does not hold")
        return answered(
            {
                "access_token": given,
                "token_type": "Bearer",
                "scope": READ,
                "created_at": created,
            },
            headers={"Pragma": "no-cache"},  # RFC 6749 5.1
        )

    return answering(answer)


def _give(store: AccountStore, params: Params, app_id: str, secret: str) -> tuple[str | None, int]:
    app = _get_app(store, app_id, secret)
    created = int(store.clock.now().timestamp())
    match params.first("grant_type"):
        case "client_credentials":
            check_scope(params.first("scope"))
            return accounts.token_for_app(store, app), created
        case "authorization_code":
            given = accounts.exchange(
                store,
                app=app,
                code=params.first("code"),
                redirect_uri=params.first("redirect_uri"),
                challenge=_challenge(params.first("code_verifier")),
            )
            return given, created
    raise ApiError("unsupported_grant_type", description="ask with a code or as an app")


def _challenge(verifier: str) -> str:
    """Return what a verifier comes to with S256 (RFC 7636 4.6); nothing for none."""
    if not verifier:
        return ""
    if not _VERIFIER.fullmatch(verifier):
        raise ApiError("invalid_request", description="code_verifier has 43 to 128 letters")
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def revoke(desk: Desk) -> Handler:
    """Take back a token of the app that asks (RFC 7009)."""

    async def answer(request: web.Request) -> web.StreamResponse:
        desk.slow_down(request, desk.limits.tokens)
        params = await sent(request)
        app_id, secret = _credentials(request, params)
        if not await desk.keeper.write(_revoke, app_id, secret, params.first("token")):
            raise ApiError("unauthorized_client", description="not your token", status=403)
        return answered({})

    return answering(answer)


def _revoke(store: AccountStore, app_id: str, secret: str, given: str) -> bool:
    return accounts.revoke(store, _get_app(store, app_id, secret), given)


def _get_app(store: AccountStore, app_id: str, secret: str) -> App:
    app = accounts.find_app(store, app_id, secret)
    if app is None:
        raise ApiError(
            "invalid_client",
            description="the app is not known here, or its secret is another",
            status=401,
            headers={"WWW-Authenticate": "Basic"},  # RFC 6749 5.2
        )
    return app


def _credentials(request: web.Request, params: Params) -> tuple[str, str]:
    """Return the id and secret of an app: in the body, or by Basic (RFC 6749 2.3.1)."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            app_id, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
        except (NotBase64, UnicodeDecodeError):
            return "", ""
        return unquote_plus(app_id), unquote_plus(secret)
    return params.first("client_id"), params.first("client_secret")
