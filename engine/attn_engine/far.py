"""Heads whose scores are too many to be made: maps of exact block means, better and better, and single exact rows.

Of an experiment with more than `MAX_SCORES`, what can be had without all of them: softmax under any mask. Its queries
and keys are drawn by and by, or those of one head of a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .attention import Floats, Mask, check_align, check_temperature, scale_factor, scale_scores, weigh
from .drawing import Drawing
from .experiment import Align, Experiment, FieldError, arithmetic, most_scores, parse_normaliser
from .fast.maps import MeanMap, mean_maps
from .fast.packing import Packed, Singles
from .fast.pool import empty, shared
from .masks.counting import row_counts
from .notation import Kind, Rule, evaluate, parse
from .notation.plane import Plane
from .pipeline import INPUT_FIELDS, Stage
from .sources import OF_A_FILE, Inputs, check_inputs, check_rope

BLOCKS = 256
"""Blocks of keys that one thread multiplies at once with a query."""


@dataclass(frozen=True, eq=False)
class FarRow:
    """One query: its `scores` q·k, `scaled`, where it is `allowed` to look, and its `weights`, each (keys,)."""

    scores: Floats
    scaled: Floats
    allowed: Mask
    weights: Floats


@dataclass(frozen=True, eq=False)
class Far:
    """An experiment and its mask. Of its numbers none are kept here: the queries and keys drawn last are, once."""

    experiment: Experiment
    mask: Rule

    @property
    def num_heads(self) -> int:
        """How many query heads there are."""
        return self.experiment.num_heads

    @property
    def num_key_heads(self) -> int:
        """How many heads the keys have."""
        return self.experiment.num_key_heads or self.num_heads

    @property
    def query_length(self) -> int:
        """How many queries there are."""
        return self.experiment.query_length

    @property
    def key_length(self) -> int:
        """How many keys there are."""
        return self.experiment.key_length

    @property
    def head_dim(self) -> int:
        """How wide queries and keys are."""
        return self.experiment.head_dim

    @property
    def align(self) -> Align:
        """Where queries stand among the keys."""
        return self.experiment.align

    @property
    def scale(self) -> float:
        """What scores are multiplied by."""
        return scale_factor(self.experiment.scale, self.head_dim)

    @property
    def as_they_are(self) -> bool:
        """Whether its weights are those of a file, and no knob asks what would be."""
        return False

    # Its numbers

    @property
    def drawn_of(self) -> Experiment:
        """What decides them: the experiment with its other fields at their defaults."""
        return _decided(self.experiment)

    @property
    def drawing(self) -> Drawing | None:
        """Queries and keys in the making: begun, where others were drawn last; None where they come at once."""
        return _drawing(self.drawn_of)

    @property
    def packed(self) -> Packed:
        """Queries and keys made ready; they are drawn as far as they are not there yet."""
        return _drawing(self.drawn_of).packed(self.experiment.scale, self.experiment.temperature)

    def place(self, head: int) -> int:
        """Which of the heads made ready a head is."""
        return head

    @property
    def query(self) -> Floats:
        """The queries, (heads, queries, d)."""
        return self.packed.plain

    @property
    def key(self) -> Floats:
        """A copy of the keys, (key heads, keys, d)."""
        return np.stack([self.packed.keys.of(head) for head in range(self.num_key_heads)])

    # What can be had of it

    def plane(self, head: int) -> Plane:
        """Where the mask stands."""
        return Plane(self.query_length, self.key_length, self.num_heads, self.align, head)

    def maps(
        self, head: int, rows: ArrayLike, columns: ArrayLike, seconds: float, scores: float = 0
    ) -> Iterator[MeanMap]:
        """The means of blocks between edges, as `mean_maps` gives them."""
        packed, place, plane = self.packed, self.place(head), self.plane(head)
        return mean_maps(packed, place, rows, columns, self.whole_mask, plane=plane, seconds=seconds, scores=scores)

    @property
    def whole_mask(self) -> Rule | Mask:
        """Where each query may look: the rule, or where that is not all an array (queries, keys)."""
        return self.mask

    def row(self, head: int, query: int) -> FarRow:
        """One query of a head, stage by stage as `attend` computes it."""
        scores = _scores(self.packed, self.place(head), query)
        scaled = scale_scores(scores, self.scale)
        allowed = self.sees(head, range(query, query + 1))[0]
        weights = weigh(scaled[None, None], allowed[None], self.experiment.temperature, "softmax")
        return FarRow(scores, scaled, allowed, weights[0, 0])

    def sees(self, head: int, rows: range) -> Mask:
        """Where some queries may look, (rows, keys)."""
        plane, queries, keys = self.plane(head), np.array(rows)[:, None], np.arange(self.key_length)
        return np.broadcast_to(evaluate(self.mask, plane.points(queries, keys)), (len(rows), keys.size))

    def seen(self, head: int) -> NDArray[np.int64] | None:
        """How many keys each query sees, (queries,); None where only looking at every pair would tell."""
        return row_counts(self.mask, self.plane(head))

    def inputs(self) -> Inputs:
        """What its inputs are beside their numbers: they have no tokens, and as always one layer."""
        nothing = np.zeros((self.num_heads, 0, self.head_dim), dtype=np.float32)
        return Inputs(nothing, nothing, nothing, fixed=OF_A_FILE | {"layer"})


def _scores(packed: Packed, head: int, query: int) -> Singles:
    """q·k of one query, (keys,): blocks of keys are shared among threads."""
    blocks, vector = packed.keys.blocks[packed.key_head(head)], packed.plain[head, query][None]
    made = empty((len(blocks), 1, blocks.shape[-1]))
    parts = [slice(first, first + BLOCKS) for first in range(0, len(blocks), BLOCKS)]
    shared(lambda part: np.matmul(vector, blocks[part], out=made[part]), parts)
    return made.reshape(-1)[: packed.keys.length]


def far_of(experiment: Experiment, head: int = 0, *, kept: bool = True) -> Far:
    """An experiment whose scores are too many to be made; the last one is `kept`, and the numbers it was asked for.

    Of a file the `head` is read; else nothing is drawn yet. Raises FieldError for what needs all scores, ValueError or
    RuleError where there is nothing to compute, CaptureError where the file cannot be read.
    """
    if experiment.source == "file":
        from .far_files import far_of_file  # few sessions have a file

        return far_of_file(experiment, head, kept=kept)
    return _far(experiment) if kept else _made(experiment)


def pooled_map(found: MeanMap, size: int) -> tuple[Floats, NDArray[np.int64]]:
    """Means and pairs of a map with `size` × `size` of its blocks as one: NaN in rows of which nothing is known."""
    unknown = np.asarray(np.isnan(found.means).all(axis=1))
    known = np.where(unknown[:, None], 0, found.means).astype(np.float64)
    pairs, sums = _summed(np.where(unknown[:, None], 0, found.pairs), size), _summed(known * found.pairs, size)
    means = np.divide(sums, pairs, out=np.zeros_like(sums), where=pairs > 0)
    means[np.logical_and.reduceat(unknown, np.arange(0, unknown.size, size))] = np.nan
    return means.astype(np.float32), pairs


def _summed(numbers: NDArray[Any], size: int) -> NDArray[Any]:
    """The sums of blocks of size × size, a row and then a column of each block at a time: sooner than `reduceat`."""
    if size == 1:
        return numbers
    high, wide = (min(size, length) for length in numbers.shape)
    whole = np.pad(numbers, [(0, -length % step) for length, step in zip(numbers.shape, (high, wide), strict=True)])
    rows = reduce(np.add, (whole[at::high] for at in range(high)))
    return reduce(np.add, (rows[:, at::wide] for at in range(wide)))


# What is kept: one of each, since they are large.

_drawing = Stage(Drawing, keep=1)


def _decided(experiment: Experiment) -> Experiment:
    """The experiment with what decides its queries and keys, and everything else at its defaults."""
    fields = {name: getattr(experiment, name) for name in INPUT_FIELDS}
    if experiment.rope != "off":
        fields |= {"rope": experiment.rope, "align": experiment.align}
    return Experiment(**fields)


def _made(experiment: Experiment) -> Far:
    check_possible(experiment)
    check_inputs(experiment)
    return Far(experiment, parse(experiment.mask, Kind.MASK))


_far = Stage(_made, keep=1)


def check_possible(experiment: Experiment) -> None:
    """Raise FieldError for what the fast room does not do, ValueError for what nobody does."""
    check_rope(experiment.rope)
    check_align(experiment.align)
    check_temperature(experiment.temperature)
    if experiment.head_dim:  # weights of a file have none
        scale_factor(experiment.scale, experiment.head_dim)
    modified = str(parse(experiment.score_mod, Kind.SCORE_MOD)) not in ("s", "none")
    normalised = parse_normaliser(experiment.normaliser)[0] != "softmax" and experiment.head_dim > 0
    told = arithmetic(replace(experiment, num_heads=1) if experiment.source == "file" else experiment)
    for field, there in (("score_mod", modified), ("normaliser", normalised)):
        if there:
            raise FieldError(
                field,
                f"{told}; beyond {most_scores():,} possible are softmax, any mask and no "
                f"score mod, not {getattr(experiment, field)}",
            )
