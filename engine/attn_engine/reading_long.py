"""One head of a file with more scores than are made: what reads its weights, or its query and key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .budget import PER_DRAWN, most_told, most_within
from .captured import NEEDS_INPUTS, Floats, Layer
from .captures.bands import EVERYTHING
from .experiment import MAX_DRAWN, Experiment, FieldError, most_scores_told
from .opened import band_of_head, whole_mask
from .reading import described, layer_with, nothing

if TYPE_CHECKING:
    from .captures.sets import CaptureSet


MOST_MASKED, PER_CELL = 2**28, 3
"""Cells of a mask that are kept, where it is no band, and the bytes that each takes: another rule may be put beside."""


def long_head(experiment: Experiment, found: CaptureSet, layer: int, head: int) -> Layer:
    """One head whose scores are not made: what reads its weights, or its query and key, and its mask."""
    batch = experiment.batch_item
    if found.has_weights:
        return _long_weights(experiment, found, layer, head)
    numbers = (found.query_length + found.key_length) * (found.head_dim or 0)
    if numbers > most_within(MAX_DRAWN, PER_DRAWN):
        told = f"{numbers:,} numbers of query and key; at most {most_told(MAX_DRAWN, PER_DRAWN)} are read"
        raise FieldError("file", f"a head has {told}: save fewer positions")
    masked = found.mask_head(layer, head)
    band = band_of_head(found, layer, masked, batch)
    mask = None
    if band is None:
        _check_mask(found)
        band, mask = EVERYTHING, whole_mask(found, layer, masked, batch)
    query, key = found.head_inputs(layer, head, batch)
    captured = described(experiment, found, layer)
    notes = (*captured.notes, *_broken(query, key))
    captured = replace(captured, band=band, mask=mask, scale=found.scale(layer), notes=notes)
    return layer_with(found, batch, (query, key, nothing(*key.shape[:2])), captured)


def _check_mask(found: CaptureSet) -> None:
    """Raise FieldError for a mask of too many cells to be kept."""
    if found.scores > most_within(MOST_MASKED, PER_CELL):
        raise FieldError(
            "file",
            f"its mask is no band of keys around each query, and has {found.scores:,} cells; at most "
            f"{most_told(MOST_MASKED, PER_CELL)} are read: save is_causal or no mask, or fewer of the queries",
        )


def _long_weights(experiment: Experiment, found: CaptureSet, layer: int, head: int) -> Layer:
    """One head of weights, of which nothing is read yet."""
    captured = described(experiment, found, layer)
    unused = f"its query and key are not used: beyond {most_scores_told()} scores its weights are shown"
    notes = (*captured.notes, *([unused] if found.has_inputs else []))
    rows = found.head_rows(layer, head, experiment.batch_item)
    none = nothing(1, 0)
    captured = replace(captured, rows=rows, notes=notes)
    return layer_with(found, experiment.batch_item, (none, none, none), captured, NEEDS_INPUTS)


def _broken(query: Floats, key: Floats) -> Iterator[str]:
    """How many queries and keys are no numbers, in words."""
    for vectors, one, several in ((query, "query holds", "queries hold"), (key, "key holds", "keys hold")):
        if count := int(np.count_nonzero(~np.isfinite(vectors).all(axis=-1))):
            yield f"{count:,} {one if count == 1 else several} NaN or ∞"
