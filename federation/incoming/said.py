"""An activity that is authentic: signed by its actor, or proven or fetched from its origin."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from federation.mapping.values import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Who said what, and the documents that were fetched because it needed them, by URI."""

    activity: Document
    actor: str
    fetched: Mapping[str, dict[str, Any]]
    received: datetime
