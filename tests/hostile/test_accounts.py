"""Signing in and what it opens: rows L37 to L47 and H66 to H74, for the doors that apps use.

L41 (a sign-in with another provider is bound to its stable id, never to mail or name) has no test
yet: a member signs in with a password of this node and nothing else.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from catalogue.addresses import ApiPath, local
from catalogue.model import Member, MemberRole, Visibility
from node.cli.main import main
from tests.hostile.house import House
from tests.journeys.app import BACK, PASSWORD, Phone, challenge, hidden, member
from tests.journeys.world import offer
from web import accounts
from web.mastodon.ask import Access
from web.mastodon.desk import NEW_APPS, SIGN_INS_OF_CLIENT, SIGN_INS_OF_NAME, TOKEN_REQUESTS
from web.mastodon.params import FORM, JSON
from web.mastodon.routes import TABLE

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCOUNTS = ("member", "password", "oauth_app", "oauth_code", "oauth_token")
SECRET_WORDS = "marker-in-a-listing-for-members"
ADDRESSES = (f"203.0.{high}.{low}" for high in range(113, 250) for low in range(1, 250))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def olena(house: House) -> AsyncIterator[Member]:
    """A member of the house, and a listing that only members see."""
    hidden_one = offer(SECRET_WORDS, visibility=Visibility.NODE)
    await house.node.publish(hidden_one, by="guild")
    yield await member(house.node)


@pytest.fixture
def phone(house: House, olena: Member) -> Phone:
    """An app at an address that nobody used before."""
    return Phone(house.node, address=next(ADDRESSES))


def path_of(path: ApiPath, house: House, olena: Member) -> str:
    """Return a row's path with parts that are there."""
    named = {"id": olena.id if "accounts" in path else house.own.id, "tag": "Mediation"}
    parts = re.findall(r"\{(\w+)\}", path)
    return local(path, **{part: named[part] for part in parts})


NEEDED = {ApiPath.SEARCH: "?q=mediation", ApiPath.ACCOUNT_LOOKUP: "?acct=guild"}

ROLES = ("nobody", "a stranger's word", "app", "member", "steward", "admin", "disabled")

EXPECTED = {
    # what each role gets: 0 is whatever the call itself answers
    Access.OPEN: (0, 401, 0, 0, 0, 0, 401),
    Access.APP: (401, 401, 0, 0, 0, 0, 401),
    Access.MEMBER: (401, 401, 422, 0, 0, 0, 401),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tokens(house: House, olena: Member) -> dict[str, str | None]:
    """A token for each role."""
    held: dict[str, str | None] = {"nobody": None, "a stranger's word": "x" * 43}
    for role in MemberRole:
        name = "olena" if role is MemberRole.MEMBER else f"a_{role}"
        if role is not MemberRole.MEMBER:
            await member(house.node, name, role)
        _, held[role.value] = await Phone(house.node, next(ADDRESSES)).sign_in(name)
    await member(house.node, "left")
    app, held["disabled"] = await Phone(house.node, next(ADDRESSES)).sign_in("left")
    held["app"] = await Phone(house.node, next(ADDRESSES)).app_token(app)
    await house.node.database.write(accounts.disable, "left")
    return held


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.path)
async def test_l37_each_call_answers_whom_it_is_for_and_nobody_else(
    house, olena, phone, tokens, row
):
    address = path_of(row.path, house, olena) + NEEDED.get(row.path, "")
    async with house.unchanged():
        answers = [await phone.get(address, token=tokens[role]) for role in ROLES]
    for role, expected, heard in zip(ROLES, EXPECTED[row.access], answers, strict=True):
        if expected:
            assert (role, heard.status, list(heard.json)) == (role, expected, ["error"])
        else:
            assert (role, heard.status in {200, 404}) == (role, True)
        if role in {"nobody", "app"}:
            assert SECRET_WORDS not in heard.text


