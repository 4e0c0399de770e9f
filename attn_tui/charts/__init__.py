"""Charts: series of numbers → lines of cells, with axes, ticks, legend and units.

One module for each step, in this order: chart (what is asked for), curves, axes and log_axes, points, plot,
cursor, and legend beside them; body puts them together.
"""

from __future__ import annotations

from rich.segment import Segment

from ..pictures.cells import Lines, cut, page
from .body import body_of
from .chart import Chart, Kind, Series
from .legend import legend_of, shown
from .plot import load, waiting
from .points import markers_of

__all__ = ["LARGEST", "SMALLEST", "Chart", "Kind", "Series", "draw", "load", "waiting"]

SMALLEST = (16, 4)
"""Columns and rows; below there is only a name."""

LARGEST = (400, 120)
"""What lies beyond stays blank."""


def draw(chart: Chart, width: int, height: int) -> Lines:
    """Draw the chart in exactly `height` lines of exactly `width` cells."""
    size = min(width, LARGEST[0]), min(height, LARGEST[1])
    names = [_first_name(chart)]
    if size[0] < SMALLEST[0] or size[1] < SMALLEST[1]:
        return page(_words(chart, names, width), width, height, chart.axis_style)
    try:
        lines = _drawn(chart, *size)
    except ImportError:  # no native core for this machine
        lines = _words(chart, [*names, "no chart: plotext does not load"], width)
    return page(lines, width, height, chart.axis_style)


def _first_name(chart: Chart) -> str:
    names = [chart.y_label, *(series.name for series in chart.series)]
    return shown(next(filter(None, names), ""))


def _words(chart: Chart, texts: list[str], width: int) -> Lines:
    return [[Segment(cut(text, width), chart.axis_style)] for text in texts]


def _drawn(chart: Chart, width: int, height: int) -> Lines:
    markers = markers_of(chart.series)
    rows = 1 + (height >= 10) + (height >= 16) + (height >= 8 and len(chart.series) > 3)
    above = legend_of(chart, markers, width, rows)
    rest = height - len(above)
    body = body_of(chart, width, rest)
    return above + (body or [[]] * (rest // 2) + [[Segment("no values".center(width), chart.axis_style)]])
