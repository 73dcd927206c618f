"""``capx inquiry`` and ``capx draft`` as people and scripts use them."""

import json

import pytest

from catalogue import drafts, inquiries
from catalogue.model import Kind, Role
from node.cli.main import main
from node.config import load
from node.setup import open_database
from tests.catalogue.test_inquiries import ANA, letter
from tests.samples import BLOG, actor, one, party

LOST = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
def capx(tmp_path, capsys, monkeypatch):
    """Run a command on a node in ``tmp_path``; it must succeed; return its JSON."""
    monkeypatch.chdir(tmp_path)

    def run(*words, fails=False):
        code = main([*words, "--data", "hub", *([] if fails else ["--json"])])
        said = capsys.readouterr()
        if fails:
            assert (code, said.out) == (1, "")
            return said.err
        assert (code, said.err) == (0, "")
        return json.loads(said.out)

    run("init", "--domain", "hub.example")
    run("affiliate", "add", "delta", "--name", "Friends of the Delta")
    return run


@pytest.fixture
def lines(capx, capsys):
    """Run a command; return what people read."""

    def run(*words):
        assert main([*words, "--data", "hub"]) == 0
        return capsys.readouterr().out.splitlines()

    return run


@pytest.fixture
def told(capx, tmp_path):
    """Have Ana write to somebody of the node."""

    def hear(store, sent):
        store.actors.put(actor("ana", node=BLOG, uri=ANA, role=Role.OTHER, name="Ana"))
        store.parties.put(party(ANA, type="Person"))
        message = inquiries.take_in(store, sent)
        drafts.consider(store, message, sent)
        return message

    def write(**changes):
        database = open_database(load(tmp_path / "hub"))
        try:
            return database.write_now(hear, letter(**changes))
        finally:
            database.close()

    return write


def test_inquiry_is_listed_shown_answered_and_closed(capx, lines, told):
    assert capx("inquiry", "list") == []
    assert lines("inquiry", "list") == ["No inquiries yet."]
    listing = capx(
        *["listing", "add", "--by", "delta", "--kind", "offer", "--category", "skill"],
        *["--title", "Mediation", "--text", "Come", "--language", "en"],
    )
    told(in_reply_to=listing["uri"], is_public=False)
    (found,) = capx("inquiry", "list", "--standing", "open", "--to", "delta")
    assert found["asker"] == {"uri": ANA, "name": "Ana", "acct": f"ana@{BLOG}"}
    assert (found["listing"], found["standing"]) == (listing["uri"], "open")
    (question,) = found["messages"]
    assert (question["text"], question["public"]) == ({"en": "<p>Question 1</p>"}, False)
    shown = lines("inquiry", "show", found["id"])
    assert shown[:2] == [f"open · @ana@{BLOG} asks @delta@hub.example", "about: Mediation"]
    assert shown[-1] == "Question 1"
    assert lines("inquiry", "list") == [
        f"{found['id']}  open      @ana@{BLOG} → @delta@hub.example · Mediation"
    ]

    answer = capx("inquiry", "answer", found["id"], "--text", "**Yes**", "--language", "en")
    assert answer["text"] == {"en": "<p><strong>Yes</strong></p>"}
    assert (answer["public"], answer["in_reply_to"]) == (False, question["uri"])
    changed = capx("inquiry", "edit", answer["id"], "--text", "No", "--language", "en")
    assert changed["text"] == {"en": "<p>No</p>"}
    assert capx("inquiry", "list", "--standing", "open") == []
    assert capx("inquiry", "retract", answer["id"])["deleted"] is True
    assert capx("inquiry", "close", found["id"])["standing"] == "closed"
    assert capx("inquiry", "forget", found["id"])["forgotten"] is True
    assert capx("inquiry", "list") == []


