"""How many pairs a mask allows: exactly wherever the rule's structure gives it, else an estimate with its error."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..notation.evaluation import evaluate, table_at, written_out
from ..notation.intervals import judge
from ..notation.plane import Captured, Plane, Rectangles, Verdict
from ..notation.tables import Table
from ..notation.tree import Expression, Name, Number, Read, Rule, Sum, rebuild
from .rows import counts_of, plan_rows
from .structure import is_of_difference

MOST_CELLS = 2**21
"""Pairs up to which every cell is evaluated."""

MOST_STRETCHES = 2**25
"""Stretches of rows that are looked at for an exact count."""

CHUNK = 2**17
RASTER = 64
SAMPLE = 2**17
PLASTIC = 1.324717957244746
"""The plastic number: its powers spread points evenly over a square (Roberts 2018, the R2 sequence)."""


@dataclass(frozen=True)
class Count:
    """Pairs allowed; their standard error, 0 where they are exact; how they were had, and from how many samples."""

    pairs: int
    error: float = 0.0
    method: str = "cells"
    samples: int = 0

    @property
    def exact(self) -> bool:
        """Whether it is no estimate."""
        return self.error == 0


def count(rule: Rule, plane: Plane) -> Count:
    """Count the pairs of a query and a key that the mask allows.

    The method is chosen by the rule's structure: every cell of small planes; the diagonals of rules of q − k alone;
    rows by stretches between the keys where conditions change; otherwise a stratified sample. The result is the
    same each time. Raises RuleError where the rule has no value.
    """
    rows = row_counts(rule, plane)
    if rows is not None:
        return Count(int(rows.sum()), method=_method(rule, plane))
    return _estimated(rule, plane, SAMPLE)


def refined(estimate: Count, rule: Rule, plane: Plane) -> Count:
    """A better estimate, from twice as many samples; an exact count as it is."""
    return estimate if estimate.exact else _estimated(rule, plane, estimate.samples * 2)


def row_count(rule: Rule, plane: Plane, query: int) -> int:
    """How many keys one query, counted from 0, sees."""
    keys = np.arange(plane.key_length)
    allowed = evaluate(rule, plane.points(np.asarray(query), keys))
    return int(np.count_nonzero(np.broadcast_to(allowed, keys.shape)))


@lru_cache(maxsize=2)
def row_counts(rule: Rule, plane: Plane) -> NDArray[np.int64] | None:
    """How many keys each query sees, int64 (queries,), exactly; None where the rule's structure does not tell."""
    method = _method(rule, plane)
    if method == "cells":
        return _by_cells(rule, plane)
    if method == "diagonals":
        return _by_diagonals(rule, plane)
    plan = _plan(rule, plane)
    return counts_of(plan) if plan is not None and method == "rows" else None


def key_counts(rule: Rule, plane: Plane) -> NDArray[np.int64] | None:
    """How many queries see each key, int64 (keys,), exactly; None where the rule's structure does not tell."""
    return row_counts(*transposed(rule, plane))


def transposed(rule: Rule, plane: Plane) -> tuple[Rule, Plane]:
    """The rule and the plane with queries and keys in each other's place."""
    names: dict[str, Expression] = {
        "q": Sum(Name("k"), (("+", Number(plane.shift)),)),
        "k": Name("q"),
        "Q": Number(plane.query_length),
        "K": Number(plane.key_length),
    }

    tables: dict[str, Table] = dict(plane.captured.arrays)

    def turned(node: Expression) -> Expression:
        if isinstance(node, Name):
            return names.get(node.name, node)
        if isinstance(node, Read) and node.owner:  # made for these lengths, not for those of the plane turned
            name = f"_{node.owner}_{node}"  # the same text is another array under other numbers
            tables[name] = table_at(node, plane.points(np.asarray(0), np.asarray(0)))
            node = Read(name, node.indices)
        return rebuild(node, turned)

    rule = Rule(turned(written_out(rule)[0]))
    captured = Captured(tables) if tables else plane.captured
    return rule, Plane(plane.key_length, plane.query_length, plane.num_heads, "left", plane.head, captured)


