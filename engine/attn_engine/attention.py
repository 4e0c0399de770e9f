"""Attention, one named stage after the other.

    scores = Q·Kᵀ → scaled → modified (score mod) → weights (temperature, mask, normaliser) → output = weights·V

Scaled dot-product attention is Vaswani et al. 2017, arXiv 1706.03762; grouped heads are Ainslie et al. 2023,
arXiv 2305.13245. Shapes are written (…, heads, queries, keys).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import normalisers
from .experiment import ALIGNMENTS, SCALED, UNSCALED, Align, Scale, parse_normaliser
from .fast.pool import shared
from .notation import Grid, Kind, Rule, evaluate, parse

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

BY_MATRIX = 2**14
"""Scores of one head from which heads are normalised one by one, not all in one pass."""

CELLS = 2**16
"""Scores that are normalised together, some hundred kilobytes."""

WORTH = 2**22
"""Products of numbers from which heads are multiplied on all cores."""


@dataclass(frozen=True, eq=False)
class Attention:
    """Every stage of one computation, each under its own name.

    `query` (…, heads, queries, d), `key` (…, key heads, keys, d) and `value` (…, key heads, keys, value width)
    are the inputs; `scores`, `scaled`, `modified` and `weights` have shape (…, heads, queries, keys); `mask` is
    True where a query may look, (queries, keys) or (heads, queries, keys); `output` is (…, heads, queries,
    value width) and `projected`, where there is an output projection, (…, queries, model width).
    """

    query: Floats
    key: Floats
    value: Floats
    scores: Floats
    scaled: Floats
    modified: Floats
    mask: Mask
    weights: Floats
    output: Floats
    projected: Floats | None = None
    scale: float = 1.0
    temperature: float = 1.0
    align: Align = "left"

    @property
    def num_heads(self) -> int:
        """How many query heads there are."""
        return self.weights.shape[-3]

    @property
    def query_length(self) -> int:
        """How many queries there are: the rows of each picture."""
        return self.weights.shape[-2]

    @property
    def key_length(self) -> int:
        """How many keys there are: the columns of each picture."""
        return self.weights.shape[-1]

    @property
    def num_key_heads(self) -> int:
        """How many heads the keys and values have."""
        return self.key.shape[-3]

    @property
    def head_dim(self) -> int:
        """How wide queries and keys are; 0 where there are weights alone."""
        return self.query.shape[-1]

    @property
    def positions(self) -> NDArray[np.int64]:
        """Where each query stands among the keys, (queries,): i, or i + keys − queries when aligned right."""
        shift = self.key_length - self.query_length if self.align == "right" else 0
        return np.arange(self.query_length, dtype=np.int64) + shift

    def scores_at(self, head: int, query: int, key: int) -> dict[str, float]:
        """The score of one pair, and what it was `scaled` and `modified` to where that was done."""
        stages = {"scores": self.scores}
        if self.scaled is not self.scores:
            stages["scaled"] = self.scaled
        if self.modified is not self.scaled:
            stages["modified"] = self.modified
        return {name: float(stage[head, query, key]) for name, stage in stages.items()}

    def mask_of(self, head: int) -> Mask:
        """The mask of one head, (queries, keys)."""
        return self.mask if self.mask.ndim == 2 else self.mask[head]


def unrepeated(array: NDArray[Any]) -> NDArray[Any]:
    """The array with axes along which it only repeats itself, as `np.broadcast_to` makes them, of length 1."""
    return array[tuple(slice(1) if stride == 0 else slice(None) for stride in array.strides)]


def attend(
    query: ArrayLike,
    key: ArrayLike,
    value: ArrayLike,
    *,
    mask: Rule | str | Mask | None = None,
    score_mod: Rule | str | None = None,
    scale: Scale = SCALED,
    temperature: float = 1.0,
    normaliser: str = "softmax",
    align: Align = "left",
    output_projection: ArrayLike | None = None,
) -> Attention:
    """Attention of `query` (…, heads, queries, d) on `key` (…, key heads, keys, d), every stage kept.

    `value` is (…, key heads, keys, value width). There may be fewer key heads than query heads: query head h
    uses key head ⌊h·key heads/heads⌋. `mask` is a rule of the notation, its text, or a boolean array that
    broadcasts to (heads, queries, keys), True where a query may look; `score_mod` a rule or its text. `scale` is
    "1/√d_k", "none" or a number. float32 and float64 are computed as they come, other types as float32 (float16)
    or float64. A query that may see nothing gets zeros.

    Raises ValueError, quoting the shapes or the value, for inputs that do not fit together; RuleError for a
    mistake in a rule; TypeError for a mask that is not boolean.
    """
    q, k, v = _floats(query), _floats(key), _floats(value)
    check_shapes(q, k, v)
    check_temperature(temperature)
    check_align(align)
    factor = scale_factor(scale, q.shape[-1])
    scores = raw_scores(q, k)
    scaled = scale_scores(scores, factor)
    modified = modify_scores(scaled, score_mod if score_mod is None else _rule(score_mod, Kind.SCORE_MOD), align)
    allowed = mask_array(mask, scores.shape[-3:], align)
    weights = weigh(modified, allowed, temperature, normaliser)
    output = mix(weights, v)
    projected = None if output_projection is None else project(output, _floats(output_projection))
    return Attention(q, k, v, scores, scaled, modified, allowed, weights, output, projected, factor, temperature, align)


# The stages, in order: each is one function of the one before it.


def raw_scores(query: Floats, key: Floats) -> Floats:
    """q·k of every query and key, (…, heads, queries, keys); sums too large for the type end at its limits."""
    return _product(query, np.swapaxes(key, -1, -2))


def scale_scores(scores: Floats, factor: float) -> Floats:
    """The scores times the scale's factor; the same array where the factor is 1."""
    if factor == 1:
        return scores
    limit = float(np.finfo(scores.dtype).max)
    fitting = scores.dtype.type(factor) if abs(factor) <= limit else np.float64(factor)
    with np.errstate(over="ignore"):
        scaled = scores * fitting
    if abs(factor) > 1:
        np.clip(scaled, -limit, limit, out=scaled)
    return scaled.astype(scores.dtype, copy=False)


