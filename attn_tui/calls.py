"""A call of scaled_dot_product_attention as arrays that stay: query, key, mask and scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arrays import Array, as_numpy

MASKING = -100.0
"""What an additive mask adds to a masked score at most; anything between it and 0 is a bias."""

SIZES = {"float64": 8, "float16": 2}
"""Bytes of an element as it is kept; bfloat16 and float8 are kept as float32."""


@dataclass(frozen=True, eq=False)
class Call:
    """One call: query (…, queries, d) and key (…, keys, d) as they were handed over, or, where a bias was added to the
    scores, the weights (…, queries, keys); the mask, True where a query may look; whether query i saw no key beyond i
    besides; the scale.
    """

    scale: float
    query: Array | None = None
    key: Array | None = None
    value: Array | None = None
    mask: Array | None = None
    is_causal: bool = False
    weights: Array | None = None


def bytes_of(query: Any, key: Any, value: Any, attn_mask: Any) -> int:
    """How many bytes a call takes at most, before anything is copied."""
    there = [tensor for tensor in (query, key, value) if tensor is not None]
    inputs = sum(math.prod(each.shape) * SIZES.get(str(each.dtype).rpartition(".")[2], 4) for each in there)
    return inputs + (0 if attn_mask is None else query.shape[-2] * key.shape[-2])


def call_of(
    query: Any,
    key: Any,
    value: Any = None,
    *,
    attn_mask: Any = None,
    is_causal: bool = False,
    scale: float | None = None,
    before: Array | None = None,
) -> Call:
    """The call with these arguments of torch's function, copied; `before` is the mask of another, shared if equal.

    Axes before the last three become one. Raises ValueError where a tensor hands out no numbers.
    """
    q, k = _kept(query, "query"), _kept(key, "key")
    factor = 1 / math.sqrt(q.shape[-1]) if scale is None else float(scale)
    mask, bias = (None, None) if attn_mask is None else _mask_and_bias(attn_mask, query.shape, k.shape[-2])
    if mask is not None and bias is not None:
        allowed = mask & np.tri(q.shape[-2], k.shape[-2], dtype=bool) if is_causal else mask  # aligned left, as torch's
        return Call(factor, weights=_weights(q, k, factor, bias, allowed))
    if mask is not None and before is not None and np.array_equal(mask, before):
        mask = before
    return Call(factor, q, k, None if value is None else _kept(value, "value"), mask, is_causal)


def _kept(tensor: Any, name: str) -> Array:
    return _four(np.array(as_numpy(tensor, name), order="C", copy=True))


def _four(array: Array) -> Array:
    """(batch, heads, rows, columns), or fewer axes as they are."""
    return array.reshape(-1, *array.shape[-3:]) if array.ndim > 4 else array


def _mask_and_bias(given: Any, shape: tuple[int, ...], keys: int) -> tuple[Array, Array | None]:
    """The mask, bool, with a length of 1 where it is the same for all; what is added to the scores, if anything is."""
    array = as_numpy(given, "attn_mask")
    array = array[tuple(slice(0, 1) if step == 0 else slice(None) for step in array.strides)]  # expanded views
    if len(shape) > 4:
        array = _four(np.broadcast_to(array, (*shape[:-1], keys)))
    allowed = array if array.dtype == bool else array > MASKING
    bias = None if array.dtype == bool or not (allowed & (array != 0)).any() else np.array(array, np.float32)
    return np.array(allowed), bias


def _weights(query: Array, key: Array, scale: float, bias: Array, mask: Array) -> Array:
    """softmax(query·key·scale + bias), float32; 0 where the mask is False, also where that is a whole row."""
    if query.ndim > 2 and key.shape[-3] != query.shape[-3]:
        key = np.repeat(key, query.shape[-3] // key.shape[-3], axis=-3)
    scores = np.float32(scale) * (query.astype(np.float32) @ key.astype(np.float32).swapaxes(-1, -2)) + bias
    scores = np.where(mask, scores, -np.inf)
    tops = scores.max(axis=-1, keepdims=True)
    powers = np.exp(scores - np.where(np.isfinite(tops), tops, 0))
    sums = powers.sum(axis=-1, keepdims=True)
    return np.divide(powers, sums, out=np.zeros_like(powers), where=sums > 0)
