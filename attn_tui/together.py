"""The map's picture of weights: heads, special tokens and word pieces put together as the view asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attn_engine import Attention, Combined, Experiment, Inputs, combined, pooled_heads

from .findings import Finding, Gathered, tolerance_of
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
    pool = _pool(experiment, inputs, view)
    return _combined(attention, inputs, head, pool, view.hide, renormalise=view.renormalise, merge=view.merge_words)


def pool_findings(experiment: Experiment, inputs: Inputs, view: View) -> tuple[Finding, ...] | None:
    """What is unusual about the queries of the heads that are put together; None where it is one head alone."""
    pool = _pool(experiment, inputs, view)
    return None if pool is None else pool.findings


@dataclass(frozen=True, eq=False)
class Pool:
    """Heads as one picture (queries, keys), a note that says which, and what is unusual about their queries."""

    weights: Floats
    mask: Mask
    note: str
    findings: tuple[Finding, ...]


def _pool(experiment: Experiment, inputs: Inputs, view: View) -> Pool | None:
    if view.over == "head":
        return None
    chosen, layers = (view.over, view.over_heads, view.over_layers), inputs.num_layers
    return _pooled(experiment, *chosen, num_layers=layers, tolerance=tolerance_of(inputs))


@lru_cache(maxsize=2)
def _pooled(
    experiment: Experiment,
    over: str,
    heads: tuple[int, ...],
    layers: tuple[int, ...] | None,
    *,
    num_layers: int,
    tolerance: float,
) -> Pool:
    gathered = Gathered(num_layers, tolerance)
    picture = pooled_heads(experiment, over, heads, layers, gathered.look)
    return Pool(*picture, gathered.findings)


def forget_pooled() -> None:
    """Forget what was put together: files may hold other numbers."""
    _pooled.cache_clear()


@lru_cache(maxsize=2)
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
