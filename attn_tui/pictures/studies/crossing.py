"""Self- and cross-attention: two pictures side by side, where Q, K and V come from, and systems that use them."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from rich.segment import Segment
from rich.style import Style

from attn_engine import PRESETS, Preset

from ...experiments.pair import pair_of
from ...making import make_scene
from ...presets import preset_of
from ...scene import Scene
from ...view import Session, Studies, View
from ..cells import Line, Lines, cut, fit, page, wrap
from ..heatmap import heat_map
from ..ink import Ink
from ..levels import shades
from ..shading import cell, half_rows

MADE = "Shapes, mask and heads are the system's; the numbers are made: near places find each other."
NO_PRESET = "two sequences"


def preset_on_show(scene: Scene) -> Preset | None:
    """The system on show; None for two random sequences."""
    name = preset_of(scene.session)
    return PRESETS[name] if name else None


@lru_cache(maxsize=4)
def _scenes(studies: Studies, view: View, ink: Ink) -> tuple[Scene, Scene]:
    """The scenes of self- and of cross-attention on random sequences, the cursor within each."""
    plain = replace(view, page="map", stage="weights", compare="b", scroll=(0, 0), cursor=studies.study_cursor)
    own, other = (make_scene(Session(experiment, plain), ink) for experiment in pair_of(studies))
    return own, other


def pair_scenes(scene: Scene) -> tuple[Scene, Scene]:
    """Self and cross, as they are drawn."""
    return _scenes(scene.session.studies, scene.session.view, scene.ink)


def crossing_figure(scene: Scene, width: int, height: int) -> Lines:
    """Self-attention on X; or the system on show."""
    return heat_map(scene if preset_on_show(scene) else pair_scenes(scene)[0], width, height)


def crossing_figure_title(scene: Scene) -> str:
    """Who looks at whom."""
    preset = preset_on_show(scene)
    if preset:
        return f"{preset.title}: {preset.queries} look at {preset.keys}"
    return "Self-attention: X looks at X"


def crossing_beside(scene: Scene, width: int, height: int) -> Lines:
    """Cross-attention on X and Y; of a system, what there is to know, or one query over the picture."""
    preset = preset_on_show(scene)
    if preset is None:
        return heat_map(pair_scenes(scene)[1], width, height)
    return _grid(scene, preset, width, height) if shows_grid(scene) else _about(scene, preset, width, height)


def shows_grid(scene: Scene) -> bool:
    """Whether one query's weights are shown as the picture that they are of."""
    return has_grid(scene) and scene.session.view.text


def has_grid(scene: Scene) -> bool:
    """Whether the queries or the keys of the system on show are parts of a picture."""
    preset = preset_on_show(scene)
    return bool(preset and (preset.query_grid or preset.key_grid))


def crossing_beside_title(scene: Scene) -> str:
    """What stands there."""
    preset = preset_on_show(scene)
    if preset is None:
        return "Cross-attention: X looks at Y"
    if not shows_grid(scene):
        return "The system"
    query, key = scene.cursor
    if preset.key_grid:
        return f"{scene.query_labels[query]} over the picture"
    return f"the picture at {scene.key_labels[key]}"


def _about(scene: Scene, preset: Preset, width: int, height: int) -> Lines:
    """What the system is, what was scaled down, and where its queries, keys and values come from."""
    ink = scene.ink
    same = "the same" if preset.kind == "self" else f"{preset.key_length} {preset.keys}"
    sides = (("queries", preset.query_grid), ("keys", preset.key_grid))
    grids = " and ".join(f"{name} {grid[0]} × {grid[1]}" for name, grid in sides if grid)
    texts = (
        (preset.title, ink.strong),
        (f"{preset.kind}-attention: {preset.query_length} {preset.queries} look at {same}", ink.text),
        (f"mask {preset.mask}, {preset.heads} heads of width {preset.head_dim}", ink.text),
        (f"grid of {grids}: {scene.keycaps['text']} shows one as the picture" if grids else "", ink.accent),
        (preset.scaled_down, ink.text),
        (MADE, ink.dim),
        (preset.source_paper, ink.dim),
    )
    lines: Lines = [[Segment(line, style)] for text, style in texts if text for line in wrap(text, width)]
    drawing = origins(scene, width, height)
    return [*lines, [], *drawing] if len(lines) + len(drawing) < height else lines


