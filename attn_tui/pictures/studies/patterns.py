"""Full, causal and local attention side by side: what each query sees, what it costs, and who uses it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style

from attn_engine import USED_BY, PatternSettings, PatternStudy, pattern_weights

from ... import charts
from ...charts import Series
from ...scene import Scene
from ...study_records import records_of
from ...study_tables import Column, counted, fixed, mean
from ..cells import Lines, cut, printable, wrap
from ..ink import Ink
from .grids import gallery
from .parts import chart_of, rows_table, waiting


def _study(scene: Scene) -> PatternStudy | None:
    return scene.trial.of(PatternStudy) if scene.trial else None


@lru_cache(maxsize=8)
def _weights(settings: PatternSettings) -> tuple[tuple[NDArray[Any], NDArray[np.bool_]], ...]:
    return pattern_weights(settings)


def pattern_at(scene: Scene, settings: PatternSettings) -> int:
    """The pattern stood on, among those that are there."""
    return min(scene.session.studies.pattern_at, len(settings.masks) - 1)


def pattern_pictures(scene: Scene, width: int, height: int) -> Lines:
    """The weights of one random head under each mask."""
    settings = scene.trial.settings if scene.trial else None
    if not isinstance(settings, PatternSettings):
        return waiting(scene)
    captions, here = [printable(mask) for mask in settings.masks], pattern_at(scene, settings)
    weights = _weights(settings)
    tiles = [(caption, *pair) for caption, pair in zip(captions, weights, strict=True)]
    used = USED_BY.get(settings.masks[here], f"a rule of your own, {scene.keycaps['knob.mask']} types another")
    text = f"{captions[here]}: {used}; colours from 0 to {weights[here][0].max():.2f}"
    words: Lines = [[Segment(line, scene.ink.dim)] for line in wrap(text, width)]
    return [*gallery(scene.ink, tiles, width, height - len(words), here), *words]


def pattern_colours(ink: Ink) -> tuple[Style, ...]:
    """A colour for each place."""
    return ink.warning, ink.strong, ink.accent, ink.good


def pattern_cost(scene: Scene, width: int, height: int) -> Lines:
    """Pairs against the length: n² beside n·w."""
    study, costs = _study(scene), scene.trial.costs if scene.trial else None
    if study is None or costs is None or charts.waiting():
        return waiting(scene)
    series = [
        Series(cut(printable(row.mask), 16), grown.pairs, style, x=grown.lengths)
        for row, grown, style in zip(study.rows, costs, pattern_colours(scene.ink), strict=False)
    ]
    return charts.draw(chart_of(scene, series, ("n", "pairs"), log=False), width, height)


def pattern_table(scene: Scene, width: int, _: int) -> Lines:
    """What each mask lets be seen, and costs."""
    study = _study(scene)
    if study is None:
        return waiting(scene)
    records = records_of(study)
    words = {row.mask: row.growth.word for row in study.rows}
    name = Column("mask", lambda record: cut(printable(record["mask"]), max(width - 33, 12)), "<")
    wide = [
        name,
        Column("pairs", counted("pairs")),
        Column("of all", lambda record: f"{record['density']:.0%}"),
        Column("keys", lambda record: f"≤ {record['most_keys']:,}"),
        Column("entropy ± error", mean),
        Column("at most", fixed("ceiling", 3)),
        Column("grows as", lambda record: words[record["mask"]], "<"),
    ]
    brief = [*wide[:3], Column("entropy", fixed("mean", 2)), wide[-1]]
    here = [at == pattern_at(scene, study.settings) for at in range(len(records))]
    lines = rows_table(scene, (wide, [*wide[:4], *wide[6:]], brief), records, here, width)
    row = study.rows[pattern_at(scene, study.settings)]
    mark = "" if row.growth.exact[-1] else "≈ "
    text = f"{row.mask} at n = {row.growth.lengths[-1]:,}: {mark}{row.growth.pairs[-1]:,} pairs"
    return [*lines, [], *([Segment(line, scene.ink.dim)] for line in wrap(printable(text), width))]


def pattern_facts(scene: Scene) -> list[tuple[int, str, Style]]:
    """What the cursor stands on, in words."""
    study, ink = _study(scene), scene.ink
    if study is None:
        return [(0, "…", ink.dim)]
    here = pattern_at(scene, study.settings)
    row, (_, mask) = study.rows[here], _weights(study.settings)[here]
    seen = mask.sum(axis=-1)
    return [
        (0, printable(row.mask), ink.strong),
        (1, f"a query sees {seen.min()} … {seen.max()} of {mask.shape[1]} keys", ink.accent),
        (2, f"entropy {row.entropy.mean:.2f} of {row.ceiling:.2f} nats", ink.text),
        (3, f"{row.pairs:,} pairs, {row.density:.0%} of all", ink.text),
    ]
