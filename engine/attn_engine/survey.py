"""What is unusual about the numbers of a capture, as far as a budget of time goes: a large file answers as soon.

Every layer is looked at before more of any: one head of each, then the next of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .captured import ROUNDING, row_tolerance
from .captures.opening import Capture
from .captures.pictures import Picture
from .captures.sets import CaptureSet, Layer
from .masks.costs import bytes_text
from .notation.errors import quoted
from .npyfiles import ArrayFileError
from .opened import listed

SECONDS = 0.7
PIECE = 2**20
"""Numbers read at once."""

MOST_WHOLE = 2**26
"""Bytes of an array up to which it is unpacked, or put into C order, for a look."""

PARTS = ("weights", "query", "key", "value")


@dataclass(frozen=True)
class Unusual:
    """How many numbers of a part (weights, query, key, value) are NaN, infinite or below 0, or how many of its rows
    are zeros or have another sum than 1; and where the first is.
    """

    part: str
    kind: str
    count: int
    layer: int
    batch_item: int
    head: int
    row: int


@dataclass(frozen=True)
class SetSurvey:
    """What is unusual in a set: of all `rows`, of weights, queries, keys and values, `rows_read` were read.

    `unreadable` says which layers cannot be read, and why; `left_out` which arrays are too large for a look.
    """

    name: str
    rows: int
    rows_read: int
    unusual: tuple[Unusual, ...]
    unreadable: tuple[str, ...]
    left_out: tuple[str, ...]


def look_through(capture: Capture, seconds: float = SECONDS) -> tuple[SetSurvey, ...]:
    """What is unusual in each set of a capture, looked for during so many seconds, and the piece in hand."""
    end = monotonic() + seconds
    looks = [_Look(each) for each in capture.sets]
    turns = [look.pieces() for look in looks]
    while turns and monotonic() < end:
        turns = [turn for turn in turns if next(turn, None) is not None]
    return tuple(look.told() for look in looks)


@dataclass
class _Look:
    """A look through one set, and what was seen so far."""

    of: CaptureSet
    read: int = 0
    found: dict[tuple[str, str], Unusual] = field(default_factory=dict)
    unreadable: dict[int, str] = field(default_factory=dict)
    left_out: dict[str, None] = field(default_factory=dict)

    def told(self) -> SetSurvey:
        """What was seen."""
        rows = sum(np.prod(picture.shape[:3], dtype=int) for layer in self.of.layers for _, picture in _parts(layer))
        reasons = {
            why: [number for number, each in self.unreadable.items() if each == why] for why in self.unreadable.values()
        }
        unreadable = tuple(f"{_layers(numbers)} cannot be read: {why}" for why, numbers in reasons.items())
        unusual = tuple(sorted(self.found.values(), key=_place))
        return SetSurvey(self.of.name, int(rows), self.read, unusual, unreadable, tuple(self.left_out))

    def pieces(self) -> Iterator[int]:
        """Read piece by piece; the rows read so far after each."""
        for place, layer in enumerate(self.of.layers):
            try:
                self.of.check_beside(place)
            except (ArrayFileError, OSError) as error:
                self.unreadable[layer.number] = str(error)
        for head in range(self.of.num_heads):
            for batch in range(self.of.batch_size):
                for layer in self.of.layers:
                    for part, picture in _parts(layer):
                        for heads, rows in self._ranges(picture, head):
                            self._look(layer, part, picture, (batch, heads, rows))
                            yield self.read

    def _ranges(self, picture: Picture, head: int) -> Iterator[tuple[int, range]]:
        """Heads and rows of pieces: of one head, or of all at the first where the array is unpacked as a whole."""
        _, heads, rows, columns = picture.shape
        array = picture.array
        plain = array.layout == "plain"
        if not plain and array.nbytes > MOST_WHOLE:
            size = bytes_text(array.nbytes)
            self.left_out[f"{quoted(array.name, 60)} is {array.layout}, and {size} are too many for a look"] = None
            return
        for each in range(head, min(head + 1, heads)) if plain else range(heads) if not head else ():
            step = max(PIECE // columns, 1)
            yield from ((each, range(first, min(first + step, rows))) for first in range(0, rows, step))

    def _look(self, layer: Layer, part: str, picture: Picture, at: tuple[int, int, range]) -> None:
        batch, head, rows = at
        if layer.number in self.unreadable:
            return
        try:
            numbers = picture.read(self.of.store, batch, range(head, head + 1), rows)[0]
        except (ArrayFileError, OSError, MemoryError) as error:
            self.unreadable[layer.number] = str(error) or "there is no memory for it"
            return
        self.read += len(rows)
        tolerance = row_tolerance(ROUNDING.get(picture.array.element.name, 2.0**-24))
        for kind, counts in (_of_weights(numbers, tolerance) if part == "weights" else _broken(numbers)).items():
            if count := int(counts.sum()):
                first = rows.start + int(np.flatnonzero(counts)[0])
                self._add(Unusual(part, kind, count, layer.number, batch, head, first))

    def _add(self, new: Unusual) -> None:
        """Count it; the first is the one of the lowest layer, batch item, head and row."""
        old = self.found.get((new.part, new.kind), new)
        first = min(old, new, key=_place)
        total = new.count + (old.count if old is not new else 0)
        self.found[new.part, new.kind] = replace(first, count=total)


def _layers(numbers: list[int]) -> str:
    return f"layer {numbers[0]}" if len(numbers) == 1 else f"layers {listed(sorted(numbers))}"


def _place(each: Unusual) -> tuple[int, int, int, int]:
    return each.layer, each.batch_item, each.head, each.row


Counts = dict[str, NDArray[Any]]


def _parts(layer: Layer) -> list[tuple[str, Picture]]:
    pictures = ((part, getattr(layer, part)) for part in PARTS)
    return [(part, picture) for part, picture in pictures if picture is not None]


@np.errstate(invalid="ignore")
def _of_weights(weights: NDArray[np.float32], tolerance: float) -> Counts:
    """How many numbers or rows of each kind there are, by row; nothing where all is as usual."""
    sums = weights.sum(axis=-1, dtype=np.float64)
    usual = (np.abs(sums - 1) <= tolerance) & (weights.min(axis=-1) >= 0)
    if usual.all():
        return {}
    odd = ~usual
    part = weights[odd]
    below = ((part < 0) & np.isfinite(part)).sum(axis=-1)
    counts = _broken(part) | {"below 0": below, "zeros": ~part.any(axis=-1)}
    other = sum((each.astype(bool) for each in counts.values()), start=np.zeros(len(part), dtype=bool))
    counts["sum"] = ~other
    return {kind: _spread(each, odd) for kind, each in counts.items()}


def _broken(numbers: NDArray[np.float32]) -> Counts:
    """How many numbers of each row are NaN, and infinite."""
    return {"NaN": np.isnan(numbers).sum(axis=-1), "infinite": np.isinf(numbers).sum(axis=-1)}


def _spread(counts: NDArray[Any], odd: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Counts of some rows among zeros of the others."""
    made = np.zeros(len(odd), dtype=np.int64)
    made[odd] = counts
    return made