def _grid(scene: Scene, preset: Preset, width: int, height: int) -> Lines:
    """One row of the weights over the keys' grid, or one column over the queries'."""
    query, key = scene.cursor
    grid = preset.key_grid or preset.query_grid or (1, 1)
    values = scene.weights[query] if preset.key_grid else scene.weights[:, key]
    tones = shades(
        np.asarray(values).reshape(grid), np.ones(grid, dtype=np.bool_), "picture", signed=False, highest=1.0
    )
    size = min(width // (2 * grid[1]), height // grid[0])
    if size < 1:
        return half_rows(scene.ink, tones)
    own = query if preset.kind == "self" else -1
    lines: Lines = []
    for row, levels in enumerate(tones.levels):
        line = [
            _patch(scene.ink, int(level), size, marked=row * grid[1] + column == own)
            for column, level in enumerate(levels)
        ]
        lines += [line] * size
    return lines


def _patch(ink: Ink, level: int, size: int, *, marked: bool) -> Segment:
    text, style = cell(ink, level, False)
    return Segment(("[]" if marked else text) * size, style)


# Where Q, K and V come from.

SELF = (
    " X ┬ W_Q ─ Q ┐",
    "   ├ W_K ─ K ┴ softmax(QKᵀ/√d_k) ┐",
    "   └ W_V ─ V ────────────────────┴ out",
)
CROSS = (
    " X ─ W_Q ─ Q ┐",
    " Y ┬ W_K ─ K ┴ softmax(QKᵀ/√d_k) ┐",
    "   └ W_V ─ V ────────────────────┴ out",
)
WIDEST_TITLE = 54
"""Columns from which the systems' titles fit into their list."""

WIDE = 38
"""Columns from which the formula fits into the drawing."""


def origins(scene: Scene, width: int, _: int) -> Lines:
    """A plain drawing of where queries, keys and values come from."""
    ink, preset = scene.ink, preset_on_show(scene)
    x, y = (preset.queries, preset.keys) if preset else ("", "")
    parts: Lines = []
    if preset is None or preset.kind == "self":
        parts += _drawing(ink, "Self", SELF, f"X: {x}" if preset else "X asks, and is read", width)
    if preset is None or preset.kind == "cross":
        text = f"X: {x}, Y: {y}" if preset else "X asks, Y is read"
        parts += [*([[]] if parts else []), *_drawing(ink, "Cross", CROSS, text, width)]
    words = "" if preset else "out: a row for each position of X"
    return [*parts, *([Segment(line, ink.dim)] for line in wrap(words, width))]


def _drawing(ink: Ink, name: str, drawing: tuple[str, ...], text: str, width: int) -> Lines:
    head: Line = [Segment(f"{name}  ", ink.strong), Segment(cut(text, width - len(name) - 2), ink.dim)]
    if width < WIDE:
        drawing = tuple(line.replace("(QKᵀ/√d_k)", "").replace("─" * 10, "", 1) for line in drawing)
    return [head, *([Segment(cut(line, width), ink.accent)] for line in drawing)]


# The list of systems.


def systems(scene: Scene, width: int, height: int) -> Lines:
    """Two random sequences and the presets, the one on show marked."""
    here = preset_of(scene.session)
    lines = [_system(scene, name, here == name, width) for name in ("", *PRESETS)]
    first = _first_system(here, height)
    return page(lines[first:], width, min(len(lines), height), scene.ink.text)


def _system(scene: Scene, name: str, chosen: bool, width: int) -> Line:
    ink, preset = scene.ink, PRESETS.get(name)
    if preset is None:
        text = f"{NO_PRESET:<13}"
    else:
        size = f"{preset.query_length} × {preset.key_length}"
        title = f"  {preset.title}" if width >= WIDEST_TITLE else ""
        text = f"{name:<11} {preset.kind:<5} {size:<7}{title}"
    return [Segment(fit(text, width), ink.chosen if chosen else ink.text)]


def _first_system(here: str, height: int) -> int:
    """The first row of the list that is shown, where not all fit."""
    names = ["", *PRESETS]
    return min(max(names.index(here) - height // 2, 0), max(len(names) - height, 0))


def system_at(scene: Scene, y: int, height: int) -> str | None:
    """The system in a row of the list: a preset's name, or nothing for two sequences; None beside the list."""
    names = ["", *PRESETS]
    first = _first_system(preset_of(scene.session), height)
    return names[first + y] if 0 <= first + y < len(names) and 0 <= y < height else None


def crossing_facts(scene: Scene) -> list[tuple[int, str, Style]]:
    """The weights under the cursor of both pictures; nothing for a system, which the map's own line tells of."""
    if preset_on_show(scene):
        return []
    ink = scene.ink
    facts = [(0, f"query {pair_scenes(scene)[0].cursor[0]}", ink.strong)]
    here = "cross" if scene.focused == "beside" else "self"  # what a small terminal shows
    for name, each in zip(("self", "cross"), pair_scenes(scene), strict=True):
        query, key = each.cursor
        weight, rows = each.weights[query, key], each.weights.shape
        facts.append(
            (2 if name != here else 1, f"{name}: {rows[0]} × {rows[1]}, weight on key {key} {weight:.3f}", ink.accent)
        )
    return facts
