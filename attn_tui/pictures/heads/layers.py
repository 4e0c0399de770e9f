"""All layers at a glance: a row for each layer, in it a cell for each head, coloured by a measure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from rich.segment import Segment

from attn_engine import LayerOverview

from ...desk import Trouble
from ...layers.overview import Layers
from ...scene import Scene
from ...view import HEAD_MEASURES, KIND_LETTERS
from ..cells import Line, Lines, fit, wrap
from ..ink import Ink
from ..palettes import LEVELS
from .numbers import number, over

Known = tuple[LayerOverview | Trouble | None, ...]

CELLS = (8, 7, 3, 2, 1)
"""Columns of a cell, the widest that fits; in the first two stands the number."""

DIGITS = {"distance": 1, "concentration": 1}
"""Decimals of a measure's numbers; the others have 2."""

RAMP = 12
"""Columns of the colours between their numbers."""

NAMED = 72
"""Columns from which the measure is named beside its colours, as it is in the title."""


@dataclass(frozen=True)
class Grid:
    """Where the cells stand: columns of a layer's number and of a cell, and the layers and heads that are shown."""

    label: int
    cell: int
    layers: tuple[int, ...]
    heads: range

    def place_at(self, x: int, y: int) -> tuple[int, int] | None:
        """The layer and head at a column and row, or None."""
        row, column = y - 1, (x - self.label) // self.cell
        if 0 <= row < len(self.layers) and x >= self.label and column < len(self.heads):
            return self.layers[row], self.heads[column]
        return None


