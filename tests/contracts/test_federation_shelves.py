"""What federation's shelves promise: parties, keys, queues, activities, hosts (H10, H64, H65)."""

from datetime import timedelta

import pytest

from federation.model import (
    CatchUp,
    Delivery,
    HostState,
    KnownKey,
    OwnKey,
    QueueItem,
    Received,
    Sent,
)
from tests.samples import HERE, NOW, SOUTH, actor, party, statements

ANA, BEN = actor("ana").uri, actor("ben").uri
MINUTE = timedelta(minutes=1)


# -- parties and keys -----------------------------------------------------------------------------


def test_party_comes_back_and_is_replaced(store):
    full = party(ANA, shared_inbox=f"https://{SOUTH}/inbox", proposals=f"{ANA}/proposals")
    store.parties.put(full)
    store.parties.put(party(BEN, outbox=None, followers=None))
    assert store.parties.find(ANA) == full
    assert store.parties.find_many([ANA, BEN, "x"]) == {
        ANA: full,
        BEN: party(BEN, outbox=None, followers=None),
    }
    store.parties.put(party(ANA, type="Person"))
    assert store.parties.find(ANA) == party(ANA, type="Person")
    store.parties.remove(ANA)
    assert store.parties.find(ANA) is None
    assert store.parties.find(BEN) is not None


def own(uri, algorithm="rsa", created=NOW):
    return OwnKey(uri=uri, owner=HERE.catalogue, algorithm=algorithm, pem="PEM", created=created)


def test_newest_own_key_of_its_kind_is_used(store):
    for key in (own("k1"), own("k2", created=NOW + MINUTE), own("e", "ed25519")):
        store.keys.put_own(key)
    assert store.keys.own(HERE.catalogue, "rsa") == own("k2", created=NOW + MINUTE)
    assert store.keys.own(HERE.catalogue, "ed25519") == own("e", "ed25519")
    assert store.keys.own(ANA, "rsa") is None


def key(uri, owner=ANA, material="PEM"):
    return KnownKey(uri=uri, owner=owner, material=material, fetched=NOW)


def test_known_keys_of_an_owner_are_replaced_as_a_whole(store):
    store.keys.put_known(ANA, [key("a1"), key("a2")])
    store.keys.put_known(BEN, [key("b1", BEN)])
    store.keys.put_known(ANA, [key("a2", material="NEW")])
    assert store.keys.known("a1") is None
    assert store.keys.known("a2") == key("a2", material="NEW")
    assert store.keys.known("b1") == key("b1", BEN)


def test_key_of_one_owner_is_not_taken_by_another(store):
    store.keys.put_known(ANA, [key("a1")])
    store.keys.put_known(BEN, [key("a1", BEN, "STOLEN")])
    assert store.keys.known("a1") == key("a1")


# -- inbox ----------------------------------------------------------------------------------------


def remember(store, number, actor_=ANA, at=NOW):
    uri = f"https://{SOUTH}/activities/{number}"
    return store.inbox.remember(uri, actor=actor_, body=str(number).encode(), at=at)


def bodies(store, now=NOW, limit=10, skip=()):
    return [each.body for each in store.inbox.next_due(now, limit, skip)]


def test_activity_is_remembered_once_h10(store):
    assert remember(store, 1)
    assert not remember(store, 1, BEN)
    [received] = store.inbox.next_due(NOW, 10, ())
    assert received == Received(
        seq=received.seq,
        uri=f"https://{SOUTH}/activities/1",
        actor=ANA,
        body=b"1",
        received=NOW,
        attempts=0,
    )
    store.inbox.done(received.seq)
    assert not remember(store, 1)
    assert bodies(store) == []


def test_inbox_gives_what_is_due_in_the_order_it_came(store):
    for number, who in ((1, ANA), (2, BEN), (3, ANA), (4, ANA)):
        remember(store, number, who)
    assert bodies(store) == [b"1", b"2", b"3", b"4"]
    assert bodies(store, limit=2) == [b"1", b"2"]
    assert bodies(store, skip=[ANA]) == [b"2"]
    assert bodies(store, skip=[ANA, BEN]) == []
    assert bodies(store, now=NOW - MINUTE) == []


def test_postponed_activity_comes_later_and_counts(store):
    remember(store, 1)
    [first] = store.inbox.next_due(NOW, 1, ())
    store.inbox.postpone(first.seq, due=NOW + MINUTE, reason="busy")
    assert bodies(store) == []
    assert store.inbox.next_due_at() == NOW + MINUTE
    [again] = store.inbox.next_due(NOW + MINUTE, 1, ())
    assert (again.seq, again.attempts) == (first.seq, 1)


