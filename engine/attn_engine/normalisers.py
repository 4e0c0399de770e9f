"""From scores to weights: softmax and its relatives.

Every function takes scores of shape (…, queries, keys), the temperature that divides them, and `mask`: True
where a query may look, broadcastable to the scores. It returns weights of the scores' shape and type, zero
where the mask is False, and a row of zeros where a query may see nothing. Scores of any size are safe: what
does not fit is shifted before it is divided. A name in `experiment.NORMALISERS` is a function here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]


def softmax(scores: Floats, mask: Mask, temperature: float = 1.0) -> Floats:
    """exp(s) over the sum of exp(s) of the keys seen (Vaswani et al. 2017, arXiv 1706.03762)."""
    exponentials, _ = _exponentials(scores, mask, temperature)
    return _divide(exponentials, exponentials.sum(axis=-1, keepdims=True))


def softmax1(scores: Floats, mask: Mask, temperature: float = 1.0) -> Floats:
    """Softmax with one more exp(0) in the sum, so that a head may look nowhere (E. Miller 2023)."""
    return sink_logit(scores, mask, temperature, logit=0.0)


def sink_logit(scores: Floats, mask: Mask, temperature: float = 1.0, logit: float = 0.0) -> Floats:
    """Softmax with one learned logit more, then dropped: rows sum to less than 1 (gpt-oss, arXiv 2508.10925)."""
    exponentials, top = _exponentials(scores, mask, temperature)
    with np.errstate(over="ignore"):
        sink = np.exp(logit - top.astype(np.float64) / temperature)
    return _divide(exponentials, exponentials.sum(axis=-1, keepdims=True) + sink)


def sigmoid(scores: Floats, mask: Mask, temperature: float = 1.0) -> Floats:
    """σ(s − ln n) for n keys, without competition between them (Ramapuram et al. 2024, arXiv 2409.04431)."""
    with np.errstate(over="ignore"):
        cooled = np.divide(scores, _divisor(temperature, scores), out=np.empty_like(scores))
        weights = 1 / (1 + np.exp(scores.dtype.type(math.log(scores.shape[-1])) - cooled))
    return np.where(mask, weights, scores.dtype.type(0))


def sparsemax(scores: Floats, mask: Mask, temperature: float = 1.0) -> Floats:
    """The nearest point of the simplex, with exact zeros (Martins & Astudillo 2016, arXiv 1602.02068)."""
    below = np.maximum(_below_top(scores, mask, temperature)[0], -2)  # at −1 and less a weight is zero anyway
    descending = -np.sort(-below, axis=-1)
    excess = np.cumsum(descending, axis=-1) - 1
    counts = np.arange(1, scores.shape[-1] + 1, dtype=scores.dtype)
    support = np.count_nonzero(descending * counts > excess, axis=-1, keepdims=True)
    threshold = np.take_along_axis(excess, support - 1, axis=-1) / support.astype(scores.dtype)
    return np.where(mask, np.maximum(below - threshold, 0), scores.dtype.type(0))


def _below_top(scores: Floats, mask: Mask, temperature: float) -> tuple[Floats, Floats]:
    """(s − the row's greatest visible s) / temperature, −∞ where masked; and that greatest s, 0 in empty rows."""
    visible = np.where(mask, scores, -np.inf).astype(scores.dtype, copy=False)
    top = visible.max(axis=-1, keepdims=True)
    top = np.where(np.isneginf(top), scores.dtype.type(0), top)
    with np.errstate(over="ignore", invalid="ignore"):
        visible -= top
        if temperature != 1:
            visible /= _divisor(temperature, scores)
    return visible, top


def _divisor(temperature: float, scores: Floats) -> np.floating[Any]:
    """The temperature as a number of the scores' type, or float64 where that type cannot hold it."""
    limits = np.finfo(scores.dtype)
    fits = float(limits.tiny) <= temperature <= float(limits.max)
    return scores.dtype.type(temperature) if fits else np.float64(temperature)


def _exponentials(scores: Floats, mask: Mask, temperature: float) -> tuple[Floats, Floats]:
    below, top = _below_top(scores, mask, temperature)
    return np.exp(below, out=below), top


def _divide(numerators: Floats, totals: Floats) -> Floats:
    """Rows divided by their totals, in place; rows whose total is zero stay zero."""
    with np.errstate(over="ignore"):
        divisors = totals.astype(numerators.dtype)
    np.divide(numerators, divisors, out=numerators, where=divisors != 0)
    return numerators
