"""Places in the rows of a mask at which a condition may change, found by bisection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..notation.grid import Array
from ..notation.tables import Table
from ..notation.tree import Expression

LEFT, RIGHT = "left", "right"

MOST_PIECES = 32
"""Rising or falling pieces of one part of k, and changes of one condition of k alone."""


class Even(NamedTuple):
    """Numbers at even steps, `start`, `start + step` …, which need no array."""

    start: float
    step: float
    size: int

    def below(self, sought: Array, side: str) -> Array:
        """How many are less than each number sought; with side right, less or equal."""
        steps = (sought - self.start) / self.step
        places = np.ceil(steps) if side == LEFT else np.floor(steps) + 1
        return np.clip(places, 0, self.size)


@dataclass(frozen=True, eq=False)
class Break:
    """One place in each row: where a piece of a rising part of k passes a part of q."""

    first: int
    rising: Array | Even  # the piece, negated where it falls
    passed: Expression  # the part of q; negated for `falls`
    falls: bool
    side: str

    def places(self, passed: Array) -> Array:
        """The key in each row at which the piece has passed the numbers."""
        sought = passed if self.falls else -passed
        if isinstance(self.rising, Even):
            return self.first + self.rising.below(sought, self.side)
        return self.first + _reached(self.rising, sought, self.side)


@dataclass(frozen=True, eq=False)
class Stored:
    """A place in each row at which an array of conditions, of which few hold, begins or ends to hold."""

    table: Table
    row: Expression  # the first index, of q
    column: Array  # the second index by key, which never falls
    place: int  # which of the columns that hold
    side: str

    def places(self, rows: Array) -> Array:
        """The key in each row at which the column is reached, or passed."""
        sought = self.table.columns(rows.astype(np.int64))[:, self.place]  # type: ignore[attr-defined]
        return _reached(self.column, sought, self.side)

    @property
    def passed(self) -> Expression:
        """What its places depend on."""
        return self.row


def pieces_of(values: Array) -> Iterator[tuple[int, int, bool]]:
    """Where the values only rise, or only fall: first place, last place + 1, whether they fall."""
    steps = np.sign(np.diff(values))
    moving = np.flatnonzero(steps)
    turns = moving[1:][steps[moving[1:]] != steps[moving[:-1]]] + 1
    ends = [0, *turns[: MOST_PIECES + 1].tolist(), values.size]
    for first, last in pairwise(ends):
        piece = values[first:last]
        yield first, last, bool(piece[-1] < piece[0])


def rising(piece: Array, falls: bool) -> Array | Even:
    """The piece, negated where it falls, and without its array where its steps are even."""
    step = float(piece[1] - piece[0]) if piece.size > 1 else 1.0
    if step and (np.diff(piece) == step).all():
        return Even(float(-piece[0] if falls else piece[0]), abs(step), piece.size)
    return compact(-piece if falls else piece)


def compact(numbers: Array) -> Array:
    """Whole numbers in half the memory, where they allow it."""
    least, greatest = np.iinfo(np.int32).min, np.iinfo(np.int32).max
    return numbers.astype(np.int32 if least < numbers.min() and numbers.max() < greatest else np.float64)


def _reached(rising: Array, sought: Array, side: str) -> Array:
    """How many of the rising numbers are less than each one sought; with side right, less or equal."""
    if rising.dtype == np.int32:  # of another type, all of them would be cast at every search
        limits = np.iinfo(np.int32)
        sought = np.clip(sought, limits.min, limits.max).astype(np.int32)
    return np.searchsorted(rising, sought, side=side)  # type: ignore[call-overload]
