"""Charts drawn by plotext: series of numbers → rows of cells, with axes, ticks, legend and units.

plotext's native core ends or hangs the process on a NaN in a line, on a value far outside the limits, on
limits without width. So it is only given positions from 0 to 1, at most two for a column, and labels made
here. This is the only module that imports it, and only to draw: loading it takes a quarter of a second.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import chain, groupby, pairwise, repeat, takewhile
from operator import itemgetter
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

Kind = Literal["line", "dashes", "dots", "bars"]
Numbers = Sequence[float] | NDArray[Any]
Rows = list[list[Segment]]

SMALLEST = (16, 4)  # columns and rows; below there is only a name
LARGEST = (400, 120)  # beyond stays blank


@dataclass(frozen=True, eq=False)
class Series:
    """A curve: its name for the legend, its numbers and its looks. What is not finite is a gap."""

    name: str
    y: Numbers
    style: Style = field(default_factory=Style.null)
    kind: Kind = "line"
    x: Numbers | None = None  # 0, 1, 2 …


@dataclass(frozen=True, eq=False)
class Chart:
    """All that is drawn. The first series lies on top; up to three of a kind differ without colour."""

    series: Sequence[Series]
    x_label: str = ""
    y_label: str = ""  # the unit
    y_limits: tuple[float, float] | None = None  # or from 0, or a lowest value below it, to a round number
    cursor: float | None = None  # the x to mark
    axis_style: Style = field(default_factory=Style.null)
    cursor_style: Style = field(default_factory=lambda: Style(bold=True))
    ascii_only: bool = False


@cache
def load() -> bool:
    """Load plotext before the first chart, at a moment when nobody waits; whether it loads at all."""
    try:
        import plotext  # type: ignore[import-untyped]  # noqa: F401
    except ImportError:
        return False
    return True


def waiting() -> bool:
    """Whether `load` has still to be called."""
    return not load.cache_info().currsize


def draw(chart: Chart, width: int, height: int) -> Rows:
    """Draw the chart in exactly `height` rows of exactly `width` cells."""
    size = min(width, LARGEST[0]), min(height, LARGEST[1])
    names = [chart.y_label, *(series.name for series in chart.series)]
    lines = [_printable(next(filter(None, names), ""), chart.ascii_only)]
    rows: Rows = []
    if size[0] >= SMALLEST[0] and size[1] >= SMALLEST[1]:
        try:
            rows = _drawn(chart, *size)
        except ImportError:  # no native core for this machine
            lines.append("no chart: plotext does not load")
    rows = rows or [[Segment(_cut(line, width), chart.axis_style)] for line in lines]
    if chart.ascii_only:
        rows = [[Segment(text.translate(_ASCII), style) for text, style, _ in row] for row in rows]
    rows += [[] for _ in range(height - len(rows))]
    rows = [Segment.adjust_line_length(row, max(width, 0)) for row in rows[: max(height, 0)]]
    return [[Segment(text, style or chart.axis_style) for text, style, _ in row] for row in rows]


def _drawn(chart: Chart, width: int, height: int) -> Rows:
    markers = _markers(chart)
    header = _header(chart, markers, width, 1 + (height >= 10) + (height >= 16))
    height -= len(header)
    curves = [_curve(series) for series in chart.series]
    if not any(curve.x.size for curve in curves):
        return header + [[]] * (height // 2) + [[Segment("no values".center(width), chart.axis_style)]]
    return header + _segments(_body(chart, curves, markers, width, height), chart)


def _body(chart: Chart, curves: Sequence[_Curve], markers: Sequence[str], width: int, height: int) -> list[_Cells]:
    kinds = [series.kind for series in chart.series]
    x_axis, y_axis = _x_axis(curves, kinds), _y_axis(curves, chart.y_limits)
    has_line = height >= 5
    rows = height - 1 - has_line
    y_ticks = y_axis.ticks(rows)
    gutter = 1 + max(len(label) for _, label in y_ticks)
    size = _Size(width - gutter, rows, x_axis.slot)
    frame = _Frame(width, height, has_line, x_axis.spaced_ticks(size.columns), y_ticks)
    thinned = [_thinned(curve, x_axis, y_axis, size) for curve in curves]
    points = (tuple(_POINTS[k](c, size, m)) for k, c, m in zip(kinds, thinned, markers, strict=True))
    body = [list(row) for row in _plot(frame, tuple(points))]
    if has_line:
        _write(body[-2], _cut(_printable(f" {chart.x_label}", chart.ascii_only), width // 3).rstrip())
    if chart.cursor is not None and x_axis.low <= chart.cursor <= x_axis.high:
        column = int(_cells_of(x_axis.shares(np.array([chart.cursor])), size.columns)[0])
        _mark(body, rows, gutter + column, x_axis.label(chart.cursor))
    return body


# Numbers → axes

_Floats = NDArray[np.float64]
_Ticks = tuple[tuple[float, str], ...]  # from 0 to 1, and what is written there
_HUGE, _TINY = 1e300, 1e-290  # what lies beyond is drawn at these


class _Curve(NamedTuple):
    x: _Floats
    y: _Floats
    run: NDArray[np.intp]  # the points of one run are joined


def _curve(series: Series) -> _Curve:
    """The finite points from left to right."""
    y = _floats(series.y)
    x = np.arange(y.size, dtype=np.float64) if series.x is None else _floats(series.x)
    order = np.argsort(x[: y.size], kind="stable")
    x, y = x[order], y[order]
    good = np.isfinite(x) & np.isfinite(y)
    run = np.cumsum(~good, dtype=np.intp)[good]
    return _Curve(np.clip(x[good], -_HUGE, _HUGE), np.clip(y[good], -_HUGE, _HUGE), run)


def _floats(values: Numbers) -> _Floats:
    try:
        with np.errstate(all="ignore"):
            return np.asarray(values, dtype=np.float64).ravel()
    except (OverflowError, TypeError, ValueError):
        return np.array([_float(value) for value in values])


def _float(value: Any) -> float:
    try:
        return float(value)
    except (OverflowError, TypeError, ValueError):
        return math.nan


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    step: float
    slot: float = 0.0  # the share of one bar and the gap beside it

    def shares(self, values: _Floats) -> _Floats:
        """0 at the low end, 1 at the high end."""
        return (np.clip(values, self.low, self.high) - self.low) / (self.high - self.low)

    def ticks(self, cells: int) -> _Ticks:
        """Multiples of the step, the first and the last among them, where `cells` leave room for more."""
        first, last = math.ceil(self.low / self.step - 1e-9), math.floor(self.high / self.step + 1e-9)
        count, gap = last - first, cells * self.step / (self.high - self.low)
        every = next((n for n in range(1, count) if n * gap >= 1.5 and count % n == 0), max(count, 1))
        values = [number * self.step for number in range(first, last + 1, every)] or [self.low]
        shares = self.shares(np.array(values)).tolist()
        return tuple((share, self.label(value)) for share, value in zip(shares, values, strict=True))

    def spaced_ticks(self, columns: int) -> _Ticks:
        """Ticks far enough apart to write them side by side, and not many."""
        longest = max(len(self.label(end)) for end in (self.low, self.high))
        room = max(longest + 3, columns / 8)
        step = max(_round_step((self.high - self.low) * room / columns), self.step)
        return _Axis(self.low, self.high, step).ticks(columns)

    def label(self, value: float) -> str:
        text = f"{value:.{max(0, -math.floor(math.log10(self.step) + 1e-9))}f}"
        if len(text) > 7:
            text = re.sub(r"e([+-])0?", r"e\1", f"{value:.3g}").replace("e+", "e")
        return text if float(text) else "0"


def _x_axis(curves: Sequence[_Curve], kinds: Sequence[Kind]) -> _Axis:
    """From the first x to the last, with room for what stands on them; whole steps where all are whole."""
    parts = [curve.x for curve in curves if curve.x.size]
    low, high = min(float(x[0]) for x in parts), max(float(x[-1]) for x in parts)
    whole = max(-low, high) < 1e15 and all(np.array_equal(x, np.rint(x)) for x in parts)
    if low == high and whole:
        return _Axis(low - 0.5, high + 0.5, 1.0, 1.0)
    low, high = _spread(low, high)
    gaps = max(1, *(int(np.count_nonzero(np.diff(x))) for x in parts))
    pad = (high - low) / gaps / 2 if {"bars", "dots"} & set(kinds) else 0.0
    low, high = low - pad, high + pad
    return _Axis(low, high, 1.0 if whole else _round_step((high - low) / 100), 2 * pad / (high - low))


def _y_axis(curves: Sequence[_Curve], limits: tuple[float, float] | None) -> _Axis:
    low, high = (_float(end) for end in limits or (math.nan, math.nan))
    if math.isfinite(low) and math.isfinite(high):
        low, high = _spread(low, high)
        return _Axis(low, high, _round_step((high - low) / 4))
    ends = [float(end) for curve in curves if curve.y.size for end in (curve.y.min(), curve.y.max())]
    low, high = _spread(min(0.0, *ends), max(ends))
    step = _round_step((high - low) / 4)
    return _Axis(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, step)


def _spread(low: float, high: float) -> tuple[float, float]:
    """The two in order, and far enough apart to reckon with."""
    low, high = (max(-_HUGE, min(_HUGE, end)) for end in sorted((low, high)))
    size = max(-low, high)
    if size < _TINY:
        return 0.0, 1.0
    return (low, high) if high - low > 1e-9 * size else (low - size / 2, high + size / 2)


def _round_step(least: float) -> float:
    """1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