def test_buried_activity_is_not_due_and_known_as_a_repeat(store):
    remember(store, 1)
    [first] = store.inbox.next_due(NOW, 1, ())
    store.inbox.bury(first.seq, reason="bad")
    assert bodies(store, now=NOW + 9999 * MINUTE) == []
    assert store.inbox.next_due_at() is None
    assert not remember(store, 1)


def test_only_what_was_done_long_ago_is_forgotten(store):
    for number in (1, 2, 3):
        remember(store, number, at=NOW + number * MINUTE)
    first, second, _ = store.inbox.next_due(NOW + 9 * MINUTE, 9, ())
    store.inbox.done(first.seq)
    store.inbox.done(second.seq)
    assert store.inbox.forget_before(NOW + 2 * MINUTE) == 1
    assert remember(store, 1)
    assert not remember(store, 2)
    assert not remember(store, 3)


# -- activities -----------------------------------------------------------------------------------


def sent(number, *, by=HERE.catalogue, is_public=True):
    return Sent(
        uri=HERE.activity("x", str(number)),
        actor=by,
        body=f"body {number}".encode(),
        published=NOW,
        is_public=is_public,
    )


def test_activity_is_kept_as_it_went_out_first(store):
    store.activities.put(sent(1))
    store.activities.put(sent(1, is_public=False))
    assert store.activities.find(sent(1).uri) == sent(1)
    assert store.activities.find("x") is None
    assert store.activities.known_among([sent(1).uri, "x"]) == {sent(1).uri}
    assert store.activities.known_among([]) == set()


def test_public_activities_are_paged_newest_first(store):
    for number in range(5):
        store.activities.put(sent(number))
    store.activities.put(sent(8, is_public=False))
    store.activities.put(sent(9, by=ANA))
    ours = HERE.catalogue
    assert store.activities.count_public(ours) == 5
    assert store.activities.count_public(BEN) == 0
    first = store.activities.list_public(ours, before=None, limit=2)
    second = store.activities.list_public(ours, before=first[-1].uri, limit=9)
    assert first == [sent(4), sent(3)]
    assert second == [sent(2), sent(1), sent(0)]
    assert store.activities.list_public(ours, before="no such", limit=1) == [sent(4)]


# -- deliveries -----------------------------------------------------------------------------------

INBOX = f"https://{SOUTH}/inbox"
OTHER = "https://West.example:8443/inbox"


def add(store, number, inboxes=(INBOX,), at=NOW):
    store.activities.put(sent(number))
    store.deliveries.add(sent(number).uri, actor=HERE.catalogue, inboxes=inboxes, at=at)


def due(store, host=SOUTH, now=NOW, limit=10):
    return [each.body for each in store.deliveries.next_due(host, now, limit)]


def test_delivery_has_all_that_is_needed(store):
    add(store, 1)
    [found] = store.deliveries.next_due(SOUTH, NOW, 10)
    assert found == Delivery(
        seq=found.seq,
        activity=sent(1).uri,
        actor=HERE.catalogue,
        inbox=INBOX,
        host=SOUTH,
        body=b"body 1",
        attempts=0,
        added=NOW,
    )


def test_inbox_gets_each_activity_once(store):
    add(store, 1, [INBOX, OTHER, INBOX])
    add(store, 1, [INBOX])
    assert due(store) == [b"body 1"]
    assert due(store, "west.example:8443") == [b"body 1"]


def test_hosts_due_are_those_not_closed(store):
    add(store, 1, [INBOX, OTHER])
    store.hosts.put(HostState(host=SOUTH, failures=5, closed_until=NOW + MINUTE))
    assert store.deliveries.hosts_due(NOW) == ["west.example:8443"]
    assert store.deliveries.hosts_due(NOW - MINUTE) == []
    assert sorted(store.deliveries.hosts_due(NOW + MINUTE)) == [SOUTH, "west.example:8443"]


def test_next_delivery_is_due_when_its_host_opens(store):
    assert store.deliveries.next_due_at() is None
    add(store, 1)
    assert store.deliveries.next_due_at() == NOW
    store.hosts.put(HostState(host=SOUTH, failures=5, closed_until=NOW + MINUTE))
    assert store.deliveries.next_due_at() == NOW + MINUTE


