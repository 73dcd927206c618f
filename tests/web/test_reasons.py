import ast
import inspect

import pytest

from catalogue import matching, taxonomy
from catalogue.model import Reason
from web.i18n.wording import Wording, read, wording
from web.reasons import say

TAXONOMY = taxonomy.load()

WHYS = sorted(
    {
        node.value
        for node in ast.walk(ast.parse(inspect.getsource(matching)))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith("match-")
    }
)


def reason(term: str, why: str, *about: str) -> Reason:
    return Reason(term=term, value=1.0, weight=0.1, why=why, about=about)


def test_matching_gives_reasons():
    assert len(WHYS) > 15


def test_every_reason_has_a_message_and_no_message_is_left_over():
    assert {key for key in read("en") if key.startswith("match-")} == set(WHYS)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            reason("capacity", "match-capacity-same", "mediation"),
            "Both are about mediation",
        ),
        (
            reason("capacity", "match-capacity-narrower", "finance", "budgeting"),
            "Looking for finance; the offer is about budgeting, which is part of it",
        ),
        (reason("capacity", "match-capacity-none"), "No capacity in common"),
        (
            reason("language", "match-language-common", "en", "uk"),
            "Both can work in English and Ukrainian",
        ),
        (reason("place", "match-place-same", "PL"), "Both are in Poland"),
        (reason("place", "match-place-online"), "Can happen online"),
        (
            reason("category", "match-category-close", "skill", "service"),
            "Nearly the same kind of help: Skill looked for, Service offered",
        ),
        (reason("words", "match-words-shared", "1"), "Their texts share one telling word"),
        (reason("words", "match-words-shared", "4"), "Their texts share 4 telling words"),
        (
            reason("method", "match-method-common", "training", "workshop"),
            "The same way of working: training and workshop",
        ),
        (reason("quantity", "match-quantity-part", "40%"), "Covers 40% of what is looked for"),
    ],
)
def test_a_reason_is_said_with_what_it_is_about(given, expected):
    assert say(given, wording("en"), TAXONOMY) == expected


def test_concepts_are_named_in_the_language_of_the_sentence():
    spoken = Wording("uk", [{"match-capacity-same": "Обидва про: $1"}])
    about = reason("capacity", "match-capacity-same", "evaluation")
    assert say(about, spoken, TAXONOMY) == "Обидва про: оцінювання"


def test_a_capacity_that_only_a_peer_knows_is_named_by_the_end_of_its_address():
    about = reason("capacity", "match-capacity-same", "https://peer.example/c/basket-weaving")
    assert say(about, wording("en"), TAXONOMY) == "Both are about basket-weaving"


def test_a_term_of_another_version_is_said_without_names():
    assert say(reason("moon", "match-moon-phase", "3"), wording("en"), TAXONOMY) == (
        "⧼match-moon-phase⧽"
    )
