"""One head of a file, of which some rows are read at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .disk import told
from .elements import Floats
from .masking import read_mask_rows

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
        array = self.of.masks.of(self.layer.number)
        if array is None:
            return seen
        at = self.layer.place, self.batch, self.head
        with told(self.of.store.disk.path):
            return seen & read_mask_rows(self.of.store, array, self.of.lengths, at, rows)
