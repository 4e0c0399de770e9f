"""The columns of a picture: which keys each stands for, and the sums of rows over them as small products."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .packing import Singles
from .pool import scratch
from .sight import Positions, Run

Number = TypeVar("Number", np.float64, np.int64)

BLOCK = 128
"""Keys of a block: a multiple of those in which keys are packed, or a part of them."""

FEW = 8
"""Columns within one block up to which a product is faster than sums."""


class Columns:
    """Edges of columns among the keys: column j holds the keys edges[j] … edges[j + 1] − 1.

    Keys before the first and after the last edge are parts without a column. Raises ValueError for edges that do not
    rise, or lie beyond the keys.
    """

    def __init__(self, edges: ArrayLike, key_length: int) -> None:
        self.edges = checked_edges("key", edges, key_length)
        self.parts = np.unique(np.concatenate([[0], self.edges, [key_length]])).astype(np.int64)
        self.first = int(np.searchsorted(self.parts, self.edges[0]))
        self._length, starts = key_length, np.arange(0, key_length, BLOCK)
        self._low = self.part_of(starts)  # of each block
        most = int((self.part_of(np.minimum(starts + BLOCK, key_length) - 1) - self._low).max()) + 1
        self._most = -(-most // 4) * 4
        self._shares = self._indicator() if self._most <= FEW else None

    @property
    def count(self) -> int:
        """Of all parts, those without a column too."""
        return self.parts.size - 1

    def shown(self, sums: NDArray[Number]) -> NDArray[Number]:
        """The sums (…, parts) of those parts that are columns."""
        return sums[..., self.first : self.first + self.edges.size - 1]

    def padded(self, keys: int) -> int:
        """The keys of a run and as many more as whole blocks have."""
        return -(-keys // BLOCK) * BLOCK

    def add(self, powers: Singles, run: Run, into: NDArray[np.float64]) -> None:
        """Add the sums of rows (rows, whole blocks of a run) by part to `into` (rows, parts); 0 after the run."""
        first, last = (int(part) for part in self.part_of(np.array([run.first, run.last - 1])))
        rows = powers.shape[0]
        if self._shares is None:
            starts = np.maximum(self.parts[first : last + 1] - run.first, 0)
            into[:, first : last + 1] += np.add.reduceat(powers, starts, axis=-1)
            return
        begin, stacked = run.first // BLOCK, powers.shape[-1] // BLOCK
        blocks = powers.reshape(rows, stacked, BLOCK).transpose(1, 0, 2)
        made = scratch("columns", (rows, stacked, self._most))
        np.matmul(blocks, self._shares[begin : begin + stacked], out=made.transpose(1, 0, 2))
        part_starts = self._places(first, last, begin)
        into[:, first : last + 1] += np.add.reduceat(made.reshape(rows, -1), part_starts, axis=-1)

    def _places(self, first: int, last: int, begin: int) -> Positions:
        """Where the parts first … last begin among the small sums of blocks from `begin` on."""
        blocks = np.maximum(self.parts[first : last + 1] // BLOCK, begin)
        return (blocks - begin) * self._most + np.arange(first, last + 1) - self._low[blocks]

    def part_of(self, keys: Positions) -> Positions:
        """The part that each of these keys is in."""
        return np.searchsorted(self.parts, keys, side="right") - 1

    def _indicator(self) -> Singles:
        """1 where a key of a block is in one of the block's parts, (blocks, keys, parts of a block)."""
        shares = np.zeros((self._low.size, BLOCK, self._most), dtype=np.float32)
        keys = np.arange(self._length)
        block = keys // BLOCK
        shares[block, keys % BLOCK, self.part_of(keys) - self._low[block]] = 1
        return shares


def checked_edges(name: str, edges: ArrayLike, length: int) -> Positions:
    """Edges as int64. Raises ValueError unless they rise from 0 or more to at most the length."""
    given = np.asarray(edges, dtype=np.int64)
    if given.ndim != 1 or given.size < 2 or (np.diff(given) < 1).any() or given[0] < 0 or given[-1] > length:
        raise ValueError(f"{name} edges {_told(given)}; they rise, within 0 … {length:,}, and are at least two")
    return given


def _told(edges: Positions) -> str:
    numbers = edges.ravel().tolist()
    return str(numbers) if len(numbers) <= 6 else f"[{numbers[0]}, {numbers[1]}, …, {numbers[-1]}]"
