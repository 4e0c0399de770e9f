"""The words of a chart: its unit, and the names of its series beside their markers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment

from ..pictures.cells import Line, Lines, brief, cut
from .chart import Chart, Series

Words = tuple[tuple[str, str], ...]  # a marker, or none for the unit, and a name
Row = list[tuple[str, int]]  # texts, and which of the words each one is


def shown(text: str) -> str:
    """What a chart shows of a text from outside."""
    return brief(text)


def legend_of(chart: Chart, markers: Sequence[str], width: int, most: int) -> Lines:
    """The unit and the names, in at most so many rows."""
    entries = [pair for pair in zip(markers, chart.series, strict=True) if pair[1].name]
    if chart.y_label:
        entries.insert(0, ("", Series(chart.y_label, (), chart.axis_style)))
    words = tuple((marker, shown(series.name)) for marker, series in entries)
    rows = _arranged(words, width, most)
    return [[part for text, index in row for part in _styled(text, entries[index][1], chart)] for row in rows]


def _styled(text: str, series: Series, chart: Chart) -> Line:
    """In the style of the series; of a band, which is faint, the name in that of the axes."""
    if series.kind != "band":
        return [Segment(text, series.style)]
    marker, gap, name = text.partition(" ")
    return [Segment(marker, series.style), Segment(gap + name, chart.axis_style)]


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
