"""Heads at a glance beside the map."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment

from attn_engine import measure, most_scores

from ...scene import Scene
from ..cells import Line, Lines, wrap
from ..keeping import kept
from .kinds import kinds, words
from .likeness import likeness, likeness_text, shade_of
from .numbers import number, over

TOLD = ("entropy", "distance", "first", "itself", "previous")
"""The measures that are told of the head on show."""


def _decided(scene: Scene) -> tuple[Any, ...]:
    head = scene.head, scene.head_number, scene.num_heads
    return scene.attention, scene.shown, scene.inputs, scene.ink, head, likeness_text(scene)


def heads_glance(scene: Scene, width: int, height: int) -> Lines:
    """A cell for each head, shaded by its likeness to the head on show; what that head is, and its measures."""
    return (_alone if scene.is_far else _glance)(scene, width, height)


def _alone(scene: Scene, width: int, height: int) -> Lines:
    """A cell for each head, and that no other is compared with the one on show."""
    lines = _strip(scene, np.zeros(scene.num_heads), width, max(height - 4, 1))
    return lines + [[Segment(line, scene.ink.text)] for line in wrap(alone_text(scene), width)]


def alone_text(scene: Scene) -> str:
    """Why a head is compared with no other."""
    others = f"heads are compared up to {most_scores():,} scores"
    return f"head {scene.head_number} alone: {others}" if scene.num_heads > 1 else "one head: nothing to compare"


@kept(_decided)
def _glance(scene: Scene, width: int, height: int) -> Lines:
    ink = scene.ink
    compared = scene.num_heads == scene.attention.num_heads
    alike = likeness(scene.attention)[scene.head] if compared else np.zeros(scene.num_heads)
    lines = _strip(scene, alike, width, max(height - 4, 1))
    lines += [[Segment(text, ink.text)] for text in wrap(likeness_text(scene), width)]
    return lines + [[Segment(text, ink.dim)] for text in wrap(_own(scene), width)]


def _own(scene: Scene) -> str:
    head = scene.head
    figures = measure(scene.attention)
    means = figures.by_head
    counted = over([figures.counted(name)[head] for name in TOLD], scene.attention.query_length)
    large = scene.num_heads > scene.attention.num_heads  # what it is takes as long again, and is told on view 2
    kind = "" if large else f" {words(kinds(scene)[head])}"
    return (
        f"head {scene.head_number}{kind}{f', {counted}' if counted else ''}: entropy {number(means('entropy')[head])}, "
        f"looks back {number(means('distance')[head], 1)}, first {number(means('first')[head])}, "
        f"itself {number(means('itself')[head])}, previous {number(means('previous')[head])}"
    )


def _strip(scene: Scene, alike: NDArray[np.floating[Any]], width: int, height: int) -> Lines:
    ink, heads = scene.ink, scene.num_heads
    cell, per_line, first = _strip_shape(scene, width, height)
    lines: Lines = []
    for start in range(first, min(first + per_line * height, heads), per_line):
        line: Line = []
        for head in range(start, min(start + per_line, heads)):
            style = ink.mark if head == scene.head_number else shade_of(ink, float(alike[head]))
            line.append(Segment(f"{head:>{cell - 1}} ", style))
        lines.append(line)
    return lines


def _strip_shape(scene: Scene, width: int, height: int) -> tuple[int, int, int]:
    """How wide each head's cell is, how many stand in a line, and the first head shown where not all fit."""
    heads = scene.num_heads
    cell = 3 if heads <= 100 else 4
    per_line = max(width // cell, 1)
    return cell, per_line, min(scene.head_number // per_line, max(-(-heads // per_line) - height, 0)) * per_line


def head_at(scene: Scene, place: tuple[int, int], width: int, height: int) -> int | None:
    """The head whose cell stands at a column and row of the glance."""
    cell, per_line, first = _strip_shape(scene, width, max(height - 4, 1))
    column, row = place[0] // cell, place[1]
    head = first + row * per_line + column
    there = 0 <= column < per_line and 0 <= row < max(height - 4, 1)
    return head if there and head < scene.num_heads else None
