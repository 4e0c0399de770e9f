"""Why scores are divided by √d_k: entropy against d_k, one query's weights, and what is left of the gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style

from attn_engine import ScalingSettings, ScalingStudy, SoftmaxFigures, scaling_weights

from ... import charts
from ...charts import Series
from ...scene import Scene
from ...study_records import records_of
from ...study_tables import Column, counted, fixed, inside, mean, short_band
from ..cells import Lines, wrap
from ..ink import Ink
from .parts import BAND, PUBLISHED, band_style, chart_of, columns, rows_table, waiting

KINDS = {"unscaled": "q·k", "scaled": "q·k/√d_k"}


def styles(ink: Ink) -> dict[str, Style]:
    """The colours of the two kinds of scores."""
    return {"unscaled": ink.warning, "scaled": ink.accent}


def _study(scene: Scene) -> ScalingStudy | None:
    return scene.trial.of(ScalingStudy) if scene.trial else None


def _figures(study: ScalingStudy, kind: str) -> list[SoftmaxFigures]:
    return [getattr(row, kind) for row in study.rows]


def _dims(study: ScalingStudy) -> list[int]:
    return [row.head_dim for row in study.rows]


def scaling_figure(scene: Scene, width: int, height: int) -> Lines:
    """Entropy against d_k: means, bands of single draws, what was published, and the most there can be."""
    study = _study(scene)
    if study is None or charts.waiting():
        return waiting(scene)
    dims, ink = _dims(study), scene.ink
    ceiling = Series("most there can be", [study.ceiling] * len(dims), ink.dim, "dashes", x=dims)
    series = (*_marks(study, ink), *_means(scene, study), ceiling, *_bands(scene, study))
    chart = chart_of(scene, series, ("d_k", "entropy, nats"), scene.session.studies.study_dim)
    return charts.draw(chart, width, height)


def _means(scene: Scene, study: ScalingStudy) -> list[Series]:
    return _curves(scene, study, lambda figures: figures.entropy.mean)


def _bands(scene: Scene, study: ScalingStudy) -> list[Series]:
    lows = _curves(scene, study, lambda figures: figures.entropy.low)
    highs = _curves(scene, study, lambda figures: figures.entropy.high)
    return [
        Series(BAND if not at else "", low.y, band_style(scene.ink, low.style), "band", low.x, high.y)
        for at, (low, high) in enumerate(zip(lows, highs, strict=True))
    ]


def _marks(study: ScalingStudy, ink: Ink) -> list[Series]:
    known = [
        (row.head_dim, estimate.published)
        for kind in KINDS
        for row in study.rows
        for estimate in (getattr(row, kind).entropy,)
        if estimate.published is not None
    ]
    if not known:
        return []
    dims, figures = zip(*known, strict=True)
    return [Series(PUBLISHED, figures, ink.strong, "dots", dims)]


def _curves(scene: Scene, study: ScalingStudy, figure: Callable[[SoftmaxFigures], float]) -> list[Series]:
    """One figure of both kinds of scores against d_k."""
    return [
        Series(name, [figure(figures) for figures in _figures(study, kind)], style, x=_dims(study))
        for (kind, name), style in zip(KINDS.items(), styles(scene.ink).values(), strict=True)
    ]


def scaling_gradient(scene: Scene, width: int, height: int) -> Lines:
    """The deviation of the scores above, what is left of the gradient below."""
    study = _study(scene)
    if study is None or charts.waiting():
        return waiting(scene)
    upper, here = (height + 1) // 2, scene.session.studies.study_dim
    deviations = _curves(scene, study, lambda figures: figures.deviation)
    gradients = [replace(curve, name="") for curve in _curves(scene, study, lambda figures: figures.jacobian)]
    above = chart_of(scene, deviations, ("d_k", "score s.d."), here)
    below = chart_of(scene, gradients, ("d_k", "gradient left"), here)
    return charts.draw(above, width, upper) + charts.draw(below, width, height - upper)


@lru_cache(maxsize=8)
def weights_of(settings: ScalingSettings, head_dim: int) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """The weights of the first draw, kept for the last few."""
    return scaling_weights(settings, head_dim)


def scaling_weights_bars(scene: Scene, width: int, height: int) -> Lines:
    """The weights of one query of one draw as bars from 0 to 1, unscaled above scaled."""
    study = _study(scene)
    if study is None:
        return waiting(scene)
    query, upper = _query(scene), (height + 1) // 2
    pairs = zip(KINDS.items(), weights_of(study.settings, scene.session.studies.study_dim), strict=True)
    lines: Lines = []
    for ((kind, name), weights), rows in zip(pairs, (upper, height - upper), strict=True):
        style, row = styles(scene.ink)[kind], np.asarray(weights[query])
        lines.append([Segment(f"{name}: most {row.max():.2f}", style)])
        lines += columns(row, width, rows - 2, scene.ink, style)
        lines.append([Segment("a bar for each key, 0 to 1" if kind == "scaled" else "", scene.ink.dim)])
    return lines


def _query(scene: Scene) -> int:
    return min(scene.session.studies.study_cursor[0], scene.session.studies.study_length - 1)


def scaling_weights_title(scene: Scene) -> str:
    """Which query's weights they are."""
    return f"Query {_query(scene)}, d_k {scene.session.studies.study_dim:,}"