def test_deliveries_go_oldest_first(store):
    for number in range(3):
        add(store, number)
    found = store.deliveries.next_due(SOUTH, NOW, 10)
    assert due(store, limit=2) == [b"body 0", b"body 1"]
    store.deliveries.done(found[0].seq)
    store.deliveries.postpone(found[1].seq, due=NOW + MINUTE, reason="503")
    store.deliveries.bury(found[2].seq, reason="404")
    assert due(store) == []
    assert due(store, now=NOW + MINUTE) == [b"body 1"]
    assert store.deliveries.list_items(10) == [
        QueueItem(
            seq=found[1].seq,
            activity=sent(1).uri,
            inbox=INBOX,
            state="pending",
            attempts=1,
            due=NOW + MINUTE,
            reason="503",
        ),
        QueueItem(
            seq=found[2].seq,
            activity=sent(2).uri,
            inbox=INBOX,
            state="dead",
            attempts=1,
            due=NOW,
            reason="404",
        ),
    ]


def given_up(store):
    for number in range(3):
        add(store, number, at=NOW + MINUTE)
    found = store.deliveries.next_due(SOUTH, NOW + MINUTE, 10)
    store.deliveries.bury(found[0].seq, reason="404")
    store.deliveries.bury(found[1].seq, reason="404")
    store.hosts.put(HostState(host=SOUTH, failures=5, closed_until=NOW + 99 * MINUTE))
    return [each.seq for each in found]


def test_operator_may_retry_one_or_all(store):
    seqs = given_up(store)
    assert store.deliveries.retry(seqs[0], NOW) == 1
    assert due(store) == [b"body 0"]
    assert store.hosts.find(SOUTH).closed_until is None
    assert store.deliveries.retry(None, NOW) == 3
    assert due(store) == [b"body 0", b"body 1", b"body 2"]
    assert store.deliveries.retry(10**6, NOW) == 0


def test_operator_may_drop_one_or_all_that_were_given_up(store):
    seqs = given_up(store)
    assert store.deliveries.drop(seqs[2]) == 1
    assert store.deliveries.drop(None) == 2
    assert store.deliveries.list_items(10) == []
    assert store.deliveries.drop(None) == 0


# -- hosts ----------------------------------------------------------------------------------------


def test_host_comes_back_as_it_was_put(store):
    state = HostState(host=SOUTH, failures=7, closed_until=NOW, error="timeout", heard=NOW)
    store.hosts.put(state)
    assert store.hosts.find(SOUTH) == state
    assert store.hosts.find("new.example") == HostState(host="new.example")


def test_host_that_speaks_is_open_again(store):
    store.hosts.put(HostState(host=SOUTH, failures=7, closed_until=NOW + MINUTE, error="x"))
    store.hosts.heard(SOUTH, NOW)
    store.hosts.heard("new.example", NOW)
    assert store.hosts.find(SOUTH) == HostState(host=SOUTH, heard=NOW)
    assert store.hosts.find("new.example") == HostState(host="new.example", heard=NOW)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("bad.example", True),
        ("BAD.example", True),
        ("sub.bad.example", True),
        ("a.b.bad.example", True),
        ("bad.example:8443", True),
        ("sub.bad.example:443", True),
        ("bad.example.", True),
        ("notbad.example", False),
        ("bad.example.org", False),
        ("example", False),
        ("good.example", False),
    ],
)
def test_block_covers_subdomains_ports_and_spellings_h65(store, host, expected):
    store.hosts.block("Bad.example", at=NOW, reason="spam")
    assert store.hosts.is_blocked(host) is expected


def test_block_of_one_port_blocks_that_port(store):
    store.hosts.block("127.0.0.1:8101", at=NOW, reason="")
    blocked = [store.hosts.is_blocked(f"127.0.0.1:{port}") for port in (8101, 8102)]
    assert blocked == [True, False]


def test_block_is_listed_and_lifted(store):
    store.hosts.block("b.example", at=NOW, reason="one")
    store.hosts.block("a.example", at=NOW, reason="")
    store.hosts.block("b.example", at=NOW, reason="two")
    assert store.hosts.list_blocked() == [("a.example", ""), ("b.example", "two")]
    assert store.hosts.allow("B.example")
    assert not store.hosts.allow("b.example")
    assert not store.hosts.is_blocked("b.example")


def test_signs_of_life_are_written_once_in_a_while_and_when_they_change_something(store):
    store.hosts.heard("well.example", NOW - MINUTE)
    store.hosts.heard("old.example", NOW - 3 * MINUTE)
    store.hosts.put(HostState(host="ill.example", failures=1, heard=NOW - MINUTE))
    hosts = ["well.example", "old.example", "ill.example", "new.example"]
    store.hosts.heard_all(hosts, NOW, but_since=NOW - 2 * MINUTE)
    found = {host: store.hosts.find(host) for host in hosts}
    assert {host: (each.heard, each.failures) for host, each in found.items()} == {
        "well.example": (NOW - MINUTE, 0),
        "old.example": (NOW, 0),
        "ill.example": (NOW, 0),
        "new.example": (NOW, 0),
    }


