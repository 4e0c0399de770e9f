"""Points → cells, by plotext.

plotext's native core ends or hangs the process on a NaN in a line, on a value far outside the limits, on
limits without width. So it is only given positions from 0 to 1, at most two for a column, and labels made
here. This is the only module that imports it, and only to draw: loading it takes a quarter of a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from typing import Any

import numpy as np

from .axes import Ticks
from .log_axes import AnyAxis
from .points import BRAILLE, Point

Cell = tuple[str, int]  # what it shows, and its owner

BAR, FRAME, CURSOR = -3, -2, -1
"""Owners: the bar under the cursor, what stands around the points, the cursor.

Series i owns the cells 2 i, and 2 i + 1 where the cursor crosses it.
"""

Run = tuple[int, int, str]  # row, first column, characters

_COLOUR = 1
"""What is drawn has a colour, to tell it from what is not."""

_CODE = re.compile(r"\x1b\[(?:38;5;)?(\d+)m([^\x1b]*)")


@dataclass(frozen=True)
class Frame:
    """What stands around the points. Compared by value: plots are kept under it."""

    width: int
    height: int
    gutter: int  # columns for the numbers at the left, and their line
    x_ticks: Ticks
    y_ticks: Ticks

    @property
    def columns(self) -> int:
        """The columns between the axes."""
        return self.width - self.gutter

    @property
    def rows(self) -> int:
        """The rows between the axes."""
        return self.height - 1 - self.has_line

    @property
    def has_line(self) -> bool:
        """Whether there is a line above the numbers of x; not where it would cost a row of few."""
        return self.height >= 5


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


def frame_of(x_axis: AnyAxis, y_axis: AnyAxis, width: int, height: int) -> Frame:
    """The frame with the ticks that it leaves room for."""
    y_ticks = y_axis.ticks(Frame(width, height, 0, (), ()).rows)
    gutter = 1 + max(len(label) for _, label in y_ticks)
    return Frame(width, height, gutter, x_axis.spaced_ticks(width - gutter), y_ticks)


def plot(frame: Frame, layers: Sequence[tuple[Point, ...]]) -> list[list[Cell]]:
    """What plotext draws, in rows: the first layer on top of the others, the frame around them."""
    rows = [[(char, FRAME) for char in line] for line in _around(frame)]
    for owner, layer in reversed([*zip(range(0, 2 * len(layers), 2), layers, strict=True)]):
        for row, column, text in drawn(frame.columns, frame.rows, layer) if layer else ():
            for place, char in enumerate(text, frame.gutter + column):
                rows[row][place] = _over(char, rows[row][place][0]), owner
    return rows


def _over(char: str, under: str) -> str:
    """What stands in a cell that two layers take: the upper one, or the dots of both."""
    dots = "\u2800" < char <= "\u28ff" and "\u2800" < under <= "\u28ff"
    return chr(ord(char) | ord(under)) if dots else char


@lru_cache(maxsize=32)
def _around(frame: Frame) -> tuple[str, ...]:
    """The frame, with nothing in it."""
    import plotext

    figure = _figure(plotext, frame.width, frame.height)
    figure.axes(False, axis="x", side="upper").axes(False, axis="y", side="right")
    figure.axes(frame.has_line, axis="x", side="lower")
    for axis, side, ticks in (("x", "lower", frame.x_ticks), ("y", "left", frame.y_ticks)):
        ruler = figure.ruler(axis, side).lim(0, 1).alignment(lim="edge")
        ruler.ticks([share for share, _ in ticks], [label for _, label in ticks])
    return tuple("".join(text for _, text in _CODE.findall(line)) for line in figure.build().string().splitlines())


@lru_cache(maxsize=64)
def drawn(columns: int, rows: int, layer: tuple[Point, ...]) -> tuple[Run, ...]:
    """What one layer takes of the cells between the axes."""
    import plotext

    figure = _bare(columns, rows)
    figure.clear.data()
    figure.draw(_signal(plotext, figure, layer))
    return tuple(chain.from_iterable(_runs(row, line) for row, line in enumerate(figure.build().string().splitlines())))


@lru_cache(maxsize=8)
def _bare(columns: int, rows: int) -> Any:
    """A figure without a frame."""
    import plotext

    figure = _figure(plotext, columns, rows)
    for axis, side in (("x", "lower"), ("x", "upper"), ("y", "left"), ("y", "right")):
        figure.axes(False, axis=axis, side=side)
        figure.ruler(axis, side).lim(0, 1).alignment(lim="edge").ticks([], [])
    return figure


def _figure(plotext: Any, width: int, height: int) -> Any:
    figure = type(plotext.figure)(type(plotext.terminal)().limit(False, False))  # the shared ones are others'
    return figure.plot_size(width, height).theme("colorless")


def _signal(plotext: Any, figure: Any, layer: Sequence[Point]) -> Any:
    x, y, joined, names = zip(*layer, strict=True)
    made = {name: plotext.marker("braille" if name == BRAILLE else name, _COLOUR) for name in set(names)}
    marker = made[names[0]] if len(made) == 1 else [made[name] for name in names]  # a list is twice as slow
    signal = figure.signal(x, y, marker=marker)
    for index in np.flatnonzero(joined).tolist():
        signal.line(index)
    return signal


def _runs(row: int, line: str) -> Iterator[Run]:
    """Where in a line something was drawn, and what: that has a colour, blanks have none."""
    column = 0
    for colour, text in _CODE.findall(line):
        if colour != "0":
            yield row, column, text
        column += len(text)
