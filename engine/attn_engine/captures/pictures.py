"""The picture of one layer, [batch, heads, rows, columns], as parts of arrays in a file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from ..npyfiles import ArrayFileError
from .elements import Floats
from .stored import Store, StoredArray

Shape = tuple[int, int, int, int]
WHOLE = "[rows, columns], [heads, …], [layers, heads, …] or [layers, batch, heads, …]"
LAYERED = "[rows, columns], [heads, …] or [batch, heads, …]"


@dataclass(frozen=True, eq=False)
class Slab:
    """A picture that lies in one array, from its element `first` on; `shape` is (batch, heads, rows, columns)."""

    array: StoredArray
    first: int
    shape: Shape

    @property
    def prompt_length(self) -> int | None:
        """Rows of a prompt: there is none."""
        return None

    @property
    def key_counts(self) -> None:
        """Columns that a row could see: all of them."""
        return

    def read(self, store: Store, batch: int, heads: range, rows: range) -> Floats:
        """Some rows of some heads of a batch item, float32 (heads, rows, columns)."""
        _, all_heads, all_rows, columns = self.shape
        start = self.first + (batch * all_heads + heads.start) * all_rows * columns
        if len(rows) == all_rows:
            return store.cells(self.array, start, len(heads) * all_rows * columns).reshape(-1, all_rows, columns)
        made = np.empty((len(heads), len(rows), columns), dtype=np.float32)
        for at in range(len(heads)):
            first = start + (at * all_rows + rows.start) * columns
            made[at] = store.cells(self.array, first, len(rows) * columns).reshape(-1, columns)
        return made


@dataclass(frozen=True, eq=False)
class Steps:
    """The steps of generate(), one below the other: the first is the prompt's, later ones see more columns."""

    slabs: tuple[Slab, ...]

    @property
    def array(self) -> StoredArray:
        """The array of the first step."""
        return self.slabs[0].array

    @property
    def shape(self) -> Shape:
        """(batch, heads, rows of all steps, columns of the last)."""
        batch, heads, *_ = self.slabs[0].shape
        return batch, heads, sum(slab.shape[2] for slab in self.slabs), self.slabs[-1].shape[3]

    @property
    def prompt_length(self) -> int:
        """Rows of the first step."""
        return self.slabs[0].shape[2]

    @property
    def key_counts(self) -> NDArray[np.int64]:
        """How many columns there were at each row's step, (rows,)."""
        return np.repeat([slab.shape[3] for slab in self.slabs], [slab.shape[2] for slab in self.slabs])

    def read(self, store: Store, batch: int, heads: range, rows: range) -> Floats:
        """Some rows of some heads of a batch item, float32 (heads, rows, columns); 0 where a step had no column."""
        columns = self.shape[3]
        store.afford(len(heads) * len(rows) * columns * 4)
        made = np.zeros((len(heads), len(rows), columns), dtype=np.float32)
        ends = list(accumulate(slab.shape[2] for slab in self.slabs))
        for slab, end in zip(self.slabs, ends, strict=True):
            begin = end - slab.shape[2]
            first, last = max(rows.start, begin), min(rows.stop, end)
            if first < last:
                part = slab.read(store, batch, heads, range(first - begin, last - begin))
                made[:, first - rows.start : last - rows.start, : slab.shape[3]] = part
        return made


Picture = Slab | Steps


def split(array: StoredArray) -> list[Slab]:
    """The layers of an array that holds them all. Raises ArrayFileError."""
    if not 2 <= len(array.shape) <= 5:
        raise ArrayFileError(f"{array.told}: possible are {WHOLE}")
    layers = array.shape[0] if len(array.shape) > 3 else 1
    shape = _filled(array.shape[1:] if len(array.shape) > 3 else array.shape)
    _check(array, (layers, *shape))
    return [Slab(array, layer * math.prod(shape), shape) for layer in range(layers)]


def one(array: StoredArray) -> Slab:
    """The one layer that an array holds. Raises ArrayFileError."""
    if not 2 <= len(array.shape) <= 4:
        raise ArrayFileError(f"{array.told} is one layer: possible are {LAYERED}")
    shape = _filled(array.shape)
    _check(array, shape)
    return Slab(array, 0, shape)


def stitched(slabs: Sequence[Slab]) -> Steps:
    """The steps of one layer, in their order. Raises ArrayFileError."""
    for before, slab in pairwise(slabs):
        if slab.shape[:2] != before.shape[:2] or slab.shape[3] < before.shape[3]:
            raise ArrayFileError(f"{slab.array.told} does not follow {before.array.told} as a step of generate()")
    return Steps(tuple(slabs))


def _filled(shape: tuple[int, ...]) -> Shape:
    batch, heads, rows, columns = (1,) * (4 - len(shape)) + shape
    return batch, heads, rows, columns


def _check(array: StoredArray, shape: tuple[int, ...]) -> None:
    if array.element.refusal:
        raise ArrayFileError(f"{array.told} holds {array.element.refusal}")
    if not all(shape):
        raise ArrayFileError(f"{array.told} has nothing in it")
