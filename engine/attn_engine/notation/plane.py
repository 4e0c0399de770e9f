"""Where a rule stands, without its cells: lengths, alignment, a head, named arrays. Rectangles of it, and verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .grid import Align, Array, Grid
from .tables import as_table

Positions = NDArray[np.int64]


class Verdict(IntEnum):
    """What is said of a rectangle of positions. Partial may be said of what is really full or empty."""

    EMPTY = 0
    PARTIAL = 1
    FULL = 2


@dataclass(frozen=True, eq=False)
class Captured:
    """Named arrays that a rule may read, compared by identity so that a plane can be a key of a cache."""

    arrays: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tables = {name: as_table(array) for name, array in self.arrays.items()}  # so each is looked through but once
        object.__setattr__(self, "arrays", tables)


NOTHING = Captured()


@dataclass(frozen=True)
class Plane:
    """A square of positions that is never made: `query_length` × `key_length`, at one head of `num_heads`.

    Aligned left, query i stands at key i; aligned right, the last query stands at the last key.
    """

    query_length: int
    key_length: int
    num_heads: int = 1
    align: Align = "left"
    head: int = 0
    captured: Captured = NOTHING

    @property
    def shift(self) -> int:
        """What is added to the index of a query to get its position."""
        return self.key_length - self.query_length if self.align == "right" else 0

    @property
    def pairs(self) -> int:
        """How many pairs of a query and a key there are."""
        return self.query_length * self.key_length

    def resized(self, query_length: int, key_length: int) -> Plane:
        """The same plane of other lengths."""
        return replace(self, query_length=query_length, key_length=key_length)

    def grid(self, queries: ArrayLike | None = None, keys: ArrayLike | None = None) -> Grid:
        """The grid of these rows and columns, counted from 0; of all, where none are given."""
        return Grid.of(
            self.query_length,
            self.key_length,
            self.num_heads,
            align=self.align,
            queries=queries,
            keys=keys,
            head=self.head,
            arrays=self.captured.arrays,
        )

    def points(self, queries: Array, keys: Array) -> Grid:
        """Single cells: indices of queries and keys, counted from 0, of any shapes that broadcast."""
        return Grid(
            query=np.asarray(queries, dtype=np.int64) + self.shift,
            key=np.asarray(keys, dtype=np.int64),
            head=np.asarray(self.head),
            query_length=self.query_length,
            key_length=self.key_length,
            num_heads=self.num_heads,
            arrays=self.captured.arrays,
        )


@dataclass(frozen=True, eq=False)
class Rectangles:
    """Many rectangles: first and last index of queries and of keys, inclusive, of shapes that broadcast."""

    query_low: Positions
    query_high: Positions
    key_low: Positions
    key_high: Positions

    @classmethod
    def between(cls, query_edges: ArrayLike, key_edges: ArrayLike) -> Rectangles:
        """The cells of a raster: cell (i, j) holds the queries edges[i] … edges[i + 1] − 1, and keys alike."""
        rows, columns = (np.asarray(edges, dtype=np.int64) for edges in (query_edges, key_edges))
        return cls(rows[:-1, None], rows[1:, None] - 1, columns[None, :-1], columns[None, 1:] - 1)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape in which all of them broadcast."""
        return np.broadcast_shapes(self.query_low.shape, self.key_low.shape)

    @property
    def areas(self) -> Positions:
        """How many pairs each holds."""
        return (self.query_high - self.query_low + 1) * (self.key_high - self.key_low + 1)

    def flat(self) -> Rectangles:
        """The same rectangles in a row, their arrays of equal length."""
        each = (self.query_low, self.query_high, self.key_low, self.key_high)
        return Rectangles(*(np.broadcast_to(side, self.shape).ravel() for side in each))

    def chosen(self, places: NDArray[Any] | slice) -> Rectangles:
        """Those at some places of the row, or where a row of conditions holds."""
        row = self.flat()
        return Rectangles(row.query_low[places], row.query_high[places], row.key_low[places], row.key_high[places])

    def split(self) -> tuple[Rectangles, NDArray[np.intp]]:
        """Each in four, or two where it is a single row or column, and the place of that which each is a part of.

        Single cells have no parts.
        """
        row = self.flat()
        places = np.flatnonzero((row.query_low < row.query_high) | (row.key_low < row.key_high))
        row = row.chosen(places)
        parts = [
            (query_low, query_high, key_low, key_high)
            for query_low, query_high in _halves(row.query_low, row.query_high)
            for key_low, key_high in _halves(row.key_low, row.key_high)
        ]
        whole = Rectangles(*(np.concatenate(sides) for sides in zip(*parts, strict=True)))
        there = (whole.query_low <= whole.query_high) & (whole.key_low <= whole.key_high)
        return whole.chosen(there), np.tile(places, 4)[there]


def _halves(low: Positions, high: Positions) -> tuple[tuple[Positions, Positions], tuple[Positions, Positions]]:
    """The first and the second half; of a single position the second is empty."""
    middle = (low + high) // 2
    return (low, middle), (middle + 1, high)
