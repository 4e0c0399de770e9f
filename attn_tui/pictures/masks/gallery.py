"""The catalogue as a gallery: a small preview of every rule, and of the one stood on its line and its source."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from rich.segment import Segment

from attn_engine import Entry, Grid, Kind, entries, evaluate, parse

from ...scene import Scene
from ..cells import Lines, fit, page, wrap
from ..ink import GLYPHS

SIDE = 16
"""Positions a side of a preview."""

TILE = (16, 6)
"""Columns and rows of a preview with its name and a gap."""

WORDS = 3
"""Rows below the previews."""

BRAILLE = 0x2800
DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""The bits of a braille sign's dots: four rows of two."""

ENTRIES = entries()


def gallery(scene: Scene, width: int, height: int) -> Lines:
    """Previews as many as fit, the chosen one among them, and what there is to say of it."""
    lab, ink = scene.session.lab, scene.ink
    chosen = [entry.name for entry in ENTRIES].index(lab.entry)
    per_line, rows = shape(width, height)
    first = first_shown(chosen, per_line, rows)
    lines: Lines = []
    for start in range(first, min(first + per_line * rows, len(ENTRIES)), per_line):
        tiles = [_tile(entry, entry.name == lab.entry, scene) for entry in ENTRIES[start : start + per_line]]
        lines += [[segment for tile in tiles for segment in tile[row]] for row in range(TILE[1])]
    lines = page(lines, width, height - WORDS, ink.text)
    return [*lines, *page(_about(ENTRIES[chosen], scene, width), width, WORDS, ink.text)]


def shape(width: int, height: int) -> tuple[int, int]:
    """How many previews stand beside each other, and how many rows of them there are."""
    return max(width // TILE[0], 1), max((height - WORDS + 1) // TILE[1], 1)


def first_shown(chosen: int, per_line: int, rows: int) -> int:
    """The first preview shown: whole rows, the chosen one's among them."""
    last = max(-(-len(ENTRIES) // per_line) - rows, 0)
    return min(max(chosen // per_line - rows // 2, 0), last) * per_line


def entry_at(scene: Scene, x: int, y: int, size: tuple[int, int]) -> str:
    """The name of the rule whose preview stands at a column and row, or nothing."""
    per_line, rows = shape(*size)
    chosen = [entry.name for entry in ENTRIES].index(scene.session.lab.entry)
    column, row = x // TILE[0], y // TILE[1]
    place = first_shown(chosen, per_line, rows) + row * per_line + column
    there = 0 <= column < per_line and 0 <= row < rows and place < len(ENTRIES)
    return ENTRIES[place].name if there else ""


def stepped(scene: Scene, x: int, y: int, size: tuple[int, int]) -> str:
    """The name of the rule some previews on, across and down."""
    names = [entry.name for entry in ENTRIES]
    place = names.index(scene.session.lab.entry) + x + y * shape(*size)[0]
    return names[min(max(place, 0), len(names) - 1)]


def _tile(entry: Entry, chosen: bool, scene: Scene) -> Lines:
    ink, width = scene.ink, TILE[0]
    name = Segment(fit(entry.name, width - 1), ink.chosen if chosen else ink.text)
    style = ink.accent if chosen else ink.dim
    picture: Lines = [[Segment(fit(row, width), style)] for row in preview(entry)]
    return [*picture, [name, Segment(" ", ink.text)], [Segment(" " * width, ink.text)]]


@lru_cache(maxsize=len(ENTRIES))
def preview(entry: Entry) -> tuple[str, ...]:
    """Four rows of eight signs: a mask in braille, a score mod in shades."""
    rule = parse(example_of(entry), entry.kind)
    if entry.kind is Kind.MASK:
        allowed = np.broadcast_to(evaluate(rule, Grid.of(SIDE, SIDE, 4, head=0)), (SIDE, SIDE))
        return tuple(map("".join, _braille(np.asarray(allowed))))
    scores = np.cos(np.arange(SIDE) / 2)[:, None] * np.linspace(-60, 60, SIDE)[None, :]
    changed = np.broadcast_to(evaluate(rule, Grid.of(SIDE, SIDE, 4, head=0, scores=scores)), (SIDE, SIDE))[::4, ::2]
    share = (changed - changed.min()) / max(float(np.ptp(changed)), 1e-9)
    return tuple("".join(GLYPHS[round(float(each) * (len(GLYPHS) - 1))] for each in row) for row in share)


def _braille(allowed: np.ndarray) -> list[list[str]]:
    cells = allowed.reshape(SIDE // 4, 4, SIDE // 2, 2).transpose(0, 2, 1, 3)
    return [[chr(BRAILLE + int((DOTS * cell).sum())) for cell in row] for row in cells]


def example_of(entry: Entry) -> str:
    """The rule with the numbers it has; three quarters of a preview where one has to be given."""
    numbers = [repr(SIDE * 3 // 4 if default is None else default) for _, default in entry.parameters]
    return f"{entry.name}({', '.join(numbers)})" if numbers else entry.name


def _about(entry: Entry, scene: Scene, width: int) -> Lines:
    """The line of the notation, the sentence, the source, and what enter does."""
    ink = scene.ink
    kind = "" if entry.kind is Kind.MASK else "   score mod of the map"
    text = f"{entry.sentence} {entry.source}"
    lines: Lines = [[Segment(f"{entry.signature}: {entry.line}{kind}", ink.accent)]]
    return lines + [[Segment(line, ink.text)] for line in wrap(text, width)]
