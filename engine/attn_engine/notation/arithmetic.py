"""Arithmetic on arrays that is exact or says that it cannot be: no silent overflow, no warning, no NaN made.

Whole numbers are int64 and stay within 2**53; in a step with any other number all become `dtype`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import RuleError
from .words import LARGEST

Float = np.dtype[np.floating[Any]]

CALCULATE: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
    "//": np.floor_divide,
    "%": np.remainder,
    "min": np.minimum,
    "max": np.maximum,
    "abs": np.absolute,
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
}

COMPARE: dict[str, Callable[..., Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


@dataclass(frozen=True)
class Arithmetic:
    """Calculates in whole numbers while it can, else in `dtype`; when `careful`, looks at every result.

    It is careful where floating-point exceptions are ignored; otherwise they must be set to raise.
    """

    dtype: Float
    careful: bool = False

    def calculate(self, sign: str, operands: tuple[Any, ...], spare: Sequence[Any] = ()) -> Any:
        """One operator or function; arrays to `spare` may be overwritten. Raises RuleError for no value."""
        if sign in ("/", "//", "%") and not operands[1].all():
            raise RuleError("division by zero")
        if sign == "log" and (operands[0] <= 0).any():
            raise RuleError("logarithm of zero or less")
        if all_whole(*operands) and sign not in ("/", "exp", "log", "tanh"):
            _check_size(sign, *operands)
            return CALCULATE[sign](*operands)
        floats = [self.as_float(operand) for operand in operands]
        if self.careful:
            return _sound(CALCULATE[sign](*floats), floats)
        return CALCULATE[sign](*floats, out=_room(floats, spare))

    def as_float(self, operand: Any) -> Any:
        """The operand in `dtype`. Raises RuleError for a number too large for it."""
        if operand.dtype == self.dtype:
            return operand
        cast = operand.astype(self.dtype)
        return _sound(cast, [operand]) if self.careful else cast


def compare(left: Any, sign: str, right: Any) -> Any:
    """Numbers by every sign, conditions by `==` and `!=`; NaN is unequal to everything."""
    conditions = [side.dtype.kind == "b" for side in (left, right)]
    if any(conditions) and (sign not in ("==", "!=") or not all(conditions)):
        raise RuleError("a condition is compared only with a condition, by == or !=")
    with np.errstate(invalid="ignore"):
        return COMPARE[sign](left, right)


def all_whole(*operands: Any) -> bool:
    """Whether all are integers."""
    return all(operand.dtype.kind == "i" for operand in operands)


def extremes(operand: Any) -> tuple[int, int]:
    """The smallest and the largest of whole numbers; 0 and 0 of none."""
    return (int(operand.min()), int(operand.max())) if operand.size else (0, 0)


def pseudo_random(seed: Any, a: Any, b: Any) -> Any:
    """A float64 in [0, 1) for each triple of whole numbers, always the same one.

    state = 0; for v in seed, a, b: state = mix((state ^ v) + 0x9E3779B97F4A7C15), modulo 2**64, v in two's
    complement, mix being the finaliser of splitmix64 (Steele, Lea & Flood 2014). The number is the upper 53
    bits of the state, over 2**53.
    """
    if not all_whole(seed, a, b):
        raise RuleError("hash wants whole numbers")
    state = np.zeros((), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for operand in (seed, a, b):
            state = _mix((state ^ operand.astype(np.uint64)) + np.uint64(0x9E3779B97F4A7C15))
    return (state >> np.uint64(11)) * 2.0**-53


def _mix(state: Any) -> Any:
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def _check_size(sign: str, *operands: Any) -> None:
    """By the extremes of the operands, so that nothing larger than these is computed."""
    if sign not in ("+", "-", "*"):
        return
    left, right = (max(map(abs, extremes(operand))) for operand in operands)
    if (left * right if sign == "*" else left + right) > LARGEST:
        raise RuleError(f"too large a number: whole numbers end at {LARGEST}")


def _room(operands: Sequence[Any], spare: Sequence[Any]) -> Any:
    """One of the spare arrays that can hold the result; memory that is new costs more than the arithmetic."""
    shape = np.broadcast_shapes(*(operand.shape for operand in operands))
    fitting = (array for array in spare if isinstance(array, np.ndarray) and array.shape == shape)
    return next((array for array in fitting if array.dtype == operands[0].dtype), None)


def _sound(result: Any, operands: Sequence[Any]) -> Any:
    """The result, if finite numbers gave finite numbers; infinities and NaN that came in may go through."""
    sound = np.isfinite(result)
    for operand in operands:
        sound = sound | ~np.isfinite(operand)
    if not sound.all():
        raise RuleError("too large a number: the result is infinite or undefined")
    return result