def grid_of(scene: Scene, layers: Layers, width: int, height: int) -> Grid:
    """The grid in so many columns and rows, of which the first has the heads' numbers."""
    label = len(str(max(layers.numbers))) + 1
    room = max(width - label, 1)
    cell = next((cell for cell in CELLS if cell * layers.num_heads <= room), 1)
    rows = _window(len(layers.numbers), layers.numbers.index(scene.shown.layer), max(height - 1, 1))
    return Grid(
        label, cell, layers.numbers[rows.start : rows.stop], _window(layers.num_heads, scene.head_number, room // cell)
    )


def _window(count: int, here: int, most: int) -> range:
    first = min(max(here - most // 2, 0), max(count - most, 0))
    return range(first, min(first + most, count))


@dataclass(frozen=True)
class Scale:
    """A measure, and the least and greatest of its numbers so far; NaN before the first."""

    measure: str
    low: float
    high: float

    def level(self, value: float) -> int:
        """The level of a number that is finite."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.0
        return round(share * (LEVELS - 1))

    def written(self, value: float) -> str:
        """A number with the decimals of the measure."""
        return "∞" if math.isinf(value) else number(value, DIGITS.get(self.measure, 2))


def scale_of(known: Known, measure: str) -> Scale:
    """The numbers that the colours stand for."""
    read = [layer.numbers[measure] for layer in known if isinstance(layer, LayerOverview)]
    numbers = np.concatenate([np.zeros(0), *read])
    numbers = numbers[np.isfinite(numbers)]
    return Scale(measure, *((numbers.min(), numbers.max()) if numbers.size else (math.nan, math.nan)))


def counted_text(known: Known, measure: str) -> str:
    """Over how many queries the numbers read so far are means, where that is not all of them."""
    read = [layer for layer in known if isinstance(layer, LayerOverview)]
    return over(np.concatenate([layer.counted[measure] for layer in read]), read[0].query_length) if read else ""


def grid(scene: Scene, layers: Layers, width: int, height: int) -> Lines:
    """The numbers of the heads, and a line for each layer, as many as fit around the one on show."""
    known = dict(zip(layers.numbers, layers.known(scene.shown.layer), strict=True))
    where = grid_of(scene, layers, width, height)
    scale = scale_of(tuple(known.values()), scene.session.view.head_measure)
    lines = [_numbers(scene, where)]
    for layer in where.layers:
        here = layer == scene.shown.layer
        label = Segment(f"{layer:>{where.label - 1}} ", scene.ink.accent if here else scene.ink.dim)
        lines.append([label, *_row(scene, where, scale, known[layer], scene.head_number if here else -1)])
    return lines


def _numbers(scene: Scene, where: Grid) -> Line:
    """The numbers of the heads: all of them, or every second, fifth, tenth … where they would touch."""
    wide = len(str(where.heads.stop - 1)) + 1
    every = next(step for step in (1, 2, 5, 10, 20, 50, 100, 10**6) if step * where.cell >= wide)
    texts, used = [" " * where.label], where.label
    for place, head in enumerate(where.heads):
        if head % every == 0:
            start = where.label + place * where.cell
            texts += [" " * (start - used), str(head)]
            used = start + len(str(head))
    return [Segment("".join(texts), scene.ink.dim)]


def _row(scene: Scene, where: Grid, scale: Scale, layer: LayerOverview | Trouble | None, marked: int) -> Line:
    ink = scene.ink
    if isinstance(layer, Trouble):
        return [Segment(fit(f"cannot be read: {layer}", where.cell * len(where.heads)), ink.warning)]
    if layer is None:
        return [Segment(fit("…", where.cell), ink.mark if head == marked else ink.dim) for head in where.heads]
    return [_cell(scene, where.cell, scale, layer, head, marked=head == marked) for head in where.heads]


def _cell(scene: Scene, width: int, scale: Scale, layer: LayerOverview, head: int, *, marked: bool) -> Segment:
    ink, wanted = scene.ink, scene.session.view.head_kind
    kind, value = layer.kinds[head].name, float(layer.numbers[scale.measure][head])
    letter = KIND_LETTERS[kind]
    written = f"{letter} {scale.written(value)}" if width > 3 else letter.rjust(width // 2 + 1)
    text = fit(written, width)
    if marked:
        return Segment(text, ink.mark)
    if wanted and kind != wanted:
        return Segment(text if ink.shaded or width > 1 else " ", ink.dim)
    if not math.isfinite(value):
        return Segment(text, ink.warning)
    level = scale.level(value)
    if ink.shaded:
        return Segment(text, ink.cell(level, signed=False))
    glyphs, style = ink.glyph(level, signed=False)
    return Segment(text if width == 1 or width > 3 else letter + glyphs[: width - 1], style)


def range_line(scene: Scene, layers: Layers, width: int) -> Line:
    """What the colours mean, and how much has been read; of a kind that is looked for, how many heads there are."""
    ink, known, view = scene.ink, layers.known(scene.shown.layer), scene.session.view
    scale = scale_of(known, view.head_measure)
    line = [
        Segment(f"{scale.written(scale.low)} ", ink.text),
        *_ramp(ink),
        Segment(f" {scale.written(scale.high)}", ink.text),
    ]
    if width >= NAMED:
        line.insert(0, Segment(f"{HEAD_MEASURES[view.head_measure]} ", ink.text))
    read = [layer for layer in known if layer is not None]
    if len(read) < len(known):
        line.append(Segment(f"   … {len(read)} of {len(known)} layers read", ink.accent))
    if view.head_kind:
        count = sum(kind.name == view.head_kind for layer in read for kind in getattr(layer, "kinds", ()))
        line.append(Segment(f"   {count} {view.head_kind} head{'' if count == 1 else 's'}", ink.accent))
    return line


def _ramp(ink: Ink) -> Line:
    """The colours from least to most, or the glyphs."""
    if not ink.shaded:
        return [Segment(*ink.small_glyph(round(step * (LEVELS - 1) / 4), signed=False)) for step in range(5)]
    return [Segment(" ", ink.cell(round(step * (LEVELS - 1) / (RAMP - 1)), signed=False)) for step in range(RAMP)]


def legend(scene: Scene, layers: Layers, width: int) -> Lines:
    """The letters of the kinds that there are."""
    known = layers.known(scene.shown.layer)
    found = {kind.name for layer in known if isinstance(layer, LayerOverview) for kind in layer.kinds}
    text = "   ".join(f"{letter} {name}" for name, letter in KIND_LETTERS.items() if name in found)
    return [[Segment(line, scene.ink.dim)] for line in wrap(text, width)] if text else []
