"""Small pictures of weights side by side, each under its caption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from ..cells import Line, Lines, cut, pad
from ..ink import Ink
from ..levels import blocked, shades
from ..shading import half_rows, whole_cells

Tile = tuple[str, NDArray[Any], NDArray[np.bool_] | None]
"""A caption, weights (queries, keys), and where they are allowed; None for everywhere."""


class Shape(NamedTuple):
    """How pictures stand: how many beside each other, how many positions a cell is, and how large cells are drawn."""

    beside: int
    block: int
    whole: bool
    """Whether cells are two columns wide and a row high; else half a row high."""

    def size(self, weights: NDArray[Any]) -> tuple[int, int]:
        """Columns and rows of a picture."""
        rows, columns = (-(-length // self.block) for length in weights.shape)
        return (2 * columns, rows) if self.whole else (columns, -(-rows // 2))


def gallery(ink: Ink, tiles: Sequence[Tile], width: int, height: int, chosen: int = -1) -> Lines:
    """The pictures as large as they fit, in rows beside each other; the chosen one's caption marked."""
    shape = _shape(tiles, width, height)
    room = min((width + 1) // shape.beside, shape.size(tiles[0][1])[0] + 2)
    lines: Lines = []
    for first in range(0, len(tiles), shape.beside):
        places = range(first, min(first + shape.beside, len(tiles)))
        styles = [ink.mark if at == chosen else ink.strong for at in places]
        lines.append(
            [
                segment
                for at, style in zip(places, styles, strict=True)
                for segment in _caption(ink, tiles[at][0], style, room)
            ]
        )
        pictures = [[pad(line, room, ink.text) for line in _picture(ink, tiles[at], shape)] for at in places]
        lines += [[segment for part in parts for segment in part] for parts in zip(*pictures, strict=True)]
    return lines


def _caption(ink: Ink, text: str, style: Style, room: int) -> Line:
    shown = cut(text, room - 1)
    return [Segment(shown, style), Segment(" " * (room - cell_len(shown)), ink.text)]


def _shape(tiles: Sequence[Tile], width: int, height: int) -> Shape:
    """The shape with the largest cells, and of equal ones that with the fewest rows of pictures."""
    shapes = (
        Shape(beside, block, whole)
        for block in (1, 2, 3, 4, 6, 8, 12, 16, 32, 64, 128, 256, 512, 1024)
        for whole in (True, False)
        for beside in range(len(tiles), 0, -1)
    )
    return next((shape for shape in shapes if _fits(shape, tiles, width, height)), Shape(1, 1024, False))


def _fits(shape: Shape, tiles: Sequence[Tile], width: int, height: int) -> bool:
    columns, rows = shape.size(tiles[0][1])
    lines = -(-len(tiles) // shape.beside)
    return shape.beside * (columns + 1) - 1 <= width and lines * (rows + 1) <= height


def _picture(ink: Ink, tile: Tile, shape: Shape) -> Lines:
    _, weights, allowed = tile
    mask = np.ones(weights.shape, dtype=np.bool_) if allowed is None else allowed
    if shape.block > 1:
        weights, mask = blocked(weights, mask, shape.block, "max")
    tones = shades(weights, mask, "picture", signed=False, highest=float(weights.max()))
    if shape.whole:
        return [whole_cells(ink, False, levels, -1) for levels in tones.levels]
    return half_rows(ink, tones)
