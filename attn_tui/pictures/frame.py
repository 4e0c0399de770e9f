"""The frame of a panel, drawn as cells so that a new title changes one row and not the whole panel."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from .cells import Line, Lines, cut, pad
from .ink import Ink


@dataclass(frozen=True)
class Frame:
    """A round border of width × height cells around lines that begin one column in from it."""

    width: int
    height: int
    ink: Ink
    focused: bool = False

    def top(self, title: str) -> Line:
        """The border that carries the title."""
        name = f" {cut(title, self.width - 6)} " if title and self.width > 8 else ""
        line = [
            Segment("╭─", self._style),
            Segment(name, self.ink.strong if self.focused else self.ink.text),
            Segment("─" * (self.width - 3 - cell_len(name)) + "╮", self._style),
        ]
        return pad(line, self.width, self.ink.text)

    def row(self, line: Line) -> Line:
        """A line between the sides."""
        inside = pad(line, max(self.width - 4, 0), self.ink.text)
        row = [Segment("│ ", self._style), *inside, Segment(" │", self._style)]
        return row if self.width >= 4 else pad(row, self.width, self.ink.text)

    def bottom(self) -> Line:
        """The border below."""
        return pad([Segment("╰" + "─" * (self.width - 2) + "╯", self._style)], self.width, self.ink.text)

    @property
    def _style(self) -> Style:
        return self.ink.focus if self.focused else self.ink.border


def frame(lines: Lines, title: str, width: int, height: int, ink: Ink, *, focused: bool = False) -> Lines:
    """A page of width × height cells: the lines in a frame with a title."""
    around, rows = Frame(width, height, ink, focused), max(height - 2, 0)
    inside = [*lines[:rows], *[[]] * (rows - len(lines))]
    return [around.top(title), *map(around.row, inside), around.bottom()][:height]