_plan = lru_cache(maxsize=1)(plan_rows)


@lru_cache(maxsize=64)
def _method(rule: Rule, plane: Plane) -> str:
    if plane.pairs <= MOST_CELLS:
        return "cells"
    if is_of_difference(written_out(rule)[0]):
        return "diagonals"
    plan = _plan(rule, plane)
    affordable = plan is not None and plan.work * plane.query_length <= MOST_STRETCHES
    return "rows" if affordable else "sample"


def _by_cells(rule: Rule, plane: Plane) -> NDArray[np.int64]:
    rows = max(CHUNK // plane.key_length, 1)
    parts = []
    for first in range(0, plane.query_length, rows):
        queries = np.arange(first, min(first + rows, plane.query_length))
        allowed = evaluate(rule, plane.grid(queries))
        parts.append(np.broadcast_to(allowed, (queries.size, plane.key_length)).sum(axis=1))
    return np.concatenate(parts)


def _by_diagonals(rule: Rule, plane: Plane) -> NDArray[np.int64]:
    """Every diagonal is looked at where it begins: down the first column, then along the first row."""
    queries, keys = plane.query_length, plane.key_length
    below = np.zeros(queries + keys, dtype=np.int64)
    for first in range(0, queries + keys - 1, CHUNK):
        diagonals = np.arange(first, min(first + CHUNK, queries + keys - 1)) - (queries - 1)
        points = plane.points(np.maximum(-diagonals, 0), np.maximum(diagonals, 0))
        below[first + 1 : first + 1 + diagonals.size] = np.broadcast_to(evaluate(rule, points), diagonals.shape)
    np.cumsum(below, out=below)
    return below[keys:][::-1] - below[:queries][::-1]


def _estimated(rule: Rule, plane: Plane, samples: int) -> Count:
    """A coarse raster is judged; what is full counts as it is, and the partial rest is sampled evenly."""
    rows, columns = (
        np.unique(np.linspace(0, length, RASTER + 1).astype(np.int64))
        for length in (plane.query_length, plane.key_length)
    )
    rectangles = Rectangles.between(rows, columns)
    verdicts = judge(rule, plane, rectangles)
    areas = np.broadcast_to(rectangles.areas, verdicts.shape)
    certain = int(areas[verdicts == Verdict.FULL].sum())
    open_ = rectangles.chosen(np.flatnonzero((verdicts == Verdict.PARTIAL).ravel()))
    if not open_.areas.size:
        return Count(certain)
    return _sampled(rule, plane, open_, certain, samples)


def _sampled(rule: Rule, plane: Plane, open_: Rectangles, certain: int, samples: int) -> Count:
    """Each rectangle by as many points as each other, at fixed places that spread evenly."""
    areas = open_.areas.astype(np.float64)
    each = max(samples // areas.size, 2)
    pairs, variance = 0.0, 0.0
    at_once = max(CHUNK // each, 1)
    for first in range(0, areas.size, at_once):
        part = open_.chosen(np.arange(first, min(first + at_once, areas.size)))
        steps = np.arange(first * each, (first + part.areas.size) * each).reshape(-1, each) + 1.0
        allowed = evaluate(rule, plane.points(*_points(part, steps)))
        share = np.broadcast_to(allowed, steps.shape).mean(axis=1)
        own = areas[first : first + at_once]
        pairs += float((share * own).sum())
        likely = (share * each + 0.5) / (each + 1)  # so that samples that all agree are not taken for certain
        variance += float((own**2 * likely * (1 - likely) / each).sum())
    return Count(certain + round(pairs), float(np.sqrt(variance)), "sample", each * areas.size)


def _points(rectangles: Rectangles, steps: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    down, along = (steps / PLASTIC) % 1, (steps / PLASTIC**2) % 1
    high = (rectangles.query_high - rectangles.query_low + 1)[:, None]
    wide = (rectangles.key_high - rectangles.key_low + 1)[:, None]
    queries = rectangles.query_low[:, None] + (down * high).astype(np.int64)
    keys = rectangles.key_low[:, None] + (along * wide).astype(np.int64)
    return queries, keys
