"""Random heads of one random sequence: X·W_q and X·W_k, cut into heads."""

from __future__ import annotations

import math

import numpy as np

from ..attention import Floats, raw_scores
from .rows import BATCH, drawn


def batch_size(length: int, model: int, heads: int) -> int:
    """How many draws are made at once."""
    return max(BATCH // max((2 * model + length) * model, heads * length**2), 1)


def projected(seed: int, draws: range, length: int, model: int) -> tuple[Floats, Floats]:
    """Queries and keys of each draw before they are cut into heads: two (draws, n, d_model).

    X is N(0,1), (n, d_model); W_q and W_k have independent normal entries of variance 2/d_model.
    """
    numbers = drawn("projections", seed, draws.start, (len(draws), 2 * model + length, model))
    w_q, w_k, x = numbers[:, :model], numbers[:, model : 2 * model], numbers[:, 2 * model :]
    factor = np.float32(math.sqrt(2 / model))
    return x @ (w_q * factor), x @ (w_k * factor)


def head_scores(query: Floats, key: Floats, heads: int, shown: int = 0) -> Floats:
    """q·k/√d_k of the first `shown` of the heads, 0 for all: (draws, heads, n, n) of two (draws, n, d_model)."""
    parts = (array.reshape(*array.shape[:2], heads, -1).swapaxes(1, 2)[:, : shown or heads] for array in (query, key))
    return raw_scores(*parts) * np.float32(1 / math.sqrt(query.shape[-1] // heads))
