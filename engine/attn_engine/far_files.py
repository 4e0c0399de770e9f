"""Heads of a file with more scores than are made: from query and key as those that are drawn, or from weights, by rows.

Of weights nothing is kept but what is shown: rows are read by offset, for the picture a strip after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .attention import Floats, Mask
from .captured import row_tolerance
from .captures.bands import EVERYTHING
from .experiment import HIDES_NOTHING, SCALED, Experiment
from .far import Far, FarRow, check_possible
from .fast.bands import Done, scattered
from .fast.columns import Columns, checked_edges
from .fast.jobs import Part, starts_of
from .fast.maps import Canvas, MeanMap
from .fast.packing import Packed, PackedKeys, Singles, empty_blocks, fill, norms_of, packed_with
from .masks.counting import row_counts
from .measures import entropy
from .notation import Kind, Rule, evaluate, parse
from .notation.plane import Plane
from .notation.tree import And
from .of_weights import log_weights, reweighed
from .opened import sized, when_closed
from .pipeline import Stage, inputs_of
from .sources import Inputs

if TYPE_CHECKING:
    from .captures.heads import HeadRows
    from .fast.sight import Positions

CELLS = 2**20
"""Weights of a strip, about: large enough for a disk, and small enough to be left at any time."""


def far_of_file(experiment: Experiment, head: int, *, kept: bool) -> Far:
    """One head of a file. Raises as `far_of`."""
    experiment = sized(experiment)
    check_possible(experiment)
    return (_far if kept else _made)(experiment, head, inputs_of(experiment, head))


@dataclass(frozen=True, eq=False)
class FarOfFile(Far):
    """One head of a file: `given` is what the file says of it, with its numbers where they are query and key."""

    head: int
    given: Inputs

    @property
    def drawing(self) -> None:
        """Nothing: numbers of a file are read."""
        return

    def place(self, head: int) -> int:
        """The head that was read. Raises ValueError for another."""
        if head != self.head:
            raise ValueError(f"head {head} was not read, but {self.head}")
        return 0

    def inputs(self) -> Inputs:
        """What its inputs are beside their numbers: the same object each time."""
        return _labels(self.given)


@dataclass(frozen=True, eq=False)
class FarOfInputs(FarOfFile):
    """A head of query (1, queries, d) and key (1, keys, d)."""

    @property
    def scale(self) -> float:
        """What scores are multiplied by: the file's, unless a knob says otherwise."""
        own = self.given.captured.scale if self.given.captured else None
        return own if own is not None and self.experiment.scale == SCALED else super().scale

    @property
    def packed(self) -> Packed:
        """Query and key made ready."""
        norms, keys = _ready(self.given.query, self.given.key)
        return packed_with(self.given.query, norms, keys, scale=self.scale, temperature=self.experiment.temperature)

    @property
    def own_mask(self) -> Mask | None:
        """The file's mask where it is not in the rule, (queries, keys)."""
        return self.given.captured.mask if self.given.captured else None

    @property
    def whole_mask(self) -> Rule | Mask:
        """The rule, or where the file has a mask that is no rule both together."""
        if self.own_mask is None:
            return self.mask
        return (
            self.own_mask if str(self.mask) in HIDES_NOTHING else _both(self.own_mask, self.mask, self.plane(self.head))
        )

    def sees(self, head: int, rows: range) -> Mask:
        """Where some queries may look, (rows, keys)."""
        seen, own = super().sees(head, rows), self.own_mask
        return seen if own is None else seen & own[rows.start : rows.stop]

    def seen(self, head: int) -> NDArray[np.int64] | None:
        """How many keys each query sees, (queries,)."""
        return super().seen(head) if isinstance(self.whole_mask, Rule) else self.whole_mask.sum(axis=1)


@dataclass(frozen=True, eq=False)
class FarOfWeights(FarOfFile):
    """A head of weights, `rows` of it read when they are asked for; its scores are ln p."""

    rows: HeadRows

    @property
    def scale(self) -> float:
        """What scores are multiplied by: nothing is known of that."""
        return 1.0

    def maps(
        self, head: int, rows: ArrayLike, columns: ArrayLike, seconds: float, scores: float = 0
    ) -> Iterator[MeanMap]:
        """The means of blocks between edges, as `mean_maps` gives them; of weights that are finite."""
        self.place(head)
        return Canvas(_Survey(self, rows, columns)).steps(seconds, scores)

    def row(self, head: int, query: int) -> FarRow:
        """One query of a head: its scores are the logarithms of the weights in the file."""
        self.place(head)
        found = self.read(range(query, query + 1))
        logs = log_weights(found.own)[0]
        return FarRow(logs, logs, found.allowed[0], found.weights[0])

    def sees(self, head: int, rows: range) -> Mask:
        """Where some queries may look, (rows, keys)."""
        seen = super().sees(head, rows)
        return seen if self.rows.sees_all else seen & self.rows.seen(rows)

    def seen(self, head: int) -> NDArray[np.int64] | None:
        """How many keys each query sees, (queries,); None where only looking at every pair would tell."""
        return super().seen(head) if self.rows.sees_all else None

    def read(self, rows: range) -> Strip:
        """Some rows."""
        own, allowed = self.rows.weights(rows), self.sees(self.head, rows)
        if self.as_they_are:
            return Strip(own, allowed, own)
        return Strip(own, allowed, reweighed(log_weights(own), allowed, self.experiment.temperature))

    def unusual(self, strip: Strip) -> Mask:
        """Rows that see nothing, or whose weights are no numbers, below 0, or do not sum to 1, (rows,)."""
        captured = self.given.captured
        assert captured
        off = np.abs(strip.weights.sum(axis=-1, dtype=np.float64) - 1)
        usual = (off <= row_tolerance(captured.precision)) & (strip.weights.min(axis=-1) >= 0)
        return np.asarray(~(usual & strip.allowed.any(axis=-1)))

    @cached_property
    def as_they_are(self) -> bool:
        """Whether no knob asks what would be: at temperature 1 the rule hides no key."""
        if self.experiment.temperature != 1:
            return False
        seen = row_counts(self.mask, self.plane(self.head))
        return seen is not None and bool((seen == self.key_length).all())