# Curves → points

_Point = tuple[float, float, bool, str]  # x and y from 0 to 1, joined to the point before?, marker

_BRAILLE = "⠒"  # stands for plotext's marker of that name
_EIGHTHS = "▁▂▃▄▅▆▇█"
_MARKERS: dict[Kind, str] = {"line": _BRAILLE + "×+", "dashes": "╌═~", "dots": "•◦∗", "bars": "█▒░"}
_ASCII_MARKERS: dict[Kind, str] = {"line": "*x+", "dashes": "-=~", "dots": "o@%", "bars": "#$&"}


class _Size(NamedTuple):
    columns: int
    rows: int
    slot: float


def _markers(chart: Chart) -> list[str]:
    table = _ASCII_MARKERS if chart.ascii_only else _MARKERS
    kinds = [series.kind for series in chart.series]
    return [table[kind][kinds[:index].count(kind) % 3] for index, kind in enumerate(kinds)]


def _cells_of(shares: _Floats, cells: int) -> NDArray[np.intp]:
    return np.minimum((shares * cells).astype(np.intp), cells - 1)


def _thinned(curve: _Curve, x_axis: _Axis, y_axis: _Axis, size: _Size) -> _Curve:
    """The lowest and the highest point of each column, as shares."""
    x, y = x_axis.shares(curve.x), y_axis.shares(curve.y)
    starts = np.flatnonzero(np.diff(_cells_of(x, size.columns), prepend=-1)).tolist()
    columns = [(start, y[start:stop]) for start, stop in pairwise([*starts, y.size])]
    kept = sorted({start + int(end) for start, part in columns for end in (part.argmin(), part.argmax())})
    return _Curve(x[kept], y[kept], curve.run[kept])