def scaling_table(scene: Scene, width: int, _: int) -> Lines:
    """Every figure: published, mean and error, the band, and whether the published one lies inside."""
    study = _study(scene)
    if study is None:
        return waiting(scene)
    records = records_of(study)
    wide = [
        Column("scores", lambda record: KINDS[record["scores"]], "<"),
        Column("d_k", counted("d_k")),
        Column(PUBLISHED, fixed("published", 2)),
        Column("mean ± error", mean),
        Column(BAND, short_band),
        Column("inside", inside),
    ]
    short = [*wide[:2], Column("publ", fixed("published", 2)), wide[3], *wide[4:5], Column("in", inside)]
    brief = [
        Column("d_k", lambda record: f"{'÷√' if record['scores'] == 'scaled' else ''}{record['d_k']:>3}"),
        Column("publ", fixed("published", 2)),
        Column("mean ± error", mean),
        Column("95 %", short_band),
        Column("in", inside),
    ]
    here = [record["d_k"] == scene.session.studies.study_dim for record in records]
    words = f"Entropy: 0 all on one key, {study.ceiling:.2f} even on all it sees."
    lines = rows_table(scene, (wide, short, brief), records, here, width)
    return [*lines, [], *([Segment(line, scene.ink.dim)] for line in wrap(words, width))]


def scaling_facts(scene: Scene) -> list[tuple[int, str, Style]]:
    """What the cursor stands on, in words."""
    study, ink = _study(scene), scene.ink
    if study is None:
        return [(0, "…", ink.dim)]
    shown = scene.session.studies.study_dim
    row = next((row for row in study.rows if row.head_dim == shown), study.rows[0])
    plain, scaled = (weights_of(study.settings, shown)[at] for at in (0, 1))
    query, spread = _query(scene), row.unscaled.deviation
    return [
        (0, f"d_k {row.head_dim:,}", ink.strong),
        (2, f"spread of q·k {spread:.1f}, √{row.head_dim} = {row.head_dim**0.5:.1f}", ink.text),
        (1, f"q·k: entropy {row.unscaled.entropy.mean:.2f}", ink.warning),
        (1, f"q·k/√d_k: {row.scaled.entropy.mean:.2f} of {study.ceiling:.2f} nats", ink.accent),
        (4, f"gradient left {row.unscaled.jacobian:.2f} and {row.scaled.jacobian:.2f}", ink.text),
        (3, f"query {query}: most weight {plain[query].max():.2f} and {scaled[query].max():.2f}", ink.text),
    ]
