"""Cells in which a rule holds: how many, and the first of them, at any length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..notation.evaluation import evaluate
from ..notation.intervals import judge
from ..notation.plane import Plane, Rectangles, Verdict
from ..notation.tree import Rule
from .counting import count, row_counts

Cell = tuple[int, int]

CHUNK = 2**20
MOST_WALKED = 2**22
MOST_STORED = 2**26
"""Pairs up to which every one is looked at; more where the rule reads an array that somebody brought."""

MOST_OPEN = 2**13


@dataclass(frozen=True)
class Found:
    """How many pairs there are, whether that is exact, and the first by row; `sure` where no earlier one is missed."""

    pairs: int
    exact: bool
    first: Cell | None
    sure: bool


def is_walkable(plane: Plane) -> bool:
    """Whether every pair can be looked at within the time of a command."""
    return plane.pairs <= (MOST_STORED if plane.captured.arrays else MOST_WALKED)


def walk_rows(rule: Rule, plane: Plane, step: int = 1) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """All rows in pieces, each a multiple of `step` long: the first row's number, and bool (rows, keys)."""
    rows = max(CHUNK // plane.key_length // step, 1) * step
    for first in range(0, plane.query_length, rows):
        queries = np.arange(first, min(first + rows, plane.query_length))
        yield first, np.broadcast_to(evaluate(rule, plane.grid(queries)), (queries.size, plane.key_length))


def find_cells(rule: Rule, plane: Plane) -> Found:
    """How many pairs a rule holds for, and the first of them by row."""
    if is_walkable(plane):
        return _walked(rule, plane)
    rows = row_counts(rule, plane)
    if rows is not None:
        return _in_rows(rule, plane, rows)
    first, sure = first_cell(rule, plane)
    if first is None and sure:
        return Found(0, True, None, True)
    counted = count(rule, plane)
    return Found(max(counted.pairs, int(first is not None)), counted.exact, first, sure)


def _in_rows(rule: Rule, plane: Plane, rows: NDArray[np.int64]) -> Found:
    if not rows.any():
        return Found(0, True, None, True)
    query = int(np.argmax(rows > 0))
    holds = np.broadcast_to(evaluate(rule, plane.grid([query])), (1, plane.key_length))
    return Found(int(rows.sum()), True, (query, int(np.argmax(holds[0]))), True)


def _walked(rule: Rule, plane: Plane) -> Found:
    pairs, cell = 0, None
    for first, holds in walk_rows(rule, plane):
        here = int(np.count_nonzero(holds))
        if here and cell is None:
            row = int(np.argmax(holds.any(axis=1)))
            cell = (first + row, int(np.argmax(holds[row])))
        pairs += here
    return Found(pairs, True, cell, True)


def first_cell(rule: Rule, plane: Plane) -> tuple[Cell | None, bool]:
    """The first pair by row for which the rule holds, and whether that is sure, by splitting what may hold.

    Of very many open rectangles the uppermost are followed; what is left out then lies below, but nothing is sure.
    """
    open_ = Rectangles.between([0, plane.query_length], [0, plane.key_length]).flat()
    found: Cell | None = None
    sure = True
    while open_.query_low.size:
        verdicts = judge(rule, plane, open_)
        single = (verdicts == Verdict.PARTIAL) & (open_.areas == 1)
        if single.any():
            holds = evaluate(rule, plane.points(open_.query_low[single], open_.key_low[single]))
            verdicts = np.array(verdicts)
            verdicts[single] = np.where(holds, Verdict.FULL, Verdict.EMPTY)
        found = _earlier(found, open_.chosen(verdicts == Verdict.FULL))
        open_ = open_.chosen((verdicts == Verdict.PARTIAL) & _may_be_before(open_, found))
        if open_.query_low.size > MOST_OPEN:
            open_ = open_.chosen(np.lexsort((open_.key_low, open_.query_low))[:MOST_OPEN])
            sure = False
        open_, _ = open_.split()
    return found, sure


def _earlier(found: Cell | None, full: Rectangles) -> Cell | None:
    corners = zip(full.query_low.tolist(), full.key_low.tolist(), strict=True)
    return min((*corners, *([found] if found else [])), default=None)


def _may_be_before(open_: Rectangles, found: Cell | None) -> NDArray[np.bool_]:
    if found is None:
        return np.ones(open_.query_low.shape, dtype=np.bool_)
    query, key = found
    return (open_.query_low < query) | ((open_.query_low == query) & (open_.key_low < key))
