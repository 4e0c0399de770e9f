"""Curves → logarithmic axes: places are logarithms to base 2, ticks are labelled with the values themselves."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .axes import Axis, Ticks, plain_axis, short_power
from .chart import Kind
from .curves import Curve, Floats, middles_of, place_of

MOST_MARKS = 64
"""Different x of the data that are considered for ticks."""

MOST_TICKS = 12
"""Along the x axis."""

UNITS = "kMGTPE"
"""Of powers of two from 16k on: 1024, its square …, as lengths are named."""

FARTHEST = 1020.0
"""The places of an axis lie within: powers of two that are floats."""

FAR = math.log2(1000)
"""From here on powers of ten alone are enough."""

_ALMOST = 1e-9

Values = Sequence[float]


@dataclass(frozen=True)
class LogAxis:
    """The places from one end of the chart to the other, and the values of the data where they are few."""

    low: float
    high: float
    marks: tuple[float, ...] = ()
    slot: float = 0.0  # the share of one bar and the gap beside it

    def shares(self, places: Floats) -> Floats:
        """0 at the low end, 1 at the high end."""
        return (np.clip(places, self.low, self.high) - self.low) / (self.high - self.low)

    def ticks(self, cells: int) -> Ticks:
        """Round values, as many as leave room for more between them."""
        return self._finest(cells, cells, lambda ticks: all((b[0] - a[0]) * cells >= 1.5 for a, b in pairwise(ticks)))

    def spaced_ticks(self, columns: int) -> Ticks:
        """As many as can be written side by side: the values of the data where they can."""
        return self._finest(columns, MOST_TICKS, lambda ticks: _can_be_written(ticks, columns))

    def label(self, value: float) -> str:
        """The value in digits; in powers of ten where that is long."""
        text = short_power(f"{value:.7g}")
        return text if len(text) <= 7 else short_power(f"{value:.3g}")

    def _finest(self, cells: int, most: int, fit: Callable[[Ticks], bool]) -> Ticks:
        least = 1 if len(self.marks) == 1 else 2
        tries = (self._ticks(values) for values in self._ladders() if least <= len(values) <= most)
        shares, labels = zip(*next(filter(fit, tries), self._ticks([2.0**self.low])), strict=True)
        return tuple(zip(middles_of(np.array(shares), cells).tolist(), labels, strict=True))

    def _ladders(self) -> Iterator[Values]:
        """Values for ticks: of each sort the closest first."""
        yield self.marks
        if self.marks and all(_is_power_of_two(value) for value in self.marks):
            first, last = (round(math.log2(end)) for end in (self.marks[0], self.marks[-1]))
            yield from _thinner([2.0**power for power in range(first, last + 1)])
        for factors in ((1, 2, 5), (1, 3)) if self.high - self.low < FAR else ((1, 2, 5),):
            yield self._inside(_decades(self.low, self.high, factors))
        yield from _thinner(self._inside(_decades(self.low, self.high, (1,))))
        low, high = 2.0**self.low, 2.0**self.high  # within a decade: as along a linear axis
        for cells in (99, 4, 1):
            yield [low + share * (high - low) for share, _ in plain_axis(low, high).ticks(cells)]

    def _inside(self, values: Iterable[float]) -> Values:
        return [value for value in values if self.low - _ALMOST <= math.log2(value) <= self.high + _ALMOST]

    def _ticks(self, values: Values) -> Ticks:
        shares = self.shares(np.log2(np.array(values))).tolist()
        return tuple((share, self._tick_label(value)) for share, value in zip(shares, values, strict=True))

    def _tick_label(self, value: float) -> str:
        """Short: powers of two from 16k on in units of 1024, round numbers from 1e4 on in powers of ten."""
        unit = round(math.log2(value)) // 10
        if value >= 2**14 and unit <= len(UNITS) and _is_power_of_two(value):
            return f"{value / 1024**unit:.0f}{UNITS[unit - 1]}"
        text = short_power(f"{value:.3g}")
        return text if value > 9999 and math.isclose(float(text), value) else self.label(value)


AnyAxis = Axis | LogAxis


def log_x_axis_of(curves: Sequence[Curve], kinds: Sequence[Kind]) -> LogAxis:
    """From the first x to the last, with room for what stands on them."""
    parts = [curve.x for curve in curves if curve.x.size]
    low, high = _spread(min(float(x[0]) for x in parts), max(float(x[-1]) for x in parts))
    different = [x[np.diff(x, prepend=-math.inf) > _ALMOST] for x in parts]
    gaps = max(1, *(x.size - 1 for x in different))
    pad = (high - low) / gaps / 2 if "bars" in kinds or set(kinds) == {"dots"} else 0.0
    low, high = max(low - pad, -FARTHEST), min(high + pad, FARTHEST)
    marks = np.exp2(np.unique(np.concatenate(different))) if gaps < MOST_MARKS else np.array([])
    return LogAxis(low, high, tuple(marks.tolist()), 2 * pad / (high - low))


def log_y_axis_of(curves: Sequence[Curve], limits: tuple[float, float] | None) -> LogAxis:
    """Between the limits; without them from round number to round number, powers of ten where it is far."""
    low, high = (place_of(end, log=True) for end in limits or (math.nan, math.nan))
    if math.isfinite(low) and math.isfinite(high):
        return LogAxis(*_spread(low, high))
    ends = [float(end) for curve in curves if curve.y.size for end in (curve.y.min(), curve.high.max())]
    low, high = _spread(min(ends), max(ends))
    factors = (1, 2, 5) if high - low < FAR else (1,)
    around = [math.log2(value) for value in _decades(low - 4, high + 4, factors)]
    below, above = (place for place in around if place <= low + _ALMOST), (p for p in around if p >= high - _ALMOST)
    return LogAxis(max(below), min(above))


def _spread(low: float, high: float) -> tuple[float, float]:
    """The two in order, and far enough apart to reckon with: a doubling to either side."""
    low, high = sorted((low, high))
    return (low, high) if high - low > 1e-5 else (low - 1, high + 1)


def _decades(low: float, high: float, factors: Sequence[int]) -> list[float]:
    """The factors times powers of ten, from one place to another and a little beyond."""
    first, last = math.floor(low * math.log10(2)), math.ceil(high * math.log10(2))
    return [float(f"{factor}e{power}") for power in range(first, last + 1) for factor in factors]


def _thinner(values: Values) -> Iterator[Values]:
    """All, every second, third …: sooner where that ends at the last one too."""
    count = max(len(values) - 1, 1)
    for every in sorted(range(1, count + 1), key=lambda n: n if count % n == 0 else 1.6 * n):
        yield values[::every]


def _is_power_of_two(value: float) -> bool:
    return math.frexp(value)[0] == 0.5


def _can_be_written(ticks: Ticks, columns: int) -> bool:
    """Whether the labels, each below its tick and all within the columns, have blanks between them."""
    free = 0
    for share, label in ticks:
        column = min(int(share * columns), columns - 1)
        start = max(0, min(column - (len(label) - 1) // 2, columns - len(label)))
        if start < free:
            return False
        free = start + len(label) + 1
    return True
