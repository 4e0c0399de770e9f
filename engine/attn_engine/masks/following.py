"""Following one query of a long mask through its layers: by rectangles, from row to row, along the diagonals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..notation.evaluation import evaluate, written_out
from ..notation.intervals import judge
from ..notation.plane import Plane, Rectangles, Verdict
from ..notation.tree import Rule
from .structure import is_of_difference

Booleans = NDArray[np.bool_]

MOST_STEPS = 2**12
"""Layers that are followed one by one along the diagonals of a long mask."""

MOST_JUDGED = 2**17
"""Rectangles of a long mask that are judged to follow one query, each round of them costing as much as ROUND."""

ROUND = 128

MOST_CELLS = 2**24
"""Cells of a long mask that are evaluated to follow one query."""


def by_rectangles(rule: Rule, plane: Plane, query: int, layers: int) -> Booleans | None:
    """Breadth first, runs of positions at a time, judged as rectangles with all keys. None where that is too much."""
    seen = np.zeros(plane.key_length, dtype=np.bool_)
    seen[query] = True
    frontier, budget = seen.copy(), MOST_JUDGED
    for _ in range(layers):
        known = seen.copy()
        budget = _look_from(rule, plane, frontier, (seen, budget - plane.key_length // 1024))
        if budget < 0:
            return None
        frontier = seen & ~known
        if not frontier.any():
            break
    return seen


def _look_from(rule: Rule, plane: Plane, frontier: Booleans, work: tuple[Booleans, int]) -> int:
    """Add to `seen` every key that a position of the frontier sees; what is left of the budget, below 0 if too little.

    A rectangle that is full shows all its keys; one whose keys are all seen is done with; others are split.
    """
    seen, budget = work
    ends = np.flatnonzero(np.diff(frontier, prepend=False, append=False))
    first, last = np.zeros(1, dtype=np.int64), np.full(1, len(seen) - 1)
    open_ = Rectangles(ends[::2], ends[1::2] - 1, first, last).flat()
    while open_.shape[0]:
        budget -= open_.shape[0] + ROUND
        if budget < 0:
            return budget
        verdicts = judge(rule, plane, open_)
        _mark(seen, open_.chosen(verdicts == Verdict.FULL))
        open_ = open_.chosen(verdicts == Verdict.PARTIAL)
        single = open_.areas == 1
        cells = open_.chosen(single)
        held = np.broadcast_to(evaluate(rule, plane.points(cells.query_low, cells.key_low)), cells.shape)
        seen[cells.key_low[held]] = True
        open_ = open_.chosen(~single)
        open_, _ = open_.chosen(_unseen(seen, open_)).split()
    return budget


def _mark(seen: Booleans, found: Rectangles) -> None:
    for low, high in {*zip(found.key_low.tolist(), found.key_high.tolist(), strict=True)}:
        seen[low : high + 1] = True


def _unseen(seen: Booleans, open_: Rectangles) -> Booleans:
    """Which of the rectangles have a key that is not seen yet."""
    if open_.shape[0] < ROUND:
        sides = zip(open_.key_low.tolist(), open_.key_high.tolist(), strict=True)
        return np.array([not seen[low : high + 1].all() for low, high in sides], dtype=np.bool_)
    before = np.concatenate([[0], np.cumsum(~seen)])
    return np.asarray(before[open_.key_high + 1] > before[open_.key_low])


def row_by_row(rule: Rule, plane: Plane, query: int, layers: int) -> Booleans | None:
    """Breadth first: the rows of the positions that the last layer added. None where that is too much."""
    length = plane.query_length
    seen = np.zeros(length, dtype=np.bool_)
    seen[query] = True
    frontier, budget = np.array([query]), max(MOST_CELLS, length)
    for _ in range(min(layers, MOST_STEPS)):
        budget -= frontier.size * length
        if budget < 0:
            return None
        found = np.broadcast_to(evaluate(rule, plane.grid(queries=frontier)), (frontier.size, length)).any(axis=0)
        frontier = np.flatnonzero(found & ~seen)
        if not frontier.size:
            return seen
        seen[frontier] = True
    return seen if layers <= MOST_STEPS else None


@dataclass(frozen=True)
class Steps:
    """A mask of q − k alone: the distances back, q − k, that one layer goes; 0 is always among them.

    Where they run evenly from −ahead to back in units of `unit`, L layers go L times as far, and a walk can stay
    within the mask. Else they are followed where all go one way; `jumps` are then their sizes.
    """

    unit: int
    back: int
    ahead: int
    even: bool
    jumps: tuple[int, ...]

    @classmethod
    def of(cls, rule: Rule, plane: Plane) -> Steps:
        """The distances of a rule of q − k alone, each looked at once."""
        last = plane.query_length - 1
        at = np.arange(last + 1)
        back = np.broadcast_to(evaluate(rule, plane.points(np.asarray(last), last - at)), at.shape)
        ahead = np.broadcast_to(evaluate(rule, plane.points(np.asarray(0), at)), at.shape)
        backward, forward = np.flatnonzero(back[1:]) + 1, np.flatnonzero(ahead[1:]) + 1
        unit = int(np.gcd.reduce(np.concatenate([backward, forward]))) or 1
        ends = [int(steps[-1]) // unit if steps.size else 0 for steps in (backward, forward)]
        even = ends == [backward.size, forward.size]
        one_way = not (backward.size and forward.size)
        jumps = tuple(map(int, (*backward, *forward))) if one_way and backward.size + forward.size <= 64 else ()
        return cls(unit, ends[0], ends[1], even, jumps)

    def settled(self, length: int) -> int | None:
        """After how many layers nothing grows, or None where that is not known."""
        furthest = (length - 1) // self.unit
        if self.even:
            return max(-(-furthest // each) if each else 0 for each in (self.back, self.ahead))
        return self._walk(length - 1, MOST_STEPS)[1] if self.jumps else None

    def reached(self, query: int, layers: int, length: int) -> Booleans | None:
        """The keys that a query reaches after some layers, (positions,), or None where that is not known."""
        keys = np.zeros(length, dtype=np.bool_)
        if self.even:
            low = query - min(layers * self.back, query // self.unit) * self.unit
            keys[low : query + layers * self.ahead * self.unit + 1 : self.unit] = True
            return keys
        if not self.jumps:
            return None
        room = query if self.back else length - 1 - query
        bits, settled = self._walk(room, min(layers, MOST_STEPS))
        if settled is None and layers > MOST_STEPS:
            return None
        distances = np.flatnonzero(np.array(list(f"{bits:b}"[::-1])) == "1")
        keys[query - distances if self.back else query + distances] = True
        return keys

    def _walk(self, furthest: int, layers: int) -> tuple[int, int | None]:
        """The distances reached, as the bits of a number, and after how many layers they settled, if they did."""
        reached, everything = 1, (1 << (furthest + 1)) - 1
        budget = MOST_CELLS * 64
        for layer in range(layers):
            further = reached
            for jump in self.jumps:
                further |= (reached << jump) & everything
            if further == reached:
                return reached, layer
            reached = further
            budget -= len(self.jumps) * furthest
            if budget < 0 and layer + 1 < layers:
                return reached, None
        return reached, None


def is_diagonal(rule: Rule) -> bool:
    """Whether the mask is one of q − k alone: the same along each of its diagonals."""
    return is_of_difference(written_out(rule)[0])
