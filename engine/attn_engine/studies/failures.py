"""How attention fails: the weights of one query where nothing is wrong, and in each case where something is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..attention import Floats, scale_factor, weigh
from ..experiment import SCALED, UNSCALED, Scale
from .rows import drawn, softmax_rows
from .settings import FailureSettings, check_failures

WIDEST = 256
CANDIDATES = 25
"""Queries drawn, of which a typical one is shown: the median by how far its best key is ahead of the next."""

LENGTHS = (1024, 16_384, 131_072, 1_048_576)
FLOAT_BYTES = 4


@dataclass(frozen=True)
class ScoreMemory:
    """What the scores of one head take, n × n float32, if they are all kept."""

    length: int
    bytes: int


@dataclass(frozen=True, eq=False)
class Failure:
    """One case: what happens, in a sentence, and a note on what it means or what helps.

    `weights` (n,) are those of one query; `entropy` and its `ceiling` ln n in nats; `jacobian` the Frobenius norm of
    diag(p) − p·pᵀ, what is left of the gradient. Where it is about memory, `weights` is empty and the figures NaN.
    """

    name: str
    sentence: str
    weights: Floats
    entropy: float
    ceiling: float
    jacobian: float
    note: str
    memory: tuple[ScoreMemory, ...] = ()
    temperature: float = 1.0

    @property
    def gradient(self) -> float:
        """What of a gradient with respect to the weights reaches the scores, at most: the Jacobian's norm over T."""
        return self.jacobian / self.temperature


@dataclass(frozen=True)
class Case:
    """How one query's weights are made, and what is said of them."""

    name: str
    sentence: str
    note: str
    head_dim: int = 64
    scale: Scale = SCALED
    temperature: float = 1.0
    equal: bool = False


CASES = (
    Case(
        "healthy",
        "Better matches get more weight, but no key gets everything: what is learned next can still move the weights.",
        "For comparison: d_k 64, scores divided by √d_k, temperature 1.",
    ),
    Case(
        "no scaling",
        "With vectors of 256 numbers the scores spread √256 = 16 times as far: one key takes nearly all the weight.",
        "Hardly any gradient is left to change that. Dividing the scores by √d_k helps.",
        head_dim=WIDEST,
        scale=UNSCALED,
    ),
    Case(
        "temperature too low",
        "Divided by a temperature of 0.01, scores lie 100 times as far apart: one key takes nearly all the weight.",
        "The same query and keys as the healthy ones. Hardly any gradient is left; a temperature near 1 helps.",
        temperature=0.01,
    ),
    Case(
        "temperature too high",
        "Divided by a temperature of 50, all scores are nearly the same: every key gets about as much, and the query "
        "no longer chooses.",
        "The same query and keys as the healthy ones. The gradient that reaches the scores is divided by 50, too.",
        temperature=50.0,
    ),
    Case(
        "equal queries and keys",
        "Where all positions are the same, all scores are equal: every key gets exactly as much.",
        "So it is with one token repeated and no position codes. The output is the plain mean of the values.",
        equal=True,
    ),
)

TOO_LONG = (
    "sequence too long",
    "Every query is compared with every key, so twice the length takes four times the memory.",
    "The scores of one head, float32. FlashAttention (arXiv 2205.14135) never keeps them all; a local mask has fewer.",
)


def failures(settings: FailureSettings) -> tuple[Failure, ...]:
    """The healthy case first, then each way to fail, computed for n keys.

    Raises FieldError for settings that cannot be had.
    """
    check_failures(settings)
    (numbers,) = drawn("failures", settings.seed, 0, (1, WIDEST, CANDIDATES + settings.length))
    vectors = np.ascontiguousarray(numbers.T)  # (queries and keys, columns)
    return (*(_failure(case, vectors[:CANDIDATES], vectors[CANDIDATES:]) for case in CASES), _too_long())


def _failure(case: Case, queries: Floats, keys: Floats) -> Failure:
    scores = _scores(case, queries, keys)[None]  # (1, keys)
    mask = np.ones(scores.shape, dtype=np.bool_)
    weights = weigh(scores[None], mask, case.temperature, "softmax")[0, 0]
    entropy, jacobian = softmax_rows(scores, mask, case.temperature)
    ceiling = float(np.log(len(weights)))
    figures = float(entropy[0]), ceiling, float(jacobian[0])
    return Failure(case.name, case.sentence, weights, *figures, case.note, temperature=case.temperature)


def _scores(case: Case, queries: Floats, keys: Floats) -> Floats:
    """The scores of a typical query, (keys,), by sums of products that are the same for the same numbers."""
    if case.equal:
        keys = np.broadcast_to(queries[0], keys.shape)
        queries = queries[:1]
    factor = np.float32(scale_factor(case.scale, case.head_dim))
    scores = (queries[:, None, : case.head_dim] * keys[:, : case.head_dim]).sum(axis=-1) * factor
    highest = np.sort(scores, axis=-1)
    order = np.argsort(highest[:, -1] - highest[:, -2], kind="stable")
    return np.asarray(scores[order[len(order) // 2]])


def _too_long() -> Failure:
    memory = tuple(ScoreMemory(length, length**2 * FLOAT_BYTES) for length in LENGTHS)
    name, sentence, note = TOO_LONG
    nan = float("nan")
    return Failure(name, sentence, np.empty(0, dtype=np.float32), nan, nan, nan, note, memory)
