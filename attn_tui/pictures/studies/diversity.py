"""How alike random heads are: similarity against their number, the heads of one draw, and those of a real model."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style

from attn_engine import DiversitySettings, DiversityStudy, Estimate, diversity_weights, sample_similarity

from ... import charts
from ...charts import Series
from ...scene import Scene
from ...study_records import records_of
from ...study_tables import Column, counted, fixed, inside, mean, short_band
from ..cells import Lines
from ..ink import Ink
from .grids import gallery
from .parts import BAND, PUBLISHED, band_style, chart_of, rows_table, waiting


def _study(scene: Scene) -> DiversityStudy | None:
    return scene.trial.of(DiversityStudy) if scene.trial else None


def diversity_figure(scene: Scene, width: int, height: int) -> Lines:
    """Similarity against the number of heads: the mean, the band of single draws, what was published."""
    study = _study(scene)
    if study is None or charts.waiting():
        return waiting(scene)
    ink, one = scene.ink, [row for row in study.rows if row.heads == 1]
    drawn = [row for row in study.rows if row.heads > 1]
    heads = [row.heads for row in drawn]
    estimates = [row.similarity for row in drawn]
    series = [
        *_marks(study, ink),
        Series("mean of draws", [each.mean for each in estimates], ink.accent, x=heads),
        Series("1 by definition", [row.similarity.mean for row in one], ink.accent, "dots", [row.heads for row in one]),
        _band(ink, heads, estimates),
    ]
    here = scene.session.studies.study_heads
    chart = chart_of(scene, series, ("heads", "similarity"), here, limits=(0.0, 1.0))
    return charts.draw(chart, width, height)


def _band(ink: Ink, heads: list[int], estimates: list[Estimate]) -> Series:
    low, high = [each.low for each in estimates], [each.high for each in estimates]
    return Series(BAND, low, band_style(ink, ink.accent), "band", heads, high)


def _marks(study: DiversityStudy, ink: Ink) -> list[Series]:
    known = [(row.heads, row.similarity.published) for row in study.rows if row.similarity.published is not None]
    if not known:
        return []
    heads, figures = zip(*known, strict=True)
    return [Series(PUBLISHED, figures, ink.strong, "dots", heads)]


def real_heads(scene: Scene, width: int, height: int) -> Lines:
    """The heads of a real model, layer by layer, and what random ones have."""
    study = _study(scene)
    if study is None or charts.waiting():
        return waiting(scene)
    ink, layers = scene.ink, sample_similarity()
    means = [row.similarity.mean for row in study.rows if row.heads > 1]
    series = [Series("a real model's heads", layers, ink.good, "bars")]
    if means:
        series.insert(0, Series("random heads", [sum(means) / len(means)] * len(layers), ink.accent, "bars"))
    return charts.draw(chart_of(scene, series, ("layer", "similarity"), log=False, limits=(0.0, 1.0)), width, height)


@lru_cache(maxsize=8)
def _weights(settings: DiversitySettings, heads: int) -> NDArray[Any]:
    return diversity_weights(settings, heads)


def random_heads(scene: Scene, width: int, height: int) -> Lines:
    """The heads of one draw as small pictures."""
    study = _study(scene)
    if study is None:
        return waiting(scene)
    weights = _weights(study.settings, scene.session.studies.study_heads)
    return gallery(scene.ink, [(f"{at}", each, None) for at, each in enumerate(weights)], width, height)


def random_heads_title(scene: Scene) -> str:
    """How many they are."""
    number = scene.session.studies.study_heads
    return f"One draw of {number} head{'s' if number > 1 else ''}"


def diversity_table(scene: Scene, width: int, _: int) -> Lines:
    """Every figure: published, mean and error, the band, and whether the published one lies inside."""
    study = _study(scene)
    if study is None:
        return waiting(scene)
    records = records_of(study)
    wide = [
        Column("heads", counted("heads")),
        Column(PUBLISHED, fixed("published", 2)),
        Column("mean ± error", mean),
        Column(BAND, short_band),
        Column("inside", inside),
    ]
    brief = [
        *wide[:1],
        Column("publ", fixed("published", 2)),
        wide[2],
        Column("95 %", short_band),
        Column("in", inside),
    ]
    here = [record["heads"] == scene.session.studies.study_heads for record in records]
    lines = rows_table(scene, (wide, brief), records, here, width)
    return [*lines, [], [Segment("One head is 1 by definition: alike to itself.", scene.ink.dim)]]


def diversity_facts(scene: Scene) -> list[tuple[int, str, Style]]:
    """What the cursor stands on, in words."""
    study, ink = _study(scene), scene.ink
    if study is None:
        return [(0, "…", ink.dim)]
    row = next((row for row in study.rows if row.heads == scene.session.studies.study_heads), study.rows[0])
    found = row.similarity
    facts = [
        (0, f"{row.heads} head{'s' if row.heads > 1 else ''}", ink.strong),
        (1, f"similarity {found.mean:.3f}", ink.accent),
    ]
    if row.heads > 1:
        facts.append((2, f"95 % of draws {found.low:.2f} – {found.high:.2f}", ink.text))
    if found.published is not None:
        facts.append((3, f"published {found.published:.2f}{', inside' if found.inside else ', outside'}", ink.text))
    return facts
