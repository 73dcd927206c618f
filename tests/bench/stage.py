"""What the families of rows share: a folder, the nodes made for this run, who writes to them."""

from dataclasses import dataclass
from pathlib import Path

from tests.bench.letters import Sender
from tests.bench.plan import Made
from tests.bench.rounds import Outcome
from tests.bench.table import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """``made`` is a node of this tree with ``size`` listings, ``other`` one of the revision.

    ``trees`` are this tree and the other, by the names of their contenders.
    """

    folder: Path
    is_full: bool
    trees: dict[str, Path]
    senders: list[Sender]
    made: Made
    other: Made | None
    size: str

    @property
    def log(self) -> Path:
        """Where children write what goes wrong."""
        return self.folder / "children.log"

    @property
    def nodes(self) -> dict[str, Made]:
        """The nodes by the names of their contenders."""
        return {"product": self.made, **({"other": self.other} if self.other else {})}

    def figure(
        self,
        name: str,
        outcome: Outcome,
        value: str,
        *,
        unit: str,
        limit: str | None = None,
        target: str | None = None,
        note: str = "",
    ) -> Figure:
        """Return the figure of one value; ``limit`` names the limit's, where it is another.

        Rates are better when higher, times (``ms``, ``s``, ``MB``) when lower.
        """
        product = outcome.of("product", value)
        assert product is not None
        best = outcome.of("limit", limit or value)
        is_rate = unit == "/s"
        return Figure(
            name=name,
            unit=unit,
            product=product,
            limit=best,
            other=outcome.of("other", value),
            ratio=_ratio(product, best, is_rate=is_rate),
            cpu_ratio=_ratio(
                outcome.of("product", f"{value}_cpu"),
                outcome.of("limit", f"{value}_cpu"),
                is_rate=True,
            ),
            target=target,
            note=", ".join(filter(None, [note, outcome.note])),
        )


def _ratio(product: float | None, limit: float | None, *, is_rate: bool) -> float | None:
    if not product or not limit:
        return None
    return product / limit if is_rate else limit / product
