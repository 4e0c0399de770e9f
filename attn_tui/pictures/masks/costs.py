"""What a mask costs in each form, and how its pairs grow with the length."""

from __future__ import annotations

import numpy as np
from rich.segment import Segment

from attn_engine import Growth, bytes_text, flops_text

from ... import charts
from ...charts import Chart, Series
from ...lab.laboratory import Laboratory
from ...scene import Scene
from ..cells import Lines, beside, fit, page, wrap
from ..ink import Ink
from .settings import unknown

TABLE = (("", 13), ("FLOPs", 11), ("scores", 10), ("mask", 10), ("in vain", 9))
TABLE_WIDTH = sum(width for _, width in TABLE)
NARROW_TABLE = (("", 7), ("FLOPs", 10), ("scores", 9), ("mask", 9), ("in vain", 8))
NARROW_FORMS = {"block-sparse": "blocks"}
LEAST_CHART = (24, 6)


def costs(scene: Scene, lab: Laboratory, width: int, height: int) -> Lines:
    """The table, and beside it, or below where there is no room, the growth with n."""
    table = _table(scene.ink, lab, width)
    rest = width - TABLE_WIDTH - 3
    if rest >= LEAST_CHART[0]:
        left = page(table, TABLE_WIDTH + 3, max(height, len(table)), scene.ink.text)
        return beside(left, _chart(scene, lab, rest, len(left)))
    room = height - len(table) - 1
    return [*table, [], *_chart(scene, lab, width, room)] if room >= LEAST_CHART[1] else table


def _table(ink: Ink, lab: Laboratory, width: int) -> Lines:
    costs, columns = lab.costs, TABLE if width >= TABLE_WIDTH else NARROW_TABLE
    header = "".join(fit(name, size, right=place > 0) for place, (name, size) in enumerate(columns))
    lines: Lines = [[Segment(header, ink.dim)]]
    for cost in costs or ():
        sizes = (flops_text(cost.flops), bytes_text(cost.score_bytes), bytes_text(cost.mask_bytes))
        texts = (*sizes, f"{cost.in_vain:.1%}")
        form = cost.form if columns is TABLE else NARROW_FORMS.get(cost.form, cost.form)
        cells = [Segment(fit(form, columns[0][1]), ink.strong)]
        cells += [
            Segment(fit(text, size, right=True), ink.text) for text, (_, size) in zip(texts, columns[1:], strict=True)
        ]
        lines.append(cells)
    if costs is None:
        lines.append([Segment(unknown(lab), ink.dim)])
    return [*lines, [], *([Segment(line, ink.dim)] for line in wrap(_about(lab), min(width, TABLE_WIDTH)))]


def _about(lab: Laboratory) -> str:
    heads, size = lab.plane.num_heads, lab.lab.block_size
    grown = lab.growth
    law = f" Pairs grow as {grown.word}." if grown else ""
    return (
        f"For {heads} head{'s' if heads > 1 else ''} of d_k {lab.head_dim}: QKᵀ and PV, 4·d_k FLOPs a pair; scores "
        f"of 2 bytes; blocks of {size}, whole where they are not empty.{law}"
    )


def _chart(scene: Scene, lab: Laboratory, width: int, height: int) -> Lines:
    grown = lab.growth
    if charts.waiting() or grown is None:
        return page([[Segment(unknown(lab) if grown is None else "…", scene.ink.dim)]], width, height, scene.ink.text)
    return charts.draw(growth_chart(scene, lab, grown), width, height)


def growth_chart(scene: Scene, lab: Laboratory, grown: Growth) -> Chart:
    """Pairs against the length, both in powers; beside it what n² and one key a query would be."""
    ink = scene.ink
    doublings = np.log2(np.array(grown.lengths, dtype=np.float64))
    with np.errstate(divide="ignore"):
        pairs = np.log10(np.array(grown.pairs, dtype=np.float64))
    lengths = np.log10(np.array(grown.lengths, dtype=np.float64))
    series = (
        Series("this mask", pairs, ink.accent, x=doublings),
        Series("n²", 2 * lengths, ink.dim, "dashes", x=doublings),
        Series("n", lengths, ink.dim, "dots", x=doublings),
    )
    here = float(np.log2(lab.plane.query_length))
    return Chart(series, "log₂ n", "log₁₀ pairs", cursor=here, axis_style=ink.dim, cursor_style=ink.mark)
