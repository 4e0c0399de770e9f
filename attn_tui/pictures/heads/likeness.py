"""How alike the heads are."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attn_engine import Attention, mean_similarity, random_similarity, similarity

from ...scene import Scene
from ..ink import Ink
from ..palettes import LEVELS


@lru_cache(maxsize=4)
def likeness(attention: Attention) -> NDArray[np.float64]:
    """The similarity of each pair of heads; kept for the last few."""
    return similarity(attention.weights)


def likeness_text(scene: Scene) -> str:
    """How alike the heads are, and what random heads under the same settings would be."""
    if scene.num_heads > scene.attention.num_heads:
        return "a large layer: its heads are read one at a time"
    if scene.attention.num_heads == 1:
        return "one head: nothing to compare"
    mean = mean_similarity(likeness(scene.attention))
    random = random_similarity(scene.shown, scene.attention)
    return f"likeness {mean:.2f}" + (f"   random heads {random[0]:.2f}" if random else "")


def shade_of(ink: Ink, alike: float) -> Any:
    """The style of a cell that shows how alike two heads are."""
    return ink.cell(round(alike * (LEVELS - 1)), signed=False) if ink.shaded else ink.text