async def test_l37_only_members_see_what_is_for_members(house, phone, tokens):
    for path in ("/api/v1/timelines/public", f"/api/v2/search?q={SECRET_WORDS}"):
        seen = {
            role: SECRET_WORDS
            in (await phone.get(path, token=tokens[role])).text.partition("q=")[0]
            for role in ROLES
        }
        assert [role for role in ROLES if seen[role]] == ["member", "steward", "admin"]
    [found] = (await phone.get(f"/api/v2/search?q={SECRET_WORDS}", token=tokens["member"])).json[
        "statuses"
    ]
    for rest in ("", "/context"):
        path = f"/api/v1/statuses/{found['id']}{rest}"
        hidden_one, unknown = await phone.get(path), await phone.get(f"/api/v1/statuses/1{rest}")
        assert (hidden_one.status, hidden_one.text) == (404, unknown.text)
        assert (await phone.get(path, token=tokens["member"])).status == 200


async def test_l37_member_is_shown_to_themselves_alone(house, olena, phone, tokens):
    for path in (f"/api/v1/accounts/{olena.id}", "/api/v1/accounts/lookup?acct=~olena"):
        for role in ("nobody", "app", "steward", "admin"):
            assert (await phone.get(path, token=tokens[role])).status == 404
    own = await phone.get(f"/api/v1/accounts/{olena.id}", token=tokens["member"])
    assert (own.status, own.json["acct"]) == (200, "~olena")
    for path in ("/api/v2/search?q=olena&type=accounts", "/api/v1/directory"):
        assert "olena" not in (await phone.get(path, token=tokens["admin"])).text


# -- how often ------------------------------------------------------------------------------------


async def test_l38_every_way_in_is_throttled_and_says_when_to_come_back(phone):
    ways = {
        "/api/v1/apps": NEW_APPS,
        "/oauth/token": TOKEN_REQUESTS,
        "/oauth/revoke": TOKEN_REQUESTS,
    }
    for path, most in ways.items():
        guest = Phone(phone.node, next(ADDRESSES))
        statuses = [(await guest.post(path, {"nothing": "x"})).status for _ in range(most)]
        assert 429 not in statuses
        over = await guest.post(path, {"nothing": "x"})
        assert (over.status, over.json) == (429, {"error": "Too many requests"})
        assert 0 < int(over.headers["Retry-After"]) <= 3600
        elsewhere = Phone(phone.node, next(ADDRESSES))
        assert (await elsewhere.post(path, {"nothing": "x"})).status != 429


async def test_h68_tries_from_one_address_end_after_25(phone):
    page = await phone.open_form(await phone.register())
    for number in range(SIGN_INS_OF_CLIENT):
        heard = await phone.send_form(page, username=f"nobody{number}", password="x")
        assert heard.status == 422
    over = await phone.send_form(page)  # with the right password
    assert (over.status, int(over.headers["Retry-After"]) <= 300) == (429, True)


async def test_h68_tries_of_one_name_end_after_25_wherever_they_come_from(house, phone):
    await member(house.node, "wanted")
    app = await phone.register()
    for _ in range(SIGN_INS_OF_NAME):
        thief = Phone(house.node, next(ADDRESSES))
        page = await thief.open_form(app)
        assert (await thief.send_form(page, username="WANTED", password="guess")).status == 422
    page = await phone.open_form(app)
    over = await phone.send_form(page, username="wanted")
    assert (over.status, 300 < int(over.headers["Retry-After"]) <= 3600) == (429, True)
    assert (await phone.send_form(page, username="olena")).status == 303


async def test_h68_unknown_name_disabled_member_and_wrong_password_look_the_same(house, phone):
    await member(house.node, "shut_out")
    await house.node.database.write(accounts.disable, "shut_out")
    page = await phone.open_form(await phone.register())
    tried = [("olena", "wrong"), ("nobody", PASSWORD), ("shut_out", PASSWORD), ("", "")]
    heard = [
        await phone.send_form(page, username=name, password=password) for name, password in tried
    ]
    assert {(each.status, each.text) for each in heard} == {(422, heard[0].text)}
    assert "do not go together" in heard[0].text


async def test_h69_address_that_a_stranger_forges_is_not_believed(house, phone):
    app = await phone.register()
    page = await phone.open_form(app)
    for number in range(SIGN_INS_OF_CLIENT + 1):
        forged = {"X-Forwarded-For": f"198.18.0.{number}, {phone.address}"}
        heard = await phone.send_form(page, headers=forged, username="nobody", password="x")
    assert heard.status == 429


