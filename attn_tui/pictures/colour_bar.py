"""The line below the map: what its shades mean in numbers, and what its cells are, in the words there is room for."""

from __future__ import annotations

from rich.segment import Segment

from ..scene import Scene
from .cells import Line, figure, width_of
from .drawn import Drawn
from .ink import MASKED
from .palettes import LEVELS
from .plan import Plan
from .shading import cell

BRIEF, NO_ROW, NO_MASKED, NO_PART, LEAST = range(1, 6)
"""From which degree words are brief, and from which some are left out."""


def colour_bar(scene: Scene, plan: Plan, drawn: Drawn, width: int) -> Line:
    """What the shades mean, for the cursor's row, and which part of the picture is in view; briefer in less room."""
    for degree in range(LEAST + 1):
        for shades_shown in (8, 4, 2) if degree >= NO_MASKED else (8, 4):
            line = [*_legend(scene, plan, drawn, degree, shades_shown), *_notes(scene, plan, drawn, degree)]
            if width_of(line) <= width:
                return line
    return line


def _legend(scene: Scene, plan: Plan, drawn: Drawn, degree: int, shades_shown: int) -> Line:
    ink, tones, view = scene.ink, drawn.tones, scene.session.view
    hatched = (tones.levels == MASKED).any() and degree < NO_MASKED
    masked = [Segment("╱╱", ink.hatch), Segment(" masked  ", ink.dim)] if hatched else []
    if view.stage == "mask" and not scene.signed:
        return [Segment(*cell(ink, LEVELS - 1, tones.signed)), Segment(" may look  ", ink.dim), *masked]
    row = min(drawn.within((scene.cursor[0] // plan.zoom.block, 0))[0], len(tones.high) - 1)
    low, high = (figure(float(ends[row])) for ends in (tones.low, tones.high))
    low = "0" if degree >= NO_MASKED and not tones.low[row] else low
    whose = " this row" if view.colour_range == "row" and degree < NO_ROW else ""
    levels = [round(index * (LEVELS - 1) / (shades_shown - 1)) for index in range(shades_shown)]
    bar = [_swatch(scene, plan, level) for level in levels]
    return [Segment(f"{low} ", ink.dim), *bar, Segment(f" {high}{whose}  ", ink.dim), *masked]


def _swatch(scene: Scene, plan: Plan, level: int) -> Segment:
    """A shade of the colour bar, drawn as the cells are."""
    ink, signed = scene.ink, scene.signed
    if ink.shaded or not plan.zoom.halves:
        return Segment(*cell(ink, level, signed))
    text, style = ink.small_glyph(level, signed=signed)
    return Segment(text * 2, style)


def _notes(scene: Scene, plan: Plan, drawn: Drawn, degree: int) -> Line:
    """How far the numbers are known, what a block shows, and the part in view."""
    ink, zoom = scene.ink, _zoom_note(scene, plan, degree)
    if not drawn.note:
        return [Segment(zoom, ink.dim)]
    note = drawn.note[degree >= BRIEF]
    return [Segment(f"{note}  " if zoom else note, ink.warning), Segment(zoom, ink.dim)]


def _zoom_note(scene: Scene, plan: Plan, degree: int) -> str:
    notes, block = [], plan.zoom.block
    if block > 1:
        full, brief = f"blocks of {block}, {scene.blocks}", f"{scene.blocks} of {block}"
        notes.append(scene.blocks if degree >= LEAST else brief if degree >= BRIEF else full)
    if not plan.complete and degree < NO_PART:
        rows, columns = (
            f"{first * block}–{min((first + count) * block, total) - 1}"
            for first, count, total in zip(plan.first, plan.shown, scene.size, strict=True)
        )
        notes.append(f"{rows} × {columns}")
    return " · ".join(notes)
