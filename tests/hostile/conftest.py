"""Hostile strangers: every row of the threat list, against a running node over real sockets."""

from tests.hostile.fort import fort  # noqa: F401 - the fixtures of the files here
from tests.hostile.house import house  # noqa: F401
from tests.journeys.conftest import abroad, world  # noqa: F401 - for tests that need more
from tests.journeys.watch import (  # noqa: F401 - what holds for each test here, too
    no_node_stumbles,
    nothing_leaves_this_machine,
)
