"""How far information travels: what a position can see after L layers of one mask.

A layer of self-attention has as many queries as keys, and with its residual connection a position keeps what it
has, seen or not. So one layer reaches R = mask | identity, and L layers the boolean power R^L.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..notation.evaluation import evaluate
from ..notation.plane import Plane
from ..notation.tree import Rule
from .following import Steps, by_rectangles, is_diagonal, row_by_row

Booleans = NDArray[np.bool_]
Words = NDArray[np.uint64]

MOST_DENSE = 2048
"""Positions up to which the reach is computed as a whole matrix."""


def reach(allowed: ArrayLike, layers: int) -> Booleans:
    """What each position can see after that many layers of a mask (n, n), True where a query may look: (n, n).

    A position always keeps itself. Raises ValueError where there are not as many queries as keys, for more than
    2048 positions, or less than one layer.
    """
    _check_layers(layers)
    one = _one_layer(allowed)
    power, result = _packed(one), _packed(np.eye(len(one), dtype=np.bool_))
    while True:
        if layers & 1:
            result = _product(result, power)
        layers >>= 1
        if not layers:
            return _unpacked(result, len(one))
        squared = _product(power, power)
        if np.array_equal(squared, power):
            return _unpacked(_product(result, power), len(one))
        power = squared


def settled_after(allowed: ArrayLike) -> int:
    """After how many layers of a mask (n, n) nothing grows any more: 0 where no position sees another.

    Raises ValueError as `reach` does.
    """
    return _settled(_packed(_one_layer(allowed)))


@dataclass(frozen=True)
class Settled:
    """After how many layers nothing grows; None where that is not known, and a sentence that says why or how."""

    layers: int | None
    note: str


def layers_until_settled(rule: Rule, plane: Plane) -> Settled:
    """After how many layers of a rule every position has seen everything that it ever will.

    Up to 2048 positions by boolean products; beyond that for rules of q − k alone. Raises ValueError where there
    are not as many queries as keys, RuleError where the rule has no value.
    """
    check_square(plane.query_length, plane.key_length)
    if plane.query_length <= MOST_DENSE:
        return Settled(settled_after(_dense(rule, plane)), "every position followed")
    if not is_diagonal(rule):
        return Settled(None, f"beyond {MOST_DENSE:,} positions only masks of q - k alone are followed")
    steps = Steps.of(rule, plane)
    layers = steps.settled(plane.query_length)
    return Settled(layers, "along the diagonals" if layers is not None else "too uneven along the diagonals to follow")


@dataclass(frozen=True, eq=False)
class Reached:
    """The keys that one query reaches, (positions,), and of which length: shorter than asked where that is too long."""

    keys: Booleans
    query: int
    exact: bool
    note: str


def reach_of(rule: Rule, plane: Plane, query: int, layers: int) -> Reached:
    """Which keys a query (an index, from 0) reaches after that many layers.

    Exact up to 2048 positions; beyond that by the diagonals of a rule of q − k alone, or by rectangles or from row to
    row while that is little work; else on 2048 positions, and the note says so. Raises ValueError as `reach` does.
    """
    check_square(plane.query_length, plane.key_length)
    _check_layers(layers)
    if not 0 <= query < plane.query_length:
        raise ValueError(f"query {query}; possible are 0 … {plane.query_length - 1:,}")
    if plane.query_length > MOST_DENSE and is_diagonal(rule):
        keys = Steps.of(rule, plane).reached(query, layers, plane.query_length)
        if keys is not None:
            return Reached(keys, query, True, "along the diagonals")
    if plane.query_length > MOST_DENSE:
        keys = by_rectangles(rule, plane, query, layers)
        if keys is not None:
            return Reached(keys, query, True, "by rectangles")
    keys = row_by_row(rule, plane, query, layers)
    if keys is not None:
        return Reached(keys, query, True, "from row to row")
    at = min(query, MOST_DENSE - 1)
    smaller = plane.resized(MOST_DENSE, MOST_DENSE)
    note = f"computed for query {at:,} of {MOST_DENSE:,} positions: too much to follow at {plane.query_length:,}"
    return Reached(_followed(_dense(rule, smaller), at, layers), at, False, note)


def check_square(queries: int, keys: int) -> None:
    """Raise ValueError unless there are as many queries as keys: only then can layers be stacked."""
    if queries != keys:
        raise ValueError(
            f"{queries:,} queries and {keys:,} keys: the next layer's keys are this layer's queries, "
            "so reach needs as many queries as keys"
        )


def _check_layers(layers: int) -> None:
    if layers < 1:
        raise ValueError(f"{layers} layers; there is at least one")


def _one_layer(allowed: ArrayLike) -> Booleans:
    one = np.asarray(allowed)
    if one.ndim != 2 or one.dtype != np.bool_:
        raise ValueError(f"mask of shape {one.shape} and type {one.dtype}; expected booleans (positions, positions)")
    check_square(*one.shape)
    if len(one) > MOST_DENSE:
        raise ValueError(f"{len(one):,} positions; the reach of every position is computed up to {MOST_DENSE:,}")
    one = one.copy()
    np.fill_diagonal(one, True)
    return one


def _dense(rule: Rule, plane: Plane) -> Booleans:
    return np.broadcast_to(evaluate(rule, plane.grid()), (plane.query_length, plane.key_length))


def _followed(allowed: Booleans, query: int, layers: int) -> Booleans:
    seen = np.zeros(len(allowed), dtype=np.bool_)
    seen[query] = True
    frontier = seen
    while layers and frontier.any():
        frontier = allowed[frontier].any(axis=0) & ~seen
        seen, layers = seen | frontier, layers - 1
    return seen


# Boolean matrices with 64 columns to a word.


def _packed(matrix: Booleans) -> Words:
    spare = -matrix.shape[1] % 64
    return np.packbits(np.pad(matrix, ((0, 0), (0, spare))), axis=1).view(np.uint64)


def _unpacked(words: Words, columns: int) -> Booleans:
    return np.unpackbits(words.view(np.uint8), axis=1, count=columns).view(np.bool_)


def _product(left: Words, right: Words) -> Words:
    """The boolean product, by tables of the 256 unions of eight rows (Arlazarov et al. 1970)."""
    octets = left.view(np.uint8)
    result = np.zeros((len(left), right.shape[1]), dtype=np.uint64)
    unions = np.zeros((256, right.shape[1]), dtype=np.uint64)
    for first in range(0, len(right), 8):
        chosen = np.ascontiguousarray(octets[:, first // 8])
        rows = np.flatnonzero(chosen)
        if not rows.size:
            continue
        for place, row in enumerate(reversed(_eight(right, first))):  # packed bits begin with the highest
            np.bitwise_or(unions[: 1 << place], row, out=unions[1 << place : 2 << place])
        if rows.size == len(left):
            result |= unions[chosen]
        else:
            result[rows] |= unions[chosen[rows]]
    return result


def _eight(rows: Words, first: int) -> Words:
    eight = rows[first : first + 8]
    return eight if len(eight) == 8 else np.pad(eight, ((0, 8 - len(eight)), (0, 0)))


def _settled(one: Words) -> int:
    """By squaring until nothing grows, then by the powers downwards; rows that have settled are left out."""
    powers = [one]
    while True:
        squared = _product(powers[-1], powers[-1])
        if np.array_equal(squared, powers[-1]):
            break
        powers.append(squared)
    everything = powers.pop()
    size = len(one)
    rows, layers = _packed(np.eye(size, dtype=np.bool_)), 0
    for doublings in reversed(range(len(powers))):
        further = _product(rows, powers[doublings])
        open_ = (further != everything).any(axis=1)
        if open_.any():
            rows, everything, layers = further[open_], everything[open_], layers + (1 << doublings)
    return layers + 1 if (rows != everything).any() else layers
