"""The page where a member signs in and lets an app read, and what becomes of it.

Steps: is the app known, and is this where it may send people → show the page → was the form ours
(RFC 6749 10.12) → how often was it tried → is the password right → a code, and back to the app.
There is no session: each app is let in with the password, so no other site can use a cookie. What
is wrong with the request is shown here and sends nobody anywhere (RFC 9700 4.11.2).
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from aiohttp import web

from catalogue.addresses import ApiPath
from catalogue.errors import Unavailable
from catalogue.members import MAX_SIGN_IN
from web import accounts, passwords
from web.accounts import AccountStore, App, new_secret
from web.answers import told
from web.frame import frame_of, visit_of
from web.headers import SECURITY, secured
from web.mastodon.answers import Handler
from web.mastodon.desk import Desk, asked, count, sent
from web.mastodon.errors import ApiError, BadParameter
from web.mastodon.oauth import CHALLENGE, check_scope
from web.mastodon.params import FORM, Params
from web.mastodon.redirects import OUT_OF_BAND, form_target, shown, with_answer
from web.render import render
from web.views import AuthorizeView, CodeView, View
from web.visit import Visit

log = logging.getLogger(__name__)

ASKED = (
    "response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge",
    "code_challenge_method",
)  # fmt: skip
TOLD = {400, 403, 429}  # refusals that have a page of their own
# Apps in a browser open the page in a window of their own and wait for it; a policy that parts the
# two would look to them as if the window was closed.
WITH_OPENER = {"Cross-Origin-Opener-Policy": "unsafe-none"}
CODE_MINUTES = int(accounts.CODE_LIFE.total_seconds() // 60)

_FORM_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class Forged(ApiError):
    """The form was not sent from our page (H66)."""

    status = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an app asks for, as far as it holds."""

    app: App
    redirect_uri: str
    state: str
    challenge: str


def page(desk: Desk) -> Handler:
    """Show what an app asks for, with a form to sign in."""

    async def show(request: web.Request, visit: Visit) -> web.Response:
        params = asked(request)
        wish = await desk.keeper.read(_read_wish, params)
        return _page(desk, request, visit, wish, params)

    return _told_here(desk, show)


def answer(desk: Desk) -> Handler:
    """Take the form: let the app in, or not."""

    async def take(request: web.Request, visit: Visit) -> web.Response:
        if request.content_type != FORM:
            raise Forged("the form was not sent by this page")
        params = await sent(request)
        _check_form(desk, request, params)
        wish = await desk.keeper.read(_read_wish, params)
        if params.first("answer") == "deny":
            return _sent_back(desk, wish, error="access_denied")
        return await _sign_in(desk, request, visit, wish, params)

    return _told_here(desk, take)


async def _sign_in(
    desk: Desk, request: web.Request, visit: Visit, wish: Wish, params: Params
) -> web.Response:
    name, password = params.first("username").strip().lower(), params.first("password")
    desk.slow_down(request, desk.limits.sign_in_by_client)
    count(desk.limits.sign_in_by_name, name[:MAX_SIGN_IN])
    code = await _code(desk, wish, name, password)
    if code is None:
        return _page(desk, request, visit, wish, params, is_wrong=True)
    if wish.redirect_uri != OUT_OF_BAND:
        return _sent_back(desk, wish, code=code)
    view = CodeView(
        title=visit.wording.say("code-title"),
        app=visit.name(wish.app.name),
        code=code,
        minutes=CODE_MINUTES,
    )
    return _shown(visit, view)


async def _code(desk: Desk, wish: Wish, name: str, password: str) -> str | None:
    """Return a code for who signs in; None for a name and password that do not go together."""
    member, encoded = await desk.keeper.read(accounts.find_password, name)
    async with desk.hashing:
        is_right = await asyncio.to_thread(passwords.opens, password, encoded)
        if member is None or encoded is None or not is_right:
            return None
        if passwords.is_outdated(encoded):
            anew = await asyncio.to_thread(passwords.hashed, password)
            await desk.keeper.write(accounts.renew_password, member.id, encoded, anew)
            encoded = anew
    return await desk.keeper.write(
        accounts.grant,
        member=member,
        encoded=encoded,
        app=wish.app,
        redirect_uri=wish.redirect_uri,
        challenge=wish.challenge,
    )


# -- what is asked --------------------------------------------------------------------------------


def _read_wish(store: AccountStore, params: Params) -> Wish:
    """Return what is asked for; raise BadParameter for what does not hold."""
    for name in ASKED:
        if len(params.every(name)) > 1:
            raise BadParameter(f"{name} is there twice")  # RFC 6749 3.1
    app = store.apps.find(params.first("client_id"))
    if app is None:
        raise BadParameter("this app is not known here; it must make itself known first")
    if params.first("redirect_uri") not in app.redirect_uris:
        raise BadParameter("this is not where the app said that people are sent back to")
    if params.first("response_type") != "code":
        raise BadParameter("response_type must be code")
    check_scope(params.first("scope"))
    return Wish(
        app=app,
        redirect_uri=params.first("redirect_uri"),
        state=params.first("state"),
        challenge=_challenge(params),
    )


