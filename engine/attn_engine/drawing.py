"""Queries and keys where the scores are not made: drawn a part after the other, kept as the fast room needs them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from threading import Lock

import numpy as np

from . import sources
from .draws import slices
from .experiment import Experiment, drawn_by_and_by
from .fast.machine import threads
from .fast.packing import Packed, PackedKeys, Singles, empty_blocks, fill, norms_of, packed_with
from .fast.pool import empty, shared

Part = tuple[str, int, int, Singles]
"""Query or key, the head, the first position, and the numbers (positions, d)."""


class Drawing:
    """The queries (heads, queries, d) and keys of an experiment, float32, in the making; values are not drawn.

    They are the numbers that `inputs_of` gives. Two heads, or the queries and the keys of one, are drawn at the same
    time. Sources of which no part can be had are drawn at once.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        heads, width = experiment.num_heads, experiment.head_dim
        self.key_heads = experiment.num_key_heads or heads
        self.total = (heads * experiment.query_length + self.key_heads * experiment.key_length) * width
        self._query = empty((heads, experiment.query_length, width))  # memory costs nothing before it is written to
        self._blocks = empty_blocks(self.key_heads, experiment.key_length, width)
        self._norms = {"query": np.zeros(heads), "key": np.zeros(self.key_heads)}
        self._begin()
        self._keys: PackedKeys | None = None
        self._lock = Lock()

    def _begin(self) -> None:
        experiment, self.drawn = self.experiment, 0
        self._left = [_parts(experiment, "query", head) for head in range(experiment.num_heads)]
        self._left[1:1] = [_parts(experiment, "key", head) for head in range(self.key_heads)]
        if not drawn_by_and_by(experiment):
            self._left = [_everything(experiment)]

    @property
    def share(self) -> float:
        """The share of the numbers that are there."""
        return self.drawn / self.total

    def go_on(self, seconds: float = math.inf) -> None:
        """Draw for about so many seconds, or until everything is there. After an error all is drawn anew."""
        end = time.perf_counter() + seconds
        with self._lock:
            while self._left:
                try:
                    self._draw_some()
                except BaseException:
                    self._begin()
                    raise
                if time.perf_counter() >= end:
                    break

    def _draw_some(self) -> None:
        some = self._left[: threads()]
        for parts, numbers in zip(some, shared(self._draw, some), strict=True):
            self.drawn += numbers
            if not numbers:
                self._left.remove(parts)

    def packed(self, scale: float | str, temperature: float) -> Packed:
        """Everything, with a scale and a temperature; what is missing is drawn. Raises ValueError for either."""
        self.go_on()
        keys = self._keys = self._keys or self._packed_keys()
        return packed_with(self._query, self._norms["query"], keys, scale=scale, temperature=temperature)

    def _packed_keys(self) -> PackedKeys:
        length = self.experiment.key_length
        no_values: Singles = np.zeros((self.key_heads, length, 0), dtype=np.float32)
        return PackedKeys(self._blocks, self._norms["key"], length, no_values)

    def _draw(self, parts: Iterator[Part]) -> int:
        """The next of some parts; how many numbers it has, 0 where there is none any more."""
        part = next(parts, None)
        if part is None:
            return 0
        self._lay(*part)
        return part[-1].size

    def _lay(self, name: str, head: int, first: int, some: Singles) -> None:
        """Put vectors (positions, d) where they belong, keys from a whole block on."""
        last = first + len(some)
        if name == "query":
            self._query[head, first:last] = some
        else:
            width = self._blocks.shape[-1]
            fill(self._blocks[head, first // width : -(-last // width)], some)
        self._norms[name][head] = max(self._norms[name][head], norms_of(some))


def _parts(experiment: Experiment, name: str, head: int) -> Iterator[Part]:
    """One head of the queries or keys, by and by."""
    length = experiment.query_length if name == "query" else experiment.key_length
    for first, some in slices(name, length, experiment.head_dim, experiment.seed, head):
        yield name, head, first, _turned(experiment, name, first, some)


def _turned(experiment: Experiment, name: str, first: int, some: Singles) -> Singles:
    """Queries or keys from the position `first` on as the experiment rotates them."""
    if experiment.rope == "off":
        return some
    shift = experiment.key_length - experiment.query_length
    shift = shift if name == "query" and experiment.align == "right" else 0
    return sources.turned(some, np.arange(first, first + len(some)) + shift)


def _everything(experiment: Experiment) -> Iterator[Part]:
    """All heads, of which no part can be had alone."""
    given = sources.inputs(experiment)
    if experiment.rope != "off":
        given = sources.rotated(given, experiment.align)
    for name, vectors in (("query", given.query), ("key", given.key)):
        for head, some in enumerate(vectors):
            yield name, head, 0, some
