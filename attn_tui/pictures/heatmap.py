"""The heat map: rows are queries, columns are keys, one continuous zoom from written numbers to blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment

from ..scene import Scene
from ..stages import Matrix
from ..view import RANGES
from .axes import column_labels, row_label
from .cells import Line, Lines, fit, page, squeezed
from .colour_bar import colour_bar
from .drawn import Drawn
from .ink import MASKED, NOTHING
from .levels import Levels, blocked, shades
from .plan import LEAST_WITH_BAR, NUMBER_WIDTH, Plan, plan_map
from .shading import half_cells, whole_cells
from .state import place_of_a


def map_title(scene: Scene) -> str:
    """The stage on show, of what A is while it is compared, and what the colours mean."""
    view = scene.session.view
    if view.stage == "mask" and not scene.signed:
        return f"{scene.title}: {scene.shown.mask}"
    meaning = RANGES[view.colour_range]
    meaning = meaning.replace("0 to 1", "−1 to 1") if scene.signed else meaning
    return " · ".join(filter(None, (scene.title, place_of_a(scene), meaning)))


def heat_map(scene: Scene, width: int, height: int) -> Lines:
    """The map as a page of width × height cells."""
    return page(map_lines(scene, width, height), width, height, scene.ink.text)


def map_lines(scene: Scene, width: int, height: int) -> Lines:
    """The map in at most width × height cells: column labels, labelled rows, and the colour bar below."""
    plan = plan_map(scene, width, height)
    drawn = _drawn(scene, plan)
    lines = [*column_labels(scene, plan), *_rows(scene, plan, drawn)]
    if height < LEAST_WITH_BAR:
        return lines[:height]
    lines = lines[: height - 1]
    gap: Lines = [[]] if height - len(lines) > 2 else []
    return [*lines, *gap, colour_bar(scene, plan, drawn, width)]


def _drawn(scene: Scene, plan: Plan) -> Drawn:
    if scene.is_far:
        from .far_map import drawn_far

        return drawn_far(scene, plan)
    view = scene.session.view
    matrix, mask = _cells(scene.matrix, scene.mask, plan.zoom.block, view.blocks)
    highest = scene.highest if view.colour_range == "heads" else 0.0
    return Drawn(shades(matrix, mask, view.colour_range, signed=scene.signed, highest=highest), scene.matrix)


Mask = NDArray[np.bool_]

_last: dict[tuple[object, ...], tuple[tuple[Matrix, Mask], Matrix, Mask]] = {}
"""The blocks that were drawn last, with the arrays that they are of, so that their memory stays theirs."""


def _cells(matrix: Matrix, mask: Mask, block: int, statistic: str) -> tuple[Matrix, Mask]:
    """The numbers of the picture's cells, or of its blocks, which are kept while they are of the same numbers."""
    if block == 1:
        return matrix, mask
    key = (*_place(matrix), *_place(mask), block, statistic)
    if key not in _last:
        _last.clear()
        _last[key] = blocked(matrix, mask, block, statistic), matrix, mask
    return _last[key][0]


def _place(array: NDArray[Any]) -> tuple[object, ...]:
    """Where an array lies in memory: two views of the same numbers have the same place."""
    return array.__array_interface__["data"][0], array.shape, array.strides


def _rows(scene: Scene, plan: Plan, drawn: Drawn) -> Iterator[Line]:
    top, left = plan.first
    window, tones = drawn.window(plan), drawn.tones
    cursor = scene.cursor[0] // plan.zoom.block - top, scene.cursor[1] // plan.zoom.block - left
    step = 2 if plan.zoom.halves else 1
    for row in range(0, len(window), step):
        here = row <= cursor[0] < row + step
        column = cursor[1] if here else -1
        line = [row_label(scene, plan, top + (cursor[0] if here else row), marked=here)]
        if plan.zoom.name == "numbers":
            at, start = drawn.within((top + row, left))
            yield line + _number_cells(scene, drawn.numbers[at, start : start + plan.shown[1]], window[row], column)
        elif plan.zoom.halves:
            pair = window[row], window[row + 1] if row + 1 < len(window) else None
            yield line + half_cells(scene.ink, tones.signed, pair, column, cursor[0] - row)
        else:
            yield line + whole_cells(scene.ink, tones.signed, window[row], column, plan.zoom.width)


def _number_cells(scene: Scene, numbers: Matrix, levels: Levels, column: int) -> Line:
    ink = scene.ink
    line: Line = []
    for index, (level, number) in enumerate(zip(levels.tolist(), numbers.tolist(), strict=True)):
        style = ink.cell(level, signed=scene.signed) if ink.shaded else ink.glyph(level, signed=scene.signed)[1]
        room = NUMBER_WIDTH - 2 if index == column else NUMBER_WIDTH
        text = fit(squeezed(number, min(room, NUMBER_WIDTH - 1)), room, right=True)
        text = {MASKED: "╱", NOTHING: " "}[level] * room if level in (MASKED, NOTHING) else text
        line.append(Segment(f"[{text}]", ink.mark) if index == column else Segment(text, style))
    return line
