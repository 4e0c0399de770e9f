"""What is said of an attention with more scores than are made: the cursor's row, exact, and the entropies so far."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment

from attn_engine import MeanMap

from .. import charts
from ..charts import Chart, Series
from ..far import FarScene, as_far
from ..rows import Ceiling, Reading
from ..scene import Scene
from .cells import Lines, figure, ordinal
from .facts import Fact
from .ink import Ink
from .keeping import kept
from .of_files import file_facts

BINS = 512
"""Parts of the queries of which a chart shows the lowest and the highest entropy."""


def percent(share: float) -> str:
    """A share as people read it, never as all as long as any is missing, nor as none where there is some."""
    if 0 < share < 0.001:
        return f"{max(100 * share, 0.0001):.4f}".rstrip("0") + " %"
    return f"{100 * share:.1f} %" if share < 0.1 else f"{math.floor(100 * share)} %"


def far_facts(far_scene: Scene) -> list[Fact]:
    """The cell stood on, from its row; and whether the map is an estimate."""
    scene = as_far(far_scene)
    (query, key), found = scene.cursor, scene.reading
    facts = [(0, f"{scene.query_labels[query]} → {scene.key_labels[key]}", scene.ink.strong)]
    if scene.has_tokens:
        facts.append((5, f"({query}, {key})", scene.ink.dim))
    if found is not None:
        facts += [*_of_cell(scene, found, key), *_of_row(scene, found)]
    if scene.missing:
        facts.append((0 if found is None else 1, scene.missing, scene.ink.warning))
    elif found is None and not scene.progress.drawing:
        facts.append((1, "this row is being computed", scene.ink.dim))
    return [*facts, *_estimate(scene), *file_facts(scene), *_unusual(scene, found)]


def _unusual(scene: FarScene, found: Reading | None) -> list[Fact]:
    """Of weights of a file, what is unusual about this query, or about how many of those that were looked at."""
    if scene.has_scores:
        return []
    if found and found.unusual:
        return [(0, f"this query {found.unusual}", scene.ink.warning)]
    far = "" if scene.whole.exact else " so far"
    if count := len(scene.unusual_rows):
        told = f"{count:,} quer{'y' if count == 1 else 'ies'} unusual{far}: {scene.keycaps['finding']}"
        return [(2, told, scene.ink.warning)]
    return [] if far else [(6, "all rows sum to 1", scene.ink.good)]


def _of_cell(scene: FarScene, found: Reading, key: int) -> list[Fact]:
    ink, row = scene.ink, found.row
    score = float(row.scores[key])
    facts = [(4, f"q·k {figure(score, 1)}" if scene.has_scores else f"ln p {figure(score, 2)}", ink.text)]
    if scene.far.scale != 1:
        sign = "÷√d_k" if scene.by_width else "scaled"
        facts.append((6, f"{sign} {figure(float(row.scaled[key]), 2)}", ink.text))
    weight = figure(float(row.weights[key]))
    facts.append((1, f"weight {weight}" if row.allowed[key] else "masked: weight 0", ink.accent))
    if row.allowed[key]:
        facts.append((7, f"{ordinal(found.rank(key))} of {found.seen}", ink.text))
    return facts


def _of_row(scene: FarScene, found: Reading) -> list[Fact]:
    if found.unusual:  # which says more
        return []
    if found.seen and not math.isfinite(found.entropy):
        return [(1, "this query holds NaN or ∞: it has no entropy", scene.ink.warning)]
    if found.seen:
        return [(3, f"entropy {found.entropy:.2f} of {math.log(found.seen):.2f} nats", scene.ink.text)]
    return [(0, "this query sees nothing: its weights are zeros", scene.ink.warning)]


def _estimate(scene: FarScene) -> list[Fact]:
    if scene.progress.drawing or scene.whole.exact:
        told = drawn_so_far(scene)
        return [(2, told, scene.ink.warning)] if told else []
    row = "" if scene.reading is None else "this row is exact, "
    return [(2, f"{row}the map an estimate: {percent(scene.whole.share)}", scene.ink.warning)]


def drawn_so_far(scene: FarScene) -> str:
    """How many queries and keys have been drawn; nothing, where all have."""
    drawing = scene.progress.drawing
    return f"{percent(drawing.share)} of {drawing.total:,} numbers drawn" if drawing else ""


@kept(lambda far: (as_far(far).whole, as_far(far).ceiling, far.head, far.cursor[0], far.ink, charts.waiting()))
def far_entropy(far_scene: Scene, width: int, height: int) -> Lines:
    """The entropy of every query that is known, under its ceiling where that is known."""
    scene = as_far(far_scene)
    if charts.waiting() or not scene.whole.known.any():
        return [[Segment("…", scene.ink.dim)]]
    ink, found, ceiling = scene.ink, scene.whole, scene.ceiling
    cursor, axis = scene.cursor[0], ink.dim
    chart = Chart(_curves(found, ceiling, ink), "query", "nats", cursor=cursor, axis_style=axis, cursor_style=ink.mark)
    return charts.draw(chart, width, height)


@lru_cache(maxsize=1)
def _curves(found: MeanMap, ceiling: Ceiling | None, ink: Ink) -> tuple[Series, ...]:
    """The same series each time: a chart of them is laid out once."""
    name = "by query" if found.exact else f"by query, {percent(found.share)} known"
    places, entropies = extremes(found)
    entropy = Series(name, entropies, ink.accent, x=places)
    if ceiling is None:
        return (entropy,)
    return entropy, Series("ln(keys seen)", ceiling.nats, ink.dim, "dashes", x=ceiling.queries)


@lru_cache(maxsize=1)
def extremes(found: MeanMap) -> tuple[NDArray[np.int64], NDArray[np.floating[Any]]]:
    """Queries and their entropies: of each of some BINS the lowest and the highest of those that are known."""
    known = np.flatnonzero(np.isfinite(found.entropy))
    if known.size <= BINS:
        return known, found.entropy[known]
    bins = np.array_split(known, BINS)
    ends = ({int(each[found.entropy[each].argmin()]), int(each[found.entropy[each].argmax()])} for each in bins)
    kept = np.array(sorted(set().union(*ends)))
    return kept, found.entropy[kept]
