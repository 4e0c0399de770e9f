"""A strip of queries against a run of keys: scores, their exponentials, the output. Each stays in the cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..attention import Floats
from .machine import machine
from .packing import Singles
from .pool import scratch
from .sight import RUN, Run

FAINT = np.float32(-100)
"""Exponents so far below the greatest of their row count as this far: smaller powers of two are slow."""


TINY = np.finfo(np.float32).tiny

ONES = np.ones(RUN, dtype=np.float32)
"""For the sums of rows, as products."""


@dataclass(frozen=True, eq=False)
class Strip:
    """`query` (lead, rows, d), scaled; `blocks` (lead or 1, blocks, d, width) of its keys; the runs that it sees.

    The lead is heads, or strips below each other of one head. `tops` (lead, rows, 1) is what the exponents are
    counted from, None for 0.
    """

    query: Singles
    blocks: Singles
    runs: tuple[Run, ...]
    tops: Singles | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(lead, rows)."""
        return self.query.shape[0], self.query.shape[1]


class Sums(NamedTuple):
    """Of each row: Σp̃ and Σp̃·s, of powers p̃ that are not yet divided by their sum."""

    totals: Floats
    dots: Floats


def scores(strip: Strip, run: Run) -> Singles:
    """The exponents of a run, (lead, rows, keys): valid until this thread makes the next."""
    width = strip.blocks.shape[-1]
    first, last = run.first // width, -(-run.last // width)
    made = scratch("scores", (*strip.shape, (last - first) * width))
    stacked = made.reshape(*strip.shape, last - first, width).transpose(0, 2, 1, 3)
    np.matmul(strip.query[:, None], strip.blocks[:, first:last], out=stacked)
    if strip.tops is not None:
        np.subtract(made, strip.tops, out=made)
        np.clip(made, FAINT, 0, out=made)
    return made[..., : run.last - run.first]


def exponentials(run: Run, exponents: Singles, out: Singles) -> Singles:
    """Their powers, 0 where a piece of the run is not seen."""
    machine().power(exponents, out=out)
    rows = out.shape[-2]
    for piece in run.pieces:
        part = out[..., piece.first - run.first : piece.last - run.first]
        np.multiply(part, piece.seen.reshape(-1, rows, piece.last - piece.first), out=part)
    return out


def tops(strip: Strip) -> Singles:
    """The greatest exponent that each row sees, (lead, rows, 1); −∞ where it sees nothing."""
    found = np.full((*strip.shape, 1), -np.inf, dtype=np.float32)
    for run in strip.runs:
        exponents = scores(strip, run)
        for piece in run.pieces:
            part = exponents[..., piece.first - run.first : piece.last - run.first]
            seen = piece.seen.reshape(-1, part.shape[-2], part.shape[-1])
            part[...] = np.where(seen, part, np.float32(-np.inf))
        np.maximum(found, exponents.max(axis=-1, keepdims=True), out=found)
    return found


def finite(greatest: Singles) -> Singles:
    """The greatest exponents, 0 instead of −∞."""
    return np.where(np.isneginf(greatest), np.float32(0), greatest)


def add_sums(sums: Sums, powers: Singles, exponents: Singles, first: bool) -> None:
    """The sums of rows, as a product with ones, which is four times as fast as `sum`; the `first` are not added."""
    ones = ONES[: powers.shape[-1]]
    if first:
        np.matmul(powers, ones, out=sums.totals)
        np.vecdot(powers, exponents, out=sums.dots)
    else:
        np.add(sums.totals, np.matmul(powers, ones), out=sums.totals)
        np.add(sums.dots, np.vecdot(powers, exponents), out=sums.dots)


def inverses(totals: Floats) -> Floats:
    """1 over the totals; something finite where a row sees nothing, whose powers are zeros."""
    return np.divide(1, np.maximum(totals, TINY))


def entropies(sums: Sums) -> Floats:
    """Entropy in nats of each row, NaN where it sees nothing: ln Z − Σp̃·s/Z, no logarithm of a weight."""
    with np.errstate(all="ignore"):
        surprise = sums.dots / (sums.totals * np.float32(machine().per_nat))
        return np.maximum(np.log(sums.totals) - surprise, 0)


def add_mixed(weights: Singles, value: Singles, output: Singles, first: bool) -> None:
    """weights (lead, rows, keys) times value (lead or 1, keys, width), in a stack of blocks of keys, to the output."""
    block = machine().value_block
    stacked, width = weights.shape[-1] // block, value.shape[-1]
    whole = stacked * block
    if stacked:
        blocks = weights[..., :whole].reshape(*weights.shape[:-1], stacked, block).transpose(0, 2, 1, 3)
        values = value[:, :whole].reshape(value.shape[0], stacked, block, width)
        parts = scratch("parts", (weights.shape[0], stacked, weights.shape[1], width))
        np.matmul(blocks, values, out=parts)
        _add(np.add.reduce(parts, axis=1), output, first)
    if whole < weights.shape[-1]:
        _add(np.matmul(weights[..., whole:], value[:, whole:]), output, first and not stacked)


def _add(more: Singles, output: Singles, first: bool) -> None:
    if first:
        output[...] = more
    else:
        np.add(output, more, out=output)