def _challenge(params: Params) -> str:
    challenge, method = params.first("code_challenge"), params.first("code_challenge_method")
    if not challenge and not method:
        return ""
    if method != "S256" or not CHALLENGE.fullmatch(challenge):
        raise BadParameter("code_challenge must be made with S256")
    return challenge


# -- the form is ours -----------------------------------------------------------------------------


def _check_form(desk: Desk, request: web.Request, params: Params) -> None:
    """Raise Forged where the form came from another site, or without our cookie (H66)."""
    origin = request.headers.get("Origin", desk.site.addresses.base_url)
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    cookie = request.cookies.get(_cookie_name(desk), "")
    is_ours = _FORM_TOKEN.fullmatch(cookie) and accounts.is_same(cookie, params.first("form_token"))
    if origin != desk.site.addresses.base_url or site != "same-origin" or not is_ours:
        raise Forged("the form was not sent by this page")


def _cookie_name(desk: Desk) -> str:
    return "__Host-capx_form" if _is_https(desk) else "capx_form"


def _is_https(desk: Desk) -> bool:
    return desk.site.addresses.base_url.startswith("https:")


# -- what is shown --------------------------------------------------------------------------------


def _page(
    desk: Desk,
    request: web.Request,
    visit: Visit,
    wish: Wish,
    params: Params,
    *,
    is_wrong: bool = False,
) -> web.Response:
    known = request.cookies.get(_cookie_name(desk), "")
    form_token = known if _FORM_TOKEN.fullmatch(known) else new_secret()
    kept = [(name, params.first(name)) for name in ASKED if params.first(name)]
    view = AuthorizeView(
        title=visit.wording.say("authorize-title"),
        status=422 if is_wrong else 200,
        app=visit.name(wish.app.name),
        goal="" if wish.redirect_uri == OUT_OF_BAND else shown(wish.redirect_uri),
        action=visit.at(ApiPath.AUTHORIZE),
        hidden=(*kept, ("form_token", form_token)),
        is_wrong=is_wrong,
        most=passwords.MAX_LENGTH,
    )
    here = visit if request.method == "GET" else _as_asked(visit, kept)
    response = _shown(here, view, goal=form_target(wish.redirect_uri))
    response.set_cookie(
        _cookie_name(desk),
        form_token,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=_is_https(desk),
    )
    return response


def _as_asked(visit: Visit, kept: list[tuple[str, str]]) -> Visit:
    """Return a visit whose links to other languages ask the same again."""
    return replace(visit, asked=tuple(kept))


def _shown(visit: Visit, view: View, *, goal: str = "") -> web.Response:
    """Return a page that stays in no cache; its form may lead to ``goal``."""
    response = web.Response(
        text=render(view, frame_of(visit), visit.wording),
        status=view.status,
        content_type="text/html",
        charset="utf-8",
        headers={"Cache-Control": "no-store", "Content-Language": visit.wording.language},
    )
    secured(response).headers.update(WITH_OPENER)
    if goal:
        policy = SECURITY["Content-Security-Policy"]
        response.headers["Content-Security-Policy"] = policy.replace(
            "form-action 'self'", f"form-action 'self' {goal}"
        )
    return response


def _sent_back(desk: Desk, wish: Wish, **answer: str) -> web.Response:
    """Send whoever answered back to the app (RFC 6749 4.1.2, RFC 9207)."""
    if wish.redirect_uri == OUT_OF_BAND:
        goal = desk.site.addresses.base_url
    else:
        goal = with_answer(
            wish.redirect_uri, **answer, state=wish.state, iss=desk.site.addresses.base_url
        )
    headers = {"Location": goal, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    response = web.Response(status=303)
    secured(response).headers.update({**headers, **WITH_OPENER})
    return response


def _told_here(
    desk: Desk, show: Callable[[web.Request, Visit], Awaitable[web.Response]]
) -> Handler:
    """Wrap a handler so that what is refused is told on a page of ours."""

    async def handle(request: web.Request) -> web.StreamResponse:
        visit = visit_of(request, desk.site)
        try:
            return await show(request, visit)
        except ApiError as error:
            status = error.status if error.status in TOLD else 400
            problems = (error.description or str(error),) if status == 400 else ()
            response = told(request, visit, status, problems)
            response.headers.update(error.headers)
            return response
        except Unavailable:
            log.exception("nobody can sign in now")
            return told(request, visit, 503)
        except Exception:
            log.exception("signing in failed")
            return told(request, visit, 500)

    return handle
