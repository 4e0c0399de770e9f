"""Maps of an attention with more scores than are made, as far as they are known, and how they become better."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from attn_engine import Drawing, Experiment, Far, MeanMap, far_of, pooled_map

from .desk import Desk
from .stages import Mask, Matrix

FIRST, NEXT = 0.003, 0.03
"""Seconds after which a map is shown for the first time, and between two looks at how it has become."""

GROWN, MOST = 1.5, 6
"""How much more has to be known before it is shown again, and after how many looks it is at the latest."""

AT_ONCE = 2**21
"""Numbers of query and key that are drawn before a map is shown at all; more are drawn beside the screen."""

DRAWN = 0.1
"""Seconds between two looks at how many have been drawn."""

PRINTED, SAMPLED = 2**34, 2**32
"""Scores up to which a map is printed when it is exact, and those, about, after which a larger one is an estimate."""

Ends = tuple[int, int, int]
"""Where blocks begin and end, as of a range, and how large they are."""


@dataclass(frozen=True, eq=False)
class Progress:
    """A map so far, and how it goes on, unless it is exact; before it begins, the numbers that are still drawn.

    `trouble` is why there is none, or no more of it.
    """

    map: MeanMap
    rest: Iterator[MeanMap] | None
    drawing: Drawing | None = None
    trouble: str = ""


def begun(experiment: Experiment, head: int, rows: Ends, columns: Ends, seconds: float) -> Progress:
    """The first estimate of a map between some ends, after about so many seconds; without end, that to be printed.

    Nothing is known of a map whose numbers take long to be drawn.
    """
    far, edges = far_of(experiment, head), (_edges(*rows), _edges(*columns))
    rest, drawing = _later(far, head, *edges), far.drawing
    if seconds == math.inf:
        scores = PRINTED if far.query_length * far.key_length <= PRINTED else SAMPLED
        return Progress(next(far.maps(head, *edges, 0, scores)), None)
    if drawing and drawing.share < 1 and drawing.total > AT_ONCE:
        return Progress(_unknown(*edges), rest, drawing)
    first = next(far.maps(head, *edges, seconds))
    return Progress(first, None if first.exact else rest)


def none_for(trouble: str, rows: Ends, columns: Ends) -> Progress:
    """No map, and why."""
    return Progress(_unknown(_edges(*rows), _edges(*columns)), None, trouble=trouble)


def further(progress: Progress, desk: Desk) -> Progress | None:
    """The map when noticeably more is known of it, or all, or the desk is held; None where nothing more will be."""
    if progress.rest is None:
        return None
    if progress.drawing:
        progress.drawing.go_on(DRAWN)
        return replace(progress, drawing=progress.drawing if progress.drawing.share < 1 else None)
    found, looks = progress.map, 0
    try:
        for newer in progress.rest:
            looks += newer is not found
            found = newer
            if desk.held or found.exact or looks == MOST or found.share > GROWN * progress.map.share:
                break
    except (ValueError, MemoryError) as error:  # a file may have shrunk
        return Progress(found, None, trouble=str(error) or "not enough memory for the rest")
    return Progress(found, None if found.exact else progress.rest)


def _later(far: Far, head: int, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Iterator[MeanMap]:
    """The map between edges, better and better: nothing is drawn for it before it is asked for."""
    yield from far.maps(head, rows, columns, NEXT)


def _unknown(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> MeanMap:
    """A map of which nothing is known."""
    queries, shape = np.arange(rows[0], rows[-1]), (rows.size - 1, columns.size - 1)
    means, entropy = (np.full(size, np.nan, dtype=np.float32) for size in (shape, queries.size))
    return MeanMap(means, np.zeros(shape, dtype=np.int64), queries, np.zeros(queries.size, dtype=np.bool_), entropy)


def _edges(first: int, end: int, block: int) -> NDArray[np.int64]:
    return np.append(np.arange(first, end, block), end)


@lru_cache(maxsize=2)
def larger(found: MeanMap, size: int) -> tuple[Matrix, Mask, Mask]:
    """The means of blocks of `size` blocks a side, where any pair is seen, and the rows of which nothing is known."""
    means, pairs = pooled_map(found, size)
    return means, pairs > 0, np.asarray(np.isnan(means).all(axis=1))
