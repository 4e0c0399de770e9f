"""Attention learns where to look: copying the first token, trained by gradient descent with exact gradients.

The model has one attention distribution for all sequences, p = softmax(a/T) over the n positions, and a readout
R (v, v): the logits of a sequence x are Σ p_i·R[x_i]. The loss is the softmax cross-entropy of its first token,
averaged over all v^n sequences, so that nothing but a random start is random. With D (v, v^n), the derivative of the
loss to the logits, and G_i (v, v) its sums over all sequences with the same token at position i,

    ∂R = Σ p_i·G_i,    ∂p_i = Σ R∘G_i,    ∂a = p∘(∂p − p·∂p)/T.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .rows import drawn
from .settings import SCORE_PACE, LearningSettings, check_learning

Numbers = NDArray[np.float64]

START = 0.01
"""Standard deviation of a random start's numbers: weights within about 0.01 of 1/n."""

TIE = 1e-9
"""Logits this close, as a share of the largest, are equal but for rounding; of tied tokens the lowest is answered."""


@dataclass(frozen=True, eq=False)
class LearningState:
    """The model after `step` steps: `scores` a and `weights` p (n,), `readout` R (v, v), token by answer.

    `accuracy` is the share of all v^n sequences that are answered right, `loss` their mean cross-entropy in nats,
    `score_gradient` and `readout_gradient` the lengths (Euclidean, Frobenius) of the gradients to a and to R.
    """

    step: int
    scores: Numbers
    weights: Numbers
    readout: Numbers
    accuracy: float
    loss: float
    score_gradient: float
    readout_gradient: float


@dataclass(frozen=True, eq=False)
class Slope:
    """One pass forward and back over all sequences: `of_scores` (n,) and `of_readout` (v, v) are the gradients."""

    weights: Numbers
    accuracy: float
    loss: float
    of_scores: Numbers
    of_readout: Numbers


@dataclass(frozen=True)
class Example:
    """What the model answers to one sequence, and how probable it holds that answer."""

    sequence: tuple[int, ...]
    answer: int
    probability: float

    @property
    def right(self) -> bool:
        """Whether the answer is the first token."""
        return self.answer == self.sequence[0]


def learning(settings: LearningSettings) -> Iterator[LearningState]:
    """The model from step 0 to the last, each state computed when it is asked for.

    Raises FieldError, at once, for settings that cannot be had.
    """
    check_learning(settings)
    return _steps(settings)


def _steps(settings: LearningSettings) -> Iterator[LearningState]:
    scores, readout = start(settings)
    for step in range(settings.steps + 1):
        slope = slope_at(scores, readout, settings.temperature)
        lengths = (float(np.linalg.norm(gradient)) for gradient in (slope.of_scores, slope.of_readout))
        for array in (scores, slope.weights, readout):
            array.flags.writeable = False
        yield LearningState(step, scores, slope.weights, readout, slope.accuracy, slope.loss, *lengths)
        scores = scores - settings.rate * SCORE_PACE * slope.of_scores
        readout = readout - settings.rate * slope.of_readout


def start(settings: LearningSettings) -> tuple[Numbers, Numbers]:
    """The scores (n,) and the readout (v, v) before the first step."""
    n, v = settings.length, settings.vocabulary
    if settings.start == "zero":
        return np.zeros(n), np.zeros((v, v))
    (numbers,) = START * drawn("learning", settings.seed, 0, (1, n + v * v)).astype(np.float64)
    return numbers[:n], numbers[n:].reshape(v, v)


def slope_at(scores: Numbers, readout: Numbers, temperature: float) -> Slope:
    """Loss, accuracy and gradients for scores (n,) and a readout (v, v), exactly, over all v^n sequences."""
    n, v = len(scores), len(readout)
    weights = _softmax(scores / temperature)
    logits = _logits(weights, readout)  # (v, v^n)
    below = logits - logits.max(axis=0)
    firsts = np.arange(v)
    right = below.reshape(v, v, -1)[firsts, firsts]  # (v, v^(n−1)): of the first tokens, in the order of sequences
    answers = _lowest_tied(below, float(np.abs(logits).max()))
    accuracy = float(np.mean(answers.reshape(v, -1) == firsts[:, None]))
    p = np.exp(below)
    totals = p.sum(axis=0)
    loss = float((np.log(totals) - right.ravel()).mean())
    p /= totals
    p.reshape(v, v, -1)[firsts, firsts] -= 1
    p /= v**n
    sums = _sums(p, n)
    of_weights = np.einsum("iat,ta->i", sums, readout)
    of_scores = weights * (of_weights - weights @ of_weights) / temperature
    return Slope(weights, accuracy, loss, of_scores, np.einsum("i,iat->ta", weights, sums))


def _softmax(scores: Numbers) -> Numbers:
    p = np.exp(scores - scores.max())
    return np.asarray(p / p.sum())


def _logits(weights: Numbers, readout: Numbers) -> Numbers:
    """Σ p_i·R[x_i] of all sequences, the first token the slowest: (v, v^n)."""
    by_answer = np.ascontiguousarray(readout.T)[:, :, None]  # as a view, it would make all that follows slow
    logits = np.zeros((len(readout), 1))
    for weight in weights[::-1]:
        logits = (weight * by_answer + logits[:, None]).reshape(len(readout), -1)
    return logits


def _lowest_tied(below: Numbers, size: float) -> NDArray[np.intp]:
    """The answer to each sequence, of logits less their largest (v, …): the lowest token of those at the top."""
    return np.argmax(below >= -TIE * size, axis=0)


def _sums(slopes: Numbers, n: int) -> Numbers:
    """D (v, v^n) summed over all sequences with the same token at position i: (n, v, v), position, answer, token."""
    v = len(slopes)
    sums = np.empty((n, v, v))
    for position in range(n):
        by_token = slopes.reshape(v, v, -1)
        by_token.sum(axis=2, out=sums[position])
        slopes = by_token.sum(axis=1)
    return sums


def examples(state: LearningState, count: int = 6, seed: int = 0) -> tuple[Example, ...]:
    """The model's answers to some random sequences, the same ones at every step."""
    shape = count, len(state.weights)
    sequences = np.random.default_rng(seed).integers(len(state.readout), size=shape)
    return tuple(answer(state, tuple(sequence)) for sequence in sequences.tolist())


def answer(state: LearningState, sequence: tuple[int, ...]) -> Example:
    """The model's answer to one sequence of n tokens, 0 … v − 1; the lowest of those it holds equally probable."""
    logits = state.weights @ state.readout[list(sequence)]
    chosen = int(_lowest_tied(logits - logits.max(), float(np.abs(logits).max())))
    return Example(sequence, chosen, float(_softmax(logits)[chosen]))
