"""Numbers of any kind and order → curves that can be reckoned with: finite, in order, within limits."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .chart import Numbers, Series

Floats = NDArray[np.float64]

HUGE = 1e300
"""What lies beyond is drawn here: differences stay finite."""


class Curve(NamedTuple):
    """Points from left to right."""

    x: Floats
    y: Floats
    run: NDArray[np.intp]  # the points of one run are joined


def curve_of(series: Series) -> Curve:
    """The finite points; a gap in the numbers ends a run."""
    y = _floats(series.y)
    x = np.arange(y.size, dtype=np.float64) if series.x is None else _floats(series.x)
    order = np.argsort(x[: y.size], kind="stable")
    x, y = x[order], y[order]
    good = np.isfinite(x) & np.isfinite(y)
    run = np.cumsum(~good, dtype=np.intp)[good]
    return Curve(np.clip(x[good], -HUGE, HUGE), np.clip(y[good], -HUGE, HUGE), run)


def _floats(values: Numbers) -> Floats:
    try:
        with np.errstate(all="ignore"):
            return np.asarray(values, dtype=np.float64).ravel()
    except (OverflowError, TypeError, ValueError):
        return np.array([float_of(value) for value in values])


def float_of(value: Any) -> float:
    """The value as a float; NaN, and so a gap, where it is none."""
    try:
        return float(value)
    except (OverflowError, TypeError, ValueError):
        return math.nan
