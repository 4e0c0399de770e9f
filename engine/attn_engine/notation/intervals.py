"""Judging rectangles of positions by interval arithmetic over a rule's tree, without touching their cells.

Every number of the rule becomes the bounds of its values in a rectangle, every condition whether it may hold and
whether it may fail there. Bounds may be loose, never wrong: so FULL and EMPTY are certain, PARTIAL is not.
The method is Moore's interval arithmetic (Interval Analysis, 1966), by whole arrays of rectangles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..catalogue import Lengths
from .errors import RuleError
from .evaluation import evaluate, written_out
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
)
from .words import LARGEST

BELOW_ONE = np.nextafter(1.0, 0.0)


class Bounds(NamedTuple):
    """A number: the least and the greatest value that it may have, and whether it is whole."""

    low: Array
    high: Array
    whole: bool


class Truths(NamedTuple):
    """A condition: whether it may fail, and whether it may hold."""

    fails: Array
    holds: Array


def judge(rule: Rule, plane: Plane, rectangles: Rectangles) -> NDArray[np.int8]:
    """A `Verdict` for each rectangle, int8 in their shape. FULL and EMPTY are certain, PARTIAL need not be.

    Raises RuleError where the rule has no value anywhere: an array that is not there.
    """
    return _Judgement(plane, rectangles).verdicts(rule)


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
        value = self.value(node)
        if isinstance(value, Truths):
            raise RuleError(f'"{node}" gives conditions where numbers are needed')
        return value

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
                return _single(value, isinstance(value, int))
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
                return _all(self.compared(*pair) for pair in node.pairs)
            case Not(operand):
                fails, holds = self.condition(operand)
                return Truths(holds, fails)
            case And(operands):
                return _all(map(self.condition, operands))
            case Or(operands):
                return _any(map(self.condition, operands))
            case Xor(operands):
                return reduce(_different, map(self.condition, operands))
            case Call("where", (condition, first, second)):
                return _chosen(self.condition(condition), self.value(first), self.value(second))
            case Call("hash", arguments):
                return self.pseudo_random(arguments)
            case Call("min" | "max" as function, (first, *others)):
                return self.chain(first, ((function, operand) for operand in others))
            case Call("abs", (operand,)):
                return _absolute(self.number(operand))
            case Read():
                return self.read(node)
            case _:
                return self.unknown()

    def position(self, name: str) -> Bounds:
        plane, places = self.plane, self.rectangles
        if name == "q":
            return Bounds(_float(places.query_low + plane.shift), _float(places.query_high + plane.shift), True)
        if name == "k":
            return Bounds(_float(places.key_low), _float(places.key_high), True)
        constants = {"h": plane.head, "b": 0, "Q": plane.query_length, "K": plane.key_length, "H": plane.num_heads}
        return _single(constants[name], True)

    def chain(self, first: Expression, rest: Iterable[tuple[str, Expression]]) -> Bounds:
        value = self.number(first)
        for sign, operand in rest:
            value = self.within(CALCULATE[sign](self, value, self.number(operand)))
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

    def compared(self, left: Expression, sign: str, right: Expression) -> Truths:
        one, other = self.value(left), self.value(right)
        if isinstance(one, Truths) and isinstance(other, Truths):
            different = _different(one, other)
            return different if sign == "!=" else Truths(different.holds, different.fails)
        return COMPARE[sign](self.number(left), self.number(right))

    def pseudo_random(self, arguments: tuple[Expression, ...]) -> Bounds:
        for argument in arguments:
            self.number(argument)
        return Bounds(np.asarray(0.0), np.asarray(BELOW_ONE), False)

    def single(self, node: Expression) -> float:
        """The one value of a number that depends on no position."""
        low, _, whole = self.number(node)
        return int(low) if whole else float(low)

    def read(self, node: Read) -> Bounds | Truths:
        plane = self.plane
        lengths = Lengths(plane.query_length, plane.key_length, plane.num_heads)
        numbers = tuple(self.single(argument) for argument in (node.owner.arguments if node.owner else ()))
        array = table_of(node, lengths, numbers, plane.captured.arrays)
        ranges = [self.number(index) for index in node.indices]
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


# Numbers.


def _float(positions: Any) -> Array:
    return np.asarray(positions, dtype=np.float64)


def _single(value: float, whole: bool) -> Bounds:
    return Bounds(_float(value), _float(value), whole)


def _sum(_: _Judgement, one: Bounds, other: Bounds) -> Bounds:
    return Bounds(one.low + other.low, one.high + other.high, one.whole and other.whole)


def _difference(_: _Judgement, one: Bounds, other: Bounds) -> Bounds:
    return Bounds(one.low - other.high, one.high - other.low, one.whole and other.whole)


def _product(_: _Judgement, one: Bounds, other: Bounds) -> Bounds:
    return _of_corners(np.multiply, one, other, one.whole and other.whole)


def _of_corners(function: Callable[..., Array], one: Bounds, other: Bounds, whole: bool) -> Bounds:
    """Bounds of a function that is monotone in each operand, from the four corners: rounding is monotone too."""
    if other.low is other.high:  # a single number
        corners = [function(one.low, other.low), function(one.high, other.low)]
    else:
        corners = [function(mine, theirs) for mine in one[:2] for theirs in other[:2]]
    return Bounds(reduce(np.minimum, corners), reduce(np.maximum, corners), whole)


def _quotient(judgement: _Judgement, one: Bounds, other: Bounds) -> Bounds:
    bounds = _of_corners(np.true_divide, one, other, False)
    return _unless(judgement.divisor(other), bounds)


def _floor_quotient(judgement: _Judgement, one: Bounds, other: Bounds) -> Bounds:
    whole = one.whole and other.whole
    low, high, _ = _of_corners(np.true_divide, one, other, whole)
    slack = 0 if whole else 1  # of numbers that are not whole, the floor of the rounded quotient may be one off
    bounds = Bounds(_floor(low) - slack, _floor(high) + slack, whole)
    return _unless(judgement.divisor(other), bounds)


def _floor(quotient: Array) -> Array:
    """The floor; exact for quotients of whole numbers up to 2**53: rounding never crosses a whole number."""
    floor: Array = np.floor(quotient)
    return floor


def _remainder(judgement: _Judgement, one: Bounds, other: Bounds) -> Bounds:
    """Between 0 and the divisor; of a single whole divisor exact while the operand stays within one period."""
    whole = one.whole and other.whole
    zero = judgement.divisor(other)
    edge = 1 if whole else 0
    positive = other.low > 0
    low, high = np.where(positive, 0.0, other.low + edge), np.where(positive, other.high - edge, 0.0)
    natural = positive & (one.low >= 0)
    high = np.where(natural, np.minimum(high, one.high), high)
    if whole:
        single = (other.low == other.high) & positive
        period = np.where(single, other.low, 1.0)
        first, last = _floor(one.low / period), _floor(one.high / period)
        tight = single & (first == last)
        low = np.where(tight, one.low - first * period, low)
        high = np.where(tight, one.high - first * period, high)
    return _unless(zero, Bounds(low, high, whole))


def _unless(lost: Array, bounds: Bounds) -> Bounds:
    """The bounds, with everything possible where there are none."""
    if not lost.any():
        return bounds
    return Bounds(np.where(lost, -np.inf, bounds.low), np.where(lost, np.inf, bounds.high), bounds.whole)


def _least(_: _Judgement, one: Bounds, other: Bounds) -> Bounds:
    return Bounds(np.minimum(one.low, other.low), np.minimum(one.high, other.high), one.whole and other.whole)


def _greatest(_: _Judgement, one: Bounds, other: Bounds) -> Bounds:
    return Bounds(np.maximum(one.low, other.low), np.maximum(one.high, other.high), one.whole and other.whole)


def _absolute(bounds: Bounds) -> Bounds:
    low, high, whole = bounds
    return Bounds(np.maximum(np.maximum(low, -high), 0), np.maximum(-low, high), whole)


CALCULATE: dict[str, Callable[[_Judgement, Bounds, Bounds], Bounds]] = {
    "+": _sum,
    "-": _difference,
    "*": _product,
    "/": _quotient,
    "//": _floor_quotient,
    "%": _remainder,
    "min": _least,
    "max": _greatest,
}


# Conditions.


def _less(one: Bounds, other: Bounds) -> Truths:
    return Truths(one.high >= other.low, one.low < other.high)


def _at_most(one: Bounds, other: Bounds) -> Truths:
    return Truths(one.high > other.low, one.low <= other.high)


def _equal(one: Bounds, other: Bounds) -> Truths:
    single = (one.low == one.high) & (other.low == other.high) & (one.low == other.low)
    return Truths(~single, (one.low <= other.high) & (other.low <= one.high))


def _unequal(one: Bounds, other: Bounds) -> Truths:
    fails, holds = _equal(one, other)
    return Truths(holds, fails)


COMPARE: dict[str, Callable[[Bounds, Bounds], Truths]] = {
    "<": _less,
    "<=": _at_most,
    ">": lambda one, other: _less(other, one),
    ">=": lambda one, other: _at_most(other, one),
    "==": _equal,
    "!=": _unequal,
}


def _all(conditions: Iterable[Truths]) -> Truths:
    return reduce(lambda one, other: Truths(one.fails | other.fails, one.holds & other.holds), conditions)


def _any(conditions: Iterable[Truths]) -> Truths:
    return reduce(lambda one, other: Truths(one.fails & other.fails, one.holds | other.holds), conditions)


def _different(one: Truths, other: Truths) -> Truths:
    fails = (one.fails & other.fails) | (one.holds & other.holds)
    return Truths(fails, (one.fails & other.holds) | (one.holds & other.fails))


def _chosen(condition: Truths, one: Bounds | Truths, other: Bounds | Truths) -> Bounds | Truths:
    """What `where` gives: one branch where the condition is decided, else either."""
    fails, holds = condition
    if isinstance(one, Truths) and isinstance(other, Truths):
        return Truths((holds & one.fails) | (fails & other.fails), (holds & one.holds) | (fails & other.holds))
    if isinstance(one, Truths) or isinstance(other, Truths):
        raise RuleError("where chooses between a condition and a number")
    low = np.minimum(np.where(holds, one.low, np.inf), np.where(fails, other.low, np.inf))
    high = np.maximum(np.where(holds, one.high, -np.inf), np.where(fails, other.high, -np.inf))
    return Bounds(low, high, one.whole and other.whole)


# Rules that have no value somewhere.

MOST_SUSPECTS = 4096
ROUNDS = 24


def check_rule(rule: Rule, plane: Plane) -> None:
    """Raise the RuleError that evaluating the rule on the plane raises; nothing is said of what is sound.

    Where the whole plane cannot be judged to be sound, suspicious rectangles are split and their corners
    evaluated. Of very many suspicious rectangles only the first are followed: a hidden mistake can be missed.
    """
    suspects = Rectangles.between([0, plane.query_length], [0, plane.key_length])
    for _ in range(ROUNDS):
        judgement = _Judgement(plane, suspects)
        judgement.verdicts(rule)
        places = np.flatnonzero(np.broadcast_to(judgement.hazard, suspects.shape).ravel())[:MOST_SUSPECTS]
        if not places.size:
            return
        suspects = suspects.chosen(places)
        for queries in (suspects.query_low, suspects.query_high):
            for keys in (suspects.key_low, suspects.key_high):
                evaluate(rule, plane.points(queries, keys))
        suspects, _ = suspects.split()
        if not suspects.query_low.size:
            return
