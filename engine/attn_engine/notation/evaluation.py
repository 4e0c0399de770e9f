"""A rule on a grid of positions, by broadcasting.

Whole numbers are int64 and exact: what would pass 2**53 is an error. Other numbers are float64; in a score
mod they have the scores' type, but the conditions in it are as exact as a mask's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache, reduce
from typing import Any

import numpy as np

from ..catalogue import Lengths
from .arithmetic import Arithmetic, Float, all_whole, compare, extremes, pseudo_random
from .errors import RuleError, quoted
from .expansion import expand
from .grid import Array, Grid
from .tables import Table, table_of
from .tree import (
    And,
    Call,
    Comparison,
    Expression,
    Minus,
    Name,
    Not,
    Number,
    Or,
    Product,
    Read,
    Rule,
    Sum,
    Truth,
    Xor,
    children,
    walk,
)
from .words import LARGEST, Kind

DOUBLE: Float = np.dtype(np.float64)

JUNCTIONS: dict[type[Expression], Callable[..., Any]] = {
    And: np.logical_and,
    Xor: np.logical_xor,
    Or: np.logical_or,
}


def evaluate(rule: Rule, grid: Grid) -> Array:
    """The rule's value at every position of the grid, in the smallest shape that says it: `true` is ().

    A mask is boolean; a score mod has the type of the scores (float64 where the grid has none), and may share
    their memory. Both branches of `where` are computed, and no division by zero or index out of range is
    allowed in either. Raises RuleError, quoting the part of the rule, where a value does not exist.
    """
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
            return _value(rule, grid)
    except FloatingPointError:
        with np.errstate(all="ignore"):
            return _value(rule, grid, careful=True)


def table_at(node: Read, grid: Grid) -> Table:
    """The table that a node of a rule written out reads on a grid. Raises RuleError where there is none."""
    return _Evaluation(grid, frozenset(), Arithmetic(DOUBLE)).table(node)


def _value(rule: Rule, grid: Grid, careful: bool = False) -> Array:
    body, repeated = written_out(rule)
    exact = _Evaluation(grid, repeated, Arithmetic(DOUBLE, careful))
    try:
        if rule.kind == Kind.MASK:
            return np.asarray(exact.condition(body))
        arithmetic = Arithmetic(DOUBLE if grid.scores is None else grid.scores.dtype, careful)
        number = _Evaluation(grid, repeated, arithmetic, exact).number(body)
        return np.asarray(_within(body, arithmetic.as_float, number))
    except RuleError as error:
        raise RuleError(error.message, str(rule)) from None


@lru_cache(maxsize=256)
def written_out(rule: Rule) -> tuple[Expression, frozenset[Expression]]:
    """The rule written out, and its parts that occur more than once: each of these is computed once."""
    body = expand(rule.body)
    counts = Counter(part for part in walk(body) if not isinstance(part, Number | Truth | Name))
    return body, frozenset(part for part, count in counts.items() if count > 1)


class _Evaluation:
    """One evaluation with its arithmetic; comparisons are left to the one called `exact`."""

    def __init__(
        self,
        grid: Grid,
        repeated: frozenset[Expression],
        arithmetic: Arithmetic,
        exact: _Evaluation | None = None,
    ) -> None:
        self.grid = grid
        self.repeated = repeated
        self.arithmetic = arithmetic
        self.in_double = exact
        self.known: dict[Expression, Any] = {}

    @property
    def exact(self) -> _Evaluation:
        """The evaluation in float64, itself where there is no other: kept, it would hold its arrays in a cycle."""
        return self.in_double or self

    def number(self, node: Expression) -> Any:
        value = self.value(node)
        if value.dtype.kind == "b":
            raise RuleError(f"{quoted(str(node))} gives conditions where numbers are needed")
        return value

    def condition(self, node: Expression) -> Any:
        value = self.value(node)
        if value.dtype.kind != "b":
            raise RuleError(f"{quoted(str(node))} gives numbers where conditions are needed: compare them")
        return value

    def value(self, node: Expression) -> Any:
        if node not in self.repeated:
            return self.compute(node)
        if node not in self.known:
            self.known[node] = self.compute(node)
        return self.known[node]

    def compute(self, node: Expression) -> Any:  # noqa: C901, PLR0911 - one line for each node
        match node:
            case Number(value) | Truth(value):
                return np.asarray(value)
            case Name(name):
                return self.position(name)
            case Minus(operand):
                return np.negative(self.number(operand))
            case Sum(first, rest) | Product(first, rest):
                return self.chain(node, first, rest)
            case Comparison():
                return self.exact.comparison(node)
            case Not(operand):
                return np.logical_not(self.condition(operand))
            case And(operands) | Xor(operands) | Or(operands):
                return reduce(JUNCTIONS[type(node)], map(self.condition, operands))
            case Call("where", (condition, *branches)):
                return np.where(self.condition(condition), *self.alike(node, branches))
            case Call("hash", arguments):
                return _within(node, pseudo_random, *map(self.number, arguments))
            case Call("min" | "max" as function, (first, *others)):
                return self.chain(node, first, ((function, operand) for operand in others))
            case Call(function, (operand,)):
                value = self.number(operand)
                spare = [value] if self.owns(operand) else []
                return _within(node, self.arithmetic.calculate, function, (value,), spare)
            case Read():
                return self.read(node)

    def position(self, name: str) -> Any:
        grid = self.grid
        if name == "s":
            if grid.scores is None:
                raise RuleError("s is the score, and there are no scores here")
            return grid.scores
        lengths = {"Q": grid.query_length, "K": grid.key_length, "H": grid.num_heads}
        positions = {"q": grid.query, "k": grid.key, "h": grid.head, "b": grid.batch, **lengths}
        return np.asarray(positions[name], dtype=np.int64)

    def chain(self, node: Expression, first: Expression, rest: Iterable[tuple[str, Expression]]) -> Any:
        value, own = self.number(first), self.owns(first)
        for sign, operand in rest:
            other = self.number(operand)
            spare = [array for array, free in ((value, own), (other, self.owns(operand))) if free]
            value, own = _within(node, self.arithmetic.calculate, sign, (value, other), spare), True
        return value

    def owns(self, node: Expression) -> bool:
        """Whether the node's value is used here only, so that it may be overwritten."""
        return not isinstance(node, Name) and node not in self.repeated

    def comparison(self, node: Comparison) -> Any:
        values = {operand: self.value(operand) for operand in children(node)}
        pairs = ((values[left], sign, values[right]) for left, sign, right in node.pairs)
        return reduce(np.logical_and, [_within(node, compare, *pair) for pair in pairs])

    def alike(self, node: Expression, branches: list[Expression]) -> list[Any]:
        values = [self.value(branch) for branch in branches]
        conditions = [value.dtype.kind == "b" for value in values]
        if any(conditions) and not all(conditions):
            raise RuleError(f"{quoted(str(node))} chooses between a condition and a number")
        exact = all(conditions) or all_whole(*values)
        return values if exact else [_within(node, self.arithmetic.as_float, value) for value in values]

    def read(self, node: Read) -> Any:
        array = self.table(node)
        if array.ndim != len(node.indices):
            raise RuleError(f"{node.array} has shape {array.shape}: it is read with {array.ndim} indices")
        indices = [self.number(index) for index in node.indices]
        for axis, (index, length) in enumerate(zip(indices, array.shape, strict=True)):
            _check_index(node, axis, index, length)
        return _plain(node, array.at(*indices))

    def table(self, node: Read) -> Table:
        grid = self.grid
        lengths = Lengths(grid.query_length, grid.key_length, grid.num_heads)
        arguments = node.owner.arguments if node.owner else ()
        return table_of(node, lengths, tuple(self.exact.number(each).item() for each in arguments), grid.arrays)


def _within(node: Expression, function: Callable[..., Any], *operands: Any) -> Any:
    """The function's result; of its mistakes it is said where they are."""
    try:
        return function(*operands)
    except RuleError as error:
        raise RuleError(f"{error.message}, in {quoted(str(node))}") from None


def _check_index(node: Read, axis: int, index: Any, length: int) -> None:
    written = quoted(str(node.indices[axis]))
    if not all_whole(index):
        raise RuleError(f"an index is a whole number: {written} of {node.array} is not")
    low, high = extremes(index)
    if index.size and not 0 <= low <= high < length:
        reached = low if low < 0 else high
        raise RuleError(f"{node.array} has {length} entries, from 0, and {written} reaches {reached}")


def _plain(node: Read, values: Any) -> Any:
    if values.dtype.kind in "bf":
        return values
    if values.dtype.kind not in "iu":
        raise RuleError(f"{node.array} holds {values.dtype}: neither numbers nor conditions")
    if max(map(abs, extremes(values))) > LARGEST:
        raise RuleError(f"{node.array} holds too large a number: whole numbers end at {LARGEST}")
    return values.astype(np.int64, copy=False)
