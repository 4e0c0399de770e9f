"""Levels to cells: whole cells, half-block cells, and glyphs where there are too few colours."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.segment import Segment
from rich.style import Style

from .cells import Line, Lines
from .ink import MASKED, NOT_FINITE, NOTHING, Ink
from .levels import Levels, Shades
from .palettes import LEVELS


def _runs(levels: Levels) -> Iterator[tuple[int, int]]:
    """Levels of a row with how often each stands there in succession."""
    return ((level, sum(1 for _ in same)) for level, same in groupby(levels.tolist()))


def whole_cells(ink: Ink, signed: bool, levels: Levels, column: int, width: int = 2) -> Line:
    """One row of cells two columns wide, or one; the cursor's cell is bracketed, or marked."""
    line: Line = []
    start = 0
    for level, count in _runs(levels):
        text, style = cell(ink, level, signed)
        text = text[:width]
        if start <= column < start + count:
            before, after = column - start, start + count - column - 1
            here = _bracketed(ink, style) if width == 2 else Segment("+", ink.mark)
            line += [Segment(text * before, style), here, Segment(text * after, style)]
        else:
            line.append(Segment(text * count, style))
        start += count
    return [segment for segment in line if segment.text]


def cell(ink: Ink, level: int, signed: bool) -> tuple[str, Style]:
    """The two characters and the style of one cell."""
    if ink.shaded:
        text = {MASKED: "╱╱", NOT_FINITE: "??"}.get(level, "  ")
        return text, ink.cell(level, signed=signed)
    return ink.glyph(level, signed=signed)


def _bracketed(ink: Ink, style: Style) -> Segment:
    return Segment("[]", style + Style(bold=True) if ink.shaded else ink.mark)


def half_cells(ink: Ink, signed: bool, pair: tuple[Levels, Levels | None], column: int, half: int) -> Line:
    """Two rows of cells in one row of characters, one above the other."""
    upper = pair[0].tolist()
    lower = pair[1].tolist() if pair[1] is not None else [NOTHING] * len(upper)
    line: Line = []
    start = 0
    for (above, below), same in groupby(zip(upper, lower, strict=True)):
        count = sum(1 for _ in same)
        text, style = _half_cell(ink, above, below, signed)
        if start <= column < start + count:
            before, after = column - start, start + count - column - 1
            cursor = _half_cursor(ink, above, below, half, signed)
            line += [Segment(text * before, style), cursor, Segment(text * after, style)]
        else:
            line.append(Segment(text * count, style))
        start += count
    return [segment for segment in line if segment.text]


def _half_cell(ink: Ink, above: int, below: int, signed: bool) -> tuple[str, Style]:
    if not ink.shaded:
        return ink.small_glyph(max(above, below, key=lambda level: _strength(level, signed)), signed=signed)
    if above == below or (below == NOTHING and above < 0):
        text, style = cell(ink, above, signed)
        return text[0], style
    if below == NOTHING:  # the last row of an odd number has nothing beneath it
        return "▀", Style(color=ink.cell(above, signed=signed).bgcolor, bgcolor=ink.text.bgcolor)
    return "▀", ink.halves(above, below, signed=signed)


def _strength(level: int, signed: bool) -> float:
    """Which of two levels stands for both in one character: what is no number first, what is masked last."""
    if level < 0:
        return LEVELS if level == NOT_FINITE else level
    return abs(level - (LEVELS - 1) / 2) if signed else level


def _half_cursor(ink: Ink, above: int, below: int, half: int, signed: bool) -> Segment:
    if not ink.shaded:
        return Segment("+", ink.mark)
    other = below if half == 0 else above
    behind = ink.cell(other, signed=signed).bgcolor if other != NOTHING else ink.text.bgcolor
    return Segment("▀" if half == 0 else "▄", Style(color=ink.mark.bgcolor, bgcolor=behind))


def half_rows(ink: Ink, tones: Shades) -> Lines:
    """A whole picture in half-block cells, without a cursor."""
    levels = tones.levels
    pairs = ((levels[row], levels[row + 1] if row + 1 < len(levels) else None) for row in range(0, len(levels), 2))
    return [half_cells(ink, tones.signed, pair, column=-1, half=0) for pair in pairs]
