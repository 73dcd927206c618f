"""Lists of blocked or allowed hosts as Mastodon writes and reads them, as CSV.

The header names the columns, each with a ``#``; without one, each line is a domain to block. A
list is taken as a whole or not at all, and what is wrong is said by the number of its row. A domain
with stars in it was made unreadable by who published the list: it is left out and counted.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from catalogue.errors import Invalid, Problem
from federation.errors import Malformed
from federation.guard import host_of
from federation.model import HostBlock, Severity

COLUMNS = ("domain", "severity", "reject_media", "reject_reports", "public_comment", "obfuscate")
MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 20_000
MAX_COMMENT = 2_000
MAX_PROBLEMS = 20  # told at once
_YES, _NO = frozenset({"true", "t", "1", "yes"}), frozenset({"false", "f", "0", "no", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocklist:
    """What a file says, each host once, and how many rows were unreadable on purpose."""

    blocks: tuple[HostBlock, ...]
    obfuscated: int = 0

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts alone, for a list of those allowed."""
        return tuple(each.host for each in self.blocks)


def parse(data: bytes, *, now: datetime) -> Blocklist:
    """Read a list; raise Invalid with every row that has no sense (H73)."""
    rows = _rows(_text(data))
    found: dict[str, HostBlock] = {}
    problems: list[Problem] = []
    obfuscated = 0
    for number, row in rows:
        try:
            block = _block(row, now)
        except ValueError as error:
            problems.append(Problem(field=f"row {number}", message=str(error)))
            continue
        if block is None:
            obfuscated += 1
        else:
            found[block.host] = block
    if problems:
        raise Invalid(tuple(problems[:MAX_PROBLEMS]))
    return Blocklist(blocks=tuple(found.values()), obfuscated=obfuscated)


def render(blocks: Iterable[HostBlock]) -> str:
    """Write a list as Mastodon does; reasons for operators are not in it (L44)."""
    lines = [
        [
            each.host,
            each.severity.value,
            _flag(each.reject_media),
            _flag(each.reject_reports),
            each.public_comment,
            _flag(each.obfuscate),
        ]
        for each in blocks
    ]
    return _written([[f"#{name}" for name in COLUMNS], *lines])


def render_allowed(hosts: Iterable[str]) -> str:
    """Write the list of those allowed."""
    return _written([["#domain"], *([host] for host in hosts)])


def domain(text: str) -> str:
    """Return a host in its one spelling; raise ValueError for what is none (L11, H65).

    Names in other scripts become what they are on the wire. A port may stand behind.
    """
    name, separator, port = text.strip().lower().partition(":")
    name = name.rstrip(".")
    if not name or re.search(r"[\s/?#@\\]", text.strip()):
        raise ValueError(f"'{text[:80]}' is no host name")
    try:
        if not name.isascii():
            name = name.encode("idna").decode()
        host = host_of(f"https://{name}{separator}{port}")
    except (UnicodeError, Malformed) as error:
        raise ValueError(f"'{text[:80]}' is no host name") from error
    return host


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _wrong(f"is larger than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong("is not text in UTF-8") from error
    if "\0" in text:
        raise _wrong("is not text")
    return text


def _wrong(message: str) -> Invalid:
    return Invalid([Problem(field="file", message=message)])


def _rows(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Give each row by the names of its columns, with its number as an editor counts lines."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    names: Sequence[str] = COLUMNS[:1]
    count = 0
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            named = [cell.lstrip("#").lower() for cell in cells]
            if count == 0 and "domain" in named:
                names = named
                continue
            count += 1
            if count > MAX_ROWS:
                raise _wrong(f"has more than {MAX_ROWS} rows")
            if len(names) > 1 or not cells[0].startswith("#"):  # a remark
                yield reader.line_num, dict(zip(names, cells, strict=False))
    except csv.Error as error:
        raise Invalid([Problem(field=f"row {reader.line_num}", message=str(error))]) from error


def _block(row: Mapping[str, str], now: datetime) -> HostBlock | None:
    name = row.get("domain", "")
    if "*" in name:
        return None
    comment = row.get("public_comment", "")
    if len(comment) > MAX_COMMENT:
        raise ValueError(f"the comment is longer than {MAX_COMMENT} characters")
    return HostBlock(
        host=domain(name),
        severity=_severity(row.get("severity", "")),
        reject_media=_yes(row, "reject_media"),
        reject_reports=_yes(row, "reject_reports"),
        public_comment=comment,
        obfuscate=_yes(row, "obfuscate"),
        at=now,
    )


def _severity(text: str) -> Severity:
    try:
        return Severity(text.lower() or Severity.SUSPEND)
    except ValueError:
        raise ValueError(f"'{text[:40]}' is no severity: noop, silence or suspend") from None


def _yes(row: Mapping[str, str], name: str) -> bool:
    value = row.get(name, "").lower()
    if value in _YES:
        return True
    if value in _NO:
        return False
    raise ValueError(f"{name} must be true or false, not '{value[:40]}'")


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _written(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
