"""Numbers of heads as they are written."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def number(value: float, digits: int = 2) -> str:
    """The number with so many decimals; – where there is none."""
    return "–" if math.isnan(value) else f"{round(float(value), digits) + 0.0:.{digits}f}"


def over(counts: NDArray[np.int64] | list[Any], total: int) -> str:
    """Over how many queries figures are, where that is not all of them: over 4–5 of 6 queries."""
    low, high = int(np.min(counts)), int(np.max(counts))
    if low == total:
        return ""
    return f"over {low:,}{f'–{high:,}' if high > low else ''} of {total:,} queries"
