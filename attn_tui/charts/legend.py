"""The words of a chart: its unit, and the names of its series beside their markers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment

from ..pictures.cells import Lines, cut, printable
from .chart import Chart

Words = tuple[tuple[str, str], ...]  # a marker, or none for the unit, and a name
Row = list[tuple[str, int]]  # texts, and which of the words each one is

LONGEST = 400
"""Characters of a name that are looked at: nobody reads more of it, and it may be a megabyte."""


def shown(text: str) -> str:
    """What a chart shows of a text from outside."""
    return printable(text[:LONGEST])


def legend_of(chart: Chart, markers: Sequence[str], width: int, most: int) -> Lines:
    """The unit and the names, in at most so many rows."""
    pairs = zip(markers, chart.series, strict=True)
    entries = [(marker, series.name, series.style) for marker, series in pairs if series.name]
    if chart.y_label:
        entries.insert(0, ("", chart.y_label, chart.axis_style))
    words = tuple((marker, shown(name)) for marker, name, _ in entries)
    return [[Segment(text, entries[index][2]) for text, index in row] for row in _arranged(words, width, most)]


@lru_cache(maxsize=64)
def _arranged(words: Words, width: int, most: int) -> list[Row]:
    """The words in as few rows as hold them; closer together, and at last cut, where they do not fit."""
    longest = min(max((cell_len(name) for _, name in words), default=0), width)
    tries = [(count, gap, longest, width) for count in range(1, most + 1) for gap in (2, 1)]
    tries += [(most, 1, cells, width) for cells in range(longest - 1, 5, -1)]
    tries += [(most, 1, cells, cells) for cells in range(longest - 1, 0, -1)]
    for count, gap, cells, unit_cells in tries:
        texts = (
            cut(f"{marker * gap} {cut(name, cells if marker else unit_cells)}".strip(), width) for marker, name in words
        )
        rows = _wrapped(texts, width, gap)
        if len(rows) <= count:
            break
    return rows[:most]


def _wrapped(texts: Iterable[str], width: int, gap: int) -> list[Row]:
    rows: list[Row] = [[]]
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