def _line(curve: _Curve, _: _Size, marker: str) -> Iterator[_Point]:
    joined = np.diff(curve.run, prepend=-1) == 0
    alone = ~joined & ~np.append(joined[1:], False)
    for x, y, is_joined, is_alone in zip(*map(np.ndarray.tolist, (*curve[:2], joined, alone)), strict=True):
        yield x, y, is_joined, "•" if is_alone and marker == _BRAILLE else marker


def _dots(curve: _Curve, _: _Size, marker: str) -> Iterator[_Point]:
    for x, y in zip(curve.x.tolist(), curve.y.tolist(), strict=True):
        yield x, y, False, marker


def _dashes(curve: _Curve, size: _Size, marker: str) -> Iterator[_Point]:
    """One dash a column, at the height of the line there; two where it jumps within the column."""
    if not curve.x.size:
        return
    middles = (np.arange(size.columns) + 0.5) / size.columns
    after = np.searchsorted(curve.x, middles).clip(1, curve.x.size) % curve.x.size  # the end wraps: not inside
    inside = (curve.x[after - 1] <= middles) & (middles <= curve.x[after])
    inside &= curve.run[after - 1] == curve.run[after]
    upper = np.where(inside, _cells_of(np.interp(middles, curve.x, curve.y), size.rows), -1)
    column, row = _cells_of(curve.x, size.columns), _cells_of(curve.y, size.rows)
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


