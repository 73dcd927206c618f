"""Opening the node that a command is about."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node.config import Config, load
from node.setup import NodeDatabase, open_database


def data_folder(arguments: argparse.Namespace) -> Path:
    """Return the node's folder: the flag, else ``CAPX_DATA``, else ``./capx-data``."""
    return Path(arguments.data or os.environ.get("CAPX_DATA") or "capx-data")


@contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[tuple[Config, NodeDatabase]]:
    """Open the node for one command; one that runs beside it sees at once what is written."""
    config = load(data_folder(arguments))
    database = open_database(config)
    try:
        yield config, database
    finally:
        database.close()
