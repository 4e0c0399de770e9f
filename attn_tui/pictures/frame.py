"""The frame of a panel, drawn as cells so that a new title changes one row and not the whole panel."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment

from .cells import Lines, cut, page
from .ink import Ink


def frame(lines: Lines, title: str, width: int, height: int, ink: Ink, *, focused: bool = False) -> Lines:
    """A page of width × height cells: the lines, one column in from a round border that carries the title."""
    style = ink.focus if focused else ink.border
    inside = page(lines, max(width - 4, 0), max(height - 2, 0), ink.text)
    name = f" {cut(title, width - 6)} " if title and width > 8 else ""
    rule = "─" * (width - 3 - cell_len(name))
    top = [
        Segment("╭─", style),
        Segment(name, ink.strong if focused else ink.text),
        Segment(rule + "╮", style),
    ]
    left, right = Segment("│ ", style), Segment(" │", style)
    bottom = [Segment("╰" + "─" * (width - 2) + "╯", style)]
    return page([top, *([left, *line, right] for line in inside), bottom], width, height, ink.text)
