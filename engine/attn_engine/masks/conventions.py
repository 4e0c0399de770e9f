"""Where libraries differ about one and the same mask: windows, alignment, queries that see nothing, polarity.

Everything that can be computed is: rules are parsed and evaluated, outcomes come from float32 arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..experiment import ALIGNMENTS
from ..notation.evaluation import evaluate
from ..notation.grid import Align
from ..notation.parser import parse
from ..notation.plane import Plane
from ..notation.tree import Rule

MOST_CELLS = 2**22
"""Cells up to which the rows that differ are looked for in all queries; else in queries at even steps."""


# One window number.


@dataclass(frozen=True)
class Reading:
    """How one library reads a window number w.

    `rule` is in the notation, or empty where the number is refused; then `note` says why. `keys` are the indices that
    the chosen query sees; `differs` how many of the `compared` queries see other keys than in the first reading, and
    `first` is the first such query.
    """

    whose: str
    rule: str
    keys: tuple[int, ...]
    count: int
    differs: int
    compared: int
    first: int | None
    note: str = ""


MOST_KEYS = 4096
"""Keys of a reading that are listed; `count` counts all."""

Convention = tuple[str, str, Callable[[int, Plane], str]]


def _odd(number: int, _plane: Plane) -> str:
    return "" if number % 2 else f"{number} is even: the width has its query in the middle"


def _even(number: int, _plane: Plane) -> str:
    return f"{number} is odd: half of it goes to each side" if number % 2 else ""


def _neighbourhood(number: int, plane: Plane) -> str:
    if number < 2:
        return f"{number} is below 2"
    longest = min(plane.query_length, plane.key_length)
    if plane.query_length != plane.key_length:
        return f"{plane.query_length:,} queries and {plane.key_length:,} keys: they have to be as many"
    return f"{number:,} is more than the {longest:,} positions" if number > longest else ""


def _any(_number: int, _plane: Plane) -> str:
    return ""


_NATTEN = "0 <= k - min(max(q - {w} // 2, 0), K - {w}) < {w}"

WINDOWS: tuple[Convention, ...] = (
    ("Hugging Face causal, gpt-oss, xFormers LocalAttentionMask", "0 <= q - k < {w}", _any),
    ("attention-gym, axlearn, flash-attention (w, 0)", "0 <= q - k <= {w}", _any),
    ("Hugging Face bidirectional, flash-attention (w, w), attention-gym global", "abs(q - k) <= {w}", _any),
    ("xFormers local_1d_pattern", "abs(q - k) <= {w} // 2", _odd),
    ("Longformer attention_window", "abs(q - k) <= {w} // 2", _even),
    ("NATTEN kernel_size", _NATTEN, _neighbourhood),
)
"""Whose, the rule with {w} for the number, and what is wrong with a number in words, or nothing."""


def window_readings(window: int, plane: Plane, query: int) -> tuple[Reading, ...]:
    """Each library's reading of one window number, and the keys that the query (an index, from 0) sees in it.

    Raises ValueError for a window below 1 or a query that is not there.
    """
    if window < 1:
        raise ValueError(f"a window of {window}; it is at least 1")
    check_query(query, plane)
    reference = parse(WINDOWS[0][1].format(w=window))
    return tuple(_reading(row, window, plane, query, reference) for row in WINDOWS)


def check_query(query: int, plane: Plane) -> None:
    """Raise ValueError, naming what is possible, for a query that is not there."""
    if not 0 <= query < plane.query_length:
        raise ValueError(f"query {query}; possible are 0 … {plane.query_length - 1:,}")


def _reading(row: Convention, window: int, plane: Plane, query: int, reference: Rule) -> Reading:
    whose, template, refusal = row
    if note := refusal(window, plane):
        return Reading(whose, "", (), 0, 0, 0, None, note)
    rule = parse(template.format(w=window))
    seen = np.flatnonzero(_rows(rule, plane, np.array([query]))[0])
    queries = _compared(plane)
    differing = queries[_differing(rule, reference, plane, queries)]
    first = int(differing[0]) if differing.size else None
    keys = tuple(map(int, seen[:MOST_KEYS]))
    return Reading(whose, str(rule), keys, seen.size, differing.size, queries.size, first)


def _compared(plane: Plane) -> NDArray[np.int64]:
    rows = min(plane.query_length, max(MOST_CELLS // plane.key_length, 3))
    return np.linspace(0, plane.query_length - 1, rows).astype(np.int64)


def _differing(rule: Rule, reference: Rule, plane: Plane, queries: NDArray[np.int64]) -> NDArray[np.bool_]:
    if rule == reference:
        return np.zeros(queries.size, dtype=np.bool_)
    return np.asarray((_rows(rule, plane, queries) != _rows(reference, plane, queries)).any(axis=1))


def _rows(rule: Rule, plane: Plane, queries: NDArray[Any]) -> NDArray[np.bool_]:
    return np.broadcast_to(evaluate(rule, plane.grid(queries=queries)), (queries.size, plane.key_length))


# Alignment.


@dataclass(frozen=True)
class Alignment:
    """A rule under one alignment: pairs allowed, queries that see nothing, and who aligns so.

    `exact` tells whether all queries were looked at, or some at even steps; the numbers then are estimates.
    """

    align: Align
    sentence: str
    pairs: int
    blind: int
    first_blind: int | None
    exact: bool
    used_by: str


USED_BY: dict[Align, str] = {
    "left": "PyTorch SDPA is_causal, causal_upper_left, FlexAttention as it comes",
    "right": "flash-attention from 2.1, causal_lower_right, MLX, FlashInfer, Hugging Face with a cache",
}


def alignments(rule: Rule, plane: Plane) -> tuple[Alignment, ...]:
    """The rule aligned left and aligned right. They are the same where there are as many queries as keys.

    Raises RuleError where the rule has no value.
    """
    return tuple(_alignment(rule, replace(plane, align=align)) for align in USED_BY)


def _alignment(rule: Rule, plane: Plane) -> Alignment:
    queries = _compared(plane)
    allowed = _rows(rule, plane, queries)
    seen = allowed.sum(axis=1)
    blind = queries[seen == 0]
    share = plane.query_length / queries.size
    first = int(blind[0]) if blind.size else None
    return Alignment(
        plane.align,
        ALIGNMENTS[plane.align],
        round(int(seen.sum()) * share),
        round(blind.size * share),
        first,
        queries.size == plane.query_length,
        USED_BY[plane.align],
    )


# A query that sees nothing.


@dataclass(frozen=True)
class Outcome:
    """The weights of one row that sees nothing, (keys,) float32, and what they are in words."""

    how: str
    who: str
    weights: tuple[float, ...]
    effect: str


Floats = NDArray[np.float32]

SCORES = np.array([2.0, 1.0, 0.5, -1.0], dtype=np.float32)
"""The scores of the example's row."""

