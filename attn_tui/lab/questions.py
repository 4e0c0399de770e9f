"""Questions about a mask that take several of the engine's answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attn_engine import Plane, Rule, evaluate, reach, row_counts

MOST_REACHED = 2048
"""Positions up to which the reach is drawn as a whole."""


def row_range(rule: Rule, plane: Plane) -> tuple[int, int] | None:
    """The fewest and the most keys that a query sees; None where the rule's structure does not tell."""
    rows = row_counts(rule, plane)
    return None if rows is None else (int(rows.min()), int(rows.max()))


def reach_shares(rule: Rule, plane: Plane, layers: int, side: int) -> NDArray[np.float32] | None:
    """The share of each of side × side cells that is reached after some layers; None for masks that are too long.

    Raises ValueError where there are not as many queries as keys.
    """
    length = plane.query_length
    if max(length, plane.key_length) > MOST_REACHED:
        return None
    allowed = np.broadcast_to(evaluate(rule, plane.grid()), (length, plane.key_length))
    reached = reach(allowed, layers)
    edges = np.unique(np.linspace(0, length, min(side, length) + 1).astype(np.int64))
    starts, sizes = edges[:-1], np.diff(edges)
    sums = np.add.reduceat(np.add.reduceat(reached, starts, axis=0, dtype=np.int64), starts, axis=1)
    return (sums / (sizes[:, None] * sizes[None, :])).astype(np.float32)