async def test_h69_host_header_is_never_used_in_what_is_answered(house, phone):
    for path in ("/api/v1/timelines/public", "/.well-known/oauth-authorization-server"):
        heard = await phone.get(path, headers={"Host": "evil.example"})
        assert heard.status == 421
        forwarded = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
        assert "evil.example" not in (await phone.get(path, headers=forwarded)).text


# -- what dies when -------------------------------------------------------------------------------


async def test_l39_tokens_die_at_once_with_a_command_beside_the_running_node(
    house, phone, tmp_path, capsys
):
    data = ["--data", str(house.node.config.data)]
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")

    async def capx(*words: str) -> None:
        assert await asyncio.to_thread(main, [*words, *data]) == 0
        capsys.readouterr()

    await capx("user", "add", "brief", "--password-file", str(secret))
    for command in (
        ["user", "password", "brief", "--password-file", str(secret)],
        ["user", "disable", "brief"],
    ):
        guest = Phone(house.node, next(ADDRESSES))
        app, token = await guest.sign_in("brief")
        page = await guest.open_form(app)
        code = (await guest.send_form(page, username="brief")).told["code"]
        me = "/api/v1/accounts/verify_credentials"
        assert (await guest.get(me, token=token)).status == 200
        await capx(*command)
        assert (await guest.get(me, token=token)).status == 401
        assert (await guest.get("/api/v1/timelines/public", token=token)).status == 401
        assert (await guest.redeem(app, code)).json["error"] == "invalid_grant"
    await capx("user", "enable", "brief")
    assert (await guest.get(me, token=token)).status == 401
    assert (await guest.send_form(page, username="brief")).status == 303


@pytest.mark.parametrize(
    "grant", ["password", "urn:ietf:params:oauth:grant-type:jwt-bearer", "token-exchange", ""]
)
async def test_l41_nothing_but_the_form_opens_an_account(phone, grant):
    app = await phone.register()
    who = {"username": "olena", "password": PASSWORD, "email": "olena@example.org"}
    proof = {"assertion": "x", "subject_token": "x", "provider": "elsewhere"}
    heard = await phone.post("/oauth/token", {**app, **who, **proof, "grant_type": grant})
    assert (heard.status, "access_token" in heard.json) == (400, False)


@pytest.mark.parametrize("name", ["olena@example.org", "olena@{host}", "~olena", "@olena"])
async def test_l41_account_is_found_by_its_name_and_no_address(house, phone, name):
    page = await phone.open_form(await phone.register())
    typed = name.format(host=house.node.authority)
    assert (await phone.send_form(page, username=typed)).status == 422


async def test_l42_token_dies_with_its_app(house, phone):
    app, token = await phone.sign_in()
    await house.node.database.write(lambda store: store.apps.remove(app["client_id"]))
    assert (await phone.get("/api/v1/accounts/verify_credentials", token=token)).status == 401


async def test_l42_code_is_for_one_app_one_address_one_verifier_and_once(house, phone):
    app, other = await phone.register(redirect_uris=f"{BACK} {BACK}2"), await phone.register()
    verifier = "v" * 64

    async def code() -> str:
        how = {"code_challenge": challenge(verifier), "code_challenge_method": "S256"}
        return (await phone.send_form(await phone.open_form(app, **how))).told["code"]

    right = {"code_verifier": verifier}
    given = await code()
    for wrong in (
        {"code_verifier": "w" * 64},
        {"code_verifier": ""},
        {**right, "redirect_uri": f"{BACK}2"},
        {**right, "redirect_uri": ""},
        {**right, "code": given[:-1]},
    ):
        heard = await phone.redeem(app, **{"code": given, **wrong})
        assert (heard.status, heard.json["error"]) == (400, "invalid_grant")
    heard = await phone.redeem(other, given, **right)
    assert (heard.status, heard.json["error"]) == (400, "invalid_grant")
    stolen = {**app, "client_secret": other["client_secret"]}
    heard = await phone.redeem(stolen, given, **right)
    assert (heard.status, heard.json["error"]) == (401, "invalid_client")

    heard = await phone.redeem(app, given, **right)
    assert (heard.status, heard.json["scope"], heard.json["token_type"]) == (200, "read", "Bearer")
    token = heard.json["access_token"]
    assert (await phone.get("/api/v1/preferences", token=token)).status == 200
    assert (await phone.redeem(app, given, **right)).json["error"] == "invalid_grant"
    assert (await phone.get("/api/v1/preferences", token=token)).status == 401


