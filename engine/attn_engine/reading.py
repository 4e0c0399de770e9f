"""One layer of a file read: its weights as they are, or query and key of which they can be recomputed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .captured import NEEDS_INPUTS, NORMAL, ROUNDING, Captured, Floats, Layer, Mask
from .experiment import OF_A_MADE_SOURCE, Experiment, FieldError
from .normalisers import softmax
from .of_weights import causal_pairs
from .opened import check_scores_of, is_long, numbered, opened, set_of

if TYPE_CHECKING:
    from .captures.sets import CaptureSet


def read_layer(experiment: Experiment, only: int | None = None) -> Layer:
    """One layer of one batch item, or `only` one head of it. Raises CaptureError or FieldError.

    Of a head that `is_long` there are query and key alone, or what reads its weights.
    """
    found = set_of(experiment)
    number = numbered(experiment.layer, found.layer_numbers)
    layer, batch = found.layer_numbers.index(number), experiment.batch_item
    _check("batch_item", batch, found.batch_size)
    if only is not None and is_long(experiment):
        from .reading_long import long_head  # of few files

        return long_head(experiment, found, layer, only)
    heads = range(found.num_heads) if only is None else range(only, only + 1)
    check_scores_of(found, len(heads))
    mask, scale = _mask(found, layer, batch, heads), found.scale(layer)
    inputs = _inputs(found, layer, batch, heads)
    weights = _weights(found, layer, batch, only) if found.has_weights else None
    notes, own = list[str](), None
    if weights is not None and found.has_inputs:
        stand = _stands_for(weights, inputs[0], inputs[1], scale, mask)
        if stand is None:
            notes.append("its weights are not the softmax of its query and key: they are shown as they are")
            inputs = inputs[0][..., :0], inputs[1][..., :0], inputs[2][..., :0]
        else:
            own, weights, mask = weights, None, stand
    captured = described(experiment, found, layer)
    captured = replace(captured, first_head=heads.start, weights=weights, own=own, mask=mask)
    captured = replace(captured, scale=scale, notes=(*captured.notes, *notes))
    return layer_with(found, batch, inputs, captured, NEEDS_INPUTS if weights is not None else frozenset())


def layer_with(
    found: CaptureSet,
    batch: int,
    inputs: tuple[Floats, Floats, Floats],
    captured: Captured,
    fixed: frozenset[str] = frozenset(),
) -> Layer:
    """The numbers of a layer with their labels, and what the file decides besides."""
    counts = {"capture_set": len(captured.sets), "batch_item": found.batch_size}
    fixed |= frozenset(OF_A_MADE_SOURCE) | {field for field, count in counts.items() if count == 1}
    tokens = found.query_tokens(batch), found.key_tokens(batch)
    return Layer(*inputs, *tokens, found.layer_numbers, fixed, captured)


def described(experiment: Experiment, found: CaptureSet, layer: int) -> Captured:
    """What holds for every head of a layer."""
    capture = opened(experiment.file, experiment.tokens_file)
    return Captured(
        path=capture.path,
        set_name=found.name,
        sets=tuple(each.name for each in capture.sets),
        batch_size=found.batch_size,
        total_heads=found.num_heads,
        prompt_length=found.prompt_length,
        layer=found.layer_numbers[layer],
        precision=ROUNDING.get(found.dtype, 2.0**-24),
        least_normal=NORMAL.get(found.dtype, 2.0**-126),
        notes=(*capture.notes, *([found.token_note] if found.token_note else [])),
    )


def _mask(found: CaptureSet, layer: int, batch: int, heads: range) -> Mask | None:
    """The file's mask of some heads, and what each step of generate() could see; None where all see all."""
    mask = found.mask(layer, batch)
    if mask is not None:
        mask = mask[heads.start : heads.stop] if len(mask) > 1 else mask[0]  # of all heads alike
    if found.key_counts is None:
        return mask
    there = np.arange(found.key_length) < found.key_counts[:, None]
    return there if mask is None else mask & there


def _check(field: str, number: int, count: int) -> None:
    if not 0 <= number < count:
        raise FieldError(field, f"{number} is not there; possible are 0 … {count - 1}")


def _weights(found: CaptureSet, layer: int, batch: int, only: int | None) -> Floats:
    return found.layer(layer, batch) if only is None else found.weights(layer, only, batch)[None]


def _inputs(found: CaptureSet, layer: int, batch: int, heads: range) -> tuple[Floats, Floats, Floats]:
    """Query, key and value of some heads; of no width where the file has none."""
    if not found.has_inputs:
        none = nothing(len(heads), found.key_length)
        return nothing(len(heads), found.query_length), none, none
    query, key, value = found.inputs(layer, batch)
    group = found.num_heads // key.shape[0]
    shared = slice(heads.start // group, (heads.stop - 1) // group + 1)
    query, key = query[heads.start : heads.stop], key[shared]
    return query, key, nothing(*key.shape[:2]) if value is None else value[shared]


def nothing(heads: int, rows: int) -> Floats:
    """Vectors of no width, (heads, rows, 0)."""
    return np.zeros((heads, rows, 0), dtype=np.float32)


STANDS = 0.02
"""How far the weights of a file may lie from the softmax of its query and key, as a share of the greatest weight of
their row, and still be taken for it."""


def _stands_for(weights: Floats, query: Floats, key: Floats, scale: float | None, mask: Mask | None) -> Mask | None:
    """The mask under which the weights are the softmax of query and key; None where there is none.

    The file's mask is tried; where it has none, all pairs and then the causal ones.
    """
    queries, keys = weights.shape[-2:]
    scores = np.asarray(query @ np.repeat(np.swapaxes(key, -1, -2), query.shape[0] // key.shape[0], axis=0))
    scores *= np.float32(scale if scale is not None else query.shape[-1] ** -0.5)
    everything = np.ones((queries, keys), dtype=np.bool_)
    causal = causal_pairs(queries, keys)
    for tried in (mask,) if mask is not None else (everything, causal):
        made = softmax(scores, tried)
        near = np.abs(made - weights) <= STANDS * made.max(axis=-1, keepdims=True)  # NaN is near to nothing
        if near.all():
            return tried
    return None
