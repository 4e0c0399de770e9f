"""Queries and keys made ready: what the queries are scaled by, the keys in blocks, and a bound of their scores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..attention import check_shapes, check_temperature, scale_factor
from ..experiment import SCALED, Scale
from .machine import machine
from .pool import WORTH, empty, shared

Singles = NDArray[np.float32]

CALM = 50.0
"""Scores of this size, in powers of two, are exponentiated as they are: their greatest need not be found first."""

LARGE = 2.0**16
"""Scores beyond this, or not finite, are left to the plain way."""


@dataclass(frozen=True, eq=False)
class PackedKeys:
    """Keys in blocks: `blocks` (key heads, blocks, d, width), zeros after the last key; `norms` (key heads,).

    The blocks take as much memory as the keys; `value` and `plain` are the arrays that came, if float32. Where `plain`
    is None the blocks are all there is.
    """

    blocks: Singles
    norms: NDArray[np.float64]
    length: int
    value: Singles
    plain: Singles | None = None

    @property
    def width(self) -> int:
        """Keys of a block."""
        return self.blocks.shape[-1]

    def of(self, head: int) -> Singles:
        """The keys of a key head as they came, (keys, d)."""
        if self.plain is not None:
            return self.plain[head]
        blocks = self.blocks[head]
        return np.swapaxes(blocks, -1, -2).reshape(-1, blocks.shape[-2])[: self.length]


@dataclass(frozen=True, eq=False)
class Packed:
    """`plain` (heads, queries, d) are the queries as they came, `factor` and `temperature` what they are scaled by.

    Times `whole` their products with the keys are exponents of the machine's power; `bounds` (heads,) is the most
    that the size of an exponent can be, by Cauchy and Schwarz.
    """

    plain: Singles
    keys: PackedKeys
    bounds: NDArray[np.float64]
    factor: float
    temperature: float
    whole: float

    @cached_property
    def query(self) -> Singles:
        """All queries with the scale in them, (heads, queries, d)."""
        with np.errstate(all="ignore"):
            return np.multiply(self.plain, np.float32(self.whole), out=empty(self.plain.shape))

    def scaled(self, head: int, rows: slice | NDArray[np.int64]) -> Singles:
        """Some queries of a head with the scale in them, (rows, d), where not all are to be kept."""
        with np.errstate(all="ignore"):
            return self.plain[head, rows] * np.float32(self.whole)

    @property
    def num_heads(self) -> int:
        """How many query heads."""
        return self.plain.shape[0]

    @property
    def query_length(self) -> int:
        """How many queries."""
        return self.plain.shape[1]

    def key_head(self, head: int) -> int:
        """The key head that a query head uses."""
        return head * self.keys.blocks.shape[0] // self.num_heads

    @cached_property
    def calm(self) -> tuple[bool, ...]:
        """Of each head, whether its scores can be exponentiated as they are."""
        return tuple((self.bounds <= CALM).tolist())

    @cached_property
    def large(self) -> tuple[bool, ...]:
        """Of each head, whether some of its scores may be too large for this room, or no numbers."""
        return tuple((~(self.bounds <= LARGE)).tolist())


def pack_keys(key: ArrayLike, value: ArrayLike) -> PackedKeys:
    """Keys (key heads, keys, d) and their values (key heads, keys, value width), for any number of calls."""
    plain, values = _singles("key", key), _singles("value", value)
    blocks = empty_blocks(*plain.shape)
    if plain.size < WORTH:
        fill(blocks, plain)
    else:
        shared(lambda head: fill(blocks[head], plain[head]), range(len(plain)))
    with np.errstate(all="ignore"):
        return PackedKeys(blocks, norms_of(plain), plain.shape[1], values, plain)


def pack(
    query: ArrayLike,
    keys: PackedKeys,
    *,
    scale: Scale = SCALED,
    temperature: float = 1.0,
) -> Packed:
    """Queries (heads, queries, d) for these keys. Raises ValueError, quoting what does not fit."""
    plain = _singles("query", query)
    assert keys.plain is not None
    check_shapes(plain, keys.plain, keys.value)
    with np.errstate(all="ignore"):
        norms = norms_of(plain)
    return packed_with(plain, norms, keys, scale=scale, temperature=temperature)


def packed_with(
    query: Singles, norms: NDArray[np.float64], keys: PackedKeys, *, scale: Scale, temperature: float
) -> Packed:
    """Queries that fit these keys, the longest of each head as long as `norms` (heads,): nothing is computed anew.

    Raises ValueError for a scale or a temperature that is none.
    """
    check_temperature(temperature)
    factor = scale_factor(scale, query.shape[-1])
    with np.errstate(all="ignore"):
        whole = factor / temperature * machine().per_nat
        bounds = norms * np.repeat(keys.norms, len(query) // keys.norms.size) * abs(whole)
    return Packed(query, keys, bounds, factor, temperature, whole)


def cooled(packed: Packed, temperature: float) -> Packed:
    """The same queries and keys at another temperature."""
    check_temperature(temperature)
    ratio = packed.temperature / temperature
    with np.errstate(all="ignore"):
        return replace(packed, bounds=packed.bounds * ratio, whole=packed.whole * ratio, temperature=temperature)


def empty_blocks(heads: int, length: int, depth: int) -> Singles:
    """Room for so many keys in blocks, (heads, blocks, d, width)."""
    width = machine().key_block
    return empty((heads, -(-length // width), depth, width))


def fill(blocks: Singles, key: Singles) -> None:
    """The keys of heads, (…, keys, d), in blocks (…, blocks, d, width)."""
    depth, width = blocks.shape[-2:]
    whole, lead = key.shape[-2] // width, key.shape[:-2]
    apart = key[..., : whole * width, :].reshape(*lead, whole, width, depth)
    blocks[..., :whole, :, :] = np.swapaxes(apart, -1, -2)
    if whole < blocks.shape[-3]:
        blocks[..., whole, :, :] = 0
        blocks[..., whole, :, : key.shape[-2] - whole * width] = np.swapaxes(key[..., whole * width :, :], -1, -2)


def norms_of(vectors: Singles) -> NDArray[np.float64]:
    """The length of each head's longest vector."""
    return np.sqrt(np.vecdot(vectors, vectors).max(axis=-1), dtype=np.float64)


def _singles(name: str, array: ArrayLike) -> Singles:
    given: NDArray[Any] = np.asarray(array)
    if given.ndim != 3:
        raise ValueError(f"{name} has shape {given.shape}; expected (heads, positions, width)")
    if given.dtype == np.float32:
        return np.ascontiguousarray(given)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(given, dtype=np.float32)
