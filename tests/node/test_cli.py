"""The command line as people and scripts use it: what it prints, its exit codes, its errors."""

import argparse
import json
import shlex
from datetime import UTC, datetime, timedelta

import pytest

from catalogue.listings import take_in
from catalogue.model import FollowState, Role
from federation.model import Sent
from node.cli.main import main, parser
from node.config import load
from node.setup import open_database
from tests.samples import NOW, SOUTH, actor, follow, listing, party


@pytest.fixture
def capx(tmp_path, capsys, monkeypatch):
    """Run a command on a node in ``tmp_path``; return its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    for name in ("CAPX_DATA", "CAPX_NAME", "CAPX_LOG"):
        monkeypatch.delenv(name, raising=False)

    def run(*words):
        try:
            code = main([*words])
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def hub(capx):
    """A node with one affiliate; commands run on it and must succeed with JSON."""

    def run(*words):
        code, out, err = capx(*words, "--data", "hub", "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    run("init", "--domain", "hub.example", "--name", "Our hub", "--language", "fr")
    run("affiliate", "add", "delta", "--name", "Friends of the Delta", "--region", "sen")
    return run


NEW = ["--category", "skill", "--title", "Médiation", "--text", "Venez **voir**"]
NEW += ["--language", "fr"]
OFFER = ["listing", "add", "--by", "delta", "--kind", "offer", *NEW, "--capacity", "mediation"]


@pytest.fixture
def offer(hub):
    return hub(*OFFER)


def on_store(tmp_path, work):
    database = open_database(load(tmp_path / "hub", {}))
    try:
        return database.write_now(work)
    finally:
        database.close()


# -- init and affiliates --------------------------------------------------------------------------


def test_init_makes_a_node(capx):
    code, out, _ = capx("init", "--data", "hub", "--domain", "hub.example", "--json")
    assert code == 0
    assert json.loads(out) == {
        "data": "hub",
        "base_url": "https://hub.example",
        "instance_actor": "https://hub.example/actor",
        "catalogue": "https://hub.example/actors/catalogue",
    }


def test_init_for_trying_out_listens_where_it_is(capx, tmp_path):
    code, _, _ = capx("init", "--data", "hub", "--domain", "127.0.0.1:8101", "--dev")
    assert code == 0
    config = load(tmp_path / "hub", {})
    assert (config.base_url, config.port, config.dev) == ("http://127.0.0.1:8101", 8101, True)


@pytest.mark.parametrize(
    "words",
    [
        ["--domain", "hub.example/path"],
        ["--domain", "user@hub.example"],
        ["--domain", "hub.example", "--listen", "x"],
        ["--domain", "hub.example", "--language", "english"],
        ["--base-url", "http://hub.example"],
        [],  # nobody is there to be asked
    ],
)
def test_init_that_cannot_be_says_why_in_one_line(capx, tmp_path, words):
    code, out, err = capx("init", "--data", "hub", *words)
    assert (code, out) == (1, "")
    assert err.startswith("capx: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "hub").exists()


def test_init_twice_is_refused(capx):
    capx("init", "--data", "hub", "--domain", "hub.example")
    code, _, err = capx("init", "--data", "hub", "--domain", "other.example")
    assert (code, err) == (1, "capx: there is a node in hub already\n")


def test_affiliate_is_added_and_listed(hub, capx):
    added = hub("affiliate", "add", "lake", "--name", "Marafiki", "--kind", "chapter")
    assert added == {
        "handle": "lake",
        "uri": "https://hub.example/actors/lake",
        "acct": "lake@hub.example",
    }
    assert [each["handle"] for each in hub("affiliate", "list")] == ["delta", "lake"]
    code, out, _ = capx("affiliate", "list", "--data", "hub")
    assert (code, out.splitlines()[0].split()) == (0, ["delta", "Friends", "of", "the", "Delta"])


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (["delta", "--name", "Again"], "taken"),
        (["Not OK", "--name", "x"], "handle"),
        (["ok", "--name", " "], "name"),
        (["ok", "--name", "x", "--kind", "guild"], "guild"),
        (["ok", "--name", "x", "--region", "Atlantis"], "Atlantis"),
        (["ok", "--name", "x", "--language", "klingon!"], "klingon!"),
        (["hub.example", "--name", "x"], "taken"),
    ],
)
def test_affiliate_that_cannot_be_says_why(hub, capx, words, word):
    code, out, err = capx("affiliate", "add", *words, "--data", "hub")
    assert (code, out) == (1, "")
    assert word in err
    assert err.count("\n") == 1


# -- listings -------------------------------------------------------------------------------------

LISTING_KEYS = {
    *("id", "uri", "url", "kind", "category", "title", "text", "by", "node", "capacities"),
    *("methods", "delivery_languages", "regions", "mode", "hours", "amount", "currency", "until"),
    *("status", "published", "updated"),
}


def test_listing_is_added_and_shown(hub):
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    added = hub(
        *("listing", "add", "--by", "delta", "--kind", "need", *NEW, "--capacity", "mediation"),
        *("--capacity", "lua", "--method", "mentoring", "--delivery-language", "fr"),
        *("--mode", "hybrid", "--region", "ceeca", "--region", "POL", "--audience", "Tous"),
        *("--hours", "2.5", "--until", day, "--visibility", "network"),
    )
    assert set(added) == {"id", "uri", "url"}
    shown = hub("listing", "show", added["id"])
    assert shown == hub("listing", "show", added["uri"])
    assert set(shown) >= LISTING_KEYS
    assert {name: shown[name] for name in shown if name not in {"published", "updated"}} == {
        **added,
        "kind": "need",
        "category": "skill",
        "title": {"fr": "Médiation"},
        "text": {"fr": "<p>Venez <strong>voir</strong></p>"},
        "by": "https://hub.example/actors/delta",
        "node": "hub.example",
        "capacities": ["mediation", "lua"],
        "methods": ["mentoring"],
        "delivery_languages": ["fr"],
        "regions": ["CEECA", "PL"],
        "mode": "hybrid",
        "audience": {"fr": "Tous"},
        "hours": 2.5,
        "amount": None,
        "currency": None,
        "until": f"{day}T23:59:59+00:00",
        "visibility": "network",
        "status": "open",
    }


def test_funding_has_an_amount(hub):
    new = ["--category", "funding", *NEW[2:], "--amount", "500.50", "--currency", "EUR"]
    added = hub("listing", "add", "--by", "delta", "--kind", "offer", *new)
    shown = hub("listing", "show", added["id"])
    assert (shown["amount"], shown["currency"]) == (500.5, "EUR")


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (["--by", "nobody"], "nobody"),
        (["--capacity", "no-such"], "no-such"),
        (["--method", "no-such"], "no-such"),
        (["--region", "no-such"], "no-such"),
        (["--hours", "many"], "hours"),
        (["--hours", "nan"], "hours"),
        (["--hours", "-1"], "hours"),
        (["--amount", "5"], "amount"),
        (["--until", "tomorrow"], "until"),
        (["--until", "2020-01-01"], "until"),
        (["--title", " "], "title"),
        (["--language", "french!"], "french!"),
    ],
)
def test_listing_that_cannot_be_says_why(hub, capx, words, word):
    by = ["--by", "delta", "--kind", "offer"]
    code, out, err = capx("listing", "add", *by, *NEW, *words, "--data", "hub")
    assert (code, out) == (1, "")
    assert word in err
    assert err.startswith("capx: ")
    assert err.count("\n") == 1
    assert hub("listing", "list")["total"] == 0


def test_listing_is_edited_where_it_is_named(hub, offer):
    hub("listing", "edit", offer["id"], "--title", "Mediation", "--language", "en", "--hours", "3")
    shown = hub("listing", "show", offer["id"])
    assert shown["title"] == {"fr": "Médiation", "en": "Mediation"}
    assert shown["text"] == {"fr": "<p>Venez <strong>voir</strong></p>"}
    assert (shown["hours"], shown["capacities"]) == (3.0, ["mediation"])


def test_edited_text_needs_its_language(hub, capx, offer):
    code, _, err = capx("listing", "edit", offer["id"], "--title", "x", "--data", "hub")
    assert (code, "language" in err) == (1, True)


def test_listing_is_closed_once(hub, capx, offer):
    assert hub("listing", "close", offer["id"])["status"] == "closed"
    assert hub("listing", "list")["items"] == []
    assert hub("listing", "show", offer["id"])["status"] == "closed"
    code, _, err = capx("listing", "close", offer["id"], "--data", "hub")
    assert (code, err) == (1, "capx: this listing is closed already\n")


def test_listing_is_deleted_for_good(hub, capx, offer):
    assert hub("listing", "delete", offer["uri"])["deleted"] is True
    for what in ("show", "delete", "close"):
        code, _, err = capx("listing", what, offer["id"], "--data", "hub")
        assert (code, err) == (1, f"capx: there is no listing '{offer['id']}' here\n")


def test_listing_of_another_node_is_shown_and_not_changed(hub, capx, tmp_path):
    on_store(tmp_path, lambda store: take_in(store, listing(1), b"{}"))
    assert hub("listing", "show", listing(1).uri)["node"] == SOUTH
    assert hub("listing", "list")["items"] == []
    code, _, err = capx("listing", "close", listing(1).uri, "--data", "hub")
    assert (code, SOUTH in err) == (1, True)


def test_listings_are_paged(hub):
    for number in range(3):
        hub("listing", "add", "--by", "delta", "--kind", "offer", *NEW, "--hours", str(number + 1))
    first = hub("listing", "list", "--limit", "2")
    second = hub("listing", "list", "--limit", "2", "--cursor", first["next"])
    found = [each["hours"] for each in [*first["items"], *second["items"]]]
    assert (found, first["total"], second["next"]) == ([3.0, 2.0, 1.0], 3, None)
    assert hub("listing", "list", "--kind", "need")["total"] == 0


# -- search and match -----------------------------------------------------------------------------


def test_search_finds_words_and_facets(hub, offer):
    found = hub("search", "mediation")
    assert set(found) == {"total", "items", "next"}
    [item] = found["items"]
    assert set(item) == {"uri", "title", "kind", "node", "by", "score"}
    assert (item["uri"], item["title"]) == (offer["uri"], "Médiation")
    for words in (
        ["--kind", "offer"],
        ["--category", "skill"],
        ["--capacity", "conflict-management"],  # and what is narrower
        ["--language", "fr-CA"],
        ["--node", "hub.example"],
    ):
        assert hub("search", *words)["total"] == 1
    for words in (["nothing"], ["--kind", "need"], ["--region", "pl"], ["--node", "x.example"]):
        assert hub("search", *words) == {"total": 0, "items": [], "next": None}


@pytest.mark.parametrize("words", ["'--", '"', "*", "NEAR(", "%", "\x00"])
def test_hostile_words_are_searched_literally_h60(hub, offer, words):
    assert hub("search", words)["total"] == 0


@pytest.mark.parametrize(
    ("words", "word", "expected"),
    [
        (["--limit", "0"], "limit", 2),
        (["--limit", "9" * 30], "limit", 2),
        (["--limit", "101"], "limit", 1),
        (["--cursor", "x"], "cursor", 1),
    ],
)
def test_search_that_cannot_be_says_why(hub, capx, words, word, expected):
    code, _, err = capx("search", *words, "--data", "hub")
    assert (code, word in err) == (expected, True)


def test_match_says_why(hub, offer):
    hub("affiliate", "add", "lake", "--name", "Lake")
    need = hub("listing", "add", "--by", "lake", "--kind", "need", *NEW, "--capacity", "mediation")
    [item] = hub("match", need["id"])["items"]
    assert (item["uri"], item["title"]) == (offer["uri"], "Médiation")
    assert 0.5 <= item["score"] <= 1
    assert [set(each) for each in item["reasons"]] == [{"term", "text", "weight", "value"}] * len(
        item["reasons"]
    )
    assert all(each["text"] for each in item["reasons"])
    assert [each["uri"] for each in hub("match", offer["id"])["items"]] == [need["uri"]]


def test_match_of_nothing_is_an_error(hub, capx):
    code, _, err = capx("match", "nothing", "--data", "hub")
    assert (code, err) == (1, "capx: there is no listing 'nothing' here\n")


# -- keys -----------------------------------------------------------------------------------------


def test_keys_are_listed_and_changed(hub, capx):
    before = hub("keys", "list", "delta")
    assert [(each["algorithm"], each["published_until"]) for each in before] == [
        ("ed25519", None),
        ("rsa", None),
    ]
    assert len(hub("keys", "list")) == 6  # the instance, the catalogue, the affiliate
    assert hub("keys", "rotate", "delta") == {"rotated": ["delta@hub.example"], "overlap_days": 30}
    after = hub("keys", "list", "delta")
    assert len(after) == 4
    assert {each["uri"] for each in after if each["replaced"]} == {each["uri"] for each in before}
    published = {each["uri"] for each in after if each["published_until"]}  # an actor shows one RSA
    assert published == {each["uri"] for each in before if each["algorithm"] == "ed25519"}
    assert len(hub("keys", "list", "catalogue")) == 2
    code, out, _ = capx("keys", "list", "hub.example", "--data", "hub")
    assert code == 0
    assert "https://hub.example/actor#main-key" in out
    assert "PRIVATE" not in out


def test_keys_of_all_are_changed_without_overlap(hub, tmp_path):
    said = hub("keys", "rotate", "--all", "--stolen")
    assert sorted(said["rotated"]) == [
        "catalogue@hub.example",
        "delta@hub.example",
        "hub.example@hub.example",
    ]
    assert said["overlap_days"] == 0
    events = on_store(tmp_path, lambda store: store.events.next_pending(99))
    assert len(events) == 3


@pytest.mark.parametrize("words", [(), ("delta", "--all"), ("nobody",)], ids=str)
def test_keys_of_whom_must_be_said(hub, capx, words):
    code, _, err = capx("keys", "rotate", *words, "--data", "hub")
    assert code == 1
    assert err.count("\n") == 1
    assert len(hub("keys", "list")) == 6


def test_node_without_keys_does_not_start_and_gets_new_ones_f22(hub, capx, tmp_path):
    on_store(
        tmp_path, lambda store: [store.keys.drop_own(key.uri) for key in store.keys.list_own()]
    )
    code, _, err = capx("serve", "--data", "hub")
    assert code == 1
    assert err.count("\n") == 1
    assert "capx keys rotate" in err
    hub("keys", "rotate", "--all")
    assert len(hub("keys", "list")) == 6


# -- queue and peers ------------------------------------------------------------------------------


def test_queue_is_listed_retried_and_dropped(hub, capx, tmp_path):
    def fill(store):
        for number in (1, 2):
            uri = f"https://hub.example/activities/x/{number}"
            store.activities.put(
                Sent(uri=uri, actor="a", body=b"{}", published=NOW, is_public=True)
            )
            store.deliveries.add(uri, actor="a", inboxes=["https://dead.example/inbox"], at=NOW)
        store.deliveries.bury(1, reason="404 not found")

    on_store(tmp_path, fill)
    items = hub("queue", "list")
    assert [set(each) for each in items] == [
        {"number", "activity", "inbox", "state", "attempts", "due", "reason"}
    ] * 2
    assert [(each["state"], each["reason"]) for each in items] == [
        ("dead", "404 not found"),
        ("pending", None),
    ]
    code, out, _ = capx("queue", "list", "--data", "hub")
    assert (code, "404 not found" in out) == (0, True)
    assert hub("queue", "retry", "1") == {"retried": 1}
    assert hub("queue", "retry") == {"retried": 2}
    assert hub("queue", "drop", "2") == {"dropped": 1}
    assert hub("queue", "drop") == {"dropped": 0}
    assert len(hub("queue", "list")) == 1


def test_peer_is_blocked_and_allowed(hub, capx):
    assert hub("peer", "list") == {
        "federation": "open",
        "peers": [],
        "blocked": [],
        "blocked_actors": [],
        "allowed": [],
    }
    blocked = hub("peer", "block", "Bad.example.", "--reason", "spam")
    nothing = {"followed": [], "followers": [], "listings": 0, "nodes": []}
    assert blocked == {
        "host": "bad.example",
        "blocked": True,
        "severity": "suspend",
        "lost": nothing,
    }
    (told,) = hub("peer", "list")["blocked"]
    assert (told["host"], told["severity"], told["reason"]) == ("bad.example", "suspend", "spam")
    assert hub("peer", "show", "www.bad.example")["severity"] == "suspend"
    allowed = {"host": "bad.example", "blocked": False, "allowed": True}
    assert hub("peer", "allow", "bad.example") == allowed
    assert hub("peer", "list")["blocked"] == []
    assert hub("peer", "list")["allowed"] == ["bad.example"]
    assert hub("peer", "unlist", "bad.example") == {"host": "bad.example", "allowed": False}
    code, _, err = capx("peer", "unlist", "bad.example", "--data", "hub")
    assert (code, err) == (1, "capx: 'bad.example' is not on the list\n")


def test_peer_is_silenced(hub):
    assert hub("peer", "block", "loud.example", "--severity", "silence")["blocked"] is False
    assert hub("peer", "show", "loud.example")["severity"] == "silence"
    assert hub("peer", "block", "loud.example", "--severity", "noop")["severity"] == "noop"


@pytest.mark.parametrize("host", ["", "https://bad.example", "a b", "x@bad.example", "bad/", "."])
def test_what_is_no_host_is_not_blocked(hub, capx, host):
    code, _, err = capx("peer", "block", host, "--data", "hub")
    assert (code, "host" in err) == (1, True)
    assert hub("peer", "list")["blocked"] == []


def test_peer_is_shown_and_forgotten_when_blocked_l31(hub, capx, tmp_path):
    catalogue = f"https://{SOUTH}/actors/catalogue"

    def meet(store):
        store.actors.put(actor("catalogue", role=Role.CATALOGUE, name="South"))
        store.parties.put(party(catalogue, proposals=f"{catalogue}/proposals"))
        store.follows.put(follow(store.addresses.catalogue, catalogue, FollowState.ACCEPTED))
        take_in(store, listing(1), b"{}")

    on_store(tmp_path, meet)
    assert hub("peer", "show", SOUTH) == {
        "node": SOUTH,
        "name": "South",
        "catalogue": catalogue,
        "following": "accepted",
        "follows_us": False,
        "open_listings": 1,
        "heard": None,
        "trouble": None,
        "severity": None,
        "blocked_as": [],
        "allowed": None,
    }
    assert hub("follows")[0]["followed"] == catalogue
    assert hub("followers") == []
    hub("peer", "block", SOUTH)
    assert hub("search")["total"] == 0
    code, _, err = capx("peer", "show", "x.example", "--data", "hub")
    assert (code, err) == (1, "capx: there is no peer 'x.example'\n")


def test_unfollow_needs_no_network_for_somebody_known(hub, tmp_path):
    catalogue = f"https://{SOUTH}/actors/catalogue"

    def meet(store):
        store.actors.put(actor("catalogue", role=Role.CATALOGUE))
        store.follows.put(follow(store.addresses.catalogue, catalogue, FollowState.ACCEPTED))

    on_store(tmp_path, meet)
    assert hub("unfollow", f"@Catalogue@{SOUTH}")["state"] == "undone"
    assert hub("follows") == []


@pytest.mark.parametrize("whom", ["nonsense", "https://hub.example/actor", "@a@hub.example"])
def test_follow_of_nobody_says_why(hub, capx, whom):
    code, _, err = capx("follow", whom, "--data", "hub")
    assert code == 1
    assert err.count("\n") == 1


# -- usage ----------------------------------------------------------------------------------------


def leaves(found: argparse.ArgumentParser):
    """Give every command of the tree with its words."""
    groups = [each for each in found._actions if isinstance(each, argparse._SubParsersAction)]
    if not groups:
        yield found
    for group in groups:
        for each in group.choices.values():
            yield from leaves(each)


COMMANDS = {each.prog: each for each in leaves(parser())}


def test_commands_are_those_that_were_promised():
    assert set(COMMANDS) >= {
        f"capx {name}"
        for name in (
            *("init", "serve", "play", "affiliate add", "affiliate list", "listing add"),
            *("listing list", "listing show", "listing edit", "listing close", "listing delete"),
            *("follow", "unfollow", "follows", "followers", "search", "match", "queue list"),
            *("queue retry", "queue drop", "peer list", "peer show", "peer block", "peer allow"),
        )
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_has_an_example_that_reads(capx, name):
    code, out, _ = capx(*name.split()[1:], "--help")
    assert code == 0
    assert "--json" in out
    assert "--data DIR" in out
    example = out.partition("example:\n")[2].strip()
    assert example.startswith(f"{name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_is_right_usage(name):
    example = (COMMANDS[name].epilog or "").partition("example:\n")[2].strip()
    arguments = parser().parse_args(shlex.split(example)[1:])
    assert arguments.run == COMMANDS[name].get_default("run")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nothing"],
        ["listing"],
        ["listing", "nothing"],
        ["listing", "add"],
        ["listing", "add", "--kind", "gift"],
        ["search", "--limit", "many"],
        ["search", "--lim", "3"],  # no abbreviations: they could come to mean something else
        ["queue", "retry", "x"],
    ],
)
def test_wrong_usage_ends_with_2(capx, words):
    code, out, err = capx(*words)
    assert (code, out) == (2, "")
    assert "usage: capx" in err


@pytest.mark.parametrize(
    "words", [["listing", "list"], ["serve"], ["search", "x"], ["peer", "list"], ["follows"]]
)
def test_command_without_a_node_says_how_to_make_one(capx, words):
    code, out, err = capx(*words, "--data", "nowhere")
    assert (code, out) == (1, "")
    assert err.startswith("capx: there is no node in nowhere: make one with 'capx init")


def test_folder_comes_from_the_environment_or_is_the_usual_one(hub, capx, monkeypatch, tmp_path):
    code, _, err = capx("listing", "list")
    assert (code, "capx-data" in err) == (1, True)
    monkeypatch.setenv("CAPX_DATA", "hub")
    assert capx("listing", "list")[0] == 0
    code, _, err = capx("listing", "list", "--data", "other")
    assert (code, "other" in err) == (1, True)


def test_newer_database_is_refused_in_one_line_f24(hub, capx, tmp_path):
    on_store(
        tmp_path,
        lambda store: store.listings._sql.run(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('capacity-exchange', 's999_future', '2040-01-01')"
        ),
    )
    code, out, err = capx("listing", "list", "--data", "hub")
    assert (code, out) == (1, "")
    assert "newer version" in err
    assert err.count("\n") == 1


def test_text_for_people_is_more_than_nothing(hub, capx, offer):
    for words in (
        ["listing", "list"],
        ["listing", "show", offer["id"]],
        ["search", "mediation"],
        ["match", offer["id"]],
        ["queue", "list"],
        ["peer", "list"],
        ["follows"],
        ["followers"],
    ):
        code, out, err = capx(*words, "--data", "hub")
        assert (code, err) == (0, "")
        assert out.strip()
        with pytest.raises(json.JSONDecodeError):
            json.loads(out)


def test_version_is_said(capx):
    code, out, _ = capx("--version")
    assert (code, out.split()[0]) == (0, "capx")


def test_an_argument_that_is_no_text_is_wrong_usage(capx):
    code, out, err = capx("affiliate", "list", "--data", "a\udcffb")
    assert (code, out, err) == (2, "", "capx: an argument is not text in UTF-8\n")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["peer", "block", "hub.example"], "capx: a node does not block itself\n"),
        (
            ["follow", "@catalogue@hub.example"],
            "capx: '@catalogue@hub.example' is an actor of this node; name one of another\n",
        ),
        (["queue", "drop", "777"], "capx: there is no delivery 777 in the queue\n"),
        (["search", "x", "--capacity", "no"], "capx: capacity: 'no' is not in the taxonomy\n"),
        (
            ["affiliate", "add", "two", "--name", "one\ntwo"],
            "capx: name: must be one line of plain text\n",
        ),
    ],
)
def test_what_has_no_sense_is_refused_in_a_line(hub, capx, words, error):
    assert capx(*words, "--data", "hub") == (1, "", error)


# -- topics ---------------------------------------------------------------------------------------


def test_topics_with_something_to_say_are_listed(hub, capx, tmp_path):
    assert hub("topic", "list") == []
    assert "No topic has anything to say yet." in capx("topic", "list", "--data", "hub")[1]
    hub(*OFFER)
    fan, topic = "https://blog.example/users/fan", "https://hub.example/actors/mediation.fr"
    on_store(tmp_path, lambda store: store.follows.put(follow(fan, topic)))
    listed = {each["handle"]: each for each in hub("topic", "list")}
    above = ("mediation", "conflict-management", "community-health")
    assert set(listed) == {*above, *(f"{each}.fr" for each in above)}
    assert listed["mediation.fr"] == {
        "handle": "mediation.fr",
        "acct": "mediation.fr@hub.example",
        "uri": topic,
        "name": "mediation (French)",
        "followers": 1,
    }
    assert listed["mediation"]["followers"] == 0
    assert "@mediation.fr@hub.example" in capx("topic", "list", "--data", "hub")[1]


def test_handle_of_a_topic_is_refused_with_its_reason(hub, capx):
    code, _, err = capx("affiliate", "add", "governance.fr", "--name", "A group", "--data", "hub")
    assert code == 1
    assert "'governance.fr' is kept for the topic of that name" in err


# -- lists of blocks, and reports -----------------------------------------------------------------


def know_south(store):
    catalogue = f"https://{SOUTH}/actors/catalogue"
    store.actors.put(actor("catalogue", role=Role.CATALOGUE, name="South"))
    store.parties.put(party(catalogue, proposals=f"{catalogue}/proposals"))
    store.follows.put(follow(store.addresses.catalogue, catalogue, FollowState.ACCEPTED))
    take_in(store, listing(1), b"{}")


def test_list_of_blocks_is_shown_and_taken_over_whole(hub, capx, tmp_path):
    on_store(tmp_path, know_south)
    text = (
        "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n"
        f"{SOUTH},suspend,false,false,spam,false\n"
        "b*d.example,suspend,false,false,,true\n"
        "loud.example,silence,false,false,,false\n"
    )
    file = tmp_path / "blocks.csv"
    file.write_text(text)
    lost = {
        "followed": [f"https://{SOUTH}/actors/catalogue"],
        "followers": [],
        "listings": 1,
        "nodes": [SOUTH],
    }
    told = {"hosts": 2, "obfuscated": 1, "lost": lost}
    assert hub("peer", "import", str(file), "--dry-run") == {**told, "dry_run": True}
    assert hub("search")["total"] == 1
    assert hub("peer", "list")["blocked"] == []
    assert hub("peer", "import", str(file)) == {**told, "dry_run": False}
    assert hub("search")["total"] == 0
    assert [each["state"] for each in hub("follows")] == []
    _, out, _ = capx("peer", "export", "--data", "hub")
    header, *rows = out.splitlines()
    assert [header, *sorted(rows, reverse=True)] == [
        line for line in text.splitlines() if "*" not in line
    ]
    # a milder list makes nothing milder
    file.write_text(f"#domain,#severity\n{SOUTH},noop\nloud.example,suspend\n")
    hub("peer", "import", str(file))
    stand = {each["host"]: each["severity"] for each in hub("peer", "list")["blocked"]}
    assert stand == {SOUTH: "suspend", "loud.example": "suspend"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("#domain,#severity\ngood.example,suspend\nbad,nonsense\n", "row 3: 'nonsense'"),
        ("x\n" * 1_100_000, "is larger than"),
        ("hub.example\n", "a node does not block itself"),
    ],
    ids=["row", "size", "itself"],
)
def test_h73_list_with_one_wrong_row_changes_nothing(hub, capx, tmp_path, text, says):
    file = tmp_path / "blocks.csv"
    file.write_text(text)
    code, _, err = capx("peer", "import", str(file), "--data", "hub")
    assert (code, says in err) == (1, True)
    assert hub("peer", "list")["blocked"] == []


def test_hosts_are_allowed_by_a_list(hub, capx, tmp_path):
    file = tmp_path / "allowed.csv"
    file.write_text("#domain\nhub.example\nsouth.example\n")
    told = {"hosts": 2, "obfuscated": 0}
    allowed = ("peer", "import", str(file), "--allowed")
    assert hub(*allowed, "--dry-run") == {**told, "dry_run": True}
    assert hub("peer", "list")["allowed"] == []
    assert hub(*allowed) == {**told, "dry_run": False}
    _, out, _ = capx("peer", "export", "--allowed", "--data", "hub")
    assert out == file.read_text()


def test_one_actor_is_blocked_by_its_address(hub, capx, tmp_path):
    on_store(tmp_path, know_south)
    catalogue = f"https://{SOUTH}/actors/catalogue"
    blocked = hub("peer", "block", catalogue, "--reason", "loud")
    assert (blocked["actor"], blocked["lost"]["followed"]) == (catalogue, [catalogue])
    assert hub("peer", "list")["blocked_actors"] == [{"uri": catalogue, "reason": "loud"}]
    assert hub("peer", "allow", catalogue) == {"actor": catalogue, "blocked": False}
    code, _, err = capx("peer", "allow", catalogue, "--data", "hub")
    assert (code, err) == (1, f"capx: '{catalogue}' is not blocked\n")


def test_reports_are_listed_shown_and_closed(hub, capx, tmp_path):
    far = actor("far").uri

    def tell(store):
        about = (f"{store.addresses.base_url}/proposals/1",)
        store.reports.add(
            "https://x.example/1", actor=far, content="Spam", about=about, at=store.clock.now()
        )

    assert hub("report", "list") == []
    on_store(tmp_path, tell)
    (report,) = hub("report", "list")
    assert (report["number"], report["from"], report["content"]) == (1, far, "Spam")
    assert hub("report", "show", "1") == report
    assert hub("report", "close", "1") == {"number": 1, "closed": True}
    assert hub("report", "list") == []
    assert hub("report", "show", "1")["closed"]
    for words in (("close", "1"), ("show", "9")):
        code, _, err = capx("report", *words, "--data", "hub")
        assert (code, "there is no" in err) == (1, True)


def test_report_of_what_is_known_goes_to_its_server(hub, capx, tmp_path):
    def meet(store):
        know_south(store)
        store.parties.put(party(actor("far").uri))

    on_store(tmp_path, meet)
    uri = listing(1).uri
    sent = hub("report", "send", uri, "--reason", "Not an offer")
    assert (sent["about"], sent["to"]) == ([actor("far").uri, uri], SOUTH)
    assert hub("queue", "list")[-1]["inbox"].startswith(f"https://{SOUTH}/")
    code, _, err = capx("report", "send", uri, "--reason", "x" * 5001, "--data", "hub")
    assert (code, "longer than" in err) == (1, True)
