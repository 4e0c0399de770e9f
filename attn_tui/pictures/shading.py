"""Levels to cells: whole cells, half-block cells, and glyphs where there are too few colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from typing import TypeVar

import numpy as np
from rich.segment import Segment
from rich.style import Style

from .cells import Line, Lines
from .ink import MASKED, NOT_FINITE, NOTHING, Ink
from .levels import Levels, Shades
from .palettes import LEVELS

T = TypeVar("T")

KEPT = 512
"""Rows without a cursor that are remembered: of the many on a screen, a key changes few."""


def whole_cells(ink: Ink, signed: bool, levels: Levels, column: int, width: int = 2) -> Line:
    """One row of cells two columns wide, or one; the cursor's cell is bracketed, or marked."""
    if not 0 <= column < len(levels):
        return [*_plain_whole(ink, signed, levels.tobytes(), width)]
    line: Line = []
    start = 0
    for level, count in _runs(levels.tolist()):
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


@lru_cache(maxsize=KEPT)
def _plain_whole(ink: Ink, signed: bool, levels: bytes, width: int) -> tuple[Segment, ...]:
    runs = _runs(np.frombuffer(levels, dtype=np.int8).tolist())
    cells = ((*cell(ink, level, signed), count) for level, count in runs)
    return tuple(Segment(text[:width] * count, style) for text, style, count in cells)


def _runs(levels: Iterable[T]) -> Iterator[tuple[T, int]]:
    """Levels of a row with how often each stands there in succession."""
    return ((level, sum(1 for _ in same)) for level, same in groupby(levels))


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
    upper, lower = pair[0], np.full_like(pair[0], NOTHING) if pair[1] is None else pair[1]
    if not 0 <= column < len(upper):
        return [*_plain_halves(ink, signed, upper.tobytes(), lower.tobytes())]
    line: Line = []
    start = 0
    for (above, below), count in _runs(zip(upper.tolist(), lower.tolist(), strict=True)):
        text, style = _half_cell(ink, above, below, signed)
        if start <= column < start + count:
            before, after = column - start, start + count - column - 1
            cursor = _half_cursor(ink, above, below, half, signed)
            line += [Segment(text * before, style), cursor, Segment(text * after, style)]
        else:
            line.append(Segment(text * count, style))
        start += count
    return [segment for segment in line if segment.text]


@lru_cache(maxsize=KEPT)
def _plain_halves(ink: Ink, signed: bool, upper: bytes, lower: bytes) -> tuple[Segment, ...]:
    rows = (np.frombuffer(levels, dtype=np.int8).tolist() for levels in (upper, lower))
    runs = _runs(zip(*rows, strict=True))
    cells = ((*_half_cell(ink, above, below, signed), count) for (above, below), count in runs)
    return tuple(Segment(text * count, style) for text, style, count in cells)


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
