"""Points → cells, by plotext.

plotext's native core ends or hangs the process on a NaN in a line, on a value far outside the limits, on
limits without width. So it is only given positions from 0 to 1, at most two for a column, and labels made
here. This is the only module that imports it, and only to draw: loading it takes a quarter of a second.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain, repeat
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

_COLOUR = re.compile(r"\x1b\[(?:38;5;)?(\d+)m([^\x1b]*)")


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


@lru_cache(maxsize=16)
def plot(frame: Frame, layers: tuple[tuple[Point, ...], ...]) -> tuple[tuple[Cell, ...], ...]:
    """What plotext draws: the first layer on top, each in a colour number of its own, the frame in none."""
    import plotext

    figure = _figure(plotext, frame)
    for index, layer in reversed([pair for pair in enumerate(layers) if pair[1]]):
        figure.draw(_signal(plotext, figure, layer, index % 255 + 1))
    return tuple(_owned(line) for line in figure.build().string().splitlines())


def _figure(plotext: Any, frame: Frame) -> Any:
    figure = type(plotext.figure)(type(plotext.terminal)().limit(False, False))  # the shared ones are others'
    figure.plot_size(frame.width, frame.height).theme("colorless")
    figure.axes(False, axis="x", side="upper").axes(False, axis="y", side="right")
    figure.axes(frame.has_line, axis="x", side="lower")
    for axis, side, ticks in (("x", "lower", frame.x_ticks), ("y", "left", frame.y_ticks)):
        ruler = figure.ruler(axis, side).lim(0, 1).alignment(lim="edge")
        ruler.ticks([share for share, _ in ticks], [label for _, label in ticks])
    return figure


def _signal(plotext: Any, figure: Any, layer: Sequence[Point], colour: int) -> Any:
    x, y, joined, names = zip(*layer, strict=True)
    made = {name: plotext.marker("braille" if name == BRAILLE else name, colour) for name in set(names)}
    marker = made[names[0]] if len(made) == 1 else [made[name] for name in names]  # a list is twice as slow
    signal = figure.signal(x, y, marker=marker)
    for index in np.flatnonzero(joined).tolist():
        signal.line(index)
    return signal


def _owned(line: str) -> tuple[Cell, ...]:
    runs = ((2 * int(colour) - 2 if int(colour) else FRAME, text) for colour, text in _COLOUR.findall(line))
    return tuple(chain.from_iterable(zip(text, repeat(owner), strict=False) for owner, text in runs))