def test_letters_kept_together_are_kept_once_in_the_order_they_came(store):
    store.inbox.remember("u2", actor=ANA, body=b"old", at=NOW)
    letters = [("u1", ANA, b"1"), ("u2", ANA, b"2"), ("u3", BEN, b"3"), ("u1", ANA, b"again")]
    assert store.inbox.remember_all(letters, at=NOW) == {"u1", "u3"}
    due = store.inbox.next_due(NOW, 9, [])
    assert [(each.uri, each.body) for each in due] == [("u2", b"old"), ("u1", b"1"), ("u3", b"3")]
    store.inbox.done_all([due[0].seq, due[2].seq])
    assert [each.uri for each in store.inbox.next_due(NOW, 9, [])] == ["u1"]
    assert store.inbox.remember_all(letters, at=NOW) == set()


def test_keeping_letters_together_asks_the_same_however_many(store):
    def asked(number):
        letters = [(f"{number}/{index}", ANA, b"x") for index in range(number)]
        with statements(store) as seen:
            store.inbox.remember_all(letters, at=NOW)
        return {each.split()[0] for each in seen}

    assert asked(1) == asked(3)


# -- readings of catalogues -----------------------------------------------------------------------


def test_reading_goes_from_page_to_page(store):
    store.catch_ups.start(ANA, page="p1", at=NOW)
    assert store.catch_ups.list_due(NOW) == [CatchUp(actor=ANA, page="p1", pages=0, attempts=0)]
    store.catch_ups.postpone(ANA, due=NOW + MINUTE, reason="503")
    assert store.catch_ups.list_due(NOW) == []
    assert store.catch_ups.next_due_at() == NOW + MINUTE
    assert store.catch_ups.list_due(NOW + MINUTE)[0].attempts == 1
    store.catch_ups.advance(ANA, page="p2", at=NOW)
    assert store.catch_ups.list_due(NOW) == [CatchUp(actor=ANA, page="p2", pages=1, attempts=0)]
    store.catch_ups.start(ANA, page="p1", at=NOW)
    assert store.catch_ups.list_due(NOW) == [CatchUp(actor=ANA, page="p1", pages=0, attempts=0)]
    store.catch_ups.finish(ANA)
    assert store.catch_ups.next_due_at() is None


def test_readings_that_waited_longest_come_first(store):
    store.catch_ups.start(ANA, page="p", at=NOW)
    store.catch_ups.start(BEN, page="p", at=NOW - MINUTE)
    assert [each.actor for each in store.catch_ups.list_due(NOW)] == [BEN, ANA]


# -- how often the database is asked --------------------------------------------------------------


def test_lists_ask_as_often_for_three_as_for_one(new_store):
    asked = []
    for number in (1, 3):
        with new_store() as store:
            for each in range(number):
                add(store, each)
                remember(store, each)
                store.parties.put(party(actor(f"a{each}").uri))
            with statements(store) as run:
                assert len(store.deliveries.list_items(10)) == number
                assert len(store.deliveries.next_due(SOUTH, NOW, 10)) == number
                assert len(store.inbox.next_due(NOW, 10, ())) == number
                found = store.activities.list_public(HERE.catalogue, before=None, limit=9)
                assert len(found) == number
                uris = [actor(f"a{each}").uri for each in range(number)]
                assert len(store.parties.find_many(uris)) == number
            asked.append(len(run))
    assert asked == [5, 5]


def test_what_waits_for_a_host_is_due_when_it_is_heard_again(store):
    add(store, 1, [INBOX, OTHER])
    [found] = store.deliveries.next_due(SOUTH, NOW, 10)
    store.deliveries.postpone(found.seq, due=NOW + 60 * MINUTE, reason="503")
    store.hosts.heard(SOUTH, NOW)  # it never failed: what is put off has its own reason
    assert due(store) == []
    store.hosts.put(HostState(host=SOUTH, failures=1, error="refused"))
    store.hosts.heard(SOUTH, NOW + MINUTE)
    assert due(store, now=NOW + MINUTE) == [b"body 1"]
    assert store.hosts.find(SOUTH).failures == 0


def test_what_is_for_a_blocked_host_is_dropped_with_its_subdomains_and_ports(store):
    inboxes = [
        "https://bad.example/inbox",
        "https://bad.example:8443/inbox",
        "https://deep.bad.example/inbox",
        "https://deep.bad.example:8443/inbox",
        "https://notbad.example/inbox",
        "https://bad.example.org/inbox",
    ]
    add(store, 1, inboxes)
    assert store.deliveries.drop_host("bad.example") == 4
    assert [each.inbox for each in store.deliveries.list_items(9)] == inboxes[4:]
