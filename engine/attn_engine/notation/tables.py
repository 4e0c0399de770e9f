"""Named arrays as rules read them: single entries, and the least and greatest of a range of them."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..catalogue import ENTRIES, Lengths
from .errors import RuleError, quoted
from .grid import Array
from .tree import Read

Positions = NDArray[np.int64]
Range = tuple[Positions, Positions]
"""First and last index, inclusive."""

MOST_SUMMED = 2**22
"""Entries up to which ranges of two dimensions are told exactly."""


class Table(Protocol):
    """An array that may be computed rather than stored."""

    @property
    def shape(self) -> tuple[int, ...]:
        """How many entries each index has."""

    @property
    def ndim(self) -> int:
        """How many indices an entry has."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the entries."""

    def at(self, *indices: Positions) -> Array:
        """The entries at indices that are within the shape, broadcast together."""

    def bounds(self, *ranges: Range) -> tuple[Array, Array]:
        """Numbers that no entry of the ranges lies below or above; they may be loose. False is 0, true 1."""


class DenseTable:
    """A stored array."""

    def __init__(self, array: Array) -> None:
        self.array = array
        self.shape = array.shape
        self.ndim = array.ndim
        self.dtype = array.dtype

    def at(self, *indices: Positions) -> Array:
        """The entries at indices that are within the shape, broadcast together."""
        entries: Array = self.array[indices]
        return entries

    def bounds(self, *ranges: Range) -> tuple[Array, Array]:
        """Exact where the entries rise or all ranges are single, otherwise of a surrounding range."""
        if self.ndim == 1:
            return self._of_row(*ranges[0])
        if self.dtype.kind == "b" and self.ndim == 2 and self.array.size <= MOST_SUMMED:
            return self._of_square(*ranges)
        single = np.all(np.broadcast_arrays(*(low == high for low, high in ranges)), axis=0)
        entries = self.at(*(low for low, _ in ranges)).astype(np.float64)
        least, greatest = self._extremes
        return np.where(single, entries, least), np.where(single, entries, greatest)

    def _of_row(self, low: Positions, high: Positions) -> tuple[Array, Array]:
        if self._rises:
            return self.array[low].astype(np.float64), self.array[high].astype(np.float64)
        least, greatest = self._pyramid
        level = np.ceil(np.log2(high - low + 1)).astype(np.int64)
        places = [self._starts[level] + (end >> level) for end in (low, high)]
        return np.minimum(*(least[place] for place in places)), np.maximum(*(greatest[place] for place in places))

    def _of_square(self, rows: Range, columns: Range) -> tuple[Array, Array]:
        (top, bottom), (left, right) = rows, columns
        sums = self._sums
        true = sums[bottom + 1, right + 1] - sums[top, right + 1] - sums[bottom + 1, left] + sums[top, left]
        area = (bottom - top + 1) * (right - left + 1)
        return (true == area).astype(np.float64), (true > 0).astype(np.float64)

    @cached_property
    def is_finite(self) -> bool:
        """Whether no entry is NaN or infinite."""
        return self.array.dtype.kind != "f" or bool(np.isfinite(self.array).all())

    @cached_property
    def _rises(self) -> bool:
        return bool((self.array[:-1] <= self.array[1:]).all())

    @cached_property
    def _extremes(self) -> tuple[float, float]:
        return float(self.array.min()), float(self.array.max())

    @cached_property
    def _starts(self) -> Positions:
        sizes = [-(-len(self.array) // 2**level) for level in range(len(self.array).bit_length() + 1)]
        return np.cumsum([0, *sizes])[:-1]

    @cached_property
    def _pyramid(self) -> tuple[Array, Array]:
        """The least and greatest of aligned runs of 1, 2, 4 … entries, one level after the other."""
        levels = []
        for function in (np.minimum, np.maximum):
            level = self.array.astype(np.float64)
            parts = [level]
            for _ in range(len(self._starts) - 1):
                level = function.reduceat(level, np.arange(0, len(level), 2))
                parts.append(level)
            levels.append(np.concatenate(parts))
        return levels[0], levels[1]

    @cached_property
    def _sums(self) -> Positions:
        sums = np.zeros((self.shape[0] + 1, self.shape[1] + 1), dtype=np.int64)
        np.cumsum(np.cumsum(self.array, axis=0, dtype=np.int64), axis=1, out=sums[1:, 1:])
        return sums


def as_table(array: Any) -> Table:
    """A table as it is, anything else as a stored array."""
    return array if hasattr(array, "bounds") else DenseTable(np.asarray(array))


def table_of(node: Read, lengths: Lengths, numbers: tuple[float, ...], arrays: Any) -> Table:
    """The table that a node reads: made by its owner from the owner's numbers, or brought along.

    Raises RuleError where there is no array of the name, or none can be made of the numbers.
    """
    if node.owner:
        return _made(node.owner.name, node.array, lengths, *numbers)
    if node.array not in arrays:
        there = ", ".join(arrays) or "none"
        raise RuleError(f"no array {quoted(node.array)} here; there are: {there}")
    table = as_table(arrays[node.array])
    if isinstance(table, DenseTable) and not table.is_finite:
        raise RuleError(f"{node.array} holds NaN or ∞, and rules read finite numbers")
    return table


@lru_cache(maxsize=16)
def _made(owner: str, name: str, lengths: Lengths, *numbers: float) -> Table:
    from .. import arrays  # here, for its makers use the notation

    maker = getattr(arrays, dict(ENTRIES[owner].arrays)[name])
    return as_table(maker(lengths, *numbers))
