"""One head of a file, of which some rows are read at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .disk import told
from .elements import Floats
from .masking import MaskRows

if TYPE_CHECKING:
    from .sets import CaptureSet, Layer

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class HeadRows:
    """One head of a layer, to be read some rows at a time. Reading raises CaptureError."""

    of: CaptureSet
    layer: Layer
    head: int
    batch: int
    causal: bool

    @cached_property
    def _mask(self) -> MaskRows | None:
        array = self.of.masks.of(self.layer.number)
        of = self.of
        return None if array is None else MaskRows(of.store, array, of.lengths, self.layer.place, self.batch)

    @property
    def sees_all(self) -> bool:
        """Whether the file hides no key from any query."""
        return not self.causal and self.of.masks.of(self.layer.number) is None and self.of.key_counts is None

    def weights(self, rows: range) -> Floats:
        """The weights of some queries, float32 (rows, keys)."""
        assert self.layer.weights is not None
        store, head = self.of.store, range(self.head, self.head + 1)
        with told(store.disk.path):
            return self.layer.weights.read(store, self.batch, head, rows)[0]

    def seen(self, rows: range) -> Bools:
        """Where some queries may look, as far as the file says, bool (rows, keys)."""
        keys, queries, counts = np.arange(self.of.key_length), np.array(rows)[:, None], self.of.key_counts
        seen = keys <= queries if self.causal else np.ones((len(rows), keys.size), dtype=np.bool_)
        if counts is not None:
            seen = seen & (keys < counts[rows.start : rows.stop, None])
        if self._mask is None:
            return seen
        with told(self.of.store.disk.path):
            return seen & self._mask.read(self.head, rows)
