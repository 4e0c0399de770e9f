"""The columns of a picture: which keys each stands for, and the sums of rows over them as small products."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .packing import Singles
from .pool import scratch
from .sight import Positions, Run
from .strips import ONES

Number = TypeVar("Number", np.float64, np.int64)

BLOCK = 128
"""Keys of a block: a multiple of those in which keys are packed, or a part of them."""

FEW = 6
"""Parts in one run of keys up to which each is summed by itself."""

NARROW = 8
"""Parts in one block up to which a small product is faster than sums."""

KEPT = 64
"""Runs whose small products are kept."""


class Columns:
    """Edges of columns among the keys: column j holds the keys edges[j] … edges[j + 1] − 1.

    Keys before the first and after the last edge are parts without a column. Raises ValueError for edges that do not
    rise, or lie beyond the keys.
    """

    def __init__(self, edges: ArrayLike, key_length: int) -> None:
        self.edges = checked_edges("key", edges, key_length)
        self.parts = np.unique(np.concatenate([[0], self.edges, [key_length]])).astype(np.int64)
        self.first = int(np.searchsorted(self.parts, self.edges[0]))
        self._kept: dict[tuple[int, int], tuple[Singles, Positions] | None] = {}

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

    def part_of(self, keys: Positions) -> Positions:
        """The part that each of these keys is in."""
        return np.searchsorted(self.parts, keys, side="right") - 1

    def add(self, powers: Singles, run: Run, into: NDArray[np.float64]) -> None:
        """Add the sums of rows (rows, whole blocks of a run) by part to `into` (rows, parts); 0 after the run."""
        first, last = self.part_of(np.array([run.first, run.last - 1])).tolist()
        starts = np.maximum(self.parts[first : last + 1] - run.first, 0)
        if last - first < FEW:
            ends = [*starts[1:].tolist(), run.last - run.first]
            for part, (begin, end) in enumerate(zip(starts.tolist(), ends, strict=True), start=first):
                into[:, part] += np.matmul(powers[:, begin:end], ONES[: end - begin])
        elif product := self._product(run):
            into[:, first : last + 1] += _by_product(powers, *product)
        else:
            into[:, first : last + 1] += np.add.reduceat(powers, starts, axis=-1)

    def _product(self, run: Run) -> tuple[Singles, Positions] | None:
        """What the blocks of a run are multiplied with, and where parts begin in the products; None where too much."""
        name = run.first, run.last
        if name in self._kept:
            return self._kept[name]
        made = self._made(run)
        if len(self._kept) < KEPT:
            self._kept[name] = made
        return made

    def _made(self, run: Run) -> tuple[Singles, Positions] | None:
        keys = np.arange(run.last - run.first)
        part, block = self.part_of(keys + run.first), keys // BLOCK
        low = part[::BLOCK]  # of each block
        within = part - low[block]
        if within.max() >= NARROW:
            return None
        most = -(-(int(within.max()) + 1) // 4) * 4
        shares = np.zeros((low.size, BLOCK, most), dtype=np.float32)
        shares[block, keys % BLOCK, within] = 1
        begins = np.flatnonzero(np.diff(part, prepend=-1))
        return shares, block[begins] * most + within[begins]


def _by_product(powers: Singles, shares: Singles, begins: Positions) -> Singles:
    rows, (stacked, _, most) = powers.shape[0], shares.shape
    blocks = powers.reshape(rows, stacked, BLOCK).transpose(1, 0, 2)
    made = scratch("columns", (rows, stacked, most))
    np.matmul(blocks, shares, out=made.transpose(1, 0, 2))
    return np.add.reduceat(made.reshape(rows, -1), begins, axis=-1)


def checked_edges(name: str, edges: ArrayLike, length: int) -> Positions:
    """Edges as int64. Raises ValueError unless they rise from 0 or more to at most the length."""
    given = np.asarray(edges, dtype=np.int64)
    if given.ndim != 1 or given.size < 2 or (np.diff(given) < 1).any() or given[0] < 0 or given[-1] > length:
        raise ValueError(f"{name} edges {_told(given)}; they rise, within 0 … {length:,}, and are at least two")
    return given


def _told(edges: Positions) -> str:
    numbers = edges.ravel().tolist()
    return str(numbers) if len(numbers) <= 6 else f"[{numbers[0]}, {numbers[1]}, …, {numbers[-1]}]"
