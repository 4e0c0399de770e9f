"""Heads: at a glance beside the map, and the page of all heads with thumbnails, likeness and a table."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment

from attn_engine import (
    Attention,
    mean_similarity,
    measure,
    random_similarity,
    similarity,
)

from ..scene import Scene
from .cells import Line, Lines, beside, fit, page, wrap
from .ink import Ink
from .levels import blocked, shades
from .palettes import LEVELS
from .shading import half_rows

COLUMNS = (
    ("entropy", "entropy", "nats, the mean over queries"),
    ("distance", "back", "positions looked back"),
    ("first", "first", "weight on the first key"),
    ("itself", "itself", "weight on the query's own position"),
    ("previous", "prev", "weight on the position before"),
    ("concentration", "90 %", "keys that hold 90 % of the weight"),
)


@lru_cache(maxsize=4)
def likeness(attention: Attention) -> NDArray[np.float64]:
    """The similarity of each pair of heads; kept for the last few."""
    return similarity(attention.weights)


def likeness_text(scene: Scene) -> str:
    """How alike the heads are, and what random heads under the same settings would be."""
    if scene.attention.num_heads == 1:
        return "one head: nothing to compare"
    mean = mean_similarity(likeness(scene.attention))
    random = random_similarity(scene.shown, scene.attention)
    return f"likeness {mean:.2f}" + (f"   random heads {random[0]:.2f}" if random else "")


def heads_glance(scene: Scene, width: int, height: int) -> Lines:
    """A cell for each head, shaded by its likeness to the head on show, and that head's measures."""
    ink = scene.ink
    lines = _strip(scene, width, max(height - 4, 1))
    lines += [[Segment(text, ink.text)] for text in wrap(likeness_text(scene), width)]
    return lines + [[Segment(text, ink.dim)] for text in wrap(_own(scene), width)]


def _own(scene: Scene) -> str:
    head = scene.head
    means = measure(scene.attention).by_head
    return (
        f"head {head}: entropy {_number(means('entropy')[head])}, looks back {_number(means('distance')[head], 1)}, "
        f"first {_number(means('first')[head])}, itself {_number(means('itself')[head])}, "
        f"previous {_number(means('previous')[head])}"
    )


def _strip(scene: Scene, width: int, height: int) -> Lines:
    ink, heads = scene.ink, scene.attention.num_heads
    alike = likeness(scene.attention)[scene.head]
    cell, per_line, first = _strip_shape(scene, width, height)
    lines: Lines = []
    for start in range(first, min(first + per_line * height, heads), per_line):
        line: Line = []
        for head in range(start, min(start + per_line, heads)):
            level = round(float(alike[head]) * (LEVELS - 1))
            style = ink.mark if head == scene.head else _shade(ink, level)
            line.append(Segment(f"{head:>{cell - 1}} ", style))
        lines.append(line)
    return lines


