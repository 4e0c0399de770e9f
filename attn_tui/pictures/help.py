"""The help page, made from the tables of keys and parameters."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment

from ..actions import ACTIONS, GROUPS, IN_THE_EXPERIMENTS, IN_THE_HEADS, IN_THE_MASKS
from ..keymap import BOUND, shown_key
from ..parameters import KNOBS, LAB, STUDIES, Parameter
from ..scene import Scene
from .cells import Lines, fit, wrap
from .ink import Ink

KEYS_WIDTH = 11


def help_lines(ink: Ink, width: int, own: Sequence[tuple[str, tuple[str, ...]]] = ()) -> Lines:
    """All keys and knobs, before them a person's `own` keys of bindings, in two columns."""
    settled = [
        (" ".join(map(shown_key, keys)), f"{BOUND[name].help}, instead of {shown_key(BOUND[name].key)}")
        for name, keys in own
    ]
    sections = [_section(ink, "Your own keys, from the settings", settled, width)] if own else []
    before = len(sections)
    sections += [
        _section(ink, group, [(a.shown, a.help) for a in ACTIONS if a.group == group], width) for group in GROUPS
    ]
    sections.insert(
        before + 1, _section(ink, "Knobs: a letter chooses, , and . turn, enter types", _knobs(KNOBS), width)
    )
    sections.append(_section(ink, "Heads, view 2", list(IN_THE_HEADS), width))
    sections.append(_section(ink, "Masks, view 3", [*IN_THE_MASKS, *_knobs(LAB)], width))
    sections.append(_section(ink, "Experiments, view 4", [*IN_THE_EXPERIMENTS, *_knobs(STUDIES)], width))
    return [line for section in sections for line in section]


def help_page(scene: Scene, width: int, height: int) -> Lines:
    """The help, from the line that it is scrolled to."""
    lines = help_lines(scene.ink, width, scene.session.settings.keys)
    first = min(scene.help_from, max(len(lines) - height, 0))
    return lines[first : first + height]


def help_title(scene: Scene) -> str:
    """The title of the page."""
    return (
        "Help · ↑ ↓ pageup pagedown scroll, ? leaves"
        if not scene.help_from
        else f"Help · from line {scene.help_from + 1}"
    )


def scrolled(scene: Scene, name: str, width: int, height: int) -> int | None:
    """The first line of the help after a key that moves; None for another key."""
    steps = {"up": -1, "down": 1, "page-up": -height, "page-down": height, "home": -(10**6), "end": 10**6}
    if name not in steps:
        return None
    last = max(len(help_lines(scene.ink, width, scene.session.settings.keys)) - height, 0)
    return min(max(scene.help_from + steps[name], 0), last)


def _knobs(rows: tuple[Parameter, ...]) -> list[tuple[str, str]]:
    return [(row.key, f"{row.name}: {row.help}{_possible(row)}") for row in rows if row.key]


def _possible(row: Parameter) -> str:
    return "" if row.field == "align" else f" ({row.possible})"


def _section(ink: Ink, title: str, rows: list[tuple[str, str]], width: int) -> Lines:
    lines: Lines = [[Segment(title, ink.strong)]]
    for keys, text in rows:
        first, *rest = wrap(text, max(width - KEYS_WIDTH, 8))
        lines.append([Segment(fit(keys, KEYS_WIDTH), ink.accent), Segment(first, ink.text)])
        lines += [[Segment(" " * KEYS_WIDTH, ink.text), Segment(more, ink.text)] for more in rest]
    return [*lines, []]
