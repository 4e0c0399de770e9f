"""Numbers of any kind and order → curves that can be reckoned with: finite, in order, within limits."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .chart import Numbers, Series

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

HUGE = 1e300
"""What lies beyond is drawn here: differences stay finite."""

LEAST = 1e-300
"""What lies between 0 and this is drawn here on a logarithmic axis."""


class Curve(NamedTuple):
    """Points from left to right, by their places along the axes."""

    x: Floats
    y: Floats  # the low edge of a band
    high: Floats  # the high edge; y again where it is no band
    run: Indices  # the points of one run are joined


def curve_of(series: Series, *, x_log: bool = False, y_log: bool = False) -> Curve:
    """The points that have places; a gap in the numbers ends a run."""
    y = _places(_floats(series.y), log=y_log)
    x = np.arange(y.size, dtype=np.float64) if series.x is None else _floats(series.x)
    x = _places(x, log=x_log)
    edge = y if series.high is None or series.kind != "band" else _places(_floats(series.high), log=y_log)
    order = np.argsort(x[: min(y.size, edge.size)], kind="stable")
    x, y, edge = x[order], y[order], edge[order]
    good = np.isfinite(x) & np.isfinite(y) & np.isfinite(edge)
    run = np.cumsum(~good, dtype=np.intp)[good]
    x, y, edge = (np.clip(part[good], -HUGE, HUGE) for part in (x, y, edge))
    return Curve(x, np.minimum(y, edge), np.maximum(y, edge), run)


def place_of(value: Any, *, log: bool = False) -> float:
    """Where the value lies along its axis; NaN where nowhere."""
    return float(_places(np.array([float_of(value)]), log=log)[0])


def _places(values: Floats, *, log: bool) -> Floats:
    """The values; on a logarithmic axis their logarithms to base 2, NaN where there are none."""
    if not log:
        return values
    places = np.full(values.shape, math.nan)
    good = np.isfinite(values) & (values > 0)
    places[good] = np.log2(np.clip(values[good], LEAST, HUGE))
    return places


def cells_of(shares: Floats, cells: int) -> Indices:
    """The cells in which shares of an axis lie."""
    return np.minimum((shares * cells).astype(np.intp), cells - 1)


def middles_of(shares: Floats, cells: int) -> Floats:
    """The middles of those cells: plotext is a little to one side at their borders."""
    return (cells_of(shares, cells) + 0.5) / cells


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
