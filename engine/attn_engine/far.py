"""Heads whose scores are too many to be made: maps of exact block means, better and better, and single exact rows.

Of an experiment with more than `MAX_SCORES`, what can be had without all of them: softmax under any mask.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import sources
from .attention import Floats, Mask, raw_scores, scale_scores, weigh
from .experiment import Align, Experiment, FieldError, arithmetic, most_scores, parse_normaliser
from .fast.maps import MeanMap, mean_maps
from .fast.packing import Packed, pack, pack_keys
from .masks.counting import row_counts
from .notation import Kind, Rule, evaluate, parse
from .notation.plane import Plane
from .pipeline import Pipeline, Stage
from .sources import Inputs


@dataclass(frozen=True, eq=False)
class FarRow:
    """One query: its `scores` q·k, `scaled`, where it is `allowed` to look, and its `weights`, each (keys,)."""

    scores: Floats
    scaled: Floats
    allowed: Mask
    weights: Floats


@dataclass(frozen=True, eq=False)
class Far:
    """Queries and keys made ready, and the mask that they are seen through; nothing of queries × keys is kept."""

    inputs: Inputs
    packed: Packed
    mask: Rule
    align: Align

    @property
    def query(self) -> Floats:
        """The queries, (heads, queries, d)."""
        return self.packed.plain

    @property
    def key(self) -> Floats:
        """The keys, (key heads, keys, d)."""
        return self.packed.keys.plain

    @property
    def num_heads(self) -> int:
        """How many query heads there are."""
        return self.packed.num_heads

    @property
    def query_length(self) -> int:
        """How many queries there are."""
        return self.packed.query_length

    @property
    def key_length(self) -> int:
        """How many keys there are."""
        return self.packed.keys.length

    @property
    def scale(self) -> float:
        """What scores are multiplied by."""
        return self.packed.factor

    def plane(self, head: int) -> Plane:
        """Where the mask stands."""
        return Plane(self.query_length, self.key_length, self.num_heads, self.align, head)

    def maps(self, head: int, rows: ArrayLike, columns: ArrayLike, seconds: float) -> Iterator[MeanMap]:
        """The means of blocks between edges, as `mean_maps` gives them."""
        return mean_maps(self.packed, head, rows, columns, self.mask, align=self.align, seconds=seconds)

    def row(self, head: int, query: int) -> FarRow:
        """One query of a head, stage by stage as `attend` computes it."""
        shared = self.packed.key_head(head)
        scores = raw_scores(self.query[head : head + 1, query : query + 1], self.key[shared : shared + 1])
        scaled = scale_scores(scores, self.scale)
        seen = evaluate(self.mask, self.plane(head).points(np.asarray(query), np.arange(self.key_length)))
        allowed = np.broadcast_to(seen, (self.key_length,))
        weights = weigh(scaled, allowed[None], self.packed.temperature, "softmax")
        return FarRow(scores[0, 0], scaled[0, 0], allowed, weights[0, 0])

    def seen(self, head: int) -> NDArray[np.int64] | None:
        """How many keys each query sees, (queries,); None where only looking at every pair would tell."""
        return row_counts(self.mask, self.plane(head))


def far_of(experiment: Experiment) -> Far:
    """An experiment whose scores are too many to be made; the last one is kept.

    Raises FieldError for what needs all of them, ValueError or RuleError where there is nothing to compute.
    """
    return _far(experiment)


def pooled_map(found: MeanMap, size: int) -> tuple[Floats, NDArray[np.int64]]:
    """Means and pairs of a map with `size` × `size` of its blocks as one: NaN in rows of which nothing is known."""
    unknown = np.asarray(np.isnan(found.means).all(axis=1))
    known = np.where(unknown[:, None], 0, found.means).astype(np.float64)
    pairs, sums = _summed(np.where(unknown[:, None], 0, found.pairs), size), _summed(known * found.pairs, size)
    means = np.divide(sums, pairs, out=np.zeros_like(sums), where=pairs > 0)
    means[np.logical_and.reduceat(unknown, np.arange(0, unknown.size, size))] = np.nan
    return means.astype(np.float32), pairs


def _summed(numbers: NDArray[Any], size: int) -> NDArray[Any]:
    """The sums of blocks of size × size."""
    rows, columns = (np.arange(0, length, size) for length in numbers.shape)
    made: NDArray[Any] = np.add.reduceat(np.add.reduceat(numbers, rows, axis=0), columns, axis=1)
    return made


# What is kept: one of each, since they are large.


def _drawn(experiment: Experiment, only: int | None = None) -> Inputs:
    """Inputs without tokens, and with one column of the values: no more is asked of them."""
    made = sources.inputs(experiment, only)
    narrow = np.ascontiguousarray(made.value[..., :1])
    return replace(made, value=narrow, output_projection=None, query_tokens=(), key_tokens=())


_pipeline = Pipeline()
_pipeline.inputs = Stage(_drawn, keep=1)
_pipeline.rotated = Stage(sources.rotated, keep=1)
_keys = Stage(pack_keys, keep=1)


def _made(experiment: Experiment) -> Far:
    _check_possible(experiment)
    mask = parse(experiment.mask, Kind.MASK)
    given = _pipeline.inputs_of(experiment)
    keys = _keys(given.key, given.value)
    packed = pack(given.query, keys, scale=experiment.scale, temperature=experiment.temperature)
    return Far(given, packed, mask, experiment.align)


_far = Stage(_made, keep=1)


def _check_possible(experiment: Experiment) -> None:
    """Raise FieldError for what the fast room does not do."""
    modified = str(parse(experiment.score_mod, Kind.SCORE_MOD)) not in ("s", "none")
    normalised = parse_normaliser(experiment.normaliser)[0] != "softmax"
    for field, there in (("score_mod", modified), ("normaliser", normalised)):
        if there:
            raise FieldError(
                field,
                f"{arithmetic(experiment)}; beyond {most_scores():,} possible are softmax, any mask and no "
                f"score mod, not {getattr(experiment, field)}",
            )
