"""A map as jobs for threads: strips of queries, each against some runs of the keys that it sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..measures import entropy
from .bands import BandJob, Done, band_of, scattered
from .columns import BLOCK, Columns
from .machine import threads
from .packing import Packed, Singles
from .plain import plain_weights
from .pool import scratch, shared
from .sight import Everything, Positions, Run, Sight
from .strips import Strip, Sums, entropies, exponentials, finite, inverses, scores, tops

ROWS = 128
"""Queries of a strip: fewer, and threads wait for each other between two operations; more leave the cache."""

FEW = 4
"""Strips, for each thread, below which the keys of one are shared among threads too."""

FEW_RUNS, MANY_RUNS = 2, 16
"""Runs of keys in one job where they are shared, and otherwise: some milliseconds at most."""

MANY_KEYS, SHORT, SPREAD = 2**18, 8, 128
"""Keys from which the first strips below a mask are short: how many queries they have then, and how many they are."""

JUDGED, LOOKED_AT = 64, 2**25
"""Strips whose mask is judged together, and pairs of them that may have to be looked at one by one."""

LEAST = 2**12
"""Scores that a job counts as at least, for what it costs besides."""

LARGE_CELLS = 2**22
"""Scores of a strip that is computed in the plain way."""


class Job(NamedTuple):
    """Some of the runs of keys that one strip sees: `rows` are the places of its queries among the map's.

    `jobs` is how many there are of the strip, `tops` what its exponents are counted from, if that is known.
    """

    rows: Positions
    runs: tuple[Run, ...]
    jobs: int
    tops: Singles | None

    @property
    def cells(self) -> int:
        """How many scores it computes, and at least as many as its other work is worth."""
        return max(self.rows.size * sum(run.last - run.first for run in self.runs), LEAST)


class Part(NamedTuple):
    """What a job finds for each row of its strip: sums of powers by part of the keys, and Σp̃·s, both float64.

    `pairs` are those that the runs let each row of the picture see, by column; empty where all see everything. Of
    weights computed in the plain way, the entropies stand in place of Σp̃·s.
    """

    sums: NDArray[np.float64]
    dots: NDArray[np.float64]
    pairs: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Survey:
    """What a map asks: the head, rising `queries`, the row of the picture that each is in, and the columns."""

    packed: Packed
    head: int
    queries: Positions
    groups: Positions
    columns: Columns
    sight: Sight

    @property
    def everything(self) -> bool:
        """Whether no pair is hidden."""
        return isinstance(self.sight, Everything)

    @property
    def is_large(self) -> bool:
        """Whether its scores are left to the plain way."""
        return self.packed.large[self.head]

    @property
    def is_calm(self) -> bool:
        """Whether its scores are exponentiated as they are."""
        return self.packed.calm[self.head]

    def jobs(self) -> Iterator[Job | BandJob]:
        """All of them, those of one strip after each other."""
        band = band_of(self, max(BLOCK, self.packed.keys.width))
        if band:
            yield from band.jobs()
        strips = self._strips(band.rows if band else range(0))
        at_once = FEW_RUNS if len(strips) < FEW * threads() else MANY_RUNS
        together = max(1, min(JUDGED, LOOKED_AT // (ROWS * self.packed.keys.length)))
        for first in range(0, len(strips), together):
            some = [np.arange(*strip) for strip in strips[first : first + together]]
            seen = self.sight.runs([self.queries[rows] for rows in some], self.head)
            for rows, runs in zip(some, seen, strict=True):
                yield from self._of_strip(rows, runs, len(runs) if self.is_large else at_once)

    def _of_strip(self, rows: Positions, runs: tuple[Run, ...], at_once: int) -> Iterator[Job]:
        chunks = [runs[at : at + at_once] for at in range(0, len(runs), at_once)] if runs else [runs]
        known = None
        if len(chunks) > 1 and not self.is_calm:
            parts = shared(lambda chunk: tops(self._strip(rows, chunk)), chunks)
            known = finite(np.maximum.reduce(parts))
        return (Job(rows, chunk, len(chunks), known) for chunk in chunks)

    def _strips(self, done: range) -> list[tuple[int, int, int]]:
        """The rows of each strip that are not `done`: first, end and step.

        Without a mask the first strips tell of all the map.
        """
        count = self.queries.size
        size = max(1, min(ROWS, LARGE_CELLS // self.packed.keys.length)) if self.is_large else ROWS
        if self.everything:
            step = -(-count // size)
            return [(first, count, step) for first in range(step)]
        starts = [at for at in range(0, count, size) if at not in done]
        strips = [(starts[at], min(starts[at] + size, count), 1) for at in scattered(len(starts))]
        return _sooner(strips) if self.packed.keys.length >= MANY_KEYS and len(strips) > SPREAD else strips

    def _strip(self, rows: Positions, runs: tuple[Run, ...], greatest: Singles | None = None) -> Strip:
        of = self.packed.key_head(self.head)
        query = self.packed.scaled(self.head, self.queries[rows])[None]
        return Strip(query, self.packed.keys.blocks[of : of + 1], runs, greatest)

    # What a job computes

    def computed(self, job: Job | BandJob) -> Done | Part:
        """The job done, by any thread: a part, where its strip has others."""
        if isinstance(job, BandJob):
            return job.band.computed(job)
        part = self._plainly(job) if self.is_large else self._quickly(job)
        return self.finished(job.rows, part) if job.jobs == 1 else part

    def finished(self, rows: Positions, part: Part) -> Done:
        """A strip that is complete."""
        groups, totals = self.groups[rows], part.sums.sum(axis=-1)
        begins = starts_of(groups)
        shares = np.ones(totals.shape) if self.is_large else inverses(totals)
        shown = np.add.reduceat(self.columns.shown(part.sums) * shares[:, None], begins, axis=0)
        entropy = part.dots if self.is_large else entropies(Sums(totals, part.dots))
        return Done(rows, entropy, groups[begins], shown, part.pairs)

    def _quickly(self, job: Job) -> Part:
        strip = self._strip(job.rows, job.runs, job.tops)
        if not self.is_calm and job.tops is None:
            strip = replace(strip, tops=finite(tops(strip)))
        sums, dots = np.zeros((job.rows.size, self.columns.count)), np.zeros(job.rows.size)
        for run in job.runs:
            exponents = scores(strip, run)
            keys = run.last - run.first
            powers = scratch("powers", (1, job.rows.size, self.columns.padded(keys)))
            powers[..., keys:] = 0
            dots += np.vecdot(exponentials(run, exponents, powers[..., :keys]), exponents)[0]
            self.columns.add(powers[0], run, sums)
        return Part(sums, dots, self._pairs(job))

    def _plainly(self, job: Job) -> Part:
        weights = plain_weights(self.packed, self.head, self.queries[job.rows], job.runs)
        sums = np.add.reduceat(weights[0].astype(np.float64), self.columns.parts[:-1], axis=-1)
        return Part(sums, entropy(weights)[0].astype(np.float64), self._pairs(job))

    def _pairs(self, job: Job) -> NDArray[np.int64]:
        """How many pairs the runs let each row of the picture see, (rows of the picture, columns)."""
        if self.everything:
            return np.zeros((0, 0), dtype=np.int64)
        begins = starts_of(self.groups[job.rows])
        rows, parts = np.diff([*begins, job.rows.size]), self.columns.parts
        pairs = np.zeros((begins.size, self.columns.count), dtype=np.int64)
        for run in job.runs:
            pairs += np.outer(rows, np.diff(np.clip(parts, run.first, run.last)))
            for first, last, seen in run.pieces:
                sizes = np.diff(np.clip(parts, first, last))
                inside = np.flatnonzero(sizes)
                by_row = np.add.reduceat(seen, begins, axis=0, dtype=np.int64)
                pairs -= np.outer(rows, sizes)
                pairs[:, inside] += np.add.reduceat(by_row, np.maximum(parts[inside] - first, 0), axis=1)
        return self.columns.shown(pairs)


def _sooner(strips: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The first strips as SHORT ones, so that all the map is told of sooner, and the rest of each at the end."""
    first, others = strips[:SPREAD], strips[SPREAD:]
    short = [(start, min(start + SHORT, end), step) for start, end, step in first]
    rest = [(start + SHORT, end, step) for start, end, step in first if start + SHORT < end]
    return short + others + rest


def starts_of(groups: Positions) -> Positions:
    """Where a new group begins in rising numbers of groups."""
    return np.flatnonzero(np.diff(groups, prepend=-1))
