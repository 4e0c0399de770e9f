"""How alike heads are, and what random heads under the same settings would give."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import attention as stages
from .attention import Attention, Floats, Mask
from .experiment import Experiment
from .measures import finite_rows
from .notation import Kind, RuleError, parse

RANDOM_MODEL = 64
"""The width of the random sequence that random heads project: the protocol's d_model."""

RANDOM_CELLS = 2**18
"""How many scores, about, are drawn for random heads: enough for ±0.01, a few milliseconds a change."""

RANDOM_NUMBERS = 2**21
"""How many numbers of their projections are drawn."""

RANDOM_WIDTH = 128
"""The d_k up to which they are drawn; from there on scores only grow, as √d_k."""

RANDOM_FIELDS = ("scale", "temperature", "mask", "score_mod", "normaliser", "align")
"""The fields of an experiment that decide how alike random heads are."""

MOST_RANDOM_PAIRS = 2**20
"""Pairs of positions above which no random heads are drawn."""


@np.errstate(invalid="ignore", over="ignore")
def similarity(weights: Floats) -> NDArray[np.float64]:
    """The cosine similarity of each pair of heads' flattened weights: (…, heads, heads).

    Of two heads the queries count at which the weights of both are finite; NaN where there is none. 0 beside a head
    that is empty there.
    """
    flat = _flat(weights)
    products = _products(flat)
    if np.isfinite(products).all():
        return _cosines(products, np.sqrt(np.diagonal(products, axis1=-2, axis2=-1))[..., None])
    finite = finite_rows(weights)
    flat = _flat(np.where(finite[..., None], weights, 0))
    alike = _cosines(_products(flat), _lengths_at(flat.reshape(weights.shape), finite))
    return np.where(_together(finite) > 0, alike, np.nan)


def _flat(weights: Floats) -> Floats:
    """The weights of each head in a row, its largest 1, so that the squares of small ones are not zero."""
    flat = weights.reshape(*weights.shape[:-2], -1)
    largest = np.maximum(flat.max(axis=-1, keepdims=True), -flat.min(axis=-1, keepdims=True))
    return flat / np.where(largest > 0, largest, 1)


def _products(flat: Floats) -> NDArray[np.float64]:
    return (flat @ np.swapaxes(flat, -1, -2)).astype(np.float64)


def _cosines(products: NDArray[np.float64], lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Products over the lengths of both heads, one for each head or for each pair: (…, heads, 1 or heads)."""
    scale = lengths * np.swapaxes(lengths, -1, -2)
    return np.clip(np.divide(products, scale, out=np.zeros_like(products), where=scale > 0), -1, 1)


def _lengths_at(flat: Floats, finite: Mask) -> NDArray[np.float64]:
    """The length of each head at the queries at which another is finite: (…, heads, heads)."""
    squares = np.einsum("...qk,...qk->...q", flat, flat).astype(np.float64)
    return np.sqrt(squares @ np.swapaxes(finite, -1, -2))


def compared_queries(weights: Floats) -> NDArray[np.int64]:
    """At how many queries the weights of both heads of each pair are finite, (…, heads, heads)."""
    return _together(finite_rows(weights))


def _together(finite: Mask) -> NDArray[np.int64]:
    counts = finite.astype(np.int64)
    return counts @ np.swapaxes(counts, -1, -2)


def mean_similarity(similarities: NDArray[np.floating[Any]]) -> float:
    """The mean over all pairs of different heads that have any; NaN where none has, 1 for a single head."""
    heads = similarities.shape[-1]
    first, second = np.triu_indices(heads, 1)
    pairs = similarities[..., first, second]
    pairs = pairs[~np.isnan(pairs)]
    return 1.0 if heads == 1 else float(pairs.mean()) if pairs.size else math.nan


def random_similarity(experiment: Experiment, attention: Attention) -> tuple[float, float] | None:
    """`similarity_of_random`, with the lengths and d_k of `attention`; None where there are no queries and keys."""
    if not attention.query.shape[-1]:
        return None
    lengths = attention.query_length, attention.key_length
    return similarity_of_random(as_random(experiment), *lengths, attention.query.shape[-1])


def as_random(experiment: Experiment) -> Experiment:
    """What of an experiment decides how alike random heads are; the rest as it is by default."""
    named = {name: getattr(experiment, name) for name in RANDOM_FIELDS}
    return Experiment(source="random", query_length=0, key_length=0, num_heads=0, seed=0, layer=0, **named)


def similarity_of_random(
    experiment: Experiment, query_length: int, key_length: int, head_dim: int
) -> tuple[float, float] | None:
    """Mean similarity of random heads under an experiment's settings, and the standard error of that mean.

    Heads are projections of X ~ N(0,1) of width 64 by W of variance 2/64, as the diversity experiment draws them,
    with the lengths and d_k named, and the mask, scale, score mod, temperature, normaliser and alignment of
    `experiment`. None for more than MOST_RANDOM_PAIRS pairs of positions, which would take too long, and for a
    score mod that overflows on random scores.
    """
    if query_length * key_length > MOST_RANDOM_PAIRS:
        return None
    try:
        return _random_similarity(as_random(experiment), query_length, key_length, head_dim)
    except RuleError:
        return None


@lru_cache(maxsize=64)
def _random_similarity(settings: Experiment, queries: int, keys: int, head_dim: int) -> tuple[float, float]:
    scores = _random_scores(queries, keys, head_dim)  # (draws, heads, queries, keys)
    scaled = stages.scale_scores(scores, stages.scale_factor(settings.scale, head_dim))
    modified = stages.modify_scores(scaled, parse(settings.score_mod, Kind.SCORE_MOD), settings.align)
    mask = stages.mask_array(settings.mask, scores.shape[-3:], settings.align)
    weights = stages.weigh(modified, mask, settings.temperature, settings.normaliser)
    means = [mean_similarity(draw) for draw in similarity(weights)]
    return float(np.mean(means)), float(np.std(means, ddof=1) / math.sqrt(len(means)))


@lru_cache(maxsize=2)
def _random_scores(queries: int, keys: int, head_dim: int) -> Floats:
    width = min(head_dim, RANDOM_WIDTH)
    heads = min(max(RANDOM_CELLS // (queries * keys), 2), 4)
    projections = 2 * heads * RANDOM_MODEL * width  # the numbers of one draw's W
    draws = min(max(RANDOM_CELLS // (heads * queries * keys), 2), max(RANDOM_NUMBERS // projections, 2), 64)
    stream = np.random.default_rng(0)
    x = stream.standard_normal((draws, 1, max(queries, keys), RANDOM_MODEL), dtype=np.float32)
    shape = (2, draws, heads, RANDOM_MODEL, width)
    w_q, w_k = stream.standard_normal(shape, dtype=np.float32) * np.float32(math.sqrt(2 / RANDOM_MODEL))
    scores = stages.raw_scores(x[:, :, :queries] @ w_q, x[:, :, :keys] @ w_k)
    return scores * np.float32(math.sqrt(head_dim / width))
