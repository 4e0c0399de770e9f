"""Strips of a band, as of a sliding window: each sees the same keys but for a shift, so that many are one product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from .packing import Singles
from .pool import scratch
from .sight import RUN, Piece, Positions, Ruled, Run
from .strips import Strip, Sums, add_sums, entropies, exponentials, finite, inverses, scores, tops

if TYPE_CHECKING:
    from .jobs import Survey

CELLS = 2**18
"""Scores of a job, about."""

MOST_ROWS = 4
"""Rows of the picture that one strip may be part of."""


class BandJob(NamedTuple):
    """Strips of a band from the row `first` on, so many of them, each of `size` queries."""

    band: Band
    first: int
    strips: int
    size: int
    cells: int


class Done(NamedTuple):
    """What is known of complete rows: their entropies, and of `places`, rows of the picture, the sums and the pairs.

    Both are (places, columns); `pairs` is empty where all see everything. `unusual` are rows of weights that are given
    and not what weights should be; None where they are computed.
    """

    rows: slice | Positions
    entropy: NDArray[np.floating]
    places: slice | Positions
    totals: NDArray[np.float64]
    pairs: NDArray[np.int64]
    unusual: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Band:
    """`run`: the keys that a strip sees, counted from `before` keys before its first query; `size` queries a strip.

    `inside` are the strips whose keys are all there.
    """

    survey: Survey
    run: Run
    before: int
    size: int
    inside: range

    @property
    def rows(self) -> range:
        """The places of all its queries among the map's."""
        return range(self.inside.start * self.size, self.inside.stop * self.size)

    def jobs(self) -> Iterator[BandJob]:
        """Groups of strips, those next to each other far apart."""
        cells = self.size * self.run.last
        together = max(CELLS // cells, 1)
        groups = range(self.inside.start, self.inside.stop, together)
        for at in scattered(len(groups)):
            strips = min(together, self.inside.stop - groups[at])
            yield BandJob(self, groups[at] * self.size, strips, self.size, strips * cells)

    def computed(self, job: BandJob) -> Done:
        """The job done: by any thread."""
        survey, rows = self.survey, slice(job.first, job.first + job.strips * job.size)
        strip = self._strip(survey.queries[rows.start], job.strips)
        exponents = scores(strip, self.run)
        powers = exponentials(self.run, exponents, scratch("powers", exponents.shape))
        sums = Sums(*np.empty((2, job.strips, job.size), dtype=np.float32))
        add_sums(sums, powers, exponents, first=True)
        groups = survey.groups[rows].reshape(job.strips, job.size)
        row, count = int(groups[0, 0]), int(groups[-1, -1] - groups[0, 0]) + 1
        spread = min(count, MOST_ROWS)
        owners = (groups[:, None] == groups[:, :1, None] + np.arange(spread)[:, None]).astype(np.float32)
        totals = np.matmul(owners * inverses(sums.totals)[:, None], powers)  # (strips, rows of the picture, keys)
        pairs = np.matmul(owners, self._seen)
        places = (groups[:, :1] - row + np.arange(spread))[..., None] * survey.columns.count
        keys = survey.queries[rows].reshape(job.strips, job.size)[:, :1] - self.before + np.arange(self.run.last)
        places = np.minimum(places, (count - 1) * survey.columns.count) + survey.columns.part_of(keys)[:, None]
        cells, flat = count * survey.columns.count, places.ravel()
        found = (np.bincount(flat, each.ravel(), cells).reshape(count, -1) for each in (totals, pairs))
        shown, seen = (survey.columns.shown(each.astype(np.float64)) for each in found)
        return Done(rows, entropies(sums).ravel(), slice(row, row + count), shown, np.rint(seen).astype(np.int64))

    def _strip(self, query: int, strips: int) -> Strip:
        survey = self.survey
        packed, of = survey.packed, survey.packed.key_head(survey.head)
        queries = packed.scaled(survey.head, slice(query, query + strips * self.size))
        blocks, width = packed.keys.blocks[of], packed.keys.width
        first = (query - self.before) // width
        strides = (blocks.strides[0] * (self.size // width), *blocks.strides)
        shape = (strips, self.run.last // width, *blocks.shape[1:])
        shifted: Singles = as_strided(blocks[first:], shape, strides, writeable=False)
        strip = Strip(queries.reshape(strips, self.size, -1), shifted, (self.run,))
        return strip if survey.is_calm else Strip(strip.query, shifted, strip.runs, finite(tops(strip)))

    @cached_property
    def _seen(self) -> Singles:
        """1 where a query of any strip sees a key, (queries, keys)."""
        seen = np.ones((self.size, self.run.last), dtype=np.float32)
        for piece in self.run.pieces:
            seen[:, piece.first : piece.last] = piece.seen
        return seen


def band_of(survey: Survey, block: int) -> Band | None:
    """The band of a map whose mask is one of q − k, and narrow; None where it is not, or the map is small."""
    queries, keys = survey.queries, survey.packed.keys.length
    full = queries.size // block
    contiguous = full > 0 and queries[-1] - queries[0] + 1 == queries.size <= keys
    if not (isinstance(survey.sight, Ruled) and survey.sight.is_of_difference and contiguous and full >= 8):
        return None
    if survey.is_large or _rows_of_a_strip(survey, block, full) > MOST_ROWS:
        return None
    probes = [_strip_at(queries, at, block) for at in (0, full // 2, full - 1)]
    runs = survey.sight.runs(probes, survey.head)
    if len(runs[1]) != 1 or runs[1][0].last - runs[1][0].first > RUN // 2:
        return None
    run, offset = runs[1][0], runs[1][0].first - int(probes[1][0])
    width = run.last - run.first
    for probe, others in zip(probes[::2], runs[::2], strict=True):  # what the ends see, no strip between sees beyond
        low = int(probe[0]) + offset
        if any(other.first < low or other.last > low + width for other in others):
            return None
    if width % block:
        return None
    starts = int(queries[0]) + offset + np.arange(full) * block
    inside = np.flatnonzero((starts >= 0) & (starts + width <= keys // block * block))
    pieces = tuple(Piece(first - run.first, last - run.first, seen) for first, last, seen in run.pieces)
    return Band(survey, Run(0, width, pieces), -offset, block, range(int(inside[0]), int(inside[-1]) + 1))


def scattered(count: int) -> list[int]:
    """The numbers below count, in an order in which the first few are spread over all: steps of the golden ratio."""
    order: list[int] = np.argsort(np.arange(count) * (np.sqrt(5) - 1) / 2 % 1).tolist()
    return order


def _strip_at(queries: Positions, at: int, block: int) -> Positions:
    return queries[at * block : (at + 1) * block]


def _rows_of_a_strip(survey: Survey, block: int, full: int) -> int:
    """Of how many rows of the picture a strip is a part, at most."""
    groups = survey.groups[: full * block].reshape(full, block)
    return int((groups[:, -1] - groups[:, 0]).max()) + 1
