"""Curves → the few points that show them in so many cells, from 0 to 1 along both axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .chart import Kind, Series
from .curves import Curve, Floats, Indices, cells_of, middles_of
from .log_axes import AnyAxis

Point = tuple[float, float, bool, str]  # x and y, joined to the point before?, marker

BRAILLE = "⠒"  # in the legend; in the chart finer dots
EIGHTHS = "▁▂▃▄▅▆▇█"
MARKERS: dict[Kind, str] = {"line": BRAILLE + "×+", "dashes": "╌═~", "dots": "•◦∗", "bars": "█▒░", "band": "░·:"}
WIDEST_BAR = 6


@dataclass(frozen=True)
class Size:
    """The cells between the axes."""

    columns: int
    rows: int
    slot: float  # the share of one bar and the gap beside it

    @property
    def bar(self) -> int:
        """The columns of one bar."""
        return max(1, min(WIDEST_BAR, int(self.slot * self.columns) - 1))


def markers_of(series: Sequence[Series]) -> list[str]:
    """A character for each series, different within a kind."""
    kinds = [one.kind for one in series]
    return [MARKERS[kind][kinds[:index].count(kind) % 3] for index, kind in enumerate(kinds)]


def points_of(kind: Kind, curve: Curve, size: Size, marker: str) -> tuple[Point, ...]:
    """The points of a thinned curve."""
    return tuple(_POINTS[kind](curve, size, marker))


def thinned(curve: Curve, x_axis: AnyAxis, y_axis: AnyAxis, columns: int) -> Curve:
    """The lowest and the highest point of each column, as shares."""
    x, y, high = x_axis.shares(curve.x), y_axis.shares(curve.y), y_axis.shares(curve.high)
    starts = np.flatnonzero(np.diff(cells_of(x, columns), prepend=-1)).tolist()
    parts = [(start, y[start:stop], high[start:stop]) for start, stop in pairwise([*starts, y.size])]
    kept = sorted({start + int(end) for start, low, top in parts for end in (low.argmin(), top.argmax())})
    return Curve(x[kept], y[kept], high[kept], curve.run[kept])


def _line(curve: Curve, _: Size, marker: str) -> Iterator[Point]:
    joined = np.diff(curve.run, prepend=-1) == 0
    alone = ~joined & ~np.append(joined[1:], False)
    for x, y, is_joined, is_alone in zip(*map(np.ndarray.tolist, (*curve[:2], joined, alone)), strict=True):
        yield x, y, is_joined, "•" if is_alone and marker == BRAILLE else marker


def _dots(curve: Curve, size: Size, marker: str) -> Iterator[Point]:
    columns, rows = middles_of(curve.x, size.columns), middles_of(curve.y, size.rows)
    for x, y in zip(columns.tolist(), rows.tolist(), strict=True):
        yield x, y, False, marker


def _dashes(curve: Curve, size: Size, marker: str) -> Iterator[Point]:
    """One dash a column, at the height of the line there; two where it jumps within the column."""
    if not curve.x.size:
        return
    upper = _heights(curve, curve.y, size)
    column, row = cells_of(curve.x, size.columns), cells_of(curve.y, size.rows)
    np.maximum.at(upper, column, row)
    lower = upper.copy()
    np.minimum.at(lower, column, row)
    for heights in (np.where(upper - lower > 1, lower, -1), upper):
        cuts = np.flatnonzero(np.diff(heights, prepend=-2)).tolist()
        for start, stop in pairwise([*cuts, size.columns]):
            if heights[start] >= 0:
                y = (int(heights[start]) + 0.5) / size.rows
                yield (start + 0.5) / size.columns, y, False, marker
                yield (stop - 0.5) / size.columns, y, True, marker


def _heights(curve: Curve, y: Floats, size: Size) -> Indices:
    """The row of the line, or of one edge of the band, in the middle of each column; -1 where there is none."""
    middles = (np.arange(size.columns) + 0.5) / size.columns
    after = np.searchsorted(curve.x, middles).clip(1, curve.x.size) % curve.x.size  # the end wraps: not inside
    inside = (curve.x[after - 1] <= middles) & (middles <= curve.x[after])
    inside &= curve.run[after - 1] == curve.run[after]
    return np.where(inside, cells_of(np.interp(middles, curve.x, y), size.rows), -1)


def _band(curve: Curve, size: Size, marker: str) -> Iterator[Point]:
    """In each column every cell from that of the low edge to that of the high one: what lies inside, is on it."""
    if not curve.x.size:
        return
    lower, upper = _heights(curve, curve.y, size), _heights(curve, curve.high, size)
    lower[lower < 0] = size.rows
    column = cells_of(curve.x, size.columns)
    np.minimum.at(lower, column, cells_of(curve.y, size.rows))
    np.maximum.at(upper, column, cells_of(curve.high, size.rows))
    for place in np.flatnonzero(upper >= 0).tolist():
        x = (place + 0.5) / size.columns
        yield x, (int(lower[place]) + 0.5) / size.rows, False, marker
        yield x, (int(upper[place]) + 0.5) / size.rows, True, marker


def _bars(curve: Curve, size: Size, marker: str) -> Iterator[Point]:
    """Bars from the bottom, all of one width, their tops in eighths of a row."""
    eighths, starts = np.zeros(size.columns, dtype=np.intp), _starts(curve, size)
    heights = np.rint(curve.y * size.rows * 8).astype(np.intp).clip(1)
    for offset in range(size.bar):
        np.maximum.at(eighths, starts + offset, heights)
    for column in np.flatnonzero(eighths).tolist():
        x, (row, rest) = (column + 0.5) / size.columns, divmod(int(eighths[column]) - 1, 8)
        if row:
            yield x, 0.5 / size.rows, False, marker
        yield x, (row + 0.5) / size.rows, row > 0, EIGHTHS[rest] if marker == EIGHTHS[-1] else marker


def _starts(curve: Curve, size: Size) -> Indices:
    """The first column of each bar."""
    middles = curve.x * size.columns - (size.bar - 1) / 2
    return np.clip(middles.astype(np.intp), 0, size.columns - size.bar)


def bar_at(column: int, curve: Curve, size: Size) -> range:
    """The columns of the bar that stands in this column; of the nearest where several do; none where none does."""
    starts = _starts(curve, size)
    starts = starts[(starts <= column) & (column < starts + size.bar)]
    if not starts.size:
        return range(0)
    start = int(starts[np.abs(2 * (starts - column) + size.bar - 1).argmin()])
    return range(start, start + size.bar)


_POINTS: dict[Kind, Callable[[Curve, Size, str], Iterator[Point]]] = {
    "line": _line,
    "dashes": _dashes,
    "dots": _dots,
    "bars": _bars,
    "band": _band,
}
