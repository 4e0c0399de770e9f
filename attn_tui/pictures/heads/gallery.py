"""Thumbnails of all heads."""

from __future__ import annotations

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment

from attn_engine import Attention, measure

from ...remembering import remembered
from ...scene import Scene
from ..cells import Line, Lines, fit
from ..levels import blocked, shades
from ..shading import half_rows
from .kinds import brief_words, kinds
from .numbers import number
from .order import ordered

GAP = 2


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
    """Every head's weights as a small half-block picture with its number, in the order shown."""
    beside_each, columns, rows = gallery_shape(scene, width, height)
    order, cell_width, cell_height = ordered(scene), max(columns, 4), -(-rows // 2)
    per_screen = max(height // (cell_height + 1), 1)
    last = max(-(-len(order) // beside_each) - per_screen, 0)
    start = min(order.index(scene.head) // beside_each, last) * beside_each
    gap = Segment(" " * GAP, scene.ink.text)
    lines: Lines = []
    for first in range(start, len(order), beside_each):
        group = order[first : first + beside_each]
        bodies = [_thumbnail(scene, head, (columns, rows), cell_width) for head in group]
        lines.append([segment for head in group for segment in (_title(scene, head, cell_width), gap)])
        lines += [[segment for body in bodies for segment in (*body[row], gap)] for row in range(cell_height)]
    return lines


def _title(scene: Scene, head: int, width: int) -> Segment:
    """A head's number, with its mean entropy and what it is where there is room."""
    entropy = number(measure(scene.attention).by_head("entropy")[head])
    number_of = scene.first_head + head
    texts = (
        f"{number_of}  H {entropy}  {brief_words(kinds(scene)[head])}",
        f"{number_of}  H {entropy}",
        str(number_of),
    )
    text = next((text for text in texts if cell_len(text) <= width), texts[-1])
    return Segment(fit(text, width), scene.ink.mark if head == scene.head else scene.ink.dim)


def _thumbnail(scene: Scene, head: int, size: tuple[int, int], width: int) -> Lines:
    weights = np.asarray(scene.attention.weights[head])
    mask = scene.attention.mask_of(head)
    block = max(-(-weights.shape[1] // size[0]), -(-weights.shape[0] // size[1]), 1)
    if block > 1:
        weights, mask = blocked(weights, mask, block, scene.session.view.blocks)
    tones = shades(weights, mask, scene.session.view.colour_range, signed=False, highest=_top(scene.attention))
    pad: Line = [Segment(" " * (width - tones.levels.shape[1]), scene.ink.text)]
    return [[*line, *pad] for line in half_rows(scene.ink, tones)]


@remembered
def _top(attention: Attention) -> float:
    return float(np.nanmax(attention.weights))
