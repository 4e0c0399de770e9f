"""How far information travels: what positions can see after some layers of the same mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment

from ...lab.laboratory import Laboratory
from ...scene import Scene
from ..cells import Lines, beside, page, wrap
from ..ink import MASKED, Ink
from ..levels import Levels, Shades
from ..palettes import LEVELS
from ..shading import half_rows
from .settings import unknown

WORDS_WIDTH = 40
LEAST_PICTURE = 8


def reach(scene: Scene, lab: Laboratory, width: int, height: int) -> Lines:
    """In words, and as a picture beside them, or below where there is no room."""
    ink = scene.ink
    if width >= WORDS_WIDTH + 2 * LEAST_PICTURE:
        words = page(_words(ink, lab, WORDS_WIDTH - 2), WORDS_WIDTH, height, ink.text)
        picture = _picture(ink, lab, width - WORDS_WIDTH, height)
        return beside(words, page(picture, width - WORDS_WIDTH, height, ink.text))
    words = _words(ink, lab, width)
    room = height - len(words) - 1
    return [*words, [], *_picture(ink, lab, width, room)] if room >= LEAST_PICTURE // 2 else words


def _words(ink: Ink, lab: Laboratory, width: int) -> Lines:
    layers, query, keys = lab.lab.reach_layers, lab.cursor[0], lab.plane.key_length
    reached, settled = lab.reached, lab.settled
    lines: Lines = [[Segment(f"After {layers} layer{'s' if layers > 1 else ''} (L)", ink.strong)]]
    if reached is not None:
        count = int(np.count_nonzero(reached.keys))
        text = f"query {reached.query:,} reaches {count:,} of {reached.keys.size:,} positions"
        lines += [[Segment(line, ink.accent)] for line in wrap(text, width)]
        lines += [[Segment(line, ink.dim)] for line in wrap(reached.note, width)]
    else:
        lines.append([Segment(f"query {query:,} of {keys:,}: {unknown(lab)}", ink.dim)])
    lines.append([])
    if settled is not None and settled.layers is not None:
        word = f"Nothing grows after {settled.layers:,} layer{'s' if settled.layers != 1 else ''}"
        lines += [[Segment(line, ink.good)] for line in wrap(word, width)]
    if settled is not None:
        lines += [[Segment(line, ink.dim)] for line in wrap(settled.note, width)]
    return [*lines, [], *([Segment(line, ink.dim)] for line in wrap(KEPT, width))]


KEPT = "A position keeps what it has, by its residual connection: one layer reaches mask | q == k."


def _picture(ink: Ink, lab: Laboratory, width: int, height: int) -> Lines:
    """The whole reach in half-block cells; of a mask too long for that, the cursor's query alone."""
    shares = lab.reach_shares(max(min(width, height * 2), 1))
    if shares is not None:
        return half_rows(ink, _shades(shares))
    if lab.reached is None:
        return []
    edges = np.unique(np.linspace(0, lab.reached.keys.size, min(width, lab.reached.keys.size) + 1).astype(np.int64))
    row = np.add.reduceat(lab.reached.keys, edges[:-1], dtype=np.int64) / np.diff(edges)
    strip = half_rows(ink, _shades(np.repeat(row[None, :], 2, axis=0).astype(np.float32)))
    return [[Segment(f"query {lab.reached.query:,} by key:", ink.dim)], *strip * 2]


def _shades(shares: NDArray[np.float32]) -> Shades:
    levels: Levels = np.clip(np.rint(shares * (LEVELS - 1)), 1, LEVELS - 1).astype(np.int8)
    levels[shares == 0] = MASKED
    edge = np.zeros(len(levels))
    return Shades(levels, edge, edge + 1, False)
