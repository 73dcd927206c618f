"""Pages: what people and machines fetch most, beside bare aiohttp giving out the same bytes."""

import base64
import json
import re
import shutil
import sqlite3
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from itertools import permutations, repeat
from pathlib import Path

from tests.bench import client
from tests.bench.child import Child
from tests.bench.plan import Made, free_port
from tests.bench.rounds import Bout, Contender, Values, play
from tests.bench.stage import Stage
from tests.bench.table import Figure
from tests.bench.trees import HERE
from tests.bench.world import concepts

HTML = "text/html,application/xhtml+xml;q=0.9"
JSON = "application/activity+json"
CONNECTIONS = 8
KEPT = ("Content-Type", "Content-Encoding", "Content-Language", "ETag", "Vary", "Cache-Control")
WRK = shutil.which("wrk")


def figures(stage: Stage, bout: Bout) -> list[Figure]:
    """Measure each page beside the limit, and the list page beside its template alone."""
    found: list[Figure] = []
    with ExitStack() as stack:
        nodes: dict[str, tuple[Made, Child]] = {}
        for name, made in stage.nodes.items():
            copy = made.copy("pages")
            nodes[name] = (copy, stack.enter_context(copy.serve()))
        uri = _listing_of(stage.made.database)
        sheets = {
            "home page": ("/", HTML),
            "list page": ("/listings", HTML),
            "page of a listing": (uri, HTML),
            "ActivityPub object": (uri, JSON),
        }
        for title, (path, accept) in sheets.items():
            port = free_port()
            answers = _answers(stage, port, path, accept)
            bare = stack.enter_context(
                Child(HERE, "tests.bench.bare_pages", str(port), str(answers), log=stage.log)
            )
            contenders = _contenders(stage, nodes, path, accept)
            contenders["limit"] = lambda p=port, b=bare, w=(path, accept): _get(b, p, *w, stage)
            outcome = play(bout, contenders)
            found.append(
                stage.figure(
                    f"{title}, {stage.size}",
                    outcome,
                    "rate",
                    unit="/s",
                    target="pages/cached",
                    note="" if WRK else "asyncio client: no wrk here",
                )
            )
            bare.end()
        found.append(_beside_template(stage, bout, nodes))
    return found


def _contenders(
    stage: Stage, nodes: dict[str, tuple[Made, Child]], path: str, accept: str
) -> dict[str, Contender]:
    contenders: dict[str, Contender] = {}
    for name, (made, node) in nodes.items():
        own = path if name == "product" or path.count("/") < 2 else _listing_of(made.database)
        contenders[name] = lambda n=node, p=made.port, o=own: _get(n, p, o, accept, stage)
    return contenders


def _beside_template(stage: Stage, bout: Bout, nodes: dict[str, tuple[Made, Child]]) -> Figure:
    """Hold the list page, made anew for each reader, against its template alone."""
    made = stage.made
    with Child(HERE, "tests.bench.ask", str(made.folder), log=stage.log) as asked:

        def template() -> Values:
            told = asked.ask({"what": "render", "seconds": _seconds(stage)})
            return {"rate": told["rate"], "rate_cpu": told["per_cpu"]}

        contenders: dict[str, Contender] = {
            name: partial(_get_each, node, each.port, stage) for name, (each, node) in nodes.items()
        }
        outcome = play(bout, {**contenders, "limit": template})
    return stage.figure(
        f"list page beside jinja2 alone, {stage.size}",
        outcome,
        "rate",
        unit="/s",
        target="pages/uncached",
    )


def _get(server: Child, port: int, path: str, accept: str, stage: Stage) -> Values:
    client.send(port, repeat(_request(port, path, accept)), CONNECTIONS, 0.3).expect(200)
    cpu, seconds = server.cpu(), _seconds(stage)
    rate = _load(port, path, accept, seconds)
    return {"rate": rate, "rate_cpu": rate * seconds / (server.cpu() - cpu)}


def _get_each(server: Child, port: int, stage: Stage) -> Values:
    """Ask for list pages of which no two are alike, so that no cache of pages answers."""
    client.send(port, _searches(port), CONNECTIONS, 0.3).expect(200)
    cpu = server.cpu()
    load = client.send(port, _searches(port), CONNECTIONS, _seconds(stage)).expect(200)
    return {"rate": load.rate, "rate_cpu": load.rate * load.seconds / (server.cpu() - cpu)}


def _searches(port: int) -> Iterator[bytes]:
    capacities = [each["id"] for each in concepts("capacities")]
    for one, two in permutations(capacities, 2):
        yield _request(port, f"/listings?capacity={one}&capacity={two}", HTML)


def _load(port: int, path: str, accept: str, seconds: int) -> float:
    """Return how many answers a second a server gives."""
    if WRK is None:
        requests = repeat(_request(port, path, accept))
        return client.send(port, requests, CONNECTIONS, seconds).expect(200).rate
    flags = [f"-H{line}" for line in _asking(accept).split("\r\n")]
    told = subprocess.run(  # noqa: S603 - wrk, with our words
        [
            WRK,
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds}s",
            *flags,
            f"http://127.0.0.1:{port}{path}",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", told)
    if rate is None or "Non-2xx" in told:
        raise RuntimeError(f"{path} was not answered:\n{told}")
    return float(rate[1])


def _request(port: int, path: str, accept: str) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{_asking(accept)}\r\n\r\n"
    return head.encode()


def _asking(accept: str) -> str:
    return f"Accept: {accept}\r\nAccept-Encoding: gzip\r\nAccept-Language: en"


def _answers(stage: Stage, port: int, path: str, accept: str) -> Path:
    """Write down what the node answers, for the limit to give out."""
    request = urllib.request.Request(f"http://127.0.0.1:{stage.made.port}{path}")
    for line in _asking(accept).split("\r\n"):
        request.add_header(*line.split(": ", 1))
    with urllib.request.urlopen(request) as answer:
        headers = {name: answer.headers[name] for name in KEPT if answer.headers[name]}
        body = base64.b64encode(answer.read()).decode()
    file = stage.folder / f"answers-{port}.json"
    file.write_text(json.dumps({path: [headers, body]}))
    return file


def _listing_of(database: Path) -> str:
    """Return the path of a node's own newest listing."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        row = connection.execute(
            "SELECT uri FROM listing WHERE uri LIKE 'http://127.0.0.1:%' ORDER BY seq DESC LIMIT 1"
        ).fetchone()
    return "/" + str(row[0]).split("/", 3)[3]


def _seconds(stage: Stage) -> int:
    return 4 if stage.is_full else 1