def modify_scores(
    scaled: Floats, score_mod: Rule | None, align: Align = "left", head: tuple[int, int] | None = None
) -> Floats:
    """The scaled scores after the score mod; the same array where there is none.

    `head` says which of how many the one head is, where there is one for many.
    """
    if score_mod is None or str(score_mod) in ("s", "none"):
        return scaled
    heads, queries, keys = scaled.shape[-3:]
    number, total = head or (None, heads)
    modified = evaluate(score_mod, Grid.of(queries, keys, total, align=align, head=number, scores=scaled))
    return np.broadcast_to(modified, scaled.shape).astype(scaled.dtype, copy=False)


def mask_array(
    mask: Rule | str | Mask | None,
    shape: tuple[int, ...],
    align: Align = "left",
    head: tuple[int, int] | None = None,
) -> Mask:
    """The mask as booleans, (queries, keys), or (heads, queries, keys) where heads differ.

    `head` says which of how many the one head is, where there is one for many.
    """
    heads, queries, keys = shape
    if mask is None:
        return np.ones((queries, keys), dtype=np.bool_)
    if not isinstance(mask, str | Rule):
        return _checked_mask(np.asarray(mask), (heads, queries, keys))
    number, total = head or (None, heads)
    allowed = evaluate(_rule(mask, Kind.MASK), Grid.of(queries, keys, total, align=align, head=number))
    return np.broadcast_to(allowed, np.broadcast_shapes(allowed.shape, (queries, keys)))


def weigh(modified: Floats, mask: Mask, temperature: float, normaliser: str) -> Floats:
    """The weights, (…, heads, queries, keys): the scores over the temperature, masked, normalised."""
    name, numbers = parse_normaliser(normaliser)
    function = getattr(normalisers, name)
    if modified.shape[-2] * modified.shape[-1] < BY_MATRIX:
        return np.asarray(function(modified, mask, temperature, *numbers))
    weights, masks = np.empty_like(modified), np.broadcast_to(mask, modified.shape)

    def fill(part: tuple[int | slice, ...]) -> None:
        weights[part] = function(modified[part], masks[part], temperature, *numbers)

    shared(fill, _parts(modified.shape))  # rows do not know of each other
    return weights


def mix(weights: Floats, value: Floats) -> Floats:
    """Each head's output, (…, heads, queries, value width): the values summed by weight, within the type's limits."""
    return _product(weights, value)


def project(output: Floats, output_projection: Floats) -> Floats:
    """Concat(head_1 … head_h)·W_O, (…, queries, model width); W_O is (heads · value width, model width)."""
    heads, queries, width = output.shape[-3:]
    if output_projection.ndim != 2 or output_projection.shape[0] != heads * width:
        raise ValueError(
            f"output projection of shape {output_projection.shape} for {heads} heads of width {width}; "
            f"expected ({heads * width}, model width)"
        )
    joined = np.swapaxes(output, -3, -2).reshape(*output.shape[:-3], queries, heads * width)
    return _product(joined[..., None, :, :], output_projection[None])[..., 0, :, :]


def scale_factor(scale: Scale, head_dim: int) -> float:
    """The number that the raw scores are multiplied with."""
    if scale == SCALED:
        return 1 / math.sqrt(head_dim)
    if scale == UNSCALED:
        return 1.0
    if isinstance(scale, str) or not math.isfinite(scale):
        raise ValueError(f"scale {scale!r}; possible are {SCALED!r}, {UNSCALED!r} and any finite number")
    return float(scale)


