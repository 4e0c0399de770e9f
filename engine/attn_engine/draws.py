"""What made numbers are made of: seeded normal draws, and sinusoidal codes.

Each array has a random stream of its own for each head, and numbers are drawn position by position, so more
positions, heads or (up to a block of 64) columns leave the numbers that were there as they were.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .experiment import BLOCK, Experiment

Floats = NDArray[np.floating[Any]]

SHARPNESS = 4.0
"""The scaled score, about, of two positions that a made source means to find each other."""


def normal(name: str, rows: int, columns: int, experiment: Experiment) -> Floats:
    """N(0,1) numbers of the array `name`, (heads, rows, columns) float32, that growing leaves as they were."""
    drawn = np.empty((experiment.num_heads, rows, columns), dtype=np.float32)
    for head in range(experiment.num_heads):
        for first in range(0, columns, BLOCK):
            block = stream(name, experiment.seed, head, first).standard_normal((rows, BLOCK))
            drawn[head, :, first : first + BLOCK] = block[:, : columns - first]
    return drawn


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
