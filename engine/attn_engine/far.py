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
from .captured import sized
from .captures.bands import EVERYTHING
from .drawing import Drawing
from .experiment import SCALED, Align, Experiment, FieldError, arithmetic, most_scores, parse_normaliser
from .fast.maps import MeanMap, mean_maps
from .fast.packing import Packed, PackedKeys, Singles, empty_blocks, fill, norms_of, packed_with
from .fast.pool import empty, shared
from .masks.counting import row_counts
from .notation import Kind, Rule, evaluate, parse
from .notation.plane import Plane
from .pipeline import INPUT_FIELDS, Stage, inputs_of
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
        return mean_maps(packed, place, rows, columns, self.mask, plane=plane, seconds=seconds, scores=scores)

    def row(self, head: int, query: int) -> FarRow:
        """One query of a head, stage by stage as `attend` computes it."""
        scores = _scores(self.packed, self.place(head), query)
        scaled = scale_scores(scores, self.scale)
        seen = evaluate(self.mask, self.plane(head).points(np.asarray(query), np.arange(self.key_length)))
        allowed = np.broadcast_to(seen, (self.key_length,))
        weights = weigh(scaled[None, None], allowed[None], self.experiment.temperature, "softmax")
        return FarRow(scores, scaled, allowed, weights[0, 0])

    def seen(self, head: int) -> NDArray[np.int64] | None:
        """How many keys each query sees, (queries,); None where only looking at every pair would tell."""
        return row_counts(self.mask, self.plane(head))

    def inputs(self) -> Inputs:
        """What its inputs are beside their numbers: they have no tokens, and as always one layer."""
        nothing = np.zeros((self.num_heads, 0, self.head_dim), dtype=np.float32)
        return Inputs(nothing, nothing, nothing, fixed=OF_A_FILE | {"layer"})


@dataclass(frozen=True, eq=False)
class FarOfFile(Far):
    """One head of a file: `given` are its query (1, queries, d) and key (1, keys, d), and what the file says."""

    head: int
    given: Inputs

    @property
    def scale(self) -> float:
        """What scores are multiplied by: the file's, unless a knob says otherwise."""
        own = self.given.captured.scale if self.given.captured else None
        return own if own is not None and self.experiment.scale == SCALED else super().scale

    @property
    def drawing(self) -> None:
        """Nothing: they have been read."""
        return

    @property
    def packed(self) -> Packed:
        """Query and key made ready."""
        norms, keys = _ready(self.given.query, self.given.key)
        return packed_with(self.given.query, norms, keys, scale=self.scale, temperature=self.experiment.temperature)

    def place(self, head: int) -> int:
        """The head that was read. Raises ValueError for another."""
        if head != self.head:
            raise ValueError(f"head {head} was not read, but {self.head}")
        return 0

    def inputs(self) -> Inputs:
        """What its inputs are beside their numbers: the same object each time."""
        return _labels(self.given)


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
        return _far_of_file(sized(experiment), head)
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
    _check_possible(experiment)
    check_inputs(experiment)
    return Far(experiment, parse(experiment.mask, Kind.MASK))


_far = Stage(_made, keep=1)


def _far_of_file(experiment: Experiment, head: int) -> Far:
    _check_possible(experiment)
    given = inputs_of(experiment, head)
    rule = parse(experiment.mask, Kind.MASK)
    if given.captured and given.captured.band != EVERYTHING:
        shift = experiment.key_length - experiment.query_length if experiment.align == "right" else 0
        rule = parse(f"({rule}) & {given.captured.band.rule(shift)}", Kind.MASK)
    return FarOfFile(experiment, rule, head, given)


def _packed_keys(query: Singles, key: Singles) -> tuple[NDArray[np.float64], PackedKeys]:
    """The longest query (1,), and the keys (1, keys, d) in blocks."""
    blocks, length = empty_blocks(*key.shape), key.shape[1]
    fill(blocks, key)
    with np.errstate(all="ignore"):
        return norms_of(query), PackedKeys(blocks, norms_of(key), length, key[..., :0])


def _without_numbers(given: Inputs) -> Inputs:
    return replace(given, query=given.query[:, :0], key=given.key[:, :0], value=given.value[:, :0])


_labels = Stage(_without_numbers, keep=2)
_ready = Stage(_packed_keys, keep=2)
"""What is made of the query and key of this head, and of the one before."""


def _check_possible(experiment: Experiment) -> None:
    """Raise FieldError for what the fast room does not do, ValueError for what nobody does."""
    check_rope(experiment.rope)
    check_align(experiment.align)
    check_temperature(experiment.temperature)
    scale_factor(experiment.scale, experiment.head_dim)
    modified = str(parse(experiment.score_mod, Kind.SCORE_MOD)) not in ("s", "none")
    normalised = parse_normaliser(experiment.normaliser)[0] != "softmax"
    for field, there in (("score_mod", modified), ("normaliser", normalised)):
        if there:
            raise FieldError(
                field,
                f"{arithmetic(experiment)}; beyond {most_scores():,} possible are softmax, any mask and no "
                f"score mod, not {getattr(experiment, field)}",
            )
