"""Why scores are divided by √d_k (Vaswani et al. 2017, arXiv 1706.03762, 3.2.1): many draws of random attention.

One draw has as many columns as the widest d_k; the first d of them serve d_k = d, and the scores of a wider d_k are
those of the narrower one plus the product of the columns between.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..attention import Floats, Mask, weigh
from .estimates import Estimate, estimate
from .rows import BATCH, drawn, mean_ceiling, row_means, softmax_rows, study_mask
from .settings import PUBLISHED_SCALED, PUBLISHED_UNSCALED, ScalingSettings, check_scaling, is_protocol

ENTROPY, SCALED_ENTROPY, JACOBIAN, SCALED_JACOBIAN, SCORE, SQUARE = range(6)


@dataclass(frozen=True)
class SoftmaxFigures:
    """What one kind of scores does to the softmax.

    `entropy` in nats, the mean over queries; `deviation`, the standard deviation of the scores; `jacobian`, the mean
    Frobenius norm of diag(p) − p·pᵀ over queries and draws: what is left of the gradient.
    """

    entropy: Estimate
    deviation: float
    jacobian: float


@dataclass(frozen=True)
class ScalingRow:
    """One d_k: the softmax of q·k, and of q·k/√d_k."""

    head_dim: int
    unscaled: SoftmaxFigures
    scaled: SoftmaxFigures


@dataclass(frozen=True, eq=False)
class ScalingStudy:
    """The study after some draws: `values` is (draws so far, d_k, 6), `ceiling` the mean of ln(keys seen), nats."""

    settings: ScalingSettings
    values: NDArray[np.float64]
    ceiling: float

    @property
    def done(self) -> int:
        """How many draws there are."""
        return len(self.values)

    @cached_property
    def rows(self) -> tuple[ScalingRow, ...]:
        """A row for each d_k, in the settings' order."""
        return tuple(self._row(at, head_dim) for at, head_dim in enumerate(self.settings.head_dims))

    def _row(self, at: int, head_dim: int) -> ScalingRow:
        known = is_protocol(self.settings)
        plain, scaled = (table.get(head_dim) if known else None for table in (PUBLISHED_UNSCALED, PUBLISHED_SCALED))
        values = self.values[:, at].T
        means = values.mean(axis=-1).tolist()
        deviation = math.sqrt(max(means[SQUARE] - means[SCORE] ** 2, 0))
        return ScalingRow(
            head_dim,
            SoftmaxFigures(estimate(values[ENTROPY], plain), deviation, means[JACOBIAN]),
            SoftmaxFigures(
                estimate(values[SCALED_ENTROPY], scaled), deviation / math.sqrt(head_dim), means[SCALED_JACOBIAN]
            ),
        )


def scaling_weights(settings: ScalingSettings, head_dim: int) -> tuple[Floats, Floats]:
    """The weights of the study's first draw at one d_k, of q·k and of q·k/√d_k: two (queries, keys).

    Raises FieldError or RuleError as the study does.
    """
    check_scaling(replace(settings, head_dims=(head_dim,)))
    x = drawn("scaling", settings.seed, 0, (1, head_dim, 2, settings.length))[0]
    scores: Floats = x[:, 0].T @ x[:, 1]
    mask = study_mask(settings.mask, 1, settings.length)
    plain, scaled = (
        weigh(kind[None], mask, settings.temperature, "softmax")[0]
        for kind in (scores, scores * np.float32(1 / math.sqrt(head_dim)))
    )
    return plain, scaled


def scaling_study(settings: ScalingSettings, batch: int = 0) -> Iterator[ScalingStudy]:
    """The study after each batch of draws, the last one whole; whoever has seen enough stops asking.

    Draws are the same whatever the batch, 0 for one that fits the caches, and however many follow them. Raises
    FieldError or RuleError, at once, for settings that cannot be had.
    """
    check_scaling(settings)
    mask = study_mask(settings.mask, 1, settings.length)
    mask = mask if mask.ndim == 2 else mask[0]
    return _batches(settings, mask, batch or _batch_size(settings))


def _batches(settings: ScalingSettings, mask: Mask, batch: int) -> Iterator[ScalingStudy]:
    values = np.empty((settings.draws, len(settings.head_dims), 6))
    ceiling = mean_ceiling(mask)
    for first in range(0, settings.draws, batch):
        last = min(first + batch, settings.draws)
        _fill(values[first:last], settings, mask, first)
        so_far = values[:last]
        so_far.flags.writeable = False
        yield ScalingStudy(settings, so_far, ceiling)


def _batch_size(settings: ScalingSettings) -> int:
    numbers = settings.length * max(2 * max(settings.head_dims), settings.length)
    return max(BATCH // numbers, 1)


def _fill(values: NDArray[Any], settings: ScalingSettings, mask: Mask, first: int) -> None:
    """Compute the draws from `first` on into `values`, (draws, d_k, 6)."""
    widest, seen = max(settings.head_dims), mask.any(axis=-1)
    x = drawn("scaling", settings.seed, first, (len(values), widest, 2, settings.length))
    query, key = np.swapaxes(x[:, :, 0], -1, -2), x[:, :, 1]  # (draws, queries, columns), (draws, columns, keys)
    query, mask = query[:, seen], mask[seen]
    scores: Floats = np.zeros(1, dtype=np.float32)
    column = 0
    for at, head_dim in sorted(enumerate(settings.head_dims), key=lambda pair: pair[1]):
        scores = scores + query[..., column:head_dim] @ key[:, column:head_dim]
        column = head_dim
        values[:, at] = _figures(scores, mask, settings.temperature, head_dim).T


def _figures(scores: Floats, mask: Mask, temperature: float, head_dim: int) -> NDArray[np.float64]:
    """The six numbers of each draw's scores (draws, queries, keys): (6, draws)."""
    kinds = (scores, scores * np.float32(1 / math.sqrt(head_dim)))
    (plain, scaled), (jacobian, scaled_jacobian) = zip(
        *(softmax_rows(kind, mask, temperature) for kind in kinds), strict=True
    )
    pairs = np.count_nonzero(mask)
    allowed = scores if mask.all() else scores * mask
    square = np.einsum("dqk,dqk->d", allowed, allowed, dtype=np.float64)
    score = allowed.sum(axis=(-1, -2), dtype=np.float64)
    means = (row_means(rows) for rows in (plain, scaled, jacobian, scaled_jacobian))
    return np.stack([*means, score / pairs, square / pairs])
