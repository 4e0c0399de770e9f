"""The positions that a rule is evaluated on, shaped to broadcast to (heads, queries, keys)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .words import LARGEST

Align: TypeAlias = Literal["left", "right"]
Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Grid:
    """Positions, the lengths they are part of, and what a rule may read besides: scores and named arrays."""

    query: Array  # (queries, 1)
    key: Array  # (1, keys)
    head: Array  # (heads, 1, 1), or () for one head
    query_length: int
    key_length: int
    num_heads: int = 1
    batch: int = 0
    scores: Array | None = None  # (…, heads, queries, keys)
    arrays: Mapping[str, Any] = field(default_factory=dict)  # arrays, or tables

    @classmethod
    def of(
        cls,
        query_length: int,
        key_length: int,
        num_heads: int = 1,
        *,
        align: Align = "left",
        queries: ArrayLike | None = None,
        keys: ArrayLike | None = None,
        head: int | None = None,
        scores: ArrayLike | None = None,
        arrays: Mapping[str, Any] | None = None,
    ) -> Grid:
        """The whole grid, or its rows `queries`, columns `keys` and one `head`, each counted from 0.

        Aligned left, query i stands at key i; aligned right, the last query stands at the last key.
        Raises ValueError for lengths, an alignment or scores that cannot be.
        """
        _check_lengths(query_length, key_length)
        if num_heads < 1:
            raise ValueError(f"{num_heads} heads; there is at least one")
        if align not in ("left", "right"):
            raise ValueError(f"align is {align!r}; possible are left, right")
        shift = key_length - query_length if align == "right" else 0
        grid = cls(
            query=_indices(queries, query_length)[:, None] + shift,
            key=_indices(keys, key_length)[None, :],
            head=_indices(None, num_heads)[:, None, None] if head is None else np.asarray(head),
            query_length=query_length,
            key_length=key_length,
            num_heads=num_heads,
            scores=None if scores is None else np.asarray(scores),
            arrays=dict(arrays or {}),
        )
        _check_scores(grid)
        return grid

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns: the queries and keys on the grid."""
        return self.query.size, self.key.size

    def spread(self, result: Array) -> Array:
        """The result of `evaluate` as a read-only view of (queries, keys), or (heads, queries, keys)."""
        return np.broadcast_to(result, np.broadcast_shapes(result.shape, self.shape))


def _indices(chosen: ArrayLike | None, length: int) -> NDArray[np.int64]:
    return np.arange(length, dtype=np.int64) if chosen is None else np.asarray(chosen, dtype=np.int64).ravel()


def _check_lengths(*lengths: int) -> None:
    for length in lengths:
        if not 0 <= length <= LARGEST:
            raise ValueError(f"{length} positions; possible are 0 to {LARGEST}")


def _check_scores(grid: Grid) -> None:
    if grid.scores is None:
        return
    if grid.scores.dtype.kind != "f":
        raise ValueError(f"scores are {grid.scores.dtype}; they must be floating-point numbers")
    expected = np.broadcast_shapes(grid.head.shape, grid.shape)
    if np.broadcast_shapes(grid.scores.shape, expected)[-len(expected) :] != expected:
        raise ValueError(f"scores are {grid.scores.shape}; the grid is {expected}")
