"""How many blocks of a size are full, partial and empty: what a block-sparse kernel computes, masks and skips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..notation.arithmetic import pseudo_random
from ..notation.evaluation import written_out
from ..notation.plane import Plane, Positions, Rectangles, Verdict
from ..notation.tree import Rule
from .blocks import judged_in_parts, settle
from .structure import is_of_difference

COARSE = 64
"""Rows and columns of the raster that the search begins with."""

MOST_OPEN = 2**19
"""Rectangles that are open at once; beyond, blocks are sampled. A band over a million positions has fewer."""

BUDGET = 2**17
"""Some times as many rectangles are judged to settle what is left."""

PARTS = 32
"""Rectangles that are judged to settle one block of a sample."""

SAMPLE = 2**12
"""Blocks that are looked at first where not all can be."""


@dataclass(frozen=True)
class BlockCounts:
    """How many blocks are full, partial and empty, ragged ones at the ends among them.

    `error` is the standard error of each number where they are estimated from `samples` blocks, else 0.
    """

    full: int
    partial: int
    empty: int
    error: float = 0.0
    samples: int = 0

    @property
    def exact(self) -> bool:
        """Whether every block was looked at."""
        return self.error == 0

    @property
    def total(self) -> int:
        """All blocks."""
        return self.full + self.partial + self.empty


def refined_blocks(estimate: BlockCounts, rule: Rule, plane: Plane, size: int) -> BlockCounts:
    """A better estimate, from twice as many samples; counts without any as they are."""
    return count_blocks(rule, plane, size, estimate.samples * 2) if estimate.samples else estimate


def count_blocks(rule: Rule, plane: Plane, size: int, samples: int = SAMPLE) -> BlockCounts:
    """Count the blocks of size × size positions. Rectangles of blocks are judged, and only partial ones split.

    Where too many stay open, they are estimated from `samples` of them. Raises RuleError where the rule has no value.
    """
    if is_of_difference(written_out(rule)[0]):
        return _by_diagonals(rule, plane, size)
    rows, columns = (-(-length // size) for length in (plane.query_length, plane.key_length))
    counts = np.zeros(3, dtype=np.int64)
    scale = max(1 << max((max(rows, columns) - 1).bit_length() - COARSE.bit_length() + 1, 0), 1)
    places = _raster(rows, columns, scale)
    while True:
        area = _size_in_blocks(places, scale, (rows, columns))
        verdicts = judged_in_parts(rule, plane, _rectangles(plane, places, scale * size))
        for verdict in (Verdict.EMPTY, Verdict.FULL):
            counts[verdict] += area[verdicts == verdict].sum()
        open_ = verdicts == Verdict.PARTIAL
        places = (places[0][open_], places[1][open_])
        if scale == 1 or places[0].size * 4 > MOST_OPEN:
            break
        places, scale = _quarters(places, (-(-rows // (scale // 2)), -(-columns // (scale // 2)))), scale // 2
    return _finished(rule, plane, (places, scale, size), counts, samples)


Places = tuple[Positions, Positions]
"""Rows and columns of rectangles, each `scale` blocks a side."""


def _by_diagonals(rule: Rule, plane: Plane, size: int) -> BlockCounts:
    """Of q − k alone: whole blocks along a diagonal are alike, so one of each is looked at, and all ragged ones."""
    lengths = plane.query_length, plane.key_length
    (rows, down), (columns, along) = (divmod(length, size) for length in lengths)
    all_rows = rows + bool(down)
    none, ones = np.zeros(max(all_rows, columns), dtype=np.int64), np.ones(max(all_rows, columns), dtype=np.int64)
    pieces = (  # rows, columns, and for how many blocks each stands
        (np.arange(rows), none[:rows], np.minimum(np.arange(rows, 0, -1), columns)),
        (none[1:columns], np.arange(1, columns), np.minimum(np.arange(columns - 1, 0, -1), rows)),
        (none[:columns] + rows, np.arange(columns), ones[:columns] * bool(down)),
        (np.arange(all_rows), none[:all_rows] + columns, ones[:all_rows] * bool(along)),
    )
    at = [np.concatenate(sides) for sides in zip(*pieces, strict=True)]
    there = at[2] > 0
    verdicts, certain = settle(rule, plane, _rectangles(plane, (at[0][there], at[1][there]), size), BUDGET * 4)
    counts = np.bincount(verdicts, weights=at[2][there], minlength=3).astype(np.int64)
    return _counts(counts, float(at[2][there][~certain].sum()))


def _raster(rows: int, columns: int, scale: int) -> Places:
    high, wide = -(-rows // scale), -(-columns // scale)
    at = np.arange(high * wide, dtype=np.int64)
    return at // wide, at % wide


def _quarters(places: Places, shape: tuple[int, int]) -> Places:
    """The four parts of each, as far as they are there."""
    rows = np.concatenate([places[0] * 2 + down for down in (0, 0, 1, 1)])
    columns = np.concatenate([places[1] * 2 + along for along in (0, 1, 0, 1)])
    there = (rows < shape[0]) & (columns < shape[1])
    return rows[there], columns[there]


def _size_in_blocks(places: Places, scale: int, shape: tuple[int, int]) -> Positions:
    high, wide = (np.minimum(length - place * scale, scale) for place, length in zip(places, shape, strict=True))
    return high * wide


def _rectangles(plane: Plane, places: Places, side: int) -> Rectangles:
    rows, columns = places
    return Rectangles(
        rows * side,
        np.minimum((rows + 1) * side, plane.query_length) - 1,
        columns * side,
        np.minimum((columns + 1) * side, plane.key_length) - 1,
    )


def _finished(
    rule: Rule, plane: Plane, open_: tuple[Places, int, int], counts: NDArray[np.int64], samples: int
) -> BlockCounts:
    """The counts with what is still open: looked at block by block, or of very many a sample."""
    places, scale, size = open_
    shape = -(-plane.query_length // size), -(-plane.key_length // size)
    weights = _size_in_blocks(places, scale, shape)
    total = int(weights.sum())
    if scale == 1:
        verdicts, certain = settle(rule, plane, _rectangles(plane, places, size), BUDGET * 8)
        if certain.all():
            counts += np.bincount(verdicts, minlength=3)
            return _counts(counts, 0.0)
    chosen = _sample(places, weights, scale, shape, samples)
    verdicts, certain = settle(rule, plane, _rectangles(plane, chosen, size), PARTS * samples)
    shares = np.bincount(verdicts, minlength=3) / samples
    estimated = np.rint(shares * total).astype(np.int64)
    estimated[Verdict.PARTIAL] += total - estimated.sum()
    spread = float(np.sqrt((shares * (1 - shares)).max() / samples)) * total
    unsettled = float(np.count_nonzero(~certain)) / samples * total
    return _counts(counts + estimated, max(spread, total / samples) + unsettled, samples)


def _counts(counts: NDArray[np.int64], error: float, samples: int = 0) -> BlockCounts:
    full, partial, empty = (int(counts[kind]) for kind in (Verdict.FULL, Verdict.PARTIAL, Verdict.EMPTY))
    return BlockCounts(full, partial, empty, error, samples)


def _sample(places: Places, weights: Positions, scale: int, shape: tuple[int, int], samples: int) -> Places:
    """Blocks of all that are open, the same each time: one at random in each of as many equal parts.

    In the middle of each part they would all stand in the same few columns.
    """
    ends, part = np.cumsum(weights), np.arange(samples)
    within = pseudo_random(np.asarray(samples), part, np.asarray(0))
    steps = ((part + within) * (int(ends[-1]) / samples)).astype(np.int64)
    owner = np.searchsorted(ends, steps, side="right")
    within = steps - (ends[owner] - weights[owner])
    wide = np.minimum(shape[1] - places[1][owner] * scale, scale)
    return places[0][owner] * scale + within // wide, places[1][owner] * scale + within % wide