def _bars(curve: _Curve, size: _Size, marker: str) -> Iterator[_Point]:
    """Bars from the bottom, all of one width, their tops in eighths of a row."""
    wide = max(1, min(6, int(size.slot * size.columns) - 1))
    first = np.clip((curve.x * size.columns - (wide - 1) / 2).astype(np.intp), 0, size.columns - wide)
    eighths = np.zeros(size.columns, dtype=np.intp)
    for offset in range(wide):
        np.maximum.at(eighths, first + offset, np.rint(curve.y * size.rows * 8).astype(np.intp).clip(1))
    for column in np.flatnonzero(eighths).tolist():
        x, (row, rest) = (column + 0.5) / size.columns, divmod(int(eighths[column]) - 1, 8)
        if row:
            yield x, 0.5 / size.rows, False, marker
        yield x, (row + 0.5) / size.rows, row > 0, _EIGHTHS[rest] if marker == _EIGHTHS[-1] else marker


_POINTS: dict[Kind, Callable[[_Curve, _Size, str], Iterator[_Point]]] = {
    "line": _line,
    "dashes": _dashes,
    "dots": _dots,
    "bars": _bars,
}


# Points → cells

_Cells = list[tuple[str, int]]  # a character and its owner
_FRAME, _CURSOR = -2, -1  # owners; series i owns 2 i, and 2 i + 1 where the cursor crosses it
_COLOUR = re.compile(r"\x1b\[(?:38;5;)?(\d+)m([^\x1b]*)")
_CROSSED = {"─": "┴", "┬": "┼"}


class _Frame(NamedTuple):
    width: int
    height: int
    has_line: bool
    x_ticks: _Ticks
    y_ticks: _Ticks


@lru_cache(maxsize=16)
def _plot(frame: _Frame, layers: tuple[tuple[_Point, ...], ...]) -> tuple[tuple[tuple[str, int], ...], ...]:
    """What plotext draws: the first layer on top, each in a colour number of its own, the frame in none."""
    import plotext

    figure = type(plotext.figure)(type(plotext.terminal)().limit(False, False))  # the shared ones are others'
    figure.plot_size(frame.width, frame.height).theme("colorless")
    figure.axes(False, axis="x", side="upper").axes(False, axis="y", side="right")
    figure.axes(frame.has_line, axis="x", side="lower")
    for axis, side, ticks in (("x", "lower", frame.x_ticks), ("y", "left", frame.y_ticks)):
        ruler = figure.ruler(axis, side).lim(0, 1).alignment(lim="edge")
        ruler.ticks([share for share, _ in ticks], [label for _, label in ticks])
    for index, layer in reversed([pair for pair in enumerate(layers) if pair[1]]):
        figure.draw(_signal(plotext, figure, layer, index % 255 + 1))
    return tuple(_owned(line) for line in figure.build().string().splitlines())


def _signal(plotext: Any, figure: Any, layer: Sequence[_Point], colour: int) -> Any:
    x, y, joined, names = zip(*layer, strict=True)
    made = {name: plotext.marker("braille" if name == _BRAILLE else name, colour) for name in set(names)}
    marker = made[names[0]] if len(made) == 1 else [made[name] for name in names]  # a list is twice as slow
    signal = figure.signal(x, y, marker=marker)
    for index in np.flatnonzero(joined).tolist():
        signal.line(index)
    return signal


def _owned(line: str) -> tuple[tuple[str, int], ...]:
    runs = ((2 * int(colour) - 2 if int(colour) else _FRAME, text) for colour, text in _COLOUR.findall(line))
    return tuple(chain.from_iterable(zip(text, repeat(owner), strict=False) for owner, text in runs))


