"""Rows of a mask as a few stretches of keys: where they begin is found by bisection, what they hold is counted.

Along a row every condition that compares a part of q with a part of k changes at a few keys. Between them the rule
is constant, but for conditions with a short period, whose keys are counted by prefix sums over one period.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import lcm

import numpy as np
from numpy.typing import NDArray

from ..notation.evaluation import evaluate, table_at, written_out
from ..notation.grid import Array, Grid
from ..notation.plane import Plane, Positions
from ..notation.tree import Call, Expression, Number, Read, Rule, Sum, Truth, substituted
from ..notation.words import LARGEST, Kind
from .breaks import LEFT, MOST_PIECES, RIGHT, Break, Even, Stored, compact, pieces_of, rising
from .structure import (
    CONDITIONS,
    Atom,
    Terms,
    atoms_of,
    conditions_within,
    difference,
    parts_unchained,
    period,
    positions_in,
    unchained,
)

MOST_PERIOD = 1024
MOST_PATTERNS = 3
"""Conditions with a period that are told apart: each doubles the work."""

MOST_BREAKS = 96
MOST_PARTS = 2**14
"""Parts of a rule whose chains are taken apart."""

MOST_STORED = 2**26
"""Bytes of parts of k that are kept for their breaks."""

CHUNK = 2**17
"""Stretches that are looked at together."""

FEW_STORED = 8

RISING = {"<": (LEFT,), ">=": (LEFT,), "<=": (RIGHT,), ">": (RIGHT,), "==": (LEFT, RIGHT), "!=": (LEFT, RIGHT)}
FALLING = {"<": (RIGHT,), ">=": (RIGHT,), "<=": (LEFT,), ">": (LEFT,), "==": (LEFT, RIGHT), "!=": (LEFT, RIGHT)}
"""On which side of equals a comparison of a rising, or falling, part of k changes."""


@dataclass(frozen=True, eq=False)
class RowPlan:
    """How the rows of a rule are counted: the places where they change, and what has a period."""

    rule: Rule
    plane: Plane
    common: Positions  # keys at which every row may change
    breaks: tuple[Break | Stored, ...]
    patterns: tuple[Expression, ...] = ()
    period: int = 1

    @property
    def stretches(self) -> int:
        """Stretches of one row, at most."""
        return self.common.size + len(self.breaks) + 1

    @property
    def work(self) -> float:
        """How many stretches of a row are looked at, those of long stored rows counted by what a look costs."""
        stored = sum(isinstance(each, Stored) for each in self.breaks)
        return self.stretches * 2 ** len(self.patterns) * max(stored / FEW_STORED, 1)


Case = tuple[Rule, NDArray[np.uint16]]
"""The rule where its patterns hold or fail in one way, and how many keys before each fit that: (period, period + 1)."""

Pieces = list[tuple[int, Array | Even, bool]]
"""Where each piece of a part of k begins, the piece as it rises, and whether it falls."""


@dataclass
class _Draft:
    plane: Plane
    pieces: dict[Expression, Pieces | None] = field(default_factory=dict)
    common: set[int] = field(default_factory=set)
    breaks: list[Break | Stored] = field(default_factory=list)
    patterns: list[Expression] = field(default_factory=list)

    @property
    def stored(self) -> int:
        """Bytes of the pieces that are arrays."""
        runs = (run for pieces in self.pieces.values() for _, run, _ in pieces or ())
        return sum(run.nbytes for run in runs if not isinstance(run, Even))


def plan_rows(rule: Rule, plane: Plane) -> RowPlan | None:
    """How the rows of the rule are counted exactly; None where its structure does not tell."""
    body = written_out(rule)[0]
    if parts_unchained(body) > MOST_PARTS:
        return None
    body = unchained(body)
    draft = _Draft(plane)
    if not all(_add(draft, atom) for atom in _all_atoms(body)):
        return None
    shared = lcm(*(period(node) or 1 for node in draft.patterns))
    if shared > MOST_PERIOD or len(draft.patterns) > MOST_PATTERNS:
        return None
    if len(draft.breaks) + len(draft.common) > MOST_BREAKS:
        return None
    common = np.array(sorted(draft.common), dtype=np.int64)
    return RowPlan(Rule(body), plane, common, tuple(draft.breaks), tuple(draft.patterns), shared)


def _all_atoms(body: Expression) -> Iterator[Atom]:
    """The atoms of the rule, and of the conditions that numbers in them switch on, each once."""
    seen: set[Expression] = set()
    waiting = [body]
    while waiting:
        for atom in atoms_of(waiting.pop()):
            if atom.node not in seen:
                seen.add(atom.node)
                yield atom
                waiting += conditions_within(atom.node)


def _add(draft: _Draft, atom: Atom) -> bool:
    """Note where an atom changes along rows; whether that could be told."""
    if "k" not in positions_in(atom.node):
        return True
    if atom.sides and _is_truth(draft.plane, atom.sides[0]):
        return all(_add(draft, part) for side in atom.sides[::2] for part in _all_atoms(side))
    if _add_of_keys(draft, atom) or _add_breaks(draft, atom) or _add_stored(draft, atom):
        return True
    own = period(atom.node)
    if own is None or own > MOST_PERIOD:
        return False
    if atom.node not in draft.patterns:
        draft.patterns.append(atom.node)
    return True


def _is_truth(plane: Plane, node: Expression) -> bool:
    """Whether it gives conditions, as an array of them does: then the conditions on both sides are atoms."""
    match node:
        case Read():
            return table_at(node, plane.points(np.asarray(0), np.asarray(0))).dtype == np.bool_
        case Call("where", (_, first, _)):
            return _is_truth(plane, first)
        case _:
            return isinstance(node, CONDITIONS)


def _add_of_keys(draft: _Draft, atom: Atom) -> bool:
    """A condition of k alone, where it changes at a few keys."""
    if positions_in(atom.node) != {"k"}:
        return False
    keys = np.arange(draft.plane.key_length)
    holds = np.broadcast_to(evaluate(Rule(atom.node), draft.plane.points(np.asarray(0), keys)), keys.shape)
    changes = np.flatnonzero(holds[1:] != holds[:-1]) + 1
    if changes.size > MOST_PIECES:
        return False
    draft.common.update(changes.tolist())
    return True


def _add_breaks(draft: _Draft, atom: Atom) -> bool:
    """A comparison of parts of q with parts of k that rise and fall a few times."""
    sums = difference(atom)
    if sums is None or atom.sides is None:
        return False
    for terms in sums:
        breaks = _breaks(draft, terms, atom.sides[1])
        if breaks is None or len(draft.breaks) + len(breaks) > MOST_BREAKS or draft.stored > MOST_STORED:
            return False
        draft.breaks += breaks
    draft.common.update(each.first for each in draft.breaks if isinstance(each, Break) and each.first)
    return True


def _add_stored(draft: _Draft, atom: Atom) -> bool:
    """An array that tells which columns of a row hold, read at a part of q and a part of k that never falls."""
    if not (isinstance(atom.node, Read) and len(atom.node.indices) == 2):
        return False
    row, column = atom.node.indices
    table = table_at(atom.node, draft.plane.points(np.asarray(0), np.asarray(0)))
    if not hasattr(table, "columns") or positions_in(row) - {"q"} or positions_in(column) - {"k"}:
        return False
    values = _values(column, draft.plane.points(np.asarray(0), np.arange(draft.plane.key_length)))
    if (np.diff(values) < 0).any():
        return False
    number, rising_columns = table.columns(np.zeros(1, dtype=np.int64)).shape[1], compact(values)
    draft.breaks += [
        Stored(table, row, rising_columns, place, side) for place in range(number) for side in (LEFT, RIGHT)
    ]
    return True


def _breaks(draft: _Draft, terms: Terms, sign: str) -> list[Break] | None:
    """The places where a sum passes zero; None where its part of k is not whole or changes direction too often."""
    of_keys = [(own, part) for own, part in terms if "k" in positions_in(part)]
    of_query = [(own, part) for own, part in terms if "k" not in positions_in(part)]
    if not of_keys:
        return []
    of_k, passed, plane = _total(of_keys), _total(of_query), draft.plane
    queries = _values(passed, plane.points(np.arange(plane.query_length), np.asarray(0)))
    if of_k not in draft.pieces:
        draft.pieces[of_k] = _pieces(_values(of_k, plane.points(np.asarray(0), np.arange(plane.key_length))))
    pieces = draft.pieces[of_k]
    if pieces is None or not _is_whole(queries):
        return None
    return [
        Break(first, run, passed, falls, side)
        for first, run, falls in pieces
        for side in (FALLING if falls else RISING)[sign]
    ]


def _pieces(values: Array) -> Pieces | None:
    """Where the values begin to rise or to fall, and how; None where they are not whole or turn too often."""
    if not _is_whole(values):
        return None
    pieces = list(pieces_of(values))
    if len(pieces) > MOST_PIECES:
        return None
    return [(first, rising(values[first:last], falls), falls) for first, last, falls in pieces]


def _total(terms: list[tuple[int, Expression]]) -> Expression:
    zero: Expression = Number(0)
    return Sum(zero, tuple(("+" if own > 0 else "-", part) for own, part in terms)) if terms else zero


def _values(node: Expression, grid: Grid) -> Array:
    """A number of the rule at points, float64: whole numbers are exact up to 2**53."""
    shape = np.broadcast_shapes(grid.query.shape, grid.key.shape)
    return np.broadcast_to(np.asarray(evaluate(Rule(node, Kind.SCORE_MOD), grid), dtype=np.float64), shape)


def _is_whole(values: Array) -> bool:
    return bool((np.abs(values) <= LARGEST).all() and (values == np.floor(values)).all())


# Counting.


def counts_of(plan: RowPlan) -> NDArray[np.int64]:
    """How many keys each query sees."""
    length = plan.plane.query_length
    rows, cases = max(CHUNK // plan.stretches, 1), [*_cases(plan)]
    parts = [_chunk(plan, cases, np.arange(first, min(first + rows, length))) for first in range(0, length, rows)]
    return np.concatenate(parts)


def _chunk(plan: RowPlan, cases: list[Case], queries: Positions) -> NDArray[np.int64]:
    ends = _ends(plan, queries)
    starts, sizes = ends[:, :-1], np.diff(ends, axis=1)
    points = plan.plane.points(queries[:, None], np.minimum(starts, plan.plane.key_length - 1))
    if not plan.patterns:
        allowed = np.broadcast_to(evaluate(plan.rule, points), starts.shape)
        return np.einsum("ij,ij->i", sizes, allowed, dtype=np.int64)
    total = np.zeros(queries.size, dtype=np.int64)
    position = (queries + plan.plane.shift) % plan.period
    for rule, sums in cases:
        allowed = np.broadcast_to(evaluate(rule, points), starts.shape)
        counted = np.diff(_counted_below(sums, position, ends, plan.period), axis=1)
        total += (counted * allowed).sum(axis=1)
    return total


def _ends(plan: RowPlan, queries: Positions) -> Positions:
    """Where the stretches of each row begin and end, (rows, stretches + 1), rising."""
    plane = plan.plane
    ends = np.empty((queries.size, plan.stretches + 1), dtype=np.int64)
    known: dict[Expression, Array] = {}
    for column, each in enumerate(plan.breaks):
        if each.passed not in known:
            known[each.passed] = _values(each.passed, plane.points(queries, np.asarray(0)))
        ends[:, column] = each.places(known[each.passed])
    ends[:, len(plan.breaks) : -2] = plan.common
    ends[:, -2], ends[:, -1] = 0, plane.key_length
    ends.sort(axis=1)
    return ends


def _cases(plan: RowPlan) -> Iterator[Case]:
    """The rule for each way in which its patterns hold or fail, and for that way the keys before each, by row."""
    places = np.arange(plan.period)
    square = Grid(
        places[:, None],
        places[None, :],
        np.asarray(plan.plane.head),
        plan.plane.query_length,
        plan.plane.key_length,
        plan.plane.num_heads,
        arrays=plan.plane.captured.arrays,
    )
    shape = plan.period, plan.period
    holding = [np.broadcast_to(evaluate(Rule(node), square), shape) for node in plan.patterns]
    for case in range(2 ** len(plan.patterns)):
        truths = {node: Truth(bool(case >> place & 1)) for place, node in enumerate(plan.patterns)}
        fits = np.ones(shape, dtype=np.bool_)
        for node, holds in zip(plan.patterns, holding, strict=True):
            fits &= holds == truths[node].value
        if fits.any():
            sums = np.zeros((plan.period, plan.period + 1), dtype=np.uint16)
            np.cumsum(fits, axis=1, out=sums[:, 1:])
            yield Rule(substituted(plan.rule.body, truths)), sums


def _counted_below(sums: NDArray[np.uint16], position: Positions, ends: Positions, size: int) -> Positions:
    """How many keys below each end fit, in rows of these positions in the period."""
    whole, rest = np.divmod(ends, size)
    row = position[:, None]
    return whole * sums[row, size] + sums[row, rest]
