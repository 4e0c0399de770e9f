"""Weights, output and entropy of all rows in one go: the scores are never written to memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..attention import mix
from ..measures import entropy
from ..notation import Rule
from ..notation.grid import Align
from ..notation.plane import Plane
from .packing import Packed, Singles
from .plain import plain_weights
from .pool import WORTH, empty, shared
from .sight import Mask, Run, sight_of
from .strips import Strip, Sums, add_mixed, add_sums, entropies, exponentials, finite, inverses, scores, tops

ROWS = 64
"""Queries of a strip: for more, products are asked for in stacks of them."""

SMALL = 96
"""Queries up to which a strip is all of several heads, not a part of one."""

CELLS = 2**17
"""Scores of a tile: half a megabyte."""


@dataclass(frozen=True, eq=False)
class Weighed:
    """`weights` (heads, queries, keys), `output` (heads, queries, value width), `entropy` (heads, queries) in nats.

    A query that sees nothing has zeros, and no entropy: NaN.
    """

    weights: Singles
    output: Singles
    entropy: Singles


class _Tile(NamedTuple):
    """Some queries of some heads, as lead × rows, and the runs of keys that they see."""

    heads: slice
    rows: slice
    lead: int
    runs: tuple[Run, ...]


def weighed(
    packed: Packed, mask: Rule | str | Mask | None = None, *, align: Align = "left", out: Weighed | None = None
) -> Weighed:
    """The weights, output and entropy of queries packed with their keys, in float32.

    `mask` is a rule, its text, or booleans that broadcast to (heads, queries, keys). `out` is what an earlier call of
    the same lengths returned, to be overwritten: new memory costs as much as the computation. Weights differ from
    those of float64 by about 1e-7 · (1 + the greatest score), and none of what is seen is less than 2^−100 of the
    row's greatest. Raises RuleError for a mistake in the rule, ValueError for shapes that do not fit.
    """
    plane = Plane(packed.query_length, packed.keys.length, packed.num_heads, align)
    made = out if out is not None else _empty(packed)
    _check(made, packed)
    tiles, lead = _tiles(packed, mask, plane), packed.query.shape[:2]
    sums = Sums(np.zeros(lead, dtype=np.float32), np.zeros(lead, dtype=np.float32))
    shared(lambda tile: _weigh(packed, tile, made, sums), tiles, apart=made.weights.size >= WORTH)
    fast = np.ones((packed.num_heads, 1), dtype=np.bool_)
    for tile in tiles if any(packed.large) else ():
        fast[tile.heads] = not _is_plain(packed, tile)
    np.copyto(made.entropy, entropies(sums), where=fast)
    return made


def _empty(packed: Packed) -> Weighed:
    lead, keys = packed.query.shape[:2], packed.keys
    shapes = (*lead, keys.length), (*lead, keys.value.shape[-1]), lead
    return Weighed(*(empty(shape) for shape in shapes))


def _check(made: Weighed, packed: Packed) -> None:
    expected = *packed.query.shape[:2], packed.keys.length
    if made.weights.shape != expected or made.output.shape[-1] != packed.keys.value.shape[-1]:
        raise ValueError(f"out has weights of shape {made.weights.shape}; expected {expected}")
    if not all(array.flags.c_contiguous for array in (made.weights, made.output)):
        raise ValueError("out has arrays that are not contiguous; expected what an earlier call returned")


def _tiles(packed: Packed, mask: Rule | str | Mask | None, plane: Plane) -> list[_Tile]:
    """Heads and rows in tiles; those of each head with its own runs where heads see differently."""
    sight = sight_of(mask, plane, packed.keys.width)
    heads, length, row = packed.num_heads, plane.query_length, ROWS * plane.key_length
    if length <= SMALL:
        together = max(CELLS // (length * plane.key_length), 1) if sight.alike else 1
        spans = [slice(first, min(first + together, heads)) for first in range(0, heads, together)]
        alike = sight.runs([np.arange(length)], 0)
        return [
            _Tile(span, slice(0, length), span.stop - span.start, runs)
            for span in spans
            for runs in (alike if sight.alike else sight.runs([np.arange(length)], span.start))
        ]
    whole, lead = length // ROWS, max(CELLS // row, 1)
    parts = [(first * ROWS, min(lead, whole - first)) for first in range(0, whole, lead)]
    rows = [(slice(first, first + count * ROWS), count) for first, count in parts]
    rows += [(slice(whole * ROWS, length), 1)] if whole * ROWS < length else []
    strips = [np.arange(part.start, part.stop) for part, _ in rows]
    alike = sight.runs(strips, 0)
    seen = [alike if sight.alike or not head else sight.runs(strips, head) for head in range(heads)]
    return [
        _Tile(slice(head, head + 1), part, count, runs)
        for head in range(heads)
        for (part, count), runs in zip(rows, seen[head], strict=True)
    ]


def _weigh(packed: Packed, tile: _Tile, made: Weighed, sums: Sums) -> None:
    if _is_plain(packed, tile):
        _weigh_plainly(packed, tile, made)
        return
    query = packed.query[tile.heads, tile.rows].reshape(tile.lead, -1, packed.query.shape[-1])
    strip = Strip(query, _of_keys(packed, tile.heads, packed.keys.blocks), tile.runs)
    if not all(packed.calm[tile.heads]):
        strip = replace(strip, tops=finite(tops(strip)))
    weights, output, totals, dots = (
        array[tile.heads, tile.rows].reshape(*strip.shape, *array.shape[2:])
        for array in (made.weights, made.output, *sums)
    )
    _exponentiate(strip, weights, Sums(totals, dots))
    _clear_between(tile.runs, weights)
    _share_out(tile.runs, weights, inverses(totals), _of_keys(packed, tile.heads, packed.keys.value), output)


def _exponentiate(strip: Strip, weights: Singles, sums: Sums) -> None:
    """The powers of what the strip sees, into the weights, and what they sum to."""
    for run in strip.runs:
        exponents = scores(strip, run)
        powers = exponentials(run, exponents, weights[..., run.first : run.last])
        add_sums(sums, powers, exponents, run is strip.runs[0])


def _share_out(runs: tuple[Run, ...], weights: Singles, shares: Singles, value: Singles, output: Singles) -> None:
    """The powers to weights, and the values summed by them."""
    if not runs:
        output[...] = 0
    for run in runs:
        part = weights[..., run.first : run.last]
        np.multiply(part, shares[..., None], out=part)
        add_mixed(part, value[:, run.first : run.last], output, run is runs[0])


def _clear_between(runs: tuple[Run, ...], weights: Singles) -> None:
    """Zeros where no run is."""
    ends = [0, *(run.last for run in runs)]
    for end, first in zip(ends, [*(run.first for run in runs), weights.shape[-1]], strict=True):
        if end < first:
            weights[..., end:first] = 0


def _of_keys(packed: Packed, heads: slice, array: Singles) -> Singles:
    """The part of an array of key heads that each of these heads uses; (1, …) for one head."""
    if array.shape[0] == packed.num_heads:
        return array[heads]
    return array[[packed.key_head(head) for head in range(packed.num_heads)[heads]]]


def _is_plain(packed: Packed, tile: _Tile) -> bool:
    return any(packed.large[tile.heads])


def _weigh_plainly(packed: Packed, tile: _Tile, made: Weighed) -> None:
    rows = np.arange(tile.rows.start, tile.rows.stop)
    for head in range(packed.num_heads)[tile.heads]:
        weights, shared_head = plain_weights(packed, head, rows, tile.runs), packed.key_head(head)
        made.weights[head, tile.rows] = weights[0]
        made.output[head, tile.rows] = mix(weights, packed.keys.value[shared_head : shared_head + 1])[0]
        made.entropy[head, tile.rows] = entropy(weights)[0]
