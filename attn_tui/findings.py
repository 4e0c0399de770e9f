"""What is unusual about the rows of a head, and the next head of which anything is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from time import monotonic

import numpy as np

from attn_engine import Attention, Combined, Experiment, Inputs, heads_apart, row_tolerance, run_once, unrepeated

from .remembering import remembered

TOLERANCE = row_tolerance(0)
"""How far from 1 the sum of a row that was computed here may be and still count as 1."""

MOST_HEADS = 2**14
"""Layers, or heads of large layers, of which it is remembered what was found."""


MOST_NAMED = 6
"""Layers that cannot be read which are named one by one."""


@dataclass(frozen=True)
class Finding:
    """Something unusual about one query."""

    query: int
    text: str


@dataclass(frozen=True)
class Search:
    """How far a search went: the layer and head it ended at, and what is there; whether it has been everywhere.

    `trouble` says which layers could not be read, and of the first why, if any could not.
    """

    layer: int
    head: int
    finding: Finding | None = None
    everywhere: bool = False
    trouble: str = ""


def tolerance_of(inputs: Inputs) -> float:
    """How far from 1 the sum of a row of these inputs may be: numbers of a file are rounded."""
    return row_tolerance(inputs.captured.precision if inputs.captured else 0)


@remembered
def findings(attention: Attention, head: int, tolerance: float = TOLERANCE) -> tuple[Finding, ...]:
    """The same as `unusual`, remembered."""
    return unusual(attention, head, tolerance)


def unusual(attention: Attention, head: int, tolerance: float = TOLERANCE) -> tuple[Finding, ...]:
    """Queries of a head that see nothing, whose weights are not finite, are below 0, or do not sum to 1."""
    weights = attention.weights[head]
    blind = np.broadcast_to(~unrepeated(attention.mask_of(head)).any(axis=-1), weights.shape[:1])
    with np.errstate(invalid="ignore", over="ignore"):
        sums = weights.sum(axis=-1).astype(np.float64)
        near = np.abs(sums - 1) <= tolerance / 2  # as it is for nearly all; the others are summed in float64
        sums[~near] = weights[~near].sum(axis=-1, dtype=np.float64)
        positive = weights.min() >= 0  # the least of all is found sooner than that of each row
    broken = ~np.isfinite(sums)
    negative = np.zeros_like(broken) if positive else (weights < 0).any(axis=-1)
    odd = (np.abs(sums - 1) > tolerance) & ~blind & ~broken & ~negative
    found = [Finding(int(query), "sees nothing: its weights are zeros") for query in np.flatnonzero(blind)]
    found += [Finding(int(query), "has weights that are NaN or ∞") for query in np.flatnonzero(broken)]
    found += [Finding(int(query), "has weights below 0") for query in np.flatnonzero(negative)]
    found += [Finding(int(query), f"has weights that sum to {sums[query]:.3f}") for query in np.flatnonzero(odd)]
    return tuple(sorted(found, key=lambda finding: finding.query))


def place_text(layer: int, head: int, layers: int) -> str:
    """A head, and its layer where there are several: layer 4, head 2."""
    return f"layer {layer}, head {head}" if layers > 1 else f"head {head}"


class Gathered:
    """What is unusual about the queries of heads that are put together, as they are looked at one by one."""

    def __init__(self, layers: int, tolerance: float) -> None:
        self._layers, self._tolerance = layers, tolerance
        self._count = 0
        self._found: dict[int, list[tuple[str, str]]] = {}

    def look(self, layer: int, head: int, attention: Attention, at: int) -> None:
        """Look at one head of a layer, which has the number `at` in its attention."""
        self._count += 1
        for finding in unusual(attention, at, self._tolerance):
            place = place_text(layer, head, self._layers)
            self._found.setdefault(finding.query, []).append((finding.text, place))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """One for each query: what is unusual in the first head in which anything is, and in how many heads."""
        return tuple(Finding(query, self._text(self._found[query])) for query in sorted(self._found))

    def _text(self, found: list[tuple[str, str]]) -> str:
        text, place = found[0]
        texts, places = ({each[at] for each in found} for at in (0, 1))
        if len(places) == 1:
            return f"{text}, in {place}"
        if len(places) == self._count and len(texts) == 1:
            return f"{text}, in all {self._count} heads"
        return f"{text}, in {place}; unusual in {len(places)} of {self._count} heads"


def on_rows(found: Iterable[Finding], combined: Combined | None) -> tuple[Finding, ...]:
    """Findings of positions as those of the rows of the picture that stand for them, without those not on show."""
    if combined is None:
        return tuple(found)
    rows = {place: row for row, places in enumerate(combined.query_places) for place in places}
    return tuple(replace(finding, query=rows[finding.query]) for finding in found if finding.query in rows)


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
    end, apart, troubles = monotonic() + seconds, heads_apart(experiment) != (None,), dict[int, str]()
    first = layers.index(experiment.layer) if experiment.layer in layers else 0  # one layer has any number
    here = layers[first], head
    for place, other in _round(first, head, len(layers), heads):
        layer = layers[place]
        there = first_findings(replace(experiment, layer=layer), other if apart else None)
        if isinstance(there, str):
            troubles[layer] = there
        elif finding := there[0 if apart else other]:
            return Search(layer, other, finding)
        if monotonic() > end:
            return Search(layer, other, trouble=_together(troubles))
    return Search(*here, everywhere=True, trouble=_together(troubles))


def _together(troubles: dict[int, str]) -> str:
    """Why layers could not be read, in one line: of several, which they are, and the reason of the first."""
    if len(troubles) < 2:
        return "".join(troubles.values())
    numbers = sorted(troubles)
    named, more = ", ".join(map(str, numbers[:MOST_NAMED])), len(numbers) - MOST_NAMED
    which = f"{named} and {more} more" if more > 0 else named
    return f"not layers {which}; {troubles[numbers[0]]}"


def _round(layer: int, head: int, layers: int, heads: int) -> Iterator[tuple[int, int]]:
    """The place of every other layer, and head, from one on."""
    here = layer * heads + head
    return (divmod((here + step) % (layers * heads), heads) for step in range(1, layers * heads))
