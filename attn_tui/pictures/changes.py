"""The cells that changed most from B to A, each with both its values."""

from __future__ import annotations

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment

from ..scene import Scene
from ..stages import Matrix
from .cells import Lines, fit, squeezed

MOST_CHANGED = 10
NUMBER = 7
"""Columns of a number, with the space before it."""


def most_changed(a: Matrix, b: Matrix, count: int = MOST_CHANGED) -> list[tuple[int, int]]:
    """The (row, column) of the cells with the greatest |A − B|, greatest first, equal ones in order.

    Cells that did not change, or whose difference is not finite, are not among them.
    """
    with np.errstate(invalid="ignore"):
        sizes = np.abs(a.astype(np.float64) - b).ravel()
    sizes = np.where(np.isfinite(sizes), sizes, 0)
    least = np.partition(sizes, max(sizes.size - count, 0))[max(sizes.size - count, 0)]
    candidates = np.flatnonzero((sizes >= least) & (sizes > 0))
    order = candidates[np.argsort(-sizes[candidates], kind="stable")][:count]
    return [divmod(int(index), a.shape[1]) for index in order]


def changed_cells(scene: Scene, a: Matrix, b: Matrix, width: int, height: int) -> Lines:
    """A line for each of the cells that changed most: query → key, A, B and A − B."""
    ink = scene.ink
    cells = most_changed(a, b)
    if not cells:
        return [[Segment("A and B are equal", ink.good)]]
    names = [f"{scene.query_labels[row]} → {scene.key_labels[column]}" for row, column in cells]
    label = min(max(map(cell_len, names)), max(width - 3 * NUMBER, 1))
    lines: Lines = []
    for name, (row, column) in zip(names, cells, strict=True):
        style = ink.strong if (row, column) == scene.cursor else ink.text
        before, after = float(a[row, column]), float(b[row, column])
        lines.append([
            Segment(fit(name, label), style),
            *(Segment(squeezed(value, NUMBER - 1).rjust(NUMBER), style) for value in (before, after)),
            Segment(squeezed(before - after, NUMBER - 1).rjust(NUMBER), ink.accent),
        ])  # fmt: skip
    return lines[:height]
