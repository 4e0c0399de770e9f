"""A chart below its legend: axes, points, cursor, each from its module, put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, groupby
from operator import itemgetter

import numpy as np
from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from ..pictures.cells import Lines, cut
from .axes import x_axis_of, y_axis_of
from .chart import Chart, Series
from .cursor import bar_style, mark
from .curves import Curve, cells_of, curve_of, place_of
from .legend import shown
from .log_axes import AnyAxis, log_x_axis_of, log_y_axis_of
from .plot import FRAME, Cell, Frame, frame_of, plot
from .points import Point, Size, bar_at, markers_of, points_of, thinned

Grounds = list[list[Color | None]]


@dataclass(frozen=True, eq=False)
class Laid:
    """Curves laid out in so many cells: all of a chart but its cursor and its words."""

    x_axis: AnyAxis
    x_log: bool
    frame: Frame
    size: Size
    curves: list[Curve]
    layers: list[tuple[Point, ...]]


@lru_cache(maxsize=8)
def laid(
    series: tuple[Series, ...], y_limits: tuple[float, float] | None, logs: tuple[bool, bool], width: int, height: int
) -> Laid | None:
    """The layout of some series, remembered while they are the same; None where there is nothing to draw."""
    kinds, (x_log, y_log) = [each.kind for each in series], logs
    curves = [curve_of(each, x_log=x_log, y_log=y_log) for each in series]
    if not any(curve.x.size for curve in curves):
        return None
    x_axis = (log_x_axis_of if x_log else x_axis_of)(curves, kinds)
    y_axis = (log_y_axis_of if y_log else y_axis_of)(curves, y_limits)
    frame = frame_of(x_axis, y_axis, width, height)
    size = Size(frame.columns, frame.rows, x_axis.slot)
    curves = [thinned(curve, x_axis, y_axis, size.columns) for curve in curves]
    layers = [points_of(k, curve, size, m) for k, curve, m in zip(kinds, curves, markers_of(series), strict=True)]
    return Laid(x_axis, x_log, frame, size, curves, layers)


def body_of(chart: Chart, width: int, height: int) -> Lines | None:
    """The curves between their axes, and the cursor; None where there is nothing to draw."""
    found = laid(tuple(chart.series), chart.y_limits, (chart.x_log, chart.y_log), width, height)
    if found is None:
        return None
    rows = plot(found.frame, found.layers)
    if found.frame.has_line:
        _write(rows[-2], chart.x_label, width // 3)
    _mark_cursor(rows, chart, found)
    return _segments(rows, _grounds(chart, found), chart)


def _mark_cursor(rows: list[list[Cell]], chart: Chart, laid: Laid) -> None:
    here, axis = place_of(chart.cursor, log=laid.x_log), laid.x_axis
    if chart.cursor is None or not axis.low <= here <= axis.high:
        return
    column = int(cells_of(axis.shares(np.array([here])), laid.size.columns)[0])
    bars = {
        2 * index: bar_at(column, curve, laid.size)
        for index, (one, curve) in enumerate(zip(chart.series, laid.curves, strict=True))
        if one.kind == "bars"
    }
    bands = {2 * index for index, one in enumerate(chart.series) if one.kind == "band"}
    mark(rows, laid.frame, column, axis.label(chart.cursor), bars=bars, bands=bands)


def _write(line: list[Cell], label: str, most: int) -> None:
    """Write the label at the right end, as one cell before empty ones: a character may be two cells wide or none."""
    text = cut(f" {shown(label)}", most).rstrip()
    if text:
        line[-cell_len(text) :] = [(text, FRAME)] + [("", FRAME)] * (cell_len(text) - 1)


def _grounds(chart: Chart, laid: Laid) -> Grounds:
    """The background of the band in each cell."""
    frame = laid.frame
    grounds: Grounds = [[None] * frame.width for _ in range(frame.height)]
    rows, columns = frame.rows, frame.columns
    for series, layer in zip(reversed(chart.series), reversed(laid.layers), strict=True):
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