async def test_l42_verifier_for_a_code_without_challenge_is_refused(phone):
    app = await phone.register()
    given = (await phone.send_form(await phone.open_form(app))).told["code"]
    assert (await phone.redeem(app, given, code_verifier="v" * 64)).status == 400
    assert (await phone.redeem(app, given)).status == 200


async def test_token_is_taken_back_by_its_own_app_alone(phone):
    app, token = await phone.sign_in()
    other = await phone.register()

    async def revoke(by, **changes):
        form = {"client_id": by["client_id"], "client_secret": by["client_secret"], "token": token}
        return await phone.post("/oauth/revoke", {**form, **changes})

    assert (await revoke(other)).status == 403
    assert (await revoke(app, client_secret="x")).status == 401
    assert (await phone.get("/api/v1/preferences", token=token)).status == 200
    assert (await revoke(app)).status == (await revoke(app)).status == 200
    assert (await phone.get("/api/v1/preferences", token=token)).status == 401


# -- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json"},
        {"Content-Type": "multipart/form-data; boundary=x"},
    ],
    ids=str,
)
async def test_h66_form_that_another_site_sends_is_refused(house, phone, headers):
    page = await phone.open_form(await phone.register())
    filled = urlencode({**hidden(page.text), "username": "olena", "password": PASSWORD})
    given = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    async with house.unchanged():
        heard = await phone.post("/oauth/authorize", filled.encode(), headers=given)
    assert heard.status == 403
    assert heard.location == ""


async def test_h66_form_without_the_cookie_or_with_another_is_refused(house, phone):
    page = await phone.open_form(await phone.register())
    async with house.unchanged():
        for cookies in ({}, {"capx_form": ""}, {"capx_form": "y" * 43}):
            stranger = Phone(house.node, phone.address, cookies)
            assert (await stranger.send_form(page)).status == 403
        assert (await phone.send_form(page, form_token="")).status == 403
    assert (await phone.send_form(page, headers={"Origin": house.node.url})).status == 303


async def test_page_sets_a_cookie_that_scripts_and_other_sites_do_not_get(phone):
    heard = await phone.open_form(await phone.register())
    cookie = heard.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert heard.headers["Cache-Control"] == "no-store"
    assert heard.headers["X-Frame-Options"] == "DENY"
    assert heard.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"  # apps open it in a window
    policy = heard.headers["Content-Security-Policy"]
    assert "form-action 'self' https://app.example;" in policy
    assert "default-src 'none'" in policy


GOALS = (
    "https://evil.example/", "https://app.example", "https://app.example/back", f"{BACK}&more=1",
    f"{BACK}/", "https://app.example/back?from=there#", "https://APP.example/back?from=there",
    "https://app.example:443/back?from=there", "//app.example/back?from=there",
    "https://app.example/back%3Ffrom=there", "https://app.example@evil.example/", "/\\evil.example",
    "javascript:alert(1)", "", "urn:ietf:wg:oauth:2.0:oob", "https://app.example/x/../back?from=there",
)  # fmt: skip


@pytest.mark.parametrize("goal", GOALS)
async def test_h70_l43_nobody_is_sent_where_the_app_did_not_say(house, phone, goal):
    app = await phone.register()
    async with house.unchanged():
        heard = await phone.open_form(app, redirect_uri=goal)
        assert (heard.status, heard.location) == (400, "")
        page = await phone.open_form(app)
        heard = await phone.send_form(page, redirect_uri=goal)
        assert (heard.status, heard.location) == (400, "")


