"""The map's picture of weights: heads, special tokens and word pieces put together as the view asks."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attn_engine import Attention, Combined, Experiment, Inputs, combined, pooled_heads

from .view import View

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]


def asked(view: View) -> bool:
    """Whether a view puts anything together."""
    return view.over != "head" or bool(view.hide) or view.renormalise or view.merge_words


def put_together(
    experiment: Experiment, attention: Attention, inputs: Inputs, head: int, view: View
) -> Combined | None:
    """The weights that the map shows, put together; None where it shows those of one head, or another stage.

    Raises FieldError for heads and layers that are not there, ValueError where every token is hidden.
    """
    if not asked(view) or view.page != "map" or view.stage != "weights":
        return None
    pool = None if view.over == "head" else _pooled(experiment, view.over, view.over_heads, view.over_layers)
    return _combined(attention, inputs, head, pool, view.hide, renormalise=view.renormalise, merge=view.merge_words)


class Pool:
    """Heads as one picture (queries, keys), and a note that says which; compared by identity."""

    def __init__(self, weights: Floats, mask: Mask, note: str) -> None:
        self.weights, self.mask, self.note = weights, mask, note


@lru_cache(maxsize=2)
def _pooled(experiment: Experiment, over: str, heads: tuple[int, ...], layers: tuple[int, ...] | None) -> Pool:
    return Pool(*pooled_heads(experiment, over, heads, layers))


def forget_pooled() -> None:
    """Forget what was put together: files may hold other numbers."""
    _pooled.cache_clear()


@lru_cache(maxsize=4)
def _combined(
    attention: Attention,
    inputs: Inputs,
    head: int,
    pool: Pool | None,
    hide: tuple[str, ...],
    *,
    renormalise: bool,
    merge: bool,
) -> Combined:
    weights, mask = (pool.weights, pool.mask) if pool else (attention.weights[head], attention.mask_of(head))
    tokens = inputs.query_tokens, inputs.key_tokens
    made = combined(np.asarray(weights), mask, *tokens, hide=hide, renormalise=renormalise, merge=merge)
    return replace(made, notes=(pool.note, *made.notes)) if pool else made