def check_shapes(query: Floats, key: Floats, value: Floats) -> None:
    """Raise ValueError, quoting the shapes, where the three inputs do not fit together."""
    for name, array in (("query", query), ("key", key), ("value", value)):
        if array.ndim < 3 or 0 in array.shape:
            raise ValueError(f"{name} has shape {array.shape}; expected (…, heads, positions, width), none empty")
    shapes = f"query {query.shape}, key {key.shape}, value {value.shape}"
    if query.shape[-1] != key.shape[-1]:
        raise ValueError(f"query and key differ in width: {shapes}")
    if key.shape[:-1] != value.shape[:-1]:
        raise ValueError(f"key and value differ in heads or positions: {shapes}")
    if query.shape[:-3] != key.shape[:-3]:
        raise ValueError(f"query and key differ in their leading axes: {shapes}")
    if query.shape[-3] % key.shape[-3]:
        raise ValueError(f"{query.shape[-3]} query heads cannot share {key.shape[-3]} key heads evenly: {shapes}")


def check_temperature(temperature: float) -> None:
    """Raise ValueError unless the temperature is a positive finite number."""
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature {temperature!r}; it must be a finite number above 0")


def check_align(align: str) -> None:
    """Raise ValueError, naming what is possible, for an alignment that is none."""
    if align not in ALIGNMENTS:
        raise ValueError(f"align is {align!r}; possible are {', '.join(ALIGNMENTS)}")


def _product(left: Floats, right: Floats) -> Floats:
    """left @ right for each head; sums of finite numbers too large for the type end at its limits."""
    with np.errstate(over="ignore", invalid="ignore"):
        product = _by_head(left, right)
        return product if np.isfinite(product).all() else _saturated(left, right, product)


def _by_head(left: Floats, right: Floats) -> Floats:
    """left @ right for each head, where groups of left's heads share one of right's."""
    heads, key_heads = left.shape[-3], right.shape[-3]
    if heads == key_heads:
        return _apart(left, right)
    grouped = left.reshape(*left.shape[:-3], key_heads, heads // key_heads, *left.shape[-2:])
    product = grouped @ right[..., :, None, :, :]
    return product.reshape(*left.shape[:-1], right.shape[-1])


def _apart(left: Floats, right: Floats) -> Floats:
    """left @ right, large ones head by head on all cores."""
    lead, shape = left.shape[:-2], (*left.shape[:-1], right.shape[-1])
    if left.dtype != right.dtype or math.prod(shape) * left.shape[-1] < WORTH:
        return np.asarray(left @ right)
    product = np.empty(shape, dtype=left.dtype)
    shared(lambda head: np.matmul(left[head], right[head], out=product[head]), list(np.ndindex(lead)))
    return product


def _parts(shape: tuple[int, ...]) -> list[tuple[int | slice, ...]]:
    """The heads of (…, queries, keys), in parts of rows that stay in the processor's cache."""
    rows = max(CELLS // shape[-1], 1)
    parts = [slice(first, first + rows) for first in range(0, shape[-2], rows)]
    return [(*head, part) for head in np.ndindex(shape[:-2]) for part in parts]


def _saturated(left: Floats, right: Floats, product: Floats) -> Floats:
    """The product where finite factors overflowed: taken small, then brought to size within the limits."""
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        return product
    limit = np.finfo(product.dtype).max
    left_size, right_size = np.abs(left).max(), np.abs(right).max()
    small = _by_head(left / left_size, right / right_size)
    lesser, greater = sorted((left_size, right_size))  # the lesser first: only what is too large ends at the limits
    return np.where(np.isfinite(product), product, np.clip(small * lesser * greater, -limit, limit))


def _checked_mask(mask: Mask, shape: tuple[int, int, int]) -> Mask:
    if mask.dtype != np.bool_:
        raise TypeError(f"mask has type {mask.dtype}; expected booleans, True where a query may look")
    try:
        return np.broadcast_to(mask, shape[1:] if mask.ndim <= 2 else shape)
    except ValueError:
        raise ValueError(f"mask of shape {mask.shape} does not broadcast to (heads, queries, keys) {shape}") from None


def _floats(array: ArrayLike) -> Floats:
    given = np.asarray(array)
    if given.dtype in (np.float32, np.float64):
        return given
    return given.astype(np.float32 if given.dtype == np.float16 else np.float64)


def _rule(rule: Rule | str, kind: Kind) -> Rule:
    return rule if isinstance(rule, Rule) and rule.kind == kind else parse(str(rule), kind)


__all__ = ["Attention", "attend"]