@pytest.mark.parametrize(
    "words",
    [
        ("inquiry", "show", LOST),
        ("inquiry", "answer", LOST, "--text", "x"),
        ("inquiry", "edit", LOST, "--text", "x"),
        ("inquiry", "retract", LOST),
        ("inquiry", "close", LOST),
        ("inquiry", "forget", LOST),
        ("inquiry", "list", "--to", "nobody"),
        ("draft", "show", LOST),
        ("draft", "approve", LOST, "--by", "delta"),
        ("draft", "reject", LOST),
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_one_line(capx, words):
    error = capx(*words, fails=True)
    assert error.startswith("capx: there is no")
    assert error.count("\n") == 1


def draft(told, **changes):
    text = one("<p>@catalogue #besoin Une salle</p><p>Pour dix.</p>", "fr")
    return told(
        named=("https://hub.example/actors/catalogue",),
        kind=Kind.NEED,
        marks=("besoin",),
        text=text,
        **changes,
    )


def test_draft_is_listed_shown_and_approved_with_an_answer(capx, lines, told):
    assert lines("draft", "list") == ["No drafts wait."]
    draft(told)
    (found,) = capx("draft", "list")
    assert (found["kind"], found["title"], found["state"]) == (
        "need",
        {"fr": "Une salle"},
        "waiting",
    )
    assert found["by"]["acct"] == f"ana@{BLOG}"
    assert lines("draft", "show", found["id"])[:4] == [
        "need · waiting · fr",
        "Une salle",
        "",
        "Pour dix.",
    ]
    made = capx("draft", "approve", found["id"], "--by", "delta", "--category", "resource")
    listing = capx("listing", "show", made["listing"])
    assert (listing["category"], listing["by"]) == (
        "resource",
        "https://hub.example/actors/delta",
    )
    assert f"@ana@{BLOG}" in listing["text"]["fr"]
    (inquiry,) = capx("inquiry", "list")
    assert made["url"] in inquiry["messages"][1]["text"]["fr"]
    assert capx("draft", "list") == []
    (decided,) = capx("draft", "list", "--all")
    assert (decided["state"], decided["listing"]) == ("approved", made["listing"])
    again = capx("draft", "approve", found["id"], "--by", "delta", fails=True)
    assert again == "capx: this draft is approved already\n"


@pytest.mark.parametrize("is_silent", [True, False])
def test_draft_is_rejected_with_a_reason_or_in_silence(capx, told, is_silent):
    draft(told)
    (found,) = capx("draft", "list")
    silent = ["--silent"] if is_silent else []
    capx("draft", "reject", found["id"], "--reason", "Pas *ici*.", *silent)
    (inquiry,) = capx("inquiry", "list")
    answers = [each["text"]["fr"] for each in inquiry["messages"][1:]]
    assert len(answers) == (0 if is_silent else 1)
    assert all(answer.endswith("<p>Pas <em>ici</em>.</p>") for answer in answers)


def test_nothing_of_a_failed_approval_remains(capx, told):
    draft(told)
    (found,) = capx("draft", "list")
    error = capx("draft", "approve", found["id"], "--by", "nobody", fails=True)
    assert error == "capx: there is no affiliate 'nobody' on this node\n"
    assert capx("draft", "list") == [found]
    assert len(capx("inquiry", "list")[0]["messages"]) == 1


def test_nobody_is_said_to_be_told_at_a_blocked_host(capx, told):
    draft(told)
    (found,) = capx("draft", "list")
    capx("peer", "block", BLOG)
    for words in (
        ("inquiry", "answer", found["inquiry"], "--text", "Yes"),
        ("draft", "reject", found["id"]),
    ):
        said = capx(*words, fails=True)
        assert said.startswith(f"capx: {BLOG} is blocked here, so nobody there can be told")
        assert ("--silent" in said) == (words[0] == "draft")
    assert [each["state"] for each in capx("draft", "list")] == ["waiting"]
    (inquiry,) = capx("inquiry", "list")
    assert (inquiry["standing"], len(inquiry["messages"])) == ("open", 1)
    assert capx("draft", "reject", found["id"], "--silent")["state"] == "rejected"
