"""The inbox: signed activities posted to a running node, until accepted, indexed and matched."""

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.bench import client
from tests.bench.child import Child
from tests.bench.letters import Sender, Sign, letters, sign_cavage, sign_rfc9421
from tests.bench.plan import Made, free_port
from tests.bench.rounds import Bout, Contender, Outcome, Values, play
from tests.bench.stage import Stage
from tests.bench.table import Figure
from tests.bench.trees import HERE
from tests.bench.world import sayings

WARM = 100
WARM_SECONDS = 1.0
CONNECTIONS = 32
SEND_SECONDS = 4.0  # how long activities are sent at the most
DRAIN_SECONDS = 4.0  # how long the node may work on what it has accepted, before it is stopped


def figures(stage: Stage, bout: Bout) -> list[Figure]:
    """Measure every row."""
    number = 4000 if stage.is_full else 1500
    keys = stage.folder / "keys.json"
    keys.write_text(json.dumps(_pems(stage.senders)))
    port = free_port()
    with Child(HERE, "tests.bench.bare_inbox", str(port), str(keys), log=stage.log) as bare:

        def outcome_of(sign: Sign) -> Outcome:
            contenders: dict[str, Contender] = {
                "limit": lambda: _limit(bare, port, _requests(stage.senders, port, number, sign)),
                "product": lambda: _node(stage.made, stage.senders, number, sign),
            }
            if stage.other is not None:
                other = stage.other
                contenders["other"] = lambda: _node(other, stage.senders, number, sign)
            return play(bout, contenders)

        outcome, newer = outcome_of(sign_cavage), outcome_of(sign_rfc9421)
    accepted = stage.figure(
        "inbox, durable 202", outcome, "rate", unit="/s", target="inbox/accepted"
    )
    indexed = stage.figure(
        "inbox, stored and indexed",
        outcome,
        "indexed",
        unit="/s",
        limit="rate",
        target="inbox/indexed",
    )
    matched = stage.figure(
        "inbox, stored, indexed and matched",
        outcome,
        "matched",
        unit="/s",
        limit="rate",
        target="inbox/matched",
    )
    delay = stage.figure("inbox, 202, p99 of the wait", outcome, "p99", unit="ms")
    ed25519 = stage.figure(
        "inbox, RFC 9421 Ed25519", newer, "rate", unit="/s", target="inbox/rfc9421"
    )
    return [accepted, indexed, matched, delay, ed25519]


def _pems(who: list[Sender]) -> dict[str, str]:
    """Return every key of the senders by its address, for who verifies them bare."""
    rsa = {each.key_uri: each.pem for each in who}
    return rsa | {each.proving_uri: each.proving.public().pem() for each in who}


def _requests(who: list[Sender], port: int, number: int, sign: Sign) -> list[bytes]:
    said = sayings(WARM + number, seed=3)
    return list(letters(said, who, f"127.0.0.1:{port}", sign))


def _limit(bare: Child, port: int, requests: list[bytes]) -> Values:
    client.send(port, requests[:WARM], CONNECTIONS, WARM_SECONDS).expect(202)
    cpu = bare.cpu()
    load = client.send(port, requests[WARM:], CONNECTIONS, SEND_SECONDS).expect(202)
    per_cpu = load.count / (bare.cpu() - cpu)
    return {
        "rate": load.rate,
        "rate_cpu": per_cpu,
        "p99": load.p99,
        "indexed_cpu": per_cpu,
        "matched_cpu": per_cpu,
    }


def _node(made: Made, who: list[Sender], number: int, sign: Sign) -> Values:
    """Post to a fresh copy of a node, and let it work for a while on what it has accepted."""
    requests = _requests(who, made.port, number, sign)
    copy = made.copy("inbox")
    with copy.serve() as node:
        warm = client.send(made.port, requests[:WARM], CONNECTIONS, WARM_SECONDS).expect(202)
        cpu, before, began = node.cpu(), _done(copy.database), time.perf_counter()
        load = client.send(made.port, requests[WARM:], CONNECTIONS, SEND_SECONDS).expect(202)
        accepted_cpu = node.cpu() - cpu
        until = time.perf_counter() + DRAIN_SECONDS
        indexed = _until(lambda: _done(copy.database), warm.count + load.count, until) - before
        seconds, indexed_cpu = time.perf_counter() - began, node.cpu() - cpu
        waiting = -_until(lambda: -_unmatched(copy.database), 0, until)
        all_seconds, all_cpu = time.perf_counter() - began, node.cpu() - cpu
    matched = max(0, indexed - waiting)
    return {
        "rate": load.rate,
        "rate_cpu": load.count / accepted_cpu,
        "p99": load.p99,
        "indexed": indexed / seconds,
        "indexed_cpu": indexed / indexed_cpu,
        "matched": matched / all_seconds,
        "matched_cpu": matched / all_cpu,
    }


def _until(count: Callable[[], int], enough: int, end: float) -> int:
    """Count until it is enough or the time is over; return the last count."""
    found = count()
    while found < enough and time.perf_counter() < end:
        time.sleep(0.05)
        found = count()
    return found


def _done(database: Path) -> int:
    """Count the activities that have had their effect."""
    return _number(database, "SELECT count(*) FROM inbox WHERE state = 'done'")


def _unmatched(database: Path) -> int:
    """Count the listings that wait to be matched."""
    return _number(database, "SELECT count(*) FROM match_due")


def _number(database: Path, question: str) -> int:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        return int(connection.execute(question).fetchone()[0])
