"""From numbers to levels: which of the ramp's shades each cell gets, under each colour range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ink import MASKED, NOT_FINITE
from .palettes import LEVELS

Matrix = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]
Levels = NDArray[np.int8]

DECADES = 4
"""How many powers of ten a logarithmic range spans."""


@dataclass(frozen=True, eq=False)
class Shades:
    """Levels of a picture, (rows, columns) int8, and the numbers that each row's darkest and lightest shade mean."""

    levels: Levels
    low: NDArray[np.floating[Any]]
    high: NDArray[np.floating[Any]]
    signed: bool


def shades(matrix: Matrix, mask: Mask, colour_range: str, *, signed: bool, highest: float) -> Shades:
    """The levels of `matrix` (rows, columns), False in `mask` becoming MASKED and NaN or ∞ NOT_FINITE.

    `highest` is the greatest size of a number in all heads, which the range `heads` needs.
    """
    finite = np.isfinite(matrix)
    numbers = np.where(finite & mask, matrix, 0)
    high = _high(np.abs(numbers), colour_range, highest)  # (rows, 1)
    sizes = np.minimum(np.abs(numbers), high)
    share = np.divide(sizes, high, out=np.zeros_like(sizes), where=high > 0)
    if colour_range == "log":
        share = _logarithmic(share)
    share = np.clip(share, 0, 1)
    if signed:
        share = (np.copysign(share, numbers) + 1) / 2
    levels = (share * (LEVELS - 1) + 0.5).astype(np.int8)
    levels[~finite] = NOT_FINITE
    levels[~mask] = MASKED
    low = -high if signed else high * 10.0**-DECADES if colour_range == "log" else np.zeros_like(high)
    return Shades(levels, low[:, 0], high[:, 0], signed)


def _high(sizes: Matrix, colour_range: str, highest: float) -> Matrix:
    rows = sizes.shape[0]
    if colour_range == "row":
        return sizes.max(axis=1, keepdims=True)
    if colour_range == "rest" and sizes.shape[1] > 1:
        top = sizes[:, 1:].max()
    else:
        top = {"heads": highest, "unit": 1.0}.get(colour_range, sizes.max())
    return np.full((rows, 1), top, dtype=sizes.dtype)


def _logarithmic(share: Matrix) -> Matrix:
    """0 at 10^−DECADES and below, 1 at 1."""
    return 1 + np.log10(np.maximum(share, 10.0**-DECADES)) / DECADES


def blocked(matrix: Matrix, mask: Mask, size: int, statistic: str) -> tuple[Matrix, Mask]:
    """Blocks of size × size cells as one cell each: the allowed number greatest in size, or their mean.

    A block is masked where all its cells are. Lengths that are no multiple of the size end in smaller blocks.
    """
    rows, columns = (range(0, length, size) for length in matrix.shape)
    if mask.all():
        counts, allowed = np.ones((len(rows), len(columns)), dtype=np.int64), matrix
        if statistic == "mean":
            sizes = (np.diff([*edges, length]) for edges, length in zip((rows, columns), matrix.shape, strict=True))
            counts = np.outer(*sizes)
    else:
        counts = _sums(mask.astype(np.int64), rows, columns)
        allowed = np.where(mask, matrix, 0)
    if statistic == "mean":
        sums = _sums(allowed, rows, columns)
        return np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0), counts > 0
    high = np.maximum.reduceat(np.maximum.reduceat(allowed, rows, axis=0), columns, axis=1)
    if not (high.size and allowed.min() < 0):
        return high, counts > 0
    low = np.minimum.reduceat(np.minimum.reduceat(allowed, rows, axis=0), columns, axis=1)
    return np.where(high >= -low, high, low), counts > 0


def _sums(array: NDArray[Any], rows: range, columns: range) -> NDArray[Any]:
    sums: NDArray[Any] = np.add.reduceat(np.add.reduceat(array, rows, axis=0), columns, axis=1)
    return sums
