"""The heat map of a head that is too large to be made: exact means of its blocks, and the entropy of every row.

Rows come in strips, so that a picture can be shown after a few of them and made better while nobody types. What is
kept in memory is the size of the picture, of the rows, and of one strip for each thread.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..notation import Rule
from ..notation.grid import Align
from ..notation.plane import Plane
from .bands import BandJob, Done
from .columns import BLOCK, Columns, checked_edges
from .jobs import Job, Part, Survey
from .packing import Packed, Singles
from .pool import WORTH, shared
from .sight import Mask, Positions, Sight, sight_of

AT_ONCE, WHOLE = 2**22, 2**26
"""Scores between two looks at the clock, about three milliseconds, and where nobody looks."""


@dataclass(frozen=True, eq=False)
class MeanMap:
    """`means` (rows, columns): the mean weight of the pairs seen in each block of a picture, NaN in rows to come.

    `pairs` (rows, columns) are those seen, of the queries that are `known`; a block that none of them sees has 0 of
    them and the mean 0. `entropy` (queries,), in nats, is NaN where it is not known or nothing is seen. As long as it
    is not `exact`, a row's means are those of a part of its queries. `unusual` (queries,) are those known of which
    anything is: of given weights, not of those that are computed.
    """

    means: NDArray[np.float32]
    pairs: NDArray[np.int64]
    queries: Positions
    known: NDArray[np.bool_]
    entropy: Singles
    unusual: NDArray[np.bool_] | None = None

    @cached_property
    def exact(self) -> bool:
        """Whether every query has been computed."""
        return bool(self.known.all())

    @cached_property
    def share(self) -> float:
        """The share of queries that have been computed."""
        return float(self.known.mean())


def mean_map(
    packed: Packed,
    head: int,
    query_edges: ArrayLike,
    key_edges: ArrayLike,
    mask: Rule | str | Mask | None = None,
    *,
    align: Align = "left",
) -> MeanMap:
    """The exact means of blocks of weights: row i holds the queries edges[i] … edges[i + 1] − 1, columns alike.

    Weights are those of `weighed`. Raises ValueError for edges that do not rise within the lengths, or a head that is
    not there; RuleError for a mistake in the rule.
    """
    return deque(mean_maps(packed, head, query_edges, key_edges, mask, align=align), maxlen=1)[0]


def mean_maps(
    packed: Packed,
    head: int,
    query_edges: ArrayLike,
    key_edges: ArrayLike,
    mask: Rule | str | Mask | None = None,
    *,
    align: Align = "left",
    plane: Plane | None = None,
    seconds: float = np.inf,
    scores: float = 0,
) -> Iterator[MeanMap]:
    """The same picture, better and better: the first after about `seconds`, the last exact. To be left at any time.

    Between two there are at least so many `scores`, which no clock decides. Where no row more is known than before, it
    is the same picture once more: a moment to stop at. A mask stands on the `plane`, where the packed heads are not all
    that there are. Raises as `mean_map`, at the first.
    """
    edges = checked_edges("query", query_edges, packed.query_length)
    queries, groups = np.arange(edges[0], edges[-1]), np.repeat(np.arange(edges.size - 1), np.diff(edges))
    columns, sight = Columns(key_edges, packed.keys.length), _sight(packed, mask, align, head, plane)
    return Canvas(Survey(packed, head, queries, groups, columns, sight)).steps(seconds, scores)


def mean_rows(
    packed: Packed,
    head: int,
    queries: ArrayLike,
    key_edges: ArrayLike,
    mask: Rule | str | Mask | None = None,
    *,
    align: Align = "left",
    seconds: float = np.inf,
) -> Iterator[MeanMap]:
    """Single rows, exact, of any length: a row of the picture for each of these rising queries, when it is known.

    Their keys are shared among threads. Raises as `mean_map`, and for queries that do not rise.
    """
    chosen = np.asarray(queries, dtype=np.int64)
    checked_edges("query", [*chosen.tolist(), packed.query_length], packed.query_length)
    groups = np.arange(chosen.size)
    columns, sight = Columns(key_edges, packed.keys.length), _sight(packed, mask, align, head)
    return Canvas(Survey(packed, head, chosen, groups, columns, sight)).steps(seconds)


def _sight(
    packed: Packed, mask: Rule | str | Mask | None, align: Align, head: int, plane: Plane | None = None
) -> Sight:
    """Raises ValueError for a head that is not there."""
    if not 0 <= head < packed.num_heads:
        raise ValueError(f"head {head}; possible are 0 … {packed.num_heads - 1}")
    plane = plane or Plane(packed.query_length, packed.keys.length, packed.num_heads, align, head)
    return sight_of(mask, plane, max(BLOCK, packed.keys.width))


class Asked(Protocol):
    """What a map asks, and how it is computed."""

    @property
    def queries(self) -> Positions:
        """Rising queries."""

    @property
    def groups(self) -> Positions:
        """The row of the picture that each is in."""

    @property
    def columns(self) -> Columns:
        """The keys that each column stands for."""

    @property
    def everything(self) -> bool:
        """Whether no pair is hidden."""

    def jobs(self) -> Iterator[Any]:
        """What threads do, each with as many `cells` as it computes."""

    def computed(self, job: Any) -> Done | Part:
        """A job done."""

    def finished(self, rows: Positions, part: Part) -> Done:
        """A strip of which all parts are there."""


class Canvas:
    """A map in the making: what is known of it so far."""

    def __init__(self, survey: Asked) -> None:
        self.survey = survey
        rows, columns = int(survey.groups[-1]) + 1, survey.columns.edges.size - 1
        self.totals = np.zeros((rows, columns))
        self.pairs = np.zeros((rows, columns), dtype=np.int64)
        self.known = np.zeros(survey.queries.size, dtype=np.bool_)
        self.entropy = np.full(survey.queries.size, np.nan, dtype=np.float32)
        self.unusual: NDArray[np.bool_] | None = None
        self.begun = np.zeros(rows, dtype=np.int64)  # queries known of each row
        self._waiting: list[Part] = []

    def steps(self, seconds: float, scores: float = 0) -> Iterator[MeanMap]:
        """The picture as it is after each of these times or numbers of scores, and when it is exact."""
        jobs, end = self.survey.jobs(), time.perf_counter() + seconds
        most, made, known, last = WHOLE if scores or seconds == np.inf else AT_ONCE, 0, 0, None
        while some := list(_some(jobs, most)):
            cells = sum(job.cells for job in some)
            self._take(some, shared(self.survey.computed, some, cells >= WORTH))
            made += cells
            now = int(self.begun.sum())
            if time.perf_counter() >= end and made >= scores and 0 < now < self.known.size:
                last = self._picture() if last is None or known < now else last
                yield last
                end, made, known = time.perf_counter() + seconds, 0, now
        yield self._picture()

    def _take(self, jobs: Sequence[Job | BandJob], found: Sequence[Done | Part]) -> None:
        """What jobs found; parts wait for the others of their strip, which come right after them."""
        for job, each in zip(jobs, found, strict=True):
            if isinstance(each, Done):
                self._draw(each)
            elif isinstance(job, Job):
                self._waiting.append(each)
                if len(self._waiting) == job.jobs:
                    self._draw(self.survey.finished(job.rows, _together(self._waiting)))
                    self._waiting = []

    def _draw(self, done: Done) -> None:
        self.totals[done.places] += done.totals
        if done.pairs.size:
            self.pairs[done.places] += done.pairs
        self.entropy[done.rows] = done.entropy
        self.known[done.rows] = True
        if done.unusual is not None:
            self.unusual = np.zeros_like(self.known) if self.unusual is None else self.unusual
            self.unusual[done.rows] = done.unusual
        self.begun += np.bincount(self.survey.groups[done.rows], minlength=self.begun.size)

    def _picture(self) -> MeanMap:
        survey, pairs = self.survey, self.pairs.copy()
        if survey.everything:
            pairs = np.outer(self.begun, np.diff(survey.columns.edges))
        means = np.divide(self.totals, pairs, out=np.zeros_like(self.totals), where=pairs > 0)
        means[self.begun == 0] = np.nan
        unusual = None if self.unusual is None else self.unusual.copy()
        known, entropy = self.known.copy(), self.entropy.copy()
        return MeanMap(means.astype(np.float32), pairs, survey.queries, known, entropy, unusual)


def _together(parts: list[Part]) -> Part:
    """What the jobs of one strip found."""
    first, *others = parts
    for sums, dots, pairs in others:
        first = Part(first.sums + sums, first.dots + dots, first.pairs + pairs)
    return first


def _some(jobs: Iterator[Job | BandJob], most: int) -> Iterator[Job | BandJob]:
    """Jobs until their scores are so many."""
    cells = 0
    while cells < most and (job := next(jobs, None)):
        cells += job.cells
        yield job
