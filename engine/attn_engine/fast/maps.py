"""The heat map of a head that is too large to be made: exact means of its blocks, and the entropy of every row.

Rows come in strips, so that a picture can be shown after a few of them and made better while nobody types. What is
kept in memory is the size of the picture, of the rows, and of one strip for each thread.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..measures import entropy
from ..notation import Rule
from ..notation.grid import Align
from ..notation.plane import Plane
from .columns import Columns, checked_edges
from .machine import threads
from .packing import WORTH, Packed, Singles
from .plain import plain_weights
from .pool import scratch, shared
from .sight import Everything, Mask, Positions, Run, sight_of
from .strips import Strip, Sums, entropies, exponentials, finite, inverses, scores, tops

ROWS = 64
"""Queries of a strip."""

FEW = 4
"""Strips, for each thread, below which the keys of one are shared among threads too."""

FEW_RUNS, MANY_RUNS = 2, 16
"""Runs of keys in one job where they are shared, and otherwise: some milliseconds at most."""

JUDGED = 64
"""Strips whose mask is judged together."""

AT_ONCE, WHOLE = 2**22, 2**26
"""Scores between two looks at the clock, about three milliseconds, and where nobody looks."""

LEAST = 2**12
"""Scores that a job counts as at least, for what it costs besides."""

LARGE_CELLS = 2**22
"""Scores of a strip that is computed in the plain way."""


@dataclass(frozen=True, eq=False)
class PooledMap:
    """`means` (rows, columns): the mean weight of the pairs seen in each block of a picture, NaN in rows to come.

    `pairs` (rows, columns) are those seen, of the queries that are `known`; a block that none of them sees has 0 of
    them and the mean 0. `entropy` (queries,), in nats, is NaN where it is not known or nothing is seen. As long as it
    is not `exact`, a row's means are those of a part of its queries.
    """

    means: NDArray[np.float32]
    pairs: NDArray[np.int64]
    queries: Positions
    known: NDArray[np.bool_]
    entropy: Singles

    @property
    def exact(self) -> bool:
        """Whether every query has been computed."""
        return bool(self.known.all())

    @property
    def share(self) -> float:
        """The share of queries that have been computed."""
        return float(self.known.mean())


def pooled_map(
    packed: Packed,
    head: int,
    query_edges: ArrayLike,
    key_edges: ArrayLike,
    mask: Rule | str | Mask | None = None,
    *,
    align: Align = "left",
) -> PooledMap:
    """The exact means of blocks of weights: row i holds the queries edges[i] … edges[i + 1] − 1, columns alike.

    Weights are those of `weighed`. Raises ValueError for edges that do not rise within the lengths, or a head that is
    not there; RuleError for a mistake in the rule.
    """
    return deque(pooled_maps(packed, head, query_edges, key_edges, mask, align=align), maxlen=1)[0]


def pooled_maps(
    packed: Packed,
    head: int,
    query_edges: ArrayLike,
    key_edges: ArrayLike,
    mask: Rule | str | Mask | None = None,
    *,
    align: Align = "left",
    seconds: float = np.inf,
) -> Iterator[PooledMap]:
    """The same picture, better and better: the first after about `seconds`, the last exact. To be left at any time.

    Raises as `pooled_map`, at the first.
    """
    edges = checked_edges("query", query_edges, packed.query_length)
    queries = np.arange(edges[0], edges[-1])
    return _Mapper(packed, head, queries, edges - edges[0], key_edges, mask, align).steps(seconds)


def pooled_rows(
    packed: Packed,
    head: int,
    queries: ArrayLike,
    key_edges: ArrayLike,
    mask: Rule | str | Mask | None = None,
    *,
    align: Align = "left",
    seconds: float = np.inf,
) -> Iterator[PooledMap]:
    """Single rows, exact, of any length: a row of the picture for each of these rising queries, when it is known.

    Their keys are shared among threads. Raises as `pooled_map`, and for queries that do not rise.
    """
    chosen = np.asarray(queries, dtype=np.int64)
    checked_edges("query", [*chosen.tolist(), packed.query_length], packed.query_length)
    return _Mapper(packed, head, chosen, np.arange(chosen.size + 1), key_edges, mask, align).steps(seconds)


class _Job(NamedTuple):
    """Some of the runs of keys that one strip of queries sees: `rows` are their places among the map's queries."""

    rows: Positions
    runs: tuple[Run, ...]
    jobs: int  # of the whole strip
    tops: Singles | None


