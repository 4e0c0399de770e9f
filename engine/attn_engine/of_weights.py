"""Attention of captured weights alone, and what would be with other knobs.

Softmax weights fix the scores up to a constant in each row, so that a further mask, a temperature and what is added
to the scores give new weights without the model: p′ ∝ (p·exp(bias))^(1/τ)·m.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from .attention import Attention
from .captured import Floats, Mask
from .experiment import FieldError
from .fast.pool import Rows, by_rows
from .normalisers import softmax
from .notation import Grid, Rule, evaluate


def log_weights(weights: Floats) -> Floats:
    """ln p, the scores up to a constant in each row: −∞ where p is 0, NaN where it is none."""
    logs = np.empty_like(weights)

    def fill(rows: Rows) -> None:
        np.log(weights[rows], out=logs[rows])

    by_rows(fill, weights.shape)
    return logs


class OfWeights(Attention):
    """Attention of weights alone, as they are: its scores are their logarithms, made when they are asked for."""

    def __init__(self, **known: Any) -> None:
        vars(self).update({"projected": None, "scale": 1.0, "temperature": 1.0} | known)

    @cached_property
    def _logs(self) -> Floats:
        return log_weights(self.weights)

    scores = scaled = modified = property(lambda self: self._logs)

    def scores_at(self, head: int, query: int, key: int) -> dict[str, float]:
        """The logarithm of one weight, without those of all."""
        return {"scores": float(log_weights(self.weights[head : head + 1, query, key])[0])}


def check_additive(score_mod: Rule) -> None:
    """Raise FieldError for a score mod that does more than add to the score, which ln p does not allow."""
    samples = [np.full((1, 4, 4), at, dtype=np.float64) for at in (0.0, 1.0, -2.5)]
    values = [evaluate(score_mod, Grid.of(4, 4, 1, scores=sample)) - sample for sample in samples]
    if not all(np.allclose(value, values[0]) for value in values[1:]):
        possible = "only rules that add to s are possible, such as s - abs(q - k)"
        raise FieldError("score_mod", f"{score_mod}: without query and key {possible}")


def reweighed(modified: Floats, mask: Mask, temperature: float) -> Floats:
    """p′ ∝ exp(modified/τ)·m from scores that are ln p plus what was added; rows with NaN or ∞ are NaN."""
    known = np.isfinite(modified)
    weights = softmax(np.where(known, modified, 0), mask & known, temperature)
    broken = (np.isnan(modified) | np.isposinf(modified)).any(axis=-1, keepdims=True)
    return np.where(broken, np.float32(np.nan), weights) if broken.any() else weights


def causal_pairs(queries: int, keys: int) -> Mask:
    """What the last queries of a causal model see."""
    return np.tri(queries, keys, keys - queries, dtype=np.bool_)
