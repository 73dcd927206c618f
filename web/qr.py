"""An address for a camera: a QR code as a drawing that stands in the page itself."""

from collections.abc import Iterable

import segno

from web.views import Code

MAX_TEXT = 500  # characters: what is longer makes squares too small for a camera
QUIET = 4  # light squares around it (ISO/IEC 18004 9.1)


def code(text: str) -> Code | None:
    """Return the QR code of a text, None for one that is too long; rows are drawn as runs."""
    if len(text) > MAX_TEXT:
        return None
    rows = tuple(segno.make_qr(text, error="m").matrix_iter(border=QUIET))
    runs = (
        f"M{start} {row}h{length}v1h-{length}z"
        for row, squares in enumerate(rows)
        for start, length in _runs(squares)
    )
    return Code(size=len(rows), path="".join(runs))


def _runs(squares: Iterable[int]) -> list[tuple[int, int]]:
    """Return where each run of dark squares starts, and how long it is."""
    found: list[tuple[int, int]] = []
    for at, dark in enumerate(squares):
        if not dark:
            continue
        if found and sum(found[-1]) == at:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((at, 1))
    return found
