"""What a file holds of one layer: weights, or query and key, with what is to be known of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .attention import unrepeated
from .captures.bands import EVERYTHING, Band

if TYPE_CHECKING:
    from .captures.heads import HeadRows

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

ROUNDING = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float8_e4m3fn": 2.0**-4, "float8_e5m2": 2.0**-3}
"""How far, relatively, a number may lie from what it was before it was kept in a type; others: 6e-8."""


NORMAL = {"float16": 2.0**-14, "float8_e4m3fn": 2.0**-6, "float8_e5m2": 2.0**-14}
"""The smallest numbers that a type rounds so little; those below lose digits, and at last all; others: 2⁻¹²⁶."""


NEEDS_INPUTS = frozenset({"scale", "normaliser", "rope"})
"""Fields that only act on queries and keys."""


TOLERANCE = 1e-4
"""How far from 1 a row's sum may be and still count as 1, where nothing was rounded."""


def row_tolerance(precision: float) -> float:
    """How far from 1 the sum of a row may be whose weights were rounded so much, relatively."""
    return TOLERANCE + 4 * precision


@dataclass(frozen=True, eq=False)
class Captured:
    """What a file holds of one layer: `weights` (heads, queries, keys) where query and key do not stand for them.

    `own` are the file's weights where query and key do stand for them: shown as they are while no knob asks otherwise.
    `mask` is the file's own, True where a query may look; `scale` what its scores were multiplied by. Of a layer too
    large for all its heads there is one: number `first_head` of `total_heads`. `layer` is the number that the file
    gives the layer. `precision` is the relative rounding error of the weights from `least_normal` on, `notes` are for
    people. Of a head with more scores than are made, `rows` reads the weights, and a mask may be a `band`.
    """

    path: str
    set_name: str
    sets: tuple[str, ...]
    batch_size: int
    total_heads: int
    first_head: int = 0
    weights: Floats | None = None
    own: Floats | None = None
    mask: Mask | None = None
    band: Band = EVERYTHING
    rows: HeadRows | None = None
    scale: float | None = None
    prompt_length: int | None = None
    layer: int = 0
    precision: float = 0.0
    least_normal: float = 0.0
    notes: tuple[str, ...] = ()

    @cached_property
    def masks(self) -> bool:
        """Whether the file itself hides keys."""
        hidden = self.rows is not None and not self.rows.sees_all
        return hidden or self.band != EVERYTHING or (self.mask is not None and not bool(unrepeated(self.mask).all()))


@dataclass(frozen=True, eq=False)
class Layer:
    """Query (heads, queries, d), key and value (key heads, keys, d), of no width where the file has none; labels."""

    query: Floats
    key: Floats
    value: Floats
    query_tokens: tuple[str, ...]
    key_tokens: tuple[str, ...]
    layers: tuple[int, ...]
    fixed: frozenset[str]
    captured: Captured
