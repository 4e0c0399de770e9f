"""What is unusual about the rows of a head, and the next head of which anything is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from time import monotonic

import numpy as np

from attn_engine import Attention, Experiment, Inputs, heads_apart, row_tolerance, run_once

TOLERANCE = row_tolerance(0)
"""How far from 1 the sum of a row that was computed here may be and still count as 1."""

MOST_HEADS = 2**14
"""Layers, or heads of large layers, of which it is remembered what was found."""


@dataclass(frozen=True)
class Finding:
    """Something unusual about one query."""

    query: int
    text: str


@dataclass(frozen=True)
class Search:
    """How far a search went: the layer and head it ended at, and what is there; whether it has been everywhere.

    `trouble` is why a layer could not be read, if one could not.
    """

    layer: int
    head: int
    finding: Finding | None = None
    everywhere: bool = False
    trouble: str = ""


def tolerance_of(inputs: Inputs) -> float:
    """How far from 1 the sum of a row of these inputs may be: numbers of a file are rounded."""
    return row_tolerance(inputs.captured.precision if inputs.captured else 0)


@lru_cache(maxsize=8)
def findings(attention: Attention, head: int, tolerance: float = TOLERANCE) -> tuple[Finding, ...]:
    """The same as `unusual`, kept for the last few heads."""
    return unusual(attention, head, tolerance)


def unusual(attention: Attention, head: int, tolerance: float = TOLERANCE) -> tuple[Finding, ...]:
    """Queries of a head that see nothing, whose weights are not finite, are below 0, or do not sum to 1."""
    weights = attention.weights[head]
    blind = ~attention.mask_of(head).any(axis=-1)
    broken = ~np.isfinite(weights).all(axis=-1)
    with np.errstate(invalid="ignore"):
        sums = weights.sum(axis=-1, dtype=np.float64)
    negative = (weights < 0).any(axis=-1)
    odd = (np.abs(sums - 1) > tolerance) & ~blind & ~broken & ~negative
    found = [Finding(int(query), "sees nothing: its weights are zeros") for query in np.flatnonzero(blind)]
    found += [Finding(int(query), "has weights that are NaN or ∞") for query in np.flatnonzero(broken)]
    found += [Finding(int(query), "has weights below 0") for query in np.flatnonzero(negative)]
    found += [Finding(int(query), f"has weights that sum to {sums[query]:.3f}") for query in np.flatnonzero(odd)]
    return tuple(sorted(found, key=lambda finding: finding.query))


@lru_cache(maxsize=MOST_HEADS)
def first_findings(experiment: Experiment, only: int | None) -> tuple[Finding | None, ...] | str:
    """The first finding of each head of a layer, or of `only` one; or why it could not be read."""
    try:
        attention, given = run_once(experiment, only)
    except (ValueError, MemoryError) as error:
        return f"layer {experiment.layer}: {error or 'not enough memory for that'}"
    tolerance = tolerance_of(given)
    return tuple(next(iter(unusual(attention, head, tolerance)), None) for head in range(attention.num_heads))


def search_on(experiment: Experiment, head: int, layers: Sequence[int], heads: int, seconds: float) -> Search:
    """The next head with a finding after one, of some layers by their numbers, round and round, but not that itself.

    What was found is remembered, so that a search that runs out of time goes on from there when it is made again.
    """
    end, apart, trouble = monotonic() + seconds, heads_apart(experiment) != (None,), ""
    first = layers.index(experiment.layer) if experiment.layer in layers else 0  # one layer has any number
    here = layers[first], head
    for place, other in _round(first, head, len(layers), heads):
        layer = layers[place]
        there = first_findings(replace(experiment, layer=layer), other if apart else None)
        if isinstance(there, str):
            trouble = there
        elif finding := there[0 if apart else other]:
            return Search(layer, other, finding)
        if monotonic() > end:
            return Search(layer, other, trouble=trouble)
    return Search(*here, everywhere=True, trouble=trouble)


def _round(layer: int, head: int, layers: int, heads: int) -> Iterator[tuple[int, int]]:
    """The place of every other layer, and head, from one on."""
    here = layer * heads + head
    return (divmod((here + step) % (layers * heads), heads) for step in range(1, layers * heads))
