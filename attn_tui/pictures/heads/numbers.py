"""Numbers of heads as they are written."""

from __future__ import annotations

import math


def number(value: float, digits: int = 2) -> str:
    """The number with so many decimals; – where there is none."""
    return "–" if math.isnan(value) else f"{round(float(value), digits) + 0.0:.{digits}f}"
