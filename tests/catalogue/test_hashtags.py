"""Hashtags of any script."""

import re

import pytest
from hypothesis import given

from catalogue.hashtags import apart, spelled
from tests.samples import PHRASES, TAXONOMY


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("oral history", "OralHistory"),
        ("Lua / modules", "LuaModules"),
        ("Gouvernance d’entreprise", "GouvernanceDEntreprise"),
        ("GLAM-wiki", "GLAMWiki"),
        ("मध्यस्थता सीखना", "मध्यस्थतासीखना"),
        ("العَرَبيّة", "العَرَبيّة"),
        ("2030", ""),
        ("१२", ""),
        ("…", ""),
    ],
)
def test_name_is_spelled_as_one_word(name, tag):
    assert spelled(name) == tag


@pytest.mark.parametrize(
    ("tag", "words"),
    [("OralHistory", "Oral History"), ("oral_history", "oral history"), ("GLAMWiki", "GLAMWiki")],
)
def test_hashtag_is_taken_apart(tag, words):
    assert apart(tag) == words


@given(PHRASES)
def test_hashtag_has_no_blank_and_no_sign(name):
    tag = spelled(name)
    assert tag == "" or any(char.isalpha() for char in tag)
    assert not re.search(r"[\s#@.,!?&<>'\"%-]", tag)


def test_every_capacity_has_a_hashtag_in_every_language():
    labels = [label for each in TAXONOMY.capacities for label in each.labels.values()]
    assert [label for label in labels if not spelled(label)] == []
