"""What is wrong, on standard error: one line that nothing in it can make more of, and the place in a rule."""

from __future__ import annotations

import sys

MOST = 2000
"""Characters of a line: what was typed may be a megabyte."""


def tell(message: str, picture: str = "") -> None:
    """Print a message, and a picture of the place that it is about where that fits on lines."""
    from .pictures.cells import printable

    line = f"attn-tui: {' '.join(message.split())}"
    place = picture.splitlines()
    for each in (line, *(place if max(map(len, place), default=0) <= MOST else ())):
        print(printable(each if len(each) <= MOST else f"{each[:MOST]}…"), file=sys.stderr)  # noqa: T201
