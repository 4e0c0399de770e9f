"""One token after the other, as in generation: only the new query's row is computed, the rows before it stay."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..attention import check_shapes, check_temperature, mix, raw_scores, scale_factor, scale_scores, weigh
from ..experiment import SCALED, Scale
from ..measures import entropy
from .packing import Singles
from .weighing import Weighed


class Growing:
    """Causal attention over tokens that come one by one, in float32; with room for `capacity` of them.

    The weights of all rows are kept, heads × capacity² numbers. Without any tokens to begin with: `Growing(8, 64,
    capacity=1024)`; `key_heads` and `value_width` are as many and as wide as the queries unless they are given.
    """

    def __init__(
        self,
        num_heads: int,
        head_dim: int,
        *,
        capacity: int,
        key_heads: int = 0,
        value_width: int = 0,
        scale: Scale = SCALED,
        temperature: float = 1.0,
    ) -> None:
        check_temperature(temperature)
        shared, wide = key_heads or num_heads, value_width or head_dim
        check_shapes(
            *(
                np.empty(shape, dtype=np.float32)
                for shape in ((num_heads, 1, head_dim), (shared, 1, head_dim), (shared, 1, wide))
            )
        )
        self.length, self.capacity = 0, capacity
        self._factor, self._temperature = scale_factor(scale, head_dim), temperature
        self._key = np.empty((shared, capacity, head_dim), dtype=np.float32)
        self._value = np.empty((shared, capacity, wide), dtype=np.float32)
        self._weights = np.zeros((num_heads, capacity, capacity), dtype=np.float32)  # untouched memory costs nothing
        self._output = np.empty((num_heads, capacity, wide), dtype=np.float32)
        self._entropy = np.empty((num_heads, capacity), dtype=np.float32)

    def append(self, query: ArrayLike, key: ArrayLike, value: ArrayLike) -> Weighed:
        """Take one token: query (heads, d), key (key heads, d) and value (key heads, value width).

        Returns views of all rows so far. Raises ValueError where a shape does not fit, or there is no more room.
        """
        if self.length == self.capacity:
            raise ValueError(f"there is room for {self.capacity:,} tokens, and as many are there")
        at, end = self.length, self.length + 1
        row = _row("query", query, (self._weights.shape[0], self._key.shape[2]))
        self._key[:, at] = _row("key", key, self._key[:, at].shape)
        self._value[:, at] = _row("value", value, self._value[:, at].shape)
        scaled = scale_scores(raw_scores(row[:, None], self._key[:, :end]), self._factor)
        weights = weigh(scaled, np.ones((1, end), dtype=np.bool_), self._temperature, "softmax")
        self._weights[:, at, :end] = weights[:, 0]
        self._output[:, at] = mix(weights, self._value[:, :end])[:, 0]
        self._entropy[:, at] = entropy(weights)[:, 0]
        self.length = end
        return self.rows

    @property
    def rows(self) -> Weighed:
        """Weights, output and entropy of the tokens so far: views, in which later tokens appear beside them."""
        end = self.length
        return Weighed(self._weights[:, :end, :end], self._output[:, :end], self._entropy[:, :end])


def _row(name: str, array: ArrayLike, shape: tuple[int, ...]) -> Singles:
    given: NDArray[np.float32] = np.asarray(array, dtype=np.float32)
    if given.shape != shape:
        raise ValueError(f"{name} has shape {given.shape}; expected {shape}")
    return given