@pytest.mark.parametrize(
    "changes",
    [
        {"response_type": "token"},
        {"response_type": ""},
        {"client_id": "nobody"},
        {"scope": "write"},
        {"scope": "everything"},
        {"code_challenge": "c" * 43},
        {"code_challenge": "c" * 43, "code_challenge_method": "plain"},
        {"code_challenge": "short", "code_challenge_method": "S256"},
        {"code_challenge_method": "S256"},
    ],
    ids=str,
)
async def test_h70_request_that_has_no_sense_is_told_here_and_leads_nowhere(house, phone, changes):
    app = await phone.register()
    async with house.unchanged():
        heard = await phone.open_form(app, **changes)
    assert (heard.status, heard.location) == (400, "")


async def test_parameter_that_is_there_twice_is_refused(phone):
    app = await phone.register()
    twice = [("client_id", app["client_id"]), ("redirect_uri", BACK), ("response_type", "code")]
    query = urlencode([*twice, ("redirect_uri", BACK)])
    assert (await phone.get(f"/oauth/authorize?{query}")).status == 400


BAD_URIS = (
    "https://*/", "https://*.example/", "https://a.example;sandbox/", "https://a.example,sandbox/",
    "", "http://evil.example/", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd",
    "https://", "https://a@b.example/", "https://b.example/#x", "https://b.example/\\x",
    "//b.example", "urn:x", "ftp://b.example/", "https://b.example:0/", "https://b.exa mple/", "blob:https://b/",
    "https://b.example/" + "x" * 2000, "https://[::1", "vbscript:x", "https://b.example/';x",
)  # fmt: skip


@pytest.mark.parametrize("uri", BAD_URIS)
async def test_l43_app_cannot_register_where_nobody_should_be_sent(house, phone, uri):
    async with house.unchanged():
        form = {"client_name": "Evil", "redirect_uris": uri}
        assert (await phone.post("/api/v1/apps", form)).status in {400, 422}


async def test_whoever_says_no_goes_back_without_a_code(house, phone):
    app = await phone.register()
    page = await phone.open_form(app)
    async with house.unchanged():
        heard = await phone.send_form(page, answer="deny", username="", password="")
    assert heard.status == 303
    assert heard.location.startswith(f"{BACK}&error=access_denied")
    assert heard.told["state"] == "s t/ä&te"
    assert "code" not in heard.told


async def test_app_is_told_what_it_sent_and_who_answers(house, phone):
    app = await phone.register()
    heard = await phone.send_form(await phone.open_form(app))
    assert heard.location.startswith(f"{BACK}&code=")
    assert heard.told["state"] == "s t/ä&te"
    assert heard.told["iss"] == house.node.url
    assert heard.told["from"] == "there"


async def test_whatever_an_app_calls_itself_is_only_shown(phone):
    name = "<script>alert(1)</script>\u202e{{7*7}}"
    heard = await phone.open_form(await phone.register(client_name=name))
    assert heard.status == 200
    assert "<script" not in heard.text
    assert "\u202e" not in heard.text
    assert "&lt;script&gt;" in heard.text


# -- nothing else ---------------------------------------------------------------------------------


async def test_h74_reading_changes_nothing(house, olena, phone, tokens):
    app = await phone.register()
    async with house.unchanged():
        for row in TABLE:
            address = path_of(row.path, house, olena) + NEEDED.get(row.path, "")
            for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"):
                heard = await phone.ask(method, address, token=tokens["admin"])
                assert heard.status < 500
        for path in (ApiPath.AUTHORIZE, ApiPath.OAUTH_SERVER, ApiPath.TOKEN, ApiPath.REVOKE):
            assert (await phone.get(path)).status in {200, 400, 404, 405}
        query = {"username": "olena", "password": PASSWORD, "answer": "allow"}
        heard = await phone.open_form(app, **query)
        assert (heard.status, heard.location) == (200, "")


