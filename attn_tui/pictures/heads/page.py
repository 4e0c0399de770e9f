"""The page of all heads: thumbnails, what the head on show is, the table, and the likeness matrix beside it."""

from __future__ import annotations

from rich.segment import Segment

from ...scene import Scene
from ...view import HEAD_ORDERS
from ..cells import Lines, beside, page, wrap
from .gallery import gallery_shape, thumbnails
from .kinds import definition
from .matrix import matrix
from .table import TABLE_WIDTH, table

LEAST_MATRIX = 20
TALL = 12
"""Rows from which there is room for a second line of what a head is."""


def heads_title(scene: Scene) -> str:
    """The title of the page: the layer, and the order."""
    layer = f" of layer {scene.shown.layer}" if scene.inputs.num_layers > 1 else ""
    return f"All heads{layer} · {HEAD_ORDERS[scene.session.view.head_order]}"


def heads_page(scene: Scene, width: int, height: int) -> Lines:
    """Thumbnails of all heads; below them the table, and the likeness matrix where it fits beside."""
    below, text = _below(scene, height), scene.ink.text
    told = [[Segment(line, scene.ink.text)] for line in _told(scene, width, height)]
    above = height - below - len(told)
    gallery = page(thumbnails(scene, width, above), width, above, text)
    room = width - TABLE_WIDTH - 3
    if room < min(3 * scene.attention.num_heads + 4, LEAST_MATRIX):
        return [*gallery, *page(told, width, len(told), text), *page(table(scene, below), width, below, text)]
    rows = page(table(scene, below), TABLE_WIDTH + 3, below, text)
    lower = beside(rows, page(matrix(scene, room, below), room, below, text))
    return [*gallery, *page(told, width, len(told), text), *lower]


def heads_beside(scene: Scene, width: int, height: int) -> int:
    """How many thumbnails stand beside each other on a page of some size."""
    above = height - _below(scene, height) - len(_told(scene, width, height))
    return gallery_shape(scene, width, above)[0]


def _below(scene: Scene, height: int) -> int:
    """The rows of the table."""
    return min(scene.attention.num_heads + 3, max(height // 2, 5), height - 1)


def _told(scene: Scene, width: int, height: int) -> list[str]:
    """What the head on show is, in one line, or in two where there is room."""
    return wrap(definition(scene), width)[: 2 if height >= TALL else 1]
