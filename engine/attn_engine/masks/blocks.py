"""Blocks of a mask: the picture of any raster of rectangles, and how many blocks are full, partial and empty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..notation.evaluation import evaluate
from ..notation.grid import Array
from ..notation.intervals import judge
from ..notation.plane import Plane, Positions, Rectangles, Verdict
from ..notation.tree import Rule

BUDGET = 2**17
"""Cells that one picture evaluates at most."""

MOST_RECTANGLES = 2**13
"""Rectangles that are judged at once to settle what a sample leaves open."""

GOLDEN = 0.6180339887498949
UNSURE = np.float32(1 / 128)
"""The share of a cell that may be empty, or full: a sample proves neither."""

SIDES = (8, 6, 4, 3, 2)
"""Rows and columns that a cell is sampled at, as the budget allows."""


_STEPS = np.arange(1.0, 13.0)
PROBES = (
    np.concatenate([[0.0, 0.0, 1.0, 1.0], _STEPS * GOLDEN % 1]),
    np.concatenate([[0.0, 1.0, 0.0, 1.0], _STEPS * GOLDEN**3 % 1]),
)
"""Where in a rectangle, from 0 to 1, pairs are looked at before it is split: its corners, and places between."""

AT_ONCE = 2**15


@dataclass(frozen=True, eq=False)
class Blocks:
    """Verdicts, int8 (rows, columns); the share of pairs allowed in each, float32; whether all of it is exact.

    Full and empty ones are certain, and have the shares 1 and 0; a partial one that was only sampled may still be
    full or empty.
    """

    verdicts: NDArray[np.int8]
    shares: NDArray[np.float32]
    exact: bool


def block_map(rule: Rule, plane: Plane, query_edges: ArrayLike, key_edges: ArrayLike) -> Blocks:
    """The picture of a raster: cell (i, j) holds the queries edges[i] … edges[i + 1] − 1, and keys alike.

    Every cell is judged; partial ones are counted where they hold few pairs in all, and sampled at fixed places
    otherwise. Raises RuleError where the rule has no value.
    """
    rows, columns = (np.asarray(edges, dtype=np.int64) for edges in (query_edges, key_edges))
    verdicts = np.array(judge(rule, plane, Rectangles.between(rows, columns)))
    partial = verdicts == Verdict.PARTIAL
    if not partial.any():
        return Blocks(verdicts, _shares(verdicts), True)
    rows_of, columns_of = (np.flatnonzero(partial.any(axis=axis)) for axis in (1, 0))
    needed = np.ix_(rows_of, columns_of)
    parts = _parts(rows, rows_of), _parts(columns, columns_of)
    counted = _counted(rule, plane, *parts)
    shares = _shares(verdicts)
    if counted is not None:
        shares[needed] = np.where(partial[needed], counted, shares[needed])
        return Blocks(_certain(shares), shares, True)
    shares[needed] = np.where(partial[needed], _sampled(rule, plane, *parts), shares[needed])
    _settle_unanimous(rule, plane, Rectangles.between(rows, columns), (verdicts, shares))
    return Blocks(verdicts, shares, False)


Parts = tuple[Positions, Positions]
"""Where the cells that matter begin, and their sizes."""


def _parts(edges: Positions, places: NDArray[np.intp]) -> Parts:
    return edges[places], np.diff(edges)[places]


def _shares(verdicts: NDArray[np.int8]) -> NDArray[np.float32]:
    return verdicts.astype(np.float32) / np.float32(2)


def _certain(shares: NDArray[np.float32]) -> NDArray[np.int8]:
    return np.where(shares == 0, Verdict.EMPTY, np.where(shares == 1, Verdict.FULL, Verdict.PARTIAL)).astype(np.int8)


def _grid_values(rule: Rule, plane: Plane, queries: Positions, keys: Positions) -> Array:
    values = evaluate(rule, plane.grid(queries, keys))
    return np.broadcast_to(values, (queries.size, keys.size))


def _counted(rule: Rule, plane: Plane, rows: Parts, columns: Parts) -> NDArray[np.float32] | None:
    """The exact shares of cells, all of their pairs evaluated; None where those are too many."""
    if rows[1].sum() * columns[1].sum() > BUDGET:
        return None
    queries, keys = (
        np.concatenate([np.arange(a, a + n) for a, n in zip(*part, strict=True)]) for part in (rows, columns)
    )
    allowed = _grid_values(rule, plane, queries, keys)
    starts = [np.concatenate([[0], np.cumsum(sizes)[:-1]]) for _, sizes in (rows, columns)]
    sums = np.add.reduceat(np.add.reduceat(allowed, starts[0], axis=0, dtype=np.int32), starts[1], axis=1)
    return (sums / (rows[1][:, None] * columns[1][None, :])).astype(np.float32)


def _sampled(rule: Rule, plane: Plane, rows: Parts, columns: Parts) -> NDArray[np.float32]:
    """The shares of cells by a few rows and columns of each, shifted from cell to cell against stripes."""
    cells = rows[1].size * columns[1].size
    side = next((side for side in SIDES if cells * side * side <= BUDGET), SIDES[-1])
    queries, keys = _places(rows, side, 0.25), _places(columns, side, 0.75)
    allowed = _grid_values(rule, plane, queries.ravel(), keys.ravel())
    means: NDArray[np.float32] = allowed.reshape(rows[1].size, side, columns[1].size, side).mean(
        axis=(1, 3), dtype=np.float32
    )
    return means


def _places(parts: Parts, side: int, phase: float) -> Positions:
    """`side` positions within each part, (parts, side): one in each of as many strips, at changing places there."""
    first, size = parts
    shift = (np.arange(first.size * side) * GOLDEN + phase) % 1
    within = (np.arange(side) + shift.reshape(-1, side)) / side
    return first[:, None] + np.minimum((within * size[:, None]).astype(np.int64), size[:, None] - 1)


def _settle_unanimous(
    rule: Rule, plane: Plane, raster: Rectangles, picture: tuple[NDArray[np.int8], NDArray[np.float32]]
) -> None:
    """Settle by splitting the partial cells whose samples all agree; what stays partial has a share between 0 and 1."""
    verdicts, shares = picture
    partial = verdicts == Verdict.PARTIAL
    places = np.flatnonzero(partial & ((shares == 0) | (shares == 1)))
    if 0 < places.size <= MOST_RECTANGLES // 4:
        decided, _ = settle(rule, plane, raster.chosen(places), MOST_RECTANGLES)
        verdicts.ravel()[places] = decided
    np.clip(shares, UNSURE, 1 - UNSURE, out=shares, where=verdicts == Verdict.PARTIAL)
    certain = verdicts != Verdict.PARTIAL
    shares[certain] = verdicts[certain] / np.float32(2)


def settle(rule: Rule, plane: Plane, rectangles: Rectangles, budget: int) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """The verdicts of rectangles in a row by splitting what is partial, and whether each of them is certain.

    At most `budget` rectangles are judged; what is open then stays PARTIAL and uncertain.
    """
    count = rectangles.flat().query_low.size
    full, empty = (np.zeros(count, dtype=np.bool_) for _ in range(2))
    mixed = _mixed(rule, plane, rectangles)
    open_ = ~mixed
    owners = np.flatnonzero(~mixed)
    rectangles = rectangles.chosen(owners)
    while 0 < owners.size <= budget:
        rectangles, owners, verdicts = _judged(rule, plane, rectangles, owners)
        budget -= owners.size
        full[owners[verdicts == Verdict.FULL]] = True
        empty[owners[verdicts == Verdict.EMPTY]] = True
        going_on = (verdicts == Verdict.PARTIAL) & ~(full & empty)[owners]
        open_ = np.zeros(count, dtype=np.bool_)
        open_[owners[going_on]] = True
        if 4 * np.count_nonzero(going_on) > budget:
            break
        rectangles, parents = rectangles.chosen(going_on).split()
        owners = owners[going_on][parents]
    both = mixed | (full & empty)
    open_ &= ~both
    verdicts = np.where(open_ | both, Verdict.PARTIAL, np.where(full, Verdict.FULL, Verdict.EMPTY))
    return verdicts.astype(np.int8), ~open_


def _mixed(rule: Rule, plane: Plane, rectangles: Rectangles) -> NDArray[np.bool_]:
    """Which rectangles are partial for certain: a few of their pairs, the corners among them, do not agree."""
    row = rectangles.flat()
    high, wide = row.query_high - row.query_low, row.key_high - row.key_low
    found = np.empty(high.size, dtype=np.bool_)
    for first in range(0, high.size, AT_ONCE):
        part = slice(first, first + AT_ONCE)
        queries = row.query_low[part, None] + (PROBES[0] * high[part, None]).astype(np.int64)
        keys = row.key_low[part, None] + (PROBES[1] * wide[part, None]).astype(np.int64)
        allowed = np.broadcast_to(evaluate(rule, plane.points(queries, keys)), queries.shape)
        found[part] = allowed.any(axis=1) & ~allowed.all(axis=1)
    return found


def _judged(
    rule: Rule, plane: Plane, rectangles: Rectangles, owners: NDArray[np.intp]
) -> tuple[Rectangles, NDArray[np.intp], NDArray[np.int8]]:
    """The rectangles with their verdicts; single cells, which need no judging, are evaluated."""
    row = rectangles.flat()
    verdicts = judged_in_parts(rule, plane, row)
    single = (verdicts == Verdict.PARTIAL) & (row.query_low == row.query_high) & (row.key_low == row.key_high)
    if single.any():
        allowed = evaluate(rule, plane.points(row.query_low[single], row.key_low[single]))
        verdicts[single] = np.where(allowed, Verdict.FULL, Verdict.EMPTY)
    return row, owners, verdicts


def judged_in_parts(rule: Rule, plane: Plane, row: Rectangles) -> NDArray[np.int8]:
    """The verdicts of rectangles in a row, of so many at once that what is needed on the way stays small."""
    verdicts = np.empty(row.query_low.size, dtype=np.int8)
    for first in range(0, verdicts.size, AT_ONCE):
        part = slice(first, first + AT_ONCE)
        verdicts[part] = judge(rule, plane, row.chosen(part))
    return verdicts
