"""Attention once more, by the textbook: plain loops over plain floats, one number at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Row = list[float]
Seen = Sequence[bool]
Normaliser = Callable[[Row, Seen], Row]


class Stages(NamedTuple):
    """Nested lists: all but the output are [head][query][key], the output is [head][query][column]."""

    scores: list[list[Row]]
    scaled: list[list[Row]]
    modified: list[list[Row]]
    weights: list[list[Row]]
    output: list[list[Row]]


def attend(
    query: Any,
    key: Any,
    value: Any,
    *,
    factor: float,
    score_mod: Callable[[float, int, int, int], float] = lambda s, h, q, k: s,
    temperature: float = 1.0,
    sees: Callable[[int, int, int], bool] = lambda h, q, k: True,
    normaliser: Normaliser | None = None,
    shift: int = 0,
) -> Stages:
    """Nested lists in, [head][position][column]; query i stands at position i + shift."""
    normalise = normaliser or softmax
    stages = Stages([], [], [], [], [])
    for h, rows in enumerate(query):
        keys, values = (side[h * len(key) // len(query)] for side in (key, value))
        for stage in stages:
            stage.append([])
        for q, vector in enumerate(rows, start=shift):
            scores = [math.fsum(a * b for a, b in zip(vector, other, strict=True)) for other in keys]
            scaled = [score * factor for score in scores]
            modified = [score_mod(score, h, q, k) for k, score in enumerate(scaled)]
            seen = [sees(h, q, k) for k in range(len(keys))]
            weights = normalise([score / temperature for score in modified], seen)
            output = [
                math.fsum(w * x for w, x in zip(weights, column, strict=True)) for column in zip(*values, strict=True)
            ]
            for stage, row in zip(stages, (scores, scaled, modified, weights, output), strict=True):
                stage[h].append(row)
    return stages


def softmax(row: Row, seen: Seen) -> Row:
    total = math.fsum(math.exp(s) for s, see in zip(row, seen, strict=True) if see)
    return [math.exp(s) / total if see else 0.0 for s, see in zip(row, seen, strict=True)]


def sink_logit(logit: float) -> Normaliser:
    def normalise(row: Row, seen: Seen) -> Row:
        return softmax([*row, logit], [*seen, True])[:-1]

    return normalise


def sigmoid(row: Row, seen: Seen) -> Row:
    return [1 / (1 + len(row) * math.exp(-s)) if see else 0.0 for s, see in zip(row, seen, strict=True)]


def sparsemax(row: Row, seen: Seen) -> Row:
    """max(s − t, 0), where t, found by halving, is the number that makes these sum to 1."""
    visible = [s for s, see in zip(row, seen, strict=True) if see]
    if not visible:
        return [0.0] * len(row)
    low, high = max(visible) - 1, max(visible)
    for _ in range(60):
        middle = (low + high) / 2
        if math.fsum(max(s - middle, 0) for s in visible) > 1:
            low = middle
        else:
            high = middle
    return [max(s - high, 0) if see else 0.0 for s, see in zip(row, seen, strict=True)]


NORMALISERS: dict[str, Normaliser] = {
    "softmax": softmax,
    "softmax1": sink_logit(0.0),
    "sink_logit(1.5)": sink_logit(1.5),
    "sigmoid": sigmoid,
    "sparsemax": sparsemax,
}
"""Each as it is typed."""


def entropy(row: Sequence[float]) -> float:
    """−Σ p·ln p of the row divided by its sum, in nats; NaN for a row without weight."""
    total = math.fsum(row)
    return math.fsum(-w / total * math.log(w / total) for w in row if w > 0) if total > 0 else math.nan


def cosine(a: Sequence[float], b: Sequence[float]) -> float:
    """The cosine of the angle between two vectors; 0 where one has no length."""
    size = math.hypot(*a) * math.hypot(*b)
    return math.fsum(x * y for x, y in zip(a, b, strict=True)) / size if size else 0.0
