"""Single rows of an attention with more scores than are made: each exact, with what is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from attn_engine import Experiment, Far, FarRow, far_of, measures

from .pictures.keys import heaviest

AT_ONCE = 2**17
"""Keys up to which a row is computed within the frame that asks for it."""

LISTED = 256
"""Keys that are listed of a row, at most."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What a query reads: its row, how many keys it sees, its entropy in nats, and its heaviest keys."""

    row: FarRow
    seen: int
    entropy: float
    heaviest: list[int]

    def rank(self, key: int) -> int:
        """Which of the weights that of a key is, the greatest being the first."""
        return int(np.count_nonzero(self.row.weights > self.row.weights[key])) + 1


@lru_cache(maxsize=2)
def reading_of(far: Far, head: int, query: int) -> Reading:
    """What a query of a head reads."""
    row = far.row(head, query)
    seen = int(np.count_nonzero(row.allowed))
    return Reading(row, seen, float(measures.entropy(row.weights)), heaviest(row.weights, LISTED))


def read(experiment: Experiment, head: int, query: int) -> Reading:
    """The same, of an experiment."""
    return reading_of(far_of(experiment), head, query)


class Numbered(Sequence[str]):
    """The numbers of positions as text, made when they are looked at."""

    def __init__(self, length: int) -> None:
        self._numbers = range(length)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:  # type: ignore[override]
        found = self._numbers[place]
        return str(found) if isinstance(found, int) else tuple(map(str, found))
