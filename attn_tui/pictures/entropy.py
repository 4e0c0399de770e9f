"""The entropy charts: by query under its ceiling, and by head."""

from __future__ import annotations

import numpy as np
from rich.segment import Segment

from attn_engine import Attention, measure

from .. import charts
from ..charts import Chart, Series
from ..remembering import remembered
from ..scene import Scene
from .cells import Lines
from .heads.numbers import over
from .ink import Ink
from .keeping import kept

LEAST_FOR_TWO = 11
"""Rows from which both charts are drawn."""


def entropy_title(scene: Scene) -> str:
    """The title of the panel, which is of the head on show even where the map puts more together."""
    return "Entropy" if scene.combined is None else f"Entropy of head {scene.head_number} alone"


def entropy_charts(scene: Scene, width: int, height: int) -> Lines:
    """By query above, by head below; only by query where there is little room, or one head is computed."""
    if scene.is_far:
        from .far import far_entropy

        return far_entropy(scene, width, height)
    return _charts(scene, width, height)


@kept(lambda scene: (scene.attention, scene.head, scene.place[0], scene.ink, charts.waiting()))
def _charts(scene: Scene, width: int, height: int) -> Lines:
    if charts.waiting():
        return [[Segment("…", scene.ink.dim)]]
    if height < LEAST_FOR_TWO or scene.attention.num_heads < 2:
        return _by_query(scene, width, height)
    upper = (height + 1) // 2
    return _by_query(scene, width, upper) + _by_head(scene, width, height - upper)


@kept(lambda scene: (scene.attention, scene.head, scene.place[0], scene.ink))
def _by_query(scene: Scene, width: int, height: int) -> Lines:
    return charts.draw(
        _chart(scene, _curves(scene.attention, scene.head, scene.ink), "query", scene.place[0]), width, height
    )


@remembered
def _curves(attention: Attention, head: int, ink: Ink) -> tuple[Series, ...]:
    """Entropy and its ceiling, the same series each time: a chart of them is laid out once."""
    measures = measure(attention)
    entropy = Series("by query", np.array(measures.entropy[head]), ink.accent)
    return entropy, Series("ln(keys seen)", np.array(measures.ceiling[head]), ink.dim, "dashes")


@kept(lambda scene: (scene.attention, scene.head, scene.ink))
def _by_head(scene: Scene, width: int, height: int) -> Lines:
    figures = measure(scene.attention)
    counted = over(figures.counted("entropy"), scene.attention.query_length)
    name = f"mean {counted}" if counted else "mean by head"
    means = Series(name, figures.by_head("entropy"), scene.ink.accent, "bars")
    return charts.draw(_chart(scene, (means,), "head", scene.head), width, height)


def _chart(scene: Scene, series: tuple[Series, ...], x_label: str, cursor: int) -> Chart:
    ink = scene.ink
    return Chart(series, x_label, "nats", cursor=cursor, axis_style=ink.dim, cursor_style=ink.mark)
