"""The cursor: which cells of a chart it takes, and what they look like."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import takewhile

from rich.style import Style

from .plot import BAR, CURSOR, FRAME, Cell, Frame

_CROSSED = {"─": "┴", "┬": "┼"}


def mark(
    rows: Sequence[list[Cell]],
    frame: Frame,
    column: int,
    label: str,
    *,
    bars: Mapping[int, Iterable[int]],
    bands: Container[int],
) -> None:
    """Mark the column, the bars in it (their columns by owner), and the number below; bands (owners) lie behind it.

    Where there are bars the line is as thin as they are full: in the cursor's own style, it would hide their tops.
    """
    place = frame.gutter + column
    for owner, columns in bars.items():
        _mark_bar(rows[: frame.rows], [frame.gutter + part for part in columns], owner)
    _mark_column(rows[: frame.rows], place, BAR if bars else CURSOR, bands)
    if frame.has_line:
        _mark_axis(rows[frame.rows], place)
    _mark_number(rows[-1], place, label)


def _mark_column(rows: Sequence[list[Cell]], column: int, above: int, bands: Container[int]) -> None:
    """A line through what is free of the column; what crosses it is marked in its own style."""
    for cells in rows:
        char, owner = cells[column]
        if owner == FRAME or owner in bands:
            cells[column] = ("│", above)
        elif owner != BAR:
            cells[column] = (char, owner + 1)


def _mark_bar(rows: Sequence[list[Cell]], columns: Iterable[int], owner: int) -> None:
    """The whole bar, in a colour and not in reverse video: that turns full blocks into a hole."""
    for cells in rows:
        for column in columns:
            if cells[column][1] == owner:
                cells[column] = (cells[column][0], BAR)


def _mark_axis(line: list[Cell], column: int) -> None:
    """Where the cursor meets the axis; its label stays whole."""
    char = line[column][0]
    if char in _CROSSED:
        line[column] = (_CROSSED[char], CURSOR)


def _mark_number(numbers: list[Cell], column: int, label: str) -> None:
    """The cursor's number below it, in place of those that it would touch."""
    start = max(0, min(column - len(label) // 2, len(numbers) - len(label)))
    stop = start + len(label)
    for cell in _touching(numbers, range(start - 1, -1, -1)) + _touching(numbers, range(stop, len(numbers))):
        numbers[cell] = (" ", FRAME)
    numbers[start:stop] = [(char, CURSOR) for char in label]


def _touching(cells: Sequence[Cell], way: Iterable[int]) -> list[int]:
    return list(takewhile(lambda cell: cells[cell][0] != " ", way))


def bar_style(cursor: Style, axis: Style) -> Style:
    """The colour with which the cursor fills its cells, as that of a bar on the background of the chart."""
    filled = cursor.bgcolor and not cursor.bgcolor.is_default and not cursor.reverse
    return Style(color=cursor.bgcolor if filled else cursor.color, bgcolor=axis.bgcolor, bold=cursor.bold)
