"""Interval arithmetic: what is known of a number or a condition that has many values at once.

Bounds may be loose, never wrong (Moore, Interval Analysis, 1966).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from .errors import RuleError
from .grid import Array

BELOW_ONE = np.nextafter(1.0, 0.0)
DIVISIONS = ("/", "//", "%")


class Bounds(NamedTuple):
    """A number: the least and the greatest value that it may have, and whether it is whole."""

    low: Array
    high: Array
    whole: bool


class Truths(NamedTuple):
    """A condition: whether it may fail, and whether it may hold."""

    fails: Array
    holds: Array


# Numbers.


def floats(positions: Any) -> Array:
    """Positions as float64, in which they are exact."""
    return np.asarray(positions, dtype=np.float64)


def single(value: float, whole: bool) -> Bounds:
    """A number that is known."""
    return Bounds(floats(value), floats(value), whole)


def _sum(one: Bounds, other: Bounds) -> Bounds:
    return Bounds(one.low + other.low, one.high + other.high, one.whole and other.whole)


def _difference(one: Bounds, other: Bounds) -> Bounds:
    return Bounds(one.low - other.high, one.high - other.low, one.whole and other.whole)


def _product(one: Bounds, other: Bounds) -> Bounds:
    return _of_corners(np.multiply, one, other, one.whole and other.whole)


def _of_corners(function: Callable[..., Array], one: Bounds, other: Bounds, whole: bool) -> Bounds:
    """Bounds of a function that is monotone in each operand, from the four corners: rounding is monotone too."""
    if other.low is other.high:  # a single number
        corners = [function(one.low, other.low), function(one.high, other.low)]
    else:
        corners = [function(mine, theirs) for mine in one[:2] for theirs in other[:2]]
    return Bounds(reduce(np.minimum, corners), reduce(np.maximum, corners), whole)


def _quotient(one: Bounds, other: Bounds) -> Bounds:
    return _of_corners(np.true_divide, one, other, False)


def _floor_quotient(one: Bounds, other: Bounds) -> Bounds:
    whole = one.whole and other.whole
    low, high, _ = _of_corners(np.true_divide, one, other, whole)
    slack = 0 if whole else 1  # of numbers that are not whole, the floor of the rounded quotient may be one off
    return Bounds(_floor(low) - slack, _floor(high) + slack, whole)


def _floor(quotient: Array) -> Array:
    """The floor; exact for quotients of whole numbers up to 2**53: rounding never crosses a whole number."""
    floor: Array = np.floor(quotient)
    return floor


def _remainder(one: Bounds, other: Bounds) -> Bounds:
    """Between 0 and the divisor; of a single whole divisor exact while the operand stays within one period."""
    whole = one.whole and other.whole
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
    return Bounds(low, high, whole)


def unless(lost: Array, bounds: Bounds) -> Bounds:
    """The bounds, with everything possible where there are none."""
    if not lost.any():
        return bounds
    return Bounds(np.where(lost, -np.inf, bounds.low), np.where(lost, np.inf, bounds.high), bounds.whole)


def _least(one: Bounds, other: Bounds) -> Bounds:
    return Bounds(np.minimum(one.low, other.low), np.minimum(one.high, other.high), one.whole and other.whole)


def _greatest(one: Bounds, other: Bounds) -> Bounds:
    return Bounds(np.maximum(one.low, other.low), np.maximum(one.high, other.high), one.whole and other.whole)


def absolute(bounds: Bounds) -> Bounds:
    """The size of a number."""
    low, high, whole = bounds
    return Bounds(np.maximum(np.maximum(low, -high), 0), np.maximum(-low, high), whole)


CALCULATE: dict[str, Callable[[Bounds, Bounds], Bounds]] = {
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


def all_of(conditions: Iterable[Truths]) -> Truths:
    """Whether all of them may fail, and may hold, together."""
    return reduce(lambda one, other: Truths(one.fails | other.fails, one.holds & other.holds), conditions)


def any_of(conditions: Iterable[Truths]) -> Truths:
    """The same of any of them."""
    return reduce(lambda one, other: Truths(one.fails & other.fails, one.holds | other.holds), conditions)


def different(one: Truths, other: Truths) -> Truths:
    """Whether exactly one of two holds."""
    fails = (one.fails & other.fails) | (one.holds & other.holds)
    return Truths(fails, (one.fails & other.holds) | (one.holds & other.fails))


def chosen(condition: Truths, one: Bounds | Truths, other: Bounds | Truths) -> Bounds | Truths:
    """What `where` gives: one branch where the condition is decided, else either."""
    fails, holds = condition
    if isinstance(one, Truths) and isinstance(other, Truths):
        return Truths((holds & one.fails) | (fails & other.fails), (holds & one.holds) | (fails & other.holds))
    if isinstance(one, Truths) or isinstance(other, Truths):
        raise RuleError("where chooses between a condition and a number")
    low = np.minimum(np.where(holds, one.low, np.inf), np.where(fails, other.low, np.inf))
    high = np.maximum(np.where(holds, one.high, -np.inf), np.where(fails, other.high, -np.inf))
    return Bounds(low, high, one.whole and other.whole)
