"""How alike the heads are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attn_engine import (
    Attention,
    as_random,
    compared_queries,
    mean_similarity,
    similarity,
    similarity_of_random,
)

from ...remembering import remembered
from ...scene import Scene
from ..ink import Ink
from ..palettes import LEVELS
from .numbers import number, over


@remembered
def likeness(attention: Attention) -> NDArray[np.float64]:
    """The similarity of each pair of heads; remembered."""
    return similarity(attention.weights)


@remembered
def _mean(attention: Attention) -> float:
    return mean_similarity(likeness(attention))


@remembered
def _over(attention: Attention) -> str:
    """Over how many queries the heads are compared, pair by pair."""
    pairs = np.triu_indices(attention.num_heads, 1)
    return over(compared_queries(attention.weights)[pairs], attention.query_length)


def random_heads(scene: Scene) -> tuple[float, float] | None:
    """How alike random heads are, once that is known, and the standard error; None too where there are none."""
    head_dim = scene.attention.head_dim
    if not head_dim:
        return None
    lengths = scene.attention.query_length, scene.attention.key_length
    return scene.aside.ask(similarity_of_random, as_random(scene.shown), *lengths, head_dim)


def likeness_text(scene: Scene) -> str:
    """How alike the heads are, and what random heads under the same settings would be."""
    if scene.num_heads > scene.attention.num_heads:
        return "a large layer: its heads are read one at a time"
    if scene.attention.num_heads == 1:
        return "one head: nothing to compare"
    compared, random = _over(scene.attention), random_heads(scene)
    texts = [f"likeness {number(_mean(scene.attention))}{f' {compared}' if compared else ''}"]
    return "   ".join([*texts, f"random heads {random[0]:.2f}"] if random else texts)


def shade_of(ink: Ink, alike: float) -> Any:
    """The style of a cell that shows how alike two heads are, or that this is not known."""
    if math.isnan(alike):
        return ink.warning
    return ink.cell(round(max(alike, 0) * (LEVELS - 1)), signed=False) if ink.shaded else ink.text