async def test_l47_no_secret_is_logged_or_kept_as_it_is(house, phone, caplog):
    caplog.set_level("DEBUG")
    app, token = await phone.sign_in()
    page = await phone.open_form(app)
    code = (await phone.send_form(page)).told["code"]
    await phone.send_form(page, password="a-wrong-one-in-the-log")
    await phone.redeem(app, code, code_verifier="bad")
    await phone.get("/api/v1/timelines/public?max_id=x", token=token)
    await phone.get("/api/v1/preferences", token="unknown-token-in-the-log")
    secrets = [
        PASSWORD, token, code, app["client_secret"], hidden(page.text)["form_token"],
        "a-wrong-one-in-the-log", "unknown-token-in-the-log",
    ]  # fmt: skip
    logged = caplog.text + " ".join(str(vars(record)) for record in caplog.records)
    assert [each for each in secrets if each in logged] == []
    kept = str([house.node.rows(f"SELECT * FROM {table}") for table in ACCOUNTS])  # noqa: S608
    assert [each for each in secrets if each in kept] == []


BODIES = (
    (b"{", JSON), (b"[]", JSON), (b'{"client_name":{}}', JSON), (b"[" * 10_000, JSON),
    (b'{"a":"\\ud800"}', JSON), (b"\xff\xfe", JSON), (b"a=%00", FORM), (b"a=%ff", FORM),
    (b"a&" * 8000, FORM), (b"x" * 20_000, FORM), (b"x", "text/plain"), (b"x", "a/b;;="),
    (b"client_name=a%0ab&redirect_uris=https://x.example/", FORM),
)  # fmt: skip


@pytest.mark.parametrize(("body", "media"), BODIES, ids=range(len(BODIES)))
async def test_h50_body_that_makes_no_sense_is_a_4xx_and_changes_nothing(house, body, media, olena):
    async with house.unchanged():
        for path in (ApiPath.APPS, ApiPath.TOKEN, ApiPath.REVOKE):
            phone = Phone(house.node, next(ADDRESSES))
            heard = await phone.post(path, body, headers={"Content-Type": media})
            assert 400 <= heard.status < 500
            assert "error" in heard.json


QUERIES = (
    "limit=x", "limit=-1", "limit=999999999999999999999999", "max_id=x", "max_id=-1", "max_id=%00",
    "max_id=99999999999999999999", "min_id=9223372036854775808", "since_id=1.5", "local=perhaps",
    "local=true&remote=true", "q=%00", "q=%ff%fe", "type=x&q=a", "q=" + "a" * 5000, "offset=x&q=a",
    "&".join(f"a{n}=1" for n in range(200)), "id[]=%F0%9F%90%9D", "acct=@@@", "order=x", "q='--",
    'q="', "q=NEAR(", "limit=١",
)  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
async def test_parameter_without_sense_is_never_our_fault(house, olena, phone, tokens, query):
    for row in TABLE:
        heard = await phone.get(
            f"{path_of(row.path, house, olena)}?{query}", token=tokens["member"]
        )
        assert heard.status < 500
        assert heard.json is not None


@pytest.mark.parametrize(
    "part", ["x", "0", "-1", "%00", "9" * 19, "9" * 400, "%F0%9F%90%9D", "'--"]
)
async def test_id_that_is_none_is_not_there(phone, part):
    for path in (f"/api/v1/statuses/{part}", f"/api/v1/statuses/{part}/context"):
        assert (await phone.get(path)).json == {"error": "Record not found"}
    for path in (f"/api/v1/accounts/{part}", f"/api/v1/accounts/{part}/statuses"):
        assert (await phone.get(path)).status == 404
    assert (await phone.get(f"/api/v1/timelines/tag/{part}")).json == []


async def test_tables_that_strangers_fill_are_bounded(house, phone, monkeypatch):
    known = house.node.rows("SELECT count(*) FROM oauth_app")[0][0]
    monkeypatch.setattr(accounts, "MAX_APPS", known + 1)
    assert (
        await phone.post("/api/v1/apps", {"client_name": "a", "redirect_uris": BACK})
    ).status == 200
    full = await phone.post("/api/v1/apps", {"client_name": "b", "redirect_uris": BACK})
    assert (full.status, "Retry-After" in full.headers) == (503, True)
    assert house.node.rows("SELECT count(*) FROM oauth_app")[0][0] == known + 1
