"""Curves → axes: from where to where, and the round numbers along them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .chart import Kind
from .curves import HUGE, Curve, Floats, float_of

Ticks = tuple[tuple[float, str], ...]  # from 0 to 1, and what is written there

TINY = 1e-290
"""Numbers below are drawn as 0: steps stay above 0."""


@dataclass(frozen=True)
class Axis:
    """The numbers from one end of the chart to the other, and the least distance of two ticks."""

    low: float
    high: float
    step: float
    slot: float = 0.0  # the share of one bar and the gap beside it

    def shares(self, values: Floats) -> Floats:
        """0 at the low end, 1 at the high end."""
        return (np.clip(values, self.low, self.high) - self.low) / (self.high - self.low)

    def ticks(self, cells: int) -> Ticks:
        """Multiples of the step, the first and the last among them, where `cells` leave room for more."""
        first, last = math.ceil(self.low / self.step - 1e-9), math.floor(self.high / self.step + 1e-9)
        count, gap = last - first, cells * self.step / (self.high - self.low)
        every = next((n for n in range(1, count) if n * gap >= 1.5 and count % n == 0), max(count, 1))
        values = [number * self.step for number in range(first, last + 1, every)] or [self.low]
        shares = self.shares(np.array(values)).tolist()
        return tuple((share, self.label(value)) for share, value in zip(shares, values, strict=True))

    def spaced_ticks(self, columns: int) -> Ticks:
        """Ticks far enough apart to write them side by side, and not many."""
        longest = max(len(self.label(end)) for end in (self.low, self.high))
        room = max(longest + 3, columns / 8)
        step = max(_round_step((self.high - self.low) * room / columns), self.step)
        return Axis(self.low, self.high, step).ticks(columns)

    def label(self, value: float) -> str:
        """The value with the decimals of the step; in powers of ten where that is long."""
        text = f"{value:.{max(0, -math.floor(math.log10(self.step) + 1e-9))}f}"
        if len(text) > 7:
            text = short_power(f"{value:.3g}")
        return text if float(text) else "0"


def short_power(text: str) -> str:
    """A formatted number, its power of ten without plus and zeros."""
    return re.sub(r"e([+-])0?", r"e\1", text).replace("e+", "e")


def x_axis_of(curves: Sequence[Curve], kinds: Sequence[Kind]) -> Axis:
    """From the first x to the last, with room for what stands on them; whole steps where all are whole."""
    parts = [curve.x for curve in curves if curve.x.size]
    low, high = min(float(x[0]) for x in parts), max(float(x[-1]) for x in parts)
    whole = max(-low, high) < 1e15 and all(np.array_equal(x, np.rint(x)) for x in parts)
    if low == high and whole:
        return Axis(low - 0.5, high + 0.5, 1.0, 1.0)
    low, high = _spread(low, high)
    gaps = max(1, *(int(np.count_nonzero(np.diff(x))) for x in parts))
    pad = (high - low) / gaps / 2 if {"bars", "dots"} & set(kinds) else 0.0
    low, high = low - pad, high + pad
    return Axis(low, high, 1.0 if whole else _round_step((high - low) / 100), 2 * pad / (high - low))


def y_axis_of(curves: Sequence[Curve], limits: tuple[float, float] | None) -> Axis:
    """Between the limits; without them from 0, or a lowest value below it, to a round number."""
    low, high = (float_of(end) for end in limits or (math.nan, math.nan))
    if math.isfinite(low) and math.isfinite(high):
        return plain_axis(*_spread(low, high))
    ends = [float(end) for curve in curves if curve.y.size for end in (curve.y.min(), curve.high.max())]
    low, high = _spread(min(0.0, *ends), max(ends))
    step = _round_step((high - low) / 4)
    return Axis(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, step)


def plain_axis(low: float, high: float) -> Axis:
    """From exactly here to there, in about four round steps."""
    return Axis(low, high, _round_step((high - low) / 4))


def _spread(low: float, high: float) -> tuple[float, float]:
    """The two in order, and far enough apart to reckon with."""
    low, high = (max(-HUGE, min(HUGE, end)) for end in sorted((low, high)))
    size = max(-low, high)
    if size < TINY:
        return 0.0, 1.0
    return (low, high) if high - low > 1e-9 * size else (low - size / 2, high + size / 2)


def _round_step(least: float) -> float:
    """1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
