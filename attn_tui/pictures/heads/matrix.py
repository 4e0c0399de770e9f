"""The likeness of heads as a matrix."""

from __future__ import annotations

import math

from rich.segment import Segment

from ...scene import Scene
from ..cells import Line, Lines, fit
from ..ink import Ink
from ..palettes import LEVELS
from .likeness import likeness, likeness_text, shade_of
from .order import around, ordered


def matrix(scene: Scene, width: int, height: int) -> Lines:
    """The likeness of each pair of heads in the order shown, as much of it as fits around the head on show."""
    ink, order = scene.ink, ordered(scene)
    alike = likeness(scene.attention)
    columns = around(order, scene.head, max((width - 4) // 2, 1))
    lines: Lines = [[Segment(fit(likeness_text(scene), width), ink.text)]]
    for head in around(order, scene.head, height - 1):
        line: Line = [Segment(f"{scene.first_head + head:>3} ", ink.mark if head == scene.head else ink.dim)]
        lines.append([*line, *(_cell(ink, float(alike[head, other])) for other in columns)])
    return lines


def _cell(ink: Ink, alike: float) -> Segment:
    if math.isnan(alike):
        return Segment("– ", shade_of(ink, alike))
    level = round(max(alike, 0) * (LEVELS - 1))
    return Segment("  ", shade_of(ink, alike)) if ink.shaded else Segment(*ink.glyph(level, signed=False))
