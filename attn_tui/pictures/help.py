"""The help page, made from the tables of keys and parameters."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment

from ..actions import ACTIONS, GROUPS, IN_THE_EXPERIMENTS, IN_THE_HEADS, IN_THE_MASKS
from ..keycaps import Keycaps, keycaps
from ..keymap import BOUND
from ..parameters import KNOBS, LAB, STUDIES, Parameter
from ..scene import Scene
from .cells import Lines, fit, wrap
from .ink import Ink

KEYS_WIDTH = 11

Rows = list[tuple[str, str]]
Section = tuple[str, Rows]


def help_lines(ink: Ink, width: int, own: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> Lines:
    """All keys and knobs, before them a person's `own` keys of bindings, in two columns."""
    sections = _sections(keycaps(own), [name for name, _ in own])
    widest = max(cell_len(keys) for _, rows in sections for keys, _ in rows)
    first = max(KEYS_WIDTH, min(widest + 1, width // 2))
    return [line for title, rows in sections for line in _section(ink, title, rows, (first, width))]


def _sections(caps: Keycaps, own: list[str]) -> list[Section]:
    """The titles, and below each one keys and what they do."""
    groups: list[Section] = [
        (group, [(caps.all_of(each.name), each.help) for each in ACTIONS if each.group == group]) for group in GROUPS
    ]
    settled = [("Your own keys, from the settings", [(caps.all_of(name), BOUND[name].help) for name in own])]
    turning = f"Knobs: a letter chooses, {caps['less']} and {caps['more']} turn, {caps['enter']} types"
    return [
        *(settled if own else []),
        groups[0],
        (turning, _knobs(caps, KNOBS)),
        *groups[1:],
        (f"Heads, view {caps['page-heads']}", _of_page(caps, IN_THE_HEADS)),
        (f"Masks, view {caps['page-masks']}", [*_of_page(caps, IN_THE_MASKS), *_knobs(caps, LAB)]),
        (
            f"Experiments, view {caps['page-experiments']}",
            [*_of_page(caps, IN_THE_EXPERIMENTS), *_knobs(caps, STUDIES)],
        ),
    ]


def _of_page(caps: Keycaps, table: tuple[tuple[str, str], ...]) -> Rows:
    return [(caps.each(names), told.format_map(caps)) for names, told in table]


def help_page(scene: Scene, width: int, height: int) -> Lines:
    """The help, from the line that it is scrolled to."""
    lines = help_lines(scene.ink, width, scene.session.settings.keys)
    first = min(scene.help_from, max(len(lines) - height, 0))
    return lines[first : first + height]


def help_title(scene: Scene) -> str:
    """The title of the page."""
    if scene.help_from:
        return f"Help · from line {scene.help_from + 1}"
    caps = scene.keycaps
    return f"Help · {caps.each('up down page-up page-down')} scroll, {caps['help']} leaves"


def scrolled(scene: Scene, name: str, width: int, height: int) -> int | None:
    """The first line of the help after a key that moves; None for another key."""
    steps = {"up": -1, "down": 1, "page-up": -height, "page-down": height, "home": -(10**6), "end": 10**6}
    if name not in steps:
        return None
    last = max(len(help_lines(scene.ink, width, scene.session.settings.keys)) - height, 0)
    return min(max(scene.help_from + steps[name], 0), last)


def _knobs(caps: Keycaps, rows: tuple[Parameter, ...]) -> Rows:
    return [(caps.instead_of(row.key), f"{row.name}: {row.help}{_possible(row)}") for row in rows if row.key]


def _possible(row: Parameter) -> str:
    return "" if row.field == "align" else f" ({row.possible})"


def _section(ink: Ink, title: str, rows: Rows, widths: tuple[int, int]) -> Lines:
    """A section's lines: the column of keys is so wide, and the line in all."""
    keys_width, width = widths
    lines: Lines = [[Segment(title, ink.strong)]]
    for keys, text in rows:
        first, *rest = wrap(text, max(width - keys_width, 8))
        lines.append([Segment(fit(keys, keys_width), ink.accent), Segment(first, ink.text)])
        lines += [[Segment(" " * keys_width, ink.text), Segment(more, ink.text)] for more in rest]
    return [*lines, []]
