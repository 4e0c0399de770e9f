"""Single rows of an attention with more scores than are made: each exact, with what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from attn_engine import Attention, Experiment, Far, FarRow, far_of, measures

from .findings import tolerance_of, unusual
from .pictures.keys import heaviest

AT_ONCE = 2**17
"""Keys up to which a row is computed within the frame that asks for it."""

LISTED = 256
"""Keys that are listed of a row, at most."""

POINTS = 512
"""Queries of which a ceiling is drawn."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What a query reads: its row, how many keys it sees, its entropy in nats, its heaviest keys; what is unusual."""

    row: FarRow
    seen: int
    entropy: float
    heaviest: list[int]
    unusual: str

    def rank(self, key: int) -> int:
        """Which of the weights that of a key is, the greatest being the first."""
        return int(np.count_nonzero(self.row.weights > self.row.weights[key])) + 1


@lru_cache(maxsize=2)
def reading_of(far: Far, head: int, query: int) -> Reading:
    """What a query of a head reads."""
    row = far.row(head, query)
    seen, entropy = int(np.count_nonzero(row.allowed)), float(measures.entropy(row.weights))
    return Reading(row, seen, entropy, heaviest(row.weights, LISTED), _unusual(far, row))


@dataclass(frozen=True, eq=False)
class _Alone:
    """A row as an attention of one head and one query."""

    weights: NDArray[np.floating[Any]]
    allowed: NDArray[np.bool_]

    def mask_of(self, head: int) -> NDArray[np.bool_]:
        """Where the query may look, (1, keys)."""
        return self.allowed[None] if head == 0 else self.allowed[:0]


def _unusual(far: Far, row: FarRow) -> str:
    """What is unusual about a row of weights as a file has them; a row that was computed is what it should be."""
    if far.head_dim:
        return ""
    alone = cast("Attention", _Alone(row.weights[None, None], row.allowed))
    return "".join(found.text for found in unusual(alone, 0, tolerance_of(far.inputs())))


def read(experiment: Experiment, head: int, query: int) -> Reading:
    """The same, of an experiment."""
    return reading_of(far_of(experiment, head), head, query)


@dataclass(frozen=True, eq=False)
class Ceiling:
    """The most that entropies can be, in nats, of some `queries`: NaN where one sees nothing."""

    queries: NDArray[np.int64]
    nats: NDArray[np.float64]


def ceiling_of(experiment: Experiment, head: int) -> Ceiling | None:
    """The ceiling of some POINTS queries; None where only looking at every pair would tell."""
    seen = far_of(experiment, head, kept=False).seen(head)
    if seen is None:
        return None
    queries = np.arange(0, seen.size, max(seen.size // POINTS, 1))
    some = seen[queries]
    return Ceiling(queries, np.log(some, out=np.full(some.shape, np.nan), where=some > 0))
