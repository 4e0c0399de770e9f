"""Judging rectangles of positions by interval arithmetic over a rule's tree, without touching their cells.

Every number of the rule becomes the bounds of its values in a rectangle, every condition whether it may hold and
whether it may fail there. Bounds may be loose, never wrong: so FULL and EMPTY are certain, PARTIAL is not.
The method is Moore's interval arithmetic (Interval Analysis, 1966), by whole arrays of rectangles.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from ..catalogue import Lengths
from .bounds import (
    BELOW_ONE,
    CALCULATE,
    COMPARE,
    DIVISIONS,
    Bounds,
    Truths,
    absolute,
    all_of,
    any_of,
    chosen,
    different,
    floats,
    single,
    unless,
)
from .errors import RuleError
from .evaluation import written_out
from .grid import Array
from .plane import Plane, Rectangles, Verdict
from .tables import table_of
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
)
from .words import LARGEST


def judge(rule: Rule, plane: Plane, rectangles: Rectangles) -> NDArray[np.int8]:
    """A `Verdict` for each rectangle, int8 in their shape. FULL and EMPTY are certain, PARTIAL need not be.

    Raises RuleError where the rule has no value anywhere: an array that is not there.
    """
    return _Judgement(plane, rectangles).verdicts(rule)


def hazards(rule: Rule, plane: Plane, rectangles: Rectangles) -> NDArray[np.bool_]:
    """Where the rule may have no value: division by zero, an index out of range, too large a number."""
    judgement = _Judgement(plane, rectangles)
    judgement.verdicts(rule)
    return np.broadcast_to(judgement.hazard, rectangles.shape)


class _Judgement:
    """One judgement; `hazard` is where the rule may have no value: division by zero, an index out of range."""

    def __init__(self, plane: Plane, rectangles: Rectangles) -> None:
        self.plane = plane
        self.rectangles = rectangles
        self.hazard: Array = np.zeros((), dtype=np.bool_)
        self.known: dict[Expression, Bounds | Truths] = {}
        self.repeated: frozenset[Expression] = frozenset()

    def verdicts(self, rule: Rule) -> NDArray[np.int8]:
        body, self.repeated = written_out(rule)
        with np.errstate(all="ignore"):
            fails, holds = self.condition(body)
        verdict = np.where(holds, np.where(fails, Verdict.PARTIAL, Verdict.FULL), Verdict.EMPTY).astype(np.int8)
        return np.broadcast_to(verdict, self.rectangles.shape)

    def number(self, node: Expression) -> Bounds:
        return _number(node, self.value(node))

    def condition(self, node: Expression) -> Truths:
        value = self.value(node)
        if isinstance(value, Bounds):
            raise RuleError(f'"{node}" gives numbers where conditions are needed: compare them')
        return value

    def value(self, node: Expression) -> Bounds | Truths:
        if node not in self.repeated:
            return self.compute(node)
        if node not in self.known:
            self.known[node] = self.compute(node)
        return self.known[node]

    def compute(self, node: Expression) -> Bounds | Truths:  # noqa: C901, PLR0911, PLR0912 - one line for each node
        match node:
            case Number(value):
                return single(value, isinstance(value, int))
            case Truth(value):
                return Truths(np.asarray(not value), np.asarray(value))
            case Name(name):
                return self.position(name)
            case Minus(operand):
                low, high, whole = self.number(operand)
                return Bounds(-high, -low, whole)
            case Sum(first, rest) | Product(first, rest):
                return self.chain(first, rest)
            case Comparison():
                operands = [(operand, self.value(operand)) for operand in children(node)]
                signs = (sign for sign, _ in node.rest)
                return all_of(_compared(*pair) for pair in zip(operands, signs, operands[1:], strict=False))
            case Not(operand):
                fails, holds = self.condition(operand)
                return Truths(holds, fails)
            case And(operands):
                return all_of(map(self.condition, operands))
            case Or(operands):
                return any_of(map(self.condition, operands))
            case Xor(operands):
                return reduce(different, map(self.condition, operands))
            case Call("where", (condition, first, second)):
                return chosen(self.condition(condition), self.value(first), self.value(second))
            case Call("hash", arguments):
                return self.pseudo_random(arguments)
            case Call("min" | "max" as function, (first, *others)):
                return self.chain(first, ((function, operand) for operand in others))
            case Call("abs", (operand,)):
                return absolute(self.number(operand))
            case Read():
                return self.read(node)
            case _:
                return self.unknown()

    def position(self, name: str) -> Bounds:
        plane, places = self.plane, self.rectangles
        if name == "q":
            return Bounds(floats(places.query_low + plane.shift), floats(places.query_high + plane.shift), True)
        if name == "k":
            return Bounds(floats(places.key_low), floats(places.key_high), True)
        constants = {"h": plane.head, "b": 0, "Q": plane.query_length, "K": plane.key_length, "H": plane.num_heads}
        return single(constants[name], True)

    def chain(self, first: Expression, rest: Iterable[tuple[str, Expression]]) -> Bounds:
        value = self.number(first)
        for sign, operand in rest:
            other = self.number(operand)
            found = CALCULATE[sign](value, other)
            value = self.within(unless(self.divisor(other), found) if sign in DIVISIONS else found)
        return value

    def within(self, bounds: Bounds) -> Bounds:
        """The bounds, with everything possible where they leave what is exact or are no numbers."""
        low, high, whole = bounds
        lost = ~((low >= -LARGEST) & (high <= LARGEST)) if whole else np.isnan(low) | np.isnan(high)
        if not lost.any():
            return bounds
        if whole:
            self.flag(lost)
        return Bounds(np.where(lost, -np.inf, low), np.where(lost, np.inf, high), whole)

    def flag(self, hazard: Array) -> None:
        self.hazard = self.hazard | hazard

    def unknown(self) -> Bounds:
        return Bounds(np.asarray(-np.inf), np.asarray(np.inf), False)

    def divisor(self, bounds: Bounds) -> Array:
        """Where the divisor may be zero."""
        zero = (bounds.low <= 0) & (bounds.high >= 0)
        self.flag(zero)
        return zero

    def pseudo_random(self, arguments: tuple[Expression, ...]) -> Bounds:
        self.whole([self.number(argument) for argument in arguments])
        return Bounds(np.asarray(0.0), np.asarray(BELOW_ONE), False)

    def single(self, node: Expression) -> float:
        """The one value of a number that depends on no position."""
        low, _, whole = self.number(node)
        if not np.isfinite(low):
            raise RuleError(f'"{node}" has no value, or one that is too large')
        return int(low) if whole else float(low)

    def whole(self, numbers: Iterable[Bounds]) -> None:
        """There is no value unless all of these are whole."""
        if not all(bounds.whole for bounds in numbers):
            self.flag(np.asarray(True))

    def read(self, node: Read) -> Bounds | Truths:
        plane = self.plane
        lengths = Lengths(plane.query_length, plane.key_length, plane.num_heads)
        numbers = tuple(self.single(argument) for argument in (node.owner.arguments if node.owner else ()))
        array = table_of(node, lengths, numbers, plane.captured.arrays)
        ranges = [self.number(index) for index in node.indices]
        self.whole(ranges)
        if len(ranges) != array.ndim:
            raise RuleError(f"{node.array} has shape {array.shape}: it is read with {array.ndim} indices")
        for bounds, length in zip(ranges, array.shape, strict=True):
            self.flag((bounds.low < 0) | (bounds.high > length - 1))
        places = [
            (np.clip(low, 0, length - 1).astype(np.int64), np.clip(high, 0, length - 1).astype(np.int64))
            for (low, high, _), length in zip(ranges, array.shape, strict=True)
        ]
        low, high = array.bounds(*places)
        if array.dtype.kind == "b":
            return Truths(low < 0.5, high > 0.5)
        return self.within(Bounds(low, high, array.dtype.kind in "iu"))


Side = tuple[Expression, Bounds | Truths]
"""A part of a rule, and what is known of it."""


def _number(node: Expression, value: Bounds | Truths) -> Bounds:
    if isinstance(value, Truths):
        raise RuleError(f'"{node}" gives conditions where numbers are needed')
    return value


def _compared(left: Side, sign: str, right: Side) -> Truths:
    one, other = left[1], right[1]
    if isinstance(one, Truths) and isinstance(other, Truths):
        unlike = different(one, other)
        return unlike if sign == "!=" else Truths(unlike.holds, unlike.fails)
    return COMPARE[sign](_number(*left), _number(*right))
