"""Lists of hosts in Mastodon's CSV (H73, L11, H65)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.errors import Invalid
from federation import blocklist
from federation.blocklist import domain, parse, render, render_allowed
from federation.model import HostBlock, Severity
from tests.samples import NOW

HEADER = "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n"


def hosts(text: str) -> list[str]:
    return list(parse(text.encode(), now=NOW).hosts)


def test_list_as_mastodon_writes_it():
    text = HEADER + (
        'bad.example,suspend,true,false,"spam, and more",false\n'
        "loud.example,silence,false,true,,true\n"
        "noted.example,noop,false,false,,false\n"
    )
    assert parse(text.encode(), now=NOW).blocks == (
        HostBlock(host="bad.example", reject_media=True, public_comment="spam, and more", at=NOW),
        HostBlock(
            host="loud.example",
            severity=Severity.SILENCE,
            reject_reports=True,
            obfuscate=True,
            at=NOW,
        ),
        HostBlock(host="noted.example", severity=Severity.NOOP, at=NOW),
    )
    assert render(parse(text.encode(), now=NOW).blocks) == text


def test_list_without_header_is_one_domain_a_line():
    text = "bad.example\n\nworse.example\r\n# a remark\nBAD.example.\n"
    assert hosts(text) == ["bad.example", "worse.example"]
    assert parse(b"x.example\n", now=NOW).blocks[0].severity is Severity.SUSPEND


def test_list_of_those_allowed():
    assert hosts("#domain\nhub.example\n") == ["hub.example"]
    assert render_allowed(["hub.example"]) == "#domain\nhub.example\n"


def test_columns_may_stand_in_any_order():
    assert hosts("#severity,#domain\nsilence,a.example\n") == ["a.example"]


def test_columns_may_be_few():
    (block,) = parse(b"domain,severity,unheard\na.example,silence,x\n", now=NOW).blocks
    assert (block.host, block.severity) == ("a.example", Severity.SILENCE)


def test_obfuscated_rows_are_left_out_and_counted():
    found = parse(f"{HEADER}b*d.ex***le,suspend\nbad.example,suspend\n".encode(), now=NOW)
    assert (found.hosts, found.obfuscated) == (("bad.example",), 1)


def test_byte_order_mark_is_no_part_of_the_first_word():
    assert hosts("\ufeff#domain\nhub.example\n") == ["hub.example"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("bad..example,suspend", "row 3: 'bad..example' is no host name"),
        ("bad.example/path,suspend", "row 3: 'bad.example/path' is no host name"),
        (",suspend", "row 3: '' is no host name"),
        ("bad.example,block", "row 3: 'block' is no severity: noop, silence or suspend"),
        ("bad.example,suspend,perhaps", "row 3: reject_media must be true or false, not 'perhaps'"),
        (
            f"bad.example,suspend,,,{'x' * 2001}",
            "row 3: the comment is longer than 2000 characters",
        ),
    ],
)
def test_h73_what_is_wrong_is_said_with_its_row(row, says):
    with pytest.raises(Invalid) as raised:
        parse(f"{HEADER}good.example,suspend\n{row}\n".encode(), now=NOW)
    assert str(raised.value) == says


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xff\xfeb\x00a\x00", "not text in UTF-8"),
        ("caf\xe9.example".encode("latin-1"), "not text in UTF-8"),
        (b"PK\x03\x04\x00\x00a.example", "is not text"),
        (b"a.example\n" * (blocklist.MAX_BYTES // 10 + 1), "larger than"),
        (b"a.io\n" * (blocklist.MAX_ROWS + 1), "more than 20000 rows"),
        (HEADER.encode() + b'a.example,"suspend', "row 2: unexpected end of data"),
    ],
    ids=["utf-16", "latin-1", "zip", "bytes", "rows", "quote"],
)
def test_h73_file_that_is_no_list(data, says):
    with pytest.raises(Invalid, match=says):
        parse(data, now=NOW)


def test_h73_problems_told_are_few():
    with pytest.raises(Invalid) as raised:
        parse(b"no host\n" * 1_000, now=NOW)
    assert len(raised.value.problems) == blocklist.MAX_PROBLEMS


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("GOOD.example.", "good.example"),
        (" good.example ", "good.example"),
        ("good.example:443", "good.example"),
        ("good.example:8443", "good.example:8443"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("ｇｏｏｄ.example", "good.example"),
        ("127.0.0.1:8101", "127.0.0.1:8101"),
    ],
)
def test_l11_one_spelling_for_one_host(text, host):
    assert domain(text) == host


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_refused(data):
    try:
        found = parse(data, now=NOW)
    except Invalid:
        return
    assert parse(render(found.blocks).encode(), now=NOW).blocks == found.blocks