def _strip_shape(scene: Scene, width: int, height: int) -> tuple[int, int, int]:
    """How wide each head's cell is, how many stand in a line, and the first head shown where not all fit."""
    heads = scene.attention.num_heads
    cell = 3 if heads <= 100 else 4
    per_line = max(width // cell, 1)
    return cell, per_line, min(scene.head // per_line, max(-(-heads // per_line) - height, 0)) * per_line


def _shade(ink: Ink, level: int) -> Any:
    return ink.cell(level, signed=False) if ink.shaded else ink.text


def head_at(scene: Scene, place: tuple[int, int], width: int, height: int) -> int | None:
    """The head whose cell stands at a column and row of the glance."""
    cell, per_line, first = _strip_shape(scene, width, max(height - 4, 1))
    column, row = place[0] // cell, place[1]
    head = first + row * per_line + column
    there = 0 <= column < per_line and 0 <= row < max(height - 4, 1)
    return head if there and head < scene.attention.num_heads else None


# The page of all heads.

GAP = 2


def heads_page(scene: Scene, width: int, height: int) -> Lines:
    """Thumbnails of all heads; below them the table, and the likeness matrix where it fits beside."""
    heads = scene.attention.num_heads
    table = _table(scene)
    table_width = sum(segment.cell_length for segment in table[0])
    matrix_width = 3 * heads + 4
    below = min(heads + 3, max(height // 2, 5), height - 1)
    gallery = page(thumbnails(scene, width, height - below - 1), width, height - below - 1, scene.ink.text)
    room = width - table_width - 3
    if room >= min(matrix_width, 20):
        table_page = page(table[:1] + _around(table[1:], scene.head, below - 1), table_width + 3, below, scene.ink.text)
        lower = beside(table_page, page(_matrix(scene, room, below), room, below, scene.ink.text))
    else:
        lower = page(table[:1] + _around(table[1:], scene.head, below - 1), width, below, scene.ink.text)
    return [*gallery, [Segment(" " * width, scene.ink.text)], *lower]


def _around(lines: Lines, place: int, height: int) -> Lines:
    """The lines around a place, where not all fit."""
    first = min(max(place - height // 2, 0), max(len(lines) - height, 0))
    return lines[first : first + height]


def gallery_shape(scene: Scene, width: int, height: int) -> tuple[int, int, int]:
    """How the thumbnails stand: how many beside each other, and each one's columns and rows."""
    heads = scene.attention.num_heads
    rows, columns = scene.matrix.shape
    best = (1, 1, 1)
    for beside_each in range(1, heads + 1):
        lines = -(-heads // beside_each)
        room_x = (width - GAP * (beside_each - 1)) // beside_each
        room_y = (height - lines) // lines
        if room_x < 3 or room_y < 1:
            continue
        block = max(-(-columns // room_x), -(-rows // (2 * room_y)), 1)
        shape = (beside_each, -(-columns // block), -(-rows // block))
        better = shape[1] * shape[2] > best[1] * best[2]
        even = heads % beside_each == 0 and shape[1] * shape[2] == best[1] * best[2]
        best = shape if better or even else best
    return best


def thumbnails(scene: Scene, width: int, height: int) -> Lines:
    """Every head's weights as a small half-block picture with its number and mean entropy."""
    beside_each, columns, rows = gallery_shape(scene, width, height)
    heads = scene.attention.num_heads
    entropies = measure(scene.attention).by_head("entropy")
    cell_width = max(columns, 4)
    cell_height = -(-rows // 2)
    per_screen = max(height // (cell_height + 1), 1)
    start_line = min(scene.head // beside_each, max(-(-heads // beside_each) - per_screen, 0))
    lines: Lines = []
    for first in range(start_line * beside_each, heads, beside_each):
        group = range(first, min(first + beside_each, heads))
        titles: Line = []
        bodies: list[Lines] = []
        for head in group:
            style = scene.ink.mark if head == scene.head else scene.ink.dim
            text = f"{head}" if cell_width < 9 else f"{head}  H {_number(entropies[head])}"
            titles += [Segment(fit(text, cell_width), style), Segment(" " * GAP, scene.ink.text)]
            bodies.append(_thumbnail(scene, head, (columns, rows), cell_width))
        lines.append(titles)
        for row in range(cell_height):
            lines.append([segment for body in bodies for segment in (*body[row], Segment(" " * GAP, scene.ink.text))])
    return lines


def _thumbnail(scene: Scene, head: int, size: tuple[int, int], width: int) -> Lines:
    weights = np.asarray(scene.attention.weights[head])
    mask = scene.attention.mask_of(head)
    block = max(-(-weights.shape[1] // size[0]), -(-weights.shape[0] // size[1]), 1)
    if block > 1:
        weights, mask = blocked(weights, mask, block, scene.session.view.blocks)
    tones = shades(weights, mask, scene.session.view.colour_range, signed=False, highest=_top(scene))
    lines = half_rows(scene.ink, tones)
    return [[*line, Segment(" " * (width - tones.levels.shape[1]), scene.ink.text)] for line in lines]


def _top(scene: Scene) -> float:
    return float(np.nanmax(scene.attention.weights))


def _table(scene: Scene) -> Lines:
    ink = scene.ink
    means = {field: measure(scene.attention).by_head(field) for field, *_ in COLUMNS}
    alike = likeness(scene.attention)
    lines: Lines = [
        [Segment(f"{'head':>4} " + "".join(f"{title:>9}" for _, title, _ in COLUMNS) + f"{'alike':>9}", ink.dim)]
    ]
    for head in range(scene.attention.num_heads):
        numbers = [
            _number(means[field][head], 1 if field in ("distance", "concentration") else 2) for field, *_ in COLUMNS
        ]
        others = (alike[head].sum() - alike[head, head]) / max(len(alike) - 1, 1)
        text = f"{head:>4} " + "".join(f"{number:>9}" for number in [*numbers, _number(others)])
        lines.append([Segment(text, ink.chosen if head == scene.head else ink.text)])
    return lines


def _matrix(scene: Scene, width: int, height: int) -> Lines:
    """The likeness of each pair of heads, as much of it as fits around the head on show."""
    ink = scene.ink
    alike = likeness(scene.attention)
    columns = min(len(alike), max((width - 4) // 2, 1))
    first = min(max(scene.head - columns // 2, 0), len(alike) - columns)
    lines: Lines = [
        [
            Segment(
                fit(
                    f"likeness of heads: {likeness_text(scene)}".replace("likeness of heads: likeness", "likeness"),
                    width,
                ),
                ink.text,
            )
        ]
    ]
    rows = _around([[Segment(str(head), ink.text)] for head in range(len(alike))], scene.head, height - 1)
    for row in rows:
        head = int(row[0].text)
        line: Line = [Segment(f"{head:>3} ", ink.mark if head == scene.head else ink.dim)]
        for other in range(first, first + columns):
            level = round(float(alike[head, other]) * (LEVELS - 1))
            text, style = ("  ", ink.cell(level, signed=False)) if ink.shaded else ink.glyph(level, signed=False)
            line.append(Segment(text, style))
        lines.append(line)
    return lines


def _number(number: float, digits: int = 2) -> str:
    return "–" if math.isnan(number) else f"{round(float(number), digits) + 0.0:.{digits}f}"
