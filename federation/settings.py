"""What an operator can set about federation, with the limits as named defaults."""

from dataclasses import dataclass, field
from datetime import timedelta

from federation.guard import DialPolicy
from federation.model import Openness
from federation.remote import Limits
from federation.retry import RetryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How often in one ``window``, how much at one time; 0 is without limit."""

    window: timedelta = timedelta(minutes=5)
    address_requests: int = 300  # of one address to one group of routes
    peer_requests: int = 300_000  # of a peer's address; letters of a peer
    host_letters: int = 300  # of one server that is no peer
    actor_follows: int = 20  # Follow, Undo and Block of one actor
    domain_keys: int = 300  # keys looked for at one registered domain
    peer_keys: int = 3_000  # keys looked for at one host of a peer
    keys: int = 3_000  # keys looked for at all
    at_once: int = 512  # letters looked at
    backlog: int = 50_000  # letters taken in and not worked on yet

    @classmethod
    def unlimited(cls) -> "Rates":
        """Limit nothing: for nodes on one machine that try things out."""
        return cls(
            address_requests=0,
            peer_requests=0,
            host_letters=0,
            actor_follows=0,
            domain_keys=0,
            peer_keys=0,
            keys=0,
            at_once=0,
            backlog=0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this node federates."""

    version: str
    source: str = ""  # where the code that runs is to be had
    inbox_bytes: int = 256 * 1024
    body_seconds: float = 10.0  # to send a whole body to an inbox
    clock_window: timedelta = timedelta(hours=1)
    proof_age: timedelta = timedelta(days=7)  # of a proof that stands in for a signature
    key_refresh: timedelta = timedelta(minutes=5)  # between two refetches of one key
    key_missing: timedelta = timedelta(minutes=10)  # how long a key that is not there is not sought
    key_unreachable: timedelta = timedelta(seconds=15)  # the same where its server is away
    page_items: int = (
        40  # listings on a page of a collection; each may be as large as an inbox takes
    )
    page_bytes: int = 12 * 1024 * 1024  # of a page of another node's collection
    outbox_items: int = 20
    catch_up_pages: int = 2_000  # pages read of one peer's catalogue at the most
    page_fetches: int = 20  # single objects fetched for one incoming activity or page
    inbox_attempts: int = 8
    home_seconds: float = 4.0  # for a reader's own server to say where they follow
    home_remembered: timedelta = timedelta(minutes=10)  # what it said, or that it said nothing
    compare_every: timedelta = timedelta(hours=6)  # with each followed catalogue, give or take 1/4
    compare_start: timedelta = timedelta(seconds=15)  # all of them are compared after a start
    compare_delay: timedelta = timedelta(minutes=1)  # after a hint: what is under way may arrive
    compare_rest: timedelta = timedelta(minutes=10)  # between two comparisons that hints ask for
    compare_pause: timedelta = timedelta(seconds=1)  # between the passes of one comparison
    compare_buckets: int = 64  # that differ, looked at in one pass
    compare_items: int = 400  # fetches of one pass
    compare_fetches: int = 4_000  # of one peer between two regular comparisons
    lanes: int = 4  # requests under way to one host
    openness: Openness = Openness.OPEN
    authorized_fetch: bool = False  # whether ActivityStreams is served to signed requests only
    rates: Rates = field(default_factory=Rates)
    policy: DialPolicy = field(default_factory=DialPolicy)
    limits: Limits = field(default_factory=Limits)
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    @property
    def user_agent(self) -> str:
        """How this node calls itself to servers."""
        return f"capacity-exchange/{self.version}"
