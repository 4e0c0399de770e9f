"""The labels of a map's rows and columns: tokens where there are any, ticks where they do not fit."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from ..scene import Scene
from .cells import STAND_IN, Line, Lines, cut, fit
from .ink import Ink
from .plan import Plan

TICK_EVERY = 5
UNDERLINED = Style(underline=True)
"""What a label that is marked has more."""


def row_label(scene: Scene, plan: Plan, row: int, *, marked: bool) -> Segment:
    """The label before a row of cells: its token or its number, marked where the cursor is."""
    position = scene.cursor[0] if marked else row * plan.zoom.block
    named = scene.has_tokens and plan.zoom.block == 1
    style = (
        scene.ink.mark
        if marked
        else _label_style(scene, scene.query_labels[position], scene.positions_at(position, 0)[0][0])
    )
    told = marked
    if plan.zoom.block == 1 and position in scene.marked_rows:
        style, told = style + UNDERLINED, True
    if named and (not plan.zoom.halves or marked):
        return Segment(fit(scene.query_labels[position], plan.label_width - 1) + " ", style)
    return numbered(scene.ink, plan, row, position, style, left=named, told=told)


def numbered(
    ink: Ink, plan: Plan, row: int, position: int, style: Style, *, left: bool = False, told: bool = False
) -> Segment:
    """The number before a row of cells: of every few rows, of the cursor's, and where it has to be told."""
    text = str(position) if told or style is ink.mark or _is_tick(row, plan, axis=0) else ""
    return Segment(fit(text, plan.label_width - 1, right=not left) + " ", style if text else ink.dim)


def _label_style(scene: Scene, label: str, position: int) -> Style:
    """What is searched for is marked; what was generated, after a prompt, stands out."""
    wanted = scene.session.view.search
    if wanted and wanted.casefold() in label.casefold():
        return scene.ink.match
    prompt = scene.inputs.captured.prompt_length if scene.inputs.captured else None
    return scene.ink.dim if prompt is None or position < prompt else scene.ink.accent


def _is_tick(cell: int, plan: Plan, *, axis: int) -> bool:
    return plan.whole[axis] <= 10 or cell % TICK_EVERY == 0


def column_labels(scene: Scene, plan: Plan) -> Lines:
    """The lines of labels above the cells."""
    if plan.label_height == 1 and not (scene.has_tokens and plan.zoom.name == "numbers"):
        own = scene.key_labels[scene.cursor[1]] if plan.zoom.block == 1 else str(scene.cursor[1])
        marked = scene.marked_columns if plan.zoom.block == 1 else ()
        return [tick_labels(scene.ink, plan, scene.cursor[1], own, marked)]
    if plan.zoom.name == "numbers":
        return [_level_labels(scene, plan)]
    return _standing_labels(scene, plan)


def _column_style(scene: Scene, plan: Plan, cell: int) -> Style:
    here = cell == scene.cursor[1] // plan.zoom.block
    if plan.zoom.block > 1:
        return scene.ink.mark if here else scene.ink.dim
    style = scene.ink.mark if here else _label_style(scene, scene.key_labels[cell], scene.positions_at(0, cell)[1][0])
    return style + UNDERLINED if cell in scene.marked_columns else style


def _columns(plan: Plan) -> range:
    return range(plan.first[1], plan.first[1] + plan.shown[1])


def _level_labels(scene: Scene, plan: Plan) -> Line:
    """Labels written along the row, one above each cell."""
    line = [Segment(" " * plan.label_width, scene.ink.dim)]
    for cell in _columns(plan):
        text = fit(cut(scene.key_labels[cell], plan.zoom.width - 1), plan.zoom.width, right=True)
        line.append(Segment(text, _column_style(scene, plan, cell)))
    return line


def _standing_labels(scene: Scene, plan: Plan) -> Lines:
    """Labels written downwards, ending just above their cells."""
    height, width = plan.label_height, plan.zoom.width
    columns = []
    for cell in _columns(plan):
        label = scene.key_labels[cell]
        letters = _letters(label, height, width)
        columns.append(([" " * width] * (height - len(letters)) + letters, _column_style(scene, plan, cell)))
    blank = Segment(" " * plan.label_width, scene.ink.dim)
    return [
        [
            blank,
            *(Segment(letters[row], style if letters[row].strip() else scene.ink.dim) for letters, style in columns),
        ]
        for row in range(height)
    ]


@lru_cache(maxsize=4096)
def _letters(label: str, height: int, width: int) -> list[str]:
    """A label's characters one below the other, at most `height` of them, each `width` cells wide."""
    characters: list[str] = []
    for character in label:
        if cell_len(character) == 0 and characters:
            characters[-1] += character
        else:
            characters.append(character)
    if len(characters) > height:
        characters = [*characters[: height - 1], "…"] if height > 3 else characters[:height]
    return [fit(character, width) if cell_len(character) <= width else fit(STAND_IN, width) for character in characters]


def tick_labels(ink: Ink, plan: Plan, place: int, own: str, underlined: tuple[int, ...] = ()) -> Line:
    """Position numbers above every few columns and those to underline; the text `own` above the cursor's place."""
    line = [Segment(" " * plan.label_width, ink.dim)]
    width, block = plan.zoom.width, plan.zoom.block
    cells = _columns(plan)
    total = len(cells) * width
    cursor = place // block - plan.first[1]
    marks = {(cell - plan.first[1]) * width: str(cell) for cell in cells if cell in underlined}
    ticks = {(cell - plan.first[1]) * width: str(cell * block) for cell in cells if _is_tick(cell, plan, axis=1)}
    ticks = {at: text for at, text in ticks.items() if not any(_clash(at, text, *mark) for mark in marks.items())}
    own_at = max(min(cursor * width, total - cell_len(own)), 0)
    mark = ink.mark + UNDERLINED if cursor * width in marks else ink.mark
    at = 0
    for start, text in sorted((ticks | marks).items()):
        if start < at or (own and _clash(start, text, own_at, own)) or start + len(text) > total:
            continue
        if at <= own_at < start:
            line += [Segment(" " * (own_at - at), ink.dim), Segment(own, mark)]
            at = own_at + cell_len(own)
        line += [
            Segment(" " * (start - at), ink.dim),
            Segment(text, ink.dim + UNDERLINED if start in marks else ink.dim),
            Segment(" ", ink.dim),
        ]
        at = start + len(text) + 1
    if at <= own_at:
        line += [Segment(" " * (own_at - at), ink.dim), Segment(own, mark)]
    return line


def _clash(start: int, text: str, other: int, other_text: str) -> bool:
    """Whether two texts of a line would touch."""
    return start - 1 < other + cell_len(other_text) and other < start + cell_len(text) + 1
