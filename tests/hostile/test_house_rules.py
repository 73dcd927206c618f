"""What a node does not do at all, and so cannot do wrong (L3, L25, L40, L45, L46, H58, H72)."""

import ast
import asyncio
from pathlib import Path

import pytest

from catalogue.errors import Conflict
from node.cli.main import main
from tests.hostile.house import House
from tests.journeys.world import ACTIVITY, BROWSER

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]
FLOORS = ("catalogue", "federation", "node", "web")


def imports() -> set[str]:
    """Return every module that the product imports."""
    found = set()
    for floor in FLOORS:
        for path in (ROOT / floor).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {each.name for each in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.add(node.module)
    return found


async def test_l45_no_xml_is_parsed() -> None:
    assert [name for name in imports() if name.split(".")[0] in {"xml", "lxml", "defusedxml"}] == []


async def test_l25_no_media_is_worked_on() -> None:
    kinds = {"PIL", "subprocess", "wand", "cv2", "imghdr", "ctypes"}
    assert [name for name in imports() if name.split(".")[0] in kinds] == []


async def test_l3_nothing_of_strangers_is_served_as_a_file_of_ours(house: House) -> None:
    """No media is taken in; what is static is the project's own and says what it is."""
    for path in ("/static/style.css", "/static/../capx.db", "/static/%2e%2e/capx.db"):
        answer = await house.node.get(path, ACTIVITY)
        assert "activity+json" not in answer.headers.get("Content-Type", "")
        assert answer.headers.get("X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "%2e%2e%2f%2e%2e%2fcapx.db",
        "..%5c..%5ccapx.db",
        "%00",
        "style.css%00.png",
        "....//capx.db",
        "/etc/passwd",
        "capx.db",
    ],
)
async def test_h72_path_that_leads_out(house: House, name: str) -> None:
    for folder in ("static", "proposals", "affiliates", "actors", "capacities"):
        answer = await house.node.get(f"/{folder}/{name}", BROWSER)
        assert answer.status == 404
        assert b"SQLite format" not in answer.body


async def test_l46_name_that_was_deleted_is_never_given_again(house: House) -> None:
    node = house.node
    uri = node.config.addresses.actor("gone")
    await node.database.write(
        lambda store: store.tombstones.bury(uri, by=uri, at=store.clock.now())
    )
    with pytest.raises(Conflict):
        await node.affiliate("gone")


async def test_l40_there_are_no_codes_that_could_be_used_twice() -> None:
    """Signing in has no second factor by codes; one that comes must use up each code."""
    names = {name.lower() for name in imports()}
    assert [name for name in names if "otp" in name] == []


async def test_h58_nothing_written_reaches_a_terminal_or_a_header(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b[2J\x9b31m\r\nBcc: all@example.org\u2028=cmd()|'/c calc'!A0]]>|}{{Delete}}"
    intent = {"type": "Intent", "nameMap": {"en": evil}, "contentMap": {"en": f"<p>{evil}</p>"}}
    note = house.evil.proposal(house.liar, "sinks", publishes=intent)
    assert await house.send(house.evil.say("Create", house.liar, note), house.liar) == 202
    await house.rest()
    data = str(house.node.config.data)
    for words in (
        ["search", "Bcc", "--data", data],
        ["search", "Bcc", "--json", "--data", data],
        ["listing", "show", note["id"], "--data", data],
        ["match", note["id"], "--data", data],
        ["peer", "list", "--data", data],
    ):
        assert await asyncio.to_thread(main, words) == 0
        said = capsys.readouterr().out
        assert [each for each in said if not each.isprintable() and each != "\n"] == []