class _Part(NamedTuple):
    """What runs add to a strip: sums of powers by row and part of the keys, Σp̃·s by row, pairs by picture row."""

    sums: NDArray[np.float64]
    dots: NDArray[np.float64]
    pairs: NDArray[np.int64]


class _Mapper:
    """A map in the making: what is known of it so far."""

    def __init__(
        self,
        packed: Packed,
        head: int,
        queries: Positions,
        edges: Positions,
        key_edges: ArrayLike,
        mask: Rule | str | Mask | None,
        align: Align,
    ) -> None:
        if not 0 <= head < packed.num_heads:
            raise ValueError(f"head {head}; possible are 0 … {packed.num_heads - 1}")
        self.packed, self.head, self.queries = packed, head, queries
        self.columns = Columns(key_edges, packed.keys.length, packed.keys.width)
        plane = Plane(packed.query_length, packed.keys.length, packed.num_heads, align, head)
        self.sight = sight_of(mask, plane, packed.keys.width)
        self.large = packed.is_large(slice(head, head + 1))
        self.calm = packed.is_calm(slice(head, head + 1))
        self.groups = np.repeat(np.arange(edges.size - 1), np.diff(edges))  # the picture's row of each query
        self.totals = np.zeros((edges.size - 1, self.columns.edges.size - 1))
        self.pairs = np.zeros(self.totals.shape, dtype=np.int64)
        self.known = np.zeros(queries.size, dtype=np.bool_)
        self.entropy = np.full(queries.size, np.nan, dtype=np.float32)

    def steps(self, seconds: float) -> Iterator[PooledMap]:
        """The picture as it is after each of these times, and when it is exact."""
        jobs, end = self._jobs(), time.perf_counter() + seconds
        most = AT_ONCE if seconds < np.inf else WHOLE
        waiting: list[_Part] = []
        while some := list(_some(jobs, most)):
            for job, part in zip(some, shared(self._computed, some, apart=self._is_long(some)), strict=True):
                waiting.append(part)
                if len(waiting) == job.jobs:
                    self._take(job.rows, waiting)
                    waiting = []
            if time.perf_counter() >= end and not self.known.all():
                yield self._picture()
                end = time.perf_counter() + seconds
        yield self._picture()

    def _picture(self) -> PooledMap:
        pairs = self.pairs.copy()
        if isinstance(self.sight, Everything):
            rows = np.bincount(self.groups[self.known], minlength=pairs.shape[0])
            pairs = np.outer(rows, np.diff(self.columns.edges))
        means = np.divide(self.totals, pairs, out=np.zeros_like(self.totals), where=pairs > 0)
        begun = np.bincount(self.groups[self.known], minlength=pairs.shape[0]) > 0
        means[~begun] = np.nan
        return PooledMap(means.astype(np.float32), pairs, self.queries, self.known.copy(), self.entropy.copy())

    # Jobs

    def _jobs(self) -> Iterator[_Job]:
        """All of them, those of one strip after each other."""
        strips = self._strips()
        runs_at_once = FEW_RUNS if len(strips) < FEW * threads() else MANY_RUNS
        for first in range(0, len(strips), JUDGED):
            rows = strips[first : first + JUDGED]
            for places, runs in zip(
                rows, self.sight.runs([self.queries[each] for each in rows], self.head), strict=True
            ):
                size = len(runs) if self.large else runs_at_once
                chunks = [runs[at : at + size] for at in range(0, len(runs), size)] if runs else [()]
                greatest = None if len(chunks) == 1 or self.calm else self._greatest(places, chunks)
                yield from (_Job(places, chunk, len(chunks), greatest) for chunk in chunks)

    def _strips(self) -> list[Positions]:
        """The queries of each strip: far from each other where all see everything, so that the first tell of all."""
        count = self.queries.size
        rows = max(1, min(ROWS, LARGE_CELLS // self.packed.keys.length)) if self.large else ROWS
        strips = -(-count // rows)
        if isinstance(self.sight, Everything):
            return [np.arange(first, count, strips) for first in range(strips)]
        order = np.argsort([int(f"{at:024b}"[::-1], 2) for at in range(strips)])  # halves, quarters, …
        return [np.arange(at * rows, min((at + 1) * rows, count)) for at in order]

    def _strip(self, rows: Positions, runs: tuple[Run, ...], greatest: Singles | None) -> Strip:
        shared_head = self.packed.key_head(self.head)
        query = self.packed.query[self.head, self.queries[rows]][None]
        return Strip(query, self.packed.keys.blocks[shared_head : shared_head + 1], runs, greatest)

    def _greatest(self, rows: Positions, chunks: list[tuple[Run, ...]]) -> Singles:
        return finite(np.maximum.reduce(shared(lambda runs: tops(self._strip(rows, runs, None)), chunks)))

    def _is_long(self, jobs: list[_Job]) -> bool:
        return sum(map(_cells, jobs)) >= WORTH

    # What a job computes

    def _computed(self, job: _Job) -> _Part:
        pairs = self._pairs(job)
        if self.large:
            return self._plainly(job, pairs)
        strip = self._strip(job.rows, job.runs, job.tops)
        if not self.calm and job.tops is None:
            strip = replace(strip, tops=finite(tops(strip)))
        sums, dots = np.zeros((job.rows.size, self.columns.count)), np.zeros(job.rows.size)
        width = self.packed.keys.width
        for run in job.runs:
            exponents = scores(strip, run)
            keys = run.last - run.first
            powers = scratch("powers", (1, job.rows.size, -(-keys // width) * width))
            powers[..., keys:] = 0
            dots += np.vecdot(exponentials(run, exponents, powers[..., :keys]), exponents)[0]
            self.columns.add(powers, run, sums)
        return _Part(sums, dots, pairs)

    def _plainly(self, job: _Job, pairs: NDArray[np.int64]) -> _Part:
        """Of weights instead of powers: their entropies stand in place of Σp̃·s."""
        weights = plain_weights(self.packed, self.head, self.queries[job.rows], job.runs)
        sums = np.add.reduceat(weights[0].astype(np.float64), self.columns.parts[:-1], axis=-1)
        return _Part(sums, entropy(weights)[0].astype(np.float64), pairs)

    def _pairs(self, job: _Job) -> NDArray[np.int64]:
        """How many pairs the runs let each picture row see, by column."""
        if isinstance(self.sight, Everything):
            return np.zeros((0, 0), dtype=np.int64)
        starts = _starts(self.groups[job.rows])
        rows = np.diff([*starts, job.rows.size])
        pairs = np.zeros((starts.size, self.columns.count), dtype=np.int64)
        parts = self.columns.parts
        for run in job.runs:
            pairs += np.outer(rows, np.diff(np.clip(parts, run.first, run.last)))
            for first, last, seen in run.pieces:
                inside = np.flatnonzero(np.diff(np.clip(parts, first, last)))
                by_row = np.add.reduceat(seen, starts, axis=0, dtype=np.int64)
                pairs -= np.outer(rows, np.diff(np.clip(parts, first, last)))
                pairs[:, inside] += np.add.reduceat(by_row, np.maximum(parts[inside] - first, 0), axis=1)
        return self.columns.shown(pairs)

    # What becomes of it

    def _take(self, rows: Positions, parts: list[_Part]) -> None:
        """A strip that is complete."""
        sums, dots = sum(part.sums for part in parts), sum(part.dots for part in parts)
        starts, totals = _starts(self.groups[rows]), sums.sum(axis=-1)
        shares = np.ones(totals.shape) if self.large else inverses(totals)
        shown = np.add.reduceat(self.columns.shown(sums) * shares[:, None], starts, axis=0)
        places = self.groups[rows][starts]
        self.totals[places] += shown
        if parts[0].pairs.size:
            self.pairs[places] += sum(part.pairs for part in parts)
        self.entropy[rows] = dots if self.large else entropies(Sums(totals, dots))
        self.known[rows] = True


def _starts(groups: Positions) -> Positions:
    """Where a new group begins."""
    return np.flatnonzero(np.diff(groups, prepend=-1))


def _cells(job: _Job) -> int:
    return job.rows.size * sum(run.last - run.first for run in job.runs)


def _some(jobs: Iterator[_Job], most: int) -> Iterator[_Job]:
    """Jobs until their scores are so many."""
    cells = 0
    while cells < most and (job := next(jobs, None)):
        cells += max(_cells(job), LEAST)
        yield job
