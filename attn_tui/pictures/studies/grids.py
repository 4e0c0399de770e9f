"""Small pictures of weights side by side, each under its caption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment

from ..cells import Lines, fit
from ..ink import Ink
from ..levels import blocked, shades
from ..shading import half_rows

GAP = 2
Tile = tuple[str, NDArray[Any], NDArray[np.bool_] | None]
"""A caption, weights (queries, keys), and where they are allowed; None for everywhere."""


def gallery(ink: Ink, tiles: Sequence[Tile], width: int, height: int, chosen: int = -1) -> Lines:
    """The pictures as large as they fit, in rows beside each other; the chosen one's caption marked."""
    beside, block = _shape(tiles, width, height)
    lines: Lines = []
    for first in range(0, len(tiles), beside):
        row = range(first, min(first + beside, len(tiles)))
        size = max((max(-(-tiles[at][1].shape[1] // block), len(tiles[at][0])) for at in row), default=0)
        size = min(size, max((width - GAP * (len(row) - 1)) // len(row), 1))
        styles = [ink.mark if at == chosen else ink.strong for at in row]
        pictures = [_picture(ink, tiles[at], block, size) for at in row]
        lines.append(
            [
                segment
                for at, style in zip(row, styles, strict=True)
                for segment in (Segment(fit(tiles[at][0], size), style), Segment(" " * GAP, ink.text))
            ]
        )
        for parts in zip(*pictures, strict=True):
            lines.append([segment for part in parts for segment in (*part, Segment(" " * GAP, ink.text))])
    return lines


def _shape(tiles: Sequence[Tile], width: int, height: int) -> tuple[int, int]:
    """How many pictures stand beside each other, and how many positions a cell is, so that cells are largest."""
    rows, columns = tiles[0][1].shape
    best = (1, max(rows, columns))
    for beside in range(1, len(tiles) + 1):
        lines = -(-len(tiles) // beside)
        room_x, room_y = (width - GAP * (beside - 1)) // beside, height // lines - 1
        if room_x < 1 or room_y < 1:
            continue
        block = max(-(-columns // room_x), -(-rows // (2 * room_y)), 1)
        if block < best[1] or (block == best[1] and lines < -(-len(tiles) // best[0])):
            best = (beside, block)
    return best


def _picture(ink: Ink, tile: Tile, block: int, width: int) -> Lines:
    _, weights, allowed = tile
    mask = np.ones(weights.shape, dtype=np.bool_) if allowed is None else allowed
    if block > 1:
        weights, mask = blocked(weights, mask, block, "max")
    tones = shades(weights, mask, "picture", signed=False, highest=float(weights.max()))
    blank = Segment(" " * max(width - weights.shape[1], 0), ink.text)
    return [[*line, blank] for line in half_rows(ink, tones)]
