"""A reader's own server: where on it they can follow somebody whom they met here.

The reader says their account; its host is asked by WebFinger for the page where its people follow
(FEP-3b86 ``Follow``, then ``Object``, then the OStatus template), and the actor's address is put
into that. The reader is a stranger, and so is what their host answers:

1. the account is read by the strict grammar of :mod:`federation.guard`; blocked hosts and our own
   are not asked;
2. one question, unsigned, to that host and no other, within a few seconds; the answer, also that
   there is none, is remembered for a while;
3. a template is short, fills in known variables only, percent-encoded (RFC 6570 3.2.2), and what
   comes out is judged like every address we would dial ourselves (L17, H30).
"""

import asyncio
import logging
import re
from collections import OrderedDict
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from yarl import URL

from catalogue.addresses import Addresses, Path
from catalogue.ports import Clock
from federation.errors import FederationError
from federation.guard import check_url
from federation.mapping.values import items
from federation.ports import Database, FederationStore
from federation.remote import Remote
from federation.settings import Settings
from federation.vocabulary import INTENT, SUBSCRIBE

log = logging.getLogger(__name__)

RELATIONS = (f"{INTENT}Follow", f"{INTENT}Object", SUBSCRIBE)
MAX_ACCOUNT = 320  # characters
MAX_TEMPLATE = 1024  # characters
MAX_TEMPLATES = 6  # kept of one answer
MAX_VARIABLES = 8  # in one template
REMEMBERED = 1024  # accounts

_ACCOUNT = re.compile(
    r"(?:acct:)?@?(?P<name>[^\s@/?#:\x00-\x20\x7f]{1,64})@(?P<host>[^\s@/?#]{1,255})",
    re.IGNORECASE,
)
_PAGE = re.compile(
    r"https?://(?P<host>[^\s@/?#]{1,255})/@(?P<name>[^\s@/?#:\x00-\x20\x7f]{1,64})/?",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"\{([A-Za-z0-9_.-]{1,40})\}")
_FILLED = {"uri", "object"}


class _Account(NamedTuple):
    name: str
    server: URL

    @property
    def acct(self) -> str:
        return f"{self.name}@{self.server.raw_authority}".lower()


class _Known(NamedTuple):
    at: datetime
    templates: tuple[str, ...]


class Homes:
    """Finds the page of other servers where their people follow."""

    def __init__(
        self,
        database: Database,
        remote: Remote,
        *,
        addresses: Addresses,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._database = database
        self._remote = remote
        self._addresses = addresses
        self._clock = clock
        self._settings = settings
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def is_account(self, account: str) -> bool:
        """Say whether this can be an account at all: ``@me@my.server`` or its page there."""
        return self._read(account) is not None

    async def find_way(self, account: str, uri: str) -> str | None:
        """Return where on its own server an account can follow ``uri``; None where nobody knows."""
        known = self._read(account)
        if known is None or not await self._may_ask(known):
            return None
        templates = self._recall(known.acct)
        if templates is None:
            templates = await self._ask(known)
            self._remember(known.acct, templates)
        ways = (self._way(template, uri) for template in templates)
        return next((way for way in ways if way), None)

    # -- whom to ask --------------------------------------------------------------------------

    def _read(self, account: str) -> _Account | None:
        account = account.strip()
        if len(account) > MAX_ACCOUNT:
            return None
        parts = _ACCOUNT.fullmatch(account) or _PAGE.fullmatch(account)
        if parts is None:
            return None
        scheme = "http" if self._settings.policy.allow_http else "https"
        try:
            host = _ascii(parts["host"])
            return _Account(parts["name"], check_url(f"{scheme}://{host}/", self._settings.policy))
        except (FederationError, UnicodeError):
            return None

    async def _may_ask(self, account: _Account) -> bool:
        host = account.server.raw_authority
        return host != self._addresses.authority and not await self._database.read(
            _is_blocked, host
        )

    # -- asking -------------------------------------------------------------------------------

    async def _ask(self, account: _Account) -> tuple[str, ...]:
        resource = f"acct:{account.name}@{account.server.raw_authority}"
        question = account.server.with_path(Path.WEBFINGER).with_query(resource=resource)
        try:
            async with asyncio.timeout(self._settings.home_seconds):
                answer = await self._remote.get_jrd(str(question))
        except (FederationError, TimeoutError) as error:
            log.info("a reader's server gave no answer", extra={"reason": type(error).__name__})
            return ()
        return _templates(answer)

    def _recall(self, acct: str) -> tuple[str, ...] | None:
        known = self._known.get(acct)
        if known is None or self._clock.now() - known.at > self._settings.home_remembered:
            return None
        return known.templates

    def _remember(self, acct: str, templates: tuple[str, ...]) -> None:
        self._known[acct] = _Known(self._clock.now(), templates)
        self._known.move_to_end(acct)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    # -- its answer ---------------------------------------------------------------------------

    def _way(self, template: str, uri: str) -> str | None:
        """Return the page that a template makes, None for one that nobody should be sent to."""
        named = _VARIABLE.findall(template)
        if not _FILLED & set(named) or len(named) > MAX_VARIABLES:
            return None
        values = dict.fromkeys(_FILLED, quote(uri, safe=""))
        address = _VARIABLE.sub(lambda each: values.get(each[1], ""), template)
        if "{" in address or "}" in address:
            return None
        try:
            return str(check_url(address, self._settings.policy))
        except FederationError:
            return None


def _templates(answer: dict[str, Any]) -> tuple[str, ...]:
    """Return the templates of the relations we can use, the best first."""
    links = [each for each in items(answer.get("links")) if isinstance(each, dict)]
    found = (link.get("template") for rel in RELATIONS for link in links if link.get("rel") == rel)
    fit = [each for each in found if isinstance(each, str) and len(each) <= MAX_TEMPLATE]
    return tuple(fit[:MAX_TEMPLATES])


def _ascii(host: str) -> str:
    """Return a host as it is dialled; raises UnicodeError for a name that cannot be."""
    name, colon, port = host.partition(":")
    return f"{name.encode('idna').decode()}{colon}{port}".lower()


def _is_blocked(store: FederationStore, host: str) -> bool:
    return store.hosts.is_blocked(host)
