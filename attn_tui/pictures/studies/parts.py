"""What the experiments' pictures share: tables whose chosen rows are marked, and charts with a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style

from ...charts import Chart, Series
from ...scene import Scene
from ...study_records import Record
from ...study_tables import Column, table
from ..cells import Lines, fit
from ..ink import Ink

WIDEST = 6
"""Columns of a bar at most."""

PUBLISHED = "published"
BAND = "95 % of draws"


def waiting(scene: Scene) -> Lines:
    """What stands where the first draws are still to come."""
    return [[Segment("…", scene.ink.dim)]]


def rows_table(
    scene: Scene, layouts: Sequence[Sequence[Column]], records: list[Record], here: Sequence[bool], width: int
) -> Lines:
    """A table with the rows marked that the cursor stands on, in the first of the layouts that fits."""
    tables = [table(columns, records) for columns in layouts]
    header, *rows = next((lines for lines in tables if max(map(len, lines)) <= width), tables[-1])
    ink = scene.ink
    lines: Lines = [[Segment(header, ink.dim)]]
    for row, chosen in zip(rows, here, strict=True):
        lines.append([Segment(fit(row, width), ink.chosen if chosen else ink.text)])
    return lines


EIGHTHS = " ▁▂▃▄▅▆▇█"


def columns(values: NDArray[Any], width: int, height: int, ink: Ink, style: Style) -> Lines:
    """A bar for each value from 0 to 1, of one width and at one distance, in eighths of a row and at least one."""
    values = values[: max(width, 1)]
    room = max(width // len(values), 1)
    gap = 1 if room > 1 else 0
    eighths = np.clip(np.rint(np.nan_to_num(values) * height * 8), 1, height * 8).astype(int)
    lines: Lines = []
    for row in range(height - 1, -1, -1):
        tops = np.clip(eighths - 8 * row, 0, 8).tolist()
        text = "".join(EIGHTHS[top] * min(room - gap, WIDEST) + " " * gap for top in tops)
        lines.append([Segment(text, style), Segment(" " * max(width - len(text), 0), ink.text)])
    return lines


def band_style(ink: Ink, curve: Style) -> Style:
    """The style of a curve's band: where there are shades, on a background that what lies upon it keeps."""
    return curve + Style(bgcolor=ink.chosen.bgcolor) if ink.shaded else ink.dim


def chart_of(
    scene: Scene,
    series: Sequence[Series],
    labels: tuple[str, str],
    cursor: float | None = None,
    *,
    log: bool = True,
    limits: tuple[float, float] | None = None,
) -> Chart:
    """A chart in the ink of the scene: labels of x and y, and the x stood on."""
    ink = scene.ink
    return Chart(series, *labels, limits, cursor, log, axis_style=ink.dim, cursor_style=ink.mark)
