"""The store: every shelf on one connection, as one transaction sees them."""

from dataclasses import dataclass

from catalogue.addresses import Addresses
from catalogue.ports import Clock, Ids
from catalogue.taxonomy import Taxonomy
from federation.model import Openness
from node.storage.accounts import Apps, Grants, Members, Passwords, Tokens
from node.storage.actors import Actors, Peers
from node.storage.blocks import Blocks
from node.storage.comparisons import Comparisons
from node.storage.digests import Digests
from node.storage.drafts import Drafts
from node.storage.follows import Follows
from node.storage.hosts import Hosts, Relays
from node.storage.inquiries import Inquiries
from node.storage.journal import Events, Tombstones
from node.storage.listings import Listings
from node.storage.matches import Matches
from node.storage.outbox import Activities
from node.storage.parties import Keys, Parties
from node.storage.queues import CatchUps, Deliveries, Inbox
from node.storage.quotes import Quotes
from node.storage.reports import Reports
from node.storage.sql import Sql
from node.storage.strangers import Strangers
from node.storage.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the shelves cannot know: time, ids, this node's addresses, the vocabulary, and whom
    this node deals with."""

    clock: Clock
    ids: Ids
    addresses: Addresses
    taxonomy: Taxonomy
    openness: Openness = Openness.OPEN


class NodeStore:
    """All that one transaction can reach; what the catalogue and the doors ask for in one."""

    def __init__(self, sql: Sql, around: Surroundings) -> None:
        self.clock = around.clock
        self.ids = around.ids
        self.addresses = around.addresses
        self.taxonomy = around.taxonomy

        self.listings = Listings(sql)
        self.actors = Actors(sql)
        self.peers = Peers(sql, around.addresses.catalogue)
        self.matches = Matches(sql)
        self.follows = Follows(sql)
        self.inquiries = Inquiries(sql)
        self.drafts = Drafts(sql)
        self.tombstones = Tombstones(sql)
        self.events = Events(sql, around.clock)

        self.parties = Parties(sql)
        self.keys = Keys(sql)
        self.inbox = Inbox(sql)
        self.activities = Activities(sql)
        self.deliveries = Deliveries(sql)
        self.hosts = Hosts(sql, around.openness)
        self.relays = Relays(sql)
        self.quotes = Quotes(sql)
        self.blocks = Blocks(sql)
        self.reports = Reports(sql)
        self.catch_ups = CatchUps(sql)
        self.digests = Digests(sql)
        self.comparisons = Comparisons(sql)
        self.strangers = Strangers(sql)

        self.timeline = Timeline(sql)
        self.members = Members(sql)
        self.passwords = Passwords(sql)
        self.apps = Apps(sql)
        self.grants = Grants(sql)
        self.tokens = Tokens(sql)
