"""The log: standard logging on standard error, without what strangers could fill it with."""

import logging
import os
import sys

from aiohttp.http_exceptions import HttpProcessingError


def configure() -> None:
    """Set logging up for a command; ``CAPX_LOG`` names the level (default: WARNING)."""
    logging.basicConfig(
        level=os.environ.get("CAPX_LOG", "WARNING").upper(),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("aiohttp.server").addFilter(is_ours_to_mend)


def is_ours_to_mend(record: logging.LogRecord) -> bool:
    """Say whether a record is kept: bad HTTP is answered with 400 and is no error of this node."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)
