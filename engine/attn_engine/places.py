"""What the presets are computed from: made queries and keys whose near places find each other.

Shapes, mask and heads are the system's; the numbers are made, and come from no trained model. Every position has a
place: a word its position in the sentence, a cell its row and column, a word opposite a picture a random place in
it; padding, and start and end of a prompt, have none. Queries and keys are sinusoidal codes of their places (half
of the columns for each axis of a grid), a vector for each word, the same for equal words, and noise. A head that
looks beside its place does so whatever the word.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .draws import Floats, normal, sharp, sinusoids, stream
from .experiment import Experiment
from .presets import END, PAD, START, Preset

LOOKS = {
    1: ((0,), (-1,), (1,), (-2,), (2,)),
    2: ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)),
}
"""How far from its own place a query of head 0, 1, … looks, on each axis; after the last again as the first."""

BASE = 10.0
"""The longest wavelength of a code over the shortest; sentences and grids are short here."""

WORD = 0.5
"""The size of a word's vector, in that of vectors which find each other."""

NOISE = 0.25
"""The deviation of the noise."""

Places = NDArray[np.floating[Any]]


def queries_and_keys(preset: Preset, seed: int) -> tuple[Floats, Floats]:
    """Made queries (heads, queries, d_k) and keys (heads, keys, d_k) of a preset, float32."""
    drawn = Experiment(num_heads=preset.heads, head_dim=preset.head_dim, seed=seed)
    query_places, key_places = _places(preset, seed)
    looks = _looks(preset.heads, query_places.shape[-1])
    query_words, key_words = _words(preset, drawn)
    query = _codes(query_places + looks, preset.head_dim) + query_words * (looks == 0).all(axis=-1, keepdims=True)
    key = _codes(key_places, preset.head_dim) + key_words
    noisy_query, noisy_key = (
        array + normal(name, array.shape[-2], preset.head_dim, drawn) * np.float32(NOISE)
        for name, array in (("query", query), ("key", key))
    )
    return noisy_query, noisy_key


def _words(preset: Preset, drawn: Experiment) -> tuple[Floats, Floats]:
    """The vector of each query's word and each key's, (heads, positions, d_k)."""
    words = tuple(dict.fromkeys((*preset.query_labels, *preset.key_labels)))
    vectors = sharp(normal("words", len(words), preset.head_dim, drawn), preset.head_dim) * np.float32(WORD)
    query, key = (
        vectors[:, [words.index(label) for label in labels]] for labels in (preset.query_labels, preset.key_labels)
    )
    return query, key


def _places(preset: Preset, seed: int) -> tuple[Places, Places]:
    """The places of queries and keys, (positions, axes), NaN for nowhere."""
    grids = (preset.query_grid, preset.key_grid)
    query, key = (
        _cells(grid) if grid else _somewhere(labels, opposite, seed) if opposite else _in_a_row(labels)
        for labels, grid, opposite in zip((preset.query_labels, preset.key_labels), grids, grids[::-1], strict=True)
    )
    return query, key


def _cells(grid: tuple[int, int]) -> Places:
    return np.indices(grid).reshape(2, -1).T.astype(float)  # (rows · columns, 2)


def _somewhere(labels: tuple[str, ...], grid: tuple[int, int], seed: int) -> Places:
    places = stream("places", seed).uniform(0, np.subtract(grid, 1), (len(labels), 2))
    return _without_the_placeless(labels, places)


def _in_a_row(labels: tuple[str, ...]) -> Places:
    return _without_the_placeless(labels, np.arange(float(len(labels)))[:, None])


def _without_the_placeless(labels: tuple[str, ...], places: Places) -> Places:
    nowhere = np.array([label in (PAD, START, END) for label in labels])
    return np.where(nowhere[:, None], np.nan, places)


def _looks(heads: int, axes: int) -> Places:
    """How far each head looks, (heads, 1, axes)."""
    looks = LOOKS[axes]
    return np.array([looks[head % len(looks)] for head in range(heads)], dtype=float)[:, None]


def _codes(places: Places, head_dim: int) -> Floats:
    """Codes, (…, positions, d_k); two of one place score SHARPNESS for each axis, once scaled. Nowhere is zeros."""
    axes = places.shape[-1]
    parts = [sinusoids(places[..., axis], head_dim // axes, BASE) for axis in range(axes)]
    length = np.float32(math.sqrt(2 * axes))  # a code's own squared length is half of its columns
    return sharp(np.nan_to_num(np.concatenate(parts, axis=-1)) * length, head_dim)
