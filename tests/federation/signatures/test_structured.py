"""Structured fields: read strictly, written canonically, never anything but ValueError."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.signatures.structured import (
    MAX_ITEMS,
    MAX_LENGTH,
    MAX_MEMBERS,
    MAX_PARAMETERS,
    Item,
    Member,
    Token,
    parse_dictionary,
    serialize,
)

KEYS = st.from_regex(r"[a-z*][a-z0-9_.*-]{0,20}", fullmatch=True)
BARE = st.one_of(
    st.booleans(),
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.binary(max_size=40),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40),
    st.from_regex(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]{0,20}", fullmatch=True).map(Token),
)
PARAMETERS = st.dictionaries(KEYS, BARE, max_size=4)
ITEMS = st.builds(
    lambda value, parameters: Item(value=value, parameters=parameters), BARE, PARAMETERS
)
MEMBERS = st.builds(
    lambda value, parameters: Member(value=value, parameters=parameters),
    BARE | st.lists(ITEMS, max_size=4).map(tuple),
    PARAMETERS,
)


def test_every_kind_of_value_is_read() -> None:
    text = 'a=("x" y 1;p "\\"\\\\");q=:AQI=:, b=?0;r,  c=-7, d'
    found = parse_dictionary(text)
    bare = {name: member.value for name, member in found.items() if name != "a"}
    assert bare == {"b": False, "c": -7, "d": True}
    assert isinstance(found["a"].value, tuple)
    assert [item.value for item in found["a"].value] == ["x", Token("y"), 1, '"\\']
    assert [dict(item.parameters) for item in found["a"].value] == [{}, {}, {"p": True}, {}]
    assert dict(found["a"].parameters) == {"q": b"\x01\x02"}
    assert serialize(found["a"]) == '("x" y 1;p "\\"\\\\");q=:AQI=:'


@given(st.dictionaries(KEYS, MEMBERS, min_size=1, max_size=4))
def test_what_is_written_is_read_back(members: dict[str, Member]) -> None:
    text = ", ".join(f"{key}={serialize(member)}" for key, member in members.items())
    assert parse_dictionary(text) == members


@given(st.text() | st.text(alphabet='ab=();:"\\, ?01-.*A', max_size=60))
def test_text_of_strangers_raises_nothing_but_value_error(text: str) -> None:
    try:
        found = parse_dictionary(text)
    except ValueError:
        return
    again = ", ".join(f"{key}={serialize(member)}" for key, member in found.items())
    assert parse_dictionary(again) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ",",
        "a=",
        "a=1,",
        "a=1 b=2",
        "a=1, a=2",
        "A=1",
        "1=1",
        "a=01",
        "a=-0",
        "a=1.5",
        "a=1.",
        f"a={'9' * 16}",
        'a="x',
        'a="x\\y"',
        'a="\x7f"',
        'a="\n"',
        "a=:AQI:",
        "a=:AQI=",
        "a=:A Q=:",
        "a=?2",
        "a=(",
        'a=("x"',
        'a=("x""y")',
        'a=("x",)',
        "a=(1;)",
        "a=1;p=1;p=2",
        "a=@1659578233",
        "ä=1",
        'a="ä"',
        "a=1;P=1",
    ],
)
def test_what_is_no_dictionary_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_dictionary(text)


@pytest.mark.parametrize(
    ("text", "most"),
    [
        (lambda count: ", ".join(f"a{n}=1" for n in range(count)), MAX_MEMBERS),
        (lambda count: f"a=({' '.join('x' * count)})", MAX_ITEMS),
        (lambda count: "a=1" + "".join(f";p{n}" for n in range(count)), MAX_PARAMETERS),
        (lambda count: f'a="{"x" * (count - 4)}"', MAX_LENGTH),
    ],
    ids=["members", "items", "parameters", "length"],
)
def test_everything_is_bounded(text, most: int) -> None:
    assert parse_dictionary(text(most))
    with pytest.raises(ValueError, match=r"too "):
        parse_dictionary(text(most + 1))
