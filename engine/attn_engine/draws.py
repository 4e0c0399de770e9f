"""What made numbers are made of: seeded normal draws, and sinusoidal codes.

Each array has a random stream of its own for each head, and numbers are drawn position by position, so more
positions, heads or (up to a block of 64) columns leave the numbers that were there as they were.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from typing import Any
from weakref import ReferenceType, ref

import numpy as np
from numpy.typing import NDArray

from .experiment import BLOCK, Experiment
from .fast.pool import WORTH, shared

Floats = NDArray[np.floating[Any]]

SHARPNESS = 4.0
"""The scaled score, about, of two positions that a made source means to find each other."""


SLICE = 2**14
"""Positions that are drawn at once: 8 MB of float64 for a block of columns."""


_kept: dict[str, tuple[int, ReferenceType[Floats]]] = {}
"""Of each name the seed and the numbers drawn last, as long as somebody keeps them."""


def normal(name: str, rows: int, columns: int, experiment: Experiment) -> Floats:
    """N(0,1) numbers of the array `name`, (heads, rows, columns) float32, that growing leaves as they were."""
    drawn = np.empty((experiment.num_heads, rows, columns), dtype=np.float32)
    seed, reference = _kept.get(name, (0, lambda: None))
    known = reference() if seed == experiment.seed else None

    def fill(part: tuple[int, int]) -> None:
        head, first = part
        wanted = drawn[head, :, first : first + BLOCK]
        there = known[head, :rows, first : first + wanted.shape[1]] if known is not None and head < len(known) else None
        if there is not None and there.shape == wanted.shape:
            wanted[:] = there
            return
        numbers = stream(name, experiment.seed, head, first)
        for start in range(0, rows, SLICE):
            some = wanted[start : start + SLICE]
            some[:] = numbers.standard_normal((len(some), BLOCK))[:, : some.shape[1]]

    parts = [(head, first) for head in range(experiment.num_heads) for first in range(0, columns, BLOCK)]
    shared(fill, parts, apart=drawn.size >= WORTH)
    drawn.flags.writeable = False  # others may be given the same
    _kept[name] = experiment.seed, ref(drawn)
    return drawn


def slices(name: str, rows: int, columns: int, seed: int, head: int) -> Iterator[tuple[int, Floats]]:
    """The numbers of one head of `normal` by and by: the first position, and SLICE of them (positions, columns)."""
    streams = [stream(name, seed, head, first) for first in range(0, columns, BLOCK)]
    for first in range(0, rows, SLICE):
        some = np.empty((min(SLICE, rows - first), columns), dtype=np.float32)
        for at, each in enumerate(streams):
            block = each.standard_normal((len(some), BLOCK))
            some[:, at * BLOCK : (at + 1) * BLOCK] = block[:, : columns - at * BLOCK]
        yield first, some


def stream(name: str, *numbers: int) -> np.random.Generator:
    """The random stream of a name and its numbers."""
    return np.random.default_rng([zlib.crc32(name.encode()), *numbers])


def sharp(vectors: Floats, head_dim: int) -> Floats:
    """N(0,1) vectors at the size where a vector's scaled score with itself is SHARPNESS."""
    return vectors * np.float32(math.sqrt(SHARPNESS / math.sqrt(head_dim)))


def sinusoids(places: NDArray[Any], head_dim: int, base: float = 10000.0) -> Floats:
    """Sines in the even columns, cosines in the odd, wavelengths from 2π to 2π·base: (…, positions, head_dim)."""
    columns = np.arange(head_dim)
    angles = places[..., None] / base ** (columns // 2 * 2 / head_dim)
    return np.where(columns % 2 == 0, np.sin(angles), np.cos(angles)).astype(np.float32)
