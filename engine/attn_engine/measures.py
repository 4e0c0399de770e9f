"""What the weights amount to, in numbers, by row and by head.

Weights have shape (…, queries, keys). Where rows do not sum to 1, measures of a distribution (entropy, distance,
concentration) are those of the row divided by its sum. A row without any weight, or with weights that are NaN, ∞ or
below 0, has no distribution: NaN there, left out of means. A single weight of a file is what it is, NaN and ∞ as well.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .attention import Attention, Floats, Mask, unrepeated
from .fast.pool import Rows, by_rows


def entropy(weights: Floats) -> Floats:
    """−Σ p·ln p of each row, in nats: (…, queries). Uniform over n keys gives ln n, one key 0."""
    return _entropy(weights, _sums(weights))


@np.errstate(invalid="ignore", over="ignore")
def finite_rows(weights: Floats) -> Mask:
    """Where every weight of a row is finite: (…, queries)."""
    finite: Mask = np.isfinite(weights.sum(axis=-1))  # a sum may also be ∞ because it is too large for the type
    finite[~finite] = np.isfinite(weights[~finite]).all(axis=-1)
    return finite


def keys_seen(mask: Mask) -> NDArray[np.int64]:
    """How many keys each query may see: (…, queries)."""
    once = unrepeated(mask)
    seen = np.bitwise_count(np.packbits(once, axis=-1)).sum(axis=-1, dtype=np.int64)  # four times as fast as counting
    return np.array(np.broadcast_to(seen * (mask.shape[-1] // max(once.shape[-1], 1)), mask.shape[:-1]))


def entropy_ceiling(mask: Mask) -> NDArray[np.float64]:
    """ln of the keys seen, the most entropy that a row can have, in nats: (…, queries); NaN where none is."""
    seen = keys_seen(mask).astype(np.float64)
    return np.log(seen, out=np.full(seen.shape, np.nan), where=seen > 0)


def distance_back(weights: Floats, positions: NDArray[np.int64]) -> Floats:
    """The mean of (position − key) by weight, in positions: (…, queries); ahead is negative."""
    return _distance_back(weights, positions, _sums(weights))


def weight_at(weights: Floats, places: NDArray[np.int64]) -> Floats:
    """The weight that query i puts on key places[i], 0 where that is no key: (…, queries)."""
    inside = (places >= 0) & (places < weights.shape[-1])
    taken = weights[..., np.arange(len(places)), np.where(inside, places, 0)]
    return np.where(inside, taken, weights.dtype.type(0))


@np.errstate(invalid="ignore", over="ignore")
def weight_received(weights: Floats) -> Floats:
    """The weight that each key receives from all queries together: (…, keys)."""
    return weights.sum(axis=-2)


@np.errstate(invalid="ignore", over="ignore")
def keys_holding(weights: Floats, share: float = 0.9) -> Floats:
    """How many keys, the heaviest first, hold at least `share` of a row's weight: (…, queries)."""
    cumulative = np.cumsum(-np.sort(-weights, axis=-1), axis=-1)
    totals = cumulative[..., -1]
    needed = np.count_nonzero(cumulative < share * totals[..., None], axis=-1) + 1
    return np.where(_distributed(weights, totals), needed, np.nan).astype(weights.dtype)


def density(mask: Mask) -> float:
    """The share of pairs that the mask allows."""
    return float(np.count_nonzero(mask) / mask.size)


