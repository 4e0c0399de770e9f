"""The parameters: every knob with its key and value, how the map is shown, and what the chosen knob does."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from ..choices import CHOICES
from ..parameters import BY_FIELD, KNOBS, PART_OF, Parameter
from ..presets import preset_of
from ..scene import Scene
from ..view import COMPARE
from .cells import Line, Lines, fit, printable, wrap
from .ink import Ink

KEY_WIDTH = 8
"""The widest column of keys."""

NAME_WIDTH = 12
ROWS = tuple(row for row in KNOBS if row.key)


def knobs(scene: Scene, width: int, height: int) -> Lines:
    """The parameter panel's lines."""
    lines = [knob_line(scene, row, width) for row in _rows(scene)]
    chosen = BY_FIELD.get(scene.knob)
    words = about(scene, chosen, width) if chosen else ()
    shown = _shown(scene, width)
    below = height - len(lines) - len(shown)  # what the chosen knob does comes before how the map is shown
    if below >= 0 and not (words and below < len(words[-1]) + 2):
        lines += [*([[]] if below else []), *shown]
    for text in words:
        if height > len(lines) + len(text):
            lines += [[], *text]
            break
    return lines[_first(scene, height) :]


def knob_at(scene: Scene, y: int, height: int) -> str:
    """The field of the knob drawn in a row of the panel, or nothing."""
    row, rows = _first(scene, height) + y, _rows(scene)
    return rows[row].field if 0 <= y < height and row < len(rows) else ""


def _rows(scene: Scene) -> tuple[Parameter, ...]:
    """The knobs drawn: a set and a batch item where there are several to choose from, or where the knob is chosen."""
    hidden = {field for field in CHOICES if field in scene.inputs.fixed and field != scene.knob}
    return tuple(row for row in ROWS if row.field not in hidden)


def _first(scene: Scene, height: int) -> int:
    """The first row shown: where not all fit, the chosen knob stands in the middle."""
    chosen, rows = BY_FIELD.get(scene.knob), _rows(scene)
    if chosen not in rows or len(rows) <= height:
        return 0
    return min(max(rows.index(chosen) - height // 2, 0), len(rows) - height)


def value_of(scene: Scene, row: Parameter) -> tuple[str, bool]:
    """A knob's value as text, and whether the source fixes it."""
    if row.field == "preset" and not preset_of(scene.session):
        return "none", False
    if row.field == "source" and scene.shown.source == "file":
        return printable(PurePath(scene.shown.file).name), False
    if row.field in CHOICES and scene.inputs.captured:
        return _chosen(scene, row.field), row.field in scene.inputs.fixed
    fixed = row.field in scene.inputs.fixed
    if fixed:
        return _decided(scene, row.field), True
    part: Any = getattr(scene.session, PART_OF[row.field])
    return row.write(getattr(scene.shown if PART_OF[row.field] == "experiment" else part, row.field)), False


def _chosen(scene: Scene, field: str) -> str:
    """The set by its name, the batch item with how many there are."""
    captured = scene.inputs.captured
    assert captured is not None
    if field == "capture_set":
        return printable(captured.set_name)
    return f"{scene.shown.batch_item} of {captured.batch_size}"


def _decided(scene: Scene, field: str) -> str:
    attention = scene.attention
    sizes = {
        "query_length": attention.query_length,
        "key_length": attention.key_length,
        "num_heads": scene.num_heads,
        "num_key_heads": attention.num_key_heads,
        "head_dim": attention.head_dim,
    }
    return str(sizes.get(field) or "–")


def knob_line(scene: Scene, row: Parameter, width: int) -> Line:
    """A knob with its key and value, the chosen one marked."""
    value, fixed = value_of(scene, row)
    key = key_column(scene, row.key)
    room = width - cell_len(key) - NAME_WIDTH
    if fixed and value != "–" and room > len(value) + 7:
        value = f"{value:<5} fixed"
    if row.field == scene.knob:
        text = fit(f"{key}{fit(row.name, NAME_WIDTH)}{fit(value, room)}", width)
        return [Segment(text, scene.ink.chosen)]
    return setting(scene.ink, (key, row.name, value), width, scene.ink.dim if fixed else scene.ink.text)


def key_column(scene: Scene, key: str = "") -> str:
    """What a person presses in the place of a key, as wide as all of them are in a column, with a space."""
    widest = min(scene.keycaps.widest + 1, KEY_WIDTH)
    return f"{fit(scene.keycaps.instead_of(key), widest - 1)} "


def setting(ink: Ink, texts: tuple[str, str, str], width: int, style: Style, name_width: int = NAME_WIDTH) -> Line:
    """A line with a column of a key, a name and a value."""
    key, name, value = texts
    return [
        Segment(key, ink.accent),
        Segment(fit(name, name_width), ink.dim),
        Segment(fit(value, width - cell_len(key) - name_width), style),
    ]


def _shown(scene: Scene, width: int) -> Lines:
    """How the map is shown: the parts of the view with the keys that change them."""
    view = scene.session.view
    rows = [
        ("v", "stage", view.stage),
        ("c", "colours", view.colour_range),
        ("C", "palette", view.palette),
        ("+", "zoom", _zoom(scene, width - cell_len(key_column(scene)) - NAME_WIDTH)),
    ]
    if scene.session.pinned:
        rows.append(("P", "compare", COMPARE[view.compare]))
    ink = scene.ink
    return [setting(ink, (key_column(scene, key), name, value), width, ink.text) for key, name, value in rows]


def _zoom(scene: Scene, room: int) -> str:
    """The zoom by its name, or the side of a block and what it shows, in the words there is room for."""
    zoom, blocks = scene.session.view.zoom, scene.blocks
    if not zoom.isdigit():
        return zoom
    words = (f"{zoom} × {zoom}, {blocks}", f"{blocks} of {zoom}", f"{blocks} {zoom}")
    return next((text for text in words if len(text) <= room), words[-1])


def about(scene: Scene, row: Parameter, width: int) -> tuple[Lines, ...]:
    """What the chosen knob does: with what is possible, and briefer, for where there is less room."""
    ink = scene.ink
    brief: Lines = [[Segment(text, ink.text)] for text in wrap(row.help, width)]
    possible: Lines = [[Segment(text, ink.dim)] for text in wrap(f"possible: {row.possible}", width)]
    caps = scene.keycaps
    keys: Lines = [[Segment(f"{caps['less']} less  {caps['more']} more  {caps['enter']} type", ink.accent)]]
    return [*brief, *possible, *keys], [*brief, *keys], brief
