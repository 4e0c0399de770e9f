"""Masks too large to be kept, as what they mostly are: the keys from so many before a query to so many after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]

AT_ONCE = 2**22
"""Cells of a mask that are looked through at once."""


@dataclass(frozen=True)
class Band:
    """Query i sees the keys i + `first` … i + `last`, as far as they are there; None: from the first, to the last."""

    first: int | None = None
    last: int | None = None

    def rule(self, shift: int = 0) -> str:
        """The band in the notation, where `shift` is added to the index of a query to get its position."""
        if self == Band(None, shift):
            return "causal"
        bounds = (("k >= q", self.first), ("k <= q", self.last))
        told = [f"{bound}{_offset(at - shift)}" for bound, at in bounds if at is not None]
        return " & ".join(told) or "full"


EVERYTHING, CAUSAL = Band(), Band(None, 0)


def _offset(number: int) -> str:
    return f" {'+' if number > 0 else '-'} {abs(number)}" if number else ""


def band_of(rows: Callable[[range], NDArray[np.bool_]], queries: int, keys: int) -> Band | None:
    """The band that a mask is, whose rows (rows, keys) are read a strip after the other; None for any other mask."""
    firsts, lasts = np.empty(queries, dtype=np.int64), np.empty(queries, dtype=np.int64)
    step = max(AT_ONCE // keys, 1)
    for start in range(0, queries, step):
        some = range(start, min(start + step, queries))
        seen = rows(some)
        counts = np.count_nonzero(seen, axis=1)
        firsts[some.start : some.stop] = first = np.argmax(seen, axis=1)
        lasts[some.start : some.stop] = last = keys - 1 - np.argmax(seen[:, ::-1], axis=1)
        if not (counts == last - first + 1).all():  # a gap, or a query that sees nothing
            return None
    return _through(firsts, lasts, keys)


def _through(firsts: Positions, lasts: Positions, keys: int) -> Band | None:
    """The band whose rows begin and end there."""
    queries = np.arange(firsts.size)
    begins, ends = (firsts - queries)[firsts > 0], (lasts - queries)[lasts < keys - 1]
    band = Band(int(begins[0]) if begins.size else None, int(ends[0]) if ends.size else None)
    first = 0 if band.first is None else np.maximum(queries + band.first, 0)
    last = keys - 1 if band.last is None else np.minimum(queries + band.last, keys - 1)
    return band if (firsts == first).all() and (lasts == last).all() else None
