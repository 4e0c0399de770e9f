"""The softmax of many matrices at once: the entropy of each row, and how much of its gradient is left."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..attention import Floats, Mask, mask_array
from ..experiment import FieldError
from ..fast.pool import WORTH, shared
from ..measures import entropy_ceiling

BATCH = 2**19
"""Numbers drawn, or scores made, at once: some megabytes, about a hundredth of a second."""

FAINT = np.float32(-28)
"""Scores so far below the top count as this far: e^−28 changes no figure, and smaller numbers are slow."""


LIMITS = np.finfo(np.float32)


def softmax_rows(scores: Floats, mask: Mask, temperature: float = 1.0) -> tuple[NDArray[Any], NDArray[Any]]:
    """Entropy in nats, and the Frobenius norm of the softmax's Jacobian, of each row: both (…, queries) float64.

    The Jacobian is J = diag(p) − p·pᵀ, so that |J|² = Σp² − 2·Σp³ + (Σp²)². Each query sees at least one key.
    """
    masked = not mask.all()
    visible = np.where(mask, scores, np.float32(-np.inf)) if masked else scores
    below = visible - visible.max(axis=-1, keepdims=True)
    if temperature != 1:
        with np.errstate(over="ignore"):
            below /= np.clip(temperature, LIMITS.tiny, LIMITS.max).astype(np.float32)
    np.maximum(below, FAINT, out=below)
    p = np.exp(below).astype(np.float64)
    if masked:
        p *= mask
    totals = p.sum(axis=-1, keepdims=True)
    p /= totals
    entropy = np.log(totals[..., 0]) - _dots(p, below)
    squared = p * p
    squares = squared.sum(axis=-1)
    norm = squares - 2 * _dots(squared, p) + squares**2
    return np.maximum(entropy, 0), np.sqrt(np.maximum(norm, 0))


def _dots(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.einsum("...k,...k->...", left, right))


def row_means(rows: NDArray[Any]) -> NDArray[np.float64]:
    """The means over the last axis, summed in the same order however many draws there are."""
    return np.asarray(np.ascontiguousarray(rows).mean(axis=-1, dtype=np.float64))


def study_mask(rule: str, heads: int, length: int) -> Mask:
    """The rule's mask over n queries and keys, (n, n) or (heads, n, n).

    Raises RuleError for a mistake in the rule, FieldError where some head's queries all see nothing.
    """
    mask = mask_array(rule, (heads, length, length))
    if not mask.any(axis=(-1, -2)).all():
        where = f"in one of {heads} heads " if heads > 1 else ""
        raise FieldError("mask", f"{rule}: {where}no query of {length} sees any key, so there is nothing to average")
    return mask


def mean_ceiling(mask: Mask) -> float:
    """The mean over queries of ln(keys seen), in nats: the largest mean entropy. Queries that see nothing are out."""
    return float(np.nanmean(entropy_ceiling(mask)))


def drawn(name: str, seed: int, first: int, shape: tuple[int, ...]) -> Floats:
    """N(0,1) numbers of the draws from `first` on, (draws, …) float32, each from a stream of its own.

    So a draw is the same in whatever batch, and one with more along its first axis begins with the same numbers.
    """
    numbers = np.empty(shape, dtype=np.float32)

    def fill(at: int) -> None:
        stream = np.random.default_rng([zlib.crc32(name.encode()), seed, first + at])
        stream.standard_normal(dtype=np.float32, out=numbers[at])

    shared(fill, range(len(numbers)), apart=numbers.size >= WORTH)
    return numbers
