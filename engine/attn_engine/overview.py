"""All layers of a source at a glance: a few numbers for each head, read one layer at a time.

Of a layer only these numbers are kept: what `run` remembers of the experiment on show stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .experiment import Experiment
from .kinds import HeadKind, head_kinds
from .measures import Measures
from .opened import num_heads_of, one_at_a_time
from .pipeline import run_once

NUMBERS = ("entropy", "distance", "first", "itself", "previous", "concentration")
"""The measures of an overview: means over the queries that have them, as `Measures.by_head` gives them."""


@dataclass(frozen=True, eq=False)
class LayerOverview:
    """What the heads of one layer amount to: `numbers` by measure, each (heads,), and what each head is.

    `counted` says over how many of `query_length` queries each number is a mean.
    """

    layer: int
    numbers: dict[str, NDArray[np.float64]]
    counted: dict[str, NDArray[np.int64]]
    query_length: int
    kinds: tuple[HeadKind, ...]

    @property
    def num_heads(self) -> int:
        """How many heads."""
        return len(self.kinds)


def layer_overview(experiment: Experiment, layer: int) -> LayerOverview:
    """The numbers and the kind of each head of a layer, under the experiment's mask, temperature and the like.

    A file's layer too large for all its heads is read head by head. Raises ValueError where the layer cannot be had.
    """
    there = replace(experiment, layer=layer)
    parts = [_part(there, only) for only in heads_apart(there)]
    joined = {name: np.concatenate([part.numbers[name] for part in parts]) for name in NUMBERS}
    counted = {name: np.concatenate([part.counted[name] for part in parts]) for name in NUMBERS}
    kinds = tuple(kind for part in parts for kind in part.kinds)
    return LayerOverview(layer, joined, counted, parts[0].query_length, kinds)


def heads_apart(experiment: Experiment) -> tuple[int | None, ...]:
    """What is to be run for all heads of a layer: each head alone where it is too large, else (None,), all at once."""
    return tuple(range(num_heads_of(experiment))) if one_at_a_time(experiment) else (None,)


def _part(experiment: Experiment, only: int | None) -> LayerOverview:
    """All heads of a layer, or `only` one."""
    attention, given = run_once(experiment, only)
    rows = Measures(attention)
    numbers = {name: rows.by_head(name).astype(np.float64) for name in NUMBERS}
    counted = {name: rows.counted(name) for name in NUMBERS}
    kinds = head_kinds(attention, given.query_tokens, given.key_tokens, rows)
    return LayerOverview(experiment.layer, numbers, counted, attention.query_length, kinds)
