"""A chart below its legend: axes, points, cursor, each from its module, put together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, groupby
from operator import itemgetter

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from ..pictures.cells import Lines, cut
from .axes import x_axis_of, y_axis_of
from .chart import Chart
from .cursor import bar_style, mark
from .curves import Curve, place_of
from .legend import shown
from .log_axes import log_x_axis_of, log_y_axis_of
from .plot import FRAME, Cell, frame_of, plot
from .points import Size, bar_at, cells_of, points_of, thinned


def body_of(chart: Chart, curves: Sequence[Curve], markers: Sequence[str], width: int, height: int) -> Lines:
    """The curves between their axes, and the cursor."""
    kinds = [series.kind for series in chart.series]
    x_axis = (log_x_axis_of if chart.x_log else x_axis_of)(curves, kinds)
    y_axis = (log_y_axis_of if chart.y_log else y_axis_of)(curves, chart.y_limits)
    frame = frame_of(x_axis, y_axis, width, height)
    size = Size(frame.columns, frame.rows, x_axis.slot)
    curves = [thinned(curve, x_axis, y_axis, size.columns) for curve in curves]
    layers = (points_of(k, c, size, m) for k, c, m in zip(kinds, curves, markers, strict=True))
    rows = [list(row) for row in plot(frame, tuple(layers))]
    if frame.has_line:
        _write(rows[-2], chart.x_label, width // 3)
    here = place_of(chart.cursor, log=chart.x_log)
    if chart.cursor is not None and x_axis.low <= here <= x_axis.high:
        column = int(cells_of(x_axis.shares(np.array([here])), size.columns)[0])
        bars = _bars_under(column, chart, curves, size)
        bands = {2 * index for index, kind in enumerate(kinds) if kind == "band"}
        mark(rows, frame, column, x_axis.label(chart.cursor), bars=bars, bands=bands)
    return _segments(rows, chart)


def _write(line: list[Cell], label: str, most: int) -> None:
    """Write the label at the right end, as one cell before empty ones: a character may be two cells wide or none."""
    text = cut(f" {shown(label)}", most).rstrip()
    if text:
        line[-cell_len(text) :] = [(text, FRAME)] + [("", FRAME)] * (cell_len(text) - 1)


def _bars_under(column: int, chart: Chart, curves: Sequence[Curve], size: Size) -> dict[int, range]:
    """The columns of each bar in this column, by owner."""
    pairs = enumerate(zip(chart.series, curves, strict=True))
    return {2 * index: bar_at(column, curve, size) for index, (one, curve) in pairs if one.kind == "bars"}


def _segments(rows: Sequence[Sequence[Cell]], chart: Chart) -> Lines:
    pairs = ((series.style, series.style + Style(reverse=True)) for series in chart.series)
    bar = bar_style(chart.cursor_style, chart.axis_style)
    styles = [*chain.from_iterable(pairs), bar, chart.axis_style, chart.cursor_style]  # by owner: the last ones below 0
    runs = (groupby(cells, key=itemgetter(1)) for cells in rows)
    return [[Segment("".join(map(itemgetter(0), run)), styles[owner]) for owner, run in row] for row in runs]
