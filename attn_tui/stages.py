"""The stages of attention that the map shows: their titles, and the numbers of each."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attn_engine import Attention, measures

Matrix = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

TITLES = {
    "scores": "Scores q·k",
    "scaled": "Scaled scores",
    "modified": "Scores after the score mod",
    "weights": "Weights",
    "value-weighted": "Weight × |value|",
    "mask": "Mask",
}
LOG_TITLES = {
    "scores": "ln p of the file's weights",
    "scaled": "ln p of the file's weights",
    "modified": "ln p after the score mod",
}
"""Titles of the stages where a file has weights alone."""

SIGNED = ("scores", "scaled", "modified")


EVERYWHERE = np.ones((), dtype=np.bool_)
"""A mask that hatches nothing, of any shape."""


def stage_matrix(attention: Attention, head: int, stage: str) -> tuple[Matrix, Mask]:
    """One stage of one head, (queries, keys), and where the picture is not hatched."""
    allowed = attention.mask_of(head)
    if stage == "mask":
        return allowed.astype(np.float32), allowed
    matrix = np.asarray(stage_stack(attention, stage)[head])
    return matrix, np.broadcast_to(EVERYWHERE, allowed.shape) if stage in SIGNED else allowed


def stage_stack(attention: Attention, stage: str) -> Matrix:
    """One stage of all heads, (heads, queries, keys)."""
    if stage == "mask":
        return np.ones((1, 1, 1), dtype=np.float32)
    if stage == "value-weighted":
        if not attention.value.shape[-1]:
            raise ValueError("weight × |value| needs the values, which the file does not have")
        return _value_weighted(attention)
    stack: Matrix = getattr(attention, stage)
    return stack


@lru_cache(maxsize=2)
def _value_weighted(attention: Attention) -> Matrix:
    return measures.value_weighted(attention.weights, attention.value)
