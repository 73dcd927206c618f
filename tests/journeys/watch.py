"""What holds in every journey: nothing leaves this machine, and no node logs an error."""

import ipaddress
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp.http_exceptions import HttpProcessingError

_dialled: list[str] = []


def _note_dialling(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        _dialled.append(str(arguments[1][0]))
    elif event == "socket.getaddrinfo":
        _dialled.append(str(arguments[0]))


sys.addaudithook(_note_dialling)


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(autouse=True)
def nothing_leaves_this_machine() -> Iterator[None]:
    """Fail when a name was looked up or an address dialled that is not this machine's."""
    _dialled.clear()
    yield
    far = [host for host in _dialled if not _is_near(host)]
    assert far == [], far


@pytest.fixture(autouse=True)
def no_node_stumbles(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail when something was logged that calls for an operator."""
    yield
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    errors = [each for each in records if each.levelno >= logging.ERROR]
    assert [caplog.handler.format(each) for each in errors if not _is_bad_http(each)] == []


def _is_bad_http(record: logging.LogRecord) -> bool:
    """Say whether aiohttp's parser refused what was no HTTP: it says so as an error."""
    error = record.exc_info[1] if record.exc_info else None
    return record.name == "aiohttp.server" and isinstance(error, HttpProcessingError)
