"""Curves are drawn apart, so that one which stays is not drawn again: together they are what plotext draws of all."""

from __future__ import annotations

import functools
import operator
import re

import numpy as np
import plotext  # type: ignore[import-untyped]
from hypothesis import example, given
from hypothesis import strategies as st

from attn_tui.charts.plot import FRAME, Cell, Frame, plot
from attn_tui.charts.points import BRAILLE, Point

MARKERS = [BRAILLE, "×", "╌", "•", "█", "░"]
SHARES = st.floats(0, 1, allow_subnormal=False)


@st.composite
def layers(draw: st.DrawFn) -> tuple[Point, ...]:
    """Up to ten points from left to right, each joined to the one before or not."""
    marker = draw(st.sampled_from(MARKERS))
    xs = sorted(draw(st.lists(SHARES, max_size=10)))
    return tuple(
        (x, draw(SHARES), index > 0 and draw(st.booleans()), draw(st.sampled_from([marker, "•"])))
        for index, x in enumerate(xs)
    )


def in_one_figure(frame: Frame, curves: list[tuple[Point, ...]]) -> list[list[Cell]]:
    """All curves and the frame as plotext puts them together, each curve told from the others by its colour."""
    figure = type(plotext.figure)(type(plotext.terminal)().limit(False, False))
    figure.plot_size(frame.width, frame.height).theme("colorless")
    figure.axes(False, axis="x", side="upper").axes(False, axis="y", side="right")
    figure.axes(frame.has_line, axis="x", side="lower")
    for axis, side, ticks in (("x", "lower", frame.x_ticks), ("y", "left", frame.y_ticks)):
        ruler = figure.ruler(axis, side).lim(0, 1).alignment(lim="edge")
        ruler.ticks([share for share, _ in ticks], [label for _, label in ticks])
    for index, curve in reversed([pair for pair in enumerate(curves) if pair[1]]):
        names = ["braille" if name == BRAILLE else name for *_, name in curve]
        markers = [plotext.marker(name, index + 1) for name in names]
        signal = figure.signal([x for x, *_ in curve], [y for _, y, *_ in curve], marker=markers)
        for at, (_, _, joined, _) in enumerate(curve):
            if joined:
                signal.line(at)
        figure.draw(signal)
    runs = re.compile(r"\x1b\[(?:38;5;)?(\d+)m([^\x1b]*)")
    return [
        [(char, 2 * int(colour) - 2 if int(colour) else FRAME) for colour, text in runs.findall(line) for char in text]
        for line in figure.build().string().splitlines()
    ]


MIXED = [
    ((0.0, 0.6, False, BRAILLE), (0.0, 0.3, True, "•"), (0.0, 1.0, False, "•"), (0.0, 0.8, False, BRAILLE)),
    ((0.0, 0.2, False, "•"), (0.0, 0.3, True, "•"), (0.0, 0.6, False, BRAILLE), (0.1, 0.7, True, BRAILLE)),
]


@example(10, 5, MIXED)
@given(st.integers(10, 60), st.integers(4, 20), st.lists(layers(), min_size=1, max_size=4))
def test_curves_drawn_apart_are_what_plotext_draws_of_all(
    width: int, height: int, curves: list[tuple[Point, ...]]
) -> None:
    frame = Frame(width, height, 2, ((0.0, "0"), (0.5, "9")), ((0.0, "0"), (1.0, "1")))
    ours, theirs = plot(frame, curves), in_one_figure(frame, curves)
    alone = [plot(frame, [curve]) for curve in curves]
    for row, column in np.ndindex(len(ours), width):
        if (cell := ours[row][column]) != (due := theirs[row][column]):
            check_dots_beneath(cell, due, [curve[row][column][0] for curve in alone])
            assert {name == BRAILLE for *_, name in curves[due[1] // 2]} == {True, False}


def check_dots_beneath(cell: Cell, due: Cell, alone: list[str]) -> None:
    """Assert that the cell shows dots of curves below as well, which are lost where one puts • and then dots there."""
    (char, owner), (plain, own) = cell, due
    dots = [ord(each) - 0x2800 if "\u2800" < each <= "\u28ff" else 0 for each in (char, plain, *alone)]
    below = functools.reduce(operator.or_, dots[3 + own // 2 :], 0)
    assert owner == own
    assert dots[1] == dots[2 + own // 2] > 0
    assert dots[0] == dots[1] | below
