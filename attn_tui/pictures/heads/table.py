"""The table of heads: what each is, and its measures."""

from __future__ import annotations

import math

import numpy as np
from rich.segment import Segment

from attn_engine import measure

from ...scene import Scene
from ..cells import Line, Lines, fit
from .kinds import brief_words, kinds
from .likeness import likeness
from .numbers import number
from .order import around, ordered

COLUMNS = (
    ("entropy", "entropy", 2),  # nats, the mean over queries
    ("distance", "back", 1),  # positions looked back
    ("first", "first", 2),  # weight on the first key
    ("itself", "itself", 2),  # weight on the query's own position
    ("previous", "prev", 2),  # weight on the position before
    ("concentration", "90 %", 1),  # keys that hold 90 % of the weight
)
"""A measure, its title, and its decimals."""

KIND = 15
NUMBER = 8
TABLE_WIDTH = 5 + KIND + NUMBER * (len(COLUMNS) + 1)


def table(scene: Scene, height: int) -> Lines:
    """A line for each head in the order shown, as many as fit around the head on show, below their titles."""
    titles = "".join(f"{title:>{NUMBER}}" for title in (*(title for _, title, _ in COLUMNS), "alike"))
    head_line = [Segment(f"{'head':>4} {'kind':<{KIND}}{titles}", scene.ink.dim)]
    return [head_line, *(_row(scene, head) for head in around(ordered(scene), scene.head, height - 1))]


def _row(scene: Scene, head: int) -> Line:
    means, alike = measure(scene.attention).by_head, likeness(scene.attention)
    numbers = [number(means(field)[head], digits) for field, _, digits in COLUMNS]
    others = np.delete(alike[head], head)
    known = others[~np.isnan(others)]
    mean = float(known.mean()) if known.size else math.nan
    text = f"{scene.first_head + head:>4} {fit(brief_words(kinds(scene)[head]), KIND)}"
    text += "".join(f"{each:>{NUMBER}}" for each in [*numbers, number(mean)])
    return [Segment(text, scene.ink.chosen if head == scene.head else scene.ink.text)]
