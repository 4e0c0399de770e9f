"""The mask and single numbers beside a capture's queries and keys, in whichever shape they were saved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..masks.files import mask_of
from ..npyfiles import ArrayFileError
from .stored import Store, StoredArray

AXES: tuple[str, ...] = ("k", "qk", "bk", "hqk", "bqk", "bhqk", "lhqk", "lbhqk")
"""Shapes of a mask: of layers, batch items, heads, queries and keys. A length of 1 stands for all."""


AT_ONCE = 2**22
"""Cells that are looked at at once."""


@dataclass(frozen=True, eq=False)
class Around:
    """What surrounds one layer: one array for all layers, or one for each layer's number."""

    arrays: Mapping[int | None, StoredArray]

    def of(self, number: int) -> StoredArray | None:
        """The array of a layer."""
        return self.arrays.get(number, self.arrays.get(None))


def read_mask(
    store: Store, array: StoredArray, lengths: Mapping[str, int], layer: int, batch: int
) -> NDArray[np.bool_]:
    """One layer's mask, True where a query may look, bool (heads or 1, queries, keys). Raises ArrayFileError."""
    first, inner = _place(array, lengths, layer, batch)
    mask = mask_of(_read(store, array, first, inner), max_cells=math.prod(inner)).array
    return np.broadcast_to(mask, (mask.shape[0], lengths["q"], lengths["k"]))


@dataclass(frozen=True, eq=False)
class MaskRows:
    """One layer's mask, of which some rows are read at a time. Reading raises ArrayFileError."""

    store: Store
    array: StoredArray
    lengths: Mapping[str, int]
    layer: int
    batch: int

    def read(self, head: int, rows: range) -> NDArray[np.bool_]:
        """Where some queries of a head may look, bool (rows, keys)."""
        first, (heads, queries, keys) = self._place
        first += min(head, heads - 1) * queries * keys
        if queries > 1:
            first, queries = first + rows.start * keys, len(rows)
        part = _read(self.store, self.array, first, (queries, keys))
        return np.broadcast_to(self._meant(part), (len(rows), self.lengths["k"]))

    @property
    def _place(self) -> tuple[int, tuple[int, int, int]]:
        return _place(self.array, self.lengths, self.layer, self.batch)

    def _meant(self, part: NDArray[Any]) -> NDArray[np.bool_]:
        """What numbers mean; zeros alone say nothing of themselves, and are what they are in all of the mask."""
        if part.dtype.kind != "b" and not part.any():
            return np.full(part.shape, self._is_additive)
        return mask_of(part, max_cells=part.size).array[0]

    @cached_property
    def _is_additive(self) -> bool:
        """Whether numbers are added to the scores; the first that is not 0 tells."""
        first, inner = self._place
        cells = math.prod(inner)
        for start in range(0, cells, AT_ONCE):
            part = self.store.cells(self.array, first + start, min(AT_ONCE, cells - start))
            if (there := part[part != 0]).size:
                return bool(there[0] != 1)
        return self.array.element.dtype.kind not in "biu"


def _place(array: StoredArray, lengths: Mapping[str, int], layer: int, batch: int) -> tuple[int, tuple[int, int, int]]:
    """Where one layer's mask begins in its array, and its heads, queries and keys."""
    leading = [axis for axis in mask_axes(array, lengths) if axis in "lb"]
    inner = array.shape[len(leading) :]
    place = 0
    for axis, length in zip(leading, array.shape, strict=False):
        place = place * length + min({"l": layer, "b": batch}[axis], length - 1)
    heads, queries, keys = (1,) * (3 - len(inner)) + inner
    return place * math.prod(inner), (heads, queries, keys)


def _read(store: Store, array: StoredArray, first: int, shape: tuple[int, ...]) -> NDArray[Any]:
    """A part of an array, in a shape; booleans as such."""
    part: NDArray[Any] = store.cells(array, first, math.prod(shape)).reshape(shape)
    return part != 0 if array.element.dtype.kind == "b" else part


def mask_axes(array: StoredArray, lengths: Mapping[str, int]) -> str:
    """Which axes a mask has, one of AXES. Raises ArrayFileError."""
    axes = next((axes for axes in AXES if _fits(axes, array.shape, lengths)), None)
    if axes is None or array.element.refusal:
        raise ArrayFileError(f"{array.told} fits no picture as a mask: [queries, keys] or more is due")
    return axes


def _fits(axes: str, shape: tuple[int, ...], lengths: Mapping[str, int]) -> bool:
    one_or_all = all(length in (1, lengths[axis]) for axis, length in zip(axes, shape, strict=False))
    return len(axes) == len(shape) and one_or_all


def read_number(store: Store, array: StoredArray, layer: int, name: str) -> float:
    """One layer's number of a name: the only one of the array, or the one of its place. Raises ArrayFileError."""
    if array.element.refusal or (array.cells != 1 and not (len(array.shape) == 1 and layer < array.cells)):
        raise ArrayFileError(f"{array.told} holds no {name}: one number, or one for each layer, is due")
    number = float(store.cells(array, 0 if array.cells == 1 else layer, 1)[0])
    if not math.isfinite(number):
        raise ArrayFileError(f"{array.told} holds {number:g} as a {name}: a finite number is due")
    return number