LOWEST = float(np.finfo(np.float32).min)


def _replaced(fill: float) -> Callable[[Floats], Floats]:
    return lambda scores: np.full_like(scores, fill)


def _added(number: float) -> Callable[[Floats], Floats]:
    return lambda scores: np.asarray(scores + np.float32(number))


BLIND: tuple[tuple[str, str, Callable[[Floats], Floats]], ...] = (
    ("scores become −∞", "PyTorch SDPA before 2.5, a masked_fill of −∞", _replaced(-math.inf)),
    ("scores become −3.4e38", "Flax; Hugging Face adds it, with the same end", _replaced(LOWEST)),
    ("scores become −1e9", "a masked_fill of −1e9, The Annotated Transformer", _replaced(-1e9)),
    ("−1e9 is added", "TensorFlow's tutorial Transformer", _added(-1e9)),
    ("−10000 is added", "BERT, BigBird", _added(-10_000)),
    ("−100 is added", "Swin", _added(-100)),
)
"""How such a row is masked, who does, and the scores it then has."""


def blind_outcomes(scores: Floats = SCORES) -> tuple[Outcome, ...]:
    """What a query that sees nothing gets, by each way of masking, computed in float32 for one row of scores."""
    unmasked = _softmax(scores)
    rows = [(how, who, _softmax(masked(scores))) for how, who, masked in BLIND]
    zeros = np.zeros_like(scores)
    rows.append(("the row is set to zeros", "here, flash-attention, PyTorch SDPA from 2.5", zeros))
    return tuple(Outcome(how, who, tuple(map(float, row)), _effect(row, unmasked)) for how, who, row in rows)


def _softmax(scores: Floats) -> Floats:
    with np.errstate(invalid="ignore", under="ignore"):
        powers = np.exp(scores - scores.max())
        return np.asarray(powers / powers.sum())


def _effect(row: Floats, unmasked: Floats) -> str:
    if np.isnan(row).any():
        return "NaN, which spreads to everything after it"
    if not row.any():
        return "looks nowhere: zeros"
    if np.allclose(row, 1 / row.size, rtol=1e-6):
        return "looks everywhere alike, the future included"
    if np.allclose(row, unmasked, rtol=1e-2):
        return "looks as if there were no mask"
    return "looks where it should not"


# Polarity.


@dataclass(frozen=True)
class Polarity:
    """What True means to some libraries."""

    true_means: str
    used_by: str
    note: str


POLARITIES = (
    Polarity("may look", "here, PyTorch SDPA, FlexAttention, Hugging Face, JAX", "False hides a key"),
    Polarity("must not look", "torch.nn.MultiheadAttention, nn.Transformer", "turn it over for SDPA: ~mask"),
)