def value_weighted(weights: Floats, value: Floats) -> Floats:
    """Weight × |value|: what each key can move the output by, (…, heads, queries, keys) (arXiv 2004.10102)."""
    norms = _lengths(value)  # (…, key heads, keys)
    return weights * np.repeat(norms, weights.shape[-3] // norms.shape[-2], axis=-2)[..., None, :]


class Measures:
    """The measures of every row of every head, (…, heads, queries), each computed when it is first asked for."""

    def __init__(self, attention: Attention) -> None:
        self._attention = attention

    @cached_property
    def _row_sums(self) -> _Sums:
        return _sums(self._attention.weights)

    @cached_property
    def entropy(self) -> Floats:
        """Entropy in nats."""
        return _entropy(self._attention.weights, self._row_sums)

    @cached_property
    def ceiling(self) -> NDArray[np.float64]:
        """ln of the keys seen, in nats."""
        ceiling = entropy_ceiling(self._attention.mask)
        return np.broadcast_to(ceiling, self._attention.weights.shape[:-1])

    @cached_property
    def distance(self) -> Floats:
        """Positions looked back."""
        return _distance_back(self._attention.weights, self._attention.positions, self._row_sums)

    @cached_property
    def first(self) -> Floats:
        """Weight on the first key."""
        return np.asarray(self._attention.weights[..., 0])

    @cached_property
    def itself(self) -> Floats:
        """Weight on the key at the query's own position."""
        return weight_at(self._attention.weights, self._attention.positions)

    @cached_property
    def previous(self) -> Floats:
        """Weight on the key before the query's own position."""
        return weight_at(self._attention.weights, self._attention.positions - 1)

    @cached_property
    def concentration(self) -> Floats:
        """How many keys hold 90 % of the weight."""
        return keys_holding(self._attention.weights, 0.9)

    def by_head(self, name: str) -> NDArray[np.floating[Any]]:
        """One of these as a mean over the queries that have it, (…, heads)."""
        return _mean(getattr(self, name))

    def counted(self, name: str) -> NDArray[np.int64]:
        """How many queries that mean is over, (…, heads)."""
        return np.count_nonzero(~np.isnan(getattr(self, name)), axis=-1)


MEASURES = ("entropy", "ceiling", "distance", "first", "itself", "previous", "concentration")


@lru_cache(maxsize=2)
def measure(attention: Attention) -> Measures:
    """The measures of an attention; kept for the last few that were asked for."""
    return Measures(attention)


def _lengths(vectors: Floats) -> Floats:
    """|v| of each vector, of any size."""
    limits = np.finfo(vectors.dtype)
    sizes = np.clip(np.abs(vectors).max(axis=-1, keepdims=True), limits.tiny, limits.max)
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(vectors / sizes, axis=-1) * sizes[..., 0]
    return np.minimum(lengths, limits.max)


class _Sums(NamedTuple):
    """The sum of each row, and whether the row has a distribution: (…, queries)."""

    totals: Floats
    known: Mask


def _sums(weights: Floats) -> _Sums:
    sums = _Sums(np.empty(weights.shape[:-1], weights.dtype), np.empty(weights.shape[:-1], np.bool_))

    def fill(rows: Rows) -> None:
        some = weights[rows]
        sums.totals[rows] = totals = some.sum(axis=-1)
        sums.known[rows] = _distributed(some, totals)

    by_rows(fill, weights.shape)
    return sums


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def _entropy(weights: Floats, sums: _Sums) -> Floats:
    surprise = np.empty_like(sums.totals)

    def fill(rows: Rows) -> None:
        logs = np.maximum(weights[rows], np.finfo(weights.dtype).tiny)
        np.log(logs, out=logs)
        surprise[rows] = -np.einsum("...k,...k->...", weights[rows], logs)

    by_rows(fill, weights.shape)
    # p = w/t, so −Σ p·ln p = (−Σ w·ln w)/t + ln t
    result = surprise / sums.totals + np.log(sums.totals)
    return np.where(sums.known, np.maximum(result, 0), np.nan).astype(weights.dtype)


@np.errstate(invalid="ignore", over="ignore")
def _distance_back(weights: Floats, positions: NDArray[np.int64], sums: _Sums) -> Floats:
    looked = weights @ np.arange(weights.shape[-1], dtype=weights.dtype)
    back = np.divide(looked, sums.totals, out=np.full(looked.shape, np.nan, dtype=looked.dtype), where=sums.known)
    return positions.astype(weights.dtype) - back


def _distributed(weights: Floats, totals: Floats) -> Mask:
    """Where a row has a distribution: some weight, and none that is NaN, ∞ or below 0."""
    known: Mask = (totals > 0) & np.isfinite(totals)
    if weights.min(initial=0) >= 0:  # the least of all is found sooner than that of each row
        return known
    return known & (weights.min(axis=-1) >= 0)


@np.errstate(invalid="ignore", over="ignore")
def _mean(rows: NDArray[Any]) -> NDArray[Any]:
    """Means over the last axis that leave NaN out; NaN where nothing else is."""
    known = ~np.isnan(rows)
    sums = np.where(known, rows, 0).sum(axis=-1)
    counts = known.sum(axis=-1)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan, dtype=rows.dtype), where=counts > 0)
