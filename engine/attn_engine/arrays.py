"""The named arrays of the catalogue: each made from the lengths and the numbers of its rule.

Positions before the first key, which queries have where they are more than the keys and aligned right, are read at 0
by the catalogue's lines.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .catalogue import Lengths
from .notation.arithmetic import pseudo_random
from .notation.errors import RuleError
from .notation.grid import Array

Positions = NDArray[np.int64]
Range = tuple[Positions, Positions]

MOST_CHOSEN = 2**22
"""Blocks that are chosen at random in all."""

BUCKETS = 32
FAR = 128


def documents(lengths: Lengths, *sizes: float) -> NDArray[np.int32]:
    """The document of each position; what the sizes leave over is one more. Without sizes, three uneven ones."""
    total = max(lengths.query_length, lengths.key_length)
    if any(size != int(size) or size < 1 for size in sizes):
        raise RuleError("the lengths of documents are whole numbers from 1")
    sizes = sizes or (max(total * 5 // 16, 1), max(total * 6 // 16, 1))
    ends = np.minimum(np.cumsum(np.array(sizes, dtype=np.int64)), total)
    return np.searchsorted(ends, np.arange(total), side="right").astype(np.int32)


class RandomBlocks:
    """For each row of blocks, a few columns of blocks: bool (rows, columns), of which only those chosen are stored."""

    ndim = 2
    dtype = np.dtype(np.bool_)

    def __init__(self, chosen: Positions, columns: int) -> None:
        self.chosen = chosen  # (rows, r), each row rising
        self.shape = chosen.shape[0], columns

    def at(self, *indices: Positions) -> Array:
        """Whether each row of blocks has the column among those chosen."""
        rows, columns = indices
        found = np.zeros(np.broadcast_shapes(rows.shape, columns.shape), dtype=np.bool_)
        for place in range(self.chosen.shape[1]):
            found |= self.chosen[rows, place] == columns
        return found

    def bounds(self, *ranges: Range) -> tuple[Array, Array]:
        """Exact for a single row; of several rows anything is possible."""
        (top, bottom), (left, right) = ranges
        inside = np.zeros(np.broadcast_shapes(top.shape, left.shape), dtype=np.int64)
        for place in range(self.chosen.shape[1]):
            inside += (self.chosen[top, place] >= left) & (self.chosen[top, place] <= right)
        single = top == bottom
        low, high = single & (inside == right - left + 1), ~single | (inside > 0)
        return low.astype(np.float64), high.astype(np.float64)

    def columns(self, rows: Positions) -> Positions:
        """The columns that are true in each row, (…, r)."""
        columns: Positions = self.chosen[rows]
        return columns


def random_blocks(lengths: Lengths, size: float, number: float, seed: float) -> RandomBlocks:
    """`number` different blocks of keys for each block of queries, drawn by the notation's `hash`."""
    if size != int(size) or number != int(number) or size < 1 or number < 0:
        raise RuleError("blocks have a whole size from 1, and their number is whole")
    total = max(lengths.query_length, lengths.key_length)
    rows, columns = -(-total // int(size)), -(-lengths.key_length // int(size))
    number = min(int(number), columns)
    if rows * number > MOST_CHOSEN:
        raise RuleError(f"too many random blocks: {rows:,} × {number:,}, at most {MOST_CHOSEN:,}")
    chosen = np.zeros((rows, 0), dtype=np.int64)
    at = np.arange(rows)
    for draw in range(number):
        share = pseudo_random(np.asarray(int(seed)), at, np.asarray(draw))
        place = (share * (columns - draw)).astype(np.int64)  # among the columns that are still free
        for taken in range(draw):
            place += place >= chosen[:, taken]
        chosen = np.sort(np.column_stack([chosen, place]), axis=1)
    return RandomBlocks(chosen, columns)


class Ancestors:
    """Whether one node of a tree in heap order is another or above it: bool (nodes, nodes), of which none is stored.

    The parent of node i is (i − 1) // 2.
    """

    ndim = 2
    dtype = np.dtype(np.bool_)

    def __init__(self, nodes: int) -> None:
        self.shape = nodes, nodes

    def at(self, *indices: Positions) -> Array:
        """Whether the second node is the first or one of its ancestors."""
        node, other = indices
        found = np.zeros(np.broadcast_shapes(node.shape, other.shape), dtype=np.bool_)
        for above in self._lineage(node):
            found |= above == other
        return found

    def bounds(self, *ranges: Range) -> tuple[Array, Array]:
        """Exact for single entries; ancestors come before their descendants."""
        (low, high), (first, last) = ranges
        single = (low == high) & (first == last)
        entries = self.at(low, first)
        return (single & entries).astype(np.float64), np.where(single, entries, first <= high).astype(np.float64)

    def columns(self, rows: Positions) -> Positions:
        """The node and its ancestors, (…, depth); the root several times."""
        return np.maximum(np.stack(list(self._lineage(rows)), axis=-1), 0)

    def _lineage(self, node: Positions) -> Iterator[Positions]:
        """The nodes, their parents, and so on up, −1 above the root; one generation at a time."""
        line = np.asarray(node)
        yield line
        for _ in range(self.shape[0].bit_length()):
            line = np.where(line > 0, (line - 1) // 2, -1)
            yield line


def ancestors(lengths: Lengths, *_: float) -> Ancestors:
    """A binary tree in heap order over as many nodes as there are positions."""
    return Ancestors(max(lengths.query_length, lengths.key_length))


def alibi_slopes(lengths: Lengths) -> list[float]:
    """2^(−8(h+1)/H) for H a power of two; else those of the power below, then every other one of the next."""
    heads = lengths.num_heads
    power = 1 << (heads.bit_length() - 1)
    between = [2.0 ** (-4 * (2 * head + 1) / power) for head in range(heads - power)]
    return [2.0 ** (-8 * (head + 1) / power) for head in range(power)] + between


def t5_buckets(lengths: Lengths) -> NDArray[np.int64]:
    """T5's bucket of each distance key − query, from −(Q + K) to Q + K: 32 in all, half of them for keys to come.

    Half of each side are single distances, the others grow logarithmically up to 128 (arXiv 1910.10683).
    """
    reach = lengths.query_length + lengths.key_length
    distance = np.arange(-reach, reach + 1)
    side, near = BUCKETS // 2, BUCKETS // 4
    size = np.abs(distance)
    grown = np.log(np.maximum(size, near) / near) / np.log(FAR / near) * (side - near)
    far = np.minimum(near + grown.astype(np.int64), side - 1)
    return np.where(distance > 0, side, 0) + np.where(size < near, size, far)


def t5_table(lengths: Lengths) -> NDArray[np.float64]:
    """A bias for each head and bucket, made and not learned: it falls with distance, more steeply in later heads."""
    heads = np.arange(1, lengths.num_heads + 1)[:, None] / lengths.num_heads
    bucket = np.arange(BUCKETS) % (BUCKETS // 2)
    return np.asarray(-heads * np.log1p(bucket), dtype=np.float64)