class Strip(NamedTuple):
    """Some rows, each (rows, keys): the file's `own` weights, where a query may look, and the weights then."""

    own: Floats
    allowed: Mask
    weights: Floats


class _Some(NamedTuple):
    """A part of a map: some of its rows by their places."""

    rows: range
    cells: int


class _Survey:
    """What a map of weights asks: rows of the file, and the columns that they are summed into."""

    everything = False

    def __init__(self, far: FarOfWeights, rows: ArrayLike, columns: ArrayLike) -> None:
        edges = checked_edges("query", rows, far.query_length)
        self._far, self.columns = far, Columns(columns, far.key_length)
        self.queries = np.arange(edges[0], edges[-1])
        self.groups = np.repeat(np.arange(edges.size - 1), np.diff(edges))

    def jobs(self) -> Iterator[_Some]:
        """Strips of rows, the first of which are spread over all."""
        keys = self._far.key_length
        size, count = max(CELLS // keys, 1), self.queries.size
        starts = range(0, count, size)
        for at in scattered(len(starts)):
            rows = range(starts[at], min(starts[at] + size, count))
            yield _Some(rows, len(rows) * keys)

    def computed(self, some: _Some) -> Done:
        """The sums and pairs of some rows, without weights that are none."""
        first = int(self.queries[0])
        queries = range(first + some.rows.start, first + some.rows.stop)
        strip = self._far.read(queries)
        there = strip.allowed & np.isfinite(strip.weights)
        rows = slice(some.rows.start, some.rows.stop)
        groups = self.groups[rows]
        begins = starts_of(groups)
        weights = strip.weights if there.all() else np.where(there, strip.weights, 0)
        sums, pairs = (
            self.columns.shown(np.add.reduceat(self._by_part(numbers, kind), begins, axis=0))
            for numbers, kind in ((weights, np.float64), (there, np.int64))
        )
        return Done(rows, entropy(strip.weights), groups[begins], sums, pairs, self._far.unusual(strip))

    def _by_part(self, numbers: NDArray[Any], kind: Any) -> NDArray[Any]:
        return np.add.reduceat(numbers, self.columns.parts[:-1], axis=1, dtype=kind)

    def finished(self, rows: Positions, part: Part) -> Done:
        """Of no use: every strip is computed as a whole."""
        raise AssertionError(f"{rows.size} rows of a part, {part.sums.shape}")


def _made(experiment: Experiment, head: int, given: Inputs) -> FarOfFile:
    captured = given.captured
    assert captured
    if captured.rows is not None:
        return FarOfWeights(experiment, parse(experiment.mask, Kind.MASK), head, given, captured.rows)
    return FarOfInputs(experiment, _with_own(experiment, given), head, given)


def _with_own(experiment: Experiment, given: Inputs) -> Rule:
    """The rule, and the file's mask where that is a band."""
    captured, shift = given.captured, experiment.key_length - experiment.query_length
    rule = parse(experiment.mask, Kind.MASK)
    if captured is None or captured.band == EVERYTHING:
        return rule
    band = parse(captured.band.rule(shift if experiment.align == "right" else 0), Kind.MASK)
    return band if str(rule) in HIDES_NOTHING else Rule(And((rule.body, band.body)))


def _both_masks(own: Mask, rule: Rule, plane: Plane) -> Mask:
    """Where a mask and a rule let queries look, (queries, keys)."""
    made, keys, step = np.empty_like(own), np.arange(plane.key_length), max(CELLS // plane.key_length, 1)
    for first in range(0, plane.query_length, step):
        rows = slice(first, first + step)
        queries = np.arange(plane.query_length)[rows, None]
        np.logical_and(own[rows], evaluate(rule, plane.points(queries, keys)), out=made[rows])
    return made


def _packed_keys(query: Singles, key: Singles) -> tuple[NDArray[np.float64], PackedKeys]:
    """The longest query (1,), and the keys (1, keys, d) in blocks."""
    blocks, length = empty_blocks(*key.shape), key.shape[1]
    fill(blocks, key)
    with np.errstate(all="ignore"):
        return norms_of(query), PackedKeys(blocks, norms_of(key), length, key[..., :0])


def _without_numbers(given: Inputs) -> Inputs:
    return replace(given, query=given.query[:, :0], key=given.key[:, :0], value=given.value[:, :0])


_far = Stage(_made, keep=2)
_both = Stage(_both_masks, keep=1)
_labels = Stage(_without_numbers, keep=2)
_ready = Stage(_packed_keys, keep=2)
"""What is made of this head, and of the one before."""


def _forget() -> None:
    for stage in (_far, _labels, _ready, _both):
        stage.forget()


when_closed.append(_forget)
