"""What holds in every journey holds here too."""

from tests.journeys.watch import (  # noqa: F401 - fixtures
    no_node_stumbles,
    nothing_leaves_this_machine,
)
