"""The log keeps what is ours to mend, and leaves out the bad HTTP of strangers."""

import logging

import pytest
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong

from node.log import is_ours_to_mend


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (BadHttpMessage("no Host"), False),
        (LineTooLong(b"a", 1), False),
        (ValueError("ours"), True),
        (None, True),
    ],
)
def test_only_what_is_ours_is_kept(error, kept):
    told = (type(error), error, None) if error else None
    record = logging.LogRecord("aiohttp.server", logging.ERROR, "", 0, "", (), told)
    assert is_ours_to_mend(record) is kept
