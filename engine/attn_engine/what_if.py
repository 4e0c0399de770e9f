"""What a what-if on captured weights cannot know: how exact it is, zeros, and weights that their type rounds most."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .captured import Captured, Mask
from .of_weights import causal_pairs


def error_bound(captured: Captured, temperature: float) -> float:
    """How far, relatively, a new weight may lie from what exact weights would give, at a temperature.

    Both p and the sum of its row are rounded: p·(1 ± u) over Σp·(1 ∓ u), to the power of 1/τ.
    """
    rounding = captured.precision
    try:
        return math.expm1(math.log((1 + rounding) / (1 - rounding)) / temperature)
    except OverflowError:
        return math.inf


@dataclass(frozen=True)
class Losses:
    """Weights of a head that a query may look at and that are not known as exactly as the others, by how many.

    Of `zeros` it is not known what they were. `causal` are zeros beyond the query's own place in a layer that has
    nothing else there, which is taken for a causal mask. `rough` are above 0, but too small for all their digits.
    """

    zeros: int
    causal: int
    rough: int


@np.errstate(invalid="ignore")
def losses(captured: Captured, head: int, mask: Mask) -> Losses:
    """What is lost of one of the heads of a layer under a mask (queries, keys); nothing where it can be recomputed."""
    if captured.weights is None:
        return Losses(0, 0, 0)
    weights = captured.weights[head]
    zeros, beyond = (weights == 0) & mask, ~causal_pairs(*weights.shape)
    causal = 0 if captured.weights[:, beyond].any() else int(np.count_nonzero(zeros & beyond))
    rough = np.count_nonzero((weights > 0) & (weights < captured.least_normal) & mask)
    return Losses(int(np.count_nonzero(zeros)) - causal, causal, int(rough))