def _mark(body: list[_Cells], rows: int, column: int, label: str) -> None:
    """Show where the cursor is: a line through the chart, its number below."""
    for cells in body[:rows]:
        char, owner = cells[column]
        cells[column] = ("│", _CURSOR) if owner == _FRAME else (char, owner + 1)
    for cells in body[rows:-1]:
        char, owner = cells[column]
        cells[column] = (_CROSSED[char], _CURSOR) if char in _CROSSED else (char, owner)
    numbers = body[-1]
    start = max(0, min(column - len(label) // 2, len(numbers) - len(label)))
    stop = start + len(label)
    for cell in _touching(numbers, range(start - 1, -1, -1)) + _touching(numbers, range(stop, len(numbers))):
        numbers[cell] = (" ", _FRAME)
    numbers[start:stop] = [(char, _CURSOR) for char in label]


def _touching(cells: _Cells, way: Iterable[int]) -> list[int]:
    return list(takewhile(lambda cell: cells[cell][0] != " ", way))


def _write(cells: _Cells, text: str) -> None:
    """Write the text at the right end; a wide character is followed by an empty one."""
    written = [(part, _FRAME) for char in text for part in (char, *[""] * (cell_len(char) - 1))]
    cells[len(cells) - len(written) :] = written


def _segments(body: list[_Cells], chart: Chart) -> Rows:
    pairs = ((series.style, series.style + Style(reverse=True)) for series in chart.series)
    styles = [*chain.from_iterable(pairs), chart.axis_style, chart.cursor_style]
    rows = []
    for cells in body:
        runs = groupby(cells, key=itemgetter(1))
        rows.append([Segment("".join(map(itemgetter(0), run)), styles[owner]) for owner, run in runs])
    return rows


# Words

_ASCII = str.maketrans("│─┤┬┴┼└…", "|-+++++~")


def _header(chart: Chart, markers: Sequence[str], width: int, most: int) -> Rows:
    """The unit and the legend."""
    entries = [(marker, series.name, series.style) for marker, series in zip(markers, chart.series, strict=True)]
    if chart.y_label:
        entries.insert(0, ("", chart.y_label, chart.axis_style))
    words = tuple((marker, _printable(name, chart.ascii_only)) for marker, name, _ in entries)
    return [[Segment(text, entries[index][2]) for text, index in row] for row in _arranged(words, width, most)]


@lru_cache(maxsize=64)
def _arranged(words: tuple[tuple[str, str], ...], width: int, most: int) -> list[list[tuple[str, int]]]:
    """The words in as few rows as hold them; closer together, and at last cut, where they do not fit."""
    longest = min(max((cell_len(name) for _, name in words), default=0), width)
    tries = [(count, gap, longest, width) for count in range(1, most + 1) for gap in (2, 1)]
    tries += [(most, 1, cells, width) for cells in range(longest - 1, 5, -1)]
    tries += [(most, 1, cells, cells) for cells in range(longest - 1, 0, -1)]
    for count, gap, cells, unit_cells in tries:
        cut = ((marker, _cut(name, cells if marker else unit_cells)) for marker, name in words)
        rows = _wrapped([_cut(f"{marker * gap} {name}".strip(), width) for marker, name in cut], width, gap)
        if len(rows) <= count:
            break
    return rows[:most]


def _wrapped(texts: Sequence[str], width: int, gap: int) -> list[list[tuple[str, int]]]:
    rows: list[list[tuple[str, int]]] = [[]]
    room = width
    for index, text in enumerate(texts):
        if rows[-1] and gap + cell_len(text) > room:
            rows.append([])
            room = width
        if rows[-1]:
            rows[-1].append((" " * gap, 0))
            room -= gap
        rows[-1].append((text, index))
        room -= cell_len(text)
    return rows


def _printable(text: str, ascii_only: bool) -> str:
    """The text in characters that fill one or two cells each and mean nothing to a terminal."""
    known = unicodedata.normalize("NFC", text[:400])
    shown = "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in known)
    return "".join(c if c.isascii() or not ascii_only else "?" for c in shown if cell_len(c))


def _cut(text: str, cells: int) -> str:
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, cells - 1).rstrip() + "…" if cells > 0 else ""
