"""From numbers to levels: which of the ramp's shades each cell gets, under each colour range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attn_engine import unrepeated

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


@np.errstate(invalid="ignore", over="ignore")
def blocked(matrix: Matrix, mask: Mask, size: int, statistic: str) -> tuple[Matrix, Mask]:
    """Blocks of size × size cells as one cell each: the allowed number greatest in size, or their mean.

    A block is masked where all its cells are. Lengths that are no multiple of the size end in smaller blocks.
    """
    rows, columns = (range(0, length, size) for length in matrix.shape)
    everything = bool(unrepeated(mask).all())
    allowed = matrix if everything else np.where(mask, matrix, 0)
    if statistic == "mean":
        counts = _block_sizes(rows, columns, matrix.shape) if everything else _reduced(np.add, mask, size)
        sums = _reduced(np.add, allowed, size)
        return np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0), counts > 0
    shown = np.ones((len(rows), len(columns)), dtype=np.bool_) if everything else _reduced(np.logical_or, mask, size)
    high = _reduced(np.maximum, allowed, size)
    if not (high.size and allowed.min() < 0):
        return high, shown
    low = _reduced(np.minimum, allowed, size)
    return np.where(high >= -low, high, low), shown


def _block_sizes(rows: range, columns: range, shape: tuple[int, ...]) -> NDArray[np.int64]:
    sizes = (np.diff([*edges, length]) for edges, length in zip((rows, columns), shape, strict=True))
    return np.outer(*sizes)


def _reduced(reduce: np.ufunc, array: NDArray[Any], size: int) -> NDArray[Any]:
    """Blocks of size × size cells as one each; band by band, which is many times as fast as `reduceat` over rows."""
    rows, columns = (range(0, length, size) for length in array.shape)
    kind = np.int64 if reduce is np.add and array.dtype == np.bool_ else None
    bands = [reduce.reduce(array[row : row + size], axis=0, dtype=kind) for row in rows]
    made: NDArray[Any] = reduce.reduceat(np.array(bands).reshape(len(rows), -1), columns, axis=1)
    return made
