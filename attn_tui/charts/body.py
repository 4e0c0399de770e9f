"""A chart below its legend: axes, points, cursor, each from its module, put together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, groupby
from operator import itemgetter

import numpy as np
from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from ..pictures.cells import Lines, cut
from .axes import x_axis_of, y_axis_of
from .chart import Chart
from .cursor import bar_style, mark
from .curves import Curve, cells_of, place_of
from .legend import shown
from .log_axes import log_x_axis_of, log_y_axis_of
from .plot import FRAME, Cell, Frame, frame_of, plot
from .points import Point, Size, bar_at, points_of, thinned

Grounds = list[list[Color | None]]


def body_of(chart: Chart, curves: Sequence[Curve], markers: Sequence[str], width: int, height: int) -> Lines:
    """The curves between their axes, and the cursor."""
    kinds = [series.kind for series in chart.series]
    x_axis = (log_x_axis_of if chart.x_log else x_axis_of)(curves, kinds)
    y_axis = (log_y_axis_of if chart.y_log else y_axis_of)(curves, chart.y_limits)
    frame = frame_of(x_axis, y_axis, width, height)
    size = Size(frame.columns, frame.rows, x_axis.slot)
    curves = [thinned(curve, x_axis, y_axis, size.columns) for curve in curves]
    layers = tuple(points_of(k, c, size, m) for k, c, m in zip(kinds, curves, markers, strict=True))
    rows = plot(frame, layers)
    if frame.has_line:
        _write(rows[-2], chart.x_label, width // 3)
    here = place_of(chart.cursor, log=chart.x_log)
    if chart.cursor is not None and x_axis.low <= here <= x_axis.high:
        column = int(cells_of(x_axis.shares(np.array([here])), size.columns)[0])
        bars = _bars_under(column, chart, curves, size)
        bands = {2 * index for index, kind in enumerate(kinds) if kind == "band"}
        mark(rows, frame, column, x_axis.label(chart.cursor), bars=bars, bands=bands)
    return _segments(rows, _grounds(chart, frame, layers), chart)


def _write(line: list[Cell], label: str, most: int) -> None:
    """Write the label at the right end, as one cell before empty ones: a character may be two cells wide or none."""
    text = cut(f" {shown(label)}", most).rstrip()
    if text:
        line[-cell_len(text) :] = [(text, FRAME)] + [("", FRAME)] * (cell_len(text) - 1)


def _bars_under(column: int, chart: Chart, curves: Sequence[Curve], size: Size) -> dict[int, range]:
    """The columns of each bar in this column, by owner."""
    pairs = enumerate(zip(chart.series, curves, strict=True))
    return {2 * index: bar_at(column, curve, size) for index, (one, curve) in pairs if one.kind == "bars"}


def _grounds(chart: Chart, frame: Frame, layers: Sequence[Sequence[Point]]) -> Grounds:
    """The background of the band in each cell."""
    grounds: Grounds = [[None] * frame.width for _ in range(frame.height)]
    rows, columns = frame.rows, frame.columns
    for series, layer in zip(reversed(chart.series), reversed(layers), strict=True):
        if series.kind == "band" and series.style.bgcolor:
            for (x, low, *_), (_, high, *_) in zip(layer[::2], layer[1::2], strict=True):
                for row in range(int(low * rows), int(high * rows) + 1):
                    grounds[rows - 1 - row][frame.gutter + int(x * columns)] = series.style.bgcolor
    return grounds


def _segments(rows: Sequence[Sequence[Cell]], grounds: Grounds, chart: Chart) -> Lines:
    pairs = ((series.style, series.style + Style(reverse=True)) for series in chart.series)
    bar = bar_style(chart.cursor_style, chart.axis_style)
    styles = [*chain.from_iterable(pairs), bar, chart.axis_style, chart.cursor_style]  # by owner: the last ones below 0
    lines: Lines = []
    for cells, row_grounds in zip(rows, grounds, strict=True):
        owned = [
            (char, owner, ground if owner >= 0 and owner % 2 == 0 else None)
            for (char, owner), ground in zip(cells, row_grounds, strict=True)
        ]
        runs = ((key, "".join(map(itemgetter(0), run))) for key, run in groupby(owned, key=itemgetter(1, 2)))
        lines.append([Segment(text, _on(styles[owner], ground)) for (owner, ground), text in runs])
    return lines


def _on(style: Style, ground: Color | None) -> Style:
    return style + Style(bgcolor=ground) if ground else style
